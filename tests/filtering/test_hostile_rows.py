"""Rows that break programs, by the front door: each is counted and set aside under its own name, and no other row notices."""

import io
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyarrow import parquet

from hf_regional.filtering import Copies, filter_regional
from hf_regional.filtering.pictures import look_at
from hf_regional.regions import Region

SEA = Region("SEA")
FAULTS = {"empty": 1, "unreadable": 1, "bomb": 1, "cut-short": 1}
LONG = "nothing of note " * 655_360 + "Bangkok"  # 10 MB


def png(side: int, seed: int = 0) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((side, side), 40 + seed).save(file, "png")
    return file.getvalue()


def bomb() -> bytes:
    """A PNG of a few hundred bytes that says it is 60,000 pixels a side."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


IMAGES: list[Any] = [png(64), b"", b"no picture", bomb(), png(64, 9)[:60], None, png(16, 5), png(64, 7)]
ROWS = pa.table(
    {
        "text": ["Temple in Bangkok"] * 6 + ["Market in Hanoi", LONG],
        "image": pa.array([{"bytes": image, "path": None} for image in IMAGES], pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        "number": list(range(8)),
    }
)


def half_pairs(rows: pa.Table) -> pa.Table:
    """The same rows, and one whose caption is half of a surrogate pair, as files made elsewhere hold it."""
    bad = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(struct.pack("<ii", 0, 3)), pa.py_buffer(b"\xed\xa0\x80")])
    more = pa.table({"text": bad, "image": pa.array([None], rows.schema.field("image").type), "number": [8]})
    return pa.concat_tables([rows, more])


@pytest.mark.parametrize("written", [False, True], ids=["Table", "Parquet"])
@pytest.mark.parametrize("checked", [False, True])
def test_every_row_is_there_once_and_the_reason_is_named(written: bool, checked: bool, tmp_path: Path) -> None:
    rows = half_pairs(ROWS)
    options: dict[str, Any] = {"quality": "resolution", "min_quality": 32, "check_pictures": checked}
    if written:
        parquet.write_table(rows, tmp_path / "rows.parquet", row_group_size=3)
        found = filter_regional(tmp_path / "rows.parquet", SEA, output=tmp_path / "out", **options)
        kept = [row["number"] for row in found.data]
    else:
        found = filter_regional(rows, SEA, **options)
        kept = found.data["number"].to_pylist()
    assert kept == ([0, 7] if checked else [0, 4, 7])  # row 4 is cut short behind its header, which is all that this rule reads
    reasons = found.report.by_reason
    assert reasons["unreadable:text"] == 1
    assert reasons["quality:below"] == 1
    assert reasons["quality:missing"] == 1
    if checked:
        assert {reason: reasons[f"unreadable:{reason}"] for reason in FAULTS} == FAULTS
        assert "quality:failed" not in reasons
    else:
        assert reasons["quality:failed"] == 3  # no bytes, no picture, a bomb
    assert sum(reasons.values()) == found.report.rows == 9


def test_broken_pictures_are_set_aside_though_no_rule_opens_any() -> None:
    found = filter_regional(ROWS, SEA)
    assert found.data["number"].to_pylist() == [0, 5, 6, 7]  # row 5 has no picture, which is not a broken one
    assert {reason: found.report.by_reason[f"unreadable:{reason}"] for reason in FAULTS} == FAULTS
    assert found.report.steps["unreadable"] == (8, 4)
    assert filter_regional(ROWS, SEA, check_pictures=False).data["number"].to_pylist() == [*range(8)]


def test_pictures_that_cannot_be_hashed_are_set_aside_by_what_is_wrong() -> None:
    found = filter_regional(ROWS, SEA, copies=Copies(), check_pictures=False)
    assert found.report.by_reason["unreadable:bomb"] == 1
    assert found.report.by_reason["unreadable:unreadable"] == 2
    assert found.report.by_reason["unreadable:empty"] == 1
    assert {0, 5, 6, 7} <= {*found.data["number"].to_pylist()}  # a row without a picture is no copy of another


@cache
def encoded(form: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)).save(file, form)
    return file.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@given(data=st.data())
def test_what_is_called_cut_short_is_what_pillow_cannot_decode(form: str, data: st.DataObject) -> None:
    whole = encoded(form)
    # From the middle on: before it the header itself is cut. Pillow does without a PNG's last 20 bytes, its end marker and two sums.
    length = data.draw(st.integers(len(whole) // 2, len(whole) - (21 if form == "PNG" else 1)))
    with pytest.raises((OSError, SyntaxError)), Image.open(io.BytesIO(whole[:length])) as image:
        image.load()
    looked = look_at(pa.array([whole, whole[:length], whole + b"\0\0trailing \xff\xd9"]), "image")
    assert looked.fault == (None, "unreadable" if form == "WEBP" else "cut-short", None)  # a cut WebP cannot even be opened


@pytest.mark.parametrize(
    "column",
    [
        pa.nulls(3),
        pa.array([None, "", "  "]),
        pa.array([[], None, [None]], pa.list_(pa.string())),
        pa.array(["\x00", "\u202e\u200b", "\U0010ffff"]),
    ],
    ids=["nulls", "empty", "lists", "controls"],
)
def test_cells_with_nothing_in_them_are_no_evidence(column: pa.Array) -> None:
    found = filter_regional(pa.table({"text": column, "url": [None, "http://", "::::"]}), SEA, mode="annotate")
    assert found.data["region_verdict"].to_pylist() == ["none"] * 3
