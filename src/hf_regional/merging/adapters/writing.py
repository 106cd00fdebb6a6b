"""Writing: tensors as names, shapes and pieces of bytes in, a safetensors file and the adapter's other files out."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from hf_regional.durable import copy_file
from hf_regional.errors import NonFiniteError
from hf_regional.merging.adapters.adapter import Adapter
from hf_regional.merging.adapters.config import CONFIG
from hf_regional.merging.codecs import WIDE, Bytes, Wide, is_finite, narrow, widen
from hf_regional.merging.header import Stored
from hf_regional.merging.sources import Files, Source

PIECE: Final = 1 << 18  # elements
# Tokenizer, processor and chat template; not the card, which is about another adapter, and not the state of a training.
_CARRIED: Final = {".json", ".txt", ".model", ".jinja", ".tiktoken"}
_NOT_CARRIED: Final = {CONFIG, "regional.json", "trainer_state.json", "optimizer.json"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor to write: `pieces` gives its bytes in order."""

    dtype: str
    shape: tuple[int, ...]
    pieces: Callable[[], Iterator[Bytes]]


def write_safetensors(file: Path, entries: Mapping[str, Entry]) -> None:
    """Write a safetensors file that PEFT loads: wider numbers first, so that each lies at a multiple of its width."""
    ordered = sorted(entries, key=lambda name: (-width_of(entries[name].dtype), name))
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name in ordered:
        begin, end = end, end + math.prod(entries[name].shape) * width_of(entries[name].dtype)
        header[name] = {"dtype": entries[name].dtype, "shape": entries[name].shape, "data_offsets": (begin, end)}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with file.open("wb") as sink:
        sink.write(len(text).to_bytes(8, "little") + text)
        for name in ordered:
            for piece in entries[name].pieces():
                sink.write(piece.data)


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write an adapter_config.json as PEFT does: keys sorted, two spaces."""
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True, ensure_ascii=False), encoding="utf-8")


def carry_over(adapter: Adapter, folder: Path) -> None:
    """Copy what stands beside the weights and belongs to the model: tokenizer, processor, template."""
    for file in sorted(adapter.folder.iterdir()):
        if file.is_file() and file.suffix in _CARRIED and file.name not in _NOT_CARRIED:
            copy_file(file, folder / file.name)


def numbers_of(source: Source, files: Files, first: int, count: int, wide: type[np.floating[Any]]) -> Wide:
    """So many elements of a source as numbers, (count,) of `wide`."""
    return widen(raw_of(source, files, first, count), source.dtype, wide)


def raw_of(source: Source, files: Files, first: int, count: int) -> Bytes:
    """So many elements of a source as their bytes."""
    for file in source.files:
        files.add(file)
    raw = np.empty(count * width_of(source.dtype), np.uint8)
    source.read(files, first, raw.data)
    return raw


def pieces_of(stored: Stored) -> Iterator[tuple[int, int]]:
    """First element and count of one stretch after the other."""
    total = math.prod(stored.shape)
    for first in range(0, total, PIECE):
        yield first, min(PIECE, total - first)


def rounded(values: Wide, dtype: str, name: str, file: Path) -> Bytes:
    """Numbers as the bytes of `dtype`, rounded once.

    Raises:
        NonFiniteError: one is NaN or infinity, or too large for `dtype`.
    """
    return checked(narrow(values, dtype), dtype, name, file)


def checked(raw: Bytes, dtype: str, name: str, file: Path) -> Bytes:
    """The bytes themselves, if they hold numbers.

    Raises:
        NonFiniteError: one is NaN or infinity.
    """
    if dtype in WIDE and not is_finite(raw, dtype):
        raise NonFiniteError(f"{file}: tensor {name!r} holds NaN or infinity, or would in {dtype}. Take an earlier adapter.", name)
    return raw


def width_of(dtype: str) -> int:
    """Bytes an element.

    >>> width_of("BF16")
    2
    """
    return Stored(Path(), dtype, (), 0, 0).width


def widest(*dtypes: str) -> type[np.floating[Any]]:
    """The type to reckon in where all of these meet."""
    return np.float64 if any(WIDE[dtype] is np.float64 for dtype in dtypes) else np.float32
