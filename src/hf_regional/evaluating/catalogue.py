"""Catalogue: the name of a task in; the task over the rows of one split, parted by a region, out."""

from collections.abc import Callable, Mapping
from typing import Final

from hf_regional.errors import UnknownNameError
from hf_regional.evaluating.task import Task
from hf_regional.nearest import did_you_mean
from hf_regional.regions import Region


def load_task(name: str, *, region: Region, split: str = "validation") -> Task:
    """Build a task by its name.

    Args:
        name: a name of `task_names()`.
        region: whose rows are the regional side; all others that are placed are the world's.
        split: whose rows are asked: β is chosen on "validation" and reported on "test".

    Raises:
        UnknownNameError: no such task; the message names the nearest.
        NoRowsError: the region leaves a side without a row. ConfigError: the corpus has no such split.
    """
    if name not in _TASKS:
        raise UnknownNameError(f"no task {name!r}.{did_you_mean(name, _TASKS)} Known: {', '.join(_TASKS)}.")
    return _TASKS[name](region, split)


def task_names() -> tuple[str, ...]:
    """The names that `load_task` knows."""
    return tuple(_TASKS)


def _emoji_world(region: Region, split: str) -> Task:
    from hf_regional.corpora import load_corpus
    from hf_regional.evaluating.tasks.retrieval import build_retrieval_task

    corpus = load_corpus("emoji-world", region, mode="annotate").data
    return build_retrieval_task(corpus, split, where={"kind": ["name"]}, name="emoji-world")


_TASKS: Final[Mapping[str, Callable[[Region, str], Task]]] = {"emoji-world": _emoji_world}
