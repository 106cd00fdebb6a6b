"""The file behind `emoji-world`: one row a picture with all its texts in; its digest, and a folder of picture files, out."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from hf_regional.durable import atomic_folder, digest_of

PARQUET: Final = Path(__file__).parent / "data" / "emoji_world.parquet"
CONTENT_SHA256: Final = "f2edbb177e13d3ee7823c55aa0e35f8f0a2b93bc97159db5aec48e575bc38549"

_TEXT: Final = pa.struct([(name, pa.string()) for name in ("language", "kind", "text", "split")])
SCHEMA: Final = pa.schema(
    [
        ("picture", pa.string()),
        ("sequences", pa.list_(pa.string())),
        ("topic", pa.string()),
        ("image", pa.binary()),
        ("texts", pa.list_(_TEXT)),
    ]
)


def content_digest(path: Path = PARQUET) -> str:
    """SHA-256 of what the file says: sorted rows, decoded pixels, texts. Encoders and compressors have no part in it."""
    return digest_of(sorted((_without_encoding(row) for row in read_rows(path)), key=lambda row: row["picture"]))


def read_rows(path: Path = PARQUET, *, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of the file as dicts of `SCHEMA`'s columns, or of the named ones."""
    for batch in pq.ParquetFile(path).iter_batches(batch_size=256, columns=columns):
        yield from batch.to_pylist()


def extract_pictures(cache_dir: Path) -> Path:
    """Write every picture as `<picture>.webp` to a folder below `cache_dir`, once; its name bears the content's digest.

    158,000 rows share 1,846 pictures: with the bytes in each row the Arrow file would be 80 times as large.

    Raises:
        CannotWriteError: no space or no permission below `cache_dir`.
    """
    folder = cache_dir / f"emoji-world-pictures-{CONTENT_SHA256[:16]}"
    if not folder.is_dir():
        with atomic_folder(folder, overwrite=True) as partial:
            for row in read_rows(columns=["picture", "image"]):
                (partial / f"{row['picture']}.webp").write_bytes(row["image"])
    return folder


def _without_encoding(row: dict[str, Any]) -> dict[str, Any]:
    with Image.open(io.BytesIO(row["image"])) as image:
        pixels = image.convert("RGB")
    texts = sorted([text["language"], text["kind"], text["text"], text["split"]] for text in row["texts"])
    return row | {"image": [*pixels.size, hashlib.sha256(pixels.tobytes()).hexdigest()], "texts": texts}
