"""Language columns: codes in, votes P(place | language) from the populations of speakers out.

P(region | language) is the share of the language's speakers who live in the region. At 0.5 or more the language selects the
region: most who write it are from there. Below 0.2 four in five live elsewhere and the row is "other". Between the two it is
"ambiguous": neither answer would be right often enough, and a row that a third of the time is the region's must not silently
count as the world's.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from hf_regional.filtering.evidence.cells import Cell, Piece, whole
from hf_regional.filtering.verdict import Answer, Evidence, Reading, Verdict
from hf_regional.records import LANGUAGE
from hf_regional.regions import Region, countries_of_language, language_code

KIND: Final = "language"
DEFAULT_COLUMNS: Final = (LANGUAGE,)
SELECTS: Final = 0.5
REJECTS: Final = 0.2
_VOTE: Final = 0.05  # countries below it are not listed: one in twenty speakers says little about a row


class Vote(NamedTuple):
    """P(region | language), and the countries anywhere with P(country | language) >= 0.05, most speakers first."""

    language: str  # CLDR's code
    inside: float
    countries: tuple[tuple[str, float], ...]


def read(cells: tuple[tuple[str, Cell], ...], region: Region) -> Reading:
    """Read the language columns of a row; of several languages the one nearest to the region speaks."""
    found = [(column, piece, vote(piece.text, region)) for column, cell in cells for piece in whole(cell)]
    unknown = tuple((column, piece.text) for column, piece, ballot in found if ballot is None)
    known = [(column, piece, ballot) for column, piece, ballot in found if ballot is not None]
    evidence = tuple(one for column, piece, ballot in known for one in _evidence(column, piece, ballot))
    if not known:
        return Reading(KIND, unknown=unknown)
    column, _, ballot = max(known, key=lambda item: item[2].inside)
    return Reading(KIND, evidence, _opinion(column, ballot), unknown)


def canonical(cell: Cell) -> frozenset[str]:
    """List the languages in a cell, in CLDR's codes.

    >>> canonical("az-Latn-AZ"), canonical(("tl", "Filipino"))
    (frozenset({'az'}), frozenset({'fil'}))
    """
    return frozenset(code for piece in whole(cell) if (code := language_code(piece.text)))


@lru_cache(maxsize=1 << 14)
def vote(text: str, region: Region) -> Vote | None:
    """Let a language vote, given as any code or name; null where it is no language, or one without figures.

    >>> language, inside, countries = vote("Malay", Region("SEA"))
    >>> language, round(inside, 3), [country for country, _ in countries]
    ('ms', 1.0, ['MYS', 'IDN'])
    """
    inside, shares = region.share_of_language(text), countries_of_language(text)
    if inside is None or shares is None:
        return None
    return Vote(language_code(text) or text, inside, tuple((country, share) for country, share in shares.items() if share >= _VOTE))


def _evidence(column: str, piece: Piece, ballot: Vote) -> list[Evidence]:
    votes = ballot.countries or ((None, ballot.inside),)
    return [Evidence(KIND, piece.text, country, share, column, piece.start, piece.end) for country, share in votes]


def _opinion(column: str, ballot: Vote) -> Verdict:
    answer, confidence = answer_of(ballot.inside)
    countries = tuple(sorted(country for country, share in ballot.countries if share >= SELECTS))
    return Verdict(answer, f"{KIND}:{ballot.language}", confidence, countries, column)


def answer_of(inside: float) -> tuple[Answer, float]:
    """The answer that P(region | language) comes to, and how surely; of "ambiguous" P(region)."""
    if inside >= SELECTS:
        return "kept", inside
    return ("ambiguous", inside) if inside >= REJECTS else ("other", 1.0 - inside)
