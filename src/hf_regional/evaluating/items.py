"""Items: what a task asks, row by row, in; a name for each that is the same for every model, and what a person must see of it, out.

A name is a digest of what was asked: text, options, pictures and the right answer. Two evaluations whose names agree asked the same.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, overload

from hf_regional.encoding import ImageSource, image_key
from hf_regional.evaluating.task import Task

_DIGITS: Final = 16  # of a digest: among a million items two are alike once in 10^8 corpora


@dataclass(frozen=True, slots=True)
class Items:
    """What a task's rows ask.

    Attributes:
        texts: (n) what is asked; "" where it is the same of every row.
        right: (n) what would be right, in words; "" where there is no one right answer.
        pictures: (n) what is shown with each, none or several.
        more: (n) what else makes a question another one, such as its options; JSON-able.
        keys: (n) what the pictures are known by, where a task knows it without reading each; see `picture_key`.
    """

    texts: Sequence[str]
    right: Sequence[str]
    pictures: Sequence[tuple[Any, ...]]
    more: Sequence[Any] = ()
    keys: Sequence[Sequence[str]] = ()


class Shown(Sequence[tuple[Any, ...]]):
    """The pictures of each row, read when they are asked for: a corpus of pictures does not fit into memory."""

    def __init__(self, size: int, read: Callable[[int], tuple[Any, ...]]) -> None:
        self._size, self._read = size, read

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int) -> tuple[Any, ...]: ...
    @overload
    def __getitem__(self, place: slice) -> list[tuple[Any, ...]]: ...
    def __getitem__(self, place: int | slice) -> tuple[Any, ...] | list[tuple[Any, ...]]:
        rows = range(self._size)[place]
        return self._read(rows) if isinstance(rows, int) else [self._read(row) for row in rows]


def items_of(task: Task) -> Items:
    """The items of a task: what its method `as_items` says, where it has one, or what stands under the names that protocols use."""
    told: Callable[[], Items] | None = getattr(task, "as_items", None)
    if told is not None:
        return told()
    inner: Any = getattr(task, "asked", None)
    if inner is not None:  # a protocol around another's questions
        of: Any = getattr(task, "of", None)
        return items_of(inner) if of is None else _grouped(items_of(inner), of)
    rows = range(len(task.rows.groups))
    text, right, pictures, more = (_reader(task, known) for known in (_TEXTS, _RIGHT, _PICTURES, _MORE))
    return Items(
        [str(text(row) or "") for row in rows],
        [str(right(row) or "") for row in rows],
        Shown(len(rows), lambda row: tuple(pictures(row) or ())),
        [more(row) for row in rows],
    )


def _grouped(items: Items, of: Sequence[int]) -> Items:
    """Several rows as one item, (m,) the item of each."""
    rows: list[list[int]] = [[] for _ in range(max(of) + 1)]
    for row, item in enumerate(of):
        rows[item].append(row)
    texts, right = ([_joined([told[row] for row in some]) for some in rows] for told in (items.texts, items.right))
    more = [[items.more[row] for row in some] for some in rows]
    return Items(texts, right, Shown(len(rows), lambda item: items.pictures[rows[item][0]]), more)


def item_names(items: Items, groups: Sequence[str]) -> list[str]:
    """(n) a digest of each item in its group; one that is asked twice there has "-2" after its second name."""
    seen: Counter[str] = Counter()
    names: list[str] = []
    for row, (text, right, group) in enumerate(zip(items.texts, items.right, groups, strict=True)):
        pictures = [*items.keys[row]] if items.keys else [picture_key(cell) for cell in items.pictures[row]]
        asked = [text, right, items.more[row] if items.more else None, pictures, str(group)]
        name = hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest()[:_DIGITS]
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names


def picture_key(cell: ImageSource | str | Path) -> str:
    """What makes two pictures the same: their bytes, also where those lie in a file, whose path differs between machines."""
    if isinstance(cell, str | Path):
        return picture_key({"bytes": None, "path": str(cell)})
    path = cell.get("path") if isinstance(cell, Mapping) and not cell.get("bytes") else None
    is_file = path is not None and Path(str(path)).is_file()
    return hashlib.sha256(Path(str(path)).read_bytes()).hexdigest() if is_file else image_key(cell)


Reader = Callable[[Any, int], Any]


def _joined(values: Any) -> str:
    return values if isinstance(values, str) else " / ".join(map(str, values))


def _shown(cell: Any) -> tuple[Any, ...]:
    return () if cell is None else tuple(cell) if isinstance(cell, list | tuple) else (cell,)


def _relevant(task: Any, row: int) -> str:
    right, start = task.right, int(task.right.starts[row])
    return " / ".join(task.names[place] for place in right.items[start : int(right.starts[row + 1])])


# The names that a task's attributes must have -> how a row is read from them; the first that fits counts.
_TEXTS: Final[Sequence[tuple[tuple[str, ...], Reader]]] = (
    (("questions",), lambda task, row: task.questions[row]),
    (("prompts",), lambda task, row: task.prompts[row]),
    (("texts",), lambda task, row: task.texts[row]),
    (("concepts",), lambda task, row: task.concepts[row]),
)
_RIGHT: Final[Sequence[tuple[tuple[str, ...], Reader]]] = (
    (("options", "answers"), lambda task, row: task.options[row][int(task.answers[row])]),
    (("candidates", "gold"), lambda task, row: _joined([task.candidates[row][place] for place in sorted(task.gold[row])])),
    (("names", "right"), _relevant),
    (("truths",), lambda task, row: "true" if task.truths[row] else "false"),
    (("answers",), lambda task, row: _joined(task.answers[row])),
    (("references",), lambda task, row: _joined(task.references[row])),
)
_PICTURES: Final[Sequence[tuple[tuple[str, ...], Reader]]] = (
    (("truths", "pictures"), lambda task, row: tuple(side[row] for side in task.pictures)),  # a column of pictures a side
    (("pictures",), lambda task, row: _shown(task.pictures[row])),
    (("gallery", "relevant"), lambda task, row: _shown(task.gallery[int(task.relevant[row][0])])),
)

_MORE: Final[Sequence[tuple[tuple[str, ...], Reader]]] = (
    (("options",), lambda task, row: [*map(str, task.options[row])]),
    (("candidates",), lambda task, row: [*map(str, task.candidates[row])]),
)


def _reader(task: Any, known: Sequence[tuple[tuple[str, ...], Reader]]) -> Callable[[int], Any]:
    read = next((read for names, read in known if all(hasattr(task, name) for name in names)), None)
    return (lambda row: None) if read is None else lambda row: read(task, row)
