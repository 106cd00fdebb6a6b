"""Parquet files: the same answers as in memory, in one process or several, again after a kill, and every fault named."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from datasets import Dataset, IterableDataset
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError, NoRowsError, OutputExistsError
from hf_regional.filtering import filter_regional
from hf_regional.filtering.parquet.writing import Sink
from hf_regional.regions import Region

SEA = Region("SEA")
LANGUAGES = ("id", "en", "th", None, "klingon")


def table_of(rows: int, start: int = 0) -> pa.Table:
    numbers = range(start, start + rows)
    return pa.table({"text": [f"row {number}" for number in numbers], "language": [LANGUAGES[number % 5] for number in numbers]})


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three files of 250 rows in row groups of 100."""
    for number in range(3):
        parquet.write_table(table_of(250, 250 * number), tmp_path / f"{number}.parquet", row_group_size=100)
    return sorted(tmp_path.glob("*.parquet"))


def texts(stream: Iterable[Any]) -> list[str]:
    return [row["text"] for row in stream]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_are_filtered_as_a_table_is(files: list[Path], tmp_path: Path) -> None:
    found = filter_regional(files, SEA, output=tmp_path / "out")
    expected = filter_regional(table_of(750), SEA)
    assert texts(found.data) == expected.data["text"].to_pylist()
    assert found.dropped is not None
    assert expected.dropped is not None
    assert texts(found.dropped) == expected.dropped["text"].to_pylist()
    assert found.report.as_dict() == expected.report.as_dict()
    assert next(iter(found.data))["region_evidence"] == expected.data["region_evidence"][0].as_py()
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["kept"] == 300


def test_two_processes_write_the_same_bytes_as_one(files: list[Path], tmp_path: Path) -> None:
    for processes in (1, 2):
        filter_regional(files, SEA, output=tmp_path / str(processes), num_proc=processes)
    assert bytes_of(tmp_path / "1") == bytes_of(tmp_path / "2")


def test_streams_over_what_was_written_are_opened_when_they_are_asked_for(files: list[Path], tmp_path: Path) -> None:
    program = (
        "import sys; from hf_regional.filtering import filter_regional; "
        f"found = filter_regional({[*map(str, files)]!r}, 'SEA', output={str(tmp_path / 'out')!r}); "
        "assert 'torch' not in sys.modules, 'seconds of torch for a stream that nobody reads'; "
        "print(sum(1 for _ in found.data), sum(1 for _ in found.dropped))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["300", "450"]


def test_what_was_filtered_on_disk_is_a_record_like_any_other(files: list[Path], tmp_path: Path) -> None:
    found = filter_regional(files, SEA, output=tmp_path / "out")
    other = replace(found, path=tmp_path)
    assert other.data is found.data
    assert other.dropped is found.dropped
    assert (other.path, found.path) == (tmp_path, tmp_path / "out")
    with pytest.raises(AttributeError, match="'kept'"):
        _ = cast("Any", found).kept


@given(
    st.lists(st.tuples(st.text(max_size=3), st.none() | st.integers(0, 3), st.lists(st.text(max_size=2), max_size=2)), max_size=20),
    st.integers(1, 7),
)
def test_rows_are_read_as_they_were_written(rows: list[tuple[Any, ...]], size: int) -> None:
    kinds = pa.schema([("text", pa.string()), ("number", pa.int64()), ("list", pa.list_(pa.string()))])
    table = pa.table([[row[place] for row in rows] for place in range(3)], schema=kinds)
    with tempfile.TemporaryDirectory() as folder:
        sink = Sink(Path(folder) / "a.parquet")
        for batch in table.to_batches(size) or [pa.RecordBatch.from_pylist([], kinds)]:
            sink.write(batch)
        sink.close()
        assert parquet.read_table(Path(folder) / "a.parquet").equals(table)


def test_what_repeats_is_written_by_a_dictionary_and_what_does_not_is_not(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "a.parquet")
    sink.write(pa.record_batch({"text": [f"row {row}" for row in range(100)], "language": ["id", "th"] * 50, "list": [["a"]] * 100}))
    sink.close()
    group = parquet.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0)
    assert [group.column(place).has_dictionary_page for place in range(3)] == [False, True, True]


def test_annotating_keeps_all_rows_in_one_folder(files: list[Path], tmp_path: Path) -> None:
    found = filter_regional(str(files[0].parent / "*.parquet"), SEA, output=tmp_path / "out", mode="annotate")
    assert found.dropped is None
    assert len(texts(found.data)) == 750
    assert not (tmp_path / "out" / "dropped").exists()


def test_without_an_output_files_are_a_stream(files: list[Path]) -> None:
    found = filter_regional(files[0].parent, SEA)
    assert isinstance(found.data, IterableDataset)
    assert texts(found.data)[:2] == ["row 0", "row 2"]
    assert found.report.rows == 750


def test_files_filtered_once_can_be_filtered_again(files: list[Path], tmp_path: Path) -> None:
    filter_regional(files, SEA, output=tmp_path / "sea")
    found = filter_regional(tmp_path / "sea" / "kept", Region("THA"), output=tmp_path / "tha")
    assert texts(found.data) == [f"row {number}" for number in range(2, 750, 5)]


def test_a_saved_dataset_is_loaded(tmp_path: Path) -> None:
    Dataset(table_of(10)).save_to_disk(tmp_path / "rows")
    assert texts(filter_regional(tmp_path / "rows", SEA).data) == ["row 0", "row 2", "row 5", "row 7"]


def test_what_cannot_be_read_is_named(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"nothing/\*\.parquet"):
        filter_regional(str(tmp_path / "nothing" / "*.parquet"), SEA)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(files[0].read_bytes()[:-20])
    with pytest.raises(DamagedFileError, match=r"cut\.parquet"):
        filter_regional([files[0], cut], SEA, output=tmp_path / "out")
    other = tmp_path / "other.parquet"
    parquet.write_table(pa.table({"language": ["id"]}), other)
    with pytest.raises(ConfigError, match=r"other\.parquet has other columns .* without text string"):
        filter_regional([files[0], other], SEA, output=tmp_path / "out")
    with pytest.raises(ConfigError, match="output= is for Parquet files"):
        filter_regional(table_of(5), SEA, output=tmp_path / "out")  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("processes", [1, 2])
def test_a_damaged_page_ends_the_work_with_the_name_of_the_file(files: list[Path], tmp_path: Path, processes: int) -> None:
    data = bytearray(files[1].read_bytes())
    data[8:200] = bytes(192)
    files[1].write_bytes(data)
    with pytest.raises(DamagedFileError, match=r"1\.parquet, row groups"):
        filter_regional(files, SEA, output=tmp_path / "out", num_proc=processes)
    assert not (tmp_path / "out").exists()


def test_where_nothing_is_kept_every_row_is_still_there_to_look_at(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(NoRowsError, match="none of 750 rows is kept"):
        filter_regional(files, Region("language:az"), output=tmp_path / "out")
    assert parquet.read_table(tmp_path / "out" / "dropped").num_rows == 750


def test_an_output_that_is_there_is_left_alone(files: list[Path], tmp_path: Path) -> None:
    filter_regional(files, SEA, output=tmp_path / "out")
    with pytest.raises(OutputExistsError):
        filter_regional(files, SEA, output=tmp_path / "out")


SCRIPT = """
import sys
from hf_regional.filtering import filter_regional
filter_regional(sys.argv[1], "SEA", output=sys.argv[2], num_proc=int(sys.argv[3]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_killed_at_any_moment_it_goes_on_and_comes_to_the_same(tmp_path: Path, processes: int) -> None:
    rows = tmp_path / "rows"
    rows.mkdir()
    for number in range(12):
        parquet.write_table(table_of(60_000, 60_000 * number), rows / f"{number:02}.parquet")
    call = [sys.executable, "-c", SCRIPT, str(rows)]
    subprocess.run([*call, str(tmp_path / "whole"), "1"], check=True, capture_output=True)
    kills, finished = 0, []
    while not (tmp_path / "out").exists():
        with subprocess.Popen([*call, str(tmp_path / "out"), str(processes)], stderr=subprocess.DEVNULL) as process:
            begun, journals = time.monotonic(), []
            while process.poll() is None and not (len(journals) and lines(journals[0]) > (finished or [0])[-1]):
                journals = [*tmp_path.glob(".out.resume-*/work.journal")]
                assert time.monotonic() - begun < 120
                time.sleep(0.005)
            if process.poll() is None:
                process.kill()
                kills += 1
                finished.append(lines(journals[0]))
    assert kills >= 3
    assert finished == sorted(set(finished))  # nothing finished was begun again
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


STOPPABLE = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
from hf_regional.cli import main
sys.exit(main(["filter", sys.argv[1], "--region", "SEA", "-o", sys.argv[2], "--num-proc", sys.argv[3]]))
"""


@pytest.mark.parametrize(
    ("processes", "sign", "code", "said"),
    [(1, signal.SIGTERM, 143, ""), (2, signal.SIGINT, 130, "hf-regional filter: stopped. Call it again to go on")],
    ids=["SIGTERM as an exception", "Ctrl-C, which all processes of a terminal get"],
)
def test_stopped_by_hand_it_keeps_what_is_finished_and_goes_on(tmp_path: Path, processes: int, sign: int, code: int, said: str) -> None:
    rows = tmp_path / "rows"
    rows.mkdir()
    for number in range(24):  # seconds of work behind the first part: a busy machine may be late with the signal
        parquet.write_table(table_of(20_000, 20_000 * number), rows / f"{number:02}.parquet")
    call = [sys.executable, "-c", STOPPABLE, str(rows), str(tmp_path / "out"), str(processes)]
    with subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        begun = time.monotonic()
        while not (journals := [*tmp_path.glob(".out.resume-*/work.journal")]) or not lines(journals[0]):
            assert process.poll() is None
            assert time.monotonic() - begun < 120
            time.sleep(0.005)
        os.killpg(process.pid, sign)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert said in errors
    assert "Traceback" not in errors
    finished = lines(journals[0])
    assert 1 <= finished < 24
    before = {path.name: path.stat().st_mtime_ns for path in journals[0].with_name("work").glob("kept/part-*")}
    subprocess.run(call, check=True, capture_output=True)
    filter_regional(rows, SEA, output=tmp_path / "whole")
    written = bytes_of(tmp_path / "out")
    assert written.pop("README.md")  # the command writes a card too
    assert written.pop("regional.json")
    assert written == bytes_of(tmp_path / "whole")
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "kept").iterdir()}
    assert sum(after[name] == time_ns for name, time_ns in before.items()) >= finished  # these were not written again


def lines(journal: Path) -> int:
    return sum(line.startswith(b"{") for line in journal.read_bytes().splitlines()) if journal.exists() else 0
