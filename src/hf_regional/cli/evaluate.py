"""`hf-regional evaluate`: a model over tasks; scores for the world and the region, by country, and against another model's."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from hf_regional.evaluating import Comparison, Evaluation, Task

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
    parser.add_argument(
        "--from", dest="folders", action="append", type=Path, metavar="FOLDER",
        help="in place of MODEL: what -o wrote; again for more tasks of the same model",
    )  # fmt: skip
    parser.add_argument(
        "--against", action="append", metavar="BASE", help="a model, or what -o wrote of it: compare item by item; again for more tasks"
    )
    parser.add_argument("--report", type=Path, metavar="OUT", help="a new folder for report.html, report.md and report.json")
    parser.add_argument("--choice", type=Path, metavar="JSON", help="report: what `hf-regional choose --json` printed, for the curve of β")
    parser.add_argument("--ratings", type=Path, metavar="FOLDER", help="report: a rating sheet that people filled in")
    parser.add_argument("--human", type=Path, metavar="OUT", help="a new folder: a blinded rating sheet of both models' answers")
    parser.add_argument("--human-items", type=int, default=50, metavar="N", help="of each task and language on that sheet (default 50)")
    parser.add_argument("--eval-results", type=Path, metavar="FOLDER", help="write FOLDER/.eval_results, an entry a country and task")
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
    _check(arguments)
    from hf_regional.evaluating.tables import comparison_tables, score_tables

    tasks = [] if arguments.folders else _tasks(arguments)
    found = _saved(arguments.folders, arguments) if arguments.folders else _measured(arguments.model, tasks, arguments)
    if arguments.output:
        found.save(arguments.output)
    compared = _compared(found, tasks, arguments) if arguments.against else None
    written = _written(found, compared, arguments)
    told = "".join(f"\n\n{name}: {place}" for name, place in written.items())
    printed = {"model": arguments.model or found.about.get("model"), "region": arguments.region, "tasks": found.scores, **written}
    if compared is None:
        return printed, score_tables(found.scores) + told
    return printed | {"against": compared.names[0], "compared": compared.as_dict()}, comparison_tables(compared) + told


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what cannot be done before hours of answers, and not after them."""
    from hf_regional.durable import require_writable
    from hf_regional.durable.refusals import refuse_existing

    if not arguments.folders and not (arguments.model and arguments.task):
        arguments.refuse("a MODEL and --task NAME are needed, or --from FOLDER; --list shows the tasks")
    if arguments.folders and (arguments.model or arguments.task):
        arguments.refuse("--from reads what was measured: give no MODEL and no --task with it")
    if arguments.human and not arguments.against:
        arguments.refuse("--human needs two models: name the other by --against")
    for folder in filter(None, (arguments.output, arguments.report, arguments.human)):
        require_writable(folder)
        refuse_existing(folder)


def _tasks(arguments: argparse.Namespace) -> "list[Task]":
    from hf_regional.evaluating import load_task, open_subject
    from hf_regional.evaluating.listing import require_family

    options: dict[str, Any] = {"data_dir": arguments.data_dir} if arguments.data_dir else {}
    options |= dict(_pair("--option", word, arguments.refuse) for word in arguments.option)
    options["settings"] = dict(_pair("--setting", word, arguments.refuse) for word in arguments.setting)
    for name in arguments.task:
        require_family(open_subject(arguments.model), name)
    return [load_task(name, region=arguments.region, part=arguments.part, limit=arguments.limit, **options) for name in arguments.task]


def _pair(flag: str, word: str, refuse: Callable[[str], NoReturn]) -> tuple[str, Any]:
    import yaml

    key, equals, value = word.partition("=")
    if not key or not equals:
        refuse(f"{flag} takes KEY=VALUE, not {word!r}")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError:
        refuse(f"{flag} {key}: {value!r} is no YAML")


def _measured(model: str, tasks: "Sequence[Task]", arguments: argparse.Namespace) -> "Evaluation":
    from hf_regional.evaluating import evaluate_model

    options = {key: getattr(arguments, key) for key in ("region", "resamples", "seed", "device", "dtype", "batch_size")}
    by = arguments.by or [name for name in _BY if any(name in task.rows.slices for task in tasks)]
    about = {"part": arguments.part, "limit": arguments.limit, "settings": arguments.setting, "options": arguments.option}
    return evaluate_model(model, tasks, by=by, about={key: value for key, value in about.items() if value}, **options)


def _saved(folders: Sequence[Path], arguments: argparse.Namespace) -> "Evaluation":
    from hf_regional.evaluating import join_evaluations, load_evaluation

    joined = join_evaluations([load_evaluation(folder) for folder in folders])
    return joined.sliced(arguments.by or joined.among(_BY), resamples=arguments.resamples, seed=arguments.seed)


def _compared(found: "Evaluation", tasks: "Sequence[Task]", arguments: argparse.Namespace) -> "Comparison":
    from hf_regional.evaluating import compare_evaluations
    from hf_regional.evaluating.runner import is_evaluation

    given = arguments.against
    are_saved = all(is_evaluation(Path(one)) for one in given)
    if not are_saved and (len(given) > 1 or not tasks):
        arguments.refuse(f"--against {' '.join(given)}: with --from, or more than one, name folders that -o wrote")
    base = _saved([Path(one) for one in given], arguments) if are_saved else _measured(given[0], tasks, arguments)
    return compare_evaluations(base, found, arguments.by or found.among(_BY), resamples=arguments.resamples, seed=arguments.seed)


def _written(found: "Evaluation", compared: "Comparison | None", arguments: argparse.Namespace) -> dict[str, str]:
    """Write what is asked for; name -> where it is."""
    written: dict[str, str] = {}
    if arguments.report:
        from hf_regional.evaluating import write_evaluation_report
        from hf_regional.evaluating.reporting.reading import read_choice, read_human

        region, choice, human = found.about.get("region"), read_choice(arguments.choice), read_human(arguments.ratings, seed=arguments.seed)
        region = arguments.region or (region if isinstance(region, str) else None)
        page = write_evaluation_report(compared or found, arguments.report, region=region, choice=choice, human=human)
        written["report"] = str(page)
    if arguments.human and compared:
        from hf_regional.evaluating.human import write_rating_sheet
        from hf_regional.evaluating.to_rate import answers_to_rate

        items, outputs = answers_to_rate(compared, per_language=arguments.human_items)
        written["human"] = str(write_rating_sheet(items, outputs, arguments.human).path)
    if arguments.eval_results:
        from hf_regional.evaluating import to_eval_results, write_eval_results

        write_eval_results(to_eval_results(found), arguments.eval_results)
        written["eval_results"] = str(arguments.eval_results)
    return written
