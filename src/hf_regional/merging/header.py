"""Header: one safetensors file in, where each of its tensors lies out. Reads the header only and trusts nothing in it.

The format: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}}, then the tensors' bytes without a gap.

What is accepted the safetensors library accepts too. It also takes, and we refuse: a name that stands twice (it keeps the last and
loses the other silently), an entry with a field besides the three (one that we don't know may change what the bytes mean), an entry
that is a list of three, and a header of more than 2 million commas and brackets (gigabytes once it is parsed).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from hf_regional.errors import DamagedFileError
from hf_regional.merging.untrusted import LONGEST, open_regular, parse_object, shown

FLOATS: Final = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16}
EXACT: Final = {"BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64}
# Known to the format, so that files holding them can be read; their averages are not defined here.
OTHERS: Final = {
    "C64": 64,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "F4": 4,
}
_BITS: Final = FLOATS | EXACT | OTHERS
_MOST: Final = 2**64 - 1  # what the format's sizes are counted in
_FIELDS: Final = {"dtype", "shape", "data_offsets"}
_AGAIN: Final = "Download or save it again."


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
    """Read and check the header of a safetensors file; every tensor of the answer lies inside the file.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: it is no file, is truncated, is no safetensors file, or its header contradicts itself or the file's size.
    """
    with open_regular(file) as stream:
        length, text, size = _head(file, stream)
    try:
        entries = parse_object(text, whole=_natural, broken=_natural)
        metadata = entries.pop("__metadata__", None)
        _require_texts(metadata)
    except ValueError as error:
        raise DamagedFileError(f"the header of {file} cannot be read: {error}. {_AGAIN}") from error
    data = len(length) + len(text)
    stored = {name: _stored(file, name, entry, data) for name, entry in entries.items()}
    ordered = dict(sorted(stored.items(), key=lambda item: (item[1].start, item[1].size)))
    _require_no_gaps(file, ordered, data, size)
    return Shard(file, length + text, ordered, size)


def _head(file: Path, stream: BinaryIO) -> tuple[bytes, bytes, int]:
    """The length of the header as it stands there, the header, and the size of the file."""
    size = stream.seek(0, 2)
    stream.seek(0)
    length = stream.read(8)
    if length == b"version ":
        raise DamagedFileError(f"{file} is a pointer of Git LFS, not the weights. Fetch them: `git lfs pull`.")
    count = int.from_bytes(length, "little")
    text = stream.read(count) if count <= min(size - 8, LONGEST) else b""
    # Also where the file was cut after its size was asked for.
    if len(length) < 8 or len(text) < count:
        raise DamagedFileError(f"{file} is no complete safetensors file: {size} bytes hold no header of {count}. {_AGAIN}")
    return length, text, size


def _natural(digits: str) -> int:
    # Python turns no text of more than 4300 digits into a number; 2**64 has 20.
    if digits.isdecimal() and len(digits) <= 20 and (number := int(digits)) <= _MOST:
        return number
    raise ValueError(f"{shown(digits)} is no size")


def _require_texts(metadata: Any) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its __metadata__ is no table of texts")
    "".join(metadata.values()).encode()  # half a surrogate pair is a ValueError


def _stored(file: Path, name: str, entry: Any, data: int) -> Stored:
    if not isinstance(entry, dict) or entry.keys() != _FIELDS:
        _refuse(file, name, entry, "has other fields than dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        _refuse(file, name, entry, "needs a list of sizes as its shape and two as its data_offsets")
    if not isinstance(dtype, str) or dtype not in _BITS:
        known = ", ".join(sorted(_BITS))
        raise DamagedFileError(f"{file}: tensor {shown(name)} is of an unknown dtype, {shown(dtype)}. Save it in one of {known}.")
    begin, end = offsets
    if _bytes(shape, _BITS[dtype]) != end - begin:
        _refuse(file, name, entry, f"spans {end - begin} bytes, which is not what its shape takes")
    return Stored(file, dtype, tuple(shape), data + begin, end - begin)


def _are_sizes(value: Any) -> bool:
    # Not isinstance: JSON's true is an int to Python.
    return isinstance(value, list) and set(map(type, value)) <= {int}


def _bytes(shape: list[int], bits: int) -> int | None:
    """Bytes that a tensor takes; None where they are no whole number, or where 64 bits cannot count its elements or bits."""
    count = 1
    for side in shape:
        count *= side
        if count > _MOST:  # at once: a million such sides would make a number of megabytes
            return None
    bits *= count
    return bits // 8 if bits <= _MOST and bits % 8 == 0 else None


def _refuse(file: Path, name: str, entry: Any, what: str) -> NoReturn:
    raise DamagedFileError(f"{file}: the header's entry for tensor {shown(name)} {what}: {shown(entry)}. {_AGAIN}")


def _require_no_gaps(file: Path, ordered: dict[str, Stored], data: int, size: int) -> None:
    position = data
    for name, stored in ordered.items():
        if stored.start != position:
            what = "overlaps the one before it" if stored.start < position else "leaves a hole before it"
            raise DamagedFileError(f"{file}: tensor {shown(name)} {what}: it begins at byte {stored.start}, not at {position}. {_AGAIN}")
        position += stored.size
    if position != size:
        raise DamagedFileError(f"{file} has {size} bytes where its header announces {position}. {_AGAIN}")
