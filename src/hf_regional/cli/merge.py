"""`hf-regional merge`: checkpoint to checkpoint."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `merge` takes."""
    parser.add_argument("base", help="the global model: a folder, a Hub id, or an embedded model")
    parser.add_argument("regional", nargs="+", help="the fine-tuned model, or several: folders or Hub ids, of the same architecture")
    parser.add_argument("output", type=Path, help="the folder to make")
    parser.add_argument(
        "--beta", type=float, nargs="+", help="share of the regional model, in [0, 1]; several make output/beta-0.25, ... in one pass"
    )
    parser.add_argument(
        "--beta-of",
        nargs="+",
        type=_share,
        metavar="PATTERN=BETA",
        help="a share for each pattern of tensors, or FIRST..LAST, which changes with depth; the first that fits decides",
    )
    parser.add_argument("--method", default="linear", metavar="NAME", help="how to mix (default: linear); a wrong name lists them")
    parser.add_argument("--option", nargs="+", type=_option, default=[], metavar="NAME=VALUE", help="options of the method: density=0.2")
    parser.add_argument("--weights", type=float, nargs="+", help="one factor a regional model")
    parser.add_argument(
        "--only", nargs="+", metavar="PATTERN", help="patterns of components or tensors to merge; the rest stays as in the base"
    )
    parser.add_argument("--skip", nargs="+", metavar="PATTERN", help="patterns of components or tensors to leave as in the base")
    parser.add_argument("--vocabulary", choices=["base", "regional"], help="whose tokens the result has, where neither has them all")
    parser.add_argument("--no-hash", action="store_true", help="do not take the SHA-256 of the files read and written")
    parser.add_argument("--allow-nonfinite", action="store_true", help="let NaN and infinity through")
    parser.add_argument("--dry-run", action="store_true", help="compare the models, say what it would cost, and write nothing")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.errors import ConfigError

    if bool(arguments.beta) == bool(arguments.beta_of):
        raise ConfigError("give --beta, or --beta-of with a share for each pattern, and not both.", "beta")
    beta = dict(arguments.beta_of) if arguments.beta_of else arguments.beta[0] if len(arguments.beta) == 1 else arguments.beta
    base = _embedded(arguments.base)
    options: dict[str, Any] = {key: getattr(arguments, key) for key in ("method", "only", "skip", "weights", "vocabulary")}
    options["options"] = dict(arguments.option)
    if arguments.dry_run:
        from hf_regional.merging import preview_merge

        found = preview_merge(base, arguments.regional, beta, arguments.output, **options)
        return {"report": dict(found.report), "problem": found.problem}, str(found)
    from hf_regional.merging import merge_checkpoints

    options |= {"hash_inputs": not arguments.no_hash, "allow_nonfinite": arguments.allow_nonfinite}
    made = merge_checkpoints(base, arguments.regional, beta, arguments.output, **options)
    return {"paths": [str(path) for path in made.paths], "report": made.report}, "\n".join(str(path) for path in made.paths)


def _embedded(name: str) -> str | Path:
    if Path(name).exists():  # a folder, and no need to load what reads corpora
        return name
    from hf_regional.corpora import embedded_model

    return embedded_model(name) or name


def _share(text: str) -> tuple[str, Any]:
    pattern, value = _split(text)
    first, dots, last = value.partition("..")
    if not dots:
        return pattern, _number(text, value)
    from hf_regional.merging import ByDepth

    return pattern, ByDepth(_number(text, first), _number(text, last))


def _option(text: str) -> tuple[str, Any]:
    name, value = _split(text)
    return name, int(value) if value.isdecimal() else value if value.isalpha() else _number(text, value)


def _split(text: str) -> tuple[str, str]:
    name, sign, value = text.rpartition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE")
    return name, value


def _number(text: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {value!r} is no number") from error
