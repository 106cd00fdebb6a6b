"""The rows that a report shows: the same ones however the corpus is cut, read once, their evidence marked, their pictures safe."""

import io
import json
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import PIL.Image
import pyarrow as pa
import pytest
from datasets import Dataset, DatasetDict, Features, Image, Value
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from hf_regional.errors import ConfigError
from hf_regional.filtering import filter_regional, make_plan, only
from hf_regional.filtering.kernel import judge
from hf_regional.filtering.parquet import workers
from hf_regional.filtering.report import Samples
from hf_regional.filtering.report.excerpts import Excerpt, excerpt, python_value
from hf_regional.filtering.report.pictures import SIDE, thumbnail
from hf_regional.regions import Region

SEA = Region("SEA")
LANGUAGES = ("id", "en", "lo", "ms", None)
# Nobody opens a picture but who samples it.
UNOPENED: Mapping[str, Any] = {"check_pictures": False, "consent": None}
SETTINGS: Mapping[str, Any] = {"columns": only("language"), "quality": "column:score", "min_quality": 0.5, "samples": 4, **UNOPENED}


def png(colour: int, size: tuple[int, int] = (8, 6)) -> bytes:
    out = io.BytesIO()
    PIL.Image.new("RGB", size, (colour % 256, 0, 0)).save(out, "PNG")
    return out.getvalue()


def table_of(rows: int) -> pa.Table:
    """Every fifth row in Lao, all of these below the threshold; every 50th picture is broken, every 51st is not there."""
    numbers = range(rows)
    cells = [b"broken" if number % 50 == 0 else None if number % 51 == 0 else png(number) for number in numbers]
    return pa.table(
        {
            "text": [f"row {number}" for number in numbers],
            "url": [f"https://e.org/{number}" for number in numbers],
            "language": [LANGUAGES[number % 5] for number in numbers],
            "score": [0.1 if LANGUAGES[number % 5] == "lo" or number % 7 == 0 else 0.9 for number in numbers],
            "image": pa.array(
                [cell and {"bytes": cell, "path": None} for cell in cells], pa.struct([("bytes", pa.binary()), ("path", pa.string())])
            ),
        }
    )


TABLE = table_of(700)


@settings(deadline=None, max_examples=20)
@given(st.integers(11, 700), st.integers(0, 3), st.booleans())
def test_the_same_rows_are_chosen_however_they_are_cut(size: int, seed: int, backwards: bool) -> None:
    plan = make_plan(TABLE.column_names, SEA, **SETTINGS, seed=seed)
    whole, cut = Samples(4, seed), Samples(4, seed)
    judge(TABLE, plan, whole)
    starts = [*range(0, 700, size)]
    for start in reversed(starts) if backwards else starts:
        judge(TABLE.slice(start, size), plan, cut, start)
    assert [*cut] == [*whole]
    assert len(whole) > 0


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 699), min_size=2, max_size=2), st.integers(1, 100))
def test_samples_of_parts_add_up_and_rows_that_come_again_change_nothing(cuts: list[int], again: int) -> None:
    plan = make_plan(TABLE.column_names, SEA, **SETTINGS)
    whole, summed = Samples(4, 0), Samples()
    judge(TABLE, plan, whole)
    bounds = [0, *sorted(cuts), 700]
    for start, end in pairwise(bounds):
        part = Samples(4, 0)
        judge(TABLE.slice(start, end - start), plan, part, start)
        summed.update(Samples.from_json(json.loads(json.dumps(part.as_json()))))
    assert [*summed] == [*whole]
    summed.update(whole)
    assert [*summed] == [*whole]
    start = cuts[0]
    whole.forget(start, again)
    judge(TABLE.slice(start, again), plan, whole, start)
    assert [*whole] == [*summed]


def test_each_reason_and_what_each_step_took_from_each_language_has_its_rows() -> None:
    report = filter_regional(TABLE, SEA, **SETTINGS).report
    by_reason: dict[str, int] = {}
    for sample in report.samples:
        by_reason[sample.reason] = by_reason.get(sample.reason, 0) + 1
    # Below quality: 4 as of every reason, and 2 more of each language and country where they are not among these.
    assert {reason: rows for reason, rows in by_reason.items() if reason != "quality:below"} == {
        "language:id": 4,
        "language:ms": 4,
        "language:en": 4,
        "no-evidence": 4,
    }
    taken = [sample.groups["language"] for sample in report.samples if sample.reason == "quality:below"]
    assert all(taken.count(language) >= 2 for language in ("id", "lo", "ms"))


def test_seeds_choose_other_rows_and_a_seed_the_same_ones() -> None:
    rows = [[sample.row for sample in filter_regional(TABLE, SEA, **SETTINGS, seed=seed).report.samples] for seed in (0, 0, 1)]
    assert rows[0] == rows[1] != rows[2]


def test_rows_come_from_all_over_the_corpus() -> None:
    """50 of 10,000 rows: a fifth of the corpus without one has a chance of 0.8^50, 1 in 70,000."""
    table = pa.table({"language": ["id"] * 10_000})
    rows = [sample.row for sample in filter_regional(table, SEA, samples=50).report.samples]
    assert len(rows) == 50
    assert {row // 2000 for row in rows} == set(range(5))


def features() -> Features:
    return Features(
        {"text": Value("string"), "url": Value("string"), "language": Value("string"), "score": Value("float64"), "image": Image()}
    )


@pytest.mark.parametrize("kind", ["Table", "Dataset", "IterableDataset", "mapped", "files", "streamed files", "two processes"])
def test_every_kind_of_source_shows_the_same_rows_with_texts_and_pictures(kind: str, tmp_path: Path) -> None:
    dataset = Dataset.from_list(TABLE.to_pylist(), features=features())
    undecoded = dataset.cast_column("image", Image(decode=False))  # some of the pictures are broken
    for number in range(4):
        parquet.write_table(TABLE.slice(175 * number, 175), tmp_path / f"{number}.parquet", row_group_size=60)
    more: dict[str, Any] = {**SETTINGS, "pictures": True}
    source: Any = {
        "Table": TABLE,
        "Dataset": dataset.select(range(700)),
        "IterableDataset": undecoded.to_iterable_dataset(num_shards=3),
        "mapped": undecoded.to_iterable_dataset().map(lambda row: row),
    }.get(kind, tmp_path)
    if kind in ("files", "two processes"):
        more |= {"output": tmp_path / "out", "num_proc": 2 if kind == "two processes" else 1}
    expected = filter_regional(TABLE, SEA, **SETTINGS, pictures=True).report.samples
    found = filter_regional(source, SEA, **more)
    if kind in ("IterableDataset", "mapped", "streamed files"):
        assert len([*found.data]) == found.report.kept
        assert len([*found.data]) == found.report.kept  # and once more
    assert found.report.samples == expected
    first = expected[0]
    assert (first.texts, first.url) == ((Excerpt("text", f"row {first.row}"),), f"https://e.org/{first.row}")
    notes = {sample.picture.note for sample in expected if sample.picture}
    assert "" in notes
    assert all(sample.picture for sample in expected)


def test_broken_and_missing_pictures_leave_a_note() -> None:
    broken = table_of(2).select(["language", "image"])
    report = filter_regional(broken, SEA, samples=9, pictures=True, check_pictures=False).report
    assert [sample.picture and sample.picture.note for sample in report.samples] == ["unreadable picture", ""]


def test_splits_are_sampled_one_by_one() -> None:
    dataset = Dataset(TABLE.select(["text", "language", "score"]))
    splits: dict[Any, Dataset] = {"train": dataset, "test": dataset.select(range(100))}
    report = filter_regional(DatasetDict(splits), SEA, **SETTINGS).report
    assert len(report.samples) == len(report.of_split("train").samples) + len(report.of_split("test").samples)
    assert max(sample.row for sample in report.of_split("test").samples) < 100


def test_pictures_are_read_of_sampled_rows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    real = PIL.Image.open
    monkeypatch.setattr(PIL.Image, "open", lambda *args, **more: opened.append(1) or real(*args, **more))
    dataset = Dataset.from_list(TABLE.to_pylist(), features=features())
    filter_regional(dataset, SEA, **SETTINGS)
    assert opened == []
    report = filter_regional(dataset, SEA, **SETTINGS, pictures=True).report
    assert 0 < len(opened) <= len(report.samples)


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(ConfigError, match="samples=-1 is no number of rows"):
        filter_regional(TABLE, SEA, samples=-1)
    with pytest.raises(ConfigError, match=r"pictures=True shows those of sampled rows: .* samples="):
        filter_regional(TABLE, SEA, pictures=True)
    with pytest.raises(ConfigError, match=r"no column holds pictures: looked for image, .* found language"):
        filter_regional(TABLE.select(["language"]), SEA, samples=1, pictures=True)


def evidence(start: int, end: int, column: str = "text") -> dict[str, Any]:
    return {"kind": "text", "value": "", "country": None, "confidence": 1.0, "column": column, "start": start, "end": end}


def test_evidence_is_marked_where_it_stands() -> None:
    found = excerpt("in Laos and Laos", "text", [evidence(12, 16), evidence(3, 7), evidence(3, 5), evidence(0, 2, "other")])
    assert found is not None
    assert found.pieces() == [("in ", False), ("Laos", True), (" and ", False), ("Laos", True)]
    assert Excerpt.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_a_long_text_is_cut_to_where_the_evidence_is() -> None:
    found = excerpt("x" * 5000 + " Laos " + "y" * 5000, "text", [evidence(5001, 5005)])
    assert found is not None
    assert (found.cut_before, found.cut_after, len(found.text)) == (True, True, 300)
    assert [piece for piece, is_evidence in found.pieces() if is_evidence] == ["Laos"]


@given(st.text(max_size=400), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=5), st.integers(1, 50))
def test_pieces_are_the_text_again(text: str, places: list[tuple[int, int]], length: int) -> None:
    found = excerpt(text, "text", [evidence(*place) for place in places], length)
    if found is None:
        assert not text.strip()
        return
    assert "".join(piece for piece, _ in found.pieces()) == found.text
    assert len(found.text) <= length
    assert found.text.encode("utf-8").decode() == found.text


def test_texts_that_turn_lines_around_or_cannot_be_written_are_shown_harmless() -> None:
    found = excerpt("a\u202eb\x00c\ud800d\u200fe", "text", [])
    assert found is not None
    assert found.text == "a\ufffdb\ufffdc\ufffdd\u200fe"


def test_bytes_that_are_no_text_are_mended() -> None:
    column = pa.array([b"caf\xe9 Laos"]).view(pa.string())
    assert python_value(column[0]) == "caf\ufffd Laos"
    nested = pa.array([[{"kind": "text", "value": None}]])
    assert python_value(nested[0]) == [{"kind": "text", "value": None}]


def test_a_thumbnail_is_small_upright_and_says_nothing_of_where_it_was_taken() -> None:
    picture = PIL.Image.new("RGB", (4000, 1000), (200, 30, 30))
    exif = picture.getexif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x8825] = {2: (17.0, 57.0, 0.0)}  # GPS
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    found = thumbnail({"bytes": out.getvalue(), "path": "x.jpg"})
    assert (found.width, found.height, found.note) == (SIDE // 4, SIDE, "")
    assert found.jpeg is not None
    assert b"Exif" not in found.jpeg
    with PIL.Image.open(io.BytesIO(found.jpeg)) as opened:
        assert opened.size == (40, 160)


def test_transparent_pictures_lie_on_white() -> None:
    out = io.BytesIO()
    PIL.Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(out, "PNG")
    found = thumbnail(out.getvalue())
    with PIL.Image.open(io.BytesIO(found.jpeg or b"")) as opened:
        assert opened.getpixel((5, 5)) == (255, 255, 255)


def bomb() -> bytes:
    """A picture of 30,000 x 30,000 pixels in a few hundred kilobytes."""
    out = io.BytesIO()
    PIL.Image.new("1", (30_000, 30_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("cell", "note"),
    [
        (None, "no picture"),
        ({"bytes": None, "path": None}, "no picture"),
        (b"", "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "unreadable picture"),
        (png(3)[:40], "unreadable picture"),
        ({"bytes": None, "path": "hf://datasets/a/b.png"}, "picture is not here, only its path"),
        ({"bytes": None, "path": "/dev/zero"}, "picture is not here, only its path"),
        ({"bytes": None, "path": "a\x00b"}, "picture is not here, only its path"),
        (3, "no picture"),
    ],
)
def test_what_is_no_picture_leaves_a_note(cell: object, note: str) -> None:
    assert thumbnail(cell).note == note


def test_a_bomb_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    held = bomb()
    monkeypatch.setattr(PIL.Image.Image, "convert", lambda *_: pytest.fail("it was decoded"))
    assert "too many pixels" in thumbnail(held).note


def test_pictures_are_read_from_files_and_from_memory(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(9))
    assert thumbnail({"bytes": None, "path": str(tmp_path / "a.png")}).width == 8
    assert thumbnail(PIL.Image.new("L", (5, 5))).width == 5


@given(st.binary(max_size=60), st.integers(0, 60))
def test_any_bytes_are_a_picture_or_a_note(noise: bytes, at: int) -> None:
    whole = png(5)
    for content in (noise, whole[:at] + noise + whole[at + len(noise) :]):
        found = thumbnail(content)
        assert bool(found.jpeg) != bool(found.note)


DIES = """
import os, sys
import PIL.Image
from hf_regional.filtering import filter_regional, only
PIL.Image.open = lambda *_, **__: os._exit(9)  # all parts are judged by then
unopened = dict(check_pictures=False, consent=None)
settings = dict(columns=only("language"), quality="column:score", min_quality=0.5, samples=4, pictures=True, **unopened)
filter_regional(sys.argv[1:-1], "SEA", **settings, output=sys.argv[-1])
"""


def test_work_that_goes_on_after_a_kill_shows_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        parquet.write_table(TABLE.slice(175 * number, 175), tmp_path / f"{number}.parquet", row_group_size=60)
    files = sorted(tmp_path.glob("*.parquet"))
    died = subprocess.run([sys.executable, "-c", DIES, *map(str, files), str(tmp_path / "out")], capture_output=True, check=False)
    assert died.returncode == 9
    filter_regional(files, SEA, **SETTINGS, pictures=True, output=tmp_path / "whole")
    monkeypatch.setattr(workers, "judge_part", lambda *_: pytest.fail("a finished part was judged again"))
    filter_regional(files, SEA, **SETTINGS, pictures=True, output=tmp_path / "out")
    for name in ("report.json", "report.md", "report.html"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
