"""Hashtags: folded text in; the names inside tags that run words together ("#pinoyfood", "#visitsingapore"), with their places, out."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from hf_regional.filtering.evidence.text.folding import SIGNS, SPACE, Folded
from hf_regional.filtering.evidence.text.tables import rows_of

_HASH: Final = next(place for place, signs in enumerate(SIGNS) if signs[0] == "#")
_LEAST: Final = 4  # letters of a name within a tag: "pai" is in "paintings"
_LONGEST: Final = 60  # letters of a tag that are read
_TAGS: Final = 1 << 15  # tags remembered: a corpus repeats its own


class _Cut(NamedTuple):
    """A way to cut the first letters of a tag: how many pieces, and (first letter, end, name) of those that are names."""

    pieces: int
    names: tuple[tuple[int, int, int], ...]


class Hashtags:
    """The names of a lexicon as they stand in tags, without blanks, and the words that may stand around them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = {name.replace(" ", ""): place for place, name in enumerate(names) if name.isascii()}
        self._names = {name: place for name, place in self._names.items() if len(name) >= _LEAST}
        self._words = frozenset(word for row in rows_of("hashtag_words.tsv") for word in row["words"].split())
        self._longest = max(map(len, (*self._names, *self._words)), default=0)
        self._cut = lru_cache(_TAGS)(self._cut_afresh)

    def find(self, folded: Folded, text: str) -> list[tuple[int, int, int]]:
        """List (first character, end, name) of the names in the tags of a folded text."""
        signs = np.flatnonzero(folded.signs == _HASH)
        found = list[tuple[int, int, int]]()
        for blank in folded.origins.folded(signs).tolist():
            start = blank + 1
            tag = text[start : text.find(" ", start)] if blank >= 0 and folded.codes[blank] == SPACE else ""
            if _LEAST < len(tag) <= _LONGEST and tag.isascii():
                found += [(start + first, start + end, name) for first, end, name in self._cut(tag)]
        return found

    def _cut_afresh(self, tag: str) -> tuple[tuple[int, int, int], ...]:
        """Cut a tag into names and known words without rest, the fewest pieces; nothing if that cannot be done, or with no name."""
        best: list[_Cut | None] = [_Cut(0, ()), *([None] * len(tag))]
        for end in range(1, len(tag) + 1):
            for start in range(max(end - self._longest, 0), end):
                before, piece = best[start], tag[start:end]
                name = self._names.get(piece) if piece not in self._words else None
                if before is None or (name is None and piece not in self._words and not piece.isdigit()):
                    continue
                old = best[end]
                if old is None or before.pieces + 1 < old.pieces:
                    best[end] = _Cut(before.pieces + 1, before.names if name is None else (*before.names, (start, end, name)))
        return best[-1].names if best[-1] else ()
