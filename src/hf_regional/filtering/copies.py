"""Copies: rows that were judged in; which of the kept ones are copies of each other or of an evaluation set, and why, out.

It takes all rows to tell. What is compared (hashes of the pictures, the texts, the places) is drawn from the kept rows while they are
judged, batch by batch; where something is found, the rows are judged a second time with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.errors import ConfigError
from hf_regional.filtering.consent.nested import is_list
from hf_regional.filtering.duplicates import ImageHashes, contaminated, find_duplicates, hash_images, hashes_of_table
from hf_regional.filtering.duplicates.decontamination import open_set
from hf_regional.filtering.duplicates.images import COLUMNS
from hf_regional.filtering.held import Held
from hf_regional.filtering.plan import Plan
from hf_regional.filtering.verdict import KEPT
from hf_regional.nearest import did_you_mean
from hf_regional.records import IMAGE, REGION_COUNTRIES, REGION_VERDICT

pc: Any = compute  # its functions are made at import, out of a type checker's sight

_BATCH: Final = 256  # rows with pictures: all are in memory at once
_NUMBER, _TEXT, _COUNTRIES, _LANGUAGES = "number", "text", "countries", "languages"


@dataclass(frozen=True, slots=True)
class Copies:
    """How to look for copies.

    duplicates: whether rows that are copies of a better one go. evaluation_sets: name -> a table or dataset, or a file of
    `duplicates.write_hashes`; rows that stand in one go. distance: bits of 64 between the hashes of pictures within a country;
    across: between countries. similarity: least Jaccard similarity of texts. captions: whether equal texts make copies of rows whose
    pictures differ. image, text: the columns that are compared; null for the first that texts are read from as evidence. Of a list of
    texts all are compared, as one.
    """

    duplicates: bool = True
    evaluation_sets: Mapping[str, Any] = field(default_factory=dict[str, Any])
    distance: int = 8
    across: int = 2
    similarity: float = 0.8
    captions: bool = False
    image: str = IMAGE
    text: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """What a report says of it."""
        named = {name: str(one) if isinstance(one, str | Path) else type(one).__name__ for name, one in self.evaluation_sets.items()}
        same = ("duplicates", "distance", "across", "similarity", "captions", "image", "text")
        return {name: getattr(self, name) for name in same} | {"evaluation_sets": named}


class Compared(NamedTuple):
    """The columns that rows are compared by; null for none."""

    image: str | None
    text: str | None
    languages: str | None


def compared(schema: pa.Schema, plan: Plan, copies: Copies) -> Compared:
    """Find the columns to compare, before any row is read.

    Raises:
        ConfigError: there is neither a column of pictures nor one of texts, or it holds neither texts nor lists of them.
    """
    image = copies.image if copies.image in schema.names else None
    text = copies.text or next((name for name in plan.columns.get("text", ()) if name in schema.names), None)
    if text is not None and text not in schema.names:
        raise ConfigError(f"copies: there is no column of texts {text!r}.{did_you_mean(text, schema.names)}", "copies")
    if image is None and text is None:
        raise ConfigError(f"copies are found by pictures or texts: there is no column {copies.image!r} and no text.", "copies")
    if text is not None and not _is_text(schema.field(text).type):
        raise ConfigError(f"copies: column {text!r} holds {schema.field(text).type}; texts or lists of texts are compared.", "copies")
    return Compared(image, text, next((name for name in plan.columns.get("language", ()) if name in schema.names), None))


def drawn_from(judged: pa.Table | pa.RecordBatch, columns: Compared, first: int = 0) -> pa.Table:
    """Draw what is compared from the kept rows of a batch that begins at row `first`: a hundred bytes a row, and its text."""
    rows = judged if isinstance(judged, pa.Table) else pa.Table.from_batches([judged])
    kept = np.flatnonzero(pc.equal(rows.column(REGION_VERDICT), KEPT).to_numpy(zero_copy_only=False))
    names = [name for name in (*columns, REGION_COUNTRIES) if name]
    rows = rows.select([*dict.fromkeys(names)]).take(pa.array(kept))
    drawn: dict[str, Any] = {_NUMBER: pa.array(kept + first)}
    if columns.image:
        hashes = hash_images(rows.column(columns.image)).as_table()
        drawn |= {name: hashes.column(name) for name in hashes.column_names}
    if columns.text:
        drawn[_TEXT] = _texts(rows.column(columns.text))
    drawn[_COUNTRIES] = rows.column(REGION_COUNTRIES)
    if columns.languages:
        drawn[_LANGUAGES] = _plain(rows.column(columns.languages))
    return pa.table(drawn)


def drawn_from_all(judged: Any, columns: Compared) -> pa.Table:
    """Draw from a table or a `datasets.Dataset`, a few rows at a time."""
    names = [*dict.fromkeys(name for name in (*columns, REGION_COUNTRIES, REGION_VERDICT) if name)]
    rows = judged.select(names) if isinstance(judged, pa.Table) else judged.select_columns(names).with_format("arrow")
    size = _BATCH if columns.image else 100 * _BATCH
    return joined([drawn_from(_cut(rows, start, size), columns, start) for start in range(0, max(1, len(rows)), size)])


def joined(parts: Sequence[pa.Table]) -> pa.Table:
    """What was drawn from successive batches, as one."""
    return pa.concat_tables(parts, promote_options="permissive")


def held_among(drawn: pa.Table, copies: Copies) -> Held:
    """Find the copies among all that was drawn.

    Raises:
        MissingFileError, DamagedFileError: a file of hashes is not there, or is none.
    """
    why = _why(drawn, copies)
    places = [place for place, reason in enumerate(why) if reason]
    numbers = drawn.column(_NUMBER).to_numpy()
    return Held(numbers[places], tuple(str(why[place]) for place in places))


def with_sets_read(copies: Copies) -> Copies:
    """The same with the fingerprints of its evaluation sets, so that each is read once and is known by its content.

    Raises:
        MissingFileError, DamagedFileError, ConfigError: as `contaminated`.
    """
    return replace(copies, evaluation_sets={name: open_set(name, one) for name, one in copies.evaluation_sets.items()})


def key_of_copies(copies: Copies) -> dict[str, Any]:
    """What decides which rows go, of copies with their sets read."""
    return copies.as_dict() | {"evaluation_sets": {name: one.sha256 for name, one in copies.evaluation_sets.items()}}


def _why(drawn: pa.Table, copies: Copies) -> list[str | None]:
    """The reason why each row goes: the evaluation sets first, so that no row goes as a copy of one that goes too."""
    why: list[str | None] = [None] * len(drawn)
    left = np.arange(len(drawn))
    if copies.evaluation_sets and len(drawn):
        images, texts = _images(drawn), _column(drawn, _TEXT)
        clean = contaminated(images, texts, evaluation_sets=copies.evaluation_sets, distance=copies.distance, similarity=copies.similarity)
        why = clean.why.to_pylist()
        left = np.flatnonzero(clean.keep)
    if not copies.duplicates or not len(left):
        return why
    rest = drawn.take(pa.array(left))
    found = find_duplicates(
        _images(rest),
        _column(rest, _TEXT),
        _column(rest, _COUNTRIES),
        _column(rest, _LANGUAGES),
        distance=copies.distance,
        across=copies.across,
        similarity=copies.similarity,
        captions=copies.captions,
    )
    for place, reason in zip(left.tolist(), found.why.to_pylist(), strict=True):
        why[place] = why[place] or reason
    return why


def _images(drawn: pa.Table) -> ImageHashes | None:
    return hashes_of_table(drawn.select(COLUMNS.names)) if COLUMNS.names[0] in drawn.column_names else None


def _column(drawn: pa.Table, name: str) -> Any:
    return drawn.column(name) if name in drawn.column_names else None


def _cut(rows: Any, start: int, size: int) -> pa.Table:
    return rows.slice(start, size) if isinstance(rows, pa.Table) else rows[start : start + size]


def _texts(column: Any) -> Any:
    """One text a row: of a list all, line by line; null where there is none."""
    plain = _plain(column)
    if not is_list(plain.type):
        return plain.cast(pa.large_string())
    # As bytes: nobody may have looked yet whether they are UTF-8.
    lists = plain.cast(pa.large_list(_plain(pa.array([], plain.type.value_type)).type)).cast(pa.large_list(pa.large_binary())).to_pylist()
    lines = [b"\n".join(text for text in texts or () if text) or None for texts in lists]
    return pa.array(lines, pa.large_binary()).view(pa.large_string())


def _plain(column: Any) -> Any:
    """Without dictionaries, which differ from batch to batch."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _is_text(kind: Any) -> bool:
    kind = kind.value_type if is_list(kind) else kind
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null))
