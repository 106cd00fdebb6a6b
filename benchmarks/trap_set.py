"""What the evidence of a row says of its country, on the labelled trap set: precision and recall, by language and by kind of evidence.

    python benchmarks/trap_set.py                 # the frozen half, which no rule was written against
    python benchmarks/trap_set.py --half develop --wrong 40

A pair is a row and a country. A row whose verdict is "ambiguous" gives no answer. Bounds: on the frozen half precision >= 0.93 and
recall >= 0.88, and no language below a recall of 0.75.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from hf_regional.filtering import judge, make_plan, only
from hf_regional.filtering.plan import IN_COLUMNS
from hf_regional.regions import Region

TRAPS = Path(__file__).parents[1] / "tests" / "filtering" / "traps"
COLUMNS = ("text", "url", "country", "place", "language")
KINDS = tuple(kind for kind in IN_COLUMNS if kind not in {"coordinates", "image"})  # the set has neither
LEAST_ROWS = 10  # of a language, for a recall of its own to mean something


@dataclass(frozen=True, slots=True)
class Score:
    """Pairs found that are right, found, and there to find."""

    right: int
    found: int
    wanted: int

    @property
    def precision(self) -> float:
        """Share of what was found that is right; 1 where nothing was."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of what is there that was found; 1 where there is nothing."""
        return self.right / self.wanted if self.wanted else 1.0

    def __str__(self) -> str:
        return f"precision {self.precision:.3f} ({self.right}/{self.found})  recall {self.recall:.3f} ({self.right}/{self.wanted})"


def rows_of(half: str) -> list[dict[str, Any]]:
    """The labelled rows of a half."""
    return [json.loads(line) for line in (TRAPS / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()]


def answers(rows: Sequence[Mapping[str, Any]], kinds: Iterable[str] | None = None, region: str = "SEA") -> list[frozenset[str]]:
    """The countries that the filter names for each row, with some kinds of evidence or all."""
    table = pa.table({name: pa.array([row["row"].get(name) for row in rows], pa.string()) for name in COLUMNS})
    columns = None if kinds is None else only(*kinds)
    judged, _ = judge(table, make_plan(table.schema.names, Region(region), columns=columns))
    countries, verdicts = judged["region_countries"].to_pylist(), judged["region_verdict"].to_pylist()
    return [frozenset[str]() if verdict == "ambiguous" else frozenset(found) for found, verdict in zip(countries, verdicts, strict=True)]


def score(rows: Sequence[Mapping[str, Any]], found: Sequence[frozenset[str]], within: Iterable[str] | None = None) -> Score:
    """Count pairs, of all countries or of some."""
    inside = None if within is None else set(within)
    pairs = [
        (set(row["countries"]) & inside if inside else set(row["countries"]), answer & inside if inside else answer)
        for row, answer in zip(rows, found, strict=True)
    ]
    return Score(sum(len(want & have) for want, have in pairs), sum(len(have) for _, have in pairs), sum(len(want) for want, _ in pairs))


def by(rows: Sequence[Mapping[str, Any]], found: Sequence[frozenset[str]], field: str) -> dict[str, Score]:
    """Scores of the rows that share a field's value, most rows first."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        places[row[field]].append(place)
    falling = sorted(places.items(), key=lambda item: (-len(item[1]), item[0]))
    return {value: score([rows[one] for one in some], [found[one] for one in some]) for value, some in falling}


def ablation(rows: Sequence[Mapping[str, Any]]) -> dict[str, Score]:
    """Scores without each kind of evidence, and with it alone."""
    scores = {"all kinds": score(rows, answers(rows))}
    for kind in KINDS:
        scores[f"without {kind}"] = score(rows, answers(rows, [other for other in KINDS if other != kind]))
    return scores | {f"{kind} alone": score(rows, answers(rows, [kind])) for kind in KINDS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=["frozen", "develop"], default="frozen")
    parser.add_argument("--region", default="SEA")
    parser.add_argument("--wrong", type=int, default=0, metavar="N", help="print N rows that came out wrong (develop only)")
    arguments = parser.parse_args()
    rows = rows_of(arguments.half)
    found = answers(rows, region=arguments.region)
    elsewhere = sum(not set(row["countries"]) & set(Region("SEA").countries) for row in rows)
    print(f"{len(rows)} rows, {elsewhere / len(rows):.0%} of no region or from elsewhere")
    print(f"{'all countries':24}{score(rows, found)}")
    print(f"{'countries of the region':24}{score(rows, found, Region(arguments.region).countries)}")
    for title, scores in (("language", by(rows, found, "language")), ("trap", by(rows, found, "trap")), ("evidence", ablation(rows))):
        print(f"\nby {title}")
        print("\n".join(f"{name:24}{one}" for name, one in scores.items()))
    if arguments.half == "develop":
        _print_wrong(rows, found, arguments.wrong)


def _print_wrong(rows: Sequence[Mapping[str, Any]], found: Sequence[frozenset[str]], most: int) -> None:
    wrong = [(row, answer) for row, answer in zip(rows, found, strict=True) if frozenset(row["countries"]) != answer]
    for row, answer in wrong[:most]:
        print(
            f"{row['id']}: wanted {','.join(row['countries']) or '-'}, found {','.join(sorted(answer)) or '-'}: {row['row']} ({row['why']})"
        )


if __name__ == "__main__":
    main()
