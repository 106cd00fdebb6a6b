"""GeoDE: on the Hub a Parquet file of pictures, thing, region and country; from its makers `index.csv` and a folder of pictures."""

from pathlib import Path

import datasets

from miniatures.dollar_street import write_csv
from miniatures.pictures import cell, jpeg

_SEEN = (
    ("cooking_pot", "SouthEastAsia", "Indonesia"), ("stove", "SouthEastAsia", "Philippines"), ("hat", "WestAsia", "Saudi Arabia"),
    ("hat", "Africa", "South Africa"), ("house", "EastAsia", "South Korea"), ("bus", "Americas", "Mexico"),
)  # fmt: skip
TEXTS = ("object", "region", "ip_country")


def rows() -> list[dict[str, object]]:
    return [dict(zip(TEXTS, seen, strict=True)) for seen in _SEEN for _ in range(2)]


def write(folder: Path) -> None:
    """`MLap/GeoDE`."""
    features = datasets.Features({"image": datasets.Image(), **dict.fromkeys(TEXTS, datasets.Value("string"))})
    table = [{"image": cell(number), **row} for number, row in enumerate(rows())]
    (folder / "data").mkdir()
    datasets.Dataset.from_list(table, features=features).to_parquet(str(folder / "data" / "train-00000-of-00001.parquet"))


def write_archive(folder: Path) -> None:
    """The makers' archive."""
    names = [f"{row['object']}/{number}.jpg" for number, row in enumerate(rows())]
    for number, name in enumerate(names):
        (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "images" / name).write_bytes(jpeg(number))
    write_csv(folder / "index.csv", [{"file_path": name, **row} for name, row in zip(names, rows(), strict=True)], ("file_path", *TEXTS))
