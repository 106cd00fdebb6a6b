"""Places: a column of countries or languages in, which rows share one and how rare each row's is out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hf_regional.filtering.encoded import encode

_WORD: Final = 64  # names a number holds


@dataclass(frozen=True, slots=True)
class Places:
    """The countries, or the languages, of n rows.

    codes: (n,) int64, which of the k different sets a row has. sets: the k sets, each sorted; the empty one is that of rows that
    name nothing. bits: (k, w) uint64, a bit for each name. rows: how many rows have each name.
    """

    codes: np.ndarray
    sets: tuple[tuple[str, ...], ...]
    bits: np.ndarray
    rows: dict[str, int]

    def shared(self, row: int, others: np.ndarray) -> np.ndarray:
        """Whether a row has a name in common with others, (k,) bool. Rows that name nothing share that with each other only."""
        ours, theirs = self.codes[row], self.codes[others]
        return (ours == theirs) | (self.bits[ours] & self.bits[theirs]).any(axis=1)

    def rarity(self) -> np.ndarray:
        """How many rows have the rarest name of each row, (n,) int64; a row that names nothing counts as the commonest."""
        rarest = [min((self.rows[name] for name in names), default=len(self.codes) + 1) for names in self.sets]
        return np.array(rarest, np.int64)[self.codes]


def read_places(column: pa.Array | pa.ChunkedArray | None, rows: int, name: str, code: Callable[[str], str | None]) -> Places:
    """Read a column of names.

    Args:
        column: (n,) strings or lists of strings; None where there is no such column: then all rows share the same unnamed place.
        rows: n.
        name: what an error calls the column.
        code: the code of a name, so that "Indonesia" and "IDN" are one; a name without a code stands for itself.

    Raises:
        ConfigError: the column holds neither strings nor lists of them.
    """
    if column is None:
        return Places(np.zeros(rows, np.int64), ((),), np.zeros((1, 1), np.uint64), {})
    if pa.types.is_list(column.type) and pa.types.is_null(column.type.value_type):
        column = column.cast(pa.list_(pa.string()))  # lists that are all empty
    found = encode(column, name)
    cells = [_names(value, code) for value in found.values]
    sets = tuple(dict.fromkeys(cells))
    numbers = {names: place for place, names in enumerate(sets)}
    codes = np.array([numbers[names] for names in cells], np.int64)[found.codes]
    return Places(codes, sets, _bits(sets), _counts(sets, codes))


def _names(value: Any, code: Callable[[str], str | None]) -> tuple[str, ...]:
    texts = [str(text).strip() for text in (value if isinstance(value, tuple) else (value,)) if text is not None]
    return tuple(sorted({code(text) or text for text in texts if text}))


def _bits(sets: Sequence[tuple[str, ...]]) -> np.ndarray:
    places = {name: place for place, name in enumerate(sorted({name for names in sets for name in names}))}
    bits = np.zeros((len(sets), len(places) // _WORD + 1), np.uint64)
    for row, names in enumerate(sets):
        for place in (places[name] for name in names):
            bits[row, place // _WORD] |= np.uint64(1 << place % _WORD)
    return bits


def _counts(sets: Sequence[tuple[str, ...]], codes: np.ndarray) -> dict[str, int]:
    rows: dict[str, int] = {}
    for names, count in zip(sets, np.bincount(codes, minlength=len(sets)).tolist(), strict=True):
        for name in names if count else ():
            rows[name] = rows.get(name, 0) + count
    return dict(sorted(rows.items()))
