"""`hf-regional metric`: parity and retention from scores that one has."""

import argparse
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `metric` takes."""
    parser.add_argument("name", choices=["grp", "retention", "relevance_gain"], metavar="METRIC", help="grp, retention or relevance_gain")
    parser.add_argument("--global", dest="world", type=float, nargs="+", metavar="SCORE", help="grp: the global scores")
    parser.add_argument("--regional", type=float, nargs="+", metavar="SCORE", help="grp: the regional scores, same unit")
    parser.add_argument("--alpha", type=float, metavar="SHARE", help="grp: globalization factor in [0, 1]")
    parser.add_argument("--merged", type=float, nargs="+", metavar="SCORE", help="retention, relevance_gain: the merged model's scores")
    parser.add_argument(
        "--base", type=float, nargs="+", metavar="SCORE", help="retention, relevance_gain: the base's scores, in the same order"
    )
    parser.add_argument("--chance", type=float, default=0.0, metavar="SCORE", help="retention: the score of a random answer (default: 0)")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.errors import ConfigError
    from hf_regional.metrics import grp, relevance_gain, retention

    wanted = ("world", "regional", "alpha") if arguments.name == "grp" else ("merged", "base")
    missing = ["--" + name.replace("world", "global") for name in wanted if getattr(arguments, name) is None]
    if missing:
        raise ConfigError(f"{arguments.name} needs {' and '.join(missing)}.")
    if arguments.name == "grp":
        value = grp(arguments.world, arguments.regional, arguments.alpha)
        return {"grp": value}, f"{value:.4f}"
    if arguments.name == "retention":
        value = retention(arguments.merged, arguments.base, chance=arguments.chance)
        return {"retention": value}, f"{value:.4f}"
    gain = relevance_gain(arguments.merged, arguments.base)
    return {"points": gain.points, "percent": gain.percent}, f"{gain.points:+.4f} points, {gain.percent:+.1f} %"
