"""Captions read a second by the evidence of words, and what it is worth on the trap set that the rules were written against.

    python benchmarks/text_evidence.py                  # one process; bound: 250 thousand captions a second at 50 thousand terms
    python benchmarks/text_evidence.py --rows 40000 --rounds 3 --wrong 20

The captions are made up: 60 characters of everyday words, one in five with a name of the lexicon among them. A lexicon that is smaller
than the number of terms asked for is filled up with invented names, a larger one is sampled. Scores are of text and place columns alone,
over (row, country) pairs; rows that carry a URL or a column of codes, or say nothing but their language, are left to other evidence.
"""

import argparse
import json
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from hf_regional.filtering.evidence.text import Matcher, find
from hf_regional.filtering.hits import country_codes
from hf_regional.filtering.lexicon import Terms, load_terms

DEVELOP = Path(__file__).parents[1] / "tests" / "filtering" / "traps" / "develop.jsonl"
ELSEWHERE = {"language-only", "cctld", "column", "domain-hack", "path"}  # traps that other evidence decides
WORDS = (
    "a photo of the old street with people walking and red car near beach sunset my family dog happy birthday cake on table green hills",
    "water view night market food best price free shipping image stock background design woman man child playing football game white",
    "black blue small big house garden flowers summer winter travel day",
)
EVERYDAY: list[str] = [str(word) for word in " ".join(WORDS).split()]
SURE = 0.5


def sized(terms: Terms, size: int, seed: int) -> Terms:
    """A lexicon of so many terms."""
    draw, places = random.Random(seed), list(range(len(terms)))
    draw.shuffle(places)
    chosen = places[:size]
    invented = ["".join(draw.choices(["ka", "lo", "mi", "ren", "tu", "sang", "be", "rau"], k=5)) for _ in range(size - len(chosen))]
    extra = len(invented)

    def column(values: Sequence[str], fill: list[str]) -> list[str]:
        return [values[place] for place in chosen] + fill

    return Terms(
        column(terms.text, invented),
        column(terms.country, ["IDN"] * extra),
        column(terms.category, ["city"] * extra),
        column(terms.language, ["id"] * extra),
        [terms.weight[place] for place in chosen] + [0.9] * extra,
    )


def captions(names: Sequence[str], rows: int, seed: int) -> pa.Array:
    """Made-up captions, one in five with a name."""
    draw, texts = random.Random(seed), list[str]()
    for _ in range(rows):
        words: list[str] = draw.choices(EVERYDAY, k=draw.randint(8, 15))
        if draw.random() < 0.2:
            words.insert(draw.randrange(len(words)), draw.choice(names))
        texts.append(" ".join(words).capitalize() if draw.random() < 0.5 else " ".join(words))
    return pa.array(texts)


def speeds(rows: int, rounds: int, seed: int) -> None:
    lexicon = load_terms()
    print(f"{'terms':>8}{'build s':>9}{'median rows/s':>15}{'least':>10}{'most':>10}{'rows with hits':>16}")
    for size in (5_000, 50_000):
        terms = sized(lexicon, size, seed)
        column = captions(terms.text, rows, seed)
        begun = time.perf_counter()
        matcher = Matcher.build(terms)
        hits = find(column.slice(0, 1000), "text", matcher)
        built, found = time.perf_counter() - begun, list[float]()
        for _ in range(rounds):
            begun = time.perf_counter()
            hits = find(column, "text", matcher)
            found.append(rows / (time.perf_counter() - begun))
        share = len(set(hits.row.tolist())) / rows
        print(f"{size:>8,}{built:>9.2f}{statistics.median(found):>15,.0f}{min(found):>10,.0f}{max(found):>10,.0f}{share:>16.1%}")


def scores(wrong: int) -> None:
    rows = [json.loads(line) for line in DEVELOP.read_text(encoding="utf-8").splitlines()]
    matcher, answers = Matcher.build(load_terms()), [set[str]() for _ in rows]
    for name in ("text", "place"):
        hits = find(pa.array([row["row"].get(name) for row in rows], pa.string()), name, matcher)
        for place, country, confidence in zip(hits.row.tolist(), hits.country.tolist(), hits.confidence.tolist(), strict=True):
            if confidence >= SURE:
                answers[place].add(country_codes()[country])
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row, answer in zip(rows, answers, strict=True):
        wanted = set(row["countries"])
        decided = wanted if row["trap"] not in ELSEWHERE else wanted & answer
        for key in (row["language"], "all"):
            counts[key] = [old + new for old, new in zip(counts[key], (len(wanted & answer), len(answer), len(decided)), strict=True)]
        if (answer - wanted or decided - answer) and wrong > 0:
            wrong -= 1
            print(f"  {row['id']} wanted {sorted(wanted)}, found {sorted(answer)}: {row['row'].get('text')}")
    print(f"{'language':10}{'precision':>10}{'recall':>8}{'pairs':>7}")
    for key, (right, found, there) in sorted(counts.items(), key=lambda item: -item[1][2]):
        print(f"{key:10}{right / max(found, 1):>10.3f}{right / max(there, 1):>8.3f}{there:>7}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wrong", type=int, default=0, help="how many wrong answers to print")
    arguments = parser.parse_args()
    speeds(arguments.rows, arguments.rounds, arguments.seed)
    scores(arguments.wrong)


if __name__ == "__main__":
    main()
