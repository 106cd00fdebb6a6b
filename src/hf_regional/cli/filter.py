"""`hf-regional filter`: the rows of a corpus that belong to a region."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `filter` takes."""
    parser.add_argument("corpus", help="the name of a corpus, see `hf-regional corpora`")
    parser.add_argument("--region", nargs="+", required=True, metavar="NAME", help="names (SEA, UN:035) or ISO 3166-1 alpha-3 codes")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="for corpora that are a folder of yours")
    parser.add_argument("--split", default="train", metavar="NAME", help="of the corpus (default: train)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the kept rows there as Parquet")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.corpora import load_corpus
    from hf_regional.durable import atomic_file
    from hf_regional.regions import Region

    options = {"data_dir": arguments.data_dir} if arguments.data_dir else {}
    found = load_corpus(arguments.corpus, Region(*arguments.region), split=arguments.split, **options)
    if arguments.output:
        with atomic_file(arguments.output) as path:
            found.data.to_parquet(path)
    return found.report.as_dict(), str(found.report)
