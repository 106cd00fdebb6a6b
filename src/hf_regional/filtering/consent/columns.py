"""Columns by what they are for: the names in a schema in, those of each role out; and any Arrow column as values and codes."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.errors import ConfigError, MissingColumnError
from hf_regional.filtering.consent.tables import table
from hf_regional.filtering.encoded import Encoded, encode
from hf_regional.nearest import did_you_mean

pc: Any = compute  # its functions are made at import, out of a type checker's sight
Column: TypeAlias = pa.Array | pa.ChunkedArray
Roles: TypeAlias = Mapping[str, str | Sequence[str] | None]

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def name_key(name: str) -> str:
    """One spelling for a column's name: "annotatorInfo", "Annotator Info" and "annotator-info" are "annotator_info".

    >>> name_key("X-Robots-Tag"), name_key("imageURL")
    ('x_robots_tag', 'image_url')
    """
    return re.sub(r"[^\w]+|_+", "_", _HUMP.sub("_", name.strip())).strip("_").casefold() or name


def fits(name: str, patterns: Sequence[str]) -> str | None:
    """The first pattern that a column's name fits, in any spelling."""
    bare = name_key(name)
    return next((pattern for pattern in patterns if fnmatchcase(bare, pattern) or name == pattern), None)


def roles(present: Sequence[str], asked: Roles) -> dict[str, tuple[str, ...]]:
    """Find the columns of each role: those that were asked for, else those whose names are in `columns.csv`.

    Args:
        present: the names in the schema.
        asked: role -> column, columns, or null for none; a role that is not in it is looked up.

    Returns:
        Role -> columns, in the order of the table.

    Raises:
        ConfigError: a role that does not exist.
        MissingColumnError: a column that is not there.
    """
    for role, names in asked.items():
        if role not in known_roles():
            hint = did_you_mean(role, known_roles())
            raise ConfigError(f"columns has no role {role!r}.{hint} Known: {', '.join(known_roles())}.", "columns")
        for name in (names,) if isinstance(names, str) else names or ():
            if name not in present:
                raise MissingColumnError(
                    f"columns[{role!r}]: there is no column {name!r}.{did_you_mean(name, present)} Present: {', '.join(present)}.",
                    frozenset({name}),
                )
    return {role: _asked(asked[role]) if role in asked else _usual(role, present) for role in known_roles()}


@cache
def known_roles() -> tuple[str, ...]:
    """The roles that a column can have."""
    return tuple(dict.fromkeys(row["role"] for row in table("columns.csv")))


def distinct(column: Column, name: str) -> Encoded:
    """List the distinct values of a column of any type that has them, invalid UTF-8 replaced; row i holds `values[codes[i]]`.

    Raises:
        ConfigError: structs and lists of anything but text.
    """
    return encode(readable(column), name)


def readable(column: Column) -> pa.ChunkedArray:
    """The column with text that every function reads: no views, and U+FFFD where bytes are no UTF-8 (a lone surrogate, a cut)."""
    whole = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column], type=column.type)
    if pa.types.is_string_view(whole.type):
        whole = whole.cast(pa.large_string())
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        return pa.chunked_array([_repaired(chunk) for chunk in whole.chunks], type=None)
    return whole


def _repaired(chunk: pa.Array) -> pa.Array:
    kind = chunk.type
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(chunk.indices, _repaired(chunk.dictionary), safe=False).dictionary_decode()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        lengths = pc.fill_null(pc.list_value_length(chunk), 0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))
        return pa.LargeListArray.from_arrays(offsets, _repaired(pc.list_flatten(chunk)), mask=chunk.is_null())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        raw = chunk.cast(pa.large_binary()).to_pylist()
        return pa.array([None if text is None else text.decode("utf-8", "replace") for text in raw], pa.large_string())
    return chunk


def _asked(names: str | Sequence[str] | None) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names or ())


def _usual(role: str, present: Sequence[str]) -> tuple[str, ...]:
    spelled: dict[str, str] = {}
    for name in present:
        spelled.setdefault(name_key(name), name)
    return tuple(spelled[row["column"]] for row in table("columns.csv") if row["role"] == role and row["column"] in spelled)
