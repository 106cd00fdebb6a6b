"""Regional: a base and an adapter in, θ_regional as one source for every tensor of the base that the adapter changes, out.

Merging an adapter into its base is then an ordinary merge, at any β and by any method: the tensors without a source are the base's.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hf_regional.merging.adapters.adapter import Adapter
from hf_regional.merging.adapters.layouts import is_transposed, require_float, require_rows, require_same_shape
from hf_regional.merging.adapters.names import names_in_files
from hf_regional.merging.adapters.weights import AdaptedWeights
from hf_regional.merging.adapters.wholes import ReplacedRows, ShiftedBias
from hf_regional.merging.checkpoint import Checkpoint
from hf_regional.merging.header import Stored
from hf_regional.merging.sources import Plain, Source

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
    _warn_of_tied_head(base, [tensor for name, tensor in places.items() if name.removesuffix(".weight") not in adapter.rows])
    for name, stored in adapter.whole.items():
        require_same_shape(places[name], base.tensors[places[name]], stored, adapter)
    whole: dict[str, Source] = {places[name]: Plain(stored) for name, stored in adapter.whole.items()}
    return whole | _adapted(base, adapter, places)


def places_in(base: Checkpoint, adapter: Adapter) -> dict[str, str]:
    """From every tensor that the adapter changes, by its name in memory, to the base's name for it. Errors as `regional_sources`."""
    weights = [f"{module}.weight" for module in (*adapter.low_ranks, *adapter.rows)]
    biases = [f"{module}.bias" for module, low_rank in adapter.low_ranks.items() if low_rank.bias]
    trained_on: Mapping[str, Any] = adapter.config.raw.get("auto_mapping") or {}
    return names_in_files(list(dict.fromkeys([*weights, *biases, *adapter.whole])), base, trained_on.get("base_model_class"))


def _adapted(base: Checkpoint, adapter: Adapter, places: Mapping[str, str]) -> dict[str, Source]:
    sources: dict[str, Source] = {}
    for module, rows in adapter.rows.items():
        tensor, stored = _ground(f"{module}.weight", base, adapter, places)
        require_rows(tensor, stored, rows, adapter)
        sources[tensor] = ReplacedRows(stored, rows)
    for module, low_rank in adapter.low_ranks.items():
        tensor, stored = _ground(f"{module}.weight", base, adapter, places)
        transposed = is_transposed(tensor, stored, low_rank, base, adapter)
        sources[tensor] = AdaptedWeights(stored, low_rank, is_transposed=transposed)
        if low_rank.bias:
            tensor, stored = _ground(f"{module}.bias", base, adapter, places)
            require_same_shape(tensor, stored, low_rank.bias, adapter)
            sources[tensor] = ShiftedBias(stored, low_rank.bias, low_rank.scale)
    return sources


def _ground(name: str, base: Checkpoint, adapter: Adapter, places: Mapping[str, str]) -> tuple[str, Stored]:
    """The base's name for a tensor, and what the adapter adds to: the base's tensor, or the adapter's own copy of it."""
    tensor = places[name]
    return tensor, require_float(tensor, adapter.whole.get(name, base.tensors[tensor]), base)


def _warn_of_tied_head(base: Checkpoint, changed: Sequence[str]) -> None:
    # Trained token rows are not warned of: PEFT ties them too.
    file = base.folder / _CONFIG
    if not file.is_file() or any(name.endswith("lm_head.weight") for name in base.tensors):
        return
    config = json.loads(file.read_text(encoding="utf-8"))
    tied = config.get("tie_word_embeddings") or (config.get("text_config") or {}).get("tie_word_embeddings")
    embeddings = [name for name in changed if name.endswith(("embed_tokens.weight", "wte.weight"))]
    if tied and embeddings:
        _log.warning("%s: the head is tied to %s, which the adapter changes: the merged head changes too", base.name, embeddings[0])
