"""Evidence: the cells of a row in, what they say of its place out. One file a kind; the table below ranks them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hf_regional.filtering.evidence import country, language
from hf_regional.filtering.evidence.cells import Cell
from hf_regional.filtering.verdict import Reading
from hf_regional.regions import Region


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of evidence: how to read its cells, and the columns where it looks unless told otherwise.

    A cell is a text, a tuple of texts (a list column) or null.
    """

    read: Callable[[tuple[tuple[str, Cell], ...], Region], Reading]
    canonical: Callable[[Cell], frozenset[str]]  # the codes a cell names, so that "az-Latn" is found where "az" is excluded
    default_columns: tuple[str, ...]


# Strongest first: a country column outranks a language column.
KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "country": Kind(country.read, country.canonical, country.DEFAULT_COLUMNS),
        "language": Kind(language.read, language.canonical, language.DEFAULT_COLUMNS),
    }
)
