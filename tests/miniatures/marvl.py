"""`floschne/marvl`: one split a language; two pictures, each as they are, resized, and stacked both ways; who annotated is a struct."""

import io
from pathlib import Path

import datasets
from PIL import Image

from miniatures.pictures import jpeg

_TEXT = datasets.Value("string")
_PICTURE = {"bytes": datasets.Value("binary"), "path": _TEXT}
_SAID = {
    "id": ("Gambar kiri menunjukkan dua orang menari.", "The left picture shows two people dancing."),
    "sw": ("Picha zote zina ngoma.", "Both pictures have a drum."),
    "ta": ("இரண்டு படங்களிலும் கோலம் உள்ளது.", "Both pictures have a kolam."),
    "tr": ("İki resimde de çay var.", "Both pictures have tea."),
    "zh": ("两张图片里都有茶。", "Both pictures have tea."),
}
_FEATURES = datasets.Features(
    {
        "id": _TEXT,
        "hypothesis": _TEXT,
        "hypo_en": _TEXT,
        "language": _TEXT,
        "label": datasets.Value("bool"),
        "chapter": _TEXT,
        "concept": _TEXT,
        "annotator_info": {"age": datasets.Value("int64"), "annotator_id": _TEXT, "country_of_birth": _TEXT, "gender": _TEXT},
        "left_img": _PICTURE,
        "right_img": _PICTURE,
        "resized_left_img": _PICTURE,
        "resized_right_img": _PICTURE,
        "vertically_stacked_img": _PICTURE,
        "horizontally_stacked_img": _PICTURE,
    }
)


def _stacked(left: bytes, right: bytes, *, across: bool) -> bytes:
    pictures = [Image.open(io.BytesIO(data)) for data in (left, right)]
    width, height = pictures[0].size
    both = Image.new("RGB", (2 * width, height) if across else (width, 2 * height))
    for place, picture in enumerate(pictures):
        both.paste(picture, (place * width, 0) if across else (0, place * height))
    data = io.BytesIO()
    both.save(data, "JPEG")
    return data.getvalue()


def _row(language: str, number: int) -> dict[str, object]:
    left, right = jpeg(2 * number), jpeg(2 * number + 1)
    pictures = {
        "left_img": left, "right_img": right, "resized_left_img": left, "resized_right_img": right,
        "vertically_stacked_img": _stacked(left, right, across=False), "horizontally_stacked_img": _stacked(left, right, across=True),
    }  # fmt: skip
    said, english = _SAID[language]
    return {
        "id": f"{language}-{number}", "hypothesis": said, "hypo_en": english, "language": language, "label": number % 2 == 0,
        "chapter": "Speech and language", "concept": "39-Tari",
        "annotator_info": {"age": 31, "annotator_id": "ann_7", "country_of_birth": "Indonesia", "gender": "female"},
        **{name: {"bytes": data, "path": f"{name}.jpg"} for name, data in pictures.items()},
    }  # fmt: skip


def write(folder: Path) -> None:
    (folder / "data").mkdir()
    for language in _SAID:
        rows = datasets.Dataset.from_list([_row(language, number) for number in range(2)], features=_FEATURES)
        rows.to_parquet(str(folder / "data" / f"{language}-00000-of-00001.parquet"))
