"""engine="daft": the rows, the bytes and the counts of every other driver, on this machine and on a Ray cluster of two workers.

Daft and Ray come with the extra `cluster`; without them only what is said of their absence is tested.
"""

import json
import pickle
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import IterableDataset, load_dataset
from pyarrow import parquet

from hf_regional.errors import (
    CannotWriteError,
    ConfigError,
    DamagedFileError,
    MissingExtraError,
    MissingFileError,
    NoRowsError,
    OutputExistsError,
)
from hf_regional.filtering import Copies, filter_regional
from hf_regional.filtering.cluster.spreading import PartJudge
from hf_regional.filtering.cluster.trying import limited
from hf_regional.filtering.parquet.parts import Part
from hf_regional.filtering.parquet.storage import names_in, place_of, read_bytes, storage_of, upload
from hf_regional.filtering.report import Counts
from hf_regional.regions import Region
from hf_regional.version import __version__

# Daft leaves the pipe of a worker that has ended to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
SEA = Region("SEA")
HERE = Path(__file__).parent
FILES, ROWS = 6, 500
needs_daft = pytest.mark.skipif(find_spec("daft") is None, reason='Daft is not installed: pip install "hf-regional[cluster]"')
needs_ray = pytest.mark.skipif(
    find_spec("daft") is None or find_spec("ray") is None, reason='Daft and Ray are not installed: pip install "hf-regional[cluster]"'
)

LANGUAGES = ("id", "en", "th", None, "klingon", "az", "ta")
COUNTRIES = (None, "Laos", "France", "Indonesia, Malaysia", "Atlantis")
URLS = ("https://a.co.id/x", "http://b.example", None, "shop.my", "not a url \ud83d")
LETTERS = "aกあé"


def corpus(numbers: range) -> pa.Table:
    """Rows of every type that a driver could change: dictionaries, lists, images, times, decimals, texts that are no UTF-8."""
    return pa.table(
        {
            "number": pa.array(numbers, pa.int64()),
            "text": _texts(numbers),
            "language": pa.array([LANGUAGES[row % 7] for row in numbers]).dictionary_encode(),
            "country": pa.array([COUNTRIES[row % 5] for row in numbers], pa.large_string()),
            "url": pa.array([_as_text(URLS[row // 3 % 5]) for row in numbers], pa.string()),
            "image": pa.array([{"bytes": b"P6 1 1 255\n" + bytes([row % 256] * 3), "path": None} for row in numbers]),  # PPM: one pixel
            "tags": pa.array([[str(row % 3)] * (row % 3) for row in numbers], pa.list_(pa.string())),
            "score": pa.array([None if row % 11 == 0 else row % 10 for row in numbers], pa.decimal128(4, 1)),
            "taken": pa.array(numbers, pa.timestamp("s", "Asia/Jakarta")),
        }
    )


def _as_text(text: str | None) -> str | None:
    return text and text.encode("utf-8", "replace").decode()


def _texts(numbers: range) -> pa.Array:
    # Each 97th is cut within a character, as files made elsewhere have it.
    cells = [f"{LETTERS[row % 4]} row {row}".encode() + (b"\xe0\xb8" if row % 97 == 0 else b"") for row in numbers]
    plain = pa.array(cells, pa.binary())
    return pa.Array.from_buffers(pa.string(), len(plain), plain.buffers())


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "rows"
    folder.mkdir()
    for number in range(FILES):
        parquet.write_table(corpus(range(ROWS * number, ROWS * (number + 1))), folder / f"{number}.parquet", row_group_size=200)
    return folder


def settings() -> dict[str, Any]:
    return {"exclude": {"language": ["az"]}, "quality": "column:score", "min_quality": 2.0}


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def annotated(table: pa.Table) -> list[Any]:
    """What was said of the rows, in their order."""
    names = ["number", "region_countries", "region_verdict", "region_evidence"]
    return table.select(names).sort_by("number").to_pylist()


def table_of(stream: Any) -> pa.Table:
    if isinstance(stream, IterableDataset):
        return pa.concat_tables(stream.with_format("arrow").iter(1000))
    return stream.with_format("arrow")[:]


def drivers(folder: Path, tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """The same rows through a Dataset, a stream and a table."""
    paths = [str(path) for path in sorted(folder.glob("*.parquet"))]
    readable = {"data_files": paths, "split": "train", "cache_dir": str(tmp_path / "cache")}
    yield "Dataset", load_dataset("parquet", **readable)
    yield "IterableDataset", load_dataset("parquet", streaming=True, **readable)
    yield "Table", parquet.read_table(folder)


@needs_daft
@pytest.mark.parametrize("processes", [1, 2])
def test_daft_writes_the_bytes_that_the_default_engine_writes(files: Path, tmp_path: Path, processes: int) -> None:
    expected = filter_regional(files, SEA, output=tmp_path / "expected", **settings())
    found = filter_regional(files, SEA, output=tmp_path / "found", engine="daft", num_proc=processes, **settings())
    assert bytes_of(tmp_path / "found") == bytes_of(tmp_path / "expected")
    assert found.report.as_dict() == expected.report.as_dict()
    assert found.report.rows == FILES * ROWS
    assert 0 < found.report.kept < FILES * ROWS


@needs_daft
def test_daft_says_of_every_row_what_every_other_driver_says(files: Path, tmp_path: Path) -> None:
    found = filter_regional(files, SEA, output=tmp_path / "out", engine="daft", num_proc=2, **settings())
    kept, dropped = (annotated(parquet.read_table(tmp_path / "out" / side)) for side in ("kept", "dropped"))
    assert len(kept) + len(dropped) == FILES * ROWS
    for name, source in drivers(files, tmp_path):
        one = filter_regional(source, SEA, **settings())
        sides = (one.data, one.dropped) if name == "Table" else (table_of(one.data), table_of(one.dropped))
        assert [annotated(side) for side in sides] == [kept, dropped], name
        assert one.report.as_dict() == found.report.as_dict(), name


@needs_daft
def test_a_function_of_the_callers_script_travels_to_the_workers(files: Path, tmp_path: Path) -> None:
    def even_ones(row: dict[str, Any]) -> str | None:
        return "THA" if row["number"] % 2 == 0 else "FRA"

    clean = files / "0.parquet"
    parquet.write_table(corpus(range(1, 97)), clean)
    found = filter_regional(clean, SEA, output=tmp_path / "out", engine="daft", num_proc=2, locate=even_ones)
    assert found.report.by_verdict == {"kept": 48, "other": 48, "ambiguous": 0, "none": 0}


@needs_daft
def test_one_damaged_file_leaves_the_others_to_be_judged_and_is_named(files: Path, tmp_path: Path) -> None:
    data = bytearray((files / "2.parquet").read_bytes())
    data[8:200] = bytes(192)
    (files / "2.parquet").write_bytes(data)
    uri = (tmp_path / "out").as_uri()
    with pytest.raises(DamagedFileError, match=r"2\.parquet, row groups") as caught:
        filter_regional(files, SEA, output=uri, engine="daft", num_proc=2, **settings())
    assert caught.value.__notes__ == ["1 of 6 parts could not be judged."]
    assert len([*(tmp_path / "out" / "kept").glob("*.parquet")]) == 5
    assert not (tmp_path / "out" / "report.json").exists()
    with pytest.raises(DamagedFileError, match=r"2\.parquet") as again:
        filter_regional(files, SEA, output=uri, engine="daft", num_proc=2, **settings())
    assert again.value.__notes__ == ["1 of 1 parts could not be judged."]


@needs_daft
def test_from_uri_to_uri_the_bytes_are_the_same(files: Path, tmp_path: Path) -> None:
    filter_regional(files, SEA, output=tmp_path / "expected", **settings())
    found = filter_regional(
        f"{files.as_uri()}/*.parquet", SEA, output=(tmp_path / "found").as_uri(), engine="daft", num_proc=2, **settings()
    )
    assert bytes_of(tmp_path / "found") == bytes_of(tmp_path / "expected")
    assert found.path == (tmp_path / "found").as_uri()
    assert (
        next(iter(found.data.select_columns(["number"])))["number"] == parquet.read_table(tmp_path / "found" / "kept")["number"][0].as_py()
    )


@needs_daft
def test_where_nothing_is_kept_and_where_an_output_is_there_daft_is_as_the_default_engine(files: Path, tmp_path: Path) -> None:
    with pytest.raises(NoRowsError, match="none of 3,000 rows is kept"):
        filter_regional(files, Region("ISL"), output=tmp_path / "out", engine="daft", num_proc=1)
    with pytest.raises(OutputExistsError):
        filter_regional(files, SEA, output=tmp_path / "out", engine="daft", num_proc=1)


@needs_daft
def test_the_page_on_clusters_begins_with_calls_that_run(files: Path, tmp_path: Path, root: Path) -> None:
    page = (root / "docs" / "cluster.md").read_text(encoding="utf-8")
    first = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    subprocess.run([sys.executable, "-c", first], cwd=tmp_path, check=True, capture_output=True)
    assert bytes_of(tmp_path / "sea-daft") == bytes_of(tmp_path / "sea")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """An S3 of its own with a bucket; gives the URI of a key in it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")
    server = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with (tmp_path / "moto.log").open("w") as log, subprocess.Popen(server, stdout=log, stderr=log) as process:
        begun = time.monotonic()
        while not _answers(port):
            assert process.poll() is None, (tmp_path / "moto.log").read_text(encoding="utf-8")
            assert time.monotonic() - begun < 60
            time.sleep(0.1)
        query = f"?endpoint_override=http://127.0.0.1:{port}&region=us-east-1"
        storage_of(place_of(f"s3://bucket{query}&allow_bucket_creation=true")).create_dir("bucket")
        yield lambda key: f"s3://bucket/{key}{query}"
        process.terminate()


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@needs_daft
@pytest.mark.slow
@pytest.mark.skipif(find_spec("moto") is None, reason="moto, an S3 to test with, is not installed: pip install 'moto[server]'")
def test_from_bucket_to_bucket_the_bytes_are_the_same(files: Path, tmp_path: Path, bucket: Callable[[str], str]) -> None:
    for file in sorted(files.glob("*.parquet")):
        upload(file, place_of(bucket(f"two%20words/{file.name}")))
    found = filter_regional(bucket("two%20words/*.parquet"), SEA, output=bucket("out"), engine="daft", num_proc=2, **settings())
    filter_regional(files, SEA, output=tmp_path / "out", **settings())
    ours, place = bytes_of(tmp_path / "out"), place_of(bucket("out"))
    assert names_in(place) == sorted(ours)
    assert {name: read_bytes(place / name) for name in ours} == ours
    assert found.report.rows == FILES * ROWS
    with pytest.raises(OutputExistsError, match=r"is finished: it holds report\.json"):
        filter_regional(bucket("two%20words"), SEA, output=bucket("out"), engine="daft", num_proc=2)
    with pytest.raises(CannotWriteError, match="nobody-has-this"):
        filter_regional(files, SEA, output=bucket("out").replace("bucket", "nobody-has-this", 1), engine="daft", num_proc=2)
    with pytest.raises(MissingFileError, match=r"nothing/\*\.parquet"):
        filter_regional(bucket("nothing/*.parquet"), SEA, output=bucket("other"), engine="daft", num_proc=2)


RAY = [sys.executable, str(HERE / "ray_cluster.py")]


@needs_ray
@pytest.mark.slow
@pytest.mark.parametrize("event", ["nothing", "a worker is killed", "a machine goes away"])
def test_two_machines_of_a_ray_cluster_write_the_same_bytes_whatever_happens(files: Path, tmp_path: Path, event: str) -> None:
    # 20 parts, so that both machines have some left when it happens.
    for number in range(FILES, 20):
        parquet.write_table(corpus(range(ROWS * number, ROWS * (number + 1))), files / f"{number:02}.parquet")
    run = subprocess.run([*RAY, str(files), str(tmp_path / "found"), event], capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    told = json.loads(run.stdout.splitlines()[-1])
    assert told["machines"] == 2
    expected = filter_regional(files, SEA, output=tmp_path / "expected", locate=lambda row: None)
    theirs, ours = bytes_of(tmp_path / "found"), bytes_of(tmp_path / "expected")
    assert theirs.keys() == ours.keys()
    assert all(theirs[name] == ours[name] for name in ours if name.endswith(".parquet"))  # reports name `locate`
    report = expected.report.as_dict()
    assert {**told["report"], "settings": 0} == {**json.loads(json.dumps(report)), "settings": 0}


@needs_ray
@pytest.mark.slow
def test_a_part_that_kills_every_worker_ends_the_work_with_an_error(files: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [*RAY, str(files), str(tmp_path / "found"), "a row kills"], capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 1
    assert re.search(r"CannotWriteError: .*2\.parquet, row groups 0 to 2: 3 workers ended while they judged it", run.stderr)
    assert "1 of 6 parts could not be judged." in run.stderr


def test_a_worker_of_another_version_says_so_and_judges_nothing() -> None:
    part = Part(0, Path("rows.parquet"), 0, 1, 10, 0)
    (answer,) = PartJudge(pickle.dumps(len), "0.0.0").judge(pa.array([pickle.dumps(part)]))
    with pytest.raises(ConfigError, match=rf"has hf-regional {re.escape(__version__)}, and 0\.0\.0 asks it to judge"):
        raise pickle.loads(answer)


@pytest.mark.parametrize("kind", ["folder", "URI"])
def test_a_part_is_begun_three_times_and_no_more(tmp_path: Path, kind: str) -> None:
    notes: Any = tmp_path / "notes" if kind == "folder" else (tmp_path / "notes").as_uri()
    work, part = limited(_dies, notes), Part(7, Path("rows.parquet"), 2, 5, 10, 0)
    for _ in range(3):
        with pytest.raises(MemoryError):
            work(part)
    with pytest.raises(CannotWriteError, match=r"rows\.parquet, row groups 2 to 4: 3 workers ended"):
        work(part)
    with pytest.raises(MemoryError):  # another part, or another run, begins anew
        work(replace(part, number=8))


def _dies(part: Part) -> Counts:
    raise MemoryError


def test_without_daft_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, files: Path, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "daft", None)  # as if it were not installed
    with pytest.raises(MissingExtraError, match=r'pip install "hf-regional\[cluster\]"'):
        filter_regional(files, SEA, output=tmp_path / "out", engine="daft")
    assert not (tmp_path / "out").exists()


def test_what_an_engine_cannot_do_is_refused_before_anything_is_read(files: Path, tmp_path: Path) -> None:
    def refused(match: str, source: Any = files, **more: Any) -> None:
        with pytest.raises(ConfigError, match=match):
            filter_regional(source, SEA, **more)

    refused("engine='draft' is none. Did you mean 'daft'", engine="draft", output=tmp_path / "out")
    refused("runner='rya' is none. Did you mean 'ray'", engine="daft", runner="rya", output=tmp_path / "out")
    refused('are for engine="daft"', runner="ray", output=tmp_path / "out")
    refused('add runner="ray"', engine="daft", address="10.0.0.1:6379", output=tmp_path / "out")
    refused("from Parquet files to Parquet files", engine="daft")
    refused("from Parquet files to Parquet files", corpus(range(1, 5)), engine="daft")
    refused('only engine="daft" writes to a URI', output="s3://bucket/out")
    refused("each file would be a commit", engine="daft", output="hf://datasets/me/out")


@needs_daft
@pytest.mark.parametrize("place", ["folder", "URI"])
def test_copies_are_found_over_all_parts_that_daft_judges(tmp_path: Path, place: str) -> None:
    rows = tmp_path / "rows"
    rows.mkdir()
    texts = ["Morning market by the river", "A temple at dusk", "Boats on a canal", "A temple at dusk", "Rain on the fields", "Mangoes"]
    for number in range(3):
        table = pa.table({"text": texts[2 * number : 2 * number + 2], "language": ["th", "th"], "number": [2 * number, 2 * number + 1]})
        parquet.write_table(table, rows / f"{number}.parquet")
    filter_regional(rows, SEA, output=tmp_path / "expected", copies=Copies())
    out: Any = (tmp_path / "found").as_uri() if place == "URI" else tmp_path / "found"
    found = filter_regional(rows, SEA, output=out, engine="daft", num_proc=2, copies=Copies())
    assert found.report.by_reason["duplicate:text"] == 1
    assert bytes_of(tmp_path / "found") == bytes_of(tmp_path / "expected")
