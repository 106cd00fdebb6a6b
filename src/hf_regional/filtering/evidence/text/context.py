"""Context: the names found in one row and the text around them in; for each, what it is there and how surely, out."""

from dataclasses import dataclass, field
from typing import Final

from hf_regional.filtering.evidence.text.matching import Meaning
from hf_regional.filtering.evidence.text.rules import PHRASE, Homograph, Rules, Words
from hf_regional.filtering.evidence.text.scripts import is_spaced

PLACES: Final = frozenset({"country", "former", "capital", "city", "province", "landmark", PHRASE})
CONTAINERS: Final = frozenset({"country", "former", "province", PHRASE})
_WINDOW: Final = 48  # characters on either side that are read
_REACH: Final = 3  # words on either side
_CLAUSE: Final = frozenset(",:().#&")
_END: Final = frozenset(",:).\x1e")
_CAPITAL_PRIOR: Final = 0.3  # a homograph below it is a place only where it is written as a name


@dataclass(slots=True)
class Name:
    """One name in a row: where it stands in the folded text, its readings, and what the words beside it say."""

    start: int
    end: int
    text: str
    meanings: tuple[Meaning, ...]
    capital: bool  # written as a name, or in a script or a row without capitals
    role: str = ""  # a class of `heads.tsv`, or nothing
    explicit: bool = False  # the text says that something is there
    attributive: bool = False  # a noun follows
    scores: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])  # country, confidence

    @property
    def is_place(self) -> bool:
        return self.meanings[0].category in PLACES


def read_name(name: Name, marked: str, words: "set[str] | None", rules: Rules) -> None:
    """Read the words beside a name: fills in role, explicit, attributive and scores."""
    start, end = name.start, name.end
    before, after = marked[max(start - _WINDOW, 0) : start], marked[end : end + _WINDOW]
    gap_before, gap_after = before[-1:], after[:1]
    name.role = _head_after(after, rules.after) or _head_before(before, rules.before)
    if name.is_place and not name.role:
        name.explicit = _is_at(before, after, gap_before, gap_after, rules)
    name.attributive = gap_after in " -" and after[1:2] not in ("\x1e", "") and not _stops(after, rules)
    homograph = rules.homographs.get(name.text)
    name.scores = [(meaning.country, score) for meaning in name.meanings if (score := _score(name, meaning, homograph, words, rules)) > 0]


def _score(name: Name, meaning: Meaning, homograph: Homograph | None, words: set[str] | None, rules: Rules) -> float:
    weight, place = meaning.weight, meaning.category in PLACES
    if homograph is not None:
        if words and not homograph.against.isdisjoint(words):
            return 0.05 * weight
        prior = homograph.prior
        if name.explicit and (name.capital or prior >= _CAPITAL_PRIOR):
            prior = max(prior, 0.75)
        weight *= prior if name.capital or prior >= _CAPITAL_PRIOR else prior / 2
    elif not name.capital and place:
        weight *= 0.75 if name.explicit else 0.5
    if name.role:
        factor = rules.factors[name.role]
        return weight * factor[0 if place else 1]
    return weight**0.5 if name.explicit else weight


def _is_at(before: str, after: str, gap_before: str, gap_after: str, rules: Rules) -> bool:
    starts, ends = before[-2:-1] in ("\x1e", ""), gap_after in _END or after[1:2] in ("\x1e", "")
    if (starts or gap_before in ",:(") and ends:
        return True
    said = _said_after(after, rules.at_after)
    return said == "at" or _walk_back(before, rules.at_before)


def _walk_back(before: str, table: Words) -> bool:
    """Whether a word of place stands before, across articles, points of the compass and the like."""
    tail = _tail(before)
    if tail and not is_spaced(tail[-1]):
        return _longest_end(tail, table) == "at"
    parts = tail.split()
    while parts:
        for count in range(min(_REACH, len(parts)), 0, -1):
            role = table.spaced.get(" ".join(parts[-count:]))
            if role == "at":
                return True
            if role == "skip":
                del parts[-count:]
                break
        else:
            return False
    return False


def _said_after(after: str, table: Words) -> str:
    head = _lead(after)
    if head and not is_spaced(head[0]):
        return _longest_start(head, table)
    parts = head.split()[:1]
    return table.spaced.get(parts[0], "") if parts else ""


def _head_before(before: str, table: Words) -> str:
    tail = _tail(before)
    if tail and not is_spaced(tail[-1]):
        return _plain(_longest_end(tail, table))
    parts = tail.split()[-_REACH:]
    for count in range(len(parts), 0, -1):
        role = table.spaced.get(" ".join(parts[-count:]))
        if role:
            return _plain(role)
    return ""


def _head_after(after: str, table: Words) -> str:
    head = _lead(after)
    if head and not is_spaced(head[0]):
        return _plain(_longest_start(head, table))
    parts = head.split()[: _REACH + 1]
    for first in range(len(parts)):
        for count in range(min(_REACH, len(parts) - first), 0, -1):
            role = table.spaced.get(" ".join(parts[first : first + count]))
            if role and role != "skip":
                return _plain(role)
        if table.spaced.get(parts[first]) != "skip":
            return ""
    return ""


def _plain(role: str) -> str:
    return "" if role == "plain" else role


def _stops(after: str, rules: Rules) -> bool:
    """Whether what follows is no noun that the name could qualify."""
    parts = _lead(after).split(maxsplit=1)
    return not parts or parts[0] in rules.at_before.spaced or parts[0] in rules.at_after.spaced


def _tail(before: str) -> str:
    """What stands before a name in its clause."""
    cut = max(before.rfind(mark) for mark in ",:().&\x1e")
    return before[cut + 1 :].replace("-", " ").replace("'", " ").replace("#", " ").strip()


def _lead(after: str) -> str:
    """What follows a name in its clause."""
    for place, char in enumerate(after):
        if char in _CLAUSE or char == "\x1e":
            return after[:place].replace("-", " ").replace("'", " ").strip()
    return after.replace("-", " ").replace("'", " ").strip()


def _longest_end(tail: str, table: Words) -> str:
    return next((role for word, role in table.unspaced if tail.endswith(word)), "")


def _longest_start(head: str, table: Words) -> str:
    return next((role for word, role in table.unspaced if head.startswith(word)), "")
