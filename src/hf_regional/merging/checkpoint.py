"""Checkpoint: a folder in, its layout out: which file holds which tensor, and what stands beside the weights.

A transformers model is one component without a name; a folder with an index of parts (a diffusers pipeline, a `DualEncoder`) has one
for each part that holds weights.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from hf_regional.encoding.dual_layout import FILE_NAME as DUAL_ENCODER
from hf_regional.encoding.dual_layout import PARTS as DUAL_PARTS
from hf_regional.encoding.dual_layout import parse_heads
from hf_regional.errors import DamagedFileError, MismatchedCheckpointsError, MissingFileError, QuantisedError
from hf_regional.merging.header import Shard, Stored, read_shard
from hf_regional.merging.untrusted import parse_config, parse_object, read_object, shown
from hf_regional.protocols import HasPath

_INDEXES: Final = ("model.safetensors.index.json", "diffusion_pytorch_model.safetensors.index.json")
_ANY_INDEX: Final = re.compile(r"\.(safetensors|bin)\.index(\.[^.]+)?\.json$")
_SINGLE: Final = ("model.safetensors", "diffusion_pytorch_model.safetensors")  # what transformers and diffusers open first
# Weights in other formats would go stale beside merged ones; card and facts are about the base alone.
_LEFT_OUT: Final = {
    ".safetensors",
    ".bin",
    ".pt",
    ".pth",
    ".ckpt",
    ".pkl",
    ".pickle",
    ".joblib",
    ".msgpack",
    ".h5",
    ".onnx",
    ".gguf",
    ".ot",
    ".tflite",
}
_NOT_CARRIED: Final = {"README.md", "regional.json"}
_ADAPTER: Final = "adapter_config.json"


@dataclass(frozen=True, slots=True)
class Component:
    """The weights of one model: `name` is its folder inside a pipeline, "" where the checkpoint is one model."""

    name: str
    folder: Path
    index: Path | None
    shards: tuple[Shard, ...]

    def qualified(self, tensor: str) -> str:
        """A tensor's name in the whole checkpoint: "unet.conv_in.weight", or as it is where there is one model only."""
        return f"{self.name}.{tensor}" if self.name else tensor


@dataclass(frozen=True)
class Checkpoint:
    """The files of one checkpoint. `name` is what the user called it, `revision` the commit where it came from the Hub."""

    name: str
    revision: str | None
    folder: Path
    components: tuple[Component, ...]
    companions: tuple[Path, ...] = ()  # carried over, relative to `folder`
    left_out: tuple[Path, ...] = ()

    @cached_property
    def tensors(self) -> dict[str, Stored]:
        """Every tensor by its qualified name."""
        return {part.qualified(name): stored for part in self.components for shard in part.shards for name, stored in shard.tensors.items()}

    @property
    def shards(self) -> tuple[Shard, ...]:
        """Every file of weights."""
        return tuple(shard for part in self.components for shard in part.shards)

    @property
    def size(self) -> int:
        """Bytes of the weights, headers included."""
        return sum(shard.size for shard in self.shards)

    def placed_beside(self, base: "Checkpoint") -> "Checkpoint":
        """The same with the names of the base's components: the folder of one model stands for the component that it fits."""
        if len(self.components) != 1 or self.components[0].name in {part.name for part in base.components}:
            return self
        (alone,), tensors = self.components, set(self.tensors)
        fits = [part.name for part in base.components if tensors == {name for shard in part.shards for name in shard.tensors}]
        named = [part.name for part in base.components if part.name == self.folder.name]
        name = next(iter(named or fits), alone.name) if len(fits) == 1 or named else alone.name
        return replace(self, components=(replace(alone, name=name),))

    def relative(self, file: Path) -> str:
        """The path of one of its files inside its folder, with slashes."""
        return file.relative_to(self.folder).as_posix()


def read_checkpoint(source: str | Path | HasPath) -> Checkpoint:
    """Read the layout of a checkpoint from its headers.

    Args:
        source: a folder, a .safetensors file, a Hub id ("owner/name" or "owner/name@revision"), or a record with a `path`.

    Raises:
        MissingFileError: there is no such folder or repository, or no safetensors in it.
        DamagedFileError: a header or the index contradicts what is there.
        QuantisedError: its weights are codes of a quantisation.
        MismatchedCheckpointsError: it is a PEFT adapter.
    """
    place = Path(source.path) if isinstance(source, HasPath) else source
    if Path(place).suffix == ".safetensors" and Path(place).is_file():
        file = Path(place)
        return Checkpoint(str(place), None, file.parent, (Component("", file.parent, None, (read_shard(file),)),))
    folder = _folder_of(place)
    if (folder / _ADAPTER).is_file():
        raise MismatchedCheckpointsError(
            f"{folder} holds a PEFT adapter, which is no model. As the base give the model that it was trained on; adapters go in as the "
            "regional model."
        )
    index = next((folder / name for name in _PARTS if (folder / name).is_file()), None)
    names = _PARTS[index.name](index) if index else ("",)
    components = tuple(_component(name, folder / name) for name in names)
    weights = {file for part in components for file in (part.index, *(shard.file for shard in part.shards))}
    companions, left_out = _beside(folder, weights)
    # A snapshot of the Hub lies in a folder that is named by its commit.
    revision = folder.name if folder.parent.name == "snapshots" and not Path(place).exists() else None
    return Checkpoint(str(place), revision, folder, components, companions, left_out)


def _component(name: str, folder: Path) -> Component:
    _refuse_quantised(folder)
    index = _index_of(folder)
    shards = _indexed_shards(index) if index else (read_shard(_only_file(folder)),)
    _require_unique(folder, shards)
    return Component(name, folder, index, shards)


def _parts_of_pipeline(index: Path) -> tuple[str, ...]:
    folder = index.parent
    listed = [name for name in _json_object(index) if not name.startswith("_")]
    # They are arguments of a constructor; anything else might be a way out of the folder.
    if strange := [name for name in listed if not name.isidentifier()]:
        raise DamagedFileError(f"{index} names a component {shown(strange[0])}, which no folder is called. Download it again.")
    listed = [name for name in listed if os.path.isdir(folder / name)]
    holding = [name for name in listed if any((folder / name).glob("*.safetensors"))]
    pickled = [name for name in listed if name not in holding and any((folder / name).glob("*.bin"))]
    if not holding or pickled:
        found = f"{pickled[0]}/ holds only pickles, which are never opened" if pickled else "none of its components holds safetensors"
        raise MissingFileError(f"{folder}: {found}. Save the pipeline as safetensors: `pipeline.save_pretrained(folder)`.")
    return tuple(holding)


def _parts_of_dual_encoder(index: Path) -> tuple[str, ...]:
    parse_heads(_json_object(index), index)
    if absent := [name for name in DUAL_PARTS if not os.path.isdir(index.parent / name)]:
        raise MissingFileError(f"{index.parent} lacks {absent[0]}/, a part that {index.name} stands for. Download or save it again.")
    return DUAL_PARTS


# Checkpoints of several models, by the file that says so: how the folders of their weights are called. A new kind is one row.
_PARTS: Final[Mapping[str, Callable[[Path], tuple[str, ...]]]] = {
    "model_index.json": _parts_of_pipeline,
    DUAL_ENCODER: _parts_of_dual_encoder,
}


def _folder_of(place: str | Path) -> Path:
    # Imported here: the room above it loads torch, which reading headers does not need.
    from hf_regional.encoding import resolve_folder

    folder = resolve_folder(place)
    if not folder.is_dir():
        raise MissingFileError(f"{folder} is no folder. Give a checkpoint folder, a .safetensors file or a Hub id.")
    return folder


def _refuse_quantised(folder: Path) -> None:
    if "quantization_config" in _json_object(folder / "config.json"):
        raise QuantisedError(
            f"{folder} holds a quantised model, whose codes cannot be averaged. Merge the models that it was quantised from, then "
            "quantise the result."
        )


def _index_of(folder: Path) -> Path | None:
    # transformers opens the single file where both are there, and so the single file is the model.
    found = sorted(file for file in folder.glob("*.safetensors.index*.json") if not file.name.startswith("."))  # of a variant: index.fp16
    if any((folder / name).is_file() for name in _SINGLE) or not found:
        return None
    return min(found, key=lambda file: (file.name not in _INDEXES, file.name))


def _only_file(folder: Path) -> Path:
    files = sorted(file for file in folder.glob("*.safetensors") if not file.name.startswith("."))  # ._model.safetensors of macOS
    if single := [file for file in files if file.name in _SINGLE]:
        return single[0]
    if len(files) == 1:
        return files[0]
    if files:
        found = ", ".join(file.name for file in files[:5])
        raise MissingFileError(
            f"{folder} has {len(files)} safetensors files ({found}) and no index. Give the one to merge by its own path."
        )
    pickles = [file.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt") for file in folder.glob(pattern)]
    found = f"only {', '.join(pickles[:5])}, which are never opened" if pickles else "no weights"
    raise MissingFileError(f"{folder} has {found}. Save the model as safetensors: `model.save_pretrained(folder)`.")


def _indexed_shards(index: Path) -> tuple[Shard, ...]:
    weight_map = read_object(index, parse_object).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise DamagedFileError(f"{index} has no weight_map of tensors and their files. Download or save the checkpoint again.")
    if strange := [name for name in weight_map.values() if not _is_own_shard(name)]:
        found = f"{index} puts a tensor into {shown(strange[0])}, which is no .safetensors file of its own folder"
        raise DamagedFileError(f"{found}. Download or save the checkpoint again.")
    files = {name: index.parent / name for name in sorted(set(weight_map.values()))}
    # os.path, because Path raises on names that no file can have.
    if absent := [name for name, file in files.items() if not os.path.exists(file)]:
        found = f"{index} names {shown(absent[0])}, which is not there ({len(absent)} of {len(files)} files)"
        raise MissingFileError(f"{found}. Download the checkpoint again.")
    shards = {name: read_shard(file) for name, file in files.items()}
    held = {(tensor, name) for name, shard in shards.items() for tensor in shard.tensors}
    if lost := sorted(weight_map.items() - held):
        found = f"{index} puts tensor {shown(lost[0][0])} into {lost[0][1]}, which does not hold it"
        raise DamagedFileError(f"{found}. Download or save the checkpoint again.")
    if unnamed := sorted(held - weight_map.items()):
        found = f"{unnamed[0][1]} holds tensor {shown(unnamed[0][0])}, which {index} does not put there"
        raise DamagedFileError(f"{found}. Save the checkpoint again, so that no reader leaves it behind.")
    return tuple(shards.values())


def _is_own_shard(name: Any) -> bool:
    return isinstance(name, str) and name.endswith(".safetensors") and Path(name).name == name


def _require_unique(folder: Path, shards: tuple[Shard, ...]) -> None:
    seen: dict[str, Path] = {}
    for shard in shards:
        for name in shard.tensors:
            if name in seen:
                raise DamagedFileError(
                    f"{folder}: tensor {name!r} stands in {seen[name].name} and in {shard.file.name}. Save the checkpoint again."
                )
            seen[name] = shard.file


def _beside(folder: Path, weights: set[Path | None]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    companions: list[Path] = []
    left_out: list[Path] = []
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(folder)
        if not file.is_file() or file in weights or any(part.startswith(".") for part in relative.parts):
            continue
        weightlike = file.suffix in _LEFT_OUT or _ANY_INDEX.search(file.name)
        (left_out if weightlike or file.name in _NOT_CARRIED else companions).append(relative)
    return tuple(companions), tuple(left_out)


def _json_object(file: Path) -> dict[str, Any]:
    return read_object(file, parse_config) if file.is_file() else {}
