"""Copies: rows that were judged in; which of the kept ones are copies of each other or of an evaluation set, and why, out.

It takes all rows to tell: so they are judged once without it, uncounted, and a second time with what it found.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from datasets import Dataset
from pyarrow import compute

from hf_regional.errors import ConfigError
from hf_regional.filtering.duplicates import ImageHashes, contaminated, find_duplicates, hash_images, hashes_of_table, join_hashes
from hf_regional.filtering.held import Held
from hf_regional.filtering.plan import Plan
from hf_regional.filtering.verdict import KEPT
from hf_regional.records import IMAGE, REGION_COUNTRIES, REGION_VERDICT

pc: Any = compute  # its functions are made at import, out of a type checker's sight

_BATCH: Final = 256  # rows with pictures: all are in memory at once


@dataclass(frozen=True, slots=True)
class Copies:
    """How to look for copies.

    duplicates: whether rows that are copies of a better one go. evaluation_sets: name -> a table or dataset, or a file of
    `duplicates.write_hashes`; rows that stand in one go. distance: bits of 64 between the hashes of pictures within a country;
    across: between countries. similarity: least Jaccard similarity of texts. captions: whether equal texts make copies of rows whose
    pictures differ.
    """

    duplicates: bool = True
    evaluation_sets: Mapping[str, Any] = field(default_factory=dict[str, Any])
    distance: int = 8
    across: int = 2
    similarity: float = 0.8
    captions: bool = False
    image: str = IMAGE

    def as_dict(self) -> dict[str, Any]:
        """What a report says of it."""
        named = {name: str(one) if isinstance(one, str | Path) else type(one).__name__ for name, one in self.evaluation_sets.items()}
        same = ("duplicates", "distance", "across", "similarity", "captions", "image")
        return {name: getattr(self, name) for name in same} | {"evaluation_sets": named}


def held_against(judged: Dataset | pa.Table, plan: Plan, copies: Copies) -> Held:
    """Find the copies among the rows that were kept.

    Raises:
        ConfigError: there is neither a column of pictures nor one of texts.
        MissingFileError, DamagedFileError: a file of hashes is not there, or is none.
    """
    names = judged.column_names
    verdicts = _column(judged, REGION_VERDICT, np.arange(len(judged)))
    kept = np.flatnonzero(pc.equal(verdicts, KEPT).to_numpy())
    text = next((name for name in plan.columns.get("text", ()) if name in names), None)
    if copies.image not in names and text is None:
        raise ConfigError(f"copies are found by pictures or texts: there is no column {copies.image!r} and no text.", "copies")
    texts = None if text is None else _column(judged, text, kept)
    if texts is not None and not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        texts = None
    images = _hashes(judged, copies.image, kept) if copies.image in names else None
    why = _why(judged, plan, copies, kept, images, texts)
    places = [place for place, reason in enumerate(why) if reason]
    return Held(kept[places], tuple(str(why[place]) for place in places))


def _why(
    judged: Dataset | pa.Table, plan: Plan, copies: Copies, kept: np.ndarray, images: ImageHashes | None, texts: Any
) -> list[str | None]:
    """The reason why each kept row goes: the evaluation sets first, so that no row goes as a copy of one that goes too."""
    why: list[str | None] = [None] * len(kept)
    left = np.arange(len(kept))
    if copies.evaluation_sets and len(kept):
        clean = contaminated(images, texts, evaluation_sets=copies.evaluation_sets, distance=copies.distance, similarity=copies.similarity)
        why = clean.why.to_pylist()
        left = np.flatnonzero(clean.keep)
    if not copies.duplicates or not len(left):
        return why
    languages = next((name for name in plan.columns.get("language", ()) if name in plan.present), None)
    found = find_duplicates(
        None if images is None else hashes_of_table(images.as_table().take(pa.array(left))),
        None if texts is None else texts.take(pa.array(left)),
        _column(judged, REGION_COUNTRIES, kept[left]),
        None if languages is None else _column(judged, languages, kept[left]),
        distance=copies.distance,
        across=copies.across,
        similarity=copies.similarity,
        captions=copies.captions,
    )
    for place, reason in zip(left.tolist(), found.why.to_pylist(), strict=True):
        why[place] = why[place] or reason
    return why


def _hashes(judged: Dataset | pa.Table, column: str, rows: np.ndarray) -> ImageHashes:
    """Hash the pictures of some rows, a few at a time; none is decoded to its full size."""
    parts = [hash_images(_column(judged, column, rows[start : start + _BATCH])) for start in range(0, len(rows), _BATCH)]
    return join_hashes(parts)


def _column(judged: Dataset | pa.Table, name: str, rows: np.ndarray) -> Any:
    if isinstance(judged, Dataset):
        return judged.select_columns([name]).with_format("arrow").select(rows)[:][name]
    return judged.column(name).take(pa.array(rows))
