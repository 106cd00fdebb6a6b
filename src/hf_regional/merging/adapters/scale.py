"""Scale: an adapter and β in, the adapter of θ_β = β·θ_regional + (1-β)·θ_global out, from file to file."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from hf_regional.durable import atomic_folder, copy_file
from hf_regional.errors import ConfigError
from hf_regional.merging.adapters.adapter import WEIGHTS, Adapter, read_adapter
from hf_regional.merging.adapters.config import CONFIG
from hf_regional.merging.adapters.parts import Role
from hf_regional.merging.adapters.regional import places_in, regional_sources
from hf_regional.merging.adapters.wholes import PickedRows
from hf_regional.merging.adapters.writing import carry_over, checked, numbers_of, pieces_of, raw_of, rounded, widest
from hf_regional.merging.checkpoint import Checkpoint, read_checkpoint
from hf_regional.merging.codecs import WIDE, Bytes
from hf_regional.merging.header import Stored
from hf_regional.merging.patterns import folders_of, require_beta
from hf_regional.merging.sources import Files, Plain, Source
from hf_regional.protocols import HasPath

_log = logging.getLogger(__name__)
_COUNTERS: Final = "num_batches_tracked"  # BatchNorm's; nothing reads them
_SCALED: Final[frozenset[Role]] = frozenset({"b", "embedding_b", "b_bias"})


def scale_adapter(
    adapter: str | Path | HasPath | Adapter,
    beta: float | Sequence[float],
    output: str | Path,
    *,
    base: str | Path | HasPath | Checkpoint | None = None,
) -> tuple[Path, ...]:
    """Write the adapter of θ_β, which plain `PeftModel.from_pretrained` loads onto the same base.

    W + β·s·B·A is linear in β, with LoRA and rsLoRA alike, so B is multiplied by β and rounded once to its dtype; β = 1 copies the
    file. What the adapter holds whole (trained biases, modules_to_save, embeddings, rows of them) is interpolated with the base's.

    Args:
        adapter: of PEFT: a folder, a Hub id, a record with a `path`, or what `read_adapter` gave.
        beta: in [0, 1], or a list of them, each written to `output/beta-0.25` (f"beta-{beta:g}").
        output: a folder that does not exist yet.
        base: the checkpoint that it was trained on; needed only for what the adapter holds whole.

    Returns:
        The adapter folders, in the order of the list.

    Raises:
        OutOfRangeError: a β outside [0, 1].
        ConfigError: a base is needed and was not given; or a DoRA and a β below 1.
        MismatchedCheckpointsError: the base has no place for a tensor, or one of another shape.
        NonFiniteError: a tensor holds NaN or infinity.
        MissingFileError, DamagedFileError, NotBuiltYetError: as `read_adapter` and `read_checkpoint`.
        OutputExistsError, CannotWriteError: the output is there already, or cannot be written. Nothing half-written is left.
    """
    found = adapter if isinstance(adapter, Adapter) else read_adapter(adapter)
    folders = {folder: require_beta(one) for folder, one in folders_of(beta).items()}
    _require_linear(found, folders.values())
    world = _world(found, base) if any(one < 1 for one in folders.values()) else {}
    final = Path(output)
    with atomic_folder(final) as top:
        for folder, one in folders.items():
            _write(found, one, world, top / folder)
    return tuple(final / folder for folder in folders)


def _require_linear(adapter: Adapter, betas: Iterable[float]) -> None:
    if adapter.is_dora and any(beta < 1 for beta in betas):
        way_out = "Merge it into its base instead: `merge_checkpoints(base, adapter, beta, output)`"
        raise ConfigError(f"{adapter.name} is a DoRA, whose weights are not linear in β: no adapter of it is θ_β. {way_out}.", "beta")


def _world(adapter: Adapter, base: str | Path | HasPath | Checkpoint | None) -> dict[str, Source]:
    """The base's counterpart of what the adapter holds whole, by the names of the adapter's file."""
    if not adapter.whole and not adapter.rows:
        return {}
    if base is None:
        held = next(iter([*adapter.whole, *(f"{module}.weight" for module in adapter.rows)]))
        why = f"{adapter.name} holds {held!r} whole or in rows: at β < 1 it is interpolated with the base's"
        raise ConfigError(f"{why}. Give base=... ({adapter.base_model}).", "base")
    checkpoint = base if isinstance(base, Checkpoint) else read_checkpoint(base)
    regional_sources(checkpoint, adapter)  # every tensor has its place there, of the right shape
    places = places_in(checkpoint, adapter)
    world: dict[str, Source] = {}
    for key, part in adapter.parts.items():
        if part.role == "whole":
            world[key] = Plain(checkpoint.tensors[places[part.tensor]])
        elif part.role == "rows":
            world[key] = PickedRows(checkpoint.tensors[places[part.tensor]], adapter.rows[part.module].indices)
    return world


def _write(adapter: Adapter, beta: float, world: Mapping[str, Source], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    carry_over(adapter, folder)
    copy_file(adapter.folder / CONFIG, folder / CONFIG)
    with Files() as files, (folder / WEIGHTS).open("wb") as sink:
        files.add(adapter.shard.file)
        sink.write(adapter.shard.head)  # names, dtypes and shapes stay, and so does every place
        for key, stored in adapter.shard.tensors.items():
            for piece in _pieces(key, stored, adapter.parts[key].role, beta, world.get(key), files):
                sink.write(piece.data)


def _pieces(key: str, stored: Stored, role: Role, beta: float, ours: Source | None, files: Files) -> Iterator[Bytes]:
    theirs = Plain(stored)
    for first, count in pieces_of(stored):
        if beta == 1:
            yield checked(raw_of(theirs, files, first, count), stored.dtype, key, stored.file)
        elif stored.dtype not in WIDE and ours:
            yield _counted(key, ours, theirs, files, first, count)
        elif role in _SCALED or ours:
            wide = widest(stored.dtype, *([ours.dtype] if ours else []))
            region = numbers_of(theirs, files, first, count, wide)
            world = numbers_of(ours, files, first, count, wide) if ours else np.zeros(1, wide)
            yield rounded(world + wide(beta) * (region - world), stored.dtype, key, stored.file)
        else:
            yield checked(raw_of(theirs, files, first, count), stored.dtype, key, stored.file)


def _counted(key: str, ours: Source, theirs: Source, files: Files, first: int, count: int) -> Bytes:
    world, region = raw_of(ours, files, first, count), raw_of(theirs, files, first, count)
    if not np.array_equal(world, region) and not key.endswith(_COUNTERS):
        _log.warning("%s differs and was kept from the base: integers are not averaged", key)
    return world
