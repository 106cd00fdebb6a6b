"""Lists of works that must not be used: a file of URLs, domains and digests in; the rows that are on it out.

One entry a line ("#" begins a comment), or CSV or Parquet with columns named url, domain, sha256 and so on. What an entry is, it
says itself: hexadecimal digits of the length of MD5, SHA-1 or SHA-256 are a digest, "example.com" a domain with all below it,
anything with a path a URL. Addresses are compared without scheme, "www.", fragment, closing slash and case.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hf_regional.errors import BadRowError, DamagedFileError, MissingFileError
from hf_regional.filtering.consent.columns import Column, name_key, pc, readable
from hf_regional.filtering.consent.judged import Judged, nothing_against
from hf_regional.filtering.consent.tables import table

REASON: Final = "opt-out:list"
_DIGEST: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}")
_DOMAIN: Final = re.compile(r"(?:\*\.)?(?:[^\s/:@?#.]+\.)+[^\s/:@?#.\d][^\s/:@?#.]*\.?")
_NAMED: Final = frozenset({row["column"] for row in table("columns.csv") if row["role"] in ("url", "hash")} | {"domain", "host", "digest"})
_HEAD: Final = r"^\s*(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//(?:[^/@?#]*@)?(?:[wW]{3}\.)?|^\s*[wW]{3}\."
_TAIL: Final = r"#.*$"
_END: Final = r"(?:/+|\s+)$"


@dataclass(frozen=True, slots=True)
class OptOutList:
    """What one file names; a Python set of a million entries takes about 150 MB."""

    path: str
    urls: frozenset[str]
    domains: frozenset[str]
    digests: frozenset[str]

    def __len__(self) -> int:
        return len(self.urls) + len(self.domains) + len(self.digests)


def read_opt_out_list(path: str | os.PathLike[str]) -> OptOutList:
    """Read a list, once as long as the file stays as it is.

    Raises:
        MissingFileError: there is no such file.
        BadRowError: an entry that is no URL, domain or digest: what cannot be read cannot be heeded.
        DamagedFileError: CSV or Parquet that cannot be read.
    """
    try:
        state = os.stat(path)
    except FileNotFoundError as error:
        raise MissingFileError(f"the opt-out list {os.fspath(path)} does not exist.") from error
    return _read(os.fspath(path), state.st_size, state.st_mtime_ns)


def judge_list(listed: OptOutList, urls: Sequence[Column], digests: Sequence[Column], rows: int) -> Judged:
    """Find the rows that are on a list.

    Args:
        listed: the list.
        urls: columns (n,) of addresses; one on the list is enough.
        digests: columns (n,) of digests, hexadecimal text or bytes.
        rows: n.
    """
    on_it = np.zeros(rows, bool)
    for column in urls:
        addresses = normal_urls(column)
        on_it |= _among(addresses, listed.urls) | _within(addresses, listed.domains)
    for column in digests:
        on_it |= _among(_hexadecimal(column), listed.digests)
    return Judged(on_it.astype(np.int32), ("", REASON)) if on_it.any() else nothing_against(rows)


def normal_urls(column: Column) -> pa.ChunkedArray:
    """Addresses (n,) in the spelling in which they are compared.

    >>> normal_urls(pa.array(["https://WWW.Example.com/A/#top"])).to_pylist()
    ['example.com/a']
    """
    text = pc.replace_substring_regex(_plain(column), _HEAD, "")
    return pc.ascii_lower(pc.replace_substring_regex(pc.replace_substring_regex(text, _TAIL, ""), _END, ""))


def _among(column: pa.ChunkedArray, entries: frozenset[str]) -> np.ndarray:
    if not entries:
        return np.zeros(len(column), bool)
    # A set and not `is_in`: that one builds its table of the whole list anew for every batch.
    return np.fromiter((text in entries for text in column.to_pylist()), bool, len(column))


def _within(addresses: pa.ChunkedArray, domains: frozenset[str]) -> np.ndarray:
    """Rows whose host is a listed domain or lies below one."""
    if not domains:
        return np.zeros(len(addresses), bool)
    hosts = pc.replace_substring_regex(addresses, r"\.?(?:[:/?\s].*)?$", "").combine_chunks().dictionary_encode()
    below = [host is not None and any(parent in domains for parent in _parents(host)) for host in hosts.dictionary.to_pylist()]
    places = pc.fill_null(hosts.indices, len(below)).to_numpy(zero_copy_only=False)
    return np.array([*below, False], bool)[places]


def _parents(host: str) -> Iterator[str]:
    labels = host.split(".")
    return (".".join(labels[place:]) for place in range(len(labels)))


def _hexadecimal(column: Column) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.chunked_array([[None if one is None else one.hex() for one in column.to_pylist()]], pa.large_string())
    return pc.ascii_lower(pc.ascii_trim_whitespace(_plain(column)))


def _plain(column: Column) -> Any:
    """Text without views and dictionaries; what is no text is nothing that a list could name."""
    text = readable(column)
    if pa.types.is_dictionary(text.type):
        text = text.cast(text.type.value_type)
    if not (pa.types.is_string(text.type) or pa.types.is_large_string(text.type)):
        return pa.chunked_array([pa.nulls(len(text), pa.large_string())])
    return text


@lru_cache(maxsize=8)
def _read(path: str, size: int, changed: int) -> OptOutList:
    del size, changed  # part of the key alone
    found: dict[str, set[str]] = {"url": set(), "domain": set(), "digest": set()}
    for place, entry in _entries(Path(path)):
        kind, text = _kind(entry)
        if kind not in found:
            raise BadRowError(f"{path}, {place}: {entry[:80]!r} is no URL, domain or digest (MD5, SHA-1, SHA-256); correct or remove it.")
        found[kind].add(text)
    return OptOutList(path, frozenset(found["url"]), frozenset(found["domain"]), frozenset(found["digest"]))


def _kind(entry: str) -> tuple[str, str]:
    lower = entry.casefold()
    if _DIGEST.fullmatch(lower):
        return "digest", lower
    if _DOMAIN.fullmatch(lower):
        return "domain", lower.removeprefix("*.").removeprefix("www.").rstrip(".")
    address = normal_urls(pa.array([entry]))[0].as_py()
    if _DOMAIN.fullmatch(address) and "://" in entry:  # "https://example.com/": the whole site
        return "domain", address.rstrip(".")
    return ("url", address) if re.match(r"[^\s/?]+\.[^\s/?]+[/?:]\S", address) else ("", entry)


def _entries(path: Path) -> Iterator[tuple[str, str]]:
    try:
        if path.suffix in (".parquet", ".csv"):
            yield from _cells(_table(path))
        else:
            with path.open(encoding="utf-8-sig") as file:
                yield from ((f"line {n}", text) for n, line in enumerate(file, 1) if (text := re.sub(r"(?:^|\s)#.*", "", line).strip()))
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise DamagedFileError(f"the opt-out list {path} cannot be read: {error}") from error


def _table(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        from pyarrow import parquet

        return parquet.read_table(path)
    from pyarrow import csv

    with csv.open_csv(path) as file:
        names = file.schema.names
    # All as text: a digest of nothing but digits must not become a number. A file without a head has an entry in its place.
    kinds = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True)
    headless = any(_kind(name)[0] for name in names)
    reading = csv.ReadOptions(column_names=names if headless else None)
    return csv.read_csv(path, read_options=reading, convert_options=kinds)


def _cells(rows: pa.Table) -> Iterable[tuple[str, str]]:
    """The entries of a table: those of columns named for them, or else of all columns of text."""
    named = [name for name in rows.schema.names if name_key(name) in _NAMED]
    for name in named or rows.schema.names:
        for place, text in enumerate(_plain(rows[name]).to_pylist(), 1):
            if text and text.strip():
                yield f"row {place}, column {name}", text.strip()
