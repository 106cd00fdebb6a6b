"""Adapter: a folder that PEFT saved in, its factors and whole tensors, module by module, out. Reads headers only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from hf_regional.errors import DamagedFileError, MissingFileError, NotBuiltYetError
from hf_regional.merging.adapters.config import CONFIG, IN_MEMORY, AdapterConfig, read_config
from hf_regional.merging.adapters.parts import Part, part_of
from hf_regional.merging.codecs import WIDE
from hf_regional.merging.header import Shard, Stored, read_shard
from hf_regional.protocols import HasPath

WEIGHTS: Final = "adapter_model.safetensors"
_PICKLED: Final = "adapter_model.bin"
Kind = Literal["linear", "conv", "embedding"]


@dataclass(frozen=True, slots=True)
class LowRank:
    """What a module's weight gains: scale·B·A, and with DoRA a length for every output (arXiv:2402.09353, eq. 5).

    Shapes: `a` (r, in) or (r, in, kernel...), `b` (out, r) or (out, r, 1...); of an embedding `a` (r, rows), `b` (width, r), and
    the gain is transposed. `bias` (out,), times scale, is added to the module's bias. `magnitude` has one number an output, of an
    embedding one a column.
    """

    kind: Kind
    a: Stored
    b: Stored
    scale: float
    bias: Stored | None = None
    magnitude: Stored | None = None

    @property
    def rank(self) -> int:
        """r, the number of rows of A."""
        return self.a.shape[0]


@dataclass(frozen=True, slots=True)
class TokenRows:
    """Rows of an embedding that take the place of the base's: `values` is (len(indices), width)."""

    indices: tuple[int, ...]
    values: Stored


@dataclass(frozen=True)
class Adapter:
    """One adapter. Its names are those of the model in memory that it was trained on, which need not be those of the base's files."""

    name: str
    revision: str | None  # the commit, where it came from the Hub
    folder: Path
    config: AdapterConfig
    shard: Shard
    parts: Mapping[str, Part]  # by the names of the file
    low_ranks: Mapping[str, LowRank]  # by module
    whole: Mapping[str, Stored]  # by tensor: trained biases, modules_to_save, and embeddings saved beside their factors
    rows: Mapping[str, TokenRows]  # by module

    @property
    def base_model(self) -> str | None:
        """What the adapter's config calls its base: a Hub id or a folder."""
        return self.config.base_model

    @property
    def base_revision(self) -> str | None:
        """The revision of that base, where the config has one."""
        return self.config.revision

    @property
    def size(self) -> int:
        """Bytes of the weights, header included."""
        return self.shard.size

    @property
    def shards(self) -> tuple[Shard, ...]:
        """Every file of weights: one."""
        return (self.shard,)

    @property
    def tensors(self) -> Mapping[str, Stored]:
        """Every tensor by its name in the file."""
        return self.shard.tensors

    def relative(self, file: Path) -> str:
        """The path of one of its files inside its folder, with slashes."""
        return file.relative_to(self.folder).as_posix()

    @property
    def is_dora(self) -> bool:
        """Whether any module has a magnitude."""
        return any(low_rank.magnitude for low_rank in self.low_ranks.values())


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter of PEFT, of whatever kind."""
    return (folder / CONFIG).is_file()


def read_adapter(source: str | Path | HasPath) -> Adapter:
    """Read the layout of an adapter.

    Args:
        source: a folder that `PeftModel.save_pretrained` wrote, a Hub id ("owner/name" or "owner/name@revision"), or a record
            with a `path`.

    Raises:
        MissingFileError: there is no such adapter, or its weights are not safetensors.
        DamagedFileError: header or configuration contradict themselves or each other.
        NotBuiltYetError: it is no LoRA or DoRA, or one whose weights are not W + s·B·A; the message names it and the way out.
    """
    folder = _folder_of(source)
    config = read_config(folder)
    shard = read_shard(_weights_of(folder))
    parts = {key: part_of(key) for key in shard.tensors}
    _require_known(folder, shard, parts)
    name = str(source.path if isinstance(source, HasPath) else source)
    low_ranks = {module: _low_rank(shard, config, module, found) for module, found in _by_module(shard, parts)}
    # A snapshot of the Hub lies in a folder that is named by its commit.
    revision = folder.name if folder.parent.name == "snapshots" and not Path(name).exists() else None
    return Adapter(name, revision, folder, config, shard, parts, low_ranks, _whole(shard, parts), _rows(shard, parts, config))


def _folder_of(source: str | Path | HasPath) -> Path:
    place = Path(source.path if isinstance(source, HasPath) else source).expanduser()
    if place.is_dir():
        return place
    from hf_regional.encoding import resolve_folder  # its room loads torch, which a folder on this disk does not need

    return resolve_folder(source)


def _weights_of(folder: Path) -> Path:
    if (folder / WEIGHTS).is_file():
        return folder / WEIGHTS
    found = f"only {_PICKLED}, which is never opened" if (folder / _PICKLED).is_file() else "no weights"
    raise MissingFileError(f"{folder} has {found}. Save the adapter as {WEIGHTS}: `model.save_pretrained(folder)`.")


def _require_known(folder: Path, shard: Shard, parts: Mapping[str, Part]) -> None:
    for key, part in parts.items():
        if part.role == "unknown":
            # PEFT 0.21 adds the gain of an nn.MultiheadAttention's out_proj twice; a file cannot say which PEFT it was trained with.
            what = "of a layer inside an adapted layer (nn.MultiheadAttention, target_parameters) or of a kind of LoRA unknown here"
            raise NotBuiltYetError(f"{folder / WEIGHTS}: tensor {key!r} is {what}. {IN_MEMORY}.")
        if part.role not in {"whole", "base"} and shard.tensors[key].dtype not in WIDE:
            raise NotBuiltYetError(f"{folder / WEIGHTS}: tensor {key!r} is {shard.tensors[key].dtype}, not a float. {IN_MEMORY}.")


def _by_module(shard: Shard, parts: Mapping[str, Part]) -> Iterator[tuple[str, dict[str, Stored]]]:
    found: dict[str, dict[str, Stored]] = {}
    for key, part in parts.items():
        if part.role not in {"whole", "base", "rows"}:
            found.setdefault(part.module, {})[part.role] = shard.tensors[key]
    yield from found.items()


def _low_rank(shard: Shard, config: AdapterConfig, module: str, found: Mapping[str, Stored]) -> LowRank:
    pair: tuple[str, str] = ("embedding_a", "embedding_b") if "embedding_a" in found or "embedding_b" in found else ("a", "b")
    if found.keys() - {*pair, "b_bias", "magnitude"} or not all(role in found for role in pair):
        raise DamagedFileError(f"{shard.file}: module {module!r} has not one A and one B. Save the adapter again.")
    a, b = found[pair[0]], found[pair[1]]
    kind: Kind = "embedding" if pair[0] == "embedding_a" else "conv" if len(a.shape) > 2 else "linear"
    _require_rank(f"{shard.file}: module {module!r}", kind, config.rank_of(module), a.shape, b.shape)
    magnitude = found.get("magnitude")
    if (magnitude is not None) != config.use_dora:
        raise DamagedFileError(f"{shard.file}: module {module!r} and use_dora in {CONFIG} disagree on DoRA. Save the adapter again.")
    return LowRank(kind, a, b, config.scale_of(module), found.get("b_bias"), magnitude)


def _require_rank(where: str, kind: Kind, rank: int, a: tuple[int, ...], b: tuple[int, ...]) -> None:
    """A is (r, in, kernel...) and B (out, r, 1...); of a convolution in groups B has r/groups columns."""
    ours, theirs = a[:1], b[1:2]
    if kind == "conv" and ours == (rank,) and theirs and 0 < theirs[0] < rank and rank % theirs[0] == 0:
        what = f"is a convolution in {rank // theirs[0]} groups, whose gain nobody merges (PEFT refuses it as well)"
        raise NotBuiltYetError(f"{where} {what}. It can only be used as an adapter.")
    if len(a) < 2 or len(b) != len(a) or set(b[2:]) - {1} or not ours == theirs == (rank,):
        shapes = f"A of shape {list(a)} and B of {list(b)}"
        raise DamagedFileError(f"{where} has {shapes}, and {CONFIG} says rank {rank}. Save the adapter again.")


def _whole(shard: Shard, parts: Mapping[str, Part]) -> dict[str, Stored]:
    whole: dict[str, Stored] = {}
    for key, part in parts.items():
        if part.role == "whole" and not part.is_repeated:
            if part.tensor in whole:
                raise DamagedFileError(f"{shard.file}: tensor {part.tensor!r} stands in it under two names. Save the adapter again.")
            whole[part.tensor] = shard.tensors[key]
    again = {part.tensor: shard.tensors[key] for key, part in parts.items() if part.role == "whole" and part.is_repeated}
    return again | whole


def _rows(shard: Shard, parts: Mapping[str, Part], config: AdapterConfig) -> dict[str, TokenRows]:
    rows: dict[str, TokenRows] = {}
    for key, part in parts.items():
        if part.role != "rows":
            continue
        indices, values = config.token_indices_of(part.module), shard.tensors[key]
        if len(values.shape) != 2 or values.shape[0] != len(indices) or any(type(index) is not int or index < 0 for index in indices):
            wanted = f"{len(indices)} trainable_token_indices in {CONFIG}"
            raise DamagedFileError(f"{shard.file}: {key!r} has shape {list(values.shape)} for {wanted}. Save the adapter again.")
        rows[part.module] = TokenRows(tuple(indices), values)
    return rows
