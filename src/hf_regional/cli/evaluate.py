"""`hf-regional evaluate`: a model over tasks; scores for the world and the region, by country, with intervals."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `evaluate` takes."""
    parser.add_argument("model", help="a folder, a Hub id, or http://host:8000/v1#MODEL for a server")
    parser.add_argument("--task", action="append", required=True, metavar="NAME", help="a task, or your own YAML; again for more")
    parser.add_argument("--region", help="rows of it form the regional score, the others the global one; such as SEA")
    parser.add_argument("--by", action="append", metavar="SLICE", help="country (default), language, topic, ...; again for more")
    parser.add_argument("--part", choices=("select", "report", "all"), default="all", help="of tasks with a test split alone")
    parser.add_argument("--limit", type=int, help="at most so many rows of each side, for a quick look")
    parser.add_argument("--data-dir", type=Path, help="a folder with the corpus's published files, in place of the Hub")
    parser.add_argument(
        "--setting",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of the tasks, the value as YAML: judge=..., 'brush={steps: 30}'",
    )
    parser.add_argument("-o", "--output", type=Path, help="folder for rows and scores, to be looked at again without the model")
    parser.add_argument("--resamples", type=int, default=2000, help="of the bootstrap (default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default 0)")
    parser.add_argument("--device", help="as torch names it; by default the accelerator where there is one")
    parser.add_argument("--dtype", help="float32, bfloat16, ...; by default what the checkpoint says")
    parser.add_argument("--batch-size", type=int, help="items a forward pass")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.evaluating import evaluate_model, load_task
    from hf_regional.evaluating.tables import score_tables

    options = {"data_dir": arguments.data_dir} if arguments.data_dir else {}
    settings = read_settings(arguments.setting)
    tasks = [
        load_task(name, region=arguments.region, part=arguments.part, limit=arguments.limit, settings=settings, **options)
        for name in arguments.task
    ]
    found = evaluate_model(
        arguments.model,
        tasks,
        by=arguments.by or ("country",),
        resamples=arguments.resamples,
        seed=arguments.seed,
        device=arguments.device,
        dtype=arguments.dtype,
        batch_size=arguments.batch_size,
    )
    if arguments.output:
        found.save(arguments.output)
    return {"model": arguments.model, "region": arguments.region, "tasks": found.scores}, score_tables(found.scores)


def read_settings(given: Sequence[str]) -> dict[str, Any]:
    """What `--setting` says: the key, and the value as YAML reads it.

    >>> read_settings(["judge=org/judge", "pictures=2", "brush={steps: 30}"])
    {'judge': 'org/judge', 'pictures': 2, 'brush': {'steps': 30}}

    Raises:
        ConfigError: there is no "=", or the value is no YAML.
    """
    import yaml

    from hf_regional.errors import ConfigError

    found: dict[str, Any] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not key.strip() or not equals:
            raise ConfigError(f"--setting {one!r} is no KEY=VALUE.", "settings")
        try:
            found[key.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigError(f"--setting {one!r}: the value is no YAML: {' '.join(str(error).split())}", "settings") from error
    return found
