"""Fingerprints: the images and texts of an evaluation set in, what is enough to recognise them out; as a small file, too.

A file is Parquet with a row per item of the set: `image`, the 64-bit perceptual hash; `text`, a 64-bit digest of the normalised
text; `minima`, its MinHash signature (80 uint32, little-endian). The metadata hold the name of the set, where it is from and the
SHA-256 of its content: a set that may not be passed on can still be kept out of training, and anyone can check which one it was.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hf_regional.durable import atomic_file
from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError
from hf_regional.filtering.duplicates.images import hash_images
from hf_regional.filtering.duplicates.signatures import MINIMA, lengths, minima, spans
from hf_regional.filtering.duplicates.wording import digests, normalise

VERSION: Final = 1  # of the file and of what is in it: another hash, spelling or signature is another version
_KEY: Final = b"hf_regional.fingerprints"
_SCHEMA: Final = pa.schema([("image", pa.uint64()), ("text", pa.uint64()), ("minima", pa.binary(4 * MINIMA))])

Column: TypeAlias = pa.Array | pa.ChunkedArray


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """An evaluation set of m items.

    items: (m,) table of `image`, `text` and `minima`, null where an item has none. unreadable: items whose image could not be read,
    so that no image can be compared with it. sha256: 64 hex digits, of the encoded images and the texts as they were given.
    """

    name: str
    items: pa.Table
    unreadable: int
    source: str
    sha256: str

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        """The hashes (k,) uint64 and the items (k,) int64 that have them."""
        return _present(self.items["image"], np.uint64)

    def texts(self) -> tuple[np.ndarray, np.ndarray]:
        """The digests (k,) uint64 and the items (k,) int64 that have them."""
        return _present(self.items["text"], np.uint64)

    def signatures(self) -> np.ndarray:
        """The minima of the items with a text, (k, 80) uint32."""
        joined = b"".join(self.items["minima"].drop_null().to_pylist())
        return np.frombuffer(joined, "<u4").reshape(-1, MINIMA)


def fingerprint(
    name: str, images: Column | None = None, texts: Column | None = None, *, source: str = "", threads: int = 2
) -> Fingerprints:
    """Take the fingerprints of an evaluation set.

    Args:
        name: what reports call the set.
        images: (m,) images, as `hash_images` takes them.
        texts: (m,) strings: questions, captions.
        source: where the set is from, for whoever reads the file: a Hub id and a revision, an address.
        threads: images decoded at a time.

    Raises:
        ConfigError: neither images nor texts, different lengths, or types that cannot be read.
    """
    given = [column for column in (images, texts) if column is not None]
    if len({len(column) for column in given}) != 1:
        counts = " and ".join(f"{len(column):,}" for column in given) or "none"
        raise ConfigError(f"evaluation set {name!r}: expected images, texts or both, of the same length, got {counts}.", "evaluation_sets")
    rows, digest = len(given[0]), _sha256(given)
    hashes, unreadable = pa.nulls(rows, pa.uint64()), 0
    if images is not None:
        found = hash_images(images, threads=threads)
        hashes, unreadable = pa.array(found.hashes, mask=~found.readable), len(found.fault) - found.fault.null_count
    words = pa.nulls(rows, pa.large_string()) if texts is None else normalise(texts)
    return Fingerprints(name, pa.table([hashes, *_signed(words)], schema=_SCHEMA), unreadable, source, digest)


def write_hashes(path: Path, fingerprints: Fingerprints) -> None:
    """Write fingerprints to a file, which appears whole or not at all; 340 bytes an item with a text, 8 without.

    Raises:
        CannotWriteError: no space or no permission.
    """
    facts = {"version": VERSION, "name": fingerprints.name, "unreadable": fingerprints.unreadable}
    facts |= {"source": fingerprints.source, "sha256": fingerprints.sha256}
    with atomic_file(path) as partial:
        pq.write_table(fingerprints.items.replace_schema_metadata({_KEY: json.dumps(facts)}), partial, compression="zstd")


def read_hashes(path: Path) -> Fingerprints:
    """Read fingerprints from a file.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: it is no file of fingerprints, or of a version that this release does not read.
    """
    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        raise MissingFileError(f"{path}: no such file of fingerprints. Write one with write_hashes, or give the set itself.") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedFileError(f"{path} is no file of fingerprints: {error}. Write it anew with write_hashes.") from error
    metadata = table.schema.metadata or {}
    if _KEY not in metadata or not table.schema.equals(_SCHEMA):
        raise DamagedFileError(f"{path} is Parquet and holds no fingerprints, but {table.column_names}. Make them with fingerprint().")
    facts = json.loads(metadata[_KEY])
    if facts["version"] != VERSION:
        raise DamagedFileError(f"{path} is of version {facts['version']}, this release reads {VERSION}. Make it anew with fingerprint().")
    return Fingerprints(facts["name"], table.replace_schema_metadata(None), facts["unreadable"], facts["source"], facts["sha256"])


def signed(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Digests (n,) uint64 and minima (n, 80) uint32 of normalised texts without nulls."""
    parts = [(digests(texts[span]), minima(texts[span])) for span in spans(lengths(texts))]
    none = np.zeros(0, np.uint64), np.zeros((0, MINIMA), np.uint32)
    own, signatures = zip(none, *parts, strict=True)
    return np.concatenate(own), np.concatenate(signatures)


def _signed(words: pa.Array) -> tuple[pa.Array, pa.Array]:
    calls: Any = pc  # its functions are made at run time, unknown to the type checker
    there = np.flatnonzero(calls.is_valid(words).to_numpy(zero_copy_only=False))
    own, signatures = signed(words.take(pa.array(there)))
    places = np.zeros(len(words), np.int64)
    places[there] = np.arange(len(there))
    where = pa.array(places, mask=calls.is_null(words).to_numpy(zero_copy_only=False))
    packed = pa.FixedSizeBinaryArray.from_buffers(
        _SCHEMA.field("minima").type, len(own), [None, pa.py_buffer(signatures.astype("<u4").tobytes())]
    )
    return pa.array(own).take(where), packed.take(where)


def _present(column: pa.ChunkedArray, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    there = column.is_valid().to_numpy()
    return column.drop_null().to_numpy().astype(dtype), np.flatnonzero(there)


def _sha256(columns: list[Column]) -> str:
    """Of every cell in turn, each with its length before it: the same however the rows are cut into chunks."""
    digest = hashlib.sha256()
    for column in columns:
        for cell in column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column:
            content = _content(cell)
            digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


def _content(cell: Any) -> bytes:
    if isinstance(cell, pa.StructScalar):
        filled = [part for part in (cell["bytes"], cell["path"]) if part.is_valid] if cell.is_valid else []
        return _content(filled[0]) if filled else b""
    return cell.as_buffer().to_pybytes() if cell.is_valid else b""  # not `as_py`: a text need not be UTF-8
