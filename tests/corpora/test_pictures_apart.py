"""Corpora whose pictures lie apart from their tables: LAION, translated captions of MS-COCO and Flickr, ImageNet by topics."""

import io
import zipfile

import datasets
import pytest
from PIL import Image

from hf_regional.corpora import load_corpus
from hf_regional.corpora.pictures import Pictures
from hf_regional.corpora.repository import Folder
from hf_regional.errors import ConfigError, DamagedFileError, MissingColumnError, MissingFileError
from miniatures import flickr8k, imagenet_topics, laion, mscoco
from miniatures.dollar_street import write_csv
from miniatures.pictures import jpeg


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "given").mkdir()
    return tmp_path / "given"


def load(name, folder, tmp_path, **options):
    return load_corpus(name, data_dir=folder, cache_dir=tmp_path / "cache", split="train", **options)


def test_addresses_with_a_picture_are_rows_and_the_dead_ones_are_counted(folder, tmp_path, caplog):
    laion.write(folder)
    rows = load("laion", folder, tmp_path)
    assert rows["url"] == ["https://cdn.toko.example.co.id/sapu.jpg", "https://images.example.com/broom.png"]
    assert rows["license"] == ["not stated", "CC BY 2.0"]
    assert set(rows["topic"]) == {"cleaning equipment"}
    assert "left out 1 rows whose picture is not in the folder" in caplog.text


def test_laion_is_placed_by_its_addresses_and_captions(folder, tmp_path):
    laion.write(folder)
    found = load_corpus("laion", "SEA", data_dir=folder, cache_dir=tmp_path / "cache", split="train")
    assert found.data["region_countries"] == [["IDN"], ["THA"]]


def test_the_table_of_img2dataset_names_pictures_by_key(folder, tmp_path):
    laion.write_fetched(folder)
    rows = load("laion", folder, tmp_path, config="img2dataset")
    assert rows["text"] == ["Sapu lidi Indonesia", "A broom in Thailand"]


def test_the_addresses_can_be_read_before_any_picture_is_there(folder, tmp_path):
    laion.write(folder)
    for picture in (folder / "images").iterdir():
        picture.unlink()
    assert len(load("laion", folder, tmp_path, view="raw")["URL"]) == 3
    with pytest.raises(MissingFileError, match="holds no picture"):
        load("laion", folder, tmp_path)


def test_captions_find_pictures_elsewhere_and_each_caption_of_one_has_its_own_id(folder, tmp_path):
    mscoco.write(folder)
    (folder / "Images").rename(tmp_path / "val2017")
    rows = load("ms-coco-az", folder, tmp_path, images=tmp_path / "val2017")
    assert rows["id"][:3] == ["000000391895.jpg#0", "000000391895.jpg#1", "000000391896.jpg#0"]
    assert rows["picture"][:2] == ["000000391895.jpg"] * 2
    assert rows[0]["text"] == "Dəniz kənarında bir it qaçır."
    assert (rows[0]["language"], rows[0]["country_iso3"], rows[0]["license"]) == ("az", None, "captions MIT; pictures not stated")


def test_pictures_that_were_put_there_since_are_seen(folder, tmp_path):
    flickr8k.write(folder)
    pictures = sorted((folder / "Images").iterdir())
    kept = pictures[0].read_bytes()
    pictures[0].unlink()
    assert len(load("flickr8k-az", folder, tmp_path)) == 4
    pictures[0].write_bytes(kept)
    assert len(load("flickr8k-az", folder, tmp_path)) == 6


@pytest.mark.parametrize("name", ["000000391895.jpg", "COCO_val2014_000000391895.jpg"])
def test_a_number_of_ms_coco_finds_the_picture_of_either_release(folder, tmp_path, name):
    write_csv(folder / "coco_captions.csv", [{"image_id": 391895, "caption": "Bir adam."}], ("image_id", "caption"))
    (folder / name).write_bytes(jpeg(1))
    assert load("ms-coco-az", folder, tmp_path)["id"] == ["391895#0"]


def test_other_headers_and_another_language_are_named(folder, tmp_path):
    write_csv(folder / "flickr_captions.csv", [{"photo": "1.jpg", "ujaran": "Seekor anjing."}], ("photo", "ujaran"))
    (folder / "1.jpg").write_bytes(jpeg(1))
    with pytest.raises(MissingColumnError, match=r"no column for image \(image or .*\); text \(.*\); it has: photo, ujaran") as caught:
        load("flickr30k-az", folder, tmp_path)
    assert caught.value.missing == {"image", "text"}
    row = load("flickr30k-az", folder, tmp_path, columns={"image": "photo", "text": "ujaran"}, language="Indonesian")[0]
    assert (row["text"], row["language"]) == ("Seekor anjing.", "id")


def test_a_folder_of_pictures_must_be_named_and_be_there(folder, tmp_path):
    with pytest.raises(ConfigError, match="ms-coco-az needs images="):
        load_corpus("ms-coco-az")
    with pytest.raises(ConfigError, match=r"no folder .*nowhere; images="):
        load("ms-coco-az", folder, tmp_path, images=tmp_path / "nowhere")


def test_a_class_of_imagenet_gives_its_pictures_to_each_of_its_topics(folder, tmp_path, caplog):
    imagenet_topics.write(folder)
    rows = load("imagenet-topics", folder, tmp_path)
    counts = {topic: rows["topic"].count(topic) for topic in rows["topic"]}
    assert counts == {"bag": 4, "salt": 2, "road sign": 2, "get water": 2, "water outlet": 2}
    assert {row["wnid"] for row in rows if row["topic"] in {"get water", "water outlet"}} == {"n04390977"}
    assert "left out 3 classes of the map without a folder of pictures" in caplog.text


def test_a_map_without_pictures_says_how_they_are_to_lie(folder, tmp_path):
    imagenet_topics.write(folder)
    for picture in folder.rglob("*.JPEG"):
        picture.rename(folder / picture.name)
    with pytest.raises(MissingFileError, match="no folder of a class of ImageNet, such as n02773037"):
        load("imagenet-topics", folder, tmp_path)


def test_a_picture_is_found_by_the_end_of_its_path_and_never_by_a_name_of_two(folder):
    for name in ("top/a/1.jpg", "top/b/1.jpg", "top/b/2.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    pictures = Pictures(Folder(folder))
    assert pictures.find("b/1.jpg") == str(folder / "top/b/1.jpg")
    assert pictures.find("2.jpg") == str(folder / "top/b/2.jpg")
    assert pictures.find("elsewhere/2.jpg") == str(folder / "top/b/2.jpg")
    assert pictures.find("1.jpg") is None
    assert pictures.find("3.jpg") is None
    assert pictures.find("") is None


def test_a_zip_that_is_cut_off_is_named(folder):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("1.jpg", jpeg(1))
    (folder / "all.zip").write_bytes(data.getvalue()[:-30])
    with pytest.raises(DamagedFileError, match=r"all\.zip is no whole zip archive"):
        Pictures(Folder(folder)).find("1.jpg")


def test_pushed_and_read_back_rows_are_the_same(local_hub, folder, tmp_path):
    imagenet_topics.write(folder)
    rows = load("imagenet-topics", folder, tmp_path, longest_side=12)
    rows.push_to_hub("me/topics")
    back = datasets.load_dataset("me/topics", split="train", cache_dir=str(tmp_path / "back"))
    assert back.features == rows.features
    assert [picture.size for picture in back["image"]] == [(12, 9)] * 12
    assert all(isinstance(picture, Image.Image) for picture in back["image"])
    assert back.remove_columns("image").to_list() == rows.remove_columns("image").to_list()
