"""`floschne/xm3600`: the same pictures in each split, which is a language; the picture is a struct of bytes and path."""

from pathlib import Path

import datasets

from miniatures.pictures import cell

_TEXT = datasets.Value("string")
_SPLITS = (
    "ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fil", "fr", "he", "hi", "hr", "hu", "id", "it",
    "ja", "ko", "mi", "nl", "no", "pl", "pt", "quz", "ro", "ru", "sv", "sw", "te", "th", "tr", "uk", "vi", "zh",
)  # fmt: skip
_FEATURES = datasets.Features(
    {
        "image_id": _TEXT,
        "image_locale": _TEXT,
        "captions": datasets.List(_TEXT),
        "captions_tokenized": datasets.List(_TEXT),
        "captions_tokenized_lowercase": datasets.List(_TEXT),
        "image": {"bytes": datasets.Value("binary"), "path": _TEXT},
    }
)


def _row(split: str, number: int) -> dict[str, object]:
    captions = [f"{split.upper()} caption {number}.{place}" for place in range(2)]
    return {
        "image_id": f"{number:016x}", "image_locale": ("th", "quz")[number], "captions": captions,
        "captions_tokenized": captions, "captions_tokenized_lowercase": [text.lower() for text in captions], "image": cell(number),
    }  # fmt: skip


def write(folder: Path) -> None:
    (folder / "data").mkdir()
    for split in _SPLITS:
        rows = datasets.Dataset.from_list([_row(split, number) for number in range(2)], features=_FEATURES)
        rows.to_parquet(str(folder / "data" / f"{split}-00000-of-00001.parquet"))
