"""`MBZUAI/ALM-Bench`: a picture under `file_name`; languages by name; the options of a question behind its answer, in brackets."""

from pathlib import Path

import datasets

from miniatures.pictures import cell

_TEXT = datasets.Value("string")
_COLUMNS = (
    "ID", "Language", "Category", "Question_Type", "English_Question", "English_Answer", "Translated_Question", "Translated_Answer",
    "Image_Url",
)  # fmt: skip
_FEATURES = datasets.Features({"file_name": datasets.Image(), **dict.fromkeys(_COLUMNS, _TEXT)})
_URL = "https://example.org/picture.jpg"
_ROWS = (
    ("001_1_01_001", "Indonesian", "Food", "Short Questions", "Which dish?", "Rendang", "Hidangan apa?", "Rendang", _URL),
    (
        "002_1_01_001", "Chinese (Simplified)", "Music", "Multiple Choice Questions", "Which instrument? (A) erhu (B) pipa",
        "erhu (erhu, pipa)", "哪种乐器？（二胡，琵琶）", "二胡（二胡，琵琶）", _URL,
    ),
    ("003_1_01_001 ", "Emirati Arabic", "Customs", "True False Question", "Is it a majlis?", "True", "هل هذا مجلس؟", "صح", _URL),
    ("004_1_01_001", "Waray-Waray", "Food", "Long Question", "Describe it.", "A fish (small).", "Isaysay ini.", "Isda (gutiay).", _URL),
    ("005_1_01_001", "English", "Food", "Short Questions", "Which dish?", "Pie", "Which dish?", "Pie", _URL),
)  # fmt: skip


def write(folder: Path) -> None:
    rows = [{"file_name": cell(number), **dict(zip(_COLUMNS, said, strict=True))} for number, said in enumerate(_ROWS)]
    (folder / "data").mkdir()
    datasets.Dataset.from_list(rows, features=_FEATURES).to_parquet(str(folder / "data" / "test-00000-of-00001.parquet"))
