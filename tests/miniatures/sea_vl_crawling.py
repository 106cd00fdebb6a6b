"""`SEACrowd/sea-vl_crawling`: captions are a list, which may hold empty ones; one id stands in two rows."""

from pathlib import Path

import datasets

from miniatures.pictures import cell

_TEXT = datasets.Value("string")
_ROWS = (
    ("a1", ["Hidangan rendang from Indonesia", "rendang"], "cuisine"),
    ("a2", ["", "Angkor Wat, Cambodia, at dawn"], "landmark"),
    ("a1", ["Paris in the rain"], "landmark"),
    ("a3", [""], "cuisine"),
)


def write(folder: Path) -> None:
    rows = [
        {"id": name, "image": cell(number), "caption": captions, "category": category}
        for number, (name, captions, category) in enumerate(_ROWS)
    ]
    features = datasets.Features({"id": _TEXT, "image": datasets.Image(), "caption": datasets.List(_TEXT), "category": _TEXT})
    (folder / "data").mkdir()
    datasets.Dataset.from_list(rows, features=features).to_parquet(str(folder / "data" / "train-00000-of-00001.parquet"))
