"""`hf-regional merge`: checkpoint to checkpoint."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `merge` takes."""
    parser.add_argument("base", help="the global model: a folder, a Hub id, or an embedded model")
    parser.add_argument("regional", help="the fine-tuned model: a folder or a Hub id, of the same shape")
    parser.add_argument("output", type=Path, help="the folder to make")
    parser.add_argument(
        "--beta", type=float, nargs="+", required=True, help="share of the regional model, in [0, 1]; several make output/beta-0.25, ..."
    )
    parser.add_argument("--method", default="linear", metavar="NAME", help="how to mix (default: linear)")
    parser.add_argument("--only", nargs="+", metavar="PATTERN", help="patterns of tensors to merge; the rest stays as in the base")
    parser.add_argument("--skip", nargs="+", metavar="PATTERN", help="patterns of tensors to leave as in the base")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.corpora import embedded_model
    from hf_regional.merging import merge_checkpoints

    beta = arguments.beta[0] if len(arguments.beta) == 1 else arguments.beta
    options = {"method": arguments.method, "only": arguments.only, "skip": arguments.skip}
    made = merge_checkpoints(embedded_model(arguments.base) or arguments.base, arguments.regional, beta, arguments.output, **options)
    return {"paths": [str(path) for path in made.paths], "report": made.report}, "\n".join(str(path) for path in made.paths)
