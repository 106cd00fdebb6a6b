"""Copies, by the front door: what is a copy of a better row goes, and what stands in an evaluation set, each counted by name."""

import io
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from datasets import Dataset, DatasetDict, Features, Value
from datasets import Image as ImageFeature
from PIL import Image
from pyarrow import parquet

from hf_regional.errors import ConfigError
from hf_regional.filtering import Copies, filter_regional
from hf_regional.filtering.duplicates import fingerprint, write_hashes
from hf_regional.regions import Region

SEA = Region("SEA")


def picture(seed: int, quality: int = 95) -> dict[str, Any]:
    """A picture of soft blobs, the same for a seed."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((96, 96), Image.Resampling.BICUBIC).save(file, "jpeg", quality=quality)
    return {"bytes": file.getvalue(), "path": None}


@pytest.fixture
def rows() -> Dataset:
    """Row 1 is row 0 saved again; row 2 is elsewhere; row 3 is a copy of row 2, in the region; row 5 is no picture."""
    pictures = [picture(0), picture(0, 40), picture(1), picture(1, 60), picture(2), {"bytes": b"broken", "path": None}]
    return Dataset.from_dict(
        {"image": pictures, "language": ["th", "th", "fr", "th", "id", "id"], "number": [0, 1, 2, 3, 4, 5]},
        features=Features({"image": ImageFeature(), "language": Value("string"), "number": Value("int64")}),
    )


def numbers(part: Any) -> list[int]:
    return [row["number"] for row in part.to_list()] if isinstance(part, Dataset) else part["number"].to_pylist()


@pytest.mark.parametrize("table", [False, True], ids=["Dataset", "Table"])
def test_of_copies_in_the_region_one_stays(rows: Dataset, table: bool) -> None:
    found = filter_regional(
        rows.with_format("arrow")[:] if table else rows.cast_column("image", ImageFeature(decode=False)), SEA, copies=Copies()
    )
    assert numbers(found.data) == [0, 3, 4]
    assert found.report.by_reason["duplicate:image"] == 1
    assert found.report.by_reason["unreadable:unreadable"] == 1  # that no look at all rows is needed for
    assert found.report.by_verdict == {"kept": 3, "other": 1, "ambiguous": 0, "none": 2}
    assert found.report.as_dict()["settings"]["copies"]["distance"] == 8  # pyright: ignore[reportIndexIssue]


def test_what_stands_in_an_evaluation_set_goes_and_the_set_is_named(rows: Dataset, tmp_path: Path) -> None:
    held_out = pa.table({"image": [picture(2, 30)]})
    rows = rows.cast_column("image", ImageFeature(decode=False))
    found = filter_regional(rows, SEA, copies=Copies(duplicates=False, evaluation_sets={"cvqa": held_out}))
    assert 4 not in numbers(found.data)
    assert found.report.by_reason["contaminated:cvqa"] == 1
    write_hashes(tmp_path / "cvqa.parquet", fingerprint("cvqa", held_out["image"]))
    again = filter_regional(rows, SEA, copies=Copies(duplicates=False, evaluation_sets={"cvqa": tmp_path / "cvqa.parquet"}))
    assert numbers(again.data) == numbers(found.data)


def test_captions_alone_make_copies_where_there_are_no_pictures() -> None:
    texts = ["Morning market by the river in Bangkok"] * 2 + ["Temple at dusk in Bangkok, seen from the river"]
    found = filter_regional(DatasetDict({"train": Dataset.from_dict({"text": texts})}), SEA, copies=Copies())
    assert len(found.data["train"]) == 2
    assert found.report.by_reason["duplicate:text"] == 1


def test_a_stream_never_shows_all_rows_and_the_ways_out_are_named(rows: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="write it to Parquet"):
        filter_regional(rows.to_iterable_dataset(), SEA, copies=Copies())
    with pytest.raises(ConfigError, match="give these files an output="):
        filter_regional(written(rows, tmp_path / "rows"), SEA, copies=Copies())
    with pytest.raises(ConfigError, match="no column 'picture' and no text"):
        filter_regional(rows, SEA, copies=Copies(image="picture"))


def written(source: Any, folder: Path, rows_a_part: int = 2) -> list[Path]:
    """The same rows as Parquet files of a few rows."""
    table = source if isinstance(source, pa.Table) else source.with_format("arrow")[:]
    folder.mkdir()
    for start in range(0, len(table), rows_a_part):
        parquet.write_table(table.slice(start, rows_a_part), folder / f"{start:03}.parquet")
    return sorted(folder.glob("*.parquet"))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("mode", ["keep", "annotate"])
def test_files_lose_the_copies_that_a_table_loses(rows: Dataset, tmp_path: Path, processes: int, mode: Any) -> None:
    options: dict[str, Any] = {
        "copies": Copies(evaluation_sets={"cvqa": pa.table({"image": [picture(2, 30)]})}),
        "mode": mode,
        "samples": 2,
    }
    expected = filter_regional(rows.with_format("arrow")[:], SEA, **options)
    found = filter_regional(written(rows, tmp_path / "rows"), SEA, output=tmp_path / "out", num_proc=processes, **options)
    kept = parquet.read_table(tmp_path / "out" / "kept")
    assert kept.drop_columns("image").to_pylist() == expected.data.drop_columns("image").to_pylist()
    assert found.report.as_dict() == expected.report.as_dict()
    assert found.report.by_reason["contaminated:cvqa"] == 1
    assert found.report.by_reason["duplicate:image"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "rows"]


def test_parts_without_a_copy_are_judged_once_and_others_twice(tmp_path: Path) -> None:
    asked: list[int] = []

    def locate(row: dict[str, Any]) -> str:
        asked.append(row["number"])
        return "THA"

    words = ["Morning market by the river", "A temple at dusk", "Boats on a canal", "Mangoes and sticky rice"]
    table = pa.table({"text": [*words, words[1], "Rain on the fields"], "number": [*range(6)]})
    filter_regional(written(table, tmp_path / "rows"), SEA, output=tmp_path / "out", locate=locate, copies=Copies())
    assert sorted(asked) == [0, 1, 2, 3, 4, 4, 5, 5]
    assert parquet.read_table(tmp_path / "out" / "kept")["number"].to_pylist() == [0, 1, 2, 3, 5]
    asked.clear()
    filter_regional(table.slice(0, 4), SEA, locate=locate, copies=Copies())
    assert asked == [0, 1, 2, 3]
    asked.clear()
    filter_regional(table, SEA, locate=locate, copies=Copies())
    assert asked == [*range(6)] * 2


def test_lists_of_captions_are_compared_as_one_text() -> None:
    long = "Morning market by the river in Bangkok"
    captions = [[long, "Fruit"], [long, "Fruit"], ["Fruit"], None, [], [None, "Boats in Bangkok"], ["Boats in Bangkok"]]
    table = pa.table({"caption": pa.array(captions, pa.list_(pa.string())), "language": ["th"] * 7})
    found = filter_regional(table, SEA, copies=Copies(), mode="annotate")
    assert found.data["region_verdict"].to_pylist() == ["kept", "none", "kept", "kept", "kept", "kept", "none"]
    assert found.report.by_reason["duplicate:text"] == 2


def test_the_column_of_texts_can_be_named_and_one_that_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    table = pa.table({"text": ["Bangkok one", "Bangkok two"], "alt": ["the same words"] * 2, "number": [1, 2]})
    assert filter_regional(table, SEA, copies=Copies(text="alt")).report.by_reason["duplicate:text"] == 1
    for name, said in (("number", "holds int64"), ("atl", "Did you mean 'alt'")):
        with pytest.raises(ConfigError, match=said):
            filter_regional(written(table, tmp_path / name), SEA, output=tmp_path / "out", copies=Copies(text=name))
    assert not (tmp_path / "out").exists()


SCRIPT = """
import sys
from hf_regional.filtering import Copies, filter_regional
filter_regional(sys.argv[1], "SEA", output=sys.argv[2], num_proc=int(sys.argv[3]), copies=Copies())
"""


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_killed_at_any_moment_both_looks_go_on_and_come_to_the_same(tmp_path: Path, processes: int) -> None:
    words = np.array(["market", "temple", "river", "boat", "mango", "rice", "rain", "dusk", "canal", "lamp", "monk", "kite"])
    drawn = np.random.default_rng(0).integers(0, len(words), (30_000, 8))
    texts = [" ".join(row) for row in words[drawn]]
    texts[20_000:20_100] = texts[:100]
    written(pa.table({"text": texts, "language": ["th"] * len(texts)}), tmp_path / "rows", 5_000)
    call = [sys.executable, "-c", SCRIPT, str(tmp_path / "rows")]
    subprocess.run([*call, str(tmp_path / "whole"), "1"], check=True, capture_output=True)
    finished = [0]
    while not (tmp_path / "out").exists():
        with subprocess.Popen([*call, str(tmp_path / "out"), str(processes)], stderr=subprocess.DEVNULL) as process:
            begun = time.monotonic()
            while process.poll() is None and lines(tmp_path) <= finished[-1]:
                assert time.monotonic() - begun < 120
                time.sleep(0.005)
            if process.poll() is None:
                process.kill()
                finished.append(lines(tmp_path))
    assert len(finished) >= 4
    assert finished == sorted(set(finished))  # nothing finished was begun again
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


def lines(folder: Path) -> int:
    return sum(file.read_bytes().count(b'"name"') for file in folder.glob(".out.resume-*/work.journal"))
