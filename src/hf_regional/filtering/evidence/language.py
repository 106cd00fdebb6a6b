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
from hf_regional.regions import Region

KIND: Final = "language"
DEFAULT_COLUMNS: Final = (LANGUAGE,)
SELECTS: Final = 0.5
REJECTS: Final = 0.2
_VOTE: Final = 0.05  # countries below it are not listed: one in twenty speakers says little about a row


class Vote(NamedTuple):
    """P(region | language), and the countries of the region with P(country | language) >= 0.05, largest first."""

    language: str  # as the table of populations writes it
    inside: float
    countries: tuple[tuple[str, float], ...]


def read(cells: tuple[tuple[str, Cell], ...], region: Region) -> Reading:
    """What the language columns of a row say; of several languages the one nearest to the region speaks."""
    found = [(column, piece, vote(piece.text, region)) for column, cell in cells for piece in whole(cell)]
    unknown = tuple((column, piece.text) for column, piece, ballot in found if ballot is None)
    known = [(column, piece, ballot) for column, piece, ballot in found if ballot is not None]
    evidence = tuple(one for column, piece, ballot in known for one in _evidence(column, piece, ballot))
    if not known:
        return Reading(KIND, unknown=unknown)
    column, _, ballot = max(known, key=lambda item: item[2].inside)
    return Reading(KIND, evidence, _opinion(column, ballot), unknown)


def canonical(cell: Cell) -> frozenset[str]:
    """The primary subtags in a cell.

    >>> canonical("az-Latn-AZ")
    frozenset({'az'})
    """
    return frozenset(_primary(piece.text) for piece in whole(cell))


@lru_cache(maxsize=1 << 14)
def vote(code: str, region: Region) -> Vote | None:
    """How a language votes; null where the table of populations does not have it."""
    name = next((name for name in (code, _primary(code)) if region.share_of_language(name) is not None), None)
    if name is None:
        return None
    shares = ((country, Region(country).share_of_language(name) or 0.0) for country in sorted(region.countries))
    countries = sorted((pair for pair in shares if pair[1] >= _VOTE), key=lambda pair: -pair[1])
    return Vote(name, region.share_of_language(name) or 0.0, tuple(countries))


def _primary(code: str) -> str:
    return code.casefold().replace("_", "-").partition("-")[0]


def _evidence(column: str, piece: Piece, ballot: Vote) -> list[Evidence]:
    votes = ballot.countries or ((None, ballot.inside),)
    return [Evidence(KIND, piece.text, country, share, column, piece.start, piece.end) for country, share in votes]


def _opinion(column: str, ballot: Vote) -> Verdict:
    answer, confidence = _answer(ballot.inside)
    countries = tuple(sorted(country for country, share in ballot.countries if share >= SELECTS))
    return Verdict(answer, f"{KIND}:{ballot.language}", confidence, countries, column)


def _answer(inside: float) -> tuple[Answer, float]:
    if inside >= SELECTS:
        return "kept", inside
    return ("ambiguous", inside) if inside >= REJECTS else ("other", 1.0 - inside)
