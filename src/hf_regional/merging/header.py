"""Header: one safetensors file in, where each of its tensors lies out. Reads the header only and trusts nothing in it.

The format: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}}, then the tensors' bytes without a gap.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hf_regional.errors import DamagedFileError

FLOATS: Final = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16}
EXACT: Final = {"BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64}
# Known to the format, so that files holding them can be read; their averages are not defined here.
OTHERS: Final = {"C64": 64, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4}
_BITS: Final = FLOATS | EXACT | OTHERS
_LONGEST: Final = 100_000_000  # bytes of header; the limit of the safetensors library itself


@dataclass(frozen=True, slots=True)
class Stored:
    """One tensor where it lies: `size` bytes from byte `start` of `file`, row-major, little-endian."""

    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int

    @property
    def width(self) -> int:
        """Bytes an element, for dtypes of whole bytes."""
        return _BITS[self.dtype] // 8


@dataclass(frozen=True, slots=True)
class Shard:
    """One safetensors file: its first bytes up to the data, and its tensors in the order of their bytes."""

    file: Path
    head: bytes
    tensors: dict[str, Stored]
    size: int


def read_shard(file: Path) -> Shard:
    """Read and check the header of a safetensors file.

    Raises:
        DamagedFileError: it is truncated or no safetensors file, or its header contradicts itself or the file's size.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = stream.read(8)
        count = int.from_bytes(length, "little")
        if len(length) < 8 or count > min(size - 8, _LONGEST):
            raise DamagedFileError(
                f"{file} is no complete safetensors file: {size} bytes hold no header of {count}. Download or save it again."
            )
        text = stream.read(count)
    entries = _parse(file, text)
    data = 8 + count
    stored = {name: _stored(file, name, entry, data) for name, entry in entries.items() if name != "__metadata__"}
    ordered = dict(sorted(stored.items(), key=lambda item: (item[1].start, item[1].size)))
    _require_no_gaps(file, ordered, data, size)
    return Shard(file, length + text, ordered, size)


def _parse(file: Path, text: bytes) -> dict[str, Any]:
    try:
        entries = json.loads(text.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"the header of {file} cannot be read: {error}. Download or save the file again.") from error
    if not isinstance(entries, dict):
        raise DamagedFileError(f"the header of {file} is no JSON object. Download or save the file again.")
    return entries


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("a name stands in it twice")
    return entries


def _stored(file: Path, name: str, entry: Any, data: int) -> Stored:
    match entry:
        case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [int(begin), int(end)]} if (
            dtype in _BITS
            and all(type(side) is int and side >= 0 for side in shape)
            and end - begin == math.ceil(math.prod(shape) * _BITS[dtype] / 8)
        ):
            return Stored(file, dtype, tuple(shape), data + begin, end - begin)
        case _:
            raise DamagedFileError(
                f"{file}: the header's entry for tensor {name!r} makes no sense: {str(entry)[:200]}. Download or save the file again."
            )


def _require_no_gaps(file: Path, ordered: dict[str, Stored], data: int, size: int) -> None:
    position = data
    for name, stored in ordered.items():
        if stored.start != position:
            raise DamagedFileError(
                f"{file}: tensor {name!r} begins at byte {stored.start}, not at {position}. Download or save the file again."
            )
        position += stored.size
    if position != size:
        raise DamagedFileError(f"{file} has {size} bytes where its header announces {position}. Download or save the file again.")
