"""Valid safetensors files and seeded ways to break them, for the fuzz of headers: bytes, JSON, truncation, noise."""

import json
import math
import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from safetensors.numpy import save

Entry = dict[str, Any]
Header = list[tuple[str, Any]]  # pairs: a name may stand twice
Broken = tuple[str, bytes]  # the way it was broken, and the file

BITS = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16, "U8": 8, "BOOL": 8, "I64": 64, "C64": 64, "F8_E4M3": 8, "F6_E2M3": 6, "F4": 4}
SIZES = [0, 1, 2, 3, 4, 7, 8, 16, 255, 2**31, 2**32 - 1, 2**53 + 1, 2**62, 2**63, 2**64 - 1, 2**64, 2**64 + 4, 10**30, -1, -4, -(2**63)]
ODD = [None, True, False, 0.0, 4.0, 1e300, float("nan"), float("inf"), "", "4", "F32", [], [0], {}, {"a": 1}, [[0], 4], "\ud800", "\x00"]
RAW = [
    "-0",
    "4e0",
    "4.",
    "04",
    "+4",
    "0x4",
    "1" * 5000,
    "[" * 3000,
    "NaN",
    "-Infinity",
    "'4'",
    "4 4",
    "\\u0034",
    "/* */ 4",
    '"\\ud800"',
    "",
]
NAMES = ["", "w", "../x", "/etc/passwd", "a\x00b", "\ud800", "😀", "__metadata__", "w" * 300, "w\n", "layers.0.weight"]


def file_of(text: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    """A file with this header and, where given, another length than it has."""
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def text_of(header: Header) -> bytes:
    """The header as JSON; what `raw` marks stands in it without quotes."""
    text = "{" + ", ".join(f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in header) + "}"
    for place, token in enumerate(RAW):
        text = text.replace(f'"raw {place}"', token)
    return text.encode("utf-8", "surrogatepass")


def entry(dtype: str, shape: list[int], begin: int) -> Entry:
    """An honest entry that begins at this byte of the data."""
    count = math.prod(shape) * BITS[dtype] // 8
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, begin + count]}


def valid_headers() -> list[Header]:
    """Headers that every reader takes: one tensor, many, none, empty ones, scalars, all widths, metadata."""
    shapes: list[list[tuple[str, list[int]]]] = [
        [],
        [("F32", [2])],
        [("F32", []), ("I64", []), ("BOOL", [3])],
        [("F32", [0]), ("F16", [2, 0, 3]), ("U8", [5]), ("F32", [0, 2**64 - 1])],
        [("F4", [2, 3]), ("F6_E2M3", [4]), ("F8_E4M3", [3]), ("C64", [1]), ("F64", [1, 1, 1, 1, 1, 1])],
        [("BF16", [2, 3])] * 9,
    ]
    headers: list[Header] = []
    for tensors in shapes:
        header: Header = [("__metadata__", {"format": "pt", "é": "\\ud83d"})] if len(headers) % 2 else []
        position = 0
        for place, (dtype, shape) in enumerate(tensors):
            header.append((f"{('', '層.', 'a.b.')[place % 3]}{place}", entry(dtype, shape, position)))
            position = header[-1][1]["data_offsets"][1]
        headers.append(header)
    return headers


def data_of(header: Header, chance: random.Random) -> bytes:
    """As many bytes as an honest header announces."""
    return chance.randbytes(max((fields["data_offsets"][1] for name, fields in header if name != "__metadata__"), default=0))


def broken_files(seed: int, count: int) -> Iterator[Broken]:
    """So many files, each broken in one of the ways below; some of them are still valid."""
    chance = random.Random(seed)
    headers = valid_headers()
    written = save({"a": np.ones((2, 3), np.float32), "b.c": np.zeros(5, np.float16)}, metadata={"format": "np"})
    ways: list[Callable[[random.Random, Header], bytes]] = [_entries, _entries, _entries, _names, _layout, _bytes, _lengths, _ends, _noise]
    for place in range(count):
        way = ways[place % len(ways)]
        if way is _bytes and chance.random() < 0.3:
            yield "_bytes", _scratched(chance, written)
        else:
            yield way.__name__, way(chance, [(name, dict(fields)) for name, fields in chance.choice(headers)])


def _entries(chance: random.Random, header: Header) -> bytes:
    """A field of an entry, or of the metadata, becomes something else."""
    data = data_of(header, chance)
    for _ in range(chance.choice([1, 1, 2])):
        if not header:
            break
        _, fields = chance.choice(header)
        match chance.randrange(8):
            case 0:
                fields[chance.choice(["dtype", "shape", "data_offsets", "strides"])] = _anything(chance)
            case 1:
                fields.pop(chance.choice(list(fields)), None) if fields else None
            case 2:
                fields["dtype"] = chance.choice([*BITS, "F33", "f32", ""])
            case 3 | 4 if isinstance(fields.get("data_offsets"), list):
                fields["data_offsets"] = [_near(chance, value) for value in fields["data_offsets"]]
            case 5 if isinstance(fields.get("shape"), list):
                fields["shape"] = [chance.choice([side, side, *SIZES]) for side in fields["shape"]] + chance.choice([[], [1], [0]])
            case 6 if isinstance(fields.get("shape"), list) and fields["shape"]:
                fields["shape"] = fields["shape"][::-1]
            case _:
                fields[chance.choice(list(fields) or ["a"])] = _anything(chance)
    return file_of(text_of(header), data)


def _names(chance: random.Random, header: Header) -> bytes:
    """A name becomes another, stands twice, or holds something that is no entry."""
    data = data_of(header, chance)
    name = chance.choice([*NAMES, *(name for name, _ in header)])
    value = chance.choice([_anything(chance), {}, entry("F32", [0], 0), *(fields for _, fields in header)])
    if header and chance.random() < 0.5:
        header[chance.randrange(len(header))] = (name, value)
    else:
        header.insert(chance.randrange(len(header) + 1), (name, value))
    return file_of(text_of(header), data)


def _layout(chance: random.Random, header: Header) -> bytes:
    """What a reader must not mind: another order, spaces, another name, a tensor more at the end, an odd length of the header."""
    data = data_of(header, chance)
    chance.shuffle(header)
    if chance.random() < 0.5:
        header.append((f"added.{chance.random()}", entry("U8", [chance.randrange(9)], len(data))))
        data += chance.randbytes(header[-1][1]["shape"][0])
    blank = b" " * chance.randrange(9)
    return file_of(blank + text_of(header).replace(b", ", chance.choice([b",", b" ,\n", b",\t"])) + blank, data)


def _bytes(chance: random.Random, header: Header) -> bytes:
    return _scratched(chance, file_of(text_of(header), data_of(header, chance)))


def _scratched(chance: random.Random, file: bytes) -> bytes:
    """A few bytes of the header become others."""
    scratched = bytearray(file)
    until = min(len(file), 8 + struct.unpack("<Q", file[:8])[0])
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        place = chance.randrange(8, until)
        scratched[place] = chance.choice([*b'0123456789{}[]",:-.eE\\ ', 0, 0xFF, scratched[place] ^ (1 << chance.randrange(8))])
    return bytes(scratched)


def _lengths(chance: random.Random, header: Header) -> bytes:
    """The length before the header is another, or a piece of the header is cut out or put in, with or without a new length."""
    text, data = text_of(header), data_of(header, chance)
    if chance.random() < 0.5:
        return file_of(
            text, data, chance.choice([0, 1, 2, 7, len(text) - 1, len(text) + 1, len(text) + len(data), 10**8, 10**8 + 1, 2**63, 2**64 - 1])
        )
    place, width = chance.randrange(len(text)), chance.randrange(1, 9)
    other = text[:place] + chance.choice([b"", text[place : place + width] * 2, chance.randbytes(width)]) + text[place + width :]
    return file_of(other, data, chance.choice([None, len(text)]))


def _ends(chance: random.Random, header: Header) -> bytes:
    """The file is cut somewhere, or goes on after its end."""
    file = file_of(text_of(header), data_of(header, chance))
    return chance.choice([file[: chance.randrange(len(file))], file + chance.randbytes(chance.randrange(1, 9)), file[:-1], file])


def _noise(chance: random.Random, header: Header) -> bytes:
    """No header at all: bytes, or any JSON."""
    if chance.random() < 0.5:
        return chance.randbytes(chance.randrange(64))
    return file_of(json.dumps(_anything(chance)).encode("utf-8", "surrogatepass"), data_of(header, chance))


def _anything(chance: random.Random) -> Any:
    match chance.randrange(4):
        case 0:
            return chance.choice(SIZES)
        case 1:
            return [chance.choice(SIZES) for _ in range(chance.randrange(4))]
        case 2:
            return f"raw {chance.randrange(len(RAW))}"
        case _:
            return chance.choice(ODD)


def _near(chance: random.Random, value: Any) -> Any:
    return chance.choice([value, value + chance.choice([-8, -4, -1, 1, 4, 8]), chance.choice(SIZES)]) if type(value) is int else value
