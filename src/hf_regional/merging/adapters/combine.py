"""Combine: several adapters of one base in, their exact weighted sum as one adapter out, from file to file.

Σ wᵢ·sᵢ·Bᵢ·Aᵢ is one product of longer factors, B = [w₁s₁B₁ | w₂s₂B₂ | ...] and A = [A₁; A₂; ...], of the sum of the ranks. The
means of the factors are not: they bring in every Bᵢ·Aⱼ.
"""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from numbers import Real
from pathlib import Path
from typing import Final

import numpy as np

from hf_regional.durable import atomic_folder
from hf_regional.errors import ConfigError
from hf_regional.merging.adapters.adapter import WEIGHTS, Adapter, LowRank, read_adapter
from hf_regional.merging.adapters.matrices import columns_of, read_rectangle
from hf_regional.merging.adapters.regional import places_in, regional_sources
from hf_regional.merging.adapters.together import config_of, require_compatible
from hf_regional.merging.adapters.wholes import PickedRows
from hf_regional.merging.adapters.writing import (
    PIECE,
    Entry,
    carry_over,
    numbers_of,
    pieces_of,
    raw_of,
    rounded,
    widest,
    write_config,
    write_safetensors,
)
from hf_regional.merging.checkpoint import Checkpoint, read_checkpoint
from hf_regional.merging.codecs import WIDE, Bytes, Wide
from hf_regional.merging.header import Stored
from hf_regional.merging.sources import Files, Plain, Source
from hf_regional.protocols import HasPath

_PREFIX: Final = "base_model.model."


def combine_adapters(
    adapters: Sequence[str | Path | HasPath | Adapter],
    weights: Sequence[float],
    output: str | Path,
    *,
    base: str | Path | HasPath | Checkpoint | None = None,
) -> Path:
    """Write θ = θ_global + Σ wᵢ·(θᵢ - θ_global) as one adapter, which plain `PeftModel.from_pretrained` loads onto the same base.

    Ranks, alphas, rsLoRA and the adapted modules may differ. The factors are written in float32 (float64 where one is), with
    lora_alpha = r, so that nothing is scaled any more. An adapter combined with itself at w and 1 - w means what it meant.

    Args:
        adapters: of PEFT and of one base: folders, Hub ids, records with a `path`, or what `read_adapter` gave.
        weights: one an adapter, any finite numbers; a negative one takes an adapter away.
        output: a folder that does not exist yet.
        base: the checkpoint that they were trained on; needed only where one holds tensors whole (trained biases,
            modules_to_save, embeddings).

    Raises:
        ConfigError: not one finite weight an adapter; a base is needed and was not given; or one of them is a DoRA.
        MismatchedCheckpointsError: two adapters treat one module in ways that do not add up, or the base has no place for a tensor.
        NonFiniteError: a tensor holds NaN or infinity.
        MissingFileError, DamagedFileError, NotBuiltYetError: as `read_adapter` and `read_checkpoint`.
        OutputExistsError, CannotWriteError: the output is there already, or cannot be written. Nothing half-written is left.
    """
    found = [one if isinstance(one, Adapter) else read_adapter(one) for one in adapters]
    _require_weights(found, weights)
    require_compatible(found)
    checkpoint = _base_of(found, base)
    final = Path(output)
    with atomic_folder(final) as folder, Files() as files:
        carry_over(found[0], folder)
        write_config(folder, config_of(found))
        entries = _factors(found, weights, files) | (_wholes(found, weights, checkpoint, files) if checkpoint else {})
        write_safetensors(folder / WEIGHTS, {f"{_PREFIX}{name}": entry for name, entry in entries.items()})
    return final


def _require_weights(adapters: Sequence[Adapter], weights: Sequence[float]) -> None:
    if not adapters or len(weights) != len(adapters):
        raise ConfigError(f"{len(adapters)} adapters and {len(weights)} weights: give one weight an adapter, and at least one.", "weights")
    for weight in weights:
        if isinstance(weight, bool) or not isinstance(weight, Real) or not math.isfinite(weight):
            raise ConfigError(f"a weight must be a finite number, got {weight!r}.", "weights")


def _base_of(adapters: Sequence[Adapter], base: str | Path | HasPath | Checkpoint | None) -> Checkpoint | None:
    holding = next((adapter for adapter in adapters if adapter.whole or adapter.rows), None)
    if holding is None:
        return None
    if base is None:
        held = next(iter([*holding.whole, *(f"{module}.weight" for module in holding.rows)]))
        why = f"{holding.name} holds {held!r} whole or in rows: what it adds is its difference from the base's"
        raise ConfigError(f"{why}. Give base=... ({holding.base_model}).", "base")
    checkpoint = base if isinstance(base, Checkpoint) else read_checkpoint(base)
    for adapter in adapters:
        regional_sources(checkpoint, adapter)  # every tensor has its place there, of the right shape
    return checkpoint


def _factors(adapters: Sequence[Adapter], weights: Sequence[float], files: Files) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    biased = any(low_rank.bias for adapter in adapters for low_rank in adapter.low_ranks.values())
    for module in dict.fromkeys(module for adapter in adapters for module in adapter.low_ranks):
        pairs = [
            (weight, adapter.low_ranks[module]) for adapter, weight in zip(adapters, weights, strict=True) if module in adapter.low_ranks
        ]
        first, rank = pairs[0][1], sum(pair.rank for _, pair in pairs)
        dtype = "F64" if any("F64" in {pair.a.dtype, pair.b.dtype} for _, pair in pairs) else "F32"
        a_end, b_end = (".lora_embedding_A", ".lora_embedding_B") if first.kind == "embedding" else (".lora_A.weight", ".lora_B.weight")
        outputs = first.b.shape[0]
        entries[module + a_end] = Entry(dtype, (rank, *first.a.shape[1:]), partial(_stacked, pairs, dtype, module, files))
        entries[module + b_end] = Entry(dtype, (outputs, rank, *first.b.shape[2:]), partial(_beside, pairs, dtype, module, files))
        if biased:
            entries[f"{module}.lora_B.bias"] = Entry(dtype, (outputs,), partial(_shift, pairs, dtype, module, files))
    return entries


def _stacked(pairs: Sequence[tuple[float, LowRank]], dtype: str, module: str, files: Files) -> Iterator[Bytes]:
    """A = [A₁; A₂; ...], one below the other."""
    for _, pair in pairs:
        source = Plain(pair.a)
        for first, count in pieces_of(pair.a):
            yield rounded(numbers_of(source, files, first, count, WIDE[dtype]), dtype, module, pair.a.file)


def _beside(pairs: Sequence[tuple[float, LowRank]], dtype: str, module: str, files: Files) -> Iterator[Bytes]:
    """B = [w₁s₁B₁ | w₂s₂B₂ | ...], side by side."""
    outputs, step = pairs[0][1].b.shape[0], max(1, PIECE // sum(pair.rank for _, pair in pairs))
    for first in range(0, outputs, step):
        rows = range(first, min(outputs, first + step))
        parts = [weight * pair.scale * _rows_of(pair.b, rows, WIDE[dtype], files) for weight, pair in pairs]
        yield rounded(np.concatenate(parts, axis=1).reshape(-1), dtype, module, pairs[0][1].b.file)


def _rows_of(stored: Stored, rows: range, wide: type[np.floating], files: Files) -> Wide:
    files.add(stored.file)
    return read_rectangle(files, stored, rows, range(columns_of(stored)), wide)


def _shift(pairs: Sequence[tuple[float, LowRank]], dtype: str, module: str, files: Files) -> Iterator[Bytes]:
    """Σ wᵢ·sᵢ·bᵢ, the bias of B; an adapter without one adds nothing."""
    total = np.zeros(pairs[0][1].b.shape[0])
    for weight, pair in pairs:
        if pair.bias:
            total += weight * pair.scale * numbers_of(Plain(pair.bias), files, 0, len(total), np.float64)
    yield rounded(total, dtype, module, pairs[0][1].b.file)


def _wholes(adapters: Sequence[Adapter], weights: Sequence[float], base: Checkpoint, files: Files) -> dict[str, Entry]:
    adapted = {module for adapter in adapters for module in adapter.low_ranks}
    entries: dict[str, Entry] = {}
    for adapter in adapters:
        places = places_in(base, adapter)
        for tensor, stored in adapter.whole.items():
            module, _, leaf = tensor.rpartition(".")
            name = f"{module}.base_layer.{leaf}" if module in adapted else tensor
            theirs = [(weight, Plain(one.whole[tensor])) for one, weight in zip(adapters, weights, strict=True) if tensor in one.whole]
            ours = Plain(base.tensors[places[tensor]])
            entries[name] = Entry(stored.dtype, stored.shape, partial(_moved, ours, theirs, stored, tensor, files))
        for module, rows in adapter.rows.items():
            moved = [(weight, Plain(one.rows[module].values)) for one, weight in zip(adapters, weights, strict=True) if module in one.rows]
            picked = PickedRows(base.tensors[places[f"{module}.weight"]], rows.indices)
            make = partial(_moved, picked, moved, rows.values, module, files)
            entries[f"{module}.token_adapter.trainable_tokens_delta"] = Entry(rows.values.dtype, rows.values.shape, make)
    return entries


def _moved(ours: Source, theirs: Sequence[tuple[float, Source]], stored: Stored, name: str, files: Files) -> Iterator[Bytes]:
    """W + Σ wᵢ·(Wᵢ - W)."""
    for first, count in pieces_of(stored):
        if stored.dtype not in WIDE:
            yield raw_of(ours, files, first, count)  # integers are not averaged
            continue
        wide = widest(ours.dtype, *(source.dtype for _, source in theirs))
        world = numbers_of(ours, files, first, count, wide)
        moves = (wide(weight) * (numbers_of(source, files, first, count, wide) - world) for weight, source in theirs)
        yield rounded(sum(moves, world), stored.dtype, name, stored.file)
