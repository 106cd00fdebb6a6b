"""The tasks that load by name: one YAML of `tasks/` each, or your own; a task over a corpus's rows out.

tasks = [load_task("cvqa", region="SEA"), load_task("mine.yaml", region="SEA", part="select")]
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import yaml
from datasets import Dataset, DatasetDict

from hf_regional.corpora import catalogue, evidence_columns, load_corpus
from hf_regional.errors import ConfigError, MissingFileError, UnknownNameError
from hf_regional.evaluating.asked import Part, ask
from hf_regional.evaluating.task import Task
from hf_regional.filtering import filter_regional
from hf_regional.nearest import did_you_mean
from hf_regional.regions import Region

_FOLDER: Final = Path(__file__).with_name("tasks")
# Protocol -> the function that makes its task from chosen rows: (name, asked, data, **settings).
_PROTOCOLS: Final[Mapping[str, str]] = {
    "options": "hf_regional.evaluating.protocols.options:build_options_task",
    "retrieval": "hf_regional.evaluating.protocols.retrieval:build_retrieval_task",
}
_WHOLE: Final = frozenset({"retrieval"})  # protocols that look at all splits: a gallery is every picture of them


@dataclass(frozen=True, slots=True)
class Definition:
    """What a task's YAML says.

    Attributes:
        name: of the task; that of its file where it is left out.
        corpus: a name of the catalogue of corpora.
        protocol: how a model is asked.
        split: of the corpus.
        view: of the corpus.
        group: the column whose groups a score is averaged over; null averages over rows.
        slices: columns to report by, besides language, country and topic.
        where: column -> allowed values.
        options: what `load_corpus` passes on to the corpus (its configuration, its revision).
        settings: what the protocol takes.
        title, paper: for people.
    """

    name: str
    corpus: str
    protocol: str
    split: str = "test"
    view: str = "pairs"
    group: str | None = "country_iso3"
    slices: tuple[str, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    paper: str = ""


def task_names() -> tuple[str, ...]:
    """Names that `load_task` knows, sorted.

    >>> "cvqa" in task_names()
    True
    """
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def read_definition(task: str | Path | Mapping[str, Any]) -> Definition:
    """A task's definition: by name, from a YAML of your own, or from a mapping with the same keys.

    Raises:
        UnknownNameError: no task of that name; the message gives the nearest.
        MissingFileError: no such file. ConfigError: a key that no task has, or one that is missing.
    """
    if isinstance(task, Mapping):
        return _checked(dict(task), "the task")
    path = Path(task)
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise MissingFileError(f"there is no task file {path}.")
    elif str(task) in task_names():
        path = _FOLDER / f"{task}.yaml"
    else:
        raise UnknownNameError(f"no task {str(task)!r}.{did_you_mean(str(task), task_names())} Known: {', '.join(task_names())}.")
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is no YAML: {' '.join(str(error).split())}", "tasks") from error
    if not isinstance(said, dict):
        raise ConfigError(f"{path} holds no mapping of a task's keys.", "tasks")
    return _checked({"name": path.stem, **said}, str(path))


def load_task(
    task: str | Path | Mapping[str, Any],
    *,
    region: Region | str | None = None,
    part: Part = "all",
    limit: int | None = None,
    cache_dir: Path | str | None = None,
    **options: Any,
) -> Task:
    """Load the rows of a task and make it ready to ask.

    Args:
        task: a name of `task_names()`, a YAML of your own, or a mapping with its keys.
        region: its rows form the regional score, the others the global one; without a region all rows are the world's.
        part: of a corpus with one split alone "select" (30 % of the pictures, by a hash) serves to choose β, and "report" the rest.
        limit: at most so many rows of each side, for a quick look.
        cache_dir: in place of the cache folder of `datasets`.
        options: what the corpus takes (`data_dir`, `revision`); they go before the definition's own.

    Raises:
        As `read_definition` and `load_corpus`; NoRowsError where no row is left to ask.
    """
    definition = read_definition(task)
    chosen: dict[str, Any] = {**definition.options, **options}
    data = load_corpus(definition.corpus, view=definition.view, cache_dir=cache_dir, **chosen)
    if definition.split not in data:
        raise UnknownNameError(
            f"task {definition.name!r}: {definition.corpus} has no split {definition.split!r}."
            f"{did_you_mean(definition.split, data)} There are: {', '.join(data)}."
        )
    build = _builder(definition.protocol)
    if definition.protocol in _WHOLE:
        placed = DatasetDict({split: _placed(rows, definition, region) for split, rows in data.items()})
        return build(
            placed,
            definition.split,
            group=definition.group or "language",
            where=definition.where,
            name=definition.name,
            **definition.settings,
        )
    rows = _placed(data[definition.split], definition, region)
    asked = ask(rows, group=definition.group, slices=definition.slices, part=part, where=definition.where, limit=limit)
    return build(definition.name, asked, rows, **definition.settings)


def _placed(rows: Dataset, definition: Definition, region: Region | str | None) -> Dataset:
    """The rows with a verdict each."""
    if region is None:
        return rows
    # consent=None: what is asked of a model is not published, and a masked question is another question
    return filter_regional(rows, region, columns=evidence_columns(definition.corpus, definition.view), mode="annotate", consent=None).data


def _builder(protocol: str) -> Callable[..., Task]:
    module, name = _PROTOCOLS[protocol].split(":")
    return getattr(importlib.import_module(module), name)


def _checked(said: dict[str, Any], where: str) -> Definition:
    known = [each.name for each in fields(Definition)]
    for key in said:
        if key not in known:
            raise ConfigError(f"{where}: no task has {key!r}.{did_you_mean(str(key), known)} Known: {', '.join(known)}.", f"tasks.{key}")
    if lacking := [key for key in ("name", "corpus", "protocol") if not said.get(key)]:
        raise ConfigError(f"{where} lacks {', '.join(lacking)}.", "tasks")
    for key, names in (("corpus", catalogue()), ("protocol", _PROTOCOLS)):
        if said[key] not in names:
            raise ConfigError(
                f"{where}: no {key} {said[key]!r}.{did_you_mean(str(said[key]), names)} Known: {', '.join(names)}.", f"tasks.{key}"
            )
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
    return Definition(**plain)
