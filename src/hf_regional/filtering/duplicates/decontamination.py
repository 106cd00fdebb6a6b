"""Decontamination: rows and evaluation sets in, which rows show or say what an evaluation asks about out, with counts for each set.

Countries play no part here: a test that was seen is no test, wherever the copy is from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hf_regional.errors import ConfigError
from hf_regional.filtering.duplicates.fingerprints import Column, Fingerprints, fingerprint, read_hashes, signed
from hf_regional.filtering.duplicates.images import ImageHashes, read_images
from hf_regional.filtering.duplicates.links import members
from hf_regional.filtering.duplicates.neighbours import DISTANCE, match_hashes
from hf_regional.filtering.duplicates.signatures import nearest_signatures
from hf_regional.filtering.duplicates.texts import SIMILARITY, equal_texts, require_similarity
from hf_regional.filtering.duplicates.wording import normalise
from hf_regional.records import IMAGE, TEXT

SHORTEST: Final = 40  # bytes: seven words of English, thirteen letters of Thai; "What is in the picture?" is in every second set
KINDS: Final = ("image", "text", "similar-text")
MATCHES: Final = pa.schema(
    [("row", pa.int64()), ("set", pa.string()), ("item", pa.int64()), ("kind", pa.string()), ("score", pa.float32())]
)


@runtime_checkable
class Formatted(Protocol):
    """A `datasets.Dataset`, by what is asked of it."""

    def with_format(self, type: str) -> Any: ...  # noqa: D102 - the library's own
    def __len__(self) -> int: ...


class SetReport(NamedTuple):
    """What one evaluation set has in common with the rows.

    items: in the set; found: items that some row matches. rows: that match; by_kind: rows by what matched (a row may match in two
    ways). short_texts: rows left alone that have the text of an item, because the text is short. unreadable: items of the set
    whose image could not be read: nothing can be said of these.
    """

    items: int
    found: int
    rows: int
    by_kind: Mapping[str, int]
    short_texts: int
    unreadable: int
    source: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Contamination:
    """What was found among n rows.

    keep: (n,) bool. why: (n,) strings, "contaminated:" and the first set that a row matches, "unreadable:" and the fault of an image
    that could not be compared, null for rows that stay. matches: `MATCHES`, for each row, set and kind the nearest item; the score is
    bits apart for images (0 is equal), else a Jaccard similarity. sets: a report for each set, in the order given.
    """

    keep: np.ndarray
    why: pa.Array
    matches: pa.Table
    sets: Mapping[str, SetReport]


class _Match(NamedTuple):
    """Matches of one kind: rows, sets and items by number, and scores; (k,) each."""

    row: np.ndarray
    set: np.ndarray
    item: np.ndarray
    score: np.ndarray


def contaminated(
    images: Column | ImageHashes | np.ndarray | None = None,
    texts: Column | None = None,
    *,
    evaluation_sets: Mapping[str, Fingerprints | Path | str | pa.Table | Formatted],
    distance: int = DISTANCE,
    similarity: float = SIMILARITY,
    shortest: int = SHORTEST,
    threads: int = 2,
) -> Contamination:
    """Find rows that match items of evaluation sets, by image or by text.

    A row matches an item if their images' hashes are at most `distance` bits apart, or if their texts are equal or similar and at
    least `shortest` bytes long. Similarity is estimated from signatures, so that a saved file gives the answer of the set itself.

    Args:
        images: (n,) images, as struct<bytes, path>, bytes or paths; or what `hash_images` made of them; or (n,) uint64 hashes.
        texts: (n,) strings.
        evaluation_sets: name -> fingerprints, a file of them, or a table or dataset with a column `image`, `text` or both.
        distance: bits of 64, 0 to 11.
        similarity: least share of the minima of two signatures that are equal, in (0, 1].
        shortest: UTF-8 bytes of a normalised text that can give an item away.
        threads: how much is done at a time.

    Raises:
        ConfigError: nothing to compare, columns of different lengths, or a column of a type that cannot be read.
        MissingFileError: a file that is not there. DamagedFileError: it holds no fingerprints.
        OutOfRangeError: the distance or the similarity is outside its range.
    """
    require_similarity(similarity)
    if images is None and texts is None:
        raise ConfigError("there is nothing to compare rows by: give images=, texts= or both.", "images")
    rows = len(images if images is not None else texts or ())
    if texts is not None and len(texts) != rows:
        raise ConfigError(f"the columns have different numbers of rows: images {rows:,}, texts {len(texts):,}.", "texts")
    sets = [open_set(name, given, threads) for name, given in evaluation_sets.items()]
    pictures = read_images(images, rows, threads)
    words = pa.nulls(rows, pa.large_string()) if texts is None else normalise(texts)
    equal, similar, short = _by_text(words, sets, similarity, shortest)
    found = {"image": _by_image(pictures, sets, distance, threads), "text": equal, "similar-text": similar}
    matches = _table(found, [one.name for one in sets])
    why = _reasons(rows, found, [one.name for one in sets], pictures.fault)
    reports = {one.name: _report(one, number, found, short) for number, one in enumerate(sets)}
    return Contamination(why.is_null().to_numpy(zero_copy_only=False), why, matches, reports)


def open_set(name: str, given: Fingerprints | Path | str | pa.Table | Formatted, threads: int = 2) -> Fingerprints:
    """The fingerprints of an evaluation set, taken, read or as they are. Raises the errors of `contaminated`."""
    if isinstance(given, Fingerprints):
        return given
    if isinstance(given, Path | str):
        return read_hashes(Path(given))
    table = _table_of(given)
    if table is None or not {IMAGE, TEXT} & {*table.column_names}:
        found = type(given).__name__ if table is None else table.column_names
        wanted = f"a table or dataset with a column {IMAGE!r} or {TEXT!r}, fingerprints, or a file of them"
        raise ConfigError(f"evaluation set {name!r}: expected {wanted}, got {found}. Use fingerprint() for others.", "evaluation_sets")
    columns = [table[column] if column in table.column_names else None for column in (IMAGE, TEXT)]
    return fingerprint(name, *columns, threads=threads)


def _table_of(given: object) -> pa.Table | None:
    # A DatasetDict has the same methods and no rows of its own.
    found = given.with_format("arrow")[:] if isinstance(given, Formatted) and not isinstance(given, Mapping) else given
    return found if isinstance(found, pa.Table) else None


def _by_image(pictures: ImageHashes, sets: Sequence[Fingerprints], distance: int, threads: int) -> _Match:
    there = np.flatnonzero(pictures.readable)
    hashes, classes = np.unique(pictures.hashes[there], return_inverse=True)
    theirs, number, item = _joined([one.images() for one in sets])
    distinct, same = np.unique(theirs, return_inverse=True)
    found = match_hashes(distinct, hashes, distance, threads=threads)
    place, owner = members(same, len(distinct)).of(found.left)
    near = _Match(found.right[owner], number[place], item[place], found.apart[owner].astype(np.float32))
    return _spread(_first(near, near.score), classes, there)


def _by_text(words: pa.Array, sets: Sequence[Fingerprints], similarity: float, shortest: int) -> tuple[_Match, _Match, _Match]:
    """Rows with equal texts, with similar texts, and with equal texts that are too short to tell."""
    calls: Any = pc  # its functions are made at run time, unknown to the type checker
    numbers = equal_texts(words)
    there = np.flatnonzero(numbers >= 0)
    _, first, classes = np.unique(numbers[there], return_index=True, return_inverse=True)
    distinct = words.take(pa.array(there[first]))
    own, signatures = signed(distinct)
    long = calls.binary_length(distinct).to_numpy(zero_copy_only=False) >= shortest
    equal = _equal(own, sets)
    similar = _similar(own, signatures, np.flatnonzero(long), sets, similarity)
    chosen = (_chosen(equal, long[equal.row]), similar, _chosen(equal, ~long[equal.row]))
    told, alike, short = (_spread(match, classes, there) for match in chosen)
    return told, alike, short


def _equal(own: np.ndarray, sets: Sequence[Fingerprints]) -> _Match:
    theirs, number, item = _joined([one.texts() for one in sets])
    order = np.argsort(theirs, kind="stable")
    begins, ends = np.searchsorted(theirs[order], own), np.searchsorted(theirs[order], own, "right")
    row = np.repeat(np.arange(len(own)), ends - begins)
    place = order[np.repeat(begins - np.cumsum(ends - begins) + (ends - begins), ends - begins) + np.arange(len(row))]
    return _first(_Match(row, number[place], item[place], np.ones(len(row), np.float32)), item[place])


def _similar(own: np.ndarray, signatures: np.ndarray, long: np.ndarray, sets: Sequence[Fingerprints], similarity: float) -> _Match:
    found = [_no_match()]
    for number, one in enumerate(sets):
        digests, items = one.texts()
        ours, theirs, shares = nearest_signatures(signatures[long], one.signatures(), similarity)
        unequal = own[long[ours]] != digests[theirs]
        here = _Match(long[ours], np.full(len(ours), number), items[theirs], shares.astype(np.float32))
        found.append(_chosen(here, unequal))
    return _Match(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _no_match() -> _Match:
    empty = np.zeros(0, np.int64)
    return _Match(empty, empty, empty, empty.astype(np.float32))


def _chosen(match: _Match, which: np.ndarray) -> _Match:
    return _Match(*(part[which] for part in match))


def _first(match: _Match, by: np.ndarray) -> _Match:
    """Of the items of one set that match the same row, the one with the least `by`, then the first."""
    order = np.lexsort((match.item, by, match.set, match.row))
    row, number = match.row[order], match.set[order]
    new = (np.diff(row, prepend=-1) > 0) | (np.diff(number, prepend=-1) != 0)
    return _chosen(match, order[new])


def _spread(match: _Match, classes: np.ndarray, rows: np.ndarray) -> _Match:
    """Give every row what was found for its hash or text."""
    places, owner = members(classes, int(classes.max(initial=-1)) + 1).of(match.row)
    return _Match(rows[places], match.set[owner], match.item[owner], match.score[owner])


def _joined(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The values of all sets in a row, the number of the set and of the item that each is from."""
    empty = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    values, items = (np.concatenate(columns) for columns in zip(empty, *parts, strict=True))
    return values, np.repeat(np.arange(len(parts)), [len(value) for value, _ in parts]), items


def _table(found: Mapping[str, _Match], names: Sequence[str]) -> pa.Table:
    """All matches, in the order of the rows, the sets and the kinds."""
    match = _Match(*(np.concatenate(parts) for parts in zip(*found.values(), strict=True)))
    kind = np.repeat(np.arange(len(found)), [len(one.row) for one in found.values()])
    order = np.lexsort((kind, match.set, match.row))
    called = pa.array(names, pa.string()).take(pa.array(match.set[order]))
    kinds = pa.array(list(found), pa.string()).take(pa.array(kind[order]))
    return pa.table([match.row[order], called, match.item[order], kinds, match.score[order]], schema=MATCHES)


def _reasons(rows: int, found: Mapping[str, _Match], names: Sequence[str], fault: pa.Array) -> pa.Array:
    calls: Any = pc  # its functions are made at run time, unknown to the type checker
    first = np.full(rows, len(names))
    for match in found.values():
        np.minimum.at(first, match.row, match.set)
    reasons = pa.array([f"contaminated:{name}" for name in names], pa.string())
    matched = reasons.take(pa.array(first, mask=first == len(names)))
    return calls.if_else(calls.is_valid(fault), calls.binary_join_element_wise("unreadable", fault, ":"), matched)


def _report(one: Fingerprints, number: int, found: Mapping[str, _Match], short: _Match) -> SetReport:
    here = {kind: _chosen(match, match.set == number) for kind, match in found.items()}
    rows = np.unique(np.concatenate([match.row for match in here.values()]))
    items = np.unique(np.concatenate([match.item for match in here.values()]))
    left = np.setdiff1d(short.row[short.set == number], rows)
    by_kind = {kind: len(match.row) for kind, match in here.items()}
    return SetReport(one.items.num_rows, len(items), len(rows), by_kind, len(left), one.unreadable, one.source, one.sha256)
