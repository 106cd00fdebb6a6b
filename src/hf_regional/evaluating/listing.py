"""Listing: the tasks that load by name, each with its corpus, protocol, metric, the families of models that it asks, and its paper."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from hf_regional.corpora import catalogue
from hf_regional.evaluating.catalogue import Definition, read_definition, task_names
from hf_regional.evaluating.subjects import Kind, require_kind
from hf_regional.evaluating.tables import aligned

_FEATURES: Final[Kind] = "embedding"
_WORDS: Final[Kind] = "vision-language"
_PICTURES: Final[Kind] = "text-to-image"


@dataclass(frozen=True, slots=True)
class Protocol:
    """What a protocol measures and whom it asks.

    Attributes:
        metric: that counts where no setting names another; fields in braces are settings, such as {k}, {encoder} and {judge}.
        families: of models.
    """

    metric: str
    families: tuple[Kind, ...]


PROTOCOLS: Final[Mapping[str, Protocol]] = {
    "all_correct": Protocol("all_correct", (_WORDS,)),
    "captions": Protocol("chrF", (_WORDS,)),
    "classification": Protocol("accuracy", (_FEATURES, _WORDS)),
    "drawn_prompts": Protocol("clip_score by {encoder}", (_PICTURES,)),
    "drawn_questions": Protocol("dpg", (_PICTURES,)),
    "drawn_regions": Protocol("precision by {encoder}", (_PICTURES,)),
    "galleries": Protocol("MRR", (_FEATURES,)),
    "judged": Protocol("rating by {judge}", (_WORDS,)),
    "norms": Protocol("accuracy", (_WORDS,)),
    "open_answers": Protocol("contains", (_WORDS,)),
    "options": Protocol("accuracy", (_FEATURES, _WORDS)),
    "retrieval": Protocol("MRR", (_FEATURES,)),
    "several_answers": Protocol("found", (_WORDS,)),
    "statements": Protocol("accuracy", (_WORDS,)),
    "survey": Protocol("value_alignment", (_WORDS,)),
    "universals": Protocol("relevance@{k}", (_FEATURES,)),
}


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """A line of the list."""

    name: str
    title: str
    corpus: str
    protocol: str
    metric: str
    families: tuple[Kind, ...]
    paper: str


def list_tasks() -> tuple[TaskEntry, ...]:
    """All tasks that load by name, sorted; no corpus is read.

    >>> next(entry.families for entry in list_tasks() if entry.name == "mtvqa")
    ('vision-language',)
    """
    return tuple(_entry(read_definition(name)) for name in task_names())


def require_family(model: Any, task: str | Path | Mapping[str, Any]) -> None:
    """Refuse a model that a task cannot ask, before a corpus is fetched for it.

    Args:
        model: a subject, or a loaded encoder.
        task: as `load_task` takes it.

    Raises:
        ConfigError: the model is of another family. And as `read_definition`.
    """
    definition = read_definition(task)
    require_kind(model, _families(definition), definition.name)


def task_table() -> tuple[dict[str, Any], str]:
    """The list as one object for JSON, and as a table for a terminal."""
    entries = list_tasks()
    rows = [["task", "corpus", "protocol", "metric", "asks models that are", "paper"]]
    rows += [[one.name, one.corpus, one.protocol, one.metric, ", ".join(one.families), one.paper] for one in entries]
    return {"tasks": {one.name: asdict(one) for one in entries}}, aligned(rows, left=range(6))


def _entry(definition: Definition) -> TaskEntry:
    protocol = PROTOCOLS[definition.protocol]
    metric = str(definition.settings.get("metric", protocol.metric)).format_map({"k": 5} | dict(definition.settings))
    return TaskEntry(
        definition.name, definition.title, definition.corpus, definition.protocol, metric, _families(definition), definition.paper
    )


def _families(definition: Definition) -> tuple[Kind, ...]:
    """Those of the protocol; without pictures there is nothing to hold features of texts against."""
    families = PROTOCOLS[definition.protocol].families
    return families if catalogue()[definition.corpus].pictures else tuple(one for one in families if one != _FEATURES)
