"""Plan: checkpoints with other vocabularies in, what that means for every tensor and file of the output out, or the reason why not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from hf_regional.errors import MismatchedCheckpointsError
from hf_regional.merging.checkpoint import Checkpoint, Component
from hf_regional.merging.header import Shard
from hf_regional.merging.sources import Source
from hf_regional.merging.vocabulary.axes import Facts, Shape, changed_axis, is_named_like_a_table, row_counts, token_axes
from hf_regional.merging.vocabulary.gathered import gather
from hf_regional.merging.vocabulary.rows import RowMap, match_vocabularies, require_policy
from hf_regional.merging.vocabulary.sides import CONFIGS, Sides, configs_of, tokenizer_of
from hf_regional.merging.vocabulary.tokens import (
    has_vocabulary,
    json_object,
    read_vocabulary,
    same_tokenizer,
    tokenizer_files,
    vocabulary_sizes,
)

_NO_TWINS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Regrown:
    """One tensor of the output that tokens index: its shape there, and its rows on every side in the order of the output's."""

    shape: Shape
    world: Source  # of the base's dtype
    regions: tuple[Source, ...]  # none where the tensor is not wanted


@dataclass(frozen=True, slots=True)
class VocabularyPlan:
    """How the output's vocabulary differs from the base's, or the regional models' rows from both."""

    tensors: Mapping[str, Regrown]  # by qualified name; every other tensor is as it would be
    companions: Mapping[str, Path] = field(default_factory=dict[str, Path])  # path in the output -> file to copy there
    dropped: tuple[str, ...] = ()  # the base's companions that are not carried over: they belong to the other tokenizer
    configs: Mapping[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])  # path in the output -> its new content
    report: Mapping[str, Any] = field(default_factory=dict[str, Any])  # by component, JSON-able

    def shapes(self, component: Component, shard: Shard) -> dict[str, Shape]:
        """The new shapes of a shard's tensors, for `grown_shard`; empty where the file keeps its layout."""
        found = {name: self.tensors.get(component.qualified(name)) for name in shard.tensors}
        return {name: one.shape for name, one in found.items() if one and one.shape != shard.tensors[name].shape}


def plan_vocabulary(
    base: Checkpoint,
    regionals: Sequence[Checkpoint],
    policy: str | None = None,
    *,
    wanted: Collection[str] | None = None,
    tied: Mapping[str, str] = _NO_TWINS,
) -> VocabularyPlan | None:
    """Match the rows of all tensors that tokens index, by token.

    Args:
        base: the world's checkpoint.
        regionals: at least one; its components are named as the base's.
        policy: whose rows the output has, "base" or "regional", or None for whichever drops no token (see `match_vocabularies`).
        wanted: the tensors that are mixed, by qualified name; None means all. Others stay the base's, but have the output's rows.
        tied: tensors that some side holds under another name only, and that name.

    Returns:
        None where rows can be mixed by their index: the vocabularies are equal, or nothing says that they are not.

    Raises:
        MismatchedCheckpointsError: the vocabularies differ and a tokenizer is missing, tokens would be dropped and nobody said which,
            or it cannot be told which tensors tokens index.
        DamagedFileError: a tokenizer's files cannot be read or contradict each other.
        UnknownNameError: no such policy.
    """
    require_policy(policy)
    found = {part.name: _planned(Sides.of(base, regionals, part, tied), policy, wanted) for part in base.components}
    return _joined({name: plan for name, plan in found.items() if plan})


def _planned(sides: Sides, policy: str | None, wanted: Collection[str] | None) -> VocabularyPlan | None:
    asked = sides.shapes(wanted)
    is_changed = any(changed_axis(several) is not None for several in asked.values())
    if not asked or (not is_changed and all(same_tokenizer(sides.folders[0], other) for other in sides.folders[1:])):
        return None
    if not is_changed and not all(has_vocabulary(folder) for folder in sides.folders):
        return None
    vocabularies = [read_vocabulary(folder) for folder in sides.folders]
    told = [one for one in vocabularies if one]
    if not is_changed and (len(told) < len(vocabularies) or all(one.ids == told[0].ids for one in told)):
        return None
    sizes = [vocabulary_sizes(json_object(part.folder / CONFIGS[0])) for part in sides.parts]
    counts = row_counts(asked, [Facts(size, one.last if one else None) for size, one in zip(sizes, vocabularies, strict=True)])
    if counts is None or (len(told) < len(vocabularies) and len(set(counts)) == 1):
        return None
    if len(told) < len(vocabularies):
        raise _without_tokenizer(sides.folders[vocabularies.index(None)], counts)
    base, *regionals = (one.within(count) for one, count in zip(told, counts, strict=True))
    rows = match_vocabularies(base, regionals, policy)
    if rows is None:
        return None
    others = frozenset(size for size in frozenset[int]().union(*sizes) if 2 * size > min(counts))
    axes = token_axes(sides.shapes(None), counts, is_moved=rows.is_moved, others=others, asked=asked)
    _require_no_orphan(sides, rows)
    return _plan_of(sides, rows, axes, asked)


def _plan_of(sides: Sides, rows: RowMap, axes: Mapping[str, int], asked: Collection[str]) -> VocabularyPlan:
    tensors: dict[str, Regrown] = {}
    for name, axis in axes.items():
        shape = sides.stored[name][0].shape
        world, *regions = gather(name, sides.stored[name], axis, rows, only_base=name not in asked)
        tensors[name] = Regrown((*shape[:axis], rows.size, *shape[axis + 1 :]), world, tuple(regions))
    companions, dropped = tokenizer_of(sides, rows)
    configs, changes = configs_of(sides, rows)
    report = rows.report() | {
        "tensors": sorted(tensors),
        "configuration": {file: {key: list(pair) for key, pair in changed.items()} for file, changed in changes.items()},
        "files_from_regional": sorted(companions),
        "files_dropped": list(dropped),
    }
    return VocabularyPlan(tensors, companions, dropped, configs, report)


def _require_no_orphan(sides: Sides, rows: RowMap) -> None:
    """Refuse where a table of the base alone would need rows in it that nobody has."""
    count = rows.sides[0].rows
    orphans = [name for name, shape in sides.only_in_base.items() if is_named_like_a_table(name) and count in shape]
    if orphans and not np.array_equal(rows.world, np.arange(count or 0)):
        raise MismatchedCheckpointsError(
            f"tensor {orphans[0]!r} of the base has {count} rows for its tokens, the result has {rows.size}, and not every regional model "
            "has that tensor. Keep the base's vocabulary with vocabulary='base'."
        )


def _without_tokenizer(folder: Path, counts: Sequence[int]) -> MismatchedCheckpointsError:
    bare = [file.name for file in tokenizer_files(folder)]
    found = f"only {', '.join(bare)}" if bare else "no tokenizer"
    return MismatchedCheckpointsError(
        f"the vocabularies have {' and '.join(map(str, counts))} rows, and {folder} holds {found}, so that nothing says which row is which "
        "token. Put tokenizer.json there: `AutoTokenizer.from_pretrained(its model).save_pretrained(folder)`."
    )


def _joined(plans: Mapping[str, VocabularyPlan]) -> VocabularyPlan | None:
    if not plans:
        return None
    several = list(plans.values())
    return VocabularyPlan(
        {name: one for plan in several for name, one in plan.tensors.items()},
        {name: file for plan in several for name, file in plan.companions.items()},
        tuple(dict.fromkeys(name for plan in several for name in plan.dropped)),
        {name: content for plan in several for name, content in plan.configs.items()},
        {name: plan.report for name, plan in plans.items()},
    )
