"""Rows in tables, pictures in archives: joined in the archives' order, nothing unpacked, nothing lost unnamed."""

import io
import json
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.corpora import load_corpus
from hf_regional.corpora.archives import members
from hf_regional.corpora.builders.mammoth_vl import MammothVl
from hf_regional.corpora.row_index import RowIndex
from hf_regional.errors import DamagedFileError, MissingFileError
from miniatures import write_miniature
from miniatures.archives import tar_gz
from miniatures.mammoth_vl import SINGLE


def pictures_of(row):
    return row["pictures"]


@pytest.fixture
def published(tmp_path):
    return write_miniature("mammoth_vl", tmp_path / "published")


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=2), max_size=12), st.booleans())
def test_asking_for_every_picture_gives_every_row_of_one_picture_once_in_order(named, in_lines):
    rows = [{"pictures": each, "n": number} for number, each in enumerate(named)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("rows.jsonl" if in_lines else "rows.json")
        path.write_text("\n".join(map(json.dumps, rows)) if in_lines else json.dumps(rows), encoding="utf-8")
        index = RowIndex(path, path.name, pictures_of)
        found = [(place, row) for picture in "abcd" for place, row in index.read(picture)]
        assert [*index.read("a")] == []
        index.close()
    assert found == [(n, {"pictures": [p], "n": n}) for p in "abcd" for n, each in enumerate(named) if each == [p]]
    sizes = [len(each) for each in named]
    assert index.counts == {"none": sizes.count(0), "one": sizes.count(1), "several": sizes.count(2)}
    assert index.unread == 0


def test_two_pictures_of_one_key_are_told_apart_by_their_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("hf_regional.corpora.row_index._key", lambda picture: 7)
    path = tmp_path / "rows.json"
    path.write_text('[{"pictures": ["a"]}, {"pictures": ["b"]}]', encoding="utf-8")
    index = RowIndex(path, path.name, pictures_of)
    assert index.names("c")
    assert [*index.read("c")] == []
    assert [*index.read("b")] == [(1, {"pictures": ["b"]})]
    assert index.unread == 1
    index.close()


def test_members_come_in_the_order_of_the_archive_and_only_those_that_are_wanted(tmp_path):
    tar_gz(tmp_path / "a.tar.gz", {"b/2.jpg": b"two", "a/1.jpg": b"one", "a/3.txt": b"three"})
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, data in (("b/2.jpg", b"two"), ("a/1.jpg", b"one"), ("a/3.txt", b"three")):
            archive.writestr(name, data)
    for name in ("a.tar.gz", "a.zip"):
        with (tmp_path / name).open("rb") as file:
            assert [tuple(each) for each in members(file, name, lambda member: member.endswith(".jpg"))] == [
                ("b/2.jpg", b"two"),
                ("a/1.jpg", b"one"),
            ]


def test_an_archive_that_is_cut_off_or_none_is_damaged_and_named(tmp_path):
    tar_gz(tmp_path / "a.tar.gz", {"1.jpg": bytes(range(256)) * 64})
    whole = (tmp_path / "a.tar.gz").read_bytes()
    for name, data in (("a.tar.gz", whole[: len(whole) // 2]), ("a.tar.gz", b"no archive"), ("a.zip", b"PK no archive"), ("a.tar", b"")):
        with pytest.raises(DamagedFileError, match=f"^{name} is cut off or no archive: .*Fetch it anew"):
            list(members(io.BytesIO(data), name, lambda _: True))


@pytest.mark.parametrize("streaming", [False, True])
def test_rows_come_as_the_archives_have_their_pictures_and_those_without_are_counted(published, tmp_path, streaming, caplog):
    rows = load_corpus("mammoth-vl", view="vqa", split="train", data_dir=published, cache_dir=tmp_path / "cache", streaming=streaming)
    rows = [*rows]
    # shard 1 has the picture of row 1, shard 2 that of rows 0 (two exchanges) and 2; row 3 has no picture, row 4's is nowhere
    assert [row["id"] for row in rows] == [f"mammoth_si_10M/{at}" for at in ("1/0", "0/0", "0/1", "2/0")]
    assert [row["question"] for row in rows] == ["Read the chart.", "Which dish of Indonesia is this?", "And the meat?", "Is it hot?"]
    assert [row["answers"] for row in rows] == [["It rises."], ["It is rendang."], ["Beef."], ["Yes."]]
    assert [row["source"] for row in rows] == ["chart", "food", "food", "food"]
    assert "mammoth-vl: left out 1 rows without a picture, 1 rows whose picture is in none of the archives." in caplog.text


def test_what_is_left_out_is_said_in_the_first_load_and_the_second(published, tmp_path):
    for _ in range(2):
        builder = MammothVl(data_dir=published, cache_dir=str(tmp_path / "cache"))
        builder.download_and_prepare()
        builder.as_dataset()
        assert builder.left_out == {"rows without a picture": 1, "rows whose picture is in none of the archives": 1}
    several = MammothVl(config_name="mammoth_ov_2M", data_dir=published, cache_dir=str(tmp_path / "cache"))
    several.download_and_prepare()
    assert several.left_out == {"rows without a picture": 1, "rows of several pictures": 1}


def test_a_few_of_the_archives_will_do(published, tmp_path):
    where = {"split": "train", "data_dir": published, "cache_dir": tmp_path / "cache"}
    assert load_corpus("mammoth-vl", archives="single_image_data/shard_1.tar.gz", **where)["id"] == ["mammoth_si_10M/1/0"]
    assert len(load_corpus("mammoth-vl", archives="*/shard_1.tar.gz, *_data/shard_[2-5].tar.gz", **where)) == 4
    with pytest.raises(MissingFileError, match=r"has no file single_image_data/shard_9\.tar\.gz, where archives= is expected; it holds: "):
        load_corpus("mammoth-vl", archives="single_image_data/shard_9.tar.gz", streaming=True, **where).take(1).__iter__().__next__()


def test_the_raw_view_has_every_row_without_an_archive_and_a_list_of_pictures_as_json(published, tmp_path):
    for archive in published.rglob("*.tar.gz"):
        archive.unlink()
    raw = load_corpus("mammoth-vl", view="raw", split="train", data_dir=published, cache_dir=tmp_path / "cache")
    assert raw["image"] == [row.get("image") for row in SINGLE]
    assert [*map(str, (row["id"] for row in SINGLE))] == raw["id"]
    several = load_corpus("mammoth-vl", view="raw", split="train", config="mammoth_ov_2M", data_dir=published, cache_dir=tmp_path / "cache")
    assert several["image"] == ['["M4/a.jpg", "M4/b.jpg"]', '["M4/a.jpg"]', None]
    assert several["video"] == [None, None, "v/1.mp4"]
