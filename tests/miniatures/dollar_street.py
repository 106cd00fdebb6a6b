"""Dollar Street: tables with lists written as texts, pictures in `assets/<id>/<id>.jpg`, three CSVs of ids; and its copy on the Hub."""

import csv
import zipfile
from collections.abc import Iterable
from pathlib import Path

from miniatures.pictures import jpeg

_HOMES = (
    ("bi", "Burundi", "af"), ("id", "Indonesia", "as"), ("th", "Thailand", "as"), ("ph", "Philippines", "as"), ("mm", "Myanmar", "as"),
    ("ci", "Cote d'Ivoire", "af"), ("us", "United States", "am"), ("cz", "Czech Republic", "eu"),
)  # fmt: skip
_TOPICS = (["Beds", "Bedrooms"], ["Toothbrushes"], ["Stove/hob", "Kitchens"])
COLUMNS = (
    *("id", "country.id", "country.name", "region.id", "type", "imageRelPath", "topics", "place", "income"),
    *("imagenet_synonyms", "imagenet_sysnet_id"),
)


def rows(number: int = 16) -> list[dict[str, object]]:
    return [_row(place, *_HOMES[place % len(_HOMES)]) for place in range(number)]


def _row(number: int, code: str, name: str, region: str) -> dict[str, object]:
    identifier = f"5d4be6e4cf0b3a0f3f34{number:04x}"
    cells = (
        *(identifier, code, name, region, "image", f"assets/{identifier}/{identifier}.jpg", str(_TOPICS[number % 3])),
        *(f"Home {number % 4}", 27.0 + 100 * number, str(["bed"]), str([831])),
    )
    return dict(zip(COLUMNS, cells, strict=True))


def write_csv(path: Path, table: Iterable[dict[str, object]], columns: Iterable[str] = COLUMNS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*columns], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)


def write(folder: Path) -> None:
    """The archive as it is unpacked, with the CSVs of ids beside: 8, 4 and 4 rows."""
    top, table = folder / "dataset_dollarstreet", rows()
    for number, row in enumerate(table):
        picture = top / str(row["imageRelPath"])
        picture.parent.mkdir(parents=True)
        picture.write_bytes(jpeg(number))
    write_csv(top / "images_v2.csv", table)
    write_csv(top / "images_v2_imagenet_train.csv", table[:12])
    write_csv(top / "images_v2_imagenet_test.csv", table[12:])
    for name, part in (("train", table[:8]), ("val", table[8:12]), ("test", table[12:])):
        write_csv(folder / f"{name}_ids.csv", part, ["id"])


def write_copy(folder: Path) -> None:
    """`nlphuji/dollar_street_test`: a table, and the pictures in one zip archive under their bare names."""
    table = rows(6)
    write_csv(folder / "dollar_street_test.csv", table)
    with zipfile.ZipFile(folder / "dollarstreet_test_images.zip", "w") as archive:
        for number, row in enumerate(table):
            archive.writestr(f"dollarstreet_test_images/{row['id']}.jpg", jpeg(number))
    (folder / "README.md").write_text("# dollar_street_test\n", encoding="utf-8")
