"""Features kept on disk: an encoder and images in; their features out, of which only those never seen before are computed.

    cache = KeptFeatures("features")
    cache.features(load_vision("openai/clip-vit-base-patch32"), cells)     # encodes all
    cache.features(load_vision("openai/clip-vit-base-patch32"), more)      # encodes what is new

One folder an encoder, named by its fingerprint, with files of features that are only ever added: images are known by the digest of their
content, whatever they are called and in whatever order they come, and a killed run goes on where it was.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from hf_regional.durable import atomic_file, file_sha256
from hf_regional.encoding.images import ImageSource, image_key
from hf_regional.errors import BadRowError, DamagedFileError

_PART: Final = 2048  # images whose features are written at a time, and lost at most by a kill


class Encoder(Protocol):
    """What the cache asks when it does not know an image."""

    def encode_images(self, images: Sequence[ImageSource]) -> np.ndarray: ...  # noqa: D102 - (n, d) float32, unit norm

    def fingerprint(self) -> str: ...  # noqa: D102 - changes with all that decides the features


class _Place(NamedTuple):
    part: Path
    row: int


@dataclass(frozen=True, slots=True)
class KeptFeatures:
    """A folder of features by encoder and content of the image.

    Args:
        folder: made on first use; several encoders and data sets can share it, and several processes write into it.
    """

    folder: Path | str

    def features(self, encoder: Encoder, images: Sequence[ImageSource]) -> npt.NDArray[np.float32]:
        """(n, d) float32 features, one row an image, encoding those that are not kept; images of the same content are encoded once.

        Raises:
            BadRowError: a cell is empty or a picture cannot be opened; the message has its place. What was encoded before is kept.
            DamagedFileError: a file of the cache cannot be read.
        """
        folder = Path(self.folder) / encoder.fingerprint()
        digests = [_digest(image, row) for row, image in enumerate(images)]
        known = _index(folder)
        new = [row for row, digest in enumerate(digests) if digest not in known]
        new = list({digests[row]: row for row in reversed(new)}.values())[::-1]
        for part in _encoded(encoder, images, new):
            known |= _write(folder, [digests[row] for row in part.rows], part.features)
        return _gather([known[digest] for digest in digests])


class _Encoded(NamedTuple):
    rows: list[int]
    features: np.ndarray


def _encoded(encoder: Encoder, images: Sequence[ImageSource], rows: list[int]) -> Iterator[_Encoded]:
    from huggingface_hub.utils import tqdm

    if not rows:
        return
    with tqdm(total=len(rows), unit="image", unit_scale=True, desc="encoding") as bar:
        for start in range(0, len(rows), _PART):
            some = rows[start : start + _PART]
            try:
                yield _Encoded(some, encoder.encode_images([images[row] for row in some]))
            except BadRowError as error:
                raise BadRowError(f"among rows {some[0]} to {some[-1]}: {error}") from error
            bar.update(len(some))


def _digest(image: ImageSource, row: int) -> bytes:
    """SHA-256 of what a picture holds: the bytes of its file, or the pixels of one that is open."""
    path = image.get("path") if isinstance(image, Mapping) and image.get("bytes") is None else None
    if path is None:
        try:
            return bytes.fromhex(image_key(image))
        except BadRowError as error:
            raise BadRowError(f"row {row}: {error}") from error
    if not Path(str(path)).is_file():
        raise BadRowError(f"row {row}: there is no picture {path}. Repair the path or remove the row.")
    return bytes.fromhex(file_sha256(Path(str(path))))


def _index(folder: Path) -> dict[bytes, _Place]:
    digests = ((part, enumerate(_read(part, "digests"))) for part in sorted(folder.glob("*.npz")))
    return {digest.tobytes(): _Place(part, row) for part, rows in digests for row, digest in rows}


def _read(part: Path, name: Literal["digests", "features"]) -> np.ndarray:
    try:
        with part.open("rb") as file, np.load(file) as held:  # of a damaged file numpy leaves the handle open
            return held[name]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise DamagedFileError(f"{part} is no file of kept features ({error}). Remove it; its images are encoded again.") from error


def _write(folder: Path, digests: list[bytes], features: np.ndarray) -> dict[bytes, _Place]:
    folder.mkdir(parents=True, exist_ok=True)
    # Named by what it holds: two processes that encode the same images write the same file.
    part = folder / f"{hashlib.sha256(b''.join(digests)).hexdigest()[:32]}.npz"
    table = np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), -1)
    with atomic_file(part) as path, Path(path).open("wb") as file:
        np.savez(file, digests=table, features=features.astype(np.float32))
    return {digest: _Place(part, row) for row, digest in enumerate(digests)}


def _gather(places: Sequence[_Place]) -> npt.NDArray[np.float32]:
    """Features of some places, each file read once."""
    rows_of: dict[Path, list[int]] = {}
    for row, place in enumerate(places):
        rows_of.setdefault(place.part, []).append(row)
    out: npt.NDArray[np.float32] = np.zeros((len(places), 0), np.float32)
    for part, rows in rows_of.items():
        held = _read(part, "features")
        if not out.shape[1]:
            out = np.empty((len(places), held.shape[1]), np.float32)
        out[rows] = held[[places[row].row for row in rows]]
    return out
