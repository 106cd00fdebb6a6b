"""`afaji/cvqa`: one Parquet file of the split test; `Subset` is a tuple written as text, the options are lists."""

from pathlib import Path

import datasets

from miniatures.pictures import jpeg

_SUBSETS = (
    ("Indonesian", "Indonesia"), ("Javanese", "Indonesia"), ("Malay", "Malaysia"), ("Filipino", "Philippines"), ("Tamil", "India"),
    ("Chinese", "Singapore"), ("Spanish", "Mexico"), ("Swahili", "Kenya"), ("Breton", "France"), ("Japanese", "Japan"),
)  # fmt: skip
FEATURES = datasets.Features(
    {
        "image": datasets.Image(),
        "ID": datasets.Value("string"),
        "Subset": datasets.Value("string"),
        "Question": datasets.Value("string"),
        "Translated Question": datasets.Value("string"),
        "Options": datasets.List(datasets.Value("string")),
        "Translated Options": datasets.List(datasets.Value("string")),
        "Label": datasets.Value("int64"),
        "Category": datasets.Value("string"),
        "Image Type": datasets.Value("string"),
        "Image Source": datasets.Value("string"),
        "License": datasets.Value("string"),
    }
)


def rows() -> list[dict[str, object]]:
    return [
        {
            "image": {"bytes": jpeg(number), "path": None},
            "ID": f"{5919991144272485961 + number}_{number}",
            "Subset": str(subset),
            "Question": f"({subset[0]}) apa nama makanan ke-{number}?",
            "Translated Question": f"What is the name of dish {number}?",
            "Options": [f"{subset[0]} {letter}{number}" for letter in "abcd"],
            "Translated Options": [f"dish {letter}{number}" for letter in "abcd"],
            "Label": number % 4,
            "Category": ("Cooking and food (Drinks)", "Traditions / Art / History", "Sports and recreation")[number % 3],
            "Image Type": "Self" if number % 2 else "External",
            "Image Source": "Self-captured" if number % 2 else "https://commons.wikimedia.org/wiki/File:Example.jpg",
            "License": ("CC BY-SA 4.0", "CC BY 4.0", "CC0")[number % 3],
        }
        for number, subset in enumerate(subset for subset in _SUBSETS for _ in range(2))
    ]


def write(folder: Path) -> None:
    (folder / "data").mkdir()
    datasets.Dataset.from_list(rows(), features=FEATURES).to_parquet(str(folder / "data" / "test-00000-of-00001.parquet"))
    (folder / "README.md").write_text("---\nconfigs:\n- config_name: default\n---\n# CVQA\n", encoding="utf-8")
