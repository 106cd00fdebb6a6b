"""Entries: a lexicon and the phrases of the rules in; one record a folded name, with its readings, out."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple, Protocol

from hf_regional.filtering.evidence.text import scripts
from hf_regional.filtering.evidence.text.folding import BREAK, accented, code_points, fold, fold_text
from hf_regional.filtering.evidence.text.rules import PHRASE, Homograph, Rules
from hf_regional.filtering.hits import NOWHERE, country_places
from hf_regional.regions.tables import table

PLACES: Final = frozenset({"country", "former", "state", "capital", "city", "province", "landmark", PHRASE})
_WIDEST: Final = ("country", "former", "state", "province", "capital", "city", "landmark", PHRASE)
_SHORT: Final = 4  # so many characters of these scripts may be part of a longer word; two of Han are a town
_SYLLABIC: Final = frozenset({"thai", "lao", "khmer", "burmese"})
_FLAG, _FLAG_WEIGHT = "flag", 0.85  # also shown by visitors, learners and fans
_REGIONAL_A: Final = 0x1F1E6


class Terms(Protocol):
    """A lexicon, as equally long columns."""

    @property
    def text(self) -> Sequence[str]:
        """Names, in any script."""
        ...

    @property
    def country(self) -> Sequence[str]:
        """Alpha-3 codes."""
        ...

    @property
    def category(self) -> Sequence[str]:
        """What a name names: country, demonym, city, dish..."""
        ...

    @property
    def weight(self) -> Sequence[float]:
        """P(country | the name stands alone), in (0, 1]."""
        ...


class Meaning(NamedTuple):
    """One reading of a name: country as a place in `country_codes()`."""

    country: int
    category: str
    weight: float


class Entry(NamedTuple):
    """A folded name with its readings, the likeliest first and one a country; none if it is a thing without one.

    short: a few characters of a script that writes syllables without blanks. accents: the letters of its Latin spellings that have
    accents, see `accented`. plain: it is also spelt without; then `marked` is what the spellings with accents mean, if there are any.
    """

    text: str
    meanings: tuple[Meaning, ...]
    is_place: bool
    short: bool
    accents: frozenset[str]
    plain: bool
    homograph: Homograph | None
    marked: "Entry | None"


def entries_of(terms: Terms, rules: Rules) -> list[Entry]:
    """Gather what folds to one name, by name; what the phrases of the rules say stands against the lexicon."""
    spellings: dict[str, dict[str, dict[int, Meaning]]] = {}  # name -> letters with accents, or "" -> country -> reading
    for name, text, meaning in chain(_named(terms), _flags(), _things(rules)):
        known = spellings.setdefault(name, {}).setdefault(accented(text), {})
        known[meaning.country] = _both(known.get(meaning.country, meaning), meaning)
    spellings.pop("", None)
    return [_entry(name, spellings[name], rules) for name in sorted(spellings)]


def as_written(entry: Entry, written: str) -> Entry:
    """The entry of a spelling with accents where that means something of its own: "Lào" is a country, "Lao" are people."""
    if entry.marked is None or written.isascii() or accented(written) not in entry.accents:
        return entry
    return entry.marked


def _both(one: Meaning, other: Meaning) -> Meaning:
    """Of two readings for one country the wider place, and the higher weight: Singapore is a country more than a capital."""
    widest = min(one, other, key=lambda meaning: _WIDEST.index(meaning.category) if meaning.category in _WIDEST else len(_WIDEST))
    return widest._replace(weight=max(one.weight, other.weight))


def _entry(name: str, spellings: dict[str, dict[int, Meaning]], rules: Rules) -> Entry:
    accents, plain = frozenset(spellings) - {""}, "" in spellings
    marked = [meaning for letters in sorted(accents) for meaning in spellings[letters].values()]
    short = len(name) <= _SHORT and scripts.script_of(name[0]) in _SYLLABIC
    special = _entry_of(name, marked, short, accents, plain, None, rules) if plain and marked else None
    return _entry_of(name, [*spellings[""].values()] if plain else marked, short, accents, plain, special, rules)


def _entry_of(
    name: str, readings: list[Meaning], short: bool, accents: frozenset[str], plain: bool, marked: Entry | None, rules: Rules
) -> Entry:
    best = dict[int, Meaning]()
    for meaning in readings:
        best[meaning.country] = _both(best.get(meaning.country, meaning), meaning)
    meanings = () if NOWHERE in best else tuple(sorted(best.values(), key=lambda meaning: (-meaning.weight, meaning)))
    is_place = bool(meanings) and meanings[0].category in PLACES
    return Entry(name, meanings, is_place, short, accents, plain, rules.homographs.get(name), marked)


def _named(terms: Terms) -> Iterator[tuple[str, str, Meaning]]:
    places = country_places()
    folded = fold(code_points("".join(text + chr(BREAK) for text in terms.text))).text().split(chr(BREAK))[:-1]
    for name, text, country, category, weight in zip(folded, terms.text, terms.country, terms.category, terms.weight, strict=True):
        yield name.strip(), text, Meaning(places[country], category, weight)


def _flags() -> Iterator[tuple[str, str, Meaning]]:
    for row in table("countries.csv"):
        flag = "".join(chr(_REGIONAL_A + ord(letter) - ord("A")) for letter in row["alpha2"])
        yield flag, flag, Meaning(country_places()[row["alpha3"]], _FLAG, _FLAG_WEIGHT)


def _things(rules: Rules) -> Iterator[tuple[str, str, Meaning]]:
    places = country_places()
    for thing in rules.things:
        yield fold_text(thing.text), thing.text, Meaning(places.get(thing.country, NOWHERE), thing.category, thing.weight)
