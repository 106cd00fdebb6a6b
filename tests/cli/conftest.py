import csv
from pathlib import Path

import pytest

from small_clip import png, save_clip


@pytest.fixture(scope="session")
def base(tmp_path_factory) -> Path:
    return save_clip(tmp_path_factory.mktemp("base") / "clip", seed=1)


@pytest.fixture(scope="session")
def regional(tmp_path_factory) -> Path:
    return save_clip(tmp_path_factory.mktemp("regional") / "clip", seed=2)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """Three pictures of Indonesia, two of France, one of nowhere, all of one split, with their CSV."""
    folder = tmp_path_factory.mktemp("pictures")
    rows = [("red", "merah", "IDN"), ("blue", "biru", "IDN"), ("green", "hijau", "IDN")]
    rows += [("black", "noir", "FRA"), ("white", "blanc", "FRA"), ("gray", "?", "")]
    with (folder / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "text", "country", "license", "split"])
        for colour, text, country in rows:
            (folder / f"{colour}.png").write_bytes(png(colour))
            writer.writerow([f"{colour}.png", text, country, "cc0-1.0", "train"])
    return folder
