"""Rows a second of the kinds of evidence that are computed: addresses, languages, coordinates, likeness to reference pictures.

    OMP_NUM_THREADS=1 python benchmarks/evidence_kinds.py --rows 200000 --rounds 5

One process, batches of 10,000 rows, the median of the rounds, which take turns. Beside the addresses and the points stands a plain Python
loop: `urlsplit`, and a point in polygon over all pieces of all outlines (on few rows). The rows are drawn from the lists below.
"""

import argparse
import random
from collections.abc import Callable
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
from rounds import show, take_turns

from hf_regional.filtering.evidence import coordinates, detected, image, outlines, url

HOSTS = ("www.kompas.id", "shop{}.co.th", "{}.blogspot.com", "img{}.flickr.com", "cdn.site{}.net", "vnexpress{}.vn", "x{}.com.my")
TEXTS = {
    "script": ("ตลาดน้ำยามเช้าที่มีเรือขายผลไม้มากมาย", "ຕະຫຼາດເຊົ້າໃນນະຄອນຫຼວງ", "ផ្សារពេលព្រឹកនៅភ្នំពេញ", "မနက်ခင်းဈေး ရန်ကုန်မြို့"),
    "latin": (
        "Boats full of fruit at the floating market this morning",
        "Mỗi sáng mẹ tôi chèo thuyền ra chợ nổi bán trái cây",
        "Setiap pagi ibu menjual buah di pasar terapung",
        "Tuwing umaga ay nagtitinda ng prutas ang nanay ko",
        "A dog on the sofa, stock photo",
    ),
}
TOWNS = (
    (13.76, 100.5),
    (1.35, 103.8),
    (-6.2, 106.8),
    (10.8, 106.7),
    (14.6, 121.0),
    (48.9, 2.4),
    (40.7, -74.0),
    (35.7, 139.7),
    (4.9, 114.9),
)
BATCH = 10_000
FEW = 200  # rows of the plain loop over outlines


def contenders(rows: int, seed: int) -> dict[str, tuple[int, Callable[[], object]]]:
    """Name to the number of rows and a call that reads them."""
    draw, numbers = random.Random(seed), np.random.default_rng(seed)
    addresses = [f"https://{draw.choice(HOSTS).format(draw.randrange(9999))}/a/{row}.jpg?w={draw.randrange(999)}" for row in range(rows)]
    texts = {kind: pa.array(draw.choices(some, k=rows)) for kind, some in TEXTS.items()}
    texts["mixed"] = pa.array(draw.choices((*TEXTS["script"], *TEXTS["latin"] * 4), k=rows))
    points = np.array(TOWNS)[numbers.integers(0, len(TOWNS), rows)] + numbers.normal(0, 0.05, (rows, 2))
    latitude, longitude = pa.array(points[:, 0]), pa.array(points[:, 1])
    features, references = (unit(numbers.normal(size=(count, 512))) for count in (min(rows, 50_000), 2_000))
    countries = draw.choices(("THA", "IDN", "VNM", "PHL", "MYS", "KHM", "MMR", "LAO"), k=len(references))
    return {
        "url": (rows, by_batch(url.find, pa.array(addresses), "url")),
        "url, a loop with urlsplit": (rows, lambda: [(urlsplit(address).hostname or "").rpartition(".")[2] for address in addresses]),
        "detected, scripts only, captions of all kinds": (rows, by_batch(scripts_only, texts["mixed"], "text")),
        "detected, scripts only, no Latin letter": (rows, by_batch(scripts_only, texts["script"], "text")),
        "detected, captions of all kinds": (rows, by_batch(detected.find, texts["mixed"], "text")),
        "detected, all in Latin letters": (rows, by_batch(detected.find, texts["latin"], "text")),
        "coordinates, numbers": (rows, lambda: coordinates.find([latitude, longitude], ["lat", "lon"])),
        "coordinates, texts": (rows, lambda: coordinates.find([latitude.cast(pa.string()), longitude.cast(pa.string())], ["lat", "lon"])),
        "coordinates, a loop over all outlines": (FEW, lambda: [loop(*point) for point in points[:FEW].tolist()]),
        "image, 2,000 references of 8 countries": (len(features), lambda: image.find(features, references, countries)),
    }


def scripts_only(column: pa.Array, name: str) -> object:
    return detected.find(column, name, scripts_only=True)


def by_batch(find: Callable[[pa.Array, str], object], column: pa.Array, name: str) -> Callable[[], object]:
    return lambda: [find(column.slice(start, BATCH), name) for start in range(0, len(column), BATCH)]


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def loop(y: float, x: float) -> int:
    """What lies east of the last piece that a line from the far west to the point crosses."""
    best, found = -np.inf, -1
    for begin_x, begin_y, dx, dy, left, right in PIECES:
        if (begin_y <= y) != (begin_y + dy <= y) and best < (at := begin_x + (y - begin_y) / dy * dx) < x:
            best, found = at, right if dy > 0 else left
    return found


PIECES = [*zip(*(column.tolist() for column in outlines.read()), strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    calls = contenders(arguments.rows, arguments.seed)
    show(take_turns(calls, arguments.rounds))


if __name__ == "__main__":
    main()
