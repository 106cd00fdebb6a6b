import json
import subprocess
import sys

import numpy as np
import PIL.Image
import pyarrow as pa
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, IterableDataset, IterableDatasetDict, Value
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_regional.errors import ConfigError, MissingColumnError, MissingFileError, NoRowsError
from hf_regional.filtering import Filtered, filter_regional, tables
from hf_regional.regions import Region

SEA = Region("SEA")
FEATURES = Features({"image": Image(), "text": Value("string"), "language": Value("string"), "country": Value("string")})
# By hand: kept by language, other, kept by country though English, excluded, no evidence, unknown country, ambiguous.
LANGUAGES = ["id", "en", "en", "az", None, "en", "kht"]
COUNTRIES = [None, None, "Laos", None, None, "Atlantis", None]
KEPT, OTHER = [0, 2], [1]


def rows():
    return Dataset.from_dict(
        {
            "image": [PIL.Image.new("RGB", (2, 2), (value, 0, 0)) for value in range(7)],
            "text": [str(value) for value in range(7)],
            "language": LANGUAGES,
            "country": COUNTRIES,
        },
        features=FEATURES,
    )


def texts(part):
    column = part["text"].to_pylist() if isinstance(part, pa.Table) else [row["text"] for row in part]
    return [int(text) for text in column]


def filtered_rows(source, **more):
    return filter_regional(source, SEA, exclude={"language": ["az"]}, **more)


SOURCES = {
    "Dataset": rows,
    "shuffled Dataset": lambda: rows().select([3, 0, 1, 2, 4, 5, 6]).select([1, 2, 3, 0, 4, 5, 6]),
    "IterableDataset": lambda: rows().to_iterable_dataset(),
    "mapped IterableDataset": lambda: rows().to_iterable_dataset().map(lambda row: row),
    "generated IterableDataset": lambda: IterableDataset.from_generator(lambda: iter(rows()), features=FEATURES),
    "filtered IterableDataset": lambda: rows().to_iterable_dataset().filter(lambda row: True),
    "shuffled IterableDataset": lambda: rows().to_iterable_dataset(num_shards=1).shuffle(buffer_size=1, seed=0),
    "Table": lambda: rows().with_format("arrow")[:],
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_every_kind_of_source_gives_the_same_rows_in_its_own_kind(make):
    source = make()
    filtered = filtered_rows(source)
    assert isinstance(filtered, Filtered)
    assert type(filtered.data) is type(source)
    assert type(filtered.dropped) is type(source)
    assert texts(filtered.data) == KEPT
    assert texts(filtered.dropped) == [1, 3, 4, 5, 6]
    assert filtered.report.by_verdict == {"kept": 2, "other": 1, "ambiguous": 1, "none": 3}
    assert filtered.report.by_reason == {
        "country:LAO": 1,
        "country:unknown": 1,
        "excluded:language=az": 1,
        "language:en": 1,
        "language:id": 1,
        "language:kht": 1,
        "no-evidence": 1,
    }
    assert filtered.report.by_column == {"language": 4, "country": 2, "(no column)": 1}
    assert filtered.report.unknown == {"country": {"Atlantis": 1}}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_annotate_keeps_every_row_and_marks_the_same_ones(make):
    filtered = filtered_rows(make(), mode="annotate")
    assert filtered.dropped is None
    assert texts(filtered.data) == list(range(7))
    marked = filtered.data.to_pylist() if isinstance(filtered.data, pa.Table) else list(filtered.data)
    assert [place for place, row in enumerate(marked) if row["region_verdict"] == "kept"] == KEPT
    assert [place for place, row in enumerate(marked) if row["region_verdict"] == "other"] == OTHER
    assert marked[2]["region_countries"] == ["LAO"]
    assert marked[0]["region_evidence"] == [
        {
            "kind": "language",
            "value": "id",
            "country": "IDN",
            "confidence": np.float32(0.9981832),
            "column": "language",
            "start": 0,
            "end": 2,
        }
    ]


def test_images_stay_images_and_are_not_decoded(monkeypatch):
    source = rows()
    decoded = []
    decode = Image.decode_example
    monkeypatch.setattr(Image, "decode_example", lambda self, *args, **more: decoded.append(1) or decode(self, *args, **more))
    filtered = filtered_rows(source)
    streamed = filtered_rows(source.to_iterable_dataset())
    assert not decoded
    assert filtered.data.features["image"] == Image()
    assert filtered.data[1]["image"].getpixel((0, 0)) == (2, 0, 0)
    assert list(streamed.data)[1]["image"].getpixel((0, 0)) == (2, 0, 0)


def test_images_of_a_generated_stream_come_back_as_images():
    stream = IterableDataset.from_generator(lambda: iter(rows()), features=FEATURES)
    assert [row["image"].getpixel((0, 0))[0] for row in filtered_rows(stream).data] == KEPT
    bare = rows().cast_column("image", Image(decode=False)).to_iterable_dataset().filter(lambda row: True)
    assert [set(row["image"]) for row in filtered_rows(bare).data] == [{"bytes", "path"}] * 2


def test_splits_are_filtered_one_by_one_and_counted_together_and_apart():
    parts = DatasetDict(train=rows(), test=rows().select([1, 2]), empty=rows().select([]))
    filtered = filtered_rows(parts)
    assert isinstance(filtered.data, DatasetDict)
    assert {name: texts(part) for name, part in filtered.data.items()} == {"train": [0, 2], "test": [2], "empty": []}
    assert "region_verdict" in filtered.data["empty"].column_names
    assert filtered.report.rows == 9
    assert filtered.report.of_split("test").by_verdict == {"kept": 1, "other": 1, "ambiguous": 0, "none": 0}
    assert filtered.report.as_dict()["splits"]["train"]["kept"] == 2


def test_a_stream_is_counted_as_it_is_read_and_never_twice():
    stream = filtered_rows(IterableDatasetDict(train=rows().to_iterable_dataset(num_shards=2)))
    assert isinstance(stream.data, IterableDatasetDict)
    assert stream.report.rows == 0
    for _ in range(2):
        assert sorted(texts(stream.data["train"])) == KEPT
    assert sorted(texts(stream.dropped["train"])) == [1, 3, 4, 5, 6]
    assert (stream.report.rows, stream.report.kept) == (7, 2)


def test_a_stream_that_keeps_nothing_is_empty_and_says_so_in_the_report():
    stream = filter_regional(rows().to_iterable_dataset(), Region("JPN"))
    assert list(stream.data) == []
    assert (stream.report.rows, stream.report.kept) == (7, 0)


def test_a_region_without_rows_is_an_error_with_the_counts():
    with pytest.raises(
        NoRowsError, match=r"none of 7 rows is kept for JPN: kept 0, other 5, ambiguous 0, none 2; most often country:LAO 1"
    ):
        filter_regional(rows(), Region("JPN"))
    with pytest.raises(NoRowsError, match="no rows"):
        filter_regional(rows().select([]), SEA)


def test_unusable_sources_and_modes_are_refused():
    with pytest.raises(ConfigError, match="Did you mean 'keep'"):
        filter_regional(rows(), SEA, mode="kep")
    with pytest.raises(ConfigError, match="source is a list"):
        filter_regional([{"language": "id"}], SEA)
    with pytest.raises(MissingFileError, match="me/rows"):
        filter_regional("me/rows", SEA)
    with pytest.raises(MissingColumnError, match="found 'number'"):
        filter_regional(Dataset.from_dict({"number": [1]}), SEA)
    with pytest.raises(NoRowsError, match="most often no-evidence 7"):  # their EXIF tells nothing
        filter_regional(rows().select_columns(["image"]), SEA)


def test_a_region_may_be_given_by_name():
    assert texts(filter_regional(rows(), "Southeast Asia").data) == KEPT


def test_class_labels_are_languages_too():
    features = Features({"text": Value("string"), "language": ClassLabel(names=["en", "id"])})
    source = Dataset.from_dict({"text": ["0", "1"], "language": [0, 1]}, features=features)
    for kind in (source, source.to_iterable_dataset(), source.with_format("arrow")[:]):
        filtered = filter_regional(kind, SEA)
        assert texts(filtered.data) == [1]
    assert filter_regional(source, SEA).data.features["language"] == features["language"]


def test_the_format_of_a_dataset_survives():
    source = rows().with_format("numpy", columns=["text"])
    data = filter_regional(source, SEA).data
    assert data.format["type"] == "numpy"
    assert set(data[0]) == {"text", "region_countries", "region_verdict", "region_evidence"}
    assert filter_regional(rows(), SEA).data.format["type"] is None


def test_an_exclusion_that_meets_no_row_shows_as_zero():
    report = filter_regional(rows(), SEA, exclude={"language": ["az", "aze-typo"]}).report
    assert report.by_reason["excluded:language=aze-typo"] == 0
    assert report.rows == 7


def test_what_was_dropped_can_be_filtered_for_another_region():
    dropped = filter_regional(rows(), SEA).dropped
    assert texts(filter_regional(dropped, Region("language:az")).data) == [3]


def test_the_report_prints_as_a_table_and_survives_json():
    report = filtered_rows(rows()).report
    assert str(report).splitlines()[:4] == [
        "SEA: 2 of 7 rows kept",
        "verdict    reason                column       rows  share",
        "kept       country:LAO           country         1  14.3%",
        "kept       language:id           language        1  14.3%",
    ]
    assert str(report).splitlines()[-1] == "not read: country 'Atlantis' in 1 rows"
    kept = json.loads(json.dumps(report.as_dict()))
    assert kept["settings"]["exclude"] == {"language": ["az"]}
    assert kept["rows"] == 7


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(["id", "th", "en", "az", None, "kht", "??"]), min_size=1, max_size=30))
def test_kept_and_dropped_are_all_rows_once(languages):
    source = Dataset.from_dict({"text": [str(place) for place in range(len(languages))], "language": languages})
    if not {"id", "th"} & set(languages):
        with pytest.raises(NoRowsError):
            filtered_rows(source)
        return
    filtered = filtered_rows(source)
    assert sorted(texts(filtered.data) + texts(filtered.dropped)) == list(range(len(languages)))
    assert filtered.report.rows == len(languages) == sum(filtered.report.by_reason.values()) == sum(filtered.report.by_column.values())


def test_rows_on_disk_are_counted_again_on_a_second_call(tmp_path):
    rows().save_to_disk(tmp_path / "rows")
    source = Dataset.load_from_disk(str(tmp_path / "rows"))
    files = sorted(tmp_path.rglob("*"))
    for _ in range(2):
        filtered = filtered_rows(source)
        assert (filtered.report.rows, texts(filtered.data)) == (7, KEPT)
    assert sorted(tmp_path.rglob("*")) == files


def test_answers_too_many_for_memory_go_to_one_file(tmp_path, monkeypatch):
    rows().save_to_disk(tmp_path / "rows")
    monkeypatch.setattr(tables, "_IN_MEMORY", 6)
    for _ in range(2):
        filtered = filtered_rows(Dataset.load_from_disk(str(tmp_path / "rows")))
        assert (filtered.report.rows, texts(filtered.data)) == (7, KEPT)
    assert len(list(tmp_path.rglob("cache-*.arrow"))) == 1


def test_importing_the_room_loads_neither_datasets_nor_torch():
    code = "import hf_regional.filtering, sys; print([m for m in ('datasets', 'torch', 'pyarrow') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
