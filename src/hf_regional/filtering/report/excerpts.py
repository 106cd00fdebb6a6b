"""Excerpts: a cell of any kind and where evidence stands in it in; a stretch of text that can be shown, with its places, out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import pyarrow as pa

LENGTH: Final = 300  # characters
_BEFORE: Final = 80  # characters before the first evidence, where that stands deep in a text
_MOST_BYTES: Final = 1 << 20  # of a text, read to find the stretch: a row may hold a book
# What has no picture of its own or turns the line around it: control characters, halves of surrogate pairs, direction overrides.
# One for one, so that places stay true; marks that Persian and Arabic are written with stay.
_ODD: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of the text in a column; `spans` are places in it, ascending, none within another. Dots stand where it was cut."""

    column: str
    text: str
    spans: tuple[tuple[int, int], ...] = ()
    cut_before: bool = False
    cut_after: bool = False

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for `from_dict`."""
        return {
            "column": self.column,
            "text": self.text,
            "spans": [list(span) for span in self.spans],
            "cut_before": self.cut_before,
            "cut_after": self.cut_after,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Excerpt":
        """The excerpt that `as_dict` wrote."""
        read: dict[str, Any] = {**record, "spans": tuple((start, end) for start, end in record["spans"])}
        return cls(**read)

    def pieces(self) -> list[tuple[str, bool]]:
        """The text in pieces, each with whether it is evidence.

        >>> Excerpt("text", "in Laos now", ((3, 7),)).pieces()
        [('in ', False), ('Laos', True), (' now', False)]
        """
        found, at = list[tuple[str, bool]](), 0
        for start, end in self.spans:
            found += [(self.text[at:start], False), (self.text[start:end], True)]
            at = end
        return [piece for piece in (*found, (self.text[at:], False)) if piece[0]]


def excerpt(cell: object, column: str, evidence: Sequence[Mapping[str, Any]], length: int = LENGTH) -> Excerpt | None:
    """Cut a cell to a stretch that shows the first evidence in it; null where there is no text.

    Args:
        cell: a text, several, or null.
        column: where it stands.
        evidence: of the row; entries with this column and with a `start` and an `end` are marked.
        length: characters.
    """
    text = readable(cell)
    if text is None:
        return None
    places = sorted((one["start"], one["end"]) for one in evidence if one["column"] == column and one["start"] is not None)
    begin = max(0, places[0][0] - _BEFORE) if places and places[0][1] > length else 0
    shown = text[begin : begin + length]
    return Excerpt(column, shown, _spans(places, begin, len(shown)), begin > 0, begin + length < len(text))


def readable(cell: object) -> str | None:
    r"""A cell as text that can be shown and written; null where it holds nothing.

    >>> readable(["a", None, "b\u202ec"]), readable("  "), readable(3)
    ('a · b�c', None, '3')
    """
    if isinstance(cell, list | tuple):
        parts = [readable(part) for part in cast("Sequence[object]", cell)]
        return " · ".join(part for part in parts if part) or None
    text = "" if cell is None else str(cell)
    return _ODD.sub("\ufffd", text) if text.strip() else None


def python_value(scalar: Any) -> Any:
    """An Arrow value as a Python one, as `as_py`, but with texts that are no UTF-8 mended instead of an error, and long ones cut."""
    if pa.types.is_list(scalar.type) or pa.types.is_large_list(scalar.type) or pa.types.is_fixed_size_list(scalar.type):
        return [python_value(value) for value in scalar.values] if scalar.is_valid else None
    if pa.types.is_struct(scalar.type):
        return {name: python_value(scalar[name]) for name in scalar} if scalar.is_valid else None
    if pa.types.is_dictionary(scalar.type):
        return python_value(scalar.value)
    if not scalar.is_valid or not _is_text(scalar.type):
        return scalar.as_py()
    return bytes(scalar.as_buffer()[:_MOST_BYTES]).decode("utf-8", "replace")


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _spans(places: Sequence[tuple[int, int]], begin: int, length: int) -> tuple[tuple[int, int], ...]:
    """Places within the stretch, those that overlap as one."""
    spans: list[tuple[int, int]] = []
    for start, end in places:
        start, end = max(start - begin, 0), min(end - begin, length)
        if spans and start < spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        elif start < end:
            spans.append((start, end))
    return tuple(spans)
