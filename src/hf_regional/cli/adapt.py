"""`hf-regional adapt`: training only."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `adapt` takes."""
    parser.add_argument("base", help="θ_global: a folder, a Hub id, or an embedded model")
    parser.add_argument("corpus", help="the name of a corpus, see `hf-regional corpora`")
    parser.add_argument("output", type=Path, help="the folder to make")
    parser.add_argument("--recipe", required=True, help="the name of a recipe, or a YAML file")
    parser.add_argument("--region", nargs="+", metavar="NAME", help="train on the rows of this region only: names or alpha-3 codes")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="for corpora that are a folder of yours")
    parser.add_argument("--split", default="train", metavar="NAME", help="of the corpus (default: train)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the order of the rows (default: 0)")
    parser.add_argument("--device", metavar="NAME", help="cpu, cuda, cuda:1, mps; by default the accelerator where there is one")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.adapting import adapt
    from hf_regional.corpora import embedded_model, load_corpus
    from hf_regional.regions import Region

    options = {"data_dir": arguments.data_dir} if arguments.data_dir else {}
    region = Region(*arguments.region) if arguments.region else None
    data = load_corpus(arguments.corpus, region, split=arguments.split, **options)
    base = embedded_model(arguments.base) or arguments.base
    made = adapt(base, data, arguments.recipe, arguments.output, seed=arguments.seed, device=arguments.device)
    training = made.facts.of("training") or {}
    losses = f"loss {training['loss_first']:.3f} → {training['loss_last']:.3f}"
    sentence = f"{made.path}: {training['steps']} steps over {training['rows']} rows, {losses}"
    return {"path": str(made.path), "training": dict(training)}, sentence
