"""URL columns: addresses in, the country of each one's domain out, as surely as names under that domain are from there.

    https://www.moh.gov.my/   "gov.my"   MYS 0.96      only the country's own have such a name
    https://www.kompas.id/    "id"       IDN 0.82
    https://shop.my/          "shop.my"  MYS 0.30      English, for which the domain is sold
    https://bit.ly/3xY        nothing                  a short link leads anywhere

Languages in a path or before a host ("/th/", "vi.wikipedia.org") are not read: they tell how a page is written, which its text tells
better, and "/id/" and "/my/" are mostly English.
"""

from functools import reduce
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.filtering.evidence.domains import Domains, domains
from hf_regional.filtering.evidence.flat import as_text, characters, flatten
from hf_regional.filtering.hits import NOWHERE, Hits, no_hits

pc: Any = compute  # its functions are made at import, out of a type checker's sight

KIND: Final = "url"
DEFAULT_COLUMNS: Final = ("url", "image_url", "page_url", "source_url")
WORD: Final = 0.3  # P(country | a name that makes English of its domain): the busy ones are mostly from elsewhere

_DOT: Final = pa.scalar(b".", pa.large_binary())
_NOTHING: Final = pa.scalar(b"", pa.large_binary())
_NO_COUNTRY: Final = (b".com", b".net", b".org")  # most hosts there are; set aside before the costly pattern
_HOST: Final = r"[^\x00-\x20/?#\\@:\[\]\"'<>(){},;=&%|!*^~`]"
# Anchored and decided by the character at hand, so that RE2 matches it in one pass.
_ADDRESS: Final = r"^(?P<head>[\x00-\x20]*(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//)(?P<authority>[^/?#\\\x00-\x20]+)"
_BARE: Final = rf"^(?P<head>[\x00-\x20]*)(?P<authority>{_HOST}+\.{_HOST}{{2,}}(?::[0-9]*)?)(?P<tail>(?:[/?#\\][^\x00-\x20]*)?)[\x00-\x20]*$"
_SHORT: Final = "^[a-z0-9]{1,2}$"  # "x.la": as good as a short link wherever names are sold by the word
_DOMAIN: Final = r"^(?P<before>(?:.*[.@])?)(?P<second>[^.:@\[\]]+)\.(?P<domain>[^.:@\[\]]+)\.?(?::[0-9]*)?$"


class _Authorities(NamedTuple):
    """What m addresses have before their first slash: "http://", "user@www.example.co.th:80"; ordered by row."""

    row: np.ndarray
    head: Any
    authority: Any
    is_name: np.ndarray  # a cell such as "kompas.id" and nothing else, which may be the name of a file


def find(column: pa.Array | pa.ChunkedArray, name: str) -> Hits:
    """Find the country-code domains of the addresses in a column, one hit an address at most.

    `value` is the domain in lower case with the labels that its weight rests on ("th", "co.th", "shop.my"); `start` and `end` are where
    it stands. Cells that are no address have no hit, nor have short links and words that end in a domain (youtu.be, andro.id).

    Args:
        column: (n,) texts or lists of texts, of any Arrow type that holds them.
        name: of the column.

    Raises:
        ConfigError: the column holds no texts.
    """
    flat, known = flatten(column, name), domains()
    found = _authorities(flat.texts, flat.row)
    kept, parts, place = _with_country(found.authority, known)
    weight, labels = _weigh(parts, place, found.is_name[kept], known)
    speaks = np.flatnonzero(weight)
    if not len(speaks):
        return no_hits(KIND)
    kept, country, sure = kept[speaks], known.country[place[speaks]], weight[speaks].astype(np.float32)
    value, start, end = _places(parts.take(pa.array(speaks)), found.head.take(pa.array(kept)), labels[speaks], flat.whole)
    return Hits(KIND, (name,), found.row[kept], value, country, sure, start, end, np.zeros(len(kept), np.int16))


def _authorities(texts: pa.Array, row: np.ndarray) -> _Authorities:
    full = pc.extract_regex(texts, pattern=_ADDRESS)
    is_full = pc.is_valid(full).to_numpy(zero_copy_only=False)
    if is_full.all():
        return _Authorities(row, full.field("head"), full.field("authority"), np.zeros(len(row), np.bool_))
    others = np.flatnonzero(~is_full)
    bare = pc.extract_regex(texts.take(pa.array(others)), pattern=_BARE)
    places = np.concatenate([np.flatnonzero(is_full), others[pc.is_valid(bare).to_numpy(zero_copy_only=False)]])
    full, bare = full.drop_null(), bare.drop_null()
    alone = pc.and_(pc.equal(pc.binary_length(bare.field("tail")), 0), pc.equal(pc.count_substring(bare.field("authority"), "."), 1))
    is_name = np.concatenate([np.zeros(len(full), np.bool_), alone.to_numpy(zero_copy_only=False)])
    head, authority = (pa.concat_arrays([full.field(part), bare.field(part)]) for part in ("head", "authority"))
    order = np.argsort(places)
    return _Authorities(row[places[order]], head.take(pa.array(order)), authority.take(pa.array(order)), is_name[order])


def _with_country(authorities: Any, known: Domains) -> tuple[np.ndarray, Any, np.ndarray]:
    """Which m of the authorities end in a domain that has a country; their parts; and the place of each domain in `known`."""
    maybe = np.flatnonzero(~reduce(np.logical_or, (_ends_with(authorities, ending) for ending in _NO_COUNTRY)))
    parts = pc.extract_regex(authorities.take(pa.array(maybe)), pattern=_DOMAIN)
    place = pc.index_in(_lower(parts.field("domain")), value_set=known.name)
    is_known = pc.is_valid(place).to_numpy(zero_copy_only=False)
    return maybe[is_known], parts.filter(pa.array(is_known)), place.drop_null().to_numpy(zero_copy_only=False)


def _weigh(parts: Any, place: np.ndarray, is_name: np.ndarray, known: Domains) -> tuple[np.ndarray, np.ndarray]:
    """P(country) of m addresses, 0 where nothing is said, and how many labels of the host that rests on."""
    second, before = _lower(parts.field("second")), _lower(parts.field("before"))
    both = pc.binary_join_element_wise(second, _lower(parts.field("domain")), _DOT)
    is_national = _is_in(both, known.seconds)
    is_word = _is_in(second, known.words) | pc.match_substring_regex(second, _SHORT).to_numpy(zero_copy_only=False)
    is_anywhere = pc.if_else(pa.array(is_national), before, pc.binary_join_element_wise(second, _NOTHING, _DOT))
    weak = ~is_national & is_word & known.is_word[place]
    weak |= pc.match_substring_regex(is_anywhere, known.anywhere).to_numpy(zero_copy_only=False)
    weight = np.where(is_national, known.national[place], known.plain[place])
    weight[weak] = np.minimum(weight[weak], WORD)
    weight[_is_in(both, known.silent) | (is_name & known.is_file[place])] = 0.0
    return weight, np.where(is_national | weak, 2, 1)


def _places(parts: Any, heads: Any, labels: np.ndarray, whole: bool) -> tuple[Any, np.ndarray, np.ndarray]:
    """The values of m hits, and where each begins and ends in its cell."""
    domain, second = (as_text(_lower(parts.field(part))) for part in ("domain", "second"))
    value = pc.if_else(pa.array(labels == 2), pc.binary_join_element_wise(second, domain, _DOT.cast(pa.large_string())), domain)
    if not whole:
        nowhere = np.full(len(labels), NOWHERE, np.int32)
        return value, nowhere, nowhere
    # Heads are ASCII: their bytes are characters.
    begin = pc.binary_length(heads).to_numpy(zero_copy_only=False) + characters(parts.field("before"))
    dot = begin + characters(parts.field("second"))
    end = dot + 1 + characters(parts.field("domain"))
    return value, np.where(labels == 2, begin, dot + 1).astype(np.int32), end.astype(np.int32)


def _lower(texts: Any) -> Any:
    return pc.ascii_lower(as_text(texts)).view(pa.large_binary())


def _ends_with(texts: Any, ending: bytes) -> np.ndarray:
    return pc.ends_with(texts, ending).to_numpy(zero_copy_only=False)


def _is_in(texts: Any, known: pa.Array) -> np.ndarray:
    return pc.is_in(texts, value_set=known).to_numpy(zero_copy_only=False)
