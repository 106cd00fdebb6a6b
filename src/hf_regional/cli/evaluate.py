"""`hf-regional evaluate`: a model over tasks; scores for the world and the region, by country, and against another model's."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hf_regional.evaluating import Evaluation, Task
    from hf_regional.evaluating.comparing import Comparison


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `evaluate` takes."""
    parser.add_argument("model", nargs="?", help="a folder, a Hub id, or http://host:8000/v1#MODEL for a server")
    parser.add_argument("--task", action="append", metavar="NAME", help="a task, or your own YAML; again for more")
    parser.add_argument("--region", help="rows of it form the regional score, the others the global one; such as SEA")
    parser.add_argument("--by", action="append", metavar="SLICE", help="country (default), language, topic, ...; again for more")
    parser.add_argument("--part", choices=("select", "report", "all"), default="all", help="of tasks with a test split alone")
    parser.add_argument("--limit", type=int, help="at most so many rows of each side, for a quick look")
    parser.add_argument("--data-dir", type=Path, help="a folder with the corpus's published files, in place of the Hub")
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
    from hf_regional.evaluating.tables import comparison_tables, score_tables

    _check(arguments)
    tasks = [] if arguments.folders else _tasks(arguments)
    found = _saved(arguments.folders, arguments) if arguments.folders else _measured(arguments.model, tasks, arguments)
    if arguments.output:
        found.save(arguments.output)
    compared = _compared(found, tasks, arguments) if arguments.against else None
    written = _written(found, compared, arguments)
    printed = {"model": arguments.model or found.about.get("model"), "region": arguments.region, "tasks": found.scores, **written}
    if compared is None:
        return printed, "\n\n".join([score_tables(found.scores), *_told(written)])
    against = {"against": compared.names[0], "compared": compared.as_dict()}
    return printed | against, "\n\n".join([comparison_tables(compared), *_told(written)])


def _check(arguments: argparse.Namespace) -> None:
    if not arguments.folders and not (arguments.model and arguments.task):
        arguments.refuse("a MODEL and --task NAME are needed, or --from FOLDER")
    if arguments.folders and (arguments.model or arguments.task):
        arguments.refuse("--from reads what was measured: give no MODEL and no --task with it")
    if arguments.human and not arguments.against:
        arguments.refuse("--human needs two models: name the other by --against")


def _tasks(arguments: argparse.Namespace) -> "list[Task]":
    from hf_regional.evaluating import load_task

    options = {"data_dir": arguments.data_dir} if arguments.data_dir else {}
    return [load_task(name, region=arguments.region, part=arguments.part, limit=arguments.limit, **options) for name in arguments.task]


def _measured(model: str, tasks: "Sequence[Task]", arguments: argparse.Namespace) -> "Evaluation":
    from hf_regional.evaluating import evaluate_model

    options = {key: getattr(arguments, key) for key in ("region", "resamples", "seed", "device", "dtype", "batch_size")}
    about = {"part": arguments.part, "limit": arguments.limit}
    return evaluate_model(model, tasks, by=arguments.by or ("country",), about=about, **options)


def _saved(folders: "Sequence[Path]", arguments: argparse.Namespace) -> "Evaluation":
    from hf_regional.evaluating import join_evaluations, load_evaluation

    joined = join_evaluations([load_evaluation(folder) for folder in folders])
    return joined.sliced(arguments.by or ("country",), resamples=arguments.resamples, seed=arguments.seed)


def _compared(found: "Evaluation", tasks: "Sequence[Task]", arguments: argparse.Namespace) -> "Comparison":
    from hf_regional.evaluating import compare_evaluations
    from hf_regional.evaluating.runner import is_evaluation

    given = arguments.against
    are_saved = all(is_evaluation(Path(one)) for one in given)
    if not are_saved and (len(given) > 1 or not tasks):
        arguments.refuse(f"--against {' '.join(given)}: with --from, or more than one, name folders that -o wrote")
    base = _saved([Path(one) for one in given], arguments) if are_saved else _measured(given[0], tasks, arguments)
    return compare_evaluations(base, found, arguments.by or ("country",), resamples=arguments.resamples, seed=arguments.seed)


def _written(found: "Evaluation", compared: "Comparison | None", arguments: argparse.Namespace) -> dict[str, str]:
    """Write what is asked for; name -> where it is."""
    written: dict[str, str] = {}
    region = arguments.region or found.about.get("region")
    if arguments.report:
        from hf_regional.evaluating.reporting import write_evaluation_report
        from hf_regional.evaluating.reporting.reading import read_choice, read_human

        choice, human = read_choice(arguments.choice), read_human(arguments.ratings, seed=arguments.seed)
        page = write_evaluation_report(
            compared or found, arguments.report, region=region if isinstance(region, str) else None, choice=choice, human=human
        )
        written["report"] = str(page)
    if arguments.human and compared:
        from hf_regional.evaluating.human import write_rating_sheet
        from hf_regional.evaluating.to_rate import answers_to_rate

        items, outputs = answers_to_rate(compared, per_language=arguments.human_items)
        written["human"] = str(write_rating_sheet(items, outputs, arguments.human).path)
    if arguments.eval_results:
        from hf_regional.evaluating.exports import to_eval_results, write_eval_results

        write_eval_results(to_eval_results(found), arguments.eval_results)
        written["eval_results"] = str(arguments.eval_results)
    return written


def _told(written: dict[str, str]) -> list[str]:
    return ["\n".join(f"{name}: {place}" for name, place in written.items())] if written else []
