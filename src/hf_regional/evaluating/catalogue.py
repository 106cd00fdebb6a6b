"""The tasks that load by name: one YAML of `tasks/` each, or your own; a task over a corpus's rows out.

tasks = [load_task("cvqa", region="SEA"), load_task("mine.yaml", region="SEA", part="select")]
"""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from datasets import Dataset, DatasetDict, Image, concatenate_datasets

from hf_regional.corpora import catalogue, evidence_columns, load_corpus
from hf_regional.errors import ConfigError, MissingFileError, UnknownNameError
from hf_regional.evaluating.asked import Part, ask
from hf_regional.evaluating.quantiles import Quantiles, read_slice
from hf_regional.evaluating.task import Task
from hf_regional.filtering import filter_regional
from hf_regional.nearest import did_you_mean
from hf_regional.records import IMAGE
from hf_regional.regions import Region

_FOLDER: Final = Path(__file__).with_name("tasks")
# Protocol -> the function that makes its task from chosen rows: (name, asked, data, **settings).
_PROTOCOLS: Final[Mapping[str, str]] = {
    "all_correct": "hf_regional.evaluating.protocols.all_correct:build_all_correct_task",
    "captions": "hf_regional.evaluating.protocols.captions:build_captions_task",
    "classification": "hf_regional.evaluating.protocols.classification:build_classification_task",
    "galleries": "hf_regional.evaluating.protocols.galleries:build_galleries_task",
    "norms": "hf_regional.evaluating.protocols.norms:build_norms_task",
    "open_answers": "hf_regional.evaluating.protocols.open_answers:build_open_answers_task",
    "drawn_prompts": "hf_regional.evaluating.protocols.drawn_prompts:build_drawn_prompts_task",
    "drawn_questions": "hf_regional.evaluating.protocols.drawn_questions:build_drawn_questions_task",
    "drawn_regions": "hf_regional.evaluating.protocols.drawn_regions:build_drawn_regions_task",
    "judged": "hf_regional.evaluating.protocols.judged:build_judged_task",
    "options": "hf_regional.evaluating.protocols.options:build_options_task",
    "retrieval": "hf_regional.evaluating.protocols.retrieval:build_retrieval_task",
    "several_answers": "hf_regional.evaluating.protocols.several_answers:build_several_answers_task",
    "statements": "hf_regional.evaluating.protocols.statements:build_statements_task",
    "survey": "hf_regional.evaluating.protocols.survey:build_survey_task",
    "universals": "hf_regional.evaluating.protocols.universals:build_universals_task",
}
_WHOLE: Final = frozenset({"retrieval"})  # protocols that look at all splits: a gallery is every picture of them
_OWN: Final = ("group", "where", "name")  # what these take besides settings
_ALL: Final = "*"  # every split


@dataclass(frozen=True, slots=True)
class Definition:
    """What a task's YAML says.

    Attributes:
        name: of the task; that of its file where it is left out.
        corpus: a name of the catalogue of corpora.
        protocol: how a model is asked.
        split: of the corpus; several of them, or "*" for all, are asked as one.
        choosing: of the corpus, on which β is chosen; null where it has none, and a part of `split` serves.
        view: of the corpus.
        group: the column whose groups a score is averaged over; null averages over rows.
        slices: columns to report by, besides language, country and topic; of a column of numbers {income: {quantiles: 4, unit: USD}}.
        where: column -> allowed values.
        without: column -> values that are left out.
        sample: {rows: 2048, seed: 42, buffer: 10000} reads the split as a stream, mixed in a buffer of rows, and stops at so many rows:
            for corpora that no disk holds.
        side: "global" where rows say nothing of a place, so that all speak for the world, whatever the region.
        options: what `load_corpus` passes on to the corpus (its configuration, its revision).
        settings: what the protocol takes.
        title, paper: for people.
    """

    name: str
    corpus: str
    protocol: str
    split: str | tuple[str, ...] = "test"
    choosing: str | None = None
    view: str = "pairs"
    group: str | None = "country_iso3"
    slices: tuple[str | Quantiles, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sample: Mapping[str, int] = field(default_factory=dict)
    side: Literal["global"] | None = None
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
    settings: Mapping[str, Any] | None = None,
    cache_dir: Path | str | None = None,
    **options: Any,
) -> Task:
    """Load the rows of a task and make it ready to ask.

    Args:
        task: a name of `task_names()`, a YAML of your own, or a mapping with its keys.
        region: its rows form the regional score, the others the global one; without a region all rows are the world's.
        part: "select" serves to choose β: the corpus's own split for it, or 30 % of the pictures by a hash where there is one split alone;
            "report" is the rest.
        limit: at most so many rows of each side, for a quick look.
        settings: of the protocol, in place of the definition's (`{"scorer": "google/siglip2-base-patch16-224"}`).
        cache_dir: in place of the cache folder of `datasets`.
        options: what the corpus takes (`data_dir`, `revision`); they go before the definition's own.

    Raises:
        As `read_definition` and `load_corpus`; NoRowsError where no row is left to ask; ConfigError for a setting that the protocol
        does not take, or lacks.
    """
    definition = read_definition(task)
    definition = replace(definition, settings={**definition.settings, **(settings or {})})
    if definition.choosing and part != "all":  # the corpus has parted its rows itself
        definition = replace(definition, split=definition.choosing if part == "select" else definition.split)
        part = "all"
    region = None if definition.side == "global" else region
    build = _builder(definition)
    load = partial(load_corpus, definition.corpus, view=definition.view, cache_dir=cache_dir, **{**definition.options, **options})
    if definition.protocol in _WHOLE:
        placed = DatasetDict({split: _placed(rows, definition, region) for split, rows in load().items()})
        how: dict[str, Any] = {"group": definition.group or "language", "where": definition.where, "name": definition.name}
        return build(placed, definition.split, **how, **definition.settings)
    rows = _placed(_rows(definition, load), definition, region)
    chosen: dict[str, Any] = {"slices": definition.slices, "where": definition.where, "without": definition.without}
    asked = ask(rows, group=definition.group, part=part, limit=limit, **chosen)
    return build(definition.name, asked, rows, **definition.settings)


def _rows(definition: Definition, load: Callable[..., Any]) -> Dataset:
    """The rows of all the splits that are asked, as one."""
    if definition.sample:
        return _sampled(definition, load)
    if definition.split == _ALL:
        return concatenate_datasets([*load().values()])
    names = (definition.split,) if isinstance(definition.split, str) else definition.split
    return concatenate_datasets([load(split=name) for name in names])


def _sampled(definition: Definition, load: Callable[..., Any]) -> Dataset:
    """So many rows of a stream, in an order that its seed fixes; they are held in memory."""
    chosen = {"rows": 2048, "seed": 42, "buffer": 10_000} | dict(definition.sample)
    stream = load(split=definition.split, streaming=True).cast_column(IMAGE, Image(decode=False))
    stream = stream.shuffle(seed=chosen["seed"], buffer_size=chosen["buffer"])
    return Dataset.from_list(list(stream.take(chosen["rows"])), features=stream.features).cast_column(IMAGE, Image())


def _placed(rows: Dataset, definition: Definition, region: Region | str | None) -> Dataset:
    """The rows with a verdict each."""
    if region is None:
        return rows
    # consent=None: what is asked of a model is not published, and a masked question is another question
    return filter_regional(rows, region, columns=evidence_columns(definition.corpus, definition.view), mode="annotate", consent=None).data


def _builder(definition: Definition) -> Callable[..., Task]:
    """The function that makes the task.

    Raises:
        ConfigError: it does not take a setting, or needs one more.
    """
    module, name = _PROTOCOLS[definition.protocol].split(":")
    build = getattr(importlib.import_module(module), name)
    known = [each for each in inspect.signature(build).parameters.values() if each.kind is each.KEYWORD_ONLY]
    known = [each for each in known if each.name not in _OWN or definition.protocol not in _WHOLE]
    taken = [each.name for each in known]
    needed = [each.name for each in known if each.default is each.empty]
    for key in definition.settings:
        if key not in taken:
            raise ConfigError(
                f"task {definition.name!r}: the protocol {definition.protocol} has no setting {key!r}.{did_you_mean(str(key), taken)} "
                f"It takes: {', '.join(taken) or 'none'}.",
                f"settings.{key}",
            )
    if lacking := [name for name in needed if name not in definition.settings]:
        raise ConfigError(f"task {definition.name!r} needs the setting {', '.join(lacking)}: name it as settings={{...}}.", "settings")
    return build


def _checked(said: dict[str, Any], where: str) -> Definition:
    known = [each.name for each in fields(Definition)]
    for key in said:
        if key not in known:
            raise ConfigError(f"{where}: no task has {key!r}.{did_you_mean(str(key), known)} Known: {', '.join(known)}.", f"tasks.{key}")
    if lacking := [key for key in ("name", "corpus", "protocol") if not said.get(key)]:
        raise ConfigError(f"{where} lacks {', '.join(lacking)}.", "tasks")
    if said.get("side") not in {None, "global"}:
        raise ConfigError(f"{where}: side is {said['side']!r}; leave it out, or give 'global' for rows that are of no place.", "tasks.side")
    for key, names in (("corpus", catalogue()), ("protocol", _PROTOCOLS)):
        if said[key] not in names:
            raise ConfigError(
                f"{where}: no {key} {said[key]!r}.{did_you_mean(str(said[key]), names)} Known: {', '.join(names)}.", f"tasks.{key}"
            )
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
    plain["slices"] = tuple(read_slice(each, where) for each in plain.get("slices") or ())
    _require_mappings(plain, where)
    return Definition(**plain)


def _require_mappings(said: Mapping[str, Any], where: str) -> None:
    for key in ("where", "without", "sample", "options", "settings"):
        if not isinstance(said.get(key, {}), Mapping):
            raise ConfigError(f"{where}: {key} is {said[key]!r}; give a mapping.", f"tasks.{key}")
    if unknown := sorted(map(str, set(said.get("sample", {})) - {"rows", "seed", "buffer"})):
        raise ConfigError(f"{where}: sample has {', '.join(unknown)}; it takes rows, seed and buffer.", "tasks.sample")
