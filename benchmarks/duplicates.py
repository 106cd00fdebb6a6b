"""Near-duplicates: hashes a second, all near pairs of a million hashes and whether any is missed, planted copies found, rows a second.

    python benchmarks/duplicates.py                                     # three minutes
    python benchmarks/duplicates.py --photographs FOLDER                # planted copies of real pictures, too
    python benchmarks/duplicates.py --rows 100000 --rounds 1            # a try

Bounds on two cores: 200 thousand thumbnails hashed a second; all pairs within 8 bits of a million hashes in 5 seconds at recall 1, of
uniform ones and with 1 % blanks; copies recompressed, resized or brightened recalled at 0.98. Crops are measured and promised nothing.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import planted_copies
import pyarrow as pa
from PIL import Image

from hf_regional.filtering.duplicates import Fingerprints, contaminated, find_duplicates, find_neighbours, hash_images, perceptual_hashes
from hf_regional.filtering.duplicates.texts import similar_texts
from hf_regional.filtering.duplicates.wording import normalise

DISTANCE, PLANTED = 8, 1000


def flipped(hashes: np.ndarray, bits: int, random: np.random.Generator) -> np.ndarray:
    """Each hash with as many of its bits flipped."""
    places = np.argsort(random.random((len(hashes), 64)), axis=1)[:, :bits].astype(np.uint64)
    return hashes ^ np.bitwise_or.reduce(np.uint64(1) << places, axis=1, initial=0).astype(np.uint64)


def with_planted(hashes: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Hashes with a thousand copies at each distance from 0 to 9, and the rows (9 or 10, 1000, 2) of originals and copies."""
    rows = random.permutation(len(hashes))[: 2 * (DISTANCE + 2) * PLANTED].reshape(DISTANCE + 2, PLANTED, 2)
    for bits, pairs in enumerate(rows):
        hashes[pairs[:, 1]] = flipped(hashes[pairs[:, 0]], bits, random)
    return hashes, rows


def sets_of_hashes(count: int, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name to hashes with planted copies: uniform, with blanks, and as lopsided as hashes of photographs are at their worst."""
    random = np.random.default_rng(seed)
    uniform, planted = with_planted(random.integers(0, 1 << 64, count, dtype=np.uint64), random)
    blank = uniform.copy()
    blank[random.choice(np.setdiff1d(np.arange(count), planted), count // 100, replace=False)] = 1 << 63
    chances = np.clip(random.normal(0.5, 0.1, 64), 0.2, 0.8)
    lopsided = np.packbits(random.random((count, 64)) < chances, axis=1).view(">u8").ravel().astype(np.uint64)
    return {"uniform": (uniform, planted), "1 % blank": (blank, planted), "lopsided bits": with_planted(lopsided, random)}


def report_neighbours(count: int, rounds: int, threads: int, seed: int) -> None:
    print(f"\nall pairs within {DISTANCE} bits of {count:,} hashes, {threads} threads (bound for a million: 5 s, recall 1)")
    heads = f"{'pairs':>10}{'planted':>9}{'missed':>8}{'brute force':>13}{'sorted scan':>13}"
    print(f"{'hashes':16}{'median s':>10}{'least':>8}{'most':>8}{heads}")
    for name, (hashes, planted) in sets_of_hashes(count, seed).items():
        seconds = [timed(lambda hashes=hashes: find_neighbours(hashes, DISTANCE, threads=threads)) for _ in range(rounds)]
        found = find_neighbours(hashes, DISTANCE, threads=threads)
        near = found.first * len(found.hashes) + found.second
        wanted = np.sort(found.classes[planted[: DISTANCE + 1].reshape(-1, 2)], axis=1)
        wanted = wanted[wanted[:, 0] != wanted[:, 1]]
        missed = int((~np.isin(wanted[:, 0] * len(found.hashes) + wanted[:, 1], near)).sum())
        ordered = np.sort(found.hashes)
        scanned = int((np.bitwise_count(ordered[1:] ^ ordered[:-1]) <= DISTANCE).sum())
        spread = f"{statistics.median(seconds):>10.2f}{min(seconds):>8.2f}{max(seconds):>8.2f}"
        print(f"{name:16}{spread}{len(near):>10,}{len(wanted):>9,}{missed:>8}{compared(found):>13}{scanned:>13,}")
        largest = np.bincount(found.classes).max()
        print(f"{'':16}largest class of equal hashes: {largest:,} rows; in a crowd: {len(found.crowd):,}")


def compared(found: object) -> str:
    """Compare 300 hashes with all others, and say whether the pairs are those that were found."""
    hashes, first, second = (getattr(found, name) for name in ("hashes", "first", "second"))
    for place in np.random.default_rng(0).choice(len(hashes), 300, replace=False).tolist():
        near = np.flatnonzero(np.bitwise_count(hashes ^ hashes[place]) <= DISTANCE)
        listed = np.concatenate([second[first == place], first[second == place], [place]])
        if not np.array_equal(near, np.sort(listed)):
            return "DIFFERS"
    return "agrees"


def report_hashing(rounds: int, threads: int) -> None:
    random = np.random.default_rng(0)
    thumbnails = random.integers(0, 256, (200_000, 32, 32), dtype=np.uint8)
    speeds = [len(thumbnails) / timed(lambda: perceptual_hashes(thumbnails, threads=threads)) for _ in range(rounds + 1)][1:]
    print(f"\nthumbnails hashed a second: {statistics.median(speeds):,.0f} (least {min(speeds):,.0f}; bound 200,000)")
    photos = pa.array([planted_copies.as_jpeg(planted_copies.picture(seed, 1024, 768)) for seed in range(40)])
    speeds = [len(photos) / timed(lambda: hash_images(photos, threads=threads)) for _ in range(rounds + 1)][1:]
    size = np.mean([len(photo.as_py()) for photo in photos]) / 1e3
    print(f"JPEG of 1024 x 768 ({size:.0f} KB) decoded and hashed a second: {statistics.median(speeds):,.0f} (least {min(speeds):,.0f})")


def report_copies(name: str, originals: list[Image.Image], threads: int) -> None:
    """Print how many copies the hash recalls at each distance, and how many are found with colours and all."""
    print(f"\nplanted copies of {len(originals)} {name}: recall (bound 0.98, crops aside)")
    print(f"{'change':26}{'hash <= 8':>10}{'found':>8}{'median bits':>13}{'95 %':>6}{'most':>6}")
    files = [planted_copies.as_jpeg(image) for image in originals]
    base = hash_images(pa.array(files), threads=threads).hashes
    kinds: dict[str, list[float]] = {}
    for change, make in {**planted_copies.CHANGES, **planted_copies.CROPS}.items():
        copies = [planted_copies.as_jpeg(make(image)) for image in originals]
        apart = np.bitwise_count(base ^ hash_images(pa.array(copies), threads=threads).hashes)
        kept = find_duplicates(pa.array(files + copies), threads=threads).keep
        found = 2 - kept.sum() / len(originals)
        kinds.setdefault(change.split(",")[0], []).append(float(found))
        bits = f"{np.median(apart):>13.0f}{np.quantile(apart, 0.95):>6.0f}{apart.max():>6}"
        print(f"{change:26}{np.mean(apart <= DISTANCE):>10.3f}{found:>8.3f}{bits}")
    print("by kind: " + ", ".join(f"{kind} {statistics.mean(shares):.3f}" for kind, shares in kinds.items()))


def report_rows(count: int, threads: int) -> None:
    random = np.random.default_rng(1)
    hashes, _ = sets_of_hashes(count, 1)["1 % blank"]
    countries = pa.array(np.array(["IDN", "THA", "VNM", "LAO"])[random.choice(4, count, p=[0.5, 0.3, 0.19, 0.01])])
    words = np.array(["".join(map(chr, random.integers(97, 123, random.integers(2, 9)))) for _ in range(5000)])
    captions = pa.array([" ".join(words[row]) for row in random.zipf(1.3, (count // 10, 10)) % 5000])
    print(f"\nseconds for {count:,} rows, {threads} threads")
    items = pa.table({"image": hashes[:10_000], "text": pa.nulls(10_000, pa.uint64()), "minima": pa.nulls(10_000, pa.binary(320))})
    tests = {"tests": Fingerprints("tests", items, unreadable=0, source="", sha256="")}
    plain = pa.array(sorted(set(normalise(captions).to_pylist())), pa.large_string())
    calls: dict[str, Callable[[], object]] = {
        "find_duplicates, hashes and countries": lambda: find_duplicates(hashes, countries=countries, threads=threads),
        "contaminated, by 10,000 hashes": lambda: contaminated(hashes, evaluation_sets=tests, threads=threads),
        f"similar_texts, {len(plain):,} captions": lambda: similar_texts(plain, threads=threads),
    }
    for name, call in calls.items():
        print(f"{name:42}{timed(call):>8.2f}")


def timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--photographs", type=Path, help="a folder of JPEG files")
    arguments = parser.parse_args()
    report_hashing(arguments.rounds, arguments.threads)
    report_neighbours(arguments.rows, arguments.rounds, arguments.threads, seed=0)
    report_copies("pictures", [planted_copies.picture(seed) for seed in range(arguments.pictures)], arguments.threads)
    if arguments.photographs:
        photographs = [Image.open(path).convert("RGB") for path in sorted(arguments.photographs.glob("*.jpg"))]
        report_copies("photographs", photographs, arguments.threads)
    report_rows(arguments.rows, arguments.threads)


if __name__ == "__main__":
    main()
