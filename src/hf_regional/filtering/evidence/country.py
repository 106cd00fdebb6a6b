"""Country columns: ISO codes or names in, the countries they name out.

A cell may name several ("Indonesia, Malaysia", or a list). Any of them inside the region keeps the row, and all of them are
reported: dropping what is partly from the region would lose it, and the caller can still see the countries outside.
"""

from collections.abc import Iterator
from typing import Final

from hf_regional.filtering.evidence.cells import Cell, Piece, split, whole
from hf_regional.filtering.verdict import Evidence, Reading, Verdict
from hf_regional.records import COUNTRY
from hf_regional.regions import Region, country_code

KIND: Final = "country"
DEFAULT_COLUMNS: Final = (COUNTRY, "country")


def read(cells: tuple[tuple[str, Cell], ...], region: Region) -> Reading:
    """All countries named in the country columns of a row, and whether one of them is in the region.

    The confidence of "kept" is the share of the countries named that lie inside.
    """
    found = [(column, piece, code) for column, cell in cells for piece, code in _pieces(cell)]
    evidence = tuple(Evidence(KIND, piece.text, code, 1.0, column, piece.start, piece.end) for column, piece, code in found if code)
    unknown = tuple((column, piece.text) for column, piece, code in found if code is None)
    return Reading(KIND, evidence, _opinion(evidence, region), unknown)


def canonical(cell: Cell) -> frozenset[str]:
    """List the countries that a cell names, as alpha-3 codes."""
    return frozenset(code for _, code in _pieces(cell) if code)


def _pieces(cell: Cell) -> Iterator[tuple[Piece, str | None]]:
    """List the pieces of a cell, each with the code of the country it names."""
    for piece in whole(cell):
        # The whole text first: "Korea, Republic of" is one country.
        code = country_code(piece.text)
        if code:
            yield piece, code
        else:
            yield from ((part, country_code(part.text)) for part in split(piece))


def _opinion(evidence: tuple[Evidence, ...], region: Region) -> Verdict | None:
    countries = tuple(sorted({one.country for one in evidence if one.country}))
    inside = tuple(code for code in countries if code in region.countries)
    if not countries:
        return None
    named = inside or countries
    column = next(one.column for one in evidence if one.country == named[0])
    answer, share = ("kept", len(inside) / len(countries)) if inside else ("other", 1.0)
    return Verdict(answer, f"{KIND}:{'+'.join(named)}", share, countries, column)
