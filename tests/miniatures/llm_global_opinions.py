"""`Anthropic/llm_global_opinions`: one CSV, a question a row; the answers as Python prints a defaultdict, one question without a text."""

import csv
from pathlib import Path

_ROWS = (
    ("Is family very important in your life?", {"Indonesia": [0.9, 0.1], "Britain": [0.6, 0.4], "India (Non-national sample)": [1.0, 0.0]},
     ["Very important", "Not so important"], "WVS"),
    ("Is the economy good, neither or bad?", {"Philippines": [0.5, 0.25, 0.25], "S. Korea": [0.0, 0.5, 0.5], "Iran": [1.0, 0.0]},
     ["Good", "Neither", "Bad"], "GAS"),
    ("", {"Indonesia": [0.5, 0.5]}, ["Yes", "No"], "GAS"),
    ("Do you trust people?", {"Viet Nam": [0.25, 0.75], "India (Current national sample)": [0.5, 0.5]}, ["Yes", "No"], "WVS"),
)  # fmt: skip


def write(folder: Path) -> None:
    (folder / "data").mkdir()
    with (folder / "data" / "global_opinions.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("question", "selections", "options", "source"))
        for question, answers, options, source in _ROWS:
            table.writerow((question, f"defaultdict(<class 'list'>, {answers!r})", repr(options), source))
