"""Dollar Street and GeoDE, each in the layouts in which they lie: makers' archives, copies on the Hub, a folder of a few photographs."""

import pytest

from hf_regional import DollarStreet
from hf_regional.corpora import load_corpus
from hf_regional.errors import BadRowError, ConfigError, MissingColumnError, MissingFileError, UnknownNameError
from miniatures import dollar_street, geode


@pytest.fixture
def archive(tmp_path):
    dollar_street.write(tmp_path / "archive")
    return tmp_path / "archive"


def load(folder, tmp_path, **options):
    return load_corpus("dollar-street", data_dir=folder, cache_dir=tmp_path / "cache", **options)


def test_the_published_ids_split_the_tables(archive, tmp_path):
    found = load(archive, tmp_path)
    assert {split: len(rows) for split, rows in found.items()} == {"train": 8, "validation": 4, "test": 4}
    assert found["test"]["id"] == [f"5d4be6e4cf0b3a0f3f34{number:04x}" for number in range(12, 16)]


def test_a_row_says_its_topics_income_place_and_country(archive, tmp_path):
    row = load(archive, tmp_path, split="train")[5]
    picture = row.pop("image")
    assert picture.size == (24, 18)
    assert row == {
        "text": "Stove/hob, Kitchens", "language": "en", "country_iso3": "CIV", "topic": "Stove/hob", "source": "Dollar Street, Gapminder",
        "license": "not stated", "id": "5d4be6e4cf0b3a0f3f340005", "topics": ["Stove/hob", "Kitchens"], "income": 527.0, "place": "Home 1",
        "region": "Africa",
    }  # fmt: skip


def test_the_raw_view_has_the_tables_as_they_are(archive, tmp_path):
    row = load(archive, tmp_path, view="raw", split="test")[0]
    assert (row["topics"], row["income"], row["region.id"]) == ("['Beds', 'Bedrooms']", "1227.0", "as")
    assert row["image"].size == (24, 18)


def test_without_the_ids_the_two_tables_of_imagenet_are_the_splits_and_all_is_asked_for(archive, tmp_path):
    for ids in archive.glob("*_ids.csv"):
        ids.unlink()
    assert load(archive, tmp_path).num_rows == {"train": 12, "test": 4}
    assert load(archive, tmp_path, config="all").num_rows == {"train": 16}


def test_ids_that_no_table_has_and_pictures_that_are_not_there_are_counted(archive, tmp_path, caplog):
    with (archive / "val_ids.csv").open("a") as file:
        file.write("5fd0ffffffffffffffffffff\n")
    next(iter((archive / "dataset_dollarstreet/assets").glob("*0008/*.jpg"))).unlink()
    assert len(load(archive, tmp_path, split="validation")) == 3
    assert "1 ids of the split that no row of the tables has" in caplog.text
    assert "1 pictures that are not there" in caplog.text


def test_the_archive_without_pictures_without_tables_or_with_a_renamed_column_says_so(archive, tmp_path):
    table = archive / "dataset_dollarstreet/images_v2.csv"
    whole = table.read_text()
    table.write_text(whole.replace("country.name", "country"))
    with pytest.raises(MissingColumnError, match=r"images_v2\.csv lacks country\.name") as caught:
        load(archive, tmp_path)
    assert caught.value.missing == {"country.name"}
    table.write_text(whole)
    for picture in archive.rglob("*.jpg"):
        picture.unlink()
    with pytest.raises(MissingFileError, match=r"holds no picture .* and no zip archive"):
        load(archive, tmp_path)
    table.unlink()
    with pytest.raises(MissingFileError, match=r"has no file .*train"):
        load(tmp_path / "archive" / "dataset_dollarstreet" / "assets", tmp_path)


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("country.name", "Atlantis", "'Atlantis' names no country"),
        ("topics", "['Beds", "a list of texts"),
        ("income", "much", "a number is expected"),
    ],
)
def test_a_cell_that_cannot_be_read_names_its_row(archive, tmp_path, column, cell, told):
    table = dollar_street.rows()
    table[3][column] = cell
    dollar_street.write_csv(archive / "dataset_dollarstreet/images_v2.csv", table)
    with pytest.raises(BadRowError, match=f"train_ids.csv, row 3.*{told}"):
        load(archive, tmp_path)
    if column == "country.name":
        assert load(archive, tmp_path, on_unknown="keep", split="train")[3]["country_iso3"] is None


def test_the_copy_on_the_hub_loads_from_its_zip_in_both_modes(local_hub, tmp_path):
    dollar_street.write_copy(tmp_path)
    names = ("dollar_street_test.csv", "dollarstreet_test_images.zip", "README.md")
    local_hub.add_user("nlphuji")
    sha = local_hub.add_repo("dataset", "nlphuji/dollar_street_test", {name: tmp_path / name for name in names})
    found = load_corpus("dollar-street", cache_dir=tmp_path / "cache")
    streamed = load_corpus("dollar-street", streaming=True, revision=sha)
    assert found.num_rows == {"test": 6}
    assert [row["id"] for row in streamed["test"]] == found["test"]["id"]
    assert [row["image"].tobytes() for row in streamed["test"]] == [row["image"].tobytes() for row in found["test"]]


def test_a_layout_that_does_not_lie_on_the_hub_is_asked_for_by_folder():
    with pytest.raises(ConfigError, match="'splits', does not lie on the Hub") as caught:
        DollarStreet(config_name="splits")
    assert caught.value.key == "data_dir"
    with pytest.raises(UnknownNameError, match="Did you mean 'splits'"):
        DollarStreet(config_name="split")


def test_the_class_filters_itself(archive, tmp_path):
    found = DollarStreet(data_dir=archive, cache_dir=str(tmp_path / "cache")).filter_regional("SEA")
    assert {split: len(rows) for split, rows in found.data.items()} == {"train": 4, "validation": 3, "test": 1}
    assert set(found.data["train"]["country_iso3"]) == {"IDN", "THA", "PHL", "MMR"}


def test_29_photographs_of_homes_load_with_their_makers_and_licence(shared, tmp_path):
    rows = load(shared / "data" / "dollar_street_sample", tmp_path, split="train")
    assert len(rows) == 29
    assert set(rows["license"]) == {"CC BY 4.0"}
    assert len(set(rows["country_iso3"])) == 10
    first = rows[0]
    assert (first["topic"], first["country_iso3"], first["income"], first["region"]) == ("toothbrush", "USA", 3478.0, "The Americas")
    assert first["source"] == "Dollar Street, Gapminder, photographer Raashi Saxena, 2019"
    assert max(first["image"].size) == 384


def test_the_two_routes_to_the_29_photographs_agree(shared, tmp_path):
    sample = shared / "data" / "dollar_street_sample"
    ours = load(sample, tmp_path, split="train")
    own = load_corpus("imagefolder+csv", data_dir=sample, columns={"text": "topic"}, cache_dir=tmp_path)
    told = {row["id"]: (row["text"], row["country_iso3"], row["monthly_income_usd"]) for rows in own.values() for row in rows}
    assert told == {row["id"]: (row["text"], row["country_iso3"], row["income"]) for row in ours}


def test_geode_loads_from_the_makers_archive_as_from_the_hub(tmp_path):
    geode.write_archive(tmp_path / "archive")
    (tmp_path / "hub").mkdir()
    geode.write(tmp_path / "hub")
    columns = ["text", "country_iso3", "topic", "region", "license"]
    one, other = (
        load_corpus("geode", data_dir=tmp_path / name, cache_dir=tmp_path / "cache", split="train").select_columns(columns).to_list()
        for name in ("archive", "hub")
    )
    assert one == other
    assert one[0] == {
        "text": "cooking pot",
        "country_iso3": "IDN",
        "topic": "cooking pot",
        "region": "SouthEastAsia",
        "license": "not stated",
    }
