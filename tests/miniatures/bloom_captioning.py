"""`sil-ai/bloom-captioning`: its columns in JSON lines, a folder a language. How its files are called is not known."""

import json
from pathlib import Path

_BOOKS = (("ind", "cc-by"), ("tha", "cc-by-sa"), ("bzi", "cc-by-nc"))


def row(language: str, licence: str, split: str, place: int, site: str) -> dict[str, object]:
    return {
        "image_id": f"{language}-{split}-{place}",
        "image_url": f"{site}/{61 + place}.jpg" if place < 2 else f"{site}/gone/{61 + place}.jpg",
        "caption": f"({language}) Kura-kura pergi ke pasar {place}." if place != 1 else " ",
        "story_id": f"{language}-1",
        "album_id": "7",
        "license": licence,
        "original_bloom_language_tag": language,
        "index_in_story": place,
    }


def write(folder: Path, site: str) -> None:
    for language, licence in _BOOKS:
        (folder / language).mkdir()
        for split in ("train", "validation", "test"):
            lines = [json.dumps(row(language, licence, split, place, site)) for place in range(3)]
            (folder / language / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
