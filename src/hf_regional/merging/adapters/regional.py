"""Regional: a base and an adapter in, θ_regional as one source for every tensor of the base that the adapter changes, out.

Merging an adapter into its base is then an ordinary merge, at any β and by any method: the tensors without a source are the base's.
"""

import json
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from hf_regional.errors import MismatchedCheckpointsError, NotBuiltYetError
from hf_regional.merging.adapters.adapter import Adapter, LowRank
from hf_regional.merging.adapters.config import IN_MEMORY
from hf_regional.merging.adapters.names import names_in_files
from hf_regional.merging.adapters.weights import AdaptedWeights
from hf_regional.merging.adapters.wholes import ReplacedRows, ShiftedBias, WholeTensor
from hf_regional.merging.checkpoint import Checkpoint
from hf_regional.merging.codecs import WIDE
from hf_regional.merging.header import Stored
from hf_regional.merging.sources import Source

_log = logging.getLogger(__name__)
_CONFIG: Final = "config.json"


def regional_sources(base: Checkpoint, adapter: Adapter) -> dict[str, Source]:
    """Lay out θ_regional = the base with the adapter: by the names of the base's files, only the tensors that the adapter changes.

    Every tensor of the adapter finds its place, or it is an error. Where an embedding is adapted whose head is tied to it, the merged
    head changes with it, as in PEFT's own merge; that is logged.

    Args:
        base: the checkpoint that the adapter was trained on.
        adapter: of `read_adapter`.

    Raises:
        MismatchedCheckpointsError: a name has no place in the base, or more than one, or shapes do not fit.
        NotBuiltYetError: a tensor of the base is no float, or its layout cannot be told.
    """
    places = places_in(base, adapter)
    changed: dict[str, Stored] = {**base.tensors, **{places[name]: stored for name, stored in adapter.whole.items()}}
    sources: dict[str, Source] = {}
    for name, stored in adapter.whole.items():
        _require_shape(places[name], base.tensors[places[name]], stored, adapter)
        sources[places[name]] = WholeTensor(stored)
    for module, rows in adapter.rows.items():
        tensor = places[f"{module}.weight"]
        _require_rows(tensor, base.tensors[tensor], rows.values.shape[1], max(rows.indices, default=0), adapter)
        sources[tensor] = ReplacedRows(_floating(tensor, changed[tensor], base), rows)
    for module, low_rank in adapter.low_ranks.items():
        tensor = places[f"{module}.weight"]
        stored = _floating(tensor, changed[tensor], base)
        sources[tensor] = AdaptedWeights(stored, low_rank, is_transposed=_is_transposed(tensor, stored, low_rank, base, adapter))
        if low_rank.bias:
            bias = places[f"{module}.bias"]
            _require_shape(bias, base.tensors[bias], low_rank.bias, adapter)
            sources[bias] = ShiftedBias(_floating(bias, changed[bias], base), low_rank.bias, low_rank.scale)
    _warn_of_tied_head(base, sources)
    return sources


def places_in(base: Checkpoint, adapter: Adapter) -> dict[str, str]:
    """From every tensor that the adapter changes, by its name in memory, to the base's name for it. Errors as `regional_sources`."""
    weights = [f"{module}.weight" for module in (*adapter.low_ranks, *adapter.rows)]
    biases = [f"{module}.bias" for module, low_rank in adapter.low_ranks.items() if low_rank.bias]
    trained_on: Mapping[str, Any] = adapter.config.raw.get("auto_mapping") or {}
    return names_in_files(list(dict.fromkeys([*weights, *biases, *adapter.whole])), base, trained_on.get("base_model_class"))


def _floating(tensor: str, stored: Stored, base: Checkpoint) -> Stored:
    if stored.dtype not in WIDE:
        what = f"tensor {tensor!r} of {base.name} is {stored.dtype}, to which nothing can be added"
        raise NotBuiltYetError(f"{what}. Give the base in float16, bfloat16 or float32.")
    return stored


def _require_shape(tensor: str, ours: Stored, theirs: Stored, adapter: Adapter) -> None:
    if ours.shape == theirs.shape:
        return
    if ours.shape[1:] == theirs.shape[1:]:
        advice = f"The vocabulary of the one grew: {IN_MEMORY}"
    else:
        advice = "Give the base that the adapter was trained on"
    raise _unlike(tensor, ours, f"{list(theirs.shape)} in {adapter.name}", advice)


def _require_rows(tensor: str, ours: Stored, width: int, last: int, adapter: Adapter) -> None:
    if len(ours.shape) != 2 or ours.shape[1] != width or last >= ours.shape[0]:
        raise _unlike(
            tensor, ours, f"{adapter.name} replaces rows of it up to {last}, of width {width}", "Give the base that it was trained on"
        )


def _is_transposed(tensor: str, stored: Stored, low_rank: LowRank, base: Checkpoint, adapter: Adapter) -> bool:
    """Whether the gain is added as (B·A)ᵀ. Shapes decide; for a square weight the config does, as far as it can be trusted."""
    inputs, outputs = math.prod(low_rank.a.shape[1:]), low_rank.b.shape[0]
    _require_magnitude(tensor, low_rank, adapter)
    wanted = _SHAPES[low_rank.kind](low_rank)
    if stored.shape not in wanted:
        if len(wanted) == 1 and low_rank.kind == "conv" and len(stored.shape) == len(low_rank.a.shape):
            advice = "A convolution in groups has no merged form"
        else:
            advice = "Give the base that the adapter was trained on"
        raise _unlike(tensor, stored, f"A and B of {adapter.name} make {' or '.join(str(list(shape)) for shape in wanted)}", advice)
    if low_rank.kind == "linear" and inputs == outputs:
        return _is_square_transposed(tensor, base, adapter)
    return low_rank.kind == "embedding" or (low_rank.kind == "linear" and stored.shape == (inputs, outputs))


_SHAPES: Final[Mapping[str, Callable[[LowRank], list[tuple[int, ...]]]]] = {
    "linear": lambda pair: [(pair.b.shape[0], pair.a.shape[1]), (pair.a.shape[1], pair.b.shape[0])],
    "conv": lambda pair: [(pair.b.shape[0], *pair.a.shape[1:])],
    "embedding": lambda pair: [(pair.a.shape[1], pair.b.shape[0])],
}


def _require_magnitude(tensor: str, low_rank: LowRank, adapter: Adapter) -> None:
    magnitude = low_rank.magnitude
    if magnitude and math.prod(magnitude.shape) != low_rank.b.shape[0]:
        found = f"a magnitude of shape {list(magnitude.shape)} for {low_rank.b.shape[0]} outputs of {tensor!r}"
        raise MismatchedCheckpointsError(f"{adapter.name} has {found}. Save the adapter again.")


def _is_square_transposed(tensor: str, base: Checkpoint, adapter: Adapter) -> bool:
    # PEFT writes fan_in_fan_out as the last adapted layer left it: with layers of both kinds it is wrong for some of them.
    says = adapter.config.fan_in_fan_out
    if says != _stores_inputs_first(base):
        layout = f"{tensor!r} is square, fan_in_fan_out is {str(says).lower()}, and other tensors of {base.name} say the opposite"
        raise NotBuiltYetError(f"{adapter.name}: {layout}: whether it is stored (in, out) cannot be told. {IN_MEMORY}.")
    return says


def _stores_inputs_first(base: Checkpoint) -> bool:
    """Whether weights that have a bias lie as (in, out), like GPT-2's, where any of them can tell."""
    for name, stored in base.tensors.items():
        bias = base.tensors.get(f"{name.removesuffix('weight')}bias")
        if bias and len(stored.shape) == 2 and stored.shape[0] != stored.shape[1] and bias.shape == stored.shape[1:]:
            return True
    return False


def _unlike(tensor: str, ours: Stored, theirs: str, advice: str) -> MismatchedCheckpointsError:
    return MismatchedCheckpointsError(f"tensor {tensor!r} has shape {list(ours.shape)} in the base, and {theirs}. {advice}.")


def _warn_of_tied_head(base: Checkpoint, sources: Mapping[str, Source]) -> None:
    file = base.folder / _CONFIG
    if not file.is_file() or any(name.endswith("lm_head.weight") for name in base.tensors):
        return
    config = json.loads(file.read_text(encoding="utf-8"))
    tied = config.get("tie_word_embeddings") or (config.get("text_config") or {}).get("tie_word_embeddings")
    embeddings = [name for name in sources if name.endswith(("embed_tokens.weight", "wte.weight"))]
    if tied and embeddings:
        _log.warning("%s: the head is tied to %s, which the adapter changes: the merged head changes too", base.name, embeddings[0])
