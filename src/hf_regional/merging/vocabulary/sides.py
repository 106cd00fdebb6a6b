"""Sides: one component of every checkpoint in, its tensors side by side, its tokenizers and its configurations out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hf_regional.merging.checkpoint import Checkpoint, Component
from hf_regional.merging.header import Stored
from hf_regional.merging.vocabulary.axes import Shape
from hf_regional.merging.vocabulary.grown import Changes, grown_config
from hf_regional.merging.vocabulary.rows import RowMap
from hf_regional.merging.vocabulary.tokens import json_object, tokenizer_files

CONFIGS: Final = ("config.json", "generation_config.json")


@dataclass(frozen=True, slots=True)
class Sides:
    """One component on every side, the base's first.

    `stored` are the tensors that all sides have, by qualified name; `folders` are those of the tokenizers.
    """

    base: Checkpoint
    parts: tuple[Component, ...]
    stored: Mapping[str, tuple[Stored, ...]]
    folders: tuple[Path, ...]

    @classmethod
    def of(cls, base: Checkpoint, regionals: Sequence[Checkpoint], part: Component, tied: Mapping[str, str]) -> "Sides":
        """Find the component and its tensors on every side; `tied` names the twin of a tensor that a side lacks."""
        parts = [part, *(one for side in regionals for one in side.components if one.name == part.name)]
        names = [part.qualified(name) for shard in part.shards for name in shard.tensors]
        several = {name: [side.tensors.get(name) or side.tensors.get(tied.get(name, "")) for side in (base, *regionals)] for name in names}
        stored = {name: tuple(one for one in found if one) for name, found in several.items() if all(found)}
        return cls(base, tuple(parts), stored, tuple(_tokenizer_folder(one) for one in parts))

    @property
    def only_in_base(self) -> dict[str, Shape]:
        """The base's tensors that some side lacks."""
        part = self.parts[0]
        tensors = {part.qualified(name): stored.shape for shard in part.shards for name, stored in shard.tensors.items()}
        return {name: shape for name, shape in tensors.items() if name not in self.stored}

    def shapes(self, among: Collection[str] | None) -> dict[str, tuple[Shape, ...]]:
        """The shapes of the tensors that all have, or of some of them."""
        names = self.stored if among is None else [name for name in self.stored if name in among]
        return {name: tuple(one.shape for one in self.stored[name]) for name in names}


def tokenizer_of(sides: Sides, rows: RowMap) -> tuple[dict[str, Path], tuple[str, ...]]:
    """The files of the carrier's tokenizer by their place in the output, and those of the base's that must not lie beside them."""
    if rows.carrier == 0:
        return {}, ()
    ours, theirs = sides.folders[0], sides.folders[rows.carrier]
    place = (ours if ours.is_relative_to(sides.base.folder) else sides.parts[0].folder).relative_to(sides.base.folder)
    companions = {(place / file).as_posix(): theirs / file for file in tokenizer_files(theirs)}
    carried = {file.as_posix() for file in sides.base.companions}
    own = [(place / file).as_posix() for file in tokenizer_files(ours)]
    return companions, tuple(name for name in own if name in carried and name not in companions)


def configs_of(sides: Sides, rows: RowMap) -> tuple[dict[str, dict[str, Any]], dict[str, Changes]]:
    """The configurations of the output that are not the base's, by their place in it, and what changed in them."""
    base, carrier = sides.parts[0], sides.parts[rows.carrier]
    configs: dict[str, dict[str, Any]] = {}
    changes: dict[str, Changes] = {}
    for name in CONFIGS:
        file = (base.folder / name).relative_to(sides.base.folder)
        if file in sides.base.companions:
            content, changed = grown_config(json_object(base.folder / name), json_object(carrier.folder / name), rows)
            if changed:
                configs[file.as_posix()], changes[file.as_posix()] = content, changed
    return configs, changes


def _tokenizer_folder(part: Component) -> Path:
    """Where the tokenizer of a component lies: in its folder, or in a pipeline beside it (text_encoder_2 and tokenizer_2)."""
    beside = part.folder.parent / part.name.replace("text_encoder", "tokenizer")
    return beside if "text_encoder" in part.name and beside.is_dir() and not tokenizer_files(part.folder) else part.folder
