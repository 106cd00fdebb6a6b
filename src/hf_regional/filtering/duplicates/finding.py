"""Finding duplicates: columns of images, texts, countries and languages in, which rows stay, and why the others go, out."""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.filtering.duplicates.groups import settle
from hf_regional.filtering.duplicates.images import ImageHashes, read_images
from hf_regional.filtering.duplicates.links import REASONS, TextLinks, image_links, text_links
from hf_regional.filtering.duplicates.neighbours import DISTANCE
from hf_regional.filtering.duplicates.places import Places, read_places
from hf_regional.filtering.duplicates.preference import preferred, read_quality
from hf_regional.filtering.duplicates.summary import DuplicateReport, summarise
from hf_regional.filtering.duplicates.texts import SIMILARITY, equal_texts, similar_texts
from hf_regional.filtering.duplicates.wording import normalise
from hf_regional.regions import country_code, language_code

Column: TypeAlias = pa.Array | pa.ChunkedArray

ACROSS: Final = 2  # bits; recompressing or resizing a picture moves fewer


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What was found among n rows.

    group: (n,) int64, the number of the row that stays in place of each; its own where it stays. keep: (n,) bool. why: (n,) strings,
    null for rows that stay; "duplicate:image" (near, and of one country), "duplicate:image+text" (near, of different countries, with
    equal texts), "duplicate:image-across" (of different countries, much nearer), "duplicate:text", "duplicate:similar-text", or
    "unreadable:" and the fault of an image that could not be compared.
    """

    group: np.ndarray
    keep: np.ndarray
    why: pa.Array
    report: DuplicateReport


def find_duplicates(
    images: Column | ImageHashes | np.ndarray | None = None,
    texts: Column | None = None,
    countries: Column | None = None,
    languages: Column | None = None,
    *,
    distance: int = DISTANCE,
    across: int = ACROSS,
    similarity: float = SIMILARITY,
    captions: bool = False,
    quality: Column | np.ndarray | None = None,
    threads: int = 2,
) -> Duplicates:
    """Find rows that are copies of one another, and choose which of them stays.

    Two rows with images are copies if their hashes are at most `distance` bits apart and they have a country in common, or name none;
    rows of different countries only if the hashes are at most `across` bits apart or the texts are equal; and their colours must agree
    (hashes given as bare numbers have none). Rows without images are copies if their texts are equal, or similar and of one country.
    Of copies the row stays that is of the rarer country, then of the rarer language, of the higher quality, with the larger image,
    the earlier; every row that goes is a copy of the row that stays in its place. A row whose image cannot be read goes as well, with
    its fault for a reason; one that has no image does not.

    Args:
        images: (n,) images, as struct<bytes, path>, bytes or paths; or what `hash_images` made of them; or (n,) uint64 hashes.
        texts: (n,) strings.
        countries: (n,) strings or lists of strings, codes or names.
        languages: the same of languages.
        distance: bits of 64 within a country, 0 to 11.
        across: bits between countries, 0 to `distance`.
        similarity: least Jaccard similarity of two texts' runs of characters, in (0, 1].
        captions: let equal and similar texts make copies of rows whose images differ, too.
        quality: (n,) numbers, higher is better; null and NaN are the worst.
        threads: how much is done at a time.

    Raises:
        ConfigError: neither images nor texts, columns of different lengths, or a column of a type that cannot be read.
        OutOfRangeError: a distance or the similarity outside its range.

    >>> found = find_duplicates(np.array([0b000, 0b011, 0xFFF], np.uint64), countries=pa.array(["THA", "THA", "LAO"]), distance=2)
    >>> found.keep.tolist(), found.group.tolist(), found.why.to_pylist()
    ([True, False, True], [0, 0, 2], [None, 'duplicate:image', None])
    """
    rows = _rows(images=images, texts=texts, countries=countries, languages=languages, quality=quality)
    if not 0 <= across <= distance:
        raise OutOfRangeError(
            f"across must be 0 to the distance, {distance}, got {across}: between countries the rule is the stricter one."
        )
    pictures, words = read_images(images, rows, threads), pa.nulls(rows, pa.large_string()) if texts is None else normalise(texts)
    home, tongue = read_places(countries, rows, "countries", country_code), read_places(languages, rows, "languages", language_code)
    aside, numbers = pictures.fault.is_valid().to_numpy(zero_copy_only=False), equal_texts(words)
    order = preferred(home, tongue, read_quality(quality, rows), pictures.area)
    spoken = ~aside & (numbers >= 0) & (captions | ~pictures.readable)
    by_image = image_links(pictures, home, numbers, distance, across, threads)
    by_text, capped = _by_text(words, numbers, order[spoken[order]], home, similarity, threads)
    groups = settle(order, [by_image, by_text], rows)
    why = _reasons(groups.why, pictures.fault)
    settings = {"distance": distance, "across": across, "similarity": similarity, "captions": captions}
    report = summarise(groups.stays, why, {"countries": home, "languages": tongue}, by_image, pictures, numbers, capped, settings)
    return Duplicates(groups.stays, why.is_null().to_numpy(zero_copy_only=False), why, report)


def _rows(**columns: Column | ImageHashes | np.ndarray | None) -> int:
    """The number of rows, which all columns must agree on."""
    found = {name: len(column) for name, column in columns.items() if column is not None}
    if columns["images"] is None and columns["texts"] is None:
        raise ConfigError("there is nothing to compare rows by: give images=, texts= or both.", "images")
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{name} {count:,}" for name, count in found.items())
        raise ConfigError(f"the columns have different numbers of rows: {listed}. Take them from one table.", "images")
    return next(iter(found.values()))


def _by_text(
    words: pa.Array, numbers: np.ndarray, order: np.ndarray, home: Places, similarity: float, threads: int
) -> tuple[TextLinks, int]:
    """Link rows, given best first; the best rows' texts come first, for these lead their buckets."""
    _, first, inverse = np.unique(numbers[order], return_index=True, return_inverse=True)
    leading = np.argsort(first)
    similar = similar_texts(words.take(pa.array(order[first[leading]])), similarity, threads=threads)
    classes = np.full(len(numbers), -1)
    classes[order] = np.argsort(leading)[inverse]
    return text_links(similar, classes, len(first), home), similar.capped


def _reasons(why: np.ndarray, fault: pa.Array) -> pa.Array:
    calls: Any = pc  # its functions are made at run time, unknown to the type checker
    copied = pa.DictionaryArray.from_arrays(pa.array(why, mask=why == 0), pa.array(REASONS)).cast(pa.string())
    return calls.if_else(calls.is_valid(fault), calls.binary_join_element_wise("unreadable", fault, ":"), copied)
