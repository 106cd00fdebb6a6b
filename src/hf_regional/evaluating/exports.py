"""Exports: an evaluation in; what the Hub reads of it, in the two formats it knows, out.

ModelCardData(model_name="SEA-CLIP", eval_results=to_model_index(found))        # `model-index`, in a card
write_eval_results(to_eval_results(found), "runs/sea")                        # runs/sea/.eval_results/cvqa.yaml, one a task

A score by another judge or encoder than the benchmark's own is another score: it goes under no benchmark's name or dataset.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from huggingface_hub import EvalResult, EvalResultEntry, eval_result_entries_to_yaml

from hf_regional.cards.figures import count, percent, value_of
from hf_regional.cards.markdown import one_line
from hf_regional.corpora import catalogue
from hf_regional.durable import atomic_file
from hf_regional.errors import ConfigError
from hf_regional.evaluating.catalogue import Definition, read_definition, task_names
from hf_regional.evaluating.reporting.story import label_of
from hf_regional.evaluating.runner import Evaluation
from hf_regional.evaluating.scorers import benchmark_of, own_scorer
from hf_regional.evaluating.task import SIDES

FOLDER: Final = ".eval_results"
OWN: Final = "own-scorer"  # the dataset of scores that are no benchmark's own
_DIGITS: Final = 6
_HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_TASK_TYPES: Final[Mapping[str, str]] = {
    "classification": "zero-shot-image-classification",
    "retrieval": "text-to-image-retrieval",
    "galleries": "text-to-image-retrieval",
    "universals": "text-to-image-retrieval",
    "captions": "image-to-text",
    "drawn_prompts": "text-to-image",
    "drawn_questions": "text-to-image",
    "drawn_regions": "text-to-image",
}
_ANSWERS: Final = "visual-question-answering"  # what all other protocols ask for


@dataclass(frozen=True, slots=True)
class EvalResults:
    """Entries for `.eval_results`, and the tasks that have none with the reason."""

    entries: Mapping[str, tuple[EvalResultEntry, ...]]  # by task
    left_out: Mapping[str, str]


def to_model_index(found: Evaluation) -> list[EvalResult]:
    """One result a task and side, and one a task and label of each slice, for `ModelCardData(eval_results=...)`.

    Args:
        found: an evaluation; its scores stay fractions in [0, 1].
    """
    return [
        _result(task, entry, str(found.about.get("part") or "") or None, code, words, value)
        for task, entry in found.scores.items()
        for code, words, cell in _parts(entry)
        if (value := value_of(cell)) is not None
    ]


def to_eval_results(
    found: Evaluation,
    *,
    by: str = "country",
    datasets: Mapping[str, str] | None = None,
    date: str | None = None,
    source_url: str | None = None,
    source_name: str | None = None,
) -> EvalResults:
    """One entry a task and country.

    Args:
        found: an evaluation with that slice.
        by: the slice; "country" unless tasks have none.
        datasets: task -> its dataset's Hub id, where the catalogue does not know it.
        date: when it was measured, ISO 8601.
        source_url: where the report lies.
        source_name: what to call it; needs `source_url`.

    Raises:
        ConfigError: a dataset's id is none, or a source has a name and no address.
    """
    if source_name and not source_url:
        raise ConfigError(f"the source {source_name!r} needs an address: give source_url.", "source_url")
    entries: dict[str, tuple[EvalResultEntry, ...]] = {}
    left_out: dict[str, str] = {}
    for task, entry in found.scores.items():
        dataset = _dataset(task, datasets or {})
        reason = _why_not(task, entry, dataset, by)
        if reason or dataset is None:
            left_out[task] = reason
            continue
        entries[task] = tuple(
            EvalResultEntry(
                dataset, f"{task}-{label}", round(float(cell["value"]), _DIGITS), date=date, source_url=source_url, source_name=source_name,
                notes=_notes(entry, cell, found.about),
            )
            for label, cell in entry["by"][by].items()
        )  # fmt: skip
    return EvalResults(entries, left_out)


def write_eval_results(results: EvalResults, folder: Path | str) -> list[Path]:
    """Write `<folder>/.eval_results/<task>.yaml`, a file a task; their paths."""
    paths: list[Path] = []
    for task, entries in results.entries.items():
        path = Path(folder) / FOLDER / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', task)}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as partial:
            listed = eval_result_entries_to_yaml([*entries])
            partial.write_text(yaml.safe_dump(listed, sort_keys=False, allow_unicode=True), encoding="utf-8")
        paths.append(path)
    return paths


def _parts(entry: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """Code, words and cell of every side and label."""
    sides = [(str(side), str(side), entry[side]) for side in SIDES if side in entry]
    return sides + [(label, label_of(name, label), cell) for name, labels in entry["by"].items() for label, cell in labels.items()]


def _result(task: str, entry: Mapping[str, Any], split: str | None, code: str, words: str, value: float) -> EvalResult:
    scorer, definition = own_scorer(task, entry["metric"]), _definition(task)
    corpus = _corpus_id(definition) or benchmark_of(task)
    name = f"questions of {benchmark_of(task)}, scored by {scorer}" if scorer else task
    metric = one_line(entry["metric"])
    return EvalResult(
        task_type=_TASK_TYPES.get(definition.protocol, _ANSWERS) if definition else _ANSWERS,
        task_name=one_line(name),
        dataset_type=OWN if scorer else one_line(corpus),
        dataset_name=one_line(f"{name} ({words})"),
        dataset_config=one_line(code),
        dataset_split=split,
        metric_type=metric.lower(),
        metric_name=metric,
        metric_value=round(value, _DIGITS),
    )


def _definition(task: str) -> Definition | None:
    """The definition of a task of the catalogue; None of a user's own."""
    name = benchmark_of(task)
    return read_definition(name) if name in task_names() else None


def _corpus_id(definition: Definition | None) -> str:
    return catalogue()[definition.corpus].hub_id if definition else ""


def _dataset(task: str, given: Mapping[str, str]) -> str | None:
    own = given.get(task)
    if own is not None and not _HUB_ID.fullmatch(own):
        raise ConfigError(f"datasets: {own!r}, of task {task!r}, is no id of a dataset on the Hub; write owner/name.", "datasets")
    return own or _corpus_id(_definition(task)) or None


def _why_not(task: str, entry: Mapping[str, Any], dataset: str | None, by: str) -> str:
    if scorer := own_scorer(task, entry["metric"]):
        return f"scored by {scorer}, which is not the benchmark's own scorer"
    if dataset is None:
        return "its dataset is not known: name it in datasets="
    return "" if by in entry["by"] else f"was not sliced by {by}"


def _notes(entry: Mapping[str, Any], cell: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    told = [entry["metric"], f"95 % interval {percent(cell['low'])} to {percent(cell['high'])} %", f"n = {count(cell['n'])}"]
    part = about.get("part")
    told += [f"part {part}"] if part and part != "all" else []
    return one_line("; ".join([*told, f"hf_regional {about.get('versions', {}).get('hf_regional', '')}".rstrip()]))
