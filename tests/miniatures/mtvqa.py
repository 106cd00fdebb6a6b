"""`ByteDance/MTVQA`: questions and answers of a picture are a list of dicts written as a text, as Python writes it."""

from pathlib import Path

import datasets

from miniatures.pictures import cell

_TEXT = datasets.Value("string")
_FEATURES = datasets.Features({"image": datasets.Image(), "id": _TEXT, "qa_pairs": _TEXT, "lang": _TEXT})
_SAID = (
    ("TH", [("ราคาเท่าไหร่", "20 บาท"), ("ร้านชื่ออะไร", "ร้าน 'ลุงดำ'")]),
    ("VI", [("Quán tên gì?", 'Phở "Hòa"\nPasteur')]),
    ("KR", [("가격은 얼마입니까?", "5000원")]),
    ("DE", [("Wie heißt die Straße?", "Königsallee")]),
)


def write(folder: Path) -> None:
    (folder / "data").mkdir()
    for split, size in (("train", 4), ("test", 2)):
        rows = [
            {
                "image": cell(number), "id": f"{split}_{number}", "lang": language,
                "qa_pairs": str([{"question": question, "answer": answer} for question, answer in pairs]),
            }
            for number, (language, pairs) in enumerate(_SAID[:size])
        ]  # fmt: skip
        found = datasets.Dataset.from_list(rows, features=_FEATURES)
        found.to_parquet(str(folder / "data" / f"{split}-00000-of-00001.parquet"))
