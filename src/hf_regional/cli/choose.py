"""`hf-regional choose`: the share β of the regional model that serves the region best and keeps the world."""

import argparse
from collections.abc import Mapping
from typing import Any

_TENTHS = [place / 10 for place in range(11)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `choose` takes."""
    parser.add_argument("base", help="the global model: a folder, a Hub id, or an embedded model")
    parser.add_argument("regional", help="the fine-tuned model: a folder or a Hub id, of the same architecture")
    parser.add_argument(
        "--tasks", nargs="+", required=True, metavar="NAME", help="what to measure, such as emoji-world; a wrong name lists all"
    )
    parser.add_argument("--region", nargs="+", required=True, metavar="NAME", help="names or alpha-3 codes; together they are one region")
    parser.add_argument("--each", action="store_true", help="every name of --region is a region of its own, and one β is chosen for all")
    parser.add_argument(
        "--alpha",
        nargs="+",
        type=float,
        required=True,
        metavar="SHARE",
        help="globalization factor in [0, 1]; with --each also one a region",
    )
    parser.add_argument("--betas", nargs="+", type=float, default=_TENTHS, metavar="BETA", help="the grid (default: 0 to 1 by tenths)")
    parser.add_argument(
        "--refine", type=int, default=0, metavar="N", help="then halve the gaps beside the best β so many times (default: 0)"
    )
    parser.add_argument("--min-retention", type=float, default=0.98, metavar="SHARE", help="of the world that must be kept (default: 0.98)")
    parser.add_argument("--margin", type=float, default=0.0, metavar="SHARE", help="on top of it (default: 0)")
    parser.add_argument(
        "--policy", choices=["lower", "point"], default="lower", help="judge retention by its lower bound (default) or its point"
    )
    parser.add_argument("--scope", choices=["others", "all"], default="others", help="the world is all other rows (default), or all rows")
    parser.add_argument("--normalise", choices=["relative"], help="count each task in percent of the base, for tasks on unlike scales")
    parser.add_argument(
        "--folds", type=int, metavar="N", help="cross-fit, for small sets: also report each fold under the β the others chose"
    )
    parser.add_argument(
        "--part", choices=["select", "report", "all"], default="select", help="of each task's rows; select (default) are those for choosing"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="at most so many rows of each side, for a quick look")
    parser.add_argument("--data-dir", metavar="DIR", help="a folder with a corpus's published files, in place of the Hub")
    parser.add_argument("--method", default="linear", metavar="NAME", help="how to mix (default: linear); a wrong name lists them")
    parser.add_argument(
        "--only", nargs="+", metavar="PATTERN", help="patterns of components or tensors to merge; the rest stays the base's"
    )
    parser.add_argument("--skip", nargs="+", metavar="PATTERN", help="patterns of components or tensors to leave as in the base")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of bootstrap and folds (default: 0)")
    parser.add_argument("--device", metavar="NAME", help="cpu, cuda, cuda:1, mps; by default the accelerator where there is one")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.corpora import embedded_model
    from hf_regional.evaluating.beta import select_beta, select_beta_for_regions
    from hf_regional.evaluating.catalogue import load_task
    from hf_regional.regions import Region

    given = [Region(name) for name in arguments.region] if arguments.each else [Region(*arguments.region)]
    regions = dict(zip(arguments.region, given, strict=True)) if arguments.each else {given[0].name: given[0]}
    alphas = _alphas(arguments.alpha, list(regions))
    asked: dict[str, Any] = {"part": arguments.part, "limit": arguments.limit}
    asked |= {"data_dir": arguments.data_dir} if arguments.data_dir else {}
    tasks = {name: [load_task(task, region=one, **asked) for task in arguments.tasks] for name, one in regions.items()}
    base, regional = (embedded_model(model) or model for model in (arguments.base, arguments.regional))
    options: dict[str, Any] = {
        key: getattr(arguments, key)
        for key in ("min_retention", "margin", "scope", "normalise", "folds", "refine", "method", "only", "skip", "seed", "device")
    }
    options |= {"retention_policy": arguments.policy, "progress": not arguments.json}
    if arguments.each:
        joint = select_beta_for_regions(base, regional, arguments.betas, tasks, regions, alphas, **options)
        return joint.as_dict(), joint.reason
    ((name, region),) = regions.items()
    choice = select_beta(base, regional, arguments.betas, tasks[name], region, alphas[name], **options)
    found = choice.as_dict()
    return found, f"{_table(found)}\n\n{choice.reason}"


def _alphas(given: list[float], names: list[str]) -> Mapping[str, float]:
    from hf_regional.errors import ConfigError

    if len(given) not in {1, len(names)}:
        raise ConfigError(f"give one α, or one for each of the {len(names)} regions; got {len(given)}.", "alpha")
    return dict(zip(names, given * len(names) if len(given) == 1 else given, strict=True))


def _table(found: Mapping[str, Any]) -> str:
    from hf_regional.evaluating.report import curve_table

    demand = {key: found[key] for key in ("min_retention", "margin")}
    return curve_table({"curve": found["curve"], "beta": found["beta"], "settings": {"choosing": demand}})
