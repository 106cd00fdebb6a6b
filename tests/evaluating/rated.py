"""Small things to rate, and raters who do."""

import csv
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from hf_regional.evaluating.human import RatedItem, RatingDesk

MODELS = ("org/Zebra-World-27B", "org/Zebra-Regional-27B")


def items(count=6, language="th", country="THA"):
    return [RatedItem(f"{language}{number}", language, country, f"คำถาม {number}") for number in range(count)]


def answers(asked, models=MODELS):
    return {model: {item.id: f"answer {place} to {item.id}" for item in asked} for place, model in enumerate(models)}


def rate_all(folder, key, level_of, *, rater=None, desk=None):
    """Rate every answer on the page: `level_of(row, criterion)` says how."""
    desk = desk or RatingDesk(folder)
    for name, row in key.rows.items():
        if rater is None or row.rater == rater:
            for criterion in desk.welcome()["criteria"]:
                desk.rate(row.rater, name, criterion, level_of(row, criterion))


def fill_in(table: Path, level_of, *, to=None, delimiter=","):
    """Fill in a table as a spreadsheet would save it: `level_of(record)` gives its last cells."""
    with table.open(encoding="utf-8-sig", newline="") as stream:
        head, *lines = list(csv.reader(stream))
    with (to or table).open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(head)
        for line in lines:
            record = dict(zip(head, line, strict=True))
            writer.writerow([*line[:8], *level_of(record)])


@contextmanager
def served(folder: Path):
    """The page's address, served by a process of its own: Gradio leaves event loops unclosed, and a later test would be blamed for them."""
    call = [sys.executable, "-m", "hf_regional", "rate", str(folder)]
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        told = process.stderr.readline()
        assert told.startswith("http://"), told + process.stderr.read()
        yield told.split()[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
