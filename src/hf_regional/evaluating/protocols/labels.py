"""Labels: the cells of a column in, one label or a list of them each; all labels, their words, and which are right for each row, out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hf_regional.errors import ConfigError, NoRowsError


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of a task.

    Attributes:
        labels: (l) all of them, sorted, as the corpus writes them.
        names: (l) their words, as a model reads them.
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]

    def right(self, cells: Sequence[Any]) -> list[np.ndarray]:
        """For each cell the places of its labels, sorted; none where it has no label of ours."""
        place = {label: number for number, label in enumerate(self.labels)}
        return [np.array(sorted({place[label] for label in labels_of(cell) if label in place}), np.int64) for cell in cells]


def labels_of(cell: Any) -> tuple[str, ...]:
    """The labels of a cell.

    >>> labels_of("bed"), labels_of(["bed", "sofa"]), labels_of(None)
    (('bed',), ('bed', 'sofa'), ())
    """
    some: Iterable[Any] = cell if isinstance(cell, list | tuple | np.ndarray) else (cell,)
    return tuple(str(label) for label in some if label is not None and label == label and str(label).strip())  # NaN is unlike itself


def find_labels(cells: Sequence[Any], only: Sequence[str], words: Mapping[str, str], task: str) -> Labels:
    """All labels of a column, or some of them.

    Args:
        cells: of every row, asked or not: a quick look must not make the task easier.
        only: the labels that take part; all where it is empty.
        words: label -> what to call it; else it is called as it is written, with blanks for underscores.
        task: for messages.

    Raises:
        NoRowsError: there are fewer than two labels.
        ConfigError: `only` or `words` has one that no row has, or two labels are called the same.
    """
    found = {label for cell in cells for label in labels_of(cell)}
    if unknown := sorted({*only, *words} - found):
        raise ConfigError(
            f"task {task!r}: no row has the label {', '.join(map(repr, unknown))}; there are {_some(sorted(found))}.", "settings"
        )
    labels = tuple(sorted(set(only) or found))
    if len(labels) < 2:
        raise NoRowsError(f"task {task!r}: the labels are {list(labels)}; two or more are needed to tell them apart.")
    names = tuple(str(words.get(label, label.replace("_", " "))) for label in labels)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"task {task!r}: several labels are called {twice[0]!r}; give each its own words by names=.", "settings")
    return Labels(labels, names)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
