"""Corpora that are published as addresses of pictures: what is fetched, what is left out and why, and what is asked for again."""

import logging
import pickle
import shutil
from collections import Counter

import pytest
from datasets import Dataset

from hf_regional.corpora import catalogue, load_corpus
from hf_regional.corpora.linked import both, linked
from hf_regional.errors import ConfigError, NoRowsError
from miniatures import write_miniature
from picture_site import allowance

GONE = "pictures, HTTP 404"
LATER = "pictures, not fetched; asked for again at the next load"


@pytest.fixture
def folder(tmp_path, site):
    return write_miniature("sea_vqa", tmp_path / "published", site.url)


@pytest.fixture
def load(tmp_path, folder, site):
    def call(**options):
        given = {"data_dir": folder, "cache_dir": tmp_path / "cache", "pictures": tmp_path / "pictures", **allowance(site), **options}
        return load_corpus("sea-vqa", **{name: value for name, value in given.items() if value is not None})

    return call


@pytest.fixture
def build(tmp_path, folder, site):
    """A builder that has built its rows, for what it counted."""

    def call(name="sea-vqa", data_dir=folder, **options):
        builder = catalogue()[name].to_class()(
            data_dir=data_dir, cache_dir=str(tmp_path / "cache"), pictures=str(tmp_path / "pictures"), **{**allowance(site), **options}
        )
        builder.download_and_prepare()
        return builder, builder.as_dataset()

    return call


def test_rows_name_the_files_of_their_pictures_and_dead_links_are_counted(build, tmp_path):
    builder, found = build()
    assert {split: len(rows) for split, rows in found.items()} == dict.fromkeys(found, 3)
    assert builder.left_out == Counter({GONE: 1, "questions whose answer is none of their choices": 1})
    cell = found["laos"].cast_column("image", found["laos"].features["image"].__class__(decode=False))[0]["image"]
    assert cell["bytes"] is None
    assert cell["path"].startswith(str(tmp_path / "pictures"))


def test_what_is_left_out_is_said_in_the_log_and_at_a_second_load_too(build, caplog):
    with caplog.at_level(logging.WARNING, "hf_regional.corpora"):
        build()
    assert GONE in caplog.text
    again, _ = build()
    assert again.left_out[GONE] == 1


def test_a_second_load_asks_for_nothing(load, site):
    load()
    site.asked.clear()
    load()
    load(view="vqa")
    load(streaming=True, split="laos").take(1)
    assert site.asked == []


def test_one_split_asks_for_the_pictures_of_that_split_alone(load, site):
    site.asked.clear()
    load(split="laos")
    assert sorted(asked.target for asked in site.asked) == ["/31.jpg", "/32.jpg"]


def test_streaming_fetches_as_rows_are_asked_for(load, site):
    site.asked.clear()
    rows = load(streaming=True, split="laos")
    assert site.asked == []
    assert next(iter(rows))["image"].size == (24, 18)
    assert len(site.asked) == 2


def test_nobody_is_asked_with_fetch_false_and_what_is_missing_is_counted_until_it_is_there(build, site):
    site.asked.clear()
    build(only="laos")
    assert len(site.asked) == 2
    without, found = build(fetch=False)
    assert len(site.asked) == 2
    assert {split: len(rows) for split, rows in found.items() if len(rows)} == {"laos": 3}
    assert without.left_out[LATER] == 22
    assert found["vietnam"].features == found["laos"].features
    fetched, found = build()
    assert sum(map(len, found.values())) == 24
    assert LATER not in fetched.left_out
    still, found = build(fetch=False)
    assert sum(map(len, found.values())) == 24
    assert still.left_out[GONE] == 1


def test_a_corpus_without_any_of_its_pictures_is_an_error_that_says_why(load, site):
    site.asked.clear()
    with pytest.raises(NoRowsError, match=r"sea-vqa: no row is left of laos\. Left out: 3 pictures, not fetched"):
        load(fetch=False, split="laos")
    with pytest.raises(NoRowsError, match="25 pictures, the address is not public"):
        load(allowed=None)
    assert site.asked == []


def test_what_may_pass_is_asked_for_again_at_the_next_load(load, site):
    with pytest.raises(NoRowsError, match="asked for again at the next load"):
        load(allowed=None, split="laos")
    assert len(load(split="laos")) == 3


def test_what_was_gone_is_asked_for_again_when_that_is_asked_for(load, site):
    load(split="vietnam")
    site.asked.clear()
    load(split="vietnam")
    assert site.asked == []
    load(split="vietnam", fetch="again")
    assert [asked.target for asked in site.asked] == ["/gone/1.jpg"]
    with pytest.raises(ConfigError, match="fetch must be True, False or"):
        load(fetch="maybe")


def test_a_corpus_whose_pictures_were_deleted_is_built_anew(build, tmp_path):
    build()
    shutil.rmtree(tmp_path / "pictures")
    _, found = build()
    assert found["laos"][0]["image"].size == (24, 18)


def test_sites_are_asked_in_somebodys_name_or_not_at_all(load, monkeypatch, site):
    monkeypatch.delenv("HF_REGIONAL_OPERATOR", raising=False)
    site.asked.clear()
    with pytest.raises(ConfigError, match="HF_REGIONAL_OPERATOR") as caught:
        load(operator=None)
    assert caught.value.key == "operator"
    assert site.asked == []
    monkeypatch.setenv("HF_REGIONAL_OPERATOR", "Environment, env@example.org")
    load(operator=None)
    assert "(Environment, env@example.org)" in site.asked[0].headers["User-Agent"]


def test_the_view_raw_has_addresses_and_asks_nobody(load, site):
    site.asked.clear()
    rows = load(view="raw", operator=None)["laos"]
    assert rows[0]["image_path"] == f"{site.url}/31.jpg"
    assert site.asked == []


def test_pictures_are_shrunk_while_the_rows_are_built(load):
    assert {picture.size for picture in load(longest_side=12)["laos"]["image"]} == {(12, 9)}


def test_a_pushed_copy_holds_the_pictures_themselves(load, tmp_path):
    load(split="laos").to_parquet(tmp_path / "copy.parquet")
    copy = Dataset.from_parquet(str(tmp_path / "copy.parquet"), cache_dir=str(tmp_path / "copies"))
    assert [picture.size for picture in copy["image"]] == [(24, 18)] * 3


def test_a_stream_can_be_sent_to_another_process(load):
    rows = pickle.loads(pickle.dumps(load(streaming=True, split="laos")))
    assert sum(1 for _ in rows) == 3


@pytest.mark.parametrize("cell", [None, "", "  "])
def test_an_empty_cell_is_no_address(cell):
    assert linked(cell) is None


def test_the_licence_of_words_is_not_taken_for_the_pictures():
    assert both("cc-by-4.0", "© Ministry of Culture") == "texts: cc-by-4.0; picture: © Ministry of Culture"
