"""What looking at pictures costs: user CPU microseconds a picture, by kind of file, of the look alone and of a filter with and without it.

    python benchmarks/picture_looks.py

Interleaved runs, medians; the pictures are made here (640 x 480).
"""

import io
import statistics
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from PIL import Image

from hf_regional.filtering import filter_regional
from hf_regional.filtering.pictures import look_at

PICTURES, RUNS = 400, 5


def encoded(form: str, *, has_place: bool) -> bytes:
    """A picture of soft blobs; with a position in its EXIF or without any EXIF."""
    exif, file = Image.Exif(), io.BytesIO()
    if has_place:
        exif.get_ifd(0x8825).update({1: "S", 2: (8.0, 43.0, 6.24), 3: "E", 4: (115.0, 10.0, 6.96)})
    small = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    Image.fromarray(small).resize((640, 480)).save(file, form, **({"exif": exif} if has_place else {}))
    return file.getvalue()


def microseconds(work: Callable[[], object]) -> float:
    """User CPU of one run, a picture."""
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1e6 / PICTURES


def main() -> None:
    """Measure and print."""
    print(f"{'file':14} {'kB':>5} {'look':>7} {'filter':>8} {'filter without':>15}   (µs of CPU a picture)")
    for form in ("JPEG", "PNG", "WEBP"):
        for has_place in (False, True):
            content = encoded(form, has_place=has_place)
            rows = pa.table({"image": pa.array([content] * PICTURES), "language": ["th"] * PICTURES})
            works: list[Callable[[], object]] = [
                lambda rows=rows: look_at(rows["image"], "image"),
                lambda rows=rows: filter_regional(rows, "SEA"),
                lambda rows=rows: filter_regional(rows, "SEA", columns={"exif": None}, consent=None, check_pictures=False),
            ]
            taken = [[microseconds(work) for work in works] for _ in range(RUNS)]
            look, on, off = (statistics.median(column) for column in zip(*taken, strict=True))
            print(f"{form + (', a place' if has_place else ''):14} {len(content) / 1000:5.0f} {look:7.1f} {on:8.1f} {off:15.1f}")


if __name__ == "__main__":
    main()
