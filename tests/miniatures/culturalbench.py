"""`kellycyy/CulturalBench`: a CSV for each form; in the hard one a row an option, with True or False."""

import csv
from pathlib import Path

_QUESTIONS = (
    ("What do people in Indonesia eat at Lebaran?", ("ketupat", "turkey", "panettone", "mooncake"), "A", "Indonesia"),
    ("What do people in Vietnam wear at Tet?", ("kilt", "ao dai", "kimono", "sari"), "B", "Vietnam"),
    ("What is given at a wedding in the Czech Republic?", ("rice", "salt", "bread", "a plate to break"), "D", "Czech Republic"),
)


def write(folder: Path) -> None:
    easy = [("question_idx", "prompt_question", *(f"prompt_option_{letter}" for letter in "abcd"), "answer", "country")]
    hard = [("data_idx", "question_idx", "prompt_question", "prompt_option", "answer", "country")]
    for number, (question, options, answer, country) in enumerate(_QUESTIONS):
        easy.append((str(number), question, *options, answer, country))
        for place, option in enumerate(options):
            hard.append((str(4 * number + place), str(number), question, option, str("ABCD"[place] == answer), country))
    for name, rows in (("Easy", easy), ("Hard", hard)):
        with (folder / f"CulturalBench-{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
