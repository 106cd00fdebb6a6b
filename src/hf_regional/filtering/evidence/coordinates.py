"""Coordinates: columns of latitudes and longitudes in, the country of each point out, less surely the nearer another one is.

Two columns of numbers or texts ("13.7563", "100.5018° E"), or one of structs {lat, lon} or of texts ("13.7563, 100.5018", "geo:...",
"POINT(100.5018 13.7563)"). What is no place on earth, or was no measurement, is set aside and counted by what is wrong with it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.errors import ConfigError
from hf_regional.filtering.evidence.flat import as_text
from hf_regional.filtering.evidence.locating import Located, locate
from hf_regional.filtering.evidence.outlines import REACH_KM
from hf_regional.filtering.evidence.question import Question
from hf_regional.filtering.hits import NOWHERE, Hits, no_hits
from hf_regional.filtering.opinions import Found, by_country

pc: Any = compute  # its functions are made at import, out of a type checker's sight

KIND: Final = "coordinates"
DEFAULT_PAIRS: Final = (("latitude", "longitude"), ("lat", "lon"), ("lat", "lng"), ("lat", "long"))
DEFAULT_COLUMNS: Final = ("coordinates", "geo", "gps")
BLUR_KM: Final = 2.0  # what the outlines may be off: their pieces 0.5 km, the map itself 1 km
_NULL_ISLAND: Final = 1e-3  # degrees around 0, 0, where files put what they do not know
_LATITUDES: Final = ("lat", "latitude", "y")
_LONGITUDES: Final = ("lon", "lng", "long", "longitude", "x")
_FAULTS: Final = (
    "",
    "one of two is missing",
    "no number",
    "0, 0: the place where files put what they do not know",
    "latitude beyond 90 degrees: are the two swapped?",
    "beyond 180 degrees",
    "no country within reach",
)
_AWAY: Final = pa.array([b"S", b"s", b"W", b"w"], pa.large_binary())
_NONE: Final = pa.scalar(None, pa.large_binary())
_NUMBER: Final = r"[+-]?[0-9]{1,3}(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?"
_SIDE: Final = r"\s*(?:°|º|deg)?\s*(?P<{}>[{}]?)"
_ONE: Final = rf"^\s*(?P<number>{_NUMBER})" + _SIDE.format("side", "NSEWnsew") + r"\s*$"
_LAT: Final = rf"(?P<lat>{_NUMBER})" + _SIDE.format("ns", "NSns")
_LON: Final = rf"(?P<lon>{_NUMBER})" + _SIDE.format("ew", "EWew")
_PAIR: Final = rf"^\s*(?:geo:|[(\[])?\s*{_LAT}(?:\s*[,;]\s*|\s+){_LON}\s*[)\]]?\s*$"
_POINT: Final = rf"^\s*(?i:(?:SRID=4326;)?\s*POINT)\s*\(\s*(?P<lon>{_NUMBER})\s+(?P<lat>{_NUMBER})\s*\)\s*$"


class Placed(NamedTuple):
    """The hits, and rows that were set aside by (column, what is wrong)."""

    hits: Hits
    unknown: Mapping[tuple[str, str], int]


class _Points(NamedTuple):
    """Of n rows: degrees, NaN where no number stands; `said` (n,) bool, whether anything stands there, and `whole`, whether both do."""

    latitude: np.ndarray
    longitude: np.ndarray
    said: np.ndarray
    whole: np.ndarray


def find(columns: Sequence[pa.Array | pa.ChunkedArray], names: Sequence[str]) -> Placed:
    """Find the countries of points.

    A row has a hit for the country that its point lies in, or that is nearest within 16 km if it is at sea, and one for another country
    that the point may as well lie in. `value` is the point to two decimals, a kilometre: what is written into a data set must not lead
    to anyone's door. `confidence` rises from 0.5 on a border to 1 at 2 km from it, and falls to half over the 16 km from a coast.

    Args:
        columns: latitude and longitude, or one column that holds both.
        names: of the columns.

    Raises:
        ConfigError: a column holds neither numbers nor texts, or, where there is one, neither structs of both nor texts.
    """
    points = _points([_array(column) for column in columns], names)
    fault = _fault(points)
    row = np.flatnonzero(fault == 0)
    row = row[points.said[row]]
    where = locate(points.latitude[row], points.longitude[row])
    fault[row[where.country == NOWHERE]] = len(_FAULTS) - 1
    set_aside = np.bincount(fault, minlength=len(_FAULTS))
    unknown = Counter({(",".join(names), what): int(rows) for what, rows in zip(_FAULTS[1:], set_aside[1:], strict=True) if rows})
    return Placed(_hits(names, points, row, where), unknown)


def find_in(rows: pa.Table | pa.RecordBatch, columns: tuple[str, ...], question: Question) -> Found:
    """Read the coordinates of a batch: from two columns, latitude first, or from one that holds both.

    What was set aside says nothing of a row, as if it were not there, and is counted.
    """
    placed = find([rows[name] for name in columns], columns)
    return Found(placed.hits, by_country(placed.hits, question.region, rows.num_rows), placed.unknown)


def is_readable(kind: pa.DataType, *, is_alone: bool) -> bool:
    """Whether a column's type can hold latitudes or longitudes, or both where it stands alone."""
    if pa.types.is_struct(kind):
        fields = {kind.field(place).name.casefold() for place in range(kind.num_fields)}
        return is_alone and not fields.isdisjoint(_LATITUDES) and not fields.isdisjoint(_LONGITUDES)
    is_text = any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null))
    return is_text or (not is_alone and any(test(kind) for test in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)))


def _array(column: pa.Array | pa.ChunkedArray) -> Any:
    array = column if isinstance(column, pa.Array) else column.combine_chunks()
    array = pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array
    return array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array


def _points(columns: Sequence[Any], names: Sequence[str]) -> _Points:
    for column, name in zip(columns, names, strict=True):
        if not is_readable(column.type, is_alone=len(columns) == 1):
            wanted = "text or a struct with lat and lon" if len(columns) == 1 else "numbers or text"
            message = f"column {name!r} holds {column.type}; coordinates are read from {wanted}: give two columns, latitude and longitude."
            raise ConfigError(message, "columns")
    if len(columns) == 1 and not pa.types.is_struct(columns[0].type):
        return _from_pairs(columns[0])
    latitude, longitude = columns if len(columns) == 2 else _fields(columns[0])
    there = [_is_there(latitude), _is_there(longitude)]
    return _Points(_degrees(latitude), _degrees(longitude), there[0] | there[1], there[0] & there[1])


def _fields(column: Any) -> tuple[Any, Any]:
    names = [column.type.field(place).name for place in range(column.type.num_fields)]
    places = [next(place for place, name in enumerate(names) if name.casefold() in known) for known in (_LATITUDES, _LONGITUDES)]
    flat = column.flatten()  # nulls of the struct become nulls of its fields
    return flat[places[0]], flat[places[1]]


def _from_pairs(column: Any) -> _Points:
    texts = _bytes(column)
    pair, point = pc.extract_regex(texts, pattern=_PAIR), pc.extract_regex(texts, pattern=_POINT)
    latitude = np.where(_valid(pair), _signed(pair, "lat", "ns"), _plain(point, "lat"))
    longitude = np.where(_valid(pair), _signed(pair, "lon", "ew"), _plain(point, "lon"))
    there = _is_there(column)
    return _Points(latitude, longitude, there, there)


def _degrees(column: Any) -> np.ndarray:
    if any(test(column.type) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)):
        texts = _bytes(column)
        # A comma for the decimal point is common in Indonesian, Vietnamese and German tables.
        return _signed(pc.extract_regex(pc.replace_substring(texts, b",", b"."), pattern=_ONE), "number", "side")
    return _numbers(column.cast(pa.float64()))


def _signed(found: Any, number: str, side: str) -> np.ndarray:
    away = pc.is_in(found.field(side), value_set=_AWAY).to_numpy(zero_copy_only=False)
    degrees = _plain(found, number)
    return np.where(away, -degrees, degrees)


def _plain(found: Any, number: str) -> np.ndarray:
    return _numbers(as_text(pc.if_else(pc.is_valid(found), found.field(number), _NONE)).cast(pa.float64()))


def _numbers(column: Any) -> np.ndarray:
    return pc.fill_null(column, float("nan")).to_numpy(zero_copy_only=False)


def _bytes(column: Any) -> Any:
    return column.cast(pa.large_string()).cast(pa.large_binary())


def _valid(found: Any) -> np.ndarray:
    return pc.is_valid(found).to_numpy(zero_copy_only=False)


def _is_there(column: Any) -> np.ndarray:
    """Which cells say anything: not null, not NaN, which is how tables of numbers write null, and not blank."""
    if pa.types.is_null(column.type):
        return np.zeros(len(column), np.bool_)
    if pa.types.is_floating(column.type):
        return ~np.isnan(_numbers(column))
    if any(test(column.type) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)):
        return pc.fill_null(pc.match_substring_regex(_bytes(column), r"\S"), False).to_numpy(zero_copy_only=False)
    return _valid(column)


def _fault(points: _Points) -> np.ndarray:
    """What is wrong with each row, (n,) places in `_FAULTS`; 0 for nothing, also where nothing is said."""
    lat, lon = points.latitude, points.longitude
    is_null_island = (abs(lat) < _NULL_ISLAND) & (abs(lon) < _NULL_ISLAND)
    is_swapped = (abs(lat) > 90) & (abs(lat) <= 180) & (abs(lon) <= 90)
    faults = [~points.whole, ~(np.isfinite(lat) & np.isfinite(lon)), is_null_island, is_swapped, (abs(lat) > 90) | (abs(lon) > 180)]
    return np.where(points.said, np.select(faults, range(1, len(faults) + 1), 0), 0)


def _hits(names: Sequence[str], points: _Points, row: np.ndarray, where: Located) -> Hits:
    sure = np.clip((where.rival_off - where.off) / BLUR_KM, 0.0, 1.0) / 2 + 0.5
    at_hand = 1 - where.off / REACH_KM / 2
    own, other = (
        np.flatnonzero(where.country != NOWHERE),
        np.flatnonzero((where.rival != NOWHERE) & (sure < 1) & (where.country != NOWHERE)),
    )
    if not len(own):
        return no_hits(KIND)
    entry = np.concatenate([own, other])
    order = np.argsort(entry, kind="stable")
    entry, is_own = entry[order], (np.arange(len(order)) < len(own))[order]
    country = np.where(is_own, where.country[entry], where.rival[entry]).astype(np.int16)
    confidence = (np.where(is_own, sure[entry], 1 - sure[entry]) * at_hand[entry]).astype(np.float32)
    nowhere = np.full(len(entry), NOWHERE, np.int32)
    value = _written(points.latitude[row[entry]], points.longitude[row[entry]])
    return Hits(KIND, tuple(names), row[entry], value, country, confidence, nowhere, nowhere, np.zeros(len(entry), np.int16))


def _written(latitude: np.ndarray, longitude: np.ndarray) -> Any:
    # Adding 0 turns -0.0 into 0.0.
    texts = [(pc.round(pa.array(degrees), 2).to_numpy() + 0.0).astype(np.float64) for degrees in (latitude, longitude)]
    return pc.binary_join_element_wise(*(pa.array(text).cast(pa.string()) for text in texts), ",")
