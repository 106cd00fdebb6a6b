"""Evidence: the columns of a batch in, what they say of each row's place out. One file a kind; the table below ranks them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

import pyarrow as pa

from hf_regional.filtering.evidence import coordinates, country, detected, language, located, references, taken, url, words
from hf_regional.filtering.evidence.by_hit import find_by_hit
from hf_regional.filtering.evidence.by_value import find_by_value
from hf_regional.filtering.evidence.cells import Cell
from hf_regional.filtering.evidence.question import Question
from hf_regional.filtering.opinions import Found, by_country, by_share

Find = Callable[[pa.Table | pa.RecordBatch, tuple[str, ...], Question], Found]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of evidence: how to find it in the columns of a batch, and the columns where it looks unless told otherwise.

    canonical: the codes that a cell names, so that "az-Latn" is found where "az" is excluded; null where cells hold no codes.
    default_pairs: columns that say something together alone; the first that are all there, if none of `default_columns` is.
    names_outside: whether countries outside the region are named too. A language says no more of them than "elsewhere": most
    Chinese is written in China, and much of it is not.
    """

    find: Find
    default_columns: tuple[str, ...]
    canonical: Callable[[Cell], frozenset[str]] | None = None
    default_pairs: tuple[tuple[str, ...], ...] = ()
    names_outside: bool = True


_TEXTS: Final = ("text", "caption", "title")

# Strongest first: a country column outranks words, words an address, and an address a language.
KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "locate": Kind(located.find, ()),
        "country": Kind(partial(find_by_value, kind=country.KIND, read=country.read), country.DEFAULT_COLUMNS, country.canonical),
        "coordinates": Kind(coordinates.find_in, coordinates.DEFAULT_COLUMNS, default_pairs=coordinates.DEFAULT_PAIRS),
        "exif": Kind(taken.find, ()),  # by default the columns that are known to hold pictures: a name alone does not tell
        "place": Kind(partial(words.find, kind="place"), ("place", "location")),
        "text": Kind(partial(words.find, kind="text"), _TEXTS),
        "url": Kind(partial(find_by_hit, kind=url.KIND, find=url.find, opine=by_country), url.DEFAULT_COLUMNS),
        "language": Kind(
            partial(find_by_value, kind=language.KIND, read=language.read),
            language.DEFAULT_COLUMNS,
            language.canonical,
            names_outside=False,
        ),
        "detected": Kind(partial(find_by_hit, kind=detected.KIND, find=detected.find, opine=by_share), _TEXTS, names_outside=False),
        "image": Kind(references.find, ("image",)),
    }
)
