"""Cells: one text as it was given and folded in; what is true of it as a whole out, worked out only when asked."""

from typing import Final

from hf_regional.filtering.evidence.text.rules import Homograph, Rules

_READ: Final = 2000  # characters of a cell that are looked through for its words: a caption says what it sells at its beginning


class Cell:
    """A text with names in it, as stretches of a piece as it was given and folded; most are never cut out.

    sells: it reads like a list of goods, and
    what they are called after is not where they are.
    """

    __slots__ = ("_folded", "_given", "_rules", "_words", "sells")

    def __init__(self, given: tuple[str, int, int], folded: tuple[str, int, int], sells: bool, rules: Rules) -> None:
        self._given, self._folded, self.sells, self._rules = given, folded, sells, rules
        self._words: frozenset[str] | None = None

    @property
    def words(self) -> frozenset[str]:
        """Its words, folded; of a long cell those at its beginning."""
        if self._words is None:
            text, start, end = self._folded
            self._words = frozenset(text[start : min(end, start + _READ)].split())
        return self._words

    def is_against(self, homograph: Homograph) -> bool:
        """Whether its words decide against the place that a homograph is, too."""
        text, start, end = self._folded
        return not homograph.against.isdisjoint(self.words) or any(text.find(word, start, end) >= 0 for word in homograph.against_inside)

    def is_elsewhere(self, spans: list[tuple[int, int]]) -> bool:
        """Whether it says that something is at a place that is none of its known names, which stand at `spans` of the piece."""
        text, begin, stop = self._given
        found = (match.start(1) for match in self._rules.somewhere.finditer(text, begin, min(stop, begin + _READ)))
        return any(all(not start <= place < end for start, end in spans) for place in found)
