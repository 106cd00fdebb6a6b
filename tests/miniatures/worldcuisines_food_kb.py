"""`worldcuisines/food-kb`: Parquet with eight columns of pictures and their addresses and licences; lists are texts; the split is main."""

from pathlib import Path

import datasets

from miniatures.pictures import jpeg

_TEXT = datasets.Value("string")
_PICTURES = range(1, 9)
_NAMES = ("name", "alias", "cuisines", "associated_cuisines", "area", "countries", *(f"region{n}" for n in range(1, 6)), "text_description")
FEATURES = datasets.Features(
    {
        **dict.fromkeys(_NAMES, _TEXT),
        **{f"image{n}": datasets.Image() for n in _PICTURES},
        **{f"image{n}_{what}": _TEXT for n in _PICTURES for what in ("url", "license")},
    }
)


def rows(site: str) -> list[dict[str, object]]:
    empty: dict[str, object] = dict.fromkeys(FEATURES)
    return [
        {
            **empty, "name": "Rawon", "cuisines": '["Indonesian"]', "countries": '["Indonesia"]', "region1": "South Eastern Asia",
            "text_description": "The soup is black from keluak.", "image1": {"bytes": jpeg(1), "path": None},
            "image1_url": "https://upload.wikimedia.org/Rawon.jpg?download", "image1_license": "CC-BY-SA 4.0",
            "image2": {"bytes": jpeg(2), "path": None}, "image2_url": "https://upload.wikimedia.org/Setan.jpg", "image2_license": None,
        },
        {
            **empty, "name": "Nasi Lemak", "cuisines": '["Malaysian", "Indonesian"]', "countries": '["Malaysia", "Indonesia"]',
            "region1": "South Eastern Asia", "image1_url": f"{site}/3.jpg", "image1_license": "CC0",  # not embedded
        },
        {
            **empty, "name": "Goulash", "cuisines": '["Hungarian"]', "countries": '["Hungary", "Czech Republic"]',
            "region1": "Eastern Europe", "image1": {"bytes": jpeg(4), "path": None}, "image1_license": "Public Domain",
        },
    ]  # fmt: skip


def write(folder: Path, site: str) -> None:
    (folder / "data").mkdir()
    datasets.Dataset.from_list(rows(site), features=FEATURES).to_parquet(str(folder / "data" / "train-00000-of-00004.parquet"))
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: main\n    path: data/train-*\n---\n"
    )
