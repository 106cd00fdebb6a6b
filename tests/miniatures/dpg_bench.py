"""`dpg_bench.csv` of the repository of ELLA: a question a row, rows of a prompt behind each other, "0" where a question rests on none."""

import csv
from pathlib import Path

COLUMNS = (
    "item_id", "text", "keywords", "proposition_id", "dependency", "category_broad", "category_detailed", "tuple",
    "question_natural_language",
)  # fmt: skip
_BIKE = (
    ("1", "0", "entity", "whole", "entity - whole (motorcycle)", "Is there a motorcycle?"),
    ("2", "1", "attribute", "color", "attribute - color (motorcycle, red)", "Is the motorcycle red?"),
    ("3", "0", "entity", "whole", "entity - whole (garage)", "Is there a garage?"),
    ("4", "1, 3", "relation", "spatial", "relation - spatial (motorcycle, garage, inside)", "Is the motorcycle in the garage?"),
)
_BOWL = (
    ("1", "0", "entity", "whole", "entity - whole (bowl)", "Is there a bowl?"),
    ("2", "1", "other", "count", "other - count (bowl, ==2)", "Are there two bowls?"),
)
PROMPTS = {
    "COCOval2014000000000042": ("a red motorcycle, parked in a garage", "motorcycle", _BIKE),
    "partiprompts7": ('two bowls on a table, one of them "blue"', "", _BOWL),
}


def write(folder: Path) -> None:
    with (folder / "dpg_bench.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for item, (text, keywords, questions) in PROMPTS.items():
            table.writerows([(item, text, keywords, *question) for question in questions])
