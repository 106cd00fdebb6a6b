"""Plan: a base, regional models and a wish in, every file to write and where each byte of it comes from out, or the reason why not.

Reads headers only; not a byte is written.
"""

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hf_regional.errors import CannotWriteError, MismatchedCheckpointsError
from hf_regional.merging.adapters.adapter import Adapter
from hf_regional.merging.adapters.regional import regional_sources
from hf_regional.merging.check import require_alike, require_same_names
from hf_regional.merging.checkpoint import Checkpoint, Component
from hf_regional.merging.codecs import width_of
from hf_regional.merging.header import Shard
from hf_regional.merging.patterns import Beta, Patterns, betas_by_name, chosen_names, folders_of
from hf_regional.merging.sources import Plain, Source
from hf_regional.merging.targets import Part, Target
from hf_regional.merging.tied import tied_names
from hf_regional.merging.vocabulary.grown import grown_shard
from hf_regional.merging.vocabulary.plan import VocabularyPlan, plan_vocabulary

Regional = Checkpoint | Adapter


@dataclass(frozen=True, slots=True)
class Output:
    """One mix to write: its folder below the output ("" is the output itself) and β by tensor. A tensor without one stays the base's."""

    folder: str
    beta: Beta
    betas: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pass over the inputs will write."""

    base: Checkpoint
    regionals: tuple[Regional, ...]
    outputs: tuple[Output, ...]
    targets: tuple[Target, ...]
    ignored: tuple[str, ...]  # tensors that only a regional checkpoint has and the wish leaves out
    tied: Mapping[str, str]  # tensors that one side holds under one name only, and the other name
    vocabulary: VocabularyPlan | None  # where the output's rows of tokens are not simply the base's

    @property
    def size(self) -> int:
        """Bytes to write."""
        beside = sum((self.base.folder / name).stat().st_size for name in self.base.companions)
        return (sum(target.size for target in self.targets) + beside) * len(self.outputs)

    @property
    def widening(self) -> tuple[int, ...]:
        """For each regional model, how many of its bytes stand against one of the base's at most."""
        pairs = [(part.unit, [width_of(source.dtype) for source in part.regions]) for target in self.targets for part in target.parts]
        return tuple(max((-(-widths[side] // unit) for unit, widths in pairs if widths), default=1) for side in range(len(self.regionals)))


def plan_merge(
    base: Checkpoint,
    regionals: Sequence[Regional],
    beta: Beta | Sequence[Beta],
    *,
    only: Patterns = None,
    skip: Patterns = None,
    vocabulary: str | None = None,
) -> Plan:
    """Check names, shapes, dtypes and vocabularies and lay out the outputs. Errors as `merge_checkpoints`."""
    sides = tuple(side.placed_beside(base) if isinstance(side, Checkpoint) else side for side in regionals)
    whole = [side for side in sides if isinstance(side, Checkpoint)]
    adapted = [None if isinstance(side, Checkpoint) else regional_sources(base, side) for side in sides]
    extra = list(dict.fromkeys(name for side in whole for name in side.tensors if name not in base.tensors))
    components = {part.name for part in base.components if part.name}
    chosen = chosen_names([*base.tensors, *extra], only, skip, components)
    tied = tied_names(base, whole, chosen)
    chosen = [name for name in chosen if name in base.tensors or name not in tied]
    outputs = tuple(
        Output(folder, one, betas_by_name(chosen, one, every=list(base.tensors), components=components))
        for folder, one in folders_of(beta).items()
    )
    wanted = {name for name in chosen if any(name in output.betas for output in outputs)}
    for side in whole:
        require_same_names(base, side, [name for name in chosen if name in wanted], tied)
    grown = plan_vocabulary(base, whole, vocabulary, wanted=wanted, tied=tied) if whole else None
    if grown and len(whole) < len(sides):
        raise MismatchedCheckpointsError(
            "an adapter keeps the base's vocabulary, and another regional model has its own. Merge them one by one."
        )
    for side in whole:
        for name in (name for name in chosen if name in wanted):
            require_alike(name, base, side, tied.get(name, name), but_rows=grown is not None and name in grown.tensors)
    layout = _Layout(base, sides, adapted, frozenset(wanted), tied, grown)
    targets = tuple(layout.target(component, shard) for component in base.components for shard in component.shards)
    return Plan(base, sides, outputs, targets, tuple(name for name in extra if name not in tied), tied, grown)


def require_room(plan: Plan, output: Path) -> None:
    """Compare the bytes to write with those free.

    Raises:
        CannotWriteError: the file system of `output` has fewer.
    """
    place = next(parent for parent in output.absolute().parents if parent.exists())
    free = shutil.disk_usage(place).free
    if free < plan.size:
        raise CannotWriteError(f"{output} needs {plan.size} bytes and {free} are free. Free some space or choose another file system.")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the tensors of the output come from."""

    base: Checkpoint
    sides: Sequence[Regional]
    adapted: Sequence[Mapping[str, Source] | None]  # for adapters
    wanted: Collection[str]
    tied: Mapping[str, str]
    grown: VocabularyPlan | None

    def target(self, component: Component, shard: Shard) -> Target:
        shapes = self.grown.shapes(component, shard) if self.grown else {}
        made = grown_shard(shard, shapes) if shapes else shard
        parts: list[Part] = []
        for tensor, place in made.tensors.items():
            name = component.qualified(tensor)
            regrown = self.grown.tensors.get(name) if self.grown else None
            world = regrown.world if regrown else Plain(shard.tensors[tensor])
            regions = () if name not in self.wanted else regrown.regions if regrown else self._regions(name, world)
            parts.append(Part(name, place, world, regions))
        return Target(self.base.relative(shard.file), made.head, tuple(parts), made.size)

    def _regions(self, name: str, world: Source) -> tuple[Source, ...]:
        """The tensor in every regional model; none where all of them are adapters that leave it alone."""
        found = [self._region(name, side, adapted) for side, adapted in zip(self.sides, self.adapted, strict=True)]
        return tuple(one or world for one in found) if any(found) else ()

    def _region(self, name: str, side: Regional, adapted: Mapping[str, Source] | None) -> Source | None:
        if isinstance(side, Checkpoint):
            return Plain(side.tensors[name if name in side.tensors else self.tied[name]])
        return (adapted or {}).get(name)
