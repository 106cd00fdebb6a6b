"""`wit543/sea-vqa`: an Arrow file in a folder for each country, as `Dataset.save_to_disk` writes it; pictures are addresses."""

import json
import shutil
from pathlib import Path

import datasets

COUNTRIES = ("cambodia", "indonesia", "laos", "malaysia", "philippines", "singapore", "thailand", "vietnam")
_COLUMNS = ("question", "choice_a", "choice_b", "choice_c", "choice_d", "correct_answer", "image_path", "image_page", "copyright")


def rows(country: str, number: int, site: str) -> list[tuple[str | None, ...]]:
    page, owner = f"https://ich.unesco.org/en/RL/{number:05d}", f"© Ministry of Culture, {country.title()}, 2010"
    return [
        ("What is the craft called?", "songket", "batik", "ikat", "kebaya", "b", f"{site}/{number}1.jpg", page, owner),
        ("Who performs it?", "farmers", "dancers", "weavers", None, "C", f"{site}/{number}2.jpg", page, owner),
        # The answer as a text, and no word of who owns the picture
        ("When is it danced?", "at weddings", "at funerals", "", "", "at funerals", f"{site}/{number}1.jpg", page, None),
    ]


def write(folder: Path, site: str) -> None:
    for number, country in enumerate(COUNTRIES):
        found = rows(country, number + 1, site)
        if country == "vietnam":
            page = "https://ich.unesco.org/en/RL/00074"
            found.append(("Where is it played?", "Hue", "Hanoi", "Da Nang", "Vinh", "a", f"{site}/gone/1.jpg", page, "© Nha Nhac"))
            found.append(("Which drum is it?", "big", "small", "none", "both", "e", f"{site}/81.jpg", page, "© Nha Nhac"))
        table = {name: [row[place] for row in found] for place, name in enumerate(_COLUMNS)}
        features = datasets.Features(dict.fromkeys(_COLUMNS, datasets.Value("string")))
        datasets.Dataset.from_dict(table, features=features).save_to_disk(str(folder / country))
    shutil.copytree(folder / "vietnam", folder / "vietnam_parquet")  # the repository has a second form of each
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": list(COUNTRIES)}), encoding="utf-8")
