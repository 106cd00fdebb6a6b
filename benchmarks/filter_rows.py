"""Rows judged a second in one process: `filter_regional` on each kind of source, beside `datasets.filter` with a plain set of languages.

    python benchmarks/filter_rows.py --rows 150000 --rounds 5

The rows are (text, language), eight languages evenly mixed. `datasets.filter` answers less: no evidence, no reasons, no counts.
"""

import argparse
import random
from collections.abc import Callable

import datasets
from rounds import show, take_turns

from hf_regional.filtering import filter_regional
from hf_regional.regions import Region

LANGUAGES = ("id", "en", "th", "az", "zh", "ms", "vi", "ta")


def contenders(rows: int, seed: int) -> dict[str, Callable[[], object]]:
    """Name to a call that filters all rows."""
    region, spoken = Region("SEA"), set(Region("SEA").languages)
    languages = random.Random(seed).choices(LANGUAGES, k=rows)
    dataset = datasets.Dataset.from_dict({"text": [f"caption number {row}" for row in range(rows)], "language": languages})
    table, stream = dataset.with_format("arrow")[:], dataset.to_iterable_dataset()
    return {
        "filter_regional, Table": lambda: filter_regional(table, region),
        "filter_regional, Dataset": lambda: filter_regional(dataset, region),
        "filter_regional, IterableDataset": lambda: list(filter_regional(stream, region).data.with_format("arrow").iter(1000)),
        "datasets.filter, batched": lambda: dataset.filter(
            lambda batch: [language in spoken for language in batch["language"]], batched=True, load_from_cache_file=False
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=150_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    datasets.disable_progress_bars()
    calls = contenders(arguments.rows, arguments.seed)
    show(take_turns({name: (arguments.rows, call) for name, call in calls.items()}, arguments.rounds))


if __name__ == "__main__":
    main()
