"""Context: a name and what stands around it in; what it is there, and how surely, out."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from hf_regional.filtering.evidence.text.entries import Entry, Meaning
from hf_regional.filtering.evidence.text.folding import accented
from hf_regional.filtering.evidence.text.rules import AT, JOIN, OF, OWN, PLAIN, SKIP, Homograph, Rules, Words
from hf_regional.filtering.evidence.text.scripts import is_spaced

LETTER: Final = "x"
FAINT: Final = 0.1  # below it a reading is no evidence
_STEPS: Final = 4  # entries on either side that are stepped over
ENDS: Final = frozenset({"", ",", ":", ")", "."})
_OPENS: Final = frozenset({"", ",", ":", "("})
WORDS: Final = frozenset({" ", "-"})
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


class Setting(NamedTuple):
    """All that decides how a name is read by itself: a few values each, so that names which stand alike are read once.

    before, after: the roles of the words on either side, "" for none. noun: what may be told apart by the name stands behind it. tail,
    lead: its clause has words before it, behind it. opens, closes: the signs beside it, "" at the ends of a cell, `LETTER` in the middle
    of a text without blanks. capital: written as a name, or among words that have no capitals. before_capital: the next word has one.
    has_capitals: words of the cell have. against: words of the cell decide against it, if it is a homograph.
    """

    before: str
    after: str
    noun: bool
    tail: bool
    lead: bool
    opens: str
    closes: str
    capital: bool
    before_capital: bool
    has_capitals: bool
    against: bool

    @property
    def joined(self) -> bool:
        """Whether letters stand next to it."""
        return LETTER in (self.opens, self.closes)


class Reading(NamedTuple):
    """A name read by itself.

    entry, setting: what was read, and where. role: a class of `heads.tsv` or ""; explicit: the text says that something is there; joins:
    it goes on with a list; qualifies: other words stand next to it, so that it may only tell them apart ("Bali dancers", "timnas
    Indonesia"); doubtful: it is perhaps part of a longer name; scores: (country, confidence) of its readings; alone: those of them that
    are evidence where nothing else is in the cell.
    """

    entry: Entry
    setting: Setting
    role: str
    explicit: bool
    joins: bool
    qualifies: bool
    doubtful: bool
    scores: tuple[tuple[int, float], ...]
    alone: tuple[tuple[int, float], ...]


class Name:
    """A name of several in a cell, which are settled against one another.

    entry, setting, role, joins, qualifies, doubtful: as in its `Reading`; explicit, scores: as there, until others change them. start,
    end: its places in the folded text.
    """

    __slots__ = ("_clause", "doubtful", "end", "entry", "explicit", "joins", "qualifies", "role", "scores", "setting", "start")

    def __init__(self, reading: Reading, start: int, end: int, clause: tuple[str, int]) -> None:
        self.start, self.end, self._clause = start, end, clause
        self.entry, self.setting, self.role, self.explicit, self.joins, self.qualifies, self.doubtful, scores, _ = reading
        self.scores = list(scores)

    @property
    def tail(self) -> str:
        """The rest of its clause before it, a blank at either end, or ""."""
        text, start = self._clause
        tail = text[start : self.start].strip()
        return f" {tail} " if tail else ""


def read_name(entry: Entry, written: str, at: Setting, rules: Rules) -> Reading:
    """Read a name in its setting; `written` is the name as it stands there."""
    filled = not at.tail and not at.lead and at.opens in _OPENS and at.closes in ENDS
    said = entry.is_place and (at.before == AT or at.after == AT or filled)
    role = _role(at, said, written, entry)
    explicit = not role and (said or (entry.is_place and at.before == OF and not at.noun))
    joins = at.before == JOIN or (at.opens in _LISTS and not at.tail)
    qualifies = not explicit and (at.noun or at.joined or (at.tail and not joins and at.opens in WORDS))
    doubtful = qualifies and at.before_capital and entry.is_place
    factors = rules.factors[role] if role else ()
    scores = tuple((meaning.country, _score(entry, meaning, written, at, role, explicit, factors)) for meaning in entry.meanings)
    return Reading(entry, at, role, explicit, joins, qualifies, doubtful, scores, tuple(evident(scores)))


def evident(scores: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
    """The scores that are evidence."""
    return [(country, score) for country, score in scores if score >= FAINT and country >= 0]


def _score(entry: Entry, meaning: Meaning, written: str, at: Setting, role: str, explicit: bool, factors: tuple[float, ...]) -> float:
    homograph = _homograph(entry, written)
    likely = _usual(entry, meaning.category, at, explicit) if homograph is None else _other(homograph, written, at, role, explicit)
    weight = meaning.weight * likely * _accents(entry, written)
    if role:
        return weight * factors[_COLUMN.get(meaning.category, 0)]
    if meaning.category in _TELLS:
        return weight * (_UNTOLD if at.noun else _LANGUAGE if meaning.category == "language-name" else 1)
    if meaning.category in _COLUMN:
        return weight * _AWAY
    return weight**0.5 if explicit else weight


def _usual(entry: Entry, category: str, at: Setting, explicit: bool) -> float:
    """P(this is the name, as it is written) of what has no other meaning."""
    if not at.capital and entry.is_place:
        return _SMALL[explicit]
    return _SHORT if entry.short and at.joined and category == "city" and not explicit else 1.0


def _other(homograph: Homograph, written: str, at: Setting, role: str, explicit: bool) -> float:
    """P(the place) of a name that is also something else."""
    if at.against:
        return _AGAINST
    if homograph.given_name and at.noun and at.before_capital and not explicit:
        return _BORNE
    if not at.capital and homograph.prior < _NAMES:
        return homograph.prior / 2
    if explicit:
        return max(homograph.prior, _SAID) * (1.0 if at.capital else _SMALL[True])
    if not at.capital:
        return homograph.prior * _SMALL[False]
    begins = not at.opens and not at.tail and not at.before_capital
    caseless = written[0] < _CASED and role != OWN and (begins or not at.has_capitals)
    return homograph.prior * (_CASELESS if caseless else 1.0)


def _homograph(entry: Entry, written: str) -> Homograph | None:
    """The other meaning of a name, unless its accents rule that out."""
    homograph = entry.homograph
    if homograph is None or written.isascii() or not entry.accents:
        return homograph
    letters = accented(written)
    return None if letters in entry.accents and letters not in homograph.accents else homograph


def _role(at: Setting, said: bool, written: str, entry: Entry) -> str:
    """The class of the head noun beside a name, if it has one that matters there."""
    after = at.after
    if at.before and at.before not in _QUIET:
        role = at.before
    elif (
        not after
        or after in _QUIET
        or at.closes == "'"
        or (said and after in _BARE)
        or (after in _PROPER and entry.is_place and written[0].isupper() and not at.before_capital)
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


def role_behind(tail: str, table: Words) -> str:
    """The role of the words before a name, a blank at either end; across articles and the like only that something is there."""
    if not is_spaced(tail[-2]):
        return next((role for length in table.lengths.get(tail[-2], ()) if (role := table.unspaced.get(tail[-1 - length : -1]))), "")
    for step in range(_STEPS):
        role, length = _match_end(tail, table)
        if role not in (SKIP, PLAIN):
            return role if step == 0 or role in (AT, OF) else ""
        tail = tail[: 1 - length]
    return ""


def role_ahead(lead: str, table: Words) -> str:
    """The role of the words behind a name, a blank at either end; across adjectives."""
    if not is_spaced(lead[1]):
        return next((role for length in table.lengths.get(lead[1], ()) if (role := table.unspaced.get(lead[1 : length + 1]))), "")
    for step in range(_STEPS):
        role, length = _match_start(lead, table)
        if role != SKIP:
            return role if step == 0 or role != AT else ""
        lead = lead[length - 1 :]
    return ""


def _match_end(tail: str, table: Words) -> tuple[str, int]:
    """The role of the longest entry with which a text ends, and its length with a blank at either end."""
    role, length, start = "", 0, len(tail) - 1
    for _ in range(table.most.get(tail[tail.rfind(" ", 0, start) + 1 : start], 0)):
        start = tail.rfind(" ", 0, start)
        if start < 0:
            break
        if longer := table.spaced.get(tail[start + 1 : -1]):
            role, length = longer, len(tail) - start
    return role, length


def _match_start(lead: str, table: Words) -> tuple[str, int]:
    """The same at the beginning."""
    role, length, end = "", 0, 0
    for _ in range(table.most.get(lead[1 : lead.find(" ", 1)], 0)):
        end = lead.find(" ", end + 1)
        if end < 0:
            break
        if longer := table.spaced.get(lead[1:end]):
            role, length = longer, end + 1
    return role, length
