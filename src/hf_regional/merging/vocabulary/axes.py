"""Axes: the shapes of all sides in, how many rows their vocabularies have and which tensors are indexed by token out."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hf_regional.errors import MismatchedCheckpointsError

Shape = tuple[int, ...]
Sizes = tuple[int, ...]  # one a side, the base's first

# The last two parts of a name. Shapes decide; names speak only where a shape alone is no evidence: the same on all sides.
_TABLES: Final = re.compile(r"embed|wte|shared|vocab|head|logits|predictions|decoder\.|output|generator|proj_out")
_OTHER_TABLES: Final = re.compile(r"pos|patch|class|type|time|norm|vision|visual|image")


@dataclass(frozen=True, slots=True)
class Facts:
    """What one side says of its vocabulary: the sizes in its configuration, and the last row that its tokenizer names, if it has one."""

    sizes: frozenset[int]
    last: int | None


def row_counts(shapes: Mapping[str, Sequence[Shape]], facts: Sequence[Facts]) -> Sizes | None:
    """How many rows each side has for its tokens, from the tensors that all have; None where no tensor is indexed by token.

    A change of shape counts first: an axis that is as long on each side as its configuration says, or, where one says nothing, longer
    than its tokenizer's last row; what is the width of a table, though, is that of the model. Then the same of tensors of one shape
    that are named like embeddings or heads.

    Raises:
        MismatchedCheckpointsError: several sizes could be it.
    """
    changed, alike = defaultdict[Sizes, list[str]](list), defaultdict[Sizes, list[str]](list)
    widths = set[Sizes]()
    for name, several in shapes.items():
        axis = changed_axis(several)
        if axis and len(several[0]) == 2 and is_named_like_a_table(name) and name.endswith(".weight"):
            widths.add(tuple(shape[axis] for shape in several))  # a table has a row for each token
        if axis is not None:
            changed[tuple(shape[axis] for shape in several)].append(name)
        elif is_named_like_a_table(name) and all(shape == several[0] for shape in several):
            for size in several[0]:
                alike[(size,) * len(several)].append(name)
    grown = {sizes: names for sizes, names in changed.items() if sizes not in widths}
    return _fitting(grown, facts) or _fitting(alike, facts)


def token_axes(
    shapes: Mapping[str, Sequence[Shape]], counts: Sizes, *, is_moved: bool, others: frozenset[int], asked: Collection[str]
) -> dict[str, int]:
    """The tensors that are indexed by token, and the axis.

    Args:
        shapes: by tensor, of all sides.
        counts: rows of each side.
        is_moved: whether a shared token has another row somewhere; then tables of one shape on all sides matter too.
        others: further sizes in the configurations that belong to tables of tokens.
        asked: tensors that must be decided; of the others those that are unclear count as not indexed.

    Raises:
        MismatchedCheckpointsError: a tensor could be one and cannot be told from others by its shape.
    """
    axes: dict[str, int] = {}
    for name, several in shapes.items():
        axis, shape = changed_axis(several), several[0]
        if axis is not None and tuple(one[axis] for one in several) == counts:
            axes[name] = axis
        if any(one != shape for one in several):
            continue
        held = [place for place, size in enumerate(shape) if size == counts[0]] if len(set(counts)) == 1 else []
        if len(held) == 1 and is_named_like_a_table(name):
            axes[name] = held[0]
        elif held and name in asked:
            raise _unclear(name, shape, counts[0], len(held))
        elif is_moved and name in asked and is_named_like_a_table(name) and {*shape} & {*counts, *others}:
            raise _not_grown(name, shape)
    return axes


def changed_axis(shapes: Sequence[Shape]) -> int | None:
    """The only axis along which several shapes differ; None where there is none, or more than one."""
    if len({len(shape) for shape in shapes}) > 1:
        return None
    axes = [axis for axis, sizes in enumerate(zip(*shapes, strict=True)) if len(set(sizes)) > 1]
    return axes[0] if len(axes) == 1 else None


def is_named_like_a_table(name: str) -> bool:
    """Whether a name is that of an embedding of tokens or of a head over them.

    >>> is_named_like_a_table("text_model.embeddings.token_embedding.weight"), is_named_like_a_table("lm_head.bias")
    (True, True)
    >>> is_named_like_a_table("text_model.embeddings.position_embedding.weight")
    False
    """
    tail = ".".join(name.lower().split(".")[-2:])
    return bool(_TABLES.search(tail)) and not _OTHER_TABLES.search(tail)


def _unclear(name: str, shape: Shape, size: int, axes: int) -> MismatchedCheckpointsError:
    why = "on several axes" if axes > 1 else "and is not named like an embedding or a head"
    return MismatchedCheckpointsError(
        f"the vocabularies differ, and it cannot be told whether tensor {name!r} {list(shape)} is indexed by token: it has the length of "
        f"the vocabulary, {size}, {why}. Keep the base's rows: vocabulary='base' and skip=[{name!r}]."
    )


def _not_grown(name: str, shape: Shape) -> MismatchedCheckpointsError:
    return MismatchedCheckpointsError(
        f"tensor {name!r} {list(shape)} looks as if its rows stood for tokens, and has one shape on all sides though tokens moved and "
        f"the vocabularies have other sizes: its rows cannot be matched. Keep the base's: vocabulary='base' and skip=[{name!r}]."
    )


def _fitting(groups: Mapping[Sizes, list[str]], facts: Sequence[Facts]) -> Sizes | None:
    said = [sizes for sizes in groups if _is_said(sizes, facts)]
    if said:
        return max(said)  # BERT's type_vocab_size is 2, and Gemma 3n has vocabularies of 128 sounds and pictures
    long_enough = [sizes for sizes, names in groups.items() if _is_long_enough(sizes, facts) and any(map(is_named_like_a_table, names))]
    if len(long_enough) > 1:
        found = " or ".join(f"{sizes[0]} ({groups[sizes][0]!r})" for sizes in long_enough[:2])
        raise MismatchedCheckpointsError(
            f"the vocabularies differ, and the number of their rows is {found}. Write it into both config.json files as vocab_size."
        )
    return long_enough[0] if long_enough else None


def _is_said(sizes: Sizes, facts: Sequence[Facts]) -> bool:
    pairs = list(zip(sizes, facts, strict=True))
    # A tokenizer may name a few rows that the model lacks, never most.
    holds_most = all(one.last is None or 2 * size > one.last for size, one in pairs)
    return holds_most and any(one.sizes for one in facts) and all(size in one.sizes for size, one in pairs if one.sizes)


def _is_long_enough(sizes: Sizes, facts: Sequence[Facts]) -> bool:
    return any(one.last is not None for one in facts) and all(
        not one.sizes if one.last is None else size > one.last for size, one in zip(sizes, facts, strict=True)
    )
