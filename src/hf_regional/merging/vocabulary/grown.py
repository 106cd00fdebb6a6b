"""Grown: the header, the index and the configuration of a checkpoint in, the same for another number of rows out."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from hf_regional.merging.header import Shard, Stored
from hf_regional.merging.vocabulary.rows import RowMap

_ALIGNED: Final = 8  # bytes; the safetensors library begins the data on a multiple of it
# Keys whose numbers are rows: bos_token_id, image_token_index, suppress_tokens, bad_words_ids, forced_decoder_ids, ...
_IDS: Final = re.compile(r"_token_(id|ids|index|indices)$|^(begin_)?suppress_tokens$|^(bad|force)_words_ids$|^forced_decoder_ids$")
_SIZE: Final = "vocab_size"
_ABSENT: Final = object()
Changes = dict[str, tuple[Any, Any]]  # "text_config.vocab_size" -> before, after; None where there was none


def grown_shard(shard: Shard, shapes: Mapping[str, tuple[int, ...]]) -> Shard:
    """The same file with other shapes: names, order, dtypes and metadata stay, every place is reckoned anew.

    Args:
        shard: the original. Each dtype in `shapes` takes whole bytes.
        shapes: the new shape of some of its tensors.
    """
    sized = {name: resized(stored, shapes.get(name, stored.shape)) for name, stored in shard.tensors.items()}
    offsets: dict[str, tuple[int, int]] = {}
    end = 0
    for name, stored in sized.items():
        offsets[name] = (end, end + stored.size)
        end += stored.size
    entries = {
        name: entry if name == "__metadata__" else {"dtype": entry["dtype"], "shape": sized[name].shape, "data_offsets": offsets[name]}
        for name, entry in json.loads(shard.head[8:]).items()
    }
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNED)
    head = len(text).to_bytes(8, "little") + text
    placed = {name: replace(stored, start=len(head) + offsets[name][0]) for name, stored in sized.items()}
    return Shard(shard.file, head, placed, len(head) + end)


def grown_index(index: Mapping[str, Any], before: Iterable[Stored], after: Iterable[Stored]) -> dict[str, Any]:
    """The content of an index file with its totals, where it has any, changed by what tensors gained.

    Args:
        index: the original.
        before: its tensors, or those of them that changed.
        after: the same as they will be.

    >>> from pathlib import Path
    >>> two, three = (Stored(Path("a"), "BF16", (rows, 8), 0, rows * 16) for rows in (2, 3))
    >>> grown_index({"metadata": {"total_size": 100, "total_parameters": 50}, "weight_map": {}}, [two], [three])["metadata"]
    {'total_size': 116, 'total_parameters': 58}
    """
    old, new = list(before), list(after)
    gained = {
        "total_size": sum(one.size for one in new) - sum(one.size for one in old),
        "total_parameters": sum(math.prod(one.shape) for one in new) - sum(math.prod(one.shape) for one in old),
    }
    metadata = index.get("metadata")
    if not isinstance(metadata, dict):
        return dict(index)
    return {**index, "metadata": {key: value + gained.get(key, 0) if key in gained else value for key, value in metadata.items()}}


def grown_config(base: Mapping[str, Any], regional: Mapping[str, Any], rows: RowMap) -> tuple[dict[str, Any], Changes]:
    """The base's configuration with the facts of the output's vocabulary, those nested in it included, and what changed.

    A size is `vocab_size`, or whatever number is the base's count of rows here and the regional model's there. An id is what
    the regional configuration says; where it is silent, the row to which the base's token moved, and nothing where it was dropped.
    The rest is the base's.

    Args:
        base: its config.json or generation_config.json.
        regional: that of the model whose vocabulary the output carries.
        rows: the rows of the output.
    """
    if rows.carrier == 0:
        return dict(base), {}
    changes: Changes = {}
    return _grown(base, regional, rows, "", changes), changes


def _grown(base: Mapping[str, Any], regional: Mapping[str, Any], rows: RowMap, path: str, changes: Changes) -> dict[str, Any]:
    grown: dict[str, Any] = {}
    for key in dict.fromkeys([*base, *regional]):
        ours, theirs = base.get(key, _ABSENT), regional.get(key, _ABSENT)
        if isinstance(theirs if ours is _ABSENT else ours, dict):
            below = _grown(_object(ours), _object(theirs), rows, f"{path}{key}.", changes)
            if below or ours is not _ABSENT:
                grown[key] = below
            continue
        value = _value(key, ours, theirs, rows)
        if value is not _ABSENT:
            grown[key] = value
        if value is not ours and value != ours:
            changes[path + key] = (None if ours is _ABSENT else ours, None if value is _ABSENT else value)
    return grown


def _value(key: str, ours: Any, theirs: Any, rows: RowMap) -> Any:
    was, counts = rows.sides[0].rows, rows.sides[rows.carrier].rows
    is_size = type(ours if theirs is _ABSENT else theirs) is int and ((ours, theirs) == (was, counts) or key == _SIZE)
    if is_size and ours in (was, _ABSENT) and theirs in (counts, _ABSENT):
        return counts
    if not _IDS.search(key):
        return ours
    return _moved(ours, rows) if theirs is _ABSENT else theirs


def _moved(value: Any, rows: RowMap) -> Any:
    if isinstance(value, list):
        return [place for one in value if (place := _moved(one, rows)) is not _ABSENT]
    # Negative ids stand for no token: LLaVA's own code marks pictures by -200.
    if type(value) is not int or not 0 <= value < (rows.sides[0].rows or 0):
        return value
    place = rows.moved(value)
    return _ABSENT if place is None else place


def resized(stored: Stored, shape: tuple[int, ...]) -> Stored:
    """A tensor with another shape, at the same place."""
    if shape == stored.shape:
        return stored  # also what takes less than a byte a number
    return replace(stored, shape=shape, size=math.prod(shape) * stored.width)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
