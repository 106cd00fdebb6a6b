"""`hf-regional plan`: what to annotate next for some money, and which images that are there to add instead."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hf_regional.planning import Plan
    from hf_regional.planning.reading import Source
    from hf_regional.regions import Region


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `plan` takes."""
    parser.add_argument("source", help="a CSV of similarities, features (.npz, .parquet), a folder of photographs, or a corpus")
    parser.add_argument("--money", type=float, required=True, metavar="USD", help="US dollars to spend")
    parser.add_argument(
        "--region", nargs="+", metavar="NAME", help="plan for these countries (SEA, UN:035, IDN); others lend (default: all)"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="a new folder for the page, the tables, the tasks and the maps")
    parser.add_argument(
        "--prices", type=Path, metavar="CSV", help="country, price_usd, start_usd, batch (default: $1 an image, batches of 10)"
    )
    parser.add_argument("--counts", type=Path, metavar="CSV", help="topic, country, n: images that are there")
    parser.add_argument("--targets", type=Path, metavar="CSV", help="topic, country, at_least, at_most, accuracy")
    parser.add_argument("--curve", nargs=3, type=float, metavar=("A", "B", "C"), help="learning curve a - b·n^-c in [0, 1]")
    parser.add_argument("--none", type=float, metavar="ACC", help="accuracy without an image (with --curve: 0)")
    parser.add_argument("--threshold", type=float, default=0.8, metavar="COS", help="similarity from which a country lends (default: 0.8)")
    parser.add_argument("--worth", type=float, default=0.19, metavar="SHARE", help="what a borrowed image is worth (default: 0.19)")
    parser.add_argument("--objective", default="pairs", help="pairs: all alike (default); countries: the mean of countries' means")
    parser.add_argument("--model", metavar="MODEL", help="image model that compares photographs: openai/clip-vit-base-patch32")
    parser.add_argument(
        "--features", type=Path, default=Path("features"), metavar="DIR", help="where it keeps features (default: features)"
    )
    parser.add_argument("--average", default="centroid", metavar="RULE", help="centroid (default) or pairs, see docs/planning.md")
    parser.add_argument("--min-n", type=int, default=10, metavar="N", help="smaller groups are not compared (default: 10)")
    parser.add_argument("--split", default="train", metavar="NAME", help="of a corpus (default: train)")
    parser.add_argument("--device", metavar="NAME", help="of the model: cpu, cuda")
    parser.add_argument("--seconds", type=float, default=60, metavar="S", help="for the solver, roughly (default: 60)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random plans beside it (default: 0)")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.durable import require_new
    from hf_regional.planning.reading import read_source
    from hf_regional.regions import Region

    if arguments.output:
        require_new(arguments.output)
    region = Region(*arguments.region) if arguments.region else None
    source = read_source(
        arguments.source,
        model=arguments.model,
        cache=arguments.features,
        average=arguments.average,
        min_n=arguments.min_n,
        split=arguments.split,
        device=arguments.device,
    )
    plan = _planned(arguments, source, region)
    if arguments.output:
        _write(arguments.output, plan, source, region)
    said = [str(plan), *([f"written to {arguments.output}: open plan.html"] if arguments.output else [])]
    return plan.as_dict(), "\n".join(said)


def _planned(arguments: argparse.Namespace, source: "Source", region: "Region | None") -> "Plan":
    import pandas as pd

    from hf_regional.planning import Borrowing, LearningCurve, annotation_plan
    from hf_regional.planning.tables import read_csv

    curve = None
    if arguments.curve:
        curve = LearningCurve(*arguments.curve, none=arguments.none or 0.0, source="given on the command line")
    nothing = pd.DataFrame(columns=["topic", "country_a", "country_b", "similarity", "n_a", "n_b"])
    return annotation_plan(
        nothing if source.similarity is None else source.similarity,
        money=arguments.money,
        prices=arguments.prices,
        counts=read_csv(arguments.counts, "counts") if arguments.counts else source.counts,
        region=region,
        targets=arguments.targets,
        curve=curve,
        borrowing=Borrowing(arguments.threshold, arguments.worth),
        objective=arguments.objective,
        seconds=arguments.seconds,
        seed=arguments.seed,
    )


def _write(folder: Path, plan: "Plan", source: "Source", region: "Region | None") -> None:
    from hf_regional.durable import atomic_folder
    from hf_regional.planning.writing import write_plan

    with atomic_folder(folder) as made:
        write_plan(made, plan, source, region)
