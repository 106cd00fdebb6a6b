"""Columns with columns in them: an Arrow array of any depth in; the same array with its texts masked and fields about persons gone out.

A field inside is named by its path: `messages.content`, `meta.annotator.id`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hf_regional.filtering.consent.columns import pc

SEP: Final = "."


@dataclass(frozen=True, slots=True)
class Leaf:
    """One column without columns in it, or a field that is dropped with all below it."""

    path: str
    kind: pa.DataType


def leaves(field: pa.Field, path: str = "") -> Iterator[Leaf]:
    """Yield every field of a column, groups before what is in them; lists have the path of their members.

    >>> [leaf.path for leaf in leaves(pa.field("chat", pa.list_(pa.struct([("role", pa.string()), ("text", pa.string())]))))]
    ['chat', 'chat.role', 'chat.text']
    """
    here = f"{path}{SEP}{field.name}" if path else field.name
    kind = field.type
    yield Leaf(here, kind)
    while is_list(kind):
        kind = kind.value_type
    if pa.types.is_struct(kind):
        for place in range(kind.num_fields):
            yield from leaves(kind.field(place), here)


@dataclass(frozen=True, slots=True)
class Surgery:
    """What to do to which fields: `drops` are left out and shown to `dropped`, `texts` go through `mask`, each with its path."""

    drops: frozenset[str]
    texts: frozenset[str]
    mask: Callable[[pa.Array, str], pa.Array]
    dropped: Callable[[pa.Array, str], None]

    def concerns(self, path: str) -> bool:
        """Whether anything is to be done to a field or below it."""
        return any(other == path or other.startswith(path + SEP) for other in (*self.drops, *self.texts))


def rebuild(array: pa.Array, path: str, surgery: Surgery) -> pa.Array | None:
    """Mask the texts and drop the fields of one column.

    Args:
        array: (n,).
        path: its name.
        surgery: what to do.

    Returns:
        (n,) the array itself where nothing in it changes, else one of the same type without the dropped fields; null where nothing
        is left.
    """
    if path in surgery.drops:
        surgery.dropped(array, path)
        return None
    if not surgery.concerns(path):
        return array
    if is_list(array.type):
        return _rebuild_list(array, path, surgery)
    if pa.types.is_struct(array.type):
        return _rebuild_struct(array, path, surgery)
    return surgery.mask(array, path) if path in surgery.texts else array


def is_list(kind: pa.DataType) -> bool:
    """Whether a type holds lists that can be rebuilt from their members."""
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def is_text(kind: pa.DataType) -> bool:
    """Whether a type is text, a dictionary of text, or lists of either."""
    while is_list(kind):
        kind = kind.value_type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _rebuild_list(array: Any, path: str, surgery: Surgery) -> pa.Array | None:
    # `flatten` leaves out what lies under nulls and outside of a slice, so that nothing hidden is counted or kept.
    inside = array.flatten()
    members = rebuild(inside, path, surgery)
    if members is None or members is inside:
        return None if members is None else array
    kind = array.type
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    field = kind.value_field.with_type(members.type)
    nulls = array.is_null() if array.null_count else None
    if pa.types.is_fixed_size_list(kind):
        return _rebuild_fixed(array, members, field)
    wide = pa.types.is_large_list(kind)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64 if wide else np.int32))
    if wide:
        return pa.LargeListArray.from_arrays(offsets, members, type=pa.large_list(field), mask=nulls)
    return pa.ListArray.from_arrays(offsets, members, type=pa.list_(field), mask=nulls)


def _rebuild_fixed(array: Any, members: pa.Array, field: pa.Field) -> pa.Array:
    size = array.type.list_size
    kind = pa.list_(field, size)
    if not array.null_count:
        return pa.FixedSizeListArray.from_arrays(members, type=kind)
    # `flatten` gave no members for null lists; each needs `size` of them again.
    valid = np.repeat(array.is_valid().to_numpy(zero_copy_only=False), size)
    places = np.where(valid, np.cumsum(valid) - 1, 0)
    filled = members.take(pa.array(places, mask=~valid))
    return pa.FixedSizeListArray.from_arrays(filled, type=kind, mask=array.is_null())


def _rebuild_struct(array: Any, path: str, surgery: Surgery) -> pa.Array | None:
    children = array.flatten()
    rebuilt = [rebuild(child, f"{path}{SEP}{field.name}", surgery) for field, child in zip(array.type, children, strict=True)]
    if all(new is old for new, old in zip(rebuilt, children, strict=True)):
        return array
    kept = [(field.with_type(child.type), child) for field, child in zip(array.type, rebuilt, strict=True) if child is not None]
    if not kept:
        return None
    nulls = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays([child for _, child in kept], fields=[field for field, _ in kept], mask=nulls)
