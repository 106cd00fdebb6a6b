"""Licences of rows: the columns that tell them and a policy in; what is held against each row, and what each text was read as, out.

Each column is reduced to its distinct values and rows to their distinct combinations: a text is read once however many rows have it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from hf_regional.filtering.consent.columns import Column, distinct
from hf_regional.filtering.consent.judged import Judged
from hf_regional.filtering.consent.licence_reading import AND, NO_AI, OR, agreed
from hf_regional.filtering.consent.policy import LicencePolicy
from hf_regional.filtering.encoded import combinations
from hf_regional.licences import UNKNOWN, licence

_FORBIDS_AI: Final = "opt-out:licence"
_GRANTS_NOTHING: Final = frozenset({"all-rights-reserved"})
_ADDRESS: Final = re.compile(r"(?:https?:)?//|www\.")
_LONGEST: Final = 80  # characters of a text that is kept in the counts


@dataclass(frozen=True, slots=True)
class LicencesRead:
    """Of n rows: what is held against them, and rows by (text, identifier).

    identifiers: (n,) dictionary<int32, string>, never null. wordings: (n,) the same type, how to name the licence in a credit: the
    row's own words, so that a port stays one, and an address; null where the row says nothing.
    """

    judged: Judged
    identifiers: pa.DictionaryArray
    wordings: pa.DictionaryArray
    readings: Counter[tuple[str, str]]


def judge_licences(
    column: Column, policy: LicencePolicy, *, versions: Column | None = None, addresses: Column | None = None
) -> LicencesRead:
    """Decide on a whole column of licences.

    Args:
        column: (n,) text, lists of text (all bind), or numbers that `policy.names` explains; null is "unknown".
        policy: which licences a row may have.
        versions: (n,) versions that stand apart from the licence, such as "2.0" beside "by-sa".
        addresses: (n,) addresses of licence texts, for rows whose text is not read; where both are read they must agree.

    Raises:
        ConfigError: a column of structs, of binary, or of lists of anything but text.
    """
    asked = {"licence": column, "licence_version": versions, "licence_url": addresses}
    return judge_licence_columns({name: (one,) for name, one in asked.items() if one is not None}, policy)


def judge_licence_columns(columns: Mapping[str, Sequence[Column]], policy: LicencePolicy) -> LicencesRead:
    """The same for several columns a role; licences in several columns of one row all bind."""
    listed = [(role, distinct(column, role)) for role, several in columns.items() for column in several]
    rows = len(listed[0][1].codes)
    first, place, sizes = combinations([encoded.codes for _, encoded in listed], rows)
    texts = [[(role, encoded.values[encoded.codes[row]]) for role, encoded in listed] for row in first]
    read = [_read(cells, policy) for cells in texts]
    verdicts = [refusal(identifier, policy) for identifier in read]
    reasons = ("", *sorted({reason for reason in verdicts if reason}))
    codes = np.array([reasons.index(reason) for reason in verdicts], np.int32)
    wordings = [_wording(cells, identifier) for cells, identifier in zip(texts, read, strict=True)]
    indices = pa.array(place.astype(np.int32))
    readings = Counter[tuple[str, str]]()
    for cells, identifier, size in zip(texts, read, sizes.tolist(), strict=True):
        readings[_shown(cells), identifier] += size
    named, worded = (pa.DictionaryArray.from_arrays(indices, pa.array(values, pa.string())) for values in (read, wordings))
    return LicencesRead(Judged(codes[place], reasons), named, worded, readings)


def refusal(identifier: str, policy: LicencePolicy) -> str:
    """What a policy holds against a licence or an expression of several; "" where it may stay.

    >>> refusal("cc-by-nc-4.0", LicencePolicy(use="commercial"))
    'licence:cc-by-nc-4.0 not commercial'
    >>> refusal("gpl-3.0 OR mit", LicencePolicy(deny=["share-alike"]))
    ''
    """
    if OR in identifier:
        answers = [refusal(part, policy) for part in identifier.split(OR)]
        return "" if "" in answers else answers[0]
    return next((answer for part in identifier.split(AND) if (answer := _of_one(part, policy))), "")


def _of_one(identifier: str, policy: LicencePolicy) -> str:
    if identifier == NO_AI:
        return "" if policy.allow and NO_AI in policy.allow else _FORBIDS_AI
    if identifier == UNKNOWN:
        return "licence:unknown" if policy.drops_unknown else ""
    if policy.lists(policy.deny, identifier):
        return f"licence:{identifier} denied"
    if policy.allow is not None and not policy.lists(policy.allow, identifier):
        return f"licence:{identifier} not allowed"
    return _by_terms(identifier, policy)


def _by_terms(identifier: str, policy: LicencePolicy) -> str:
    if policy.use is not None and identifier in _GRANTS_NOTHING:
        return f"licence:{identifier} grants nothing"
    if policy.use != "commercial":
        return ""
    terms = licence(identifier)
    if terms is None:
        return f"licence:{identifier} without terms on record" if policy.drops_unknown else ""
    return "" if terms.commercial else f"licence:{identifier} not commercial"


def _read(cells: Sequence[tuple[str, object]], policy: LicencePolicy) -> str:
    """Read what a row says of its licence; a link to somewhere else does not unsay the text, nor odd words a link."""
    versions = [str(value) for role, value in cells if role == "licence_version" and not _is_empty(value)]
    words = _together(_cell(value, policy, versions) for role, value in cells if role == "licence" and not _is_empty(value))
    links = _together(_cell(value, policy, ()) for role, value in cells if role == "licence_url" and not _is_empty(value))
    said = [one for one in (words, links) if one != UNKNOWN]
    return (agreed(said) or UNKNOWN) if said else UNKNOWN


def _cell(value: object, policy: LicencePolicy, versions: Sequence[str]) -> str:
    parts: tuple[object, ...] = value if isinstance(value, tuple) else (value,)
    return _together(_one(str(part), policy, versions) for part in parts if not _is_empty(part))


def _one(text: str, policy: LicencePolicy, versions: Sequence[str]) -> str:
    exact = (policy.read(f"{text} {version}") for version in versions)
    return next((one for one in exact if one != UNKNOWN), None) or policy.read(text)


def _together(read: Iterable[str]) -> str:
    """All of several licences bind; one that nobody can tell makes the whole unknown."""
    found = list(dict.fromkeys(read))
    return AND.join(found) if found and UNKNOWN not in found else UNKNOWN


def _wording(cells: Sequence[tuple[str, object]], identifier: str) -> str | None:
    known = licence(identifier)
    words = _shown([(role, value) for role, value in cells if role != "licence_url"])
    if known is not None and (not words or _ADDRESS.match(words) or words.casefold() == identifier):
        words, address = known.name, words if _ADDRESS.match(words) else ""
    else:
        address = ""
    address = address or _shown([cell for cell in cells if cell[0] == "licence_url"]) or (known.url if known else "")
    return f"{words} ({address})" if words and address and address not in words else words or address or None


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value == ()


def _shown(cells: Sequence[tuple[str, object]]) -> str:
    """What stands in a row, for the counts."""
    parts = [" ".join(value) if isinstance(value, tuple) else str(value) for _, value in cells if not _is_empty(value)]
    text = " ".join(parts)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
