"""Context: a name found in a row and the clause around it in; what it is there, and how surely, out."""

from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from hf_regional.filtering.evidence.text.entries import Entry, Meaning, accented
from hf_regional.filtering.evidence.text.rules import AT, JOIN, PLAIN, SKIP, Rules, Words
from hf_regional.filtering.evidence.text.scripts import is_spaced

_STEPS: Final = 4  # entries on either side that are stepped over
_ENDS: Final = frozenset({"", ",", ":", ")", "."})
_OPENS: Final = frozenset({"", ",", ":", "("})
_LISTS: Final = frozenset({",", "&"})
_BARE: Final = frozenset({"food", "goods", "breed", "thing"})  # "in Turkey sandwiches" is no English: what is there has no preposition
_SAID: Final = 0.75  # P(the place) of a homograph of which the text says that something is there
_NAMES: Final = 0.3  # a homograph with a lower prior is a place only where it is written as a name
_AGAINST: Final = 0.05
_BORNE: Final = 0.15  # "Jordan Peterson", "Paris Hilton"
_FEW, _MANY = 5, 9  # letters: "Hue" for Huế is a word of other languages, and of nine letters no two words differ by accents alone
_UNACCENTED, _MISACCENTED = 0.4, 0.3
_SMALL: Final = (0.5, 0.75)  # a place in small letters among words with capitals: bare, and where something is said to be there
_COLUMN: Final = {"demonym": 1, "language-name": 1, "dish": 2, "culture": 2, "flag": 2}  # of `classes.tsv`; places have the first
_SHORT: Final = 0.5  # a town of a few letters inside a text without blanks may be part of a longer word


class Clause(NamedTuple):
    """Where a name stands: the rest of its clause, a blank at the ends of each half, and the signs beside it, "" at the ends of a row.

    written: the name as it stands there. capital: with a capital, or among words that have none. joined: no sign on one side, in a
    script without blanks. before_capital: the next word has a capital. start, end: places in the folded text.
    """

    written: str

    tail: str
    lead: str
    opens: str
    closes: str
    capital: bool
    joined: bool
    before_capital: bool
    start: int
    end: int


class Name:
    """A name read in its clause: role is a class of `heads.tsv` or "", explicit whether the text says that something is there,
    joins whether it goes on with a list, attributive whether a noun follows, scores the (country, confidence) of its readings.
    """

    __slots__ = ("attributive", "clause", "entry", "explicit", "joins", "role", "scores")

    def __init__(self, entry: Entry, clause: Clause, words: AbstractSet[str], rules: Rules) -> None:
        _, tail, lead, opens, closes, *_ = clause
        role, said = _behind(tail, rules.before) if tail else ("", False)
        self.joins = role == JOIN or (opens in _LISTS and not tail)
        role = "" if role == JOIN else role
        after, at = _ahead(lead, rules.after) if lead and closes not in _ENDS else ("", False)
        filled = not tail and not lead and opens in _OPENS and closes in _ENDS
        said = entry.is_place and (said or at or filled)
        self.entry, self.clause = entry, clause
        self.role = role or ("" if said and after in _BARE or closes == "'" else after)
        self.explicit = said and not self.role
        follows = bool(lead) and not at and (closes == " " or closes == "-")
        self.attributive = follows and lead[1 : lead.find(" ", 1)] not in rules.function_words
        self.scores = [(meaning.country, self._score(meaning, words, rules)) for meaning in entry.meanings]

    def _score(self, meaning: Meaning, words: AbstractSet[str], rules: Rules) -> float:
        weight = meaning.weight * self._likelihood(meaning.category, words)
        if self.role:
            return weight * rules.factors[self.role][_COLUMN.get(meaning.category, 0)]
        return weight**0.5 if self.explicit else weight

    def _likelihood(self, category: str, words: AbstractSet[str]) -> float:
        """P(this is the name of what the lexicon says | how it is written, what else the row says)."""
        homograph, capital = self.entry.homograph, self.clause.capital
        accents = _accents(self.entry, self.clause.written)
        if homograph is None:
            if self.entry.short and self.clause.joined and category == "city" and not self.explicit:
                return _SHORT
            return accents * (1.0 if capital or not self.entry.is_place else _SMALL[self.explicit])
        if not homograph.against.isdisjoint(words):
            return _AGAINST
        if homograph.given_name and self.attributive and self.clause.before_capital and not self.explicit:
            return _BORNE
        written = capital or homograph.prior >= _NAMES
        if self.explicit and written:
            return accents * max(homograph.prior, _SAID)
        return accents * (homograph.prior if written else homograph.prior / 2)


def _accents(entry: Entry, written: str) -> float:
    """P(the name | the accents it is written with): left out they say little of long names, others than its own are another word."""
    if written.isascii():
        return 1.0 if entry.plain or len(written) > _FEW else _UNACCENTED
    if written[0] >= "ɐ" or len(written) > (_MANY if entry.accents else _FEW) or accented(written) in entry.accents:
        return 1.0
    return _MISACCENTED


def _behind(tail: str, table: Words) -> tuple[str, bool]:
    """The class of the head noun before a name, or whether a word of place stands there, across articles, points of the compass..."""
    if not is_spaced(tail[-2]):
        role = next((role for length in table.lengths if (role := table.unspaced.get(tail[-1 - length : -1]))), "")
        return ("", role == AT) if role in (AT, SKIP, PLAIN) else (role, False)
    for step in range(_STEPS):
        role, length = _match_end(tail, table)
        if role == AT:
            return "", True
        if role not in (SKIP, PLAIN):
            return (role, False) if step == 0 else ("", False)
        tail = tail[: 1 - length]
    return "", False


def _ahead(lead: str, table: Words) -> tuple[str, bool]:
    """The class of the head noun behind a name, across adjectives, or whether a postposition stands there."""
    if not is_spaced(lead[1]):
        role = next((role for length in table.lengths if (role := table.unspaced.get(lead[1 : length + 1]))), "")
        return ("", role == AT) if role in (AT, SKIP, PLAIN) else (role, False)
    for step in range(_STEPS):
        role, length = _match_start(lead, table)
        if role != SKIP:
            return ("", step == 0 and role == AT) if role in (AT, PLAIN) else (role, False)
        lead = lead[length - 1 :]
    return "", False


def _match_end(tail: str, table: Words) -> tuple[str, int]:
    for entry, role in table.spaced.get(tail[tail.rfind(" ", 0, -1) + 1 : -1], ()):
        if tail.endswith(entry):
            return role, len(entry)
    return "", 0


def _match_start(lead: str, table: Words) -> tuple[str, int]:
    for entry, role in table.spaced.get(lead[1 : lead.find(" ", 1)], ()):
        if lead.startswith(entry):
            return role, len(entry)
    return "", 0
