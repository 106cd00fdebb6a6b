"""Bits: two inputs and the outputs of two tools in, how far each output is from the exact result out. Uses nothing of ours.

    python benchmarks/merge_bits.py BASE REGION --beta 0.4 --output ours=FOLDER --output mergekit=FOLDER

θ_β = β·θ_region + (1-β)·θ_base, for β the decimal that was written (0.4 is 2/5). In bf16 the yardstick is the exact value rounded
once, to nearest, ties to even: float64, and whole numbers where float64 comes too near to a tie to tell. In fp32 it is the float64
value rounded once. `torch.lerp` stands beside. Prints one JSON object: for each tool the values, those off the yardstick, and the
furthest in units in the last place; and how many pairs of bf16 numbers took whole numbers to settle.
"""

import argparse
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

_BLOCK: Final = 1 << 22  # values at a time
_CODES: Final = {"BF16": np.uint16, "F32": np.uint32}
_DROPPED: Final = 45  # binary digits of a float64's fraction that bfloat16 has not
_HALF: Final = 1 << (_DROPPED - 1)
_NEAR: Final = 1 << 12  # of a half, in units of float64: three roundings make 2, cancellation as below 512 times that

Codes = np.ndarray[Any, np.dtype[Any]]
Wide = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tensor lies."""

    file: Path
    dtype: str
    start: int
    count: int

    def codes(self, first: int, count: int) -> Codes:
        """Stored numbers as unsigned integers, (count,)."""
        kind = np.dtype(_CODES[self.dtype])
        return np.fromfile(self.file, kind, count, offset=self.start + first * kind.itemsize)


def locate(folder: Path) -> dict[str, Place]:
    """Every tensor of a folder by its name, in the order of the files."""
    found: dict[str, Place] = {}
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            entries = json.loads(stream.read(length))
        for name, entry in entries.items():
            if name != "__metadata__":
                begin, end = entry["data_offsets"]
                width = np.dtype(_CODES[entry["dtype"]]).itemsize
                found[name] = Place(file, entry["dtype"], 8 + length + begin, (end - begin) // width)
    return found


def numbers(codes: Codes) -> Wide:
    """What the codes mean, exactly."""
    if codes.dtype == np.uint16:
        codes = codes.astype(np.uint32) << np.uint32(16)
    return codes.view(np.float32).astype(np.float64)


def ordered(codes: Codes) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Codes as integers that count in units in the last place, both zeros being 0."""
    sign = np.int64(1) << (codes.dtype.itemsize * 8 - 1)
    signed = codes.astype(np.int64)
    return np.where(signed >= sign, sign - signed, signed)


def nearest_float32(world: Codes, region: Codes, beta: float) -> Codes:
    """The float64 value, rounded once."""
    start = numbers(world)
    return (start + (numbers(region) - start) * beta).astype(np.float32).view(np.uint32)


def nearest_bfloat16(world: Codes, region: Codes, beta: float, known: dict[int, int]) -> Codes:
    """The exact value, rounded once. `known` remembers what whole numbers settled."""
    start, end = numbers(world), numbers(region)
    mixed = start + (end - start) * beta
    bits = mixed.view(np.uint64)
    odd = (bits >> np.uint64(_DROPPED)) & np.uint64(1)
    kept = (bits + (np.uint64(_HALF - 1) + odd)) >> np.uint64(_DROPPED) << np.uint64(_DROPPED)
    # exact: a float32 holds every bfloat16
    codes = (kept.view(np.float64).astype(np.float32).view(np.uint32) >> np.uint32(16)).astype(np.uint16)
    rest = (bits & np.uint64(2 * _HALF - 1)).astype(np.int64)
    doubtful = (np.abs(rest - _HALF) <= _NEAR) | (np.abs(mixed) < np.abs(start) / 512) | (np.abs(mixed) < 2.0**-120)
    for place in np.flatnonzero(doubtful):
        key = int(world[place]) << 16 | int(region[place])
        if key not in known:
            known[key] = settle(float(start[place]), float(end[place]), beta)
        codes[place] = known[key]
    return codes


def settle(start: float, end: float, beta: float) -> int:
    """The code of the bfloat16 nearest to the mix, by whole numbers."""
    exact = Fraction(start) + (Fraction(end) - Fraction(start)) * Fraction(repr(beta))
    size = abs(exact)
    code = int(np.float32(float(size)).view(np.uint32)) >> 16
    # float32 may have rounded up over a bfloat16
    code -= size < _meaning(code)
    middle = (_meaning(code) + _meaning(code + 1)) / 2
    code += size > middle or (size == middle and code % 2 == 1)
    return code | (0x8000 if exact < 0 else 0)


def _meaning(code: int) -> Fraction:
    return Fraction(float(np.uint32(code << 16).view(np.float32)))


def lerp(world: Codes, region: Codes, beta: float) -> Codes:
    """What torch makes of them in the dtype that they are stored in."""
    if world.dtype == np.uint32:
        first, second = (torch.from_numpy(codes.view(np.float32)) for codes in (world, region))
        return torch.lerp(first, second, beta).numpy().view(np.uint32)
    first, second = (torch.from_numpy(codes.view(np.int16)).view(torch.bfloat16) for codes in (world, region))
    return torch.lerp(first, second, beta).view(torch.int16).numpy().view(np.uint16)


def blocks(places: dict[str, dict[str, Place]]) -> Iterator[dict[str, Codes]]:
    """The same stretch of a tensor of every folder, a few million values at a time."""
    for name, place in places["base"].items():
        for first in range(0, place.count, _BLOCK):
            count = min(_BLOCK, place.count - first)
            yield {side: tensors[name].codes(first, count) for side, tensors in places.items()}


def compare(folders: dict[str, Path], beta: float) -> dict[str, dict[str, int]]:
    """Counts a tool; `folders` are those of "base", "region" and the tools."""
    places = {side: locate(folder) for side, folder in folders.items()}
    tools = [side for side in places if side not in ("base", "region")]
    for side in tools:
        if missing := places["base"].keys() ^ places[side].keys():
            raise SystemExit(f"{folders[side]} has other tensors than the base: {sorted(missing)[:5]}")
    is_half = next(iter(places["base"].values())).dtype == "BF16"
    known: dict[int, int] = {}
    exact: Callable[[Codes, Codes], Codes] = (
        (lambda world, region: nearest_bfloat16(world, region, beta, known))
        if is_half
        else (lambda world, region: nearest_float32(world, region, beta))
    )
    found = {tool: {"values": 0, "off": 0, "furthest": 0} for tool in [*tools, "torch.lerp"]}
    for block in blocks(places):
        yardstick = ordered(exact(block["base"], block["region"]))
        block["torch.lerp"] = lerp(block["base"], block["region"], beta)
        for tool, counts in found.items():
            distance = np.abs(ordered(block[tool]) - yardstick)
            counts["values"] += len(distance)
            counts["off"] += int(np.count_nonzero(distance))
            counts["furthest"] = max(counts["furthest"], int(distance.max()))
    return found | ({"settled": {"pairs": len(known)}} if is_half else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=Path)
    parser.add_argument("region", type=Path)
    parser.add_argument("--beta", type=float, required=True)
    parser.add_argument("--output", action="append", required=True, metavar="NAME=FOLDER")
    arguments = parser.parse_args()
    outputs = {name: Path(folder) for name, _, folder in (one.partition("=") for one in arguments.output)}
    print(json.dumps(compare({"base": arguments.base, "region": arguments.region} | outputs, arguments.beta)))


if __name__ == "__main__":
    main()
