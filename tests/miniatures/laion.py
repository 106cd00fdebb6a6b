"""LAION: a Parquet file of addresses and captions as LAION-400M has it, two pictures fetched out of three; and img2dataset's table."""

import hashlib
from pathlib import Path

import datasets

from miniatures.pictures import jpeg

_ROWS = (
    ("https://cdn.toko.example.co.id/sapu.jpg", "Sapu lidi Indonesia", "?", "cleaning equipment"),
    ("https://images.example.com/broom.png", "A broom in Thailand", "CC BY 2.0", "cleaning equipment"),
    ("https://gone.example.com/candle.jpg", "A candle", "?", "candle"),
)


def write(folder: Path) -> None:
    table = [dict(zip(("URL", "TEXT", "LICENSE", "topic"), row, strict=True)) for row in _ROWS]
    datasets.Dataset.from_list(table).to_parquet(str(folder / "part-00000.parquet"))
    (folder / "images").mkdir()
    for number, (url, *_) in enumerate(_ROWS[:2]):
        (folder / "images" / f"{hashlib.sha256(url.encode()).hexdigest()}.jpg").write_bytes(jpeg(number))


def write_fetched(folder: Path) -> None:
    """What `img2dataset` leaves: a table with the key of each picture, and the pictures of those that were there."""
    table = [
        {"url": url, "caption": text, "key": f"{number:09d}", "status": "success" if number < 2 else "failed_to_download"}
        for number, (url, text, *_) in enumerate(_ROWS)
    ]
    (folder / "00000").mkdir(parents=True)
    datasets.Dataset.from_list(table).to_parquet(str(folder / "00000.parquet"))
    for number in range(2):
        (folder / "00000" / f"{number:09d}.jpg").write_bytes(jpeg(number))
