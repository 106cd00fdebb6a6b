"""CC3M-35L as downloaded: two packed files of translations, and Conceptual Captions' two files of captions and addresses."""

import gzip
import json
from pathlib import Path

CAPTIONS = ("a man rides a water buffalo", "a bowl of noodle soup", "a caption that has no picture")


def translations(part: str) -> bytes:
    rows = [
        {
            "src_lang": "en", "caption_tokenized": caption, "trg_lang": language,
            "translation_tokenized": f"{language} {part} {place}", "backtranslation_tokenized": f"back {place}",
        }
        for place, caption in enumerate(CAPTIONS)
        for language in ("fil", "id", "th", "vi", "sw")
    ]  # fmt: skip
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def write(folder: Path, site: str) -> None:
    for part in ("train", "dev"):
        (folder / f"cc3m_mt_{part}.jsonl.gz").write_bytes(gzip.compress(translations(part)))
    # The first caption stands beside two pictures, one of which is gone.
    lines = [
        f"{CAPTIONS[1]}\t{site}/21.jpg",
        f"{CAPTIONS[0]}\t{site}/22.jpg",
        f"another\t{site}/23.jpg",
        f"{CAPTIONS[0]}\t{site}/gone/24.jpg",
    ]
    for name in ("Train_GCC-training.tsv", "Validation_GCC-1.1.0-Validation.tsv"):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
