"""Where a picture was taken, by the front door: read as evidence, then taken out of what is given back; in every kind of source."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import Dataset, DatasetDict, Features, IterableDataset, List, Value
from datasets import Image as ImageFeature
from PIL import Image
from pyarrow import parquet

from hf_regional.filtering import ConsentPolicy, PersonalPolicy, filter_regional, only
from hf_regional.filtering.evidence.exif import exif_position
from hf_regional.regions import Region

# Daft leaves the pipe of a worker that has ended to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
SEA = Region("SEA")
KUTA = {1: "S", 2: (8.0, 43.0, 6.24), 3: "E", 4: (115.0, 10.0, 6.96)}  # Bali: -8.7184, 115.1686
PARIS = {1: "N", 2: (48.0, 51.0, 24.0), 3: "E", 4: (2.0, 21.0, 3.6)}  # 48.8567, 2.351
NOWHERE = {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}


def picture(gps: dict[int, Any] | None, form: str = "JPEG", colour: str = "red") -> bytes:
    image, exif, file = Image.new("RGB", (24, 16), colour), Image.Exif(), io.BytesIO()
    exif[0x013B] = "Somchai"  # the artist
    exif.get_ifd(0x8825).update(gps or {})
    image.save(file, form, exif=exif)
    return file.getvalue()


PICTURES = [picture(KUTA), picture(PARIS, "PNG"), picture(None), None, picture(KUTA, "WEBP"), picture(NOWHERE)]
FEATURES = Features({"image": ImageFeature(decode=False), "number": Value("int64")})


def rows() -> Dataset:
    cells = [None if content is None else {"bytes": content, "path": None} for content in PICTURES]
    return Dataset.from_dict({"image": cells, "number": [*range(len(cells))]}, features=FEATURES)


def files(source: Dataset, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    parquet.write_table(source.with_format("arrow")[:], folder / "rows.parquet", row_group_size=2)
    return str(folder / "rows.parquet")


SOURCES: dict[str, Callable[[Dataset, Path], Any]] = {
    "Dataset": lambda source, _: source,
    "DatasetDict": lambda source, _: DatasetDict({"train": source}),
    "Table": lambda source, _: source.with_format("arrow")[:],
    "IterableDataset": lambda source, _: source.to_iterable_dataset(),
    "mapped IterableDataset": lambda source, _: source.to_iterable_dataset().map(lambda row: row, features=FEATURES),
    "generated IterableDataset": lambda source, _: IterableDataset.from_generator(lambda: iter(source), features=FEATURES),
    "a stream without features": lambda source, _: IterableDataset.from_generator(lambda: iter(source)),
    "Parquet": files,
    "Parquet, written": files,
    "Parquet, by Daft": files,
}


def listed(part: Any) -> list[dict[str, Any]]:
    part = part["train"] if isinstance(part, DatasetDict) else part
    if isinstance(part, pa.Table):
        return part.to_pylist()
    is_decoded = isinstance(part, IterableDataset) and part.features
    return list(part.cast_column("image", ImageFeature(decode=False)) if is_decoded else part)


def contents(part: Any) -> dict[int, bytes | None]:
    return {row["number"]: row["image"] and row["image"]["bytes"] for row in listed(part)}


def pixels(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as image:
        return image.tobytes()


@pytest.mark.parametrize("name", SOURCES)
def test_every_kind_of_source_reads_a_position_and_gives_the_picture_back_without_it(name: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"output": tmp_path / "out"} if name.startswith("Parquet,") else {}
    if "Daft" in name:
        pytest.importorskip("daft")
        options |= {"engine": "daft", "num_proc": 1}
    found = filter_regional(SOURCES[name](rows(), tmp_path / "rows"), SEA, **options)
    kept, dropped = listed(found.data), listed(found.dropped)
    assert [row["number"] for row in kept] == [0, 4]
    assert kept[0]["region_countries"] == ["IDN"]
    (evidence,) = kept[0]["region_evidence"]
    assert (evidence["kind"], evidence["value"], evidence["country"], evidence["column"]) == ("exif", "-8.72,115.17", "IDN", "image")
    assert [row["region_countries"] for row in dropped] == [["FRA"], [], [], []]
    after = contents(found.data) | contents(found.dropped)
    for number, before in enumerate(PICTURES):
        if number in (2, 3):  # tells no position, or is none: not a byte differs
            assert after[number] == before
        else:
            assert before
            stripped = after[number]
            assert stripped
            assert exif_position(stripped) is None
            assert b"Somchai" not in stripped
            assert pixels(stripped) == pixels(before)
    assert found.report.hidden == {"image": {"position": 4}}
    assert found.report.unknown == {"image": {"0, 0: the place where files put what they do not know": 1}}
    assert found.report.by_reason["exif:IDN"] == 2


def test_reading_and_taking_out_are_switched_off_apart() -> None:
    unread = filter_regional(rows(), SEA, columns={"exif": None}, mode="annotate", locate=lambda row: "THA")
    assert {kind["kind"] for row in unread.data for kind in row["region_evidence"]} == {"locate"}
    assert unread.report.hidden == {"image": {"position": 4}}
    for policy in (None, ConsentPolicy(personal=PersonalPolicy(positions=False)), ConsentPolicy(personal=None)):
        found = filter_regional(rows(), SEA, consent=policy)
        assert contents(found.data) == {0: PICTURES[0], 4: PICTURES[4]}
        assert found.report.hidden == {}


def test_a_position_outranks_a_caption_and_is_outranked_by_a_country() -> None:
    source = rows().add_column("text", ["Pho in Hanoi"] * 6).add_column("country", [None, "Laos", None, None, None, None])  # pyright: ignore[reportCallIssue]
    found = filter_regional(source, SEA, mode="annotate")
    assert found.data["region_countries"][:] == [["IDN"], ["LAO"], ["VNM"], ["VNM"], ["IDN"], ["VNM"]]
    alone = filter_regional(source, SEA, columns={**only("exif"), "country": None}, mode="annotate")
    assert alone.data["region_countries"][:] == [["IDN"], ["FRA"], [], [], ["IDN"], []]


def test_pictures_at_paths_are_read_and_the_users_files_are_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "kuta.jpg").write_bytes(PICTURES[0] or b"")
    os.mkfifo(tmp_path / "pipe")
    gone = [str(tmp_path / "gone.jpg"), "https://example.com/a.jpg", str(tmp_path / "pipe"), "a\0b", "a" * 5000]
    paths = [str(tmp_path / "kuta.jpg"), *gone]
    source = Dataset.from_dict({"image": paths}, features=Features({"image": ImageFeature(decode=False)}))
    found = filter_regional(source, SEA, mode="annotate")
    assert found.data["region_verdict"][:] == ["kept"] + 5 * ["none"]
    assert found.data["image"][0]["path"] == paths[0]
    assert (tmp_path / "kuta.jpg").read_bytes() == PICTURES[0]
    assert found.report.hidden == {"image": {"position left in the file at the path": 1}}
    named = filter_regional(pa.table({"file": paths}), SEA, columns={"exif": "file"}, mode="annotate")
    assert named.data["region_verdict"].to_pylist() == ["kept"] + 5 * ["none"]


def test_a_position_that_cannot_be_taken_out_takes_its_row_out() -> None:
    source = pa.table({"image": pa.array([{"bytes": picture(KUTA, "AVIF")}, {"bytes": picture(KUTA)}])})
    found = filter_regional(source, SEA)
    assert found.report.by_reason == {"exif:IDN": 1, "unreadable:position": 1}
    assert found.report.hidden == {"image": {"position": 1}}
    assert len(found.data) == 1


def test_a_list_of_pictures_tells_all_its_places_and_loses_them_all() -> None:
    features = Features({"views": List(ImageFeature(decode=False))})
    both = [{"bytes": picture(KUTA), "path": None}, {"bytes": picture(PARIS), "path": None}]
    source = Dataset.from_dict({"views": [both, [], None, both[1:]]}, features=features)
    found = filter_regional(source, SEA, mode="annotate")
    assert found.data["region_countries"][:] == [["FRA", "IDN"], [], [], ["FRA"]]
    assert found.data["region_verdict"][:] == ["kept", "none", "none", "other"]
    assert [exif_position(one["bytes"]) for one in found.data["views"][0]] == [None, None]
    assert found.report.hidden == {"views": {"position": 3}}


def test_a_place_in_xmp_alone_is_taken_out_too() -> None:
    file = io.BytesIO()
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>8,43.1S</exif:GPSLatitude></x:xmpmeta>'
    Image.new("RGB", (8, 8)).save(file, "JPEG", xmp=xmp)
    source = pa.table({"text": ["Temple in Bangkok"], "image": pa.array([file.getvalue()], pa.large_binary())})
    found = filter_regional(source, SEA)
    assert b"GPSLatitude" not in found.data["image"][0].as_py()
    assert found.data.schema.field("image").type == pa.large_binary()


def test_a_column_that_only_sounds_like_pictures_is_left_alone() -> None:
    found = filter_regional(pa.table({"image": ["a.jpg", "b.jpg"], "language": ["th", "fr"]}), SEA)
    assert found.report.by_verdict == {"kept": 1, "other": 1, "ambiguous": 0, "none": 0}
