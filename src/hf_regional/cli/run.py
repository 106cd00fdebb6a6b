"""`hf-regional run`: the whole job from a YAML, or on the embedded corpus without one."""

import argparse
import logging
import sys
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `run` takes."""
    parser.add_argument("config", nargs="?", type=Path, help="a YAML file; without one, the embedded corpus and Southeast Asia")
    parser.add_argument("--output", type=Path, metavar="DIR", help="the folder to make, in place of the config's")
    parser.add_argument("--seed", type=int, metavar="N", help="of training and bootstrap, in place of the config's")
    parser.add_argument("--device", metavar="NAME", help="cpu, cuda, cuda:1, mps; by default the accelerator where there is one")
    parser.add_argument("--print-config", action="store_true", help="print the full YAML of the run it would do, and stop")
    parser.add_argument("--dry-run", action="store_true", help="print rows, steps, memory, disk, downloads, licences and time, and stop")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.pipeline.config import load_config

    changes = {"output": arguments.output and str(arguments.output), "seed": arguments.seed, "device": arguments.device}
    config = load_config(arguments.config, **changes)
    if arguments.print_config:
        config.to_region()  # a name that nobody knows is refused here too
        if missing := config.not_built():
            print(f"hf-regional run: note: {missing}", file=sys.stderr)
        return config.model_dump(mode="json"), config.to_yaml().rstrip()
    if arguments.dry_run:
        from hf_regional.pipeline.forecasting import forecast

        found = forecast(config)
        return found.as_dict(), str(found)
    return _run(config, quiet=arguments.quiet)


def _run(config: Any, *, quiet: bool) -> tuple[dict[str, Any], str]:
    _calm_libraries()
    from hf_regional.evaluating.report import curve_table, summary_table
    from hf_regional.pipeline.job import run

    made = run(config, progress=not quiet)
    sentence = "\n".join(
        [
            "",
            "Validation: every β, scores in percent with 95 % intervals",
            curve_table(made.report),
            "",
            made.report["reason"],
            "",
            "Test: text → image retrieval, percent with 95 % intervals; (≥ …) is the one-sided 95 % lower bound",
            summary_table(made.report),
            "",
            f"{made.path}: the merged model, its card README.md, the plot tradeoff.png, report.json; regional/ is the fine-tuned one",
        ]
    )
    return {"path": str(made.path), "report": made.report}, sentence


def _calm_libraries() -> None:
    """One bar a stage is enough; the libraries' own notes would break it."""
    from datasets.utils.logging import disable_progress_bar
    from transformers.utils import logging as transformers_logging

    disable_progress_bar()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
