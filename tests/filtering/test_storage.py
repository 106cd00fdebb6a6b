"""URIs: files found, read and written as paths are; an output that is not finished is taken up, and one of somebody else's left alone."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from datasets import IterableDataset
from datasets_hub import datasets_hub
from pyarrow import parquet

from hf_regional.errors import CannotWriteError, ConfigError, DamagedFileError, MissingFileError, OutputExistsError
from hf_regional.filtering import filter_regional
from hf_regional.filtering.cluster import filter_into_storage
from hf_regional.filtering.parquet.parts import Part, find_files
from hf_regional.filtering.parquet.storage import File, is_uri, place_of
from hf_regional.filtering.plan import make_plan
from hf_regional.filtering.report import Counts
from hf_regional.regions import Region

SEA = Region("SEA")
LANGUAGES = ("id", "en", "th", None, "klingon")
Work = Callable[[Part], Counts]


def in_turn(work: Work, parts: Sequence[Part], beside: File) -> Iterator[tuple[Part, Counts]]:
    return ((part, work(part)) for part in parts)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Two words and a folder within: three files of 100 rows, 40 of each kept, beside a file of something else."""
    folder = tmp_path / "two words"
    (folder / "more").mkdir(parents=True)
    for number, name in enumerate(("0.parquet", "1.parquet", "more/2.parquet")):
        numbers = range(100 * number, 100 * number + 100)
        table = pa.table({"text": [f"row {row}" for row in numbers], "language": [LANGUAGES[row % 5] for row in numbers]})
        parquet.write_table(table, folder / name)
    (folder / "notes.txt").write_text("no rows")
    return folder


def uri(path: Path) -> str:
    return path.absolute().as_uri()


def names(files: Sequence[object]) -> list[str]:
    return [str(file).rpartition("two%20words/")[2] for file in files]


def plan():
    return make_plan(["text", "language"], SEA)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_uri_names_a_file_a_folder_or_what_a_pattern_fits(rows: Path) -> None:
    root = uri(rows)
    assert "%20" in root
    assert names(find_files(root)) == ["0.parquet", "1.parquet", "more/2.parquet"]
    assert names(find_files(f"{root}/1.parquet")) == ["1.parquet"]
    assert names(find_files(f"{root}/*.parquet")) == ["0.parquet", "1.parquet"]
    assert names(find_files(f"{root}/*/*.parquet")) == ["more/2.parquet"]
    assert names(find_files(f"{root}/**/*.parquet")) == ["0.parquet", "1.parquet", "more/2.parquet"]
    assert names(find_files([f"{root}/1.parquet", root])) == ["1.parquet", "0.parquet", "more/2.parquet"]
    with pytest.raises(MissingFileError, match=r"nothing/\*\.parquet"):
        find_files(f"{root}/nothing/*.parquet")


def test_a_uri_taken_apart_comes_together_again() -> None:
    for text in (
        "s3://bucket/a/b.parquet?region=eu-west-1&endpoint_override=http://10.0.0.7:9000",
        "gs://bucket/two%20words/%25.parquet",
        "hf://datasets/owner/name@refs%2Fconvert%2Fparquet/**/*.parquet",
        "file:///home/me/a.parquet",
    ):
        assert is_uri(text)
        assert place_of(text).uri == text


def test_a_storage_that_nobody_knows_is_named() -> None:
    with pytest.raises(ConfigError, match=r"gopher://host.* Known: s3://"):
        find_files("gopher://host/rows.parquet")


def test_files_at_uris_are_filtered_as_files_at_paths_are(rows: Path, tmp_path: Path) -> None:
    filter_regional(rows, SEA, output=tmp_path / "of-paths")
    found = filter_regional(uri(rows), SEA, output=tmp_path / "of-uris")
    assert bytes_of(tmp_path / "of-paths") == bytes_of(tmp_path / "of-uris")
    assert found.report.kept == 120
    stream = filter_regional(uri(rows), SEA)
    assert isinstance(stream.data, IterableDataset)
    assert [row["text"] for row in stream.data][:3] == ["row 0", "row 2", "row 5"]


OF_THE_HUB = """
import sys
from hf_regional.filtering import filter_regional
for source in sys.argv[1:]:
    try:
        print(filter_regional(source, "SEA", output=f"out{len(source)}").report.kept)
    except FileNotFoundError as error:
        print(error)
"""


def test_files_of_a_dataset_on_the_hub_are_read_where_they_are(rows: Path, tmp_path: Path) -> None:
    sources = ["hf://datasets/me/rows/*.parquet", "hf://datasets/me/rows/more", "hf://datasets/me/other/*.parquet"]
    with datasets_hub(rows) as address:
        environment = os.environ | {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0"}
        call = [sys.executable, "-c", OF_THE_HUB, *sources]
        run = subprocess.run(call, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    first, second, third = run.stdout.splitlines()
    assert (first, second) == ("80", "40")
    assert third.startswith("hf://datasets/me/other/*.parquet")


def test_a_storage_gets_the_files_that_a_folder_gets_and_no_others(rows: Path, tmp_path: Path) -> None:
    filter_regional(rows, SEA, output=tmp_path / "folder", consent=None)
    report = filter_into_storage(find_files(rows), plan(), uri(tmp_path / "storage"), mode="keep", spread=in_turn)
    assert bytes_of(tmp_path / "folder") == bytes_of(tmp_path / "storage")
    assert (report.rows, report.kept) == (300, 120)


def test_what_failed_in_the_middle_is_taken_up_where_it_was(rows: Path, tmp_path: Path) -> None:
    output, tried = tmp_path / "out", []

    def until_the_second(work: Work, parts: Sequence[Part], beside: File) -> Iterator[tuple[Part, Counts]]:
        tried.append([part.number for part in parts])
        yield parts[0], work(parts[0])
        raise CannotWriteError("the machine went away")

    def write(spread):
        return filter_into_storage(find_files(rows), plan(), uri(output), mode="keep", spread=spread)

    with pytest.raises(CannotWriteError, match="went away"):
        write(until_the_second)
    assert not (output / "report.json").exists()
    with pytest.raises(CannotWriteError, match="went away"):
        write(until_the_second)
    report = write(in_turn)
    assert tried == [[0, 1, 2], [1, 2]]
    filter_regional(rows, SEA, output=tmp_path / "folder", consent=None)
    assert bytes_of(output) == bytes_of(tmp_path / "folder")
    assert json.loads((output / "report.json").read_text(encoding="utf-8")) == report.as_dict()
    assert (report.rows, report.kept, report.unknown) == (300, 120, {"language": {"klingon": 60}})


def test_a_part_that_is_done_twice_is_there_and_counted_once(rows: Path, tmp_path: Path) -> None:
    def twice(work: Work, parts: Sequence[Part], beside: File) -> Iterator[tuple[Part, Counts]]:
        for part in parts:
            work(part)
            yield part, work(part)

    report = filter_into_storage(find_files(rows), plan(), uri(tmp_path / "out"), mode="keep", spread=twice)
    assert report.rows == 300
    assert len(parquet.read_table(tmp_path / "out" / "kept")) == 120
    assert len(parquet.read_table(tmp_path / "out" / "dropped")) == 180


def test_an_output_of_something_else_is_left_alone(rows: Path, tmp_path: Path) -> None:
    def write(folder: str, *, files=None) -> None:
        filter_into_storage(files or find_files(rows), plan(), uri(tmp_path / folder), mode="keep", spread=in_turn)

    def dies(work: Work, parts: Sequence[Part], beside: File) -> Iterator[tuple[Part, Counts]]:
        yield parts[0], work(parts[0])
        raise CannotWriteError("the machine went away")

    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputExistsError, match=r"holds thesis\.txt"):
        write("theirs")
    write("done")
    with pytest.raises(OutputExistsError, match="is finished"):
        write("done")
    with pytest.raises(CannotWriteError):
        filter_into_storage(find_files(rows), plan(), uri(tmp_path / "begun"), mode="keep", spread=dies)
    with pytest.raises(OutputExistsError, match="of other files or settings"):
        write("begun", files=find_files(rows)[:1])


def test_a_damaged_file_at_a_uri_is_named(rows: Path, tmp_path: Path) -> None:
    (rows / "1.parquet").write_bytes((rows / "1.parquet").read_bytes()[:-20])
    with pytest.raises(DamagedFileError, match=r"two%20words/1\.parquet cannot be read"):
        filter_regional(uri(rows), SEA, output=tmp_path / "out")
