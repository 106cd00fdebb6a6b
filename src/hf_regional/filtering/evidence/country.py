"""Country columns: ISO codes or names in, the countries they name out.

A cell may name several ("Indonesia, Malaysia", or a list). Any of them inside the region keeps the row, and all of them are
reported: dropping what is partly from the region would lose it, and the caller can still see the countries outside.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from hf_regional.filtering.evidence.cells import Cell, Piece, split, whole
from hf_regional.filtering.verdict import Evidence, Reading, Verdict
from hf_regional.records import COUNTRY
from hf_regional.regions import Region, country_code

KIND: Final = "country"
DEFAULT_COLUMNS: Final = (COUNTRY, "country")

_code = lru_cache(maxsize=1 << 16)(country_code)


def read(cells: tuple[tuple[str, Cell], ...], region: Region) -> Reading:
    """All countries named in the country columns of a row, and whether one of them is in the region.

    The confidence of "kept" is the share of the countries named that lie inside.
    """
    found = [(column, piece) for column, cell in cells for piece in _pieces(cell)]
    evidence = tuple(
        Evidence(KIND, piece.text, code, 1.0, column, piece.start, piece.end) for column, piece in found if (code := _code(piece.text))
    )
    unknown = tuple((column, piece.text) for column, piece in found if not _code(piece.text))
    return Reading(KIND, evidence, _opinion(evidence, region), unknown)


def canonical(cell: Cell) -> frozenset[str]:
    """The alpha-3 codes that a cell names."""
    return frozenset(code for piece in _pieces(cell) if (code := _code(piece.text)))


def _pieces(cell: Cell) -> Iterator[Piece]:
    for piece in whole(cell):
        # The whole text first: "Korea, Republic of" is one country.
        yield from (piece,) if _code(piece.text) else split(piece)


def _opinion(evidence: tuple[Evidence, ...], region: Region) -> Verdict | None:
    countries = tuple(sorted({one.country for one in evidence if one.country}))
    inside = tuple(code for code in countries if code in region.countries)
    if not countries:
        return None
    named = inside or countries
    column = next(one.column for one in evidence if one.country == named[0])
    answer, share = ("kept", len(inside) / len(countries)) if inside else ("other", 1.0)
    return Verdict(answer, f"{KIND}:{'+'.join(named)}", share, countries, column)
