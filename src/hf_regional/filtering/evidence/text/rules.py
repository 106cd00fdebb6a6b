"""Rules: the tables of context in; look-ups for the words around a name out.

A user's own rules are more rows: `Rules.read({"heads.tsv": my_table, ...})` adds them to those beside this module.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from hf_regional.filtering.evidence.text.folding import fold_text
from hf_regional.filtering.evidence.text.scripts import is_spaced
from hf_regional.filtering.evidence.text.tables import read_rows, rows_of
from hf_regional.filtering.hits import NOWHERE, country_places

TABLES: Final = ("classes.tsv", "heads.tsv", "homographs.tsv", "phrases.tsv", "places.tsv")
PHRASE: Final = "phrase"


@dataclass(frozen=True, slots=True)
class Homograph:
    """A name that is also something else: P(the place | it stands bare), words that decide against it, whether people bear it."""

    prior: float
    against: frozenset[str]
    given_name: bool


@dataclass(frozen=True, slots=True)
class Words:
    """Words on one side of a name, each with what it says: looked up whole in spaced scripts, by how the text goes on in others."""

    spaced: Mapping[str, str]
    unspaced: tuple[tuple[str, str], ...]  # longest first


@dataclass(frozen=True, slots=True)
class Rules:
    """What the words around a name say of it.

    Attributes:
        before, after: head nouns, by class: "restaurant" behind a demonym is food, "little" before a city a namesake.
        at_before, at_after: words that say that something is there ("in", "di", မှာ), or that are skipped on the way to one ("skip").
        factors: class -> what is left of the confidence of a place and of a demonym.
        homographs: names that are also something else.
    """

    before: Words
    after: Words
    at_before: Words
    at_after: Words
    factors: Mapping[str, tuple[float, float]]
    homographs: Mapping[str, Homograph]
    things: tuple[tuple[str, int, float], ...]

    @classmethod
    def read(cls, extra: Mapping[str, str] | None = None) -> "Rules":
        """Read the tables beside this module, and rows of the same columns from `extra`, table name -> tab-separated text."""
        rows = {name: (*rows_of(name), *read_rows((extra or {}).get(name, ""))) for name in TABLES}
        heads, places = rows["heads.tsv"], rows["places.tsv"]
        return cls(
            _words(heads, "before", "class"),
            _words(heads, "after", "class"),
            _words(places, "before", "role"),
            _words(places, "after", "role"),
            {row["class"]: (float(row["place"]), float(row["demonym"])) for row in rows["classes.tsv"]},
            {fold_text(word): _homograph(row) for row in rows["homographs.tsv"] for word in row["words"].split("|")},
            tuple(_things(rows["phrases.tsv"])),
        )

    def phrases(self) -> tuple[tuple[str, int, float], ...]:
        """Longer names that are whole other things, with their country, or -1: they win over the names within them."""
        return self.things


@cache
def default_rules() -> Rules:
    """The rules that come with the package."""
    return Rules.read()


def _words(rows: tuple[dict[str, str], ...], side: str, says: str) -> Words:
    spaced, unspaced = dict[str, str](), dict[str, str]()
    for row in rows:
        if row["side"] != side:
            continue
        for word in map(fold_text, row["words"].split("|")):
            if word:
                (spaced if is_spaced(word[0]) else unspaced)[word] = row[says]
    return Words(spaced, tuple(sorted(unspaced.items(), key=lambda item: -len(item[0]))))


def _homograph(row: dict[str, str]) -> Homograph:
    against = frozenset(word for word in map(fold_text, row["against"].split("|")) if word)
    return Homograph(float(row["prior"]), against, row["given_name"] == "yes")


def _things(rows: tuple[dict[str, str], ...]) -> Iterator[tuple[str, int, float]]:
    for row in rows:
        country = country_places()[row["country"]] if row["country"] else NOWHERE
        for phrase in row["phrases"].split("|"):
            yield fold_text(phrase), country, float(row["weight"] or 1)
