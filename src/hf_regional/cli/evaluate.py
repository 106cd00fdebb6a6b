"""`hf-regional evaluate`: a model over tasks; scores for the world and the region, by country, with intervals."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

_BY: Final = ("country",)  # where nothing is asked for, and a task has it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `evaluate` takes."""
    parser.add_argument("model", nargs="?", help="a folder, a Hub id, or http://host:8000/v1#MODEL for a server")
    parser.add_argument("--list", action="store_true", help="the tasks, with corpus, protocol, metric, families of models and paper")
    parser.add_argument("--task", action="append", metavar="NAME", help="a task, or your own YAML; again for more")
    parser.add_argument(
        "--setting", action="append", default=[], metavar="KEY=VALUE", help="of the task's protocol, as in its YAML; again for more"
    )
    parser.add_argument("--region", help="rows of it form the regional score, the others the global one; such as SEA")
    parser.add_argument("--by", action="append", metavar="SLICE", help="country (default), language, topic, ...; again for more")
    parser.add_argument("--part", choices=("select", "report", "all"), default="all", help="of tasks with a test split alone")
    parser.add_argument("--limit", type=int, help="at most so many rows of each side, for a quick look")
    parser.add_argument("--data-dir", type=Path, help="a folder with the corpus's published files, in place of the Hub")
    parser.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help="of the corpus, such as revision=...; again for more"
    )
    parser.add_argument("-o", "--output", type=Path, help="folder for rows and scores, to be looked at again without the model")
    parser.add_argument("--resamples", type=int, default=2000, help="of the bootstrap (default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default 0)")
    parser.add_argument("--device", help="as torch names it; by default the accelerator where there is one")
    parser.add_argument("--dtype", help="float32, bfloat16, ...; by default what the checkpoint says")
    parser.add_argument("--batch-size", type=int, help="items a forward pass")
    parser.set_defaults(refuse=parser.error)


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    if arguments.list:
        from hf_regional.evaluating.listing import task_table

        return task_table()
    if not arguments.model or not arguments.task:
        arguments.refuse("a MODEL and --task NAME are needed; --list shows the tasks")
    from hf_regional.durable import require_writable
    from hf_regional.durable.refusals import refuse_existing
    from hf_regional.evaluating import evaluate_model, load_task, open_subject
    from hf_regional.evaluating.listing import require_family
    from hf_regional.evaluating.tables import score_tables

    options: dict[str, Any] = {"data_dir": arguments.data_dir} if arguments.data_dir else {}
    options |= dict(_pair("--option", word, arguments.refuse) for word in arguments.option)
    options["settings"] = dict(_pair("--setting", word, arguments.refuse) for word in arguments.setting)
    if arguments.output:
        require_writable(arguments.output)  # before hours of answers, and not after them
        refuse_existing(arguments.output)
    subject = open_subject(arguments.model, device=arguments.device, dtype=arguments.dtype, batch_size=arguments.batch_size)
    for name in arguments.task:
        require_family(subject, name)
    tasks = [load_task(name, region=arguments.region, part=arguments.part, limit=arguments.limit, **options) for name in arguments.task]
    by = arguments.by or [name for name in _BY if any(name in task.rows.slices for task in tasks)]
    found = evaluate_model(subject, tasks, by=by, resamples=arguments.resamples, seed=arguments.seed)
    if arguments.output:
        found.save(arguments.output)
    return {"model": arguments.model, "region": arguments.region, "tasks": found.scores}, score_tables(found.scores)


def _pair(flag: str, word: str, refuse: Callable[[str], NoReturn]) -> tuple[str, Any]:
    import yaml

    key, equals, value = word.partition("=")
    if not key or not equals:
        refuse(f"{flag} takes KEY=VALUE, not {word!r}")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError:
        refuse(f"{flag} {key}: {value!r} is no YAML")
