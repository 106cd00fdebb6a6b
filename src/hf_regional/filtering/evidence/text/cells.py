"""Cells: one text as it was given and folded in; what is true of it as a whole out, worked out only when asked."""

import re
from typing import Final

from hf_regional.filtering.evidence.text.rules import Rules

_WRITTEN: Final = re.compile("[A-ZÀ-ÖØ-Þ\u0391-\u03a9\u0410-\u042f][a-zß-öø-ÿ\u03b1-\u03c9\u0430-\u044f]")
_READ: Final = 2000  # characters of a cell that are looked through for its words: a caption says what it sells at its beginning


class Cell:
    """A text with names in it; `sells`: it reads like a list of goods, and what they are called after is not where they are."""

    __slots__ = ("_capitals", "_rules", "_words", "folded", "given", "sells")

    def __init__(self, given: str, folded: str, sells: bool, rules: Rules) -> None:
        self.given, self.folded, self.sells, self._rules = given, folded, sells, rules
        self._capitals: bool | None = None
        self._words: frozenset[str] | None = None

    @property
    def words(self) -> frozenset[str]:
        """Its words, folded; of a long cell those at its beginning."""
        if self._words is None:
            self._words = frozenset(self.folded[:_READ].split())
        return self._words

    @property
    def has_capitals(self) -> bool:
        """Whether it has words with a capital, so that a name without one is probably none."""
        if self._capitals is None:
            self._capitals = _WRITTEN.search(self.given) is not None
        return self._capitals

    def is_elsewhere(self, spans: list[tuple[int, int]]) -> bool:
        """Whether it says that something is at a place that is none of its known names, which stand at `spans`."""
        found = (match.start(1) for match in self._rules.somewhere.finditer(self.given[:_READ]))
        return any(all(not start <= place < end for start, end in spans) for place in found)
