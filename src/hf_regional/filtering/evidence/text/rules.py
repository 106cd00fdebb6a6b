"""Rules: the tables of context in; look-ups for the words around a name out.

A user's own rules are more rows: `Rules.read({"heads.tsv": my_table, ...})` adds them to those beside this module.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from hf_regional.filtering.evidence.text.checking import COLUMNS, check
from hf_regional.filtering.evidence.text.folding import accented, fold_text
from hf_regional.filtering.evidence.text.scripts import is_spaced
from hf_regional.filtering.evidence.text.tables import rows_of

PHRASE: Final = "phrase"
# What words beside a name say where they are no head nouns: something is there; something is its own, or there; they are stepped over;
# nothing; a list goes on.
# "in" is an "at" behind which a word with a capital is a place, known or not.
OWN: Final = "own"  # the class of head nouns that a demonym is enough for: people, temples, landscapes
AT, OF, SKIP, PLAIN, JOIN = "at", "of", "skip", "plain", "join"


@dataclass(frozen=True, slots=True)
class Homograph:
    """A name that is also something else: P(the place | it stands bare), words that decide against it, whether people bear it.

    against_inside: those in scripts without blanks, which are looked for inside the text. accents: spellings with accents that have the
    other meaning, too: "hue" is a colour, "Huế" is not, and "Lào" is a tobacco.
    """

    prior: float
    against: frozenset[str]
    against_inside: tuple[str, ...]
    accents: frozenset[str]
    given_name: bool


_IN: Final = "in"
_FUNCTION: Final = frozenset({_IN, AT, OF, SKIP, JOIN})


class Thing(NamedTuple):
    """A name that the rules add to the lexicon; country is an alpha-3 code, or "" for what is nowhere."""

    text: str
    country: str
    category: str
    weight: float


@dataclass(frozen=True, slots=True)
class Words:
    """Words on one side of a name, each with its role: looked up by the word next to the name in spaced scripts, by length in others.

    spaced: entry -> role, of one word or several; most: nearest word -> of how many words the longest entry with it is. alone: nearest
    word -> role where it is the only entry with it, and is not stepped over. unspaced: entry -> role; lengths: nearest character -> how
    long the entries with it are, longest first.
    """

    spaced: Mapping[str, str]
    most: Mapping[str, int]
    alone: Mapping[str, str]
    unspaced: Mapping[str, str]
    lengths: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the words around a name say of it.

    Attributes:
        before, after: words on either side, with a role: a class of head nouns ("restaurant" behind a demonym is food, "little" before a
            city a namesake), "at" where they say that something is there ("in", "di", မှာ), "skip" on the way to one.
        factors: class -> what is left of the confidence of a place, of a demonym, and of a dish or another thing of a culture.
        homographs: names that are also something else.
        things: more names: places elsewhere, and phrases that are whole other things and win over the names within them.
        function_words: words behind a name that are no noun.
        goods: words of which one makes a text a list of goods.
        somewhere: a preposition of place and, as its group, a word with a capital.
    """

    before: Words
    after: Words
    factors: Mapping[str, tuple[float, ...]]
    homographs: Mapping[str, Homograph]
    things: tuple[Thing, ...]
    function_words: frozenset[str]
    goods: frozenset[str]
    somewhere: re.Pattern[str]

    @classmethod
    def read(cls, extra: Mapping[str, str] | None = None) -> "Rules":
        """Read the tables beside this module, and rows of the same columns from `extra`, table name -> tab-separated text.

        Raises:
            UnknownNameError, MissingColumnError, BadRowError: `extra` has a wrong table, column or cell.
        """
        own = check(extra or {}, [row["class"] for row in rows_of("classes.tsv")])
        rows = {name: (*rows_of(name), *own.get(name, ())) for name in COLUMNS}
        # Heads last: where a word is in both tables, it makes something else of the name.
        words = [(row["side"], row.get("class") or row["role"], row["words"]) for name in ("places.tsv", "heads.tsv") for row in rows[name]]
        return cls(
            _words([(role, cell) for side, role, cell in words if side == "before"], -1),
            _words([(role, cell) for side, role, cell in words if side == "after"], 0),
            {row["class"]: tuple(float(row[column]) for column in ("place", "demonym", "dish")) for row in rows["classes.tsv"]},
            {fold_text(word): _homograph(row) for row in rows["homographs.tsv"] for word in row["words"].split("|")},
            (*_things(rows["elsewhere.tsv"], "texts"), *_things(rows["phrases.tsv"], "phrases")),
            frozenset(fold_text(word) for side, role, cell in words if side == "before" and role in _FUNCTION for word in cell.split("|")),
            frozenset(fold_text(word) for row in rows["goods.tsv"] for word in row["words"].split("|")),
            _somewhere(cell for side, role, cell in words if (side, role) == ("before", _IN)),
        )


@cache
def default_rules() -> Rules:
    """The rules that come with the package."""
    return Rules.read()


def _words(rows: Iterable[tuple[str, str]], nearest: int) -> Words:
    roles = {fold_text(word): AT if role == _IN else role for role, cell in rows for word in cell.split("|")}
    roles.pop("", None)
    unspaced = {word: role for word, role in roles.items() if not is_spaced(word[nearest])}
    spaced, most = {word: role for word, role in roles.items() if word not in unspaced}, dict[str, int]()
    for words in map(str.split, spaced):
        most[words[nearest]] = max(most.get(words[nearest], 0), len(words))
    alone = {word: spaced[word] for word, size in most.items() if size == 1 and spaced[word] not in (SKIP, PLAIN)}
    lengths = dict[str, set[int]]()
    for word in unspaced:
        lengths.setdefault(word[nearest], set()).add(len(word))
    return Words(spaced, most, alone, unspaced, {char: tuple(sorted(some, reverse=True)) for char, some in lengths.items()})


def _homograph(row: dict[str, str]) -> Homograph:
    against = frozenset(word for word in map(fold_text, row["against"].split("|")) if word)
    inside = tuple(word for word in sorted(against) if not is_spaced(word[0]))
    accents = frozenset(accented(word) for word in row["words"].split("|")) - {""}
    return Homograph(float(row["prior"]), against - frozenset(inside), inside, accents, row["given_name"] == "yes")


def _somewhere(cells: Iterable[str]) -> re.Pattern[str]:
    words = sorted({word for cell in cells for word in cell.split("|") if word.isalpha() and is_spaced(word[0])})
    return re.compile(rf"\b(?:{'|'.join(words)})\s+(?:the\s+)?([A-ZÀ-ÖØ-Þ])")


def _things(rows: tuple[dict[str, str], ...], texts: str) -> Iterator[Thing]:
    for row in rows:
        for text in row[texts].split("|"):
            yield Thing(text, row["country"], row.get("category", PHRASE), float(row["weight"] or 1))
