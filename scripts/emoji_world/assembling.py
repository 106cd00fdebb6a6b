"""Pictures and annotations in; one row a picture with its texts and their splits out, and the file that holds them."""

import hashlib
import io
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from tqdm import tqdm

from emoji_world.annotations import Annotation, group_of
from hf_regional.corpora.emoji_pictures import SCHEMA
from hf_regional.durable import atomic_file

SALT = "emoji-world 1"
VALIDATION, TEST = 0.15, 0.15


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """One text of one picture; `kind` is "name" or "keyword"."""

    language: str
    kind: str
    text: str
    split: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One row of the file. `sequences` are the ids of all character sequences that the font draws with these pixels."""

    picture: str
    sequences: list[str]
    topic: str | None
    image: Image.Image
    texts: list[Text]


def assemble(images: dict[str, Image.Image], annotations: dict[str, dict[str, Annotation]], groups: dict[str, str]) -> list[Picture]:
    """One `Picture` for every picture that differs, sorted by id.

    The font draws nine sequences with the pixels of another (the flag of Bouvet Island is that of Norway): they are one picture
    with the names of all, since no model can tell them apart.
    """
    alike: dict[bytes, list[str]] = {}
    for sequence in sorted(images, key=picture_id):
        alike.setdefault(images[sequence].tobytes(), []).append(sequence)
    return [
        Picture(
            picture=picture_id(sequences[0]),
            sequences=[picture_id(sequence) for sequence in sequences],
            topic=group_of(sequences[0], groups),
            image=images[sequences[0]],
            texts=texts_of(picture_id(sequences[0]), sequences, annotations),
        )
        for sequences in alike.values()
    ]


def texts_of(picture: str, sequences: list[str], annotations: dict[str, dict[str, Annotation]]) -> list[Text]:
    """All texts of one picture, each once a language: a keyword that is also the name there is only the name."""
    kinds: dict[tuple[str, str], tuple[str, str]] = {}  # (language, folded text) -> (kind, text)
    for language, table in annotations.items():
        here = [table[sequence] for sequence in sequences if sequence in table]
        for name in (annotation.name for annotation in here):
            if name:
                kinds.setdefault((language, name.casefold()), ("name", name))
        for keyword in (keyword for annotation in here for keyword in annotation.keywords):
            kinds.setdefault((language, keyword.casefold()), ("keyword", keyword))
    named = {folded for (_, folded), (kind, _) in kinds.items() if kind == "name"}
    return sorted(
        Text(language, kind, text, split_of(picture, folded) if folded in named else "train")
        for (language, folded), (kind, text) in kinds.items()
    )


def split_of(picture: str, folded_text: str) -> str:
    """70 % train, 15 % validation, 15 % test, by a hash of the unit: a text of a picture is on one side in every language.

    Only units that are a name in some language are drawn; those that are keywords everywhere are all for training, because
    only names are scored.
    """
    unit = hashlib.sha256(f"{SALT}\n{picture}\n{folded_text}".encode()).digest()
    draw = int.from_bytes(unit[:8]) / 2**64  # uniform in [0, 1)
    return "test" if draw < TEST else "validation" if draw < TEST + VALIDATION else "train"


def picture_id(sequence: str) -> str:
    """Code points in hexadecimal: "🇮🇩" -> "1F1EE-1F1E9"."""
    return "-".join(f"{ord(character):04X}" for character in sequence)


def write_parquet(pictures: list[Picture], output: Path, *, effort: int = 6) -> None:
    """One zstd-compressed file; the pictures as lossless WebP (3.9 MB in all, against 4.6 MB as palette PNG).

    `effort` in [0, 6] trades minutes for bytes; the content is the same.
    """
    rows = [
        {
            "picture": picture.picture,
            "sequences": picture.sequences,
            "topic": picture.topic,
            "image": as_webp(picture.image, effort),
            "texts": [asdict(text) for text in picture.texts],
        }
        for picture in tqdm(pictures, desc="compressing", unit="picture")
    ]
    with atomic_file(output) as partial:
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), partial, compression="zstd", compression_level=19)


def as_webp(image: Image.Image, effort: int) -> bytes:
    """Lossless WebP bytes of an RGB picture."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=True, quality=100 * effort // 6, method=effort)
    return buffer.getvalue()
