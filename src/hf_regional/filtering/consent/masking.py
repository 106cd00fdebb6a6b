"""Contacts masked in Arrow columns: an array of any type in; the same array with "[e-mail]" and "[phone]" in its texts, and counts, out.

RE2 looks through a whole column for anything that could be a contact; Python sees only the texts in which there is something.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from hf_regional.filtering.consent.columns import pc
from hf_regional.filtering.consent.contacts import emails, handles, phones


class Finder(NamedTuple):
    """How one kind of contact is found: a pattern of RE2 that no text with one escapes, and the exact search."""

    prefilter: str
    find: Callable[[str], Iterator[tuple[int, int]]]


# In this order: what an e-mail address takes is no phone number and no handle.
FINDERS: Final = {
    "e-mail": Finder(emails.PREFILTER, emails.find_emails),
    "phone": Finder(phones.PREFILTER, phones.find_phones),
    "handle": Finder(handles.PREFILTER, handles.find_handles),
}


@dataclass(slots=True)
class Masked:
    """What was masked: contacts by kind, and the texts they stood in. A text of a dictionary counts once for each row that has it."""

    contacts: Counter[str] = field(default_factory=Counter[str])
    texts: int = 0


class _Spot(NamedTuple):
    place: int
    text: bytes
    counts: Counter[str]


def mask_text(text: str, kinds: Sequence[str]) -> tuple[str, Counter[str]]:
    """Mask one text.

    >>> mask_text("WA 0812-3456-7890 / budi@example.com", ["e-mail", "phone"])[0]
    'WA [phone] / [e-mail]'
    """
    taken: list[tuple[int, int, str]] = []
    for kind in (kind for kind in FINDERS if kind in kinds):
        free = [(start, end, kind) for start, end in FINDERS[kind].find(text) if _is_free(start, end, taken)]
        taken = sorted([*taken, *free])
    pieces, at = list[str](), 0
    for start, end, kind in taken:
        pieces += [text[at:start], f"[{kind}]"]
        at = end
    return "".join((*pieces, text[at:])), Counter(kind for _, _, kind in taken)


def mask_strings(array: pa.Array, kinds: Sequence[str], masked: Masked) -> pa.Array:
    """Mask an array of text of any encoding; what has no contact is passed on as it is, without a copy.

    Args:
        array: (n,) string, large_string, string_view, or a dictionary of these. Bytes that are no UTF-8 stay as they are.
        kinds: which contacts.
        masked: where to count.
    """
    if pa.types.is_null(array.type):  # a column of texts in a piece of a stream where no row has one
        return array
    if pa.types.is_dictionary(array.type):
        return _mask_dictionary(array, kinds, masked)
    if pa.types.is_string_view(array.type):
        wide = array.cast(pa.large_string())
        found = mask_strings(wide, kinds, masked)
        return array if found is wide else found.cast(array.type)
    spots = _spots(array, kinds)
    for spot in spots:
        masked.contacts.update(spot.counts)
    masked.texts += len(spots)
    return _replaced(array, spots)


def _mask_dictionary(array: pa.DictionaryArray, kinds: Sequence[str], masked: Masked) -> pa.Array:
    words = array.dictionary.cast(pa.large_string()) if pa.types.is_string_view(array.dictionary.type) else array.dictionary
    spots = _spots(words, kinds)
    if not spots:
        return array
    used = pc.drop_null(array.indices).to_numpy(zero_copy_only=False)
    rows = np.bincount(used.astype(np.int64), minlength=len(words))
    for spot in spots:
        masked.contacts.update({kind: size * int(rows[spot.place]) for kind, size in spot.counts.items()})
        masked.texts += int(rows[spot.place])
    words = _replaced(words, spots).cast(array.dictionary.type)
    return pa.DictionaryArray.from_arrays(array.indices, words, ordered=array.type.ordered)


def _spots(array: pa.Array, kinds: Sequence[str]) -> list[_Spot]:
    """The texts that hold a contact: where, the text without it, and what was in it."""
    suspects = _suspects(array, kinds)
    found: list[_Spot] = []
    for place, raw in zip(suspects.tolist(), _bytes_at(array, suspects), strict=True):
        text, counts = mask_text(raw.decode("utf-8", "surrogateescape"), kinds)
        if counts:
            found.append(_Spot(place, text.encode("utf-8", "surrogateescape"), counts))
    return found


def _suspects(array: pa.Array, kinds: Sequence[str]) -> np.ndarray:
    hits = np.zeros(len(array), bool)
    for pattern in dict.fromkeys(FINDERS[kind].prefilter for kind in kinds):
        hits |= pc.fill_null(pc.match_substring_regex(array, pattern), False).to_numpy(zero_copy_only=False)
    return np.flatnonzero(hits)


def _bytes_at(array: pa.Array, places: np.ndarray) -> list[bytes]:
    binary = pa.large_binary() if pa.types.is_large_string(array.type) else pa.binary()
    return array.take(pa.array(places)).view(binary).to_pylist() if len(places) else []


def _replaced(array: pa.Array, spots: Sequence[_Spot]) -> pa.Array:
    if not spots:
        return array
    changed = np.zeros(len(array), bool)
    changed[[spot.place for spot in spots]] = True
    # By way of bytes: a text with a lone surrogate is handed on as it came, and would be refused as text.
    values = pa.array([spot.text for spot in spots], pa.large_binary() if pa.types.is_large_string(array.type) else pa.binary())
    raw = pc.replace_with_mask(array.view(values.type), pa.array(changed), values)
    return raw.view(array.type)


def _is_free(start: int, end: int, taken: Sequence[tuple[int, int, str]]) -> bool:
    """Whether a stretch touches none of those that are taken, which are in order and apart."""
    place = bisect_left(taken, (start, end, ""))
    before, after = taken[max(0, place - 1) : place], taken[place : place + 1]
    return all(other[1] <= start for other in before) and all(end <= other[0] for other in after)
