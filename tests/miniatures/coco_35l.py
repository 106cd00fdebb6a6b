"""COCO-35L as downloaded: two packed files of translations, and COCO's two zip archives of 2014."""

import gzip
import json
from pathlib import Path

from miniatures.archives import zipped
from miniatures.pictures import jpeg


def translations(images: tuple[str, ...]) -> bytes:
    rows = [
        {
            "image_id": image, "src_lang": "en", "caption_tokenized": f"a thing {image}", "trg_lang": language,
            "translation_tokenized": f"{language} {image}", "backtranslation_tokenized": f"thing {image}",
        }
        for image in images
        for language in ("fil", "id", "th", "vi", "sw")
    ]  # fmt: skip
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def write_pictures(folder: Path) -> None:
    """The two archives, with pictures 9 and 25 in one part and 42 in the other."""
    zipped(folder / "train2014.zip", {f"train2014/COCO_train2014_{number:012d}.jpg": jpeg(number) for number in (9, 25)})
    zipped(folder / "val2014.zip", {"val2014/COCO_val2014_000000000042.jpg": jpeg(42)})


def write(folder: Path) -> None:
    # Some of the training captions are of pictures of the part val2014; 77 is in neither.
    (folder / "coco_mt_train.jsonl.gz").write_bytes(gzip.compress(translations(("9_0", "9_1", "42_0", "77_0"))))
    (folder / "coco_mt_dev.jsonl.gz").write_bytes(gzip.compress(translations(("25_0",))))
    write_pictures(folder)
