"""`hf-regional metric`: a metric of scores, answers or ratings that one has: from a file, or parity and retention from numbers typed in."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

_TYPED: Final = {"grp": ("world", "regional", "alpha"), "retention": ("merged", "base"), "relevance_gain": ("merged", "base")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `metric` takes."""
    from hf_regional.metrics import metric_names

    names = metric_names()
    parser.add_argument("name", choices=names, metavar="METRIC", help=", ".join(names))
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="rows: .csv, .tsv, .json, .jsonl, .parquet or .npz")
    parser.add_argument("--columns", nargs="+", type=_pair, default=[], metavar="NAME=COLUMN", help="predictions=answer references=gold")
    parser.add_argument("--by", nargs="+", default=[], metavar="COLUMN", help="groups: columns of the file such as country language")
    parser.add_argument("--set", nargs="+", type=_pair, default=[], metavar="KEY=VALUE", help="min_n=30 chance=0.25 reference=USA")
    parser.add_argument("--describe", action="store_true", help="say what the metric is and takes")
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
    if arguments.describe:
        return _described(arguments.name)
    if arguments.file is None:
        return _of_numbers(arguments)
    found = _of_file(arguments)
    return found, json.dumps(found, ensure_ascii=False, indent=2)


def _described(name: str) -> tuple[dict[str, Any], str]:
    from hf_regional.metrics import load_metric

    metric = load_metric(name)
    found = {"name": name, "type": metric.module_type, "description": metric.description, "inputs": metric.inputs_description}
    found |= {"columns": list(metric.features), "urls": list(metric.reference_urls or []), "citation": metric.citation}
    return found, f"{metric.description}\n{metric.inputs_description}\n" + "\n".join(found["urls"])


def _of_file(arguments: argparse.Namespace) -> dict[str, Any]:
    from hf_regional.errors import ConfigError, RegionalError
    from hf_regional.metrics import load_metric
    from hf_regional.metrics.reading import chosen_columns, read_columns

    metric, found = load_metric(arguments.name), read_columns(arguments.file)
    wanted = list(metric.features)
    # Numbers and words of a JSON object are settings; the command's own stand above them.
    settings = {key: value for key, value in found.items() if key not in wanted and isinstance(value, str | int | float)}
    settings |= {key: _value(text) for key, text in arguments.set}
    columns = chosen_columns(found, wanted, names=dict(arguments.columns), by=arguments.by)
    try:
        scores = metric.compute(**columns, **settings)
    except RegionalError:
        raise
    except (ValueError, TypeError) as error:  # evaluate's own: a column of another type, a setting that the metric lacks
        raise ConfigError(f"{arguments.name}: {error}") from error
    return json.loads(json.dumps(scores, default=lambda value: value.tolist()))


def _of_numbers(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from hf_regional.errors import ConfigError
    from hf_regional.metrics import grp, relevance_gain, retention

    if arguments.name not in _TYPED:
        raise ConfigError(f"{arguments.name} needs a FILE with its columns; `hf-regional metric {arguments.name} --describe` says which.")
    missing = ["--" + name.replace("world", "global") for name in _TYPED[arguments.name] if getattr(arguments, name) is None]
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


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE")
    return name, value


def _value(text: str) -> Any:
    """A setting as JSON has it, and a word as itself: 0.25, true, {"country": "USA"}, USA."""
    try:
        return json.loads(text)
    except ValueError:
        return text
