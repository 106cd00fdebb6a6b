"""Corpora read from a Hub, through huggingface_hub: only the files that are asked for, at one commit, once."""

import shutil

import datasets
import pytest

from hf_regional.corpora import catalogue, load_corpus
from miniatures import write_miniature
from picture_site import allowance

ROWS_OF_MAMMOTH = ["mammoth_si_10M/1/0", "mammoth_si_10M/0/0", "mammoth_si_10M/0/1", "mammoth_si_10M/2/0"]


@pytest.fixture
def publish(local_hub, tmp_path):
    """Put a miniature where the catalogue says that its corpus lies; gives the commit."""

    def published(module, name, **where):
        folder = write_miniature(module, tmp_path / module, **where)
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        return local_hub.add_repo("dataset", catalogue()[name].hub_id, files)

    return published


@pytest.fixture
def read(local_hub):
    """The files whose contents were asked for."""

    def contents():
        return {each.path.partition("?")[0].rpartition("/")[2] for each in local_hub.asked("resolve")}

    return contents


@pytest.mark.parametrize("streaming", [False, True])
def test_archives_of_the_hub_are_joined_in_both_modes_and_those_that_nobody_asked_for_are_not_opened(publish, read, tmp_path, streaming):
    publish("mammoth_vl", "mammoth-vl")
    options = {"split": "train", "streaming": streaming, "cache_dir": tmp_path / "cache"}
    assert [row["id"] for row in load_corpus("mammoth-vl", archives="*/shard_1.tar.gz", **options)] == ROWS_OF_MAMMOTH[:1]
    assert read() == {"mammoth_si_10M.json", "shard_1.tar.gz"}
    rows = [*load_corpus("mammoth-vl", **options)]
    assert [row["id"] for row in rows] == ROWS_OF_MAMMOTH
    assert [row["image"].size for row in rows] == [(24, 18)] * 4


@pytest.mark.parametrize("streaming", [False, True])
def test_only_the_files_of_the_split_that_is_asked_for_are_fetched(publish, read, tmp_path, streaming):
    publish("xm3600", "xm3600")
    found = load_corpus("xm3600", "SEA", split="th", streaming=streaming, cache_dir=tmp_path / "cache")
    assert [row["language"] for row in found.data] == ["th"] * 4
    assert read() == {"th-00000-of-00001.parquet"}


def test_a_revision_is_read_as_it_was_whatever_is_pushed_after_it(publish, local_hub, tmp_path):
    first = publish("sea_vl_id", "sea-vl-id")
    hub_id = catalogue()["sea-vl-id"].hub_id
    write_miniature("sea_vl", tmp_path / "newer")
    newer = (tmp_path / "newer" / "data" / "train-00000-of-00002.parquet").read_bytes()
    local_hub.add_repo("dataset", hub_id, {"data/train-00000-of-00001.parquet": newer})
    assert len(load_corpus("sea-vl-id", split="train", revision=first, cache_dir=tmp_path / "cache")) == 6
    texts = load_corpus("sea-vl-id", split="train", cache_dir=tmp_path / "cache")["text"]
    assert texts[0] == "Women weave songket."  # the newer files lack the scores alone, which no row needs


def test_a_second_load_reads_no_file_again(publish, local_hub, tmp_path):
    publish("cultural_ground", "cultural-ground")
    for _ in range(2):
        local_hub.forget()
        rows = load_corpus("cultural-ground", countries="THA", split="train", cache_dir=tmp_path / "cache")
        assert rows["id"] == ["thailand/0"]
    assert not local_hub.asked("resolve")


@pytest.mark.parametrize(("module", "view"), [("sea_vl", "pairs"), ("marvl", "vqa"), ("aya_vision_bench", "vqa"), ("mammoth_vl", "pairs")])
def test_rows_pushed_to_the_hub_come_back_as_they_were(publish, tmp_path, module, view):
    name = module.replace("_", "-")
    publish(module, name)
    rows = load_corpus(name, view=view, cache_dir=tmp_path / "cache")
    rows.push_to_hub("me/mine")
    again = datasets.load_dataset("me/mine", cache_dir=str(tmp_path / "again"))
    assert again.keys() == rows.keys()
    for split, pushed in again.items():
        assert pushed.features == rows[split].features
        plain = [name for name, feature in rows[split].features.items() if "Image" not in str(feature)]
        assert pushed.select_columns(plain).to_list() == rows[split].select_columns(plain).to_list()
        assert [*map(_pixels, pushed["image"])] == [*map(_pixels, rows[split]["image"])]


@pytest.mark.parametrize(
    ("module", "name", "view"), [("sea_vqa", "sea-vqa", "vqa"), ("worldcuisines_food_kb", "worldcuisines-food-kb", "pairs")]
)
def test_rows_of_a_corpus_of_addresses_are_pushed_with_their_pictures(publish, site, tmp_path, module, name, view):
    publish(module, name, site=site.url)
    options = {"cache_dir": tmp_path / "cache", "pictures": tmp_path / "pictures", **allowance(site)}
    rows = load_corpus(name, view=view, **options)
    rows.push_to_hub("me/mine")
    shutil.rmtree(tmp_path / "pictures")  # the copy does not need them
    again = datasets.load_dataset("me/mine", cache_dir=str(tmp_path / "again"))
    for split, pushed in again.items():
        assert pushed.features == rows[split].features
        assert pushed["id"] == rows[split]["id"]
        assert {picture.size for picture in pushed["image"]} == {(24, 18)}


@pytest.mark.parametrize("streaming", [False, True])
def test_one_split_of_a_corpus_of_addresses_fetches_its_table_and_its_pictures_alone(publish, read, site, tmp_path, streaming):
    publish("sea_vqa", "sea-vqa", site=site.url)
    site.asked.clear()
    options = {"cache_dir": tmp_path / "cache", "pictures": tmp_path / "pictures", **allowance(site)}
    rows = [*load_corpus("sea-vqa", split="laos", streaming=streaming, **options)]
    assert [row["id"] for row in rows] == ["laos/0", "laos/1", "laos/2"]
    assert read() == {"data-00000-of-00001.arrow"}
    assert {asked.target for asked in site.asked} == {"/31.jpg", "/32.jpg"}


def test_an_archive_that_all_tables_share_is_fetched_once(publish, local_hub, tmp_path):
    publish("worldcuisines_v1_1", "worldcuisines-v1.1")
    options = {"cache_dir": tmp_path / "cache", "pictures": tmp_path / "pictures"}
    assert len(load_corpus("worldcuisines-v1.1", split="test_large", **options)) == 10
    assert len([*load_corpus("worldcuisines-v1.1", split="test_large", config="task2", streaming=True, **options)]) == 10
    assert local_hub.count("storage") == 1  # where large files lie; the tables are small


def _pixels(picture):
    return picture.size, picture.tobytes()
