"""SEACrowd's schemas: rows of `pairs` in, `imtext` out; rows of `vqa` in, `imqa` out.

Names and types are those of its data hub, whose loading scripts no longer run since `datasets` 4, with these differences: labels are
texts where theirs are numbers of classes, `meta` holds the same in every corpus, and behind their columns stand ours, so that a row
still says where it is from and under which licence. `image_paths` names files on this disk.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from datasets import Features, List, Value

from hf_regional import records
from hf_regional.network import Shelf
from hf_regional.network.picture_kinds import HEAD, picture_kind

CONTEXT: Final = "context"  # what a corpus may give besides: a text that goes with the caption or the question,
LABELS: Final = "labels"  # the classes of a picture,
DOCUMENT: Final = "document_id"  # and the picture's own id

Keyed = tuple[str, dict[str, Any]]

_TEXT: Final = Value("string")
_OURS: Final = (records.LANGUAGE, records.COUNTRY, records.TOPIC, records.SOURCE, records.LICENSE)
_BEHIND: Final = dict.fromkeys(_OURS, _TEXT)
FEATURES: Final = {
    "imtext": Features(
        {"id": _TEXT, "image_paths": List(_TEXT), "texts": _TEXT, "metadata": {CONTEXT: _TEXT, LABELS: List(_TEXT)}, **_BEHIND}
    ),
    "imqa": Features(
        {
            **dict.fromkeys(("id", "question_id", DOCUMENT), _TEXT),
            "questions": List(_TEXT),
            "type": _TEXT,
            "choices": List(_TEXT),
            CONTEXT: _TEXT,
            **dict.fromkeys(("answer", "image_paths"), List(_TEXT)),
            "meta": {LABELS: List(_TEXT)},
            **_BEHIND,
        }
    ),
}


def seen(rows: Iterator[Keyed], view: str, shelf: Shelf) -> Iterator[Keyed]:
    """Show rows whose pictures were found under a schema of SEACrowd's.

    Args:
        rows: of `pairs` for "imtext", of `vqa` for "imqa", with their keys.
        view: the schema.
        shelf: where a picture goes that so far has no file of its own.
    """
    shape = _SHAPES[view]
    for key, row in rows:
        yield key, {**shape(row, _path(row[records.IMAGE], shelf)), **{name: row[name] for name in _OURS}}


def _imtext(row: Mapping[str, Any], path: str) -> dict[str, Any]:
    return {
        "id": row[records.ID],
        "image_paths": [path],
        "texts": row[records.TEXT],
        "metadata": {CONTEXT: row.get(CONTEXT), LABELS: _labels(row)},
    }


def _imqa(row: Mapping[str, Any], path: str) -> dict[str, Any]:
    options = row[records.OPTIONS]
    return {
        "id": row[records.ID],
        "question_id": row[records.ID],
        DOCUMENT: row.get(DOCUMENT) or row[records.ID],
        "questions": [row[records.QUESTION]],
        "type": "multiple_choice" if options else "open",
        "choices": options,
        CONTEXT: row.get(CONTEXT),
        "answer": row[records.ANSWERS],
        "image_paths": [path],
        "meta": {LABELS: _labels(row)},
    }


def _labels(row: Mapping[str, Any]) -> list[str]:
    return row.get(LABELS) or ([row[records.TOPIC]] if row[records.TOPIC] else [])


def _path(cell: Any, shelf: Shelf) -> str:
    match cell:
        case {"bytes": bytes(data)} | bytes(data):
            return str(shelf.put(data, picture_kind(data[:HEAD]) or "img")[0])
        case {"path": path}:
            return str(path)
        case _:
            return str(cell)


_SHAPES: Final[Mapping[str, Callable[[Mapping[str, Any], str], dict[str, Any]]]] = {"imtext": _imtext, "imqa": _imqa}
