"""Cells: a text, a tuple of texts or null in; the pieces of text that stand in it, with their places, out."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

Cell = str | tuple[str, ...] | None
_BETWEEN: Final = re.compile(r"[,;|/]")


class Piece(NamedTuple):
    """A stretch of a cell without blanks at its ends; places count characters, null inside a list."""

    text: str
    start: int | None
    end: int | None


def whole(cell: Cell) -> Iterator[Piece]:
    """Each text of a cell as it stands, blanks at the ends and empty texts aside.

    >>> list(whole(" id "))
    [Piece(text='id', start=1, end=3)]
    """
    if isinstance(cell, str):
        yield from _trimmed(cell, 0)
    else:
        yield from (Piece(text.strip(), None, None) for text in cell or () if text.strip())


def split(piece: Piece) -> Iterator[Piece]:
    """A piece cut at commas, semicolons, bars and slashes.

    >>> [part.text for part in split(Piece("Laos / Viet Nam", 0, 15))]
    ['Laos', 'Viet Nam']
    """
    at = 0
    for cut in (*_BETWEEN.finditer(piece.text), None):
        end = cut.start() if cut else len(piece.text)
        for part in _trimmed(piece.text[at:end], (piece.start or 0) + at):
            yield part if piece.start is not None else Piece(part.text, None, None)
        at = cut.end() if cut else end


def _trimmed(text: str, offset: int) -> Iterator[Piece]:
    bare = text.strip()
    if bare:
        start = offset + text.index(bare)
        yield Piece(bare, start, start + len(bare))
