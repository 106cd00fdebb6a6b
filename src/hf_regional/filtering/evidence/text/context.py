"""Context: a name found in a cell and the clause around it in; what it is there, and how surely, out."""

from typing import Final, NamedTuple

from hf_regional.filtering.evidence.text.cells import Cell
from hf_regional.filtering.evidence.text.entries import Entry, Meaning
from hf_regional.filtering.evidence.text.folding import accented
from hf_regional.filtering.evidence.text.rules import AT, JOIN, OF, OWN, PLAIN, SKIP, Homograph, Rules, Words
from hf_regional.filtering.evidence.text.scripts import is_spaced

_STEPS: Final = 4  # entries on either side that are stepped over
_ENDS: Final = frozenset({"", ",", ":", ")", "."})
_OPENS: Final = frozenset({"", ",", ":", "("})
_WORDS: Final = frozenset({" ", "-"})
_LISTS: Final = frozenset({",", "&"})
_QUIET: Final = frozenset({AT, OF, JOIN, PLAIN, SKIP})  # roles that are no class of head nouns
_BARE: Final = frozenset({"food", "goods", "breed", "thing"})  # "in Turkey sandwiches" is no English: what is there has no preposition
_PROPER: Final = frozenset({"street", "venue", "organisation"})  # "Bangkok Street" is a name, a "Bangkok street" is in Bangkok
_TELLS: Final = frozenset({"demonym", "language-name"})  # what they tell apart decides: a "Cuban farmer" is in Cuba, a "Cuban heel" is not
_UNTOLD: Final = 0.5
_AWAY: Final = 0.98  # dishes and customs travel: a word that is one country's by half is no evidence by itself
_LANGUAGE: Final = 0.7  # of P(country | a language's name): what is said in it, or of it, may be anywhere
_COLUMN: Final = {"demonym": 1, "language-name": 1, "dish": 2, "culture": 2, "flag": 2}  # of `classes.tsv`; places have the first
_SAID: Final = 0.75  # P(the place) of a homograph of which the text says that something is there
_NAMES: Final = 0.3  # a homograph with a lower prior is a place only where it is written as a name
_AGAINST: Final = 0.05
_BORNE: Final = 0.15  # "Jordan Peterson", "Paris Hilton"
_SMALL: Final = (0.5, 0.75)  # a place in small letters among words with capitals: bare, and where something is said to be there
_CASELESS: Final = 0.7  # where capitals do not tell: at the beginning, or among words all small or all large
_CASED: Final = "\u0590"  # letters with capitals lie below
_SHORT: Final = 0.5  # a town of a few letters inside a text without blanks may be part of a longer word
_FEW, _MANY = 5, 9  # letters: "Hue" for Huế is a word of other languages, and of nine letters no two words differ by accents alone
_UNACCENTED, _MISACCENTED = 0.4, 0.3


class Clause(NamedTuple):
    """Where a name stands.

    written: the name as it stands there; start, end: its places in the folded text. tail, lead: the rest of its clause before and behind
    it, a blank at either end; opens, closes: the signs beside it, "" at the ends of a cell. capital: written as a name, or among words
    that have no capitals. before_capital: the next word has one. joined: letters stand next to it, in a script without blanks.
    """

    written: str
    start: int
    end: int
    tail: str
    lead: str
    opens: str
    closes: str
    capital: bool
    before_capital: bool
    joined: bool


class Name:
    """A name read in its clause.

    role: a class of `heads.tsv` or ""; explicit: the text says that something is there; joins: it goes on with a list; qualifies: other
    words stand next to it, so that it may only tell them apart ("Bali dancers", "timnas Indonesia"); scores: (country, confidence) of
    its readings.
    """

    __slots__ = ("clause", "entry", "explicit", "joins", "qualifies", "role", "scores")

    def __init__(self, entry: Entry, clause: Clause, cell: Cell, rules: Rules) -> None:
        _, _, _, tail, lead, opens, closes, *_ = clause
        before = _behind(tail, rules.before) if tail else ""
        after = _ahead(lead, rules.after) if lead and closes not in _ENDS else ""
        noun = bool(lead) and closes in _WORDS and after != AT and lead[1 : lead.find(" ", 1)] not in rules.function_words
        filled = not tail and not lead and opens in _OPENS and closes in _ENDS
        said = entry.is_place and (before == AT or after == AT or filled)
        self.entry, self.clause = entry, clause
        self.role = _role(before, after, said, clause, entry)
        self.explicit = not self.role and (said or (entry.is_place and before == OF and not noun))
        self.joins = before == JOIN or (opens in _LISTS and not tail)
        self.qualifies = not self.explicit and (noun or clause.joined or (bool(tail) and not self.joins and opens in _WORDS))
        self.scores = [(meaning.country, self._score(meaning, noun, cell, rules)) for meaning in entry.meanings]

    def _score(self, meaning: Meaning, noun: bool, cell: Cell, rules: Rules) -> float:
        homograph = _homograph(self.entry, self.clause.written)
        likely = self._usual(meaning.category) if homograph is None else self._other(homograph, noun, cell)
        weight = meaning.weight * likely * _accents(self.entry, self.clause.written)
        if self.role:
            return weight * rules.factors[self.role][_COLUMN.get(meaning.category, 0)]
        if meaning.category in _TELLS:
            return weight * (_UNTOLD if noun else _LANGUAGE if meaning.category == "language-name" else 1)
        if meaning.category in _COLUMN:
            return weight * _AWAY
        return weight**0.5 if self.explicit else weight

    def _usual(self, category: str) -> float:
        """P(this is the name, as it is written) of what has no other meaning."""
        if not self.clause.capital and self.entry.is_place:
            return _SMALL[self.explicit]
        return _SHORT if self.entry.short and self.clause.joined and category == "city" and not self.explicit else 1.0

    def _other(self, homograph: Homograph, noun: bool, cell: Cell) -> float:
        """P(the place) of a name that is also something else."""
        if not homograph.against.isdisjoint(cell.words) or cell.has_any(homograph.against_inside):
            return _AGAINST
        if homograph.given_name and noun and self.clause.before_capital and not self.explicit:
            return _BORNE
        if not self.clause.capital and homograph.prior < _NAMES:
            return homograph.prior / 2
        if self.explicit:
            return max(homograph.prior, _SAID) * (1.0 if self.clause.capital else _SMALL[True])
        if not self.clause.capital:
            return homograph.prior * _SMALL[False]
        begins = not self.clause.opens and not self.clause.tail and not self.clause.before_capital
        caseless = self.clause.written[0] < _CASED and self.role != OWN and (begins or not cell.has_capitals)
        return homograph.prior * (_CASELESS if caseless else 1.0)


def _homograph(entry: Entry, written: str) -> Homograph | None:
    """The other meaning of a name, unless its accents rule that out."""
    homograph = entry.homograph
    if homograph is None or written.isascii() or not entry.accents:
        return homograph
    letters = accented(written)
    return None if letters in entry.accents and letters not in homograph.accents else homograph


def _role(before: str, after: str, said: bool, clause: Clause, entry: Entry) -> str:
    """The class of the head noun beside a name, if it has one that matters there."""
    if before and before not in _QUIET:
        role = before
    elif (
        not after
        or after in _QUIET
        or clause.closes == "'"
        or (said and after in _BARE)
        or (after in _PROPER and entry.is_place and clause.written[0].isupper() and not clause.before_capital)
    ):
        return ""
    else:
        role = after
    if role == OWN and entry.is_place:
        return ""
    return "" if role in _PROPER and entry.meanings[0].category == "landmark" else role


def _accents(entry: Entry, written: str) -> float:
    """P(the name | the accents it is written with): left out they say little of long names, others than its own are another word."""
    if written.isascii():
        return 1.0 if entry.plain or len(written) > _FEW else _UNACCENTED
    if written[0] >= "ɐ" or len(written) > (_MANY if entry.accents else _FEW) or accented(written) in entry.accents:
        return 1.0
    return _MISACCENTED


def _behind(tail: str, table: Words) -> str:
    """The role of the words before a name; across articles, points of the compass and the like only that something is there."""
    if not is_spaced(tail[-2]):
        return next((role for length in table.lengths if (role := table.unspaced.get(tail[-1 - length : -1]))), "")
    for step in range(_STEPS):
        role, length = _match_end(tail, table)
        if role not in (SKIP, PLAIN):
            return role if step == 0 or role in (AT, OF) else ""
        tail = tail[: 1 - length]
    return ""


def _ahead(lead: str, table: Words) -> str:
    """The role of the words behind a name, across adjectives."""
    if not is_spaced(lead[1]):
        return next((role for length in table.lengths if (role := table.unspaced.get(lead[1 : length + 1]))), "")
    for step in range(_STEPS):
        role, length = _match_start(lead, table)
        if role != SKIP:
            return role if step == 0 or role != AT else ""
        lead = lead[length - 1 :]
    return ""


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
