import csv
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hf_regional import records
from hf_regional.corpora import load_corpus
from hf_regional.corpora.csv_rows import read_sheet, split_of_content
from hf_regional.errors import BadRowError, ConfigError, DamagedFileError, MissingColumnError, MissingFileError, NoRowsError

HEADERS = ("file_name", "text")


@pytest.fixture
def folder(tmp_path):
    """Three pictures of one colour each."""
    for number, name in enumerate(("a.png", "b.png", "c.png")):
        Image.new("RGB", (4, 3), (number, 0, 0)).save(tmp_path / name)
    return tmp_path


def write(folder, rows, headers=HEADERS, name="metadata.csv"):
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([headers, *rows])
    return folder


def load(folder, **options):
    return load_corpus("imagefolder+csv", data_dir=folder, cache_dir=folder / "cache", **options)


def test_names_of_countries_become_alpha_3_and_codes_of_languages_become_cldrs(folder):
    rows = [("a.png", "wayang", "Indonesia", "ind", "train"), ("b.png", "phở", "Viet Nam", "vi", "val")]
    data = load(write(folder, rows, ("file_name", "caption", "country", "language", "split")))
    assert list(data) == ["train", "validation"]
    row = data["train"][0]
    assert row.pop("image").size == (4, 3)
    assert row == {
        "text": "wayang",
        "language": "id",
        "country_iso3": "IDN",
        "topic": None,
        "source": None,
        "license": None,
        "id": "a.png",
    }
    assert data["validation"]["country_iso3"][:] == ["VNM"]
    assert data["train"].column_names == list(records.PAIRS)


def test_a_stream_gives_the_same_rows(folder):
    write(folder, [("a.png", "one", "train"), ("b.png", "two", "train")], (*HEADERS, "split"))
    prepared, stream = load(folder, split="train"), load(folder, split="train", streaming=True)
    assert [row["text"] for row in stream] == prepared["text"][:] == ["one", "two"]
    assert stream.features == prepared.features


def test_columns_are_found_under_the_headers_one_says(folder):
    write(folder, [("a.png", "one", "Laos", "train")], ("picture", "what", "made in", "part"), "own.csv")
    columns = {"image": "picture", "text": "what", "country": "made in", "split": "part"}
    data = load(folder, metadata="own.csv", columns=columns, split="train")
    assert (data["text"][0], data["country_iso3"][0]) == ("one", "LAO")


def test_other_columns_come_along_and_only_those_of_plain_numbers_are_numbers(folder):
    headers = (*HEADERS, "split", "score", "code", "note")
    write(folder, [("a.png", "x", "train", "4.5", "007", "old"), ("b.png", "y", "train", "", "12", "")], headers)
    data = load(folder, split="train")
    assert [data[name][:] for name in ("score", "code", "note")] == [[4.5, None], ["007", "12"], ["old", None]]


def test_a_column_of_scores_serves_as_the_quality(folder):
    write(folder, [("a.png", "x", "train", "4.5"), ("b.png", "y", "train", "3")], (*HEADERS, "split", "score"))
    found = load(folder, split="train", quality="column:score", min_quality=4)
    assert (found.data["text"][:], found.dropped["text"][:]) == (["x"], ["y"])


def test_a_region_filters_by_country(folder):
    write(folder, [("a.png", "x", "Myanmar", "train"), ("b.png", "y", "PER", "train")], (*HEADERS, "country", "split"))
    found = load(folder, region="SEA", split="train")
    assert (found.data["country_iso3"][:], found.dropped["country_iso3"][:]) == (["MMR"], ["PER"])


def test_where_no_split_stands_the_bytes_of_a_picture_decide_whatever_its_name_and_text(folder):
    (folder / "copy.png").write_bytes((folder / "a.png").read_bytes())
    data = load(write(folder, [("a.png", "one"), ("copy.png", "two"), ("a.png", "three")]))
    assert [sorted(rows["id"]) for rows in data.values()] == [["a.png", "a.png#2", "copy.png"]]


@given(content=st.binary(max_size=64))
def test_the_side_of_a_content_is_always_the_same(tmp_path_factory, content):
    first, second = (tmp_path_factory.getbasetemp() / name for name in ("first", "second"))
    first.write_bytes(content)
    second.write_bytes(content)
    assert split_of_content(first) == split_of_content(second) in {"train", "validation", "test"}


def test_400_pictures_part_near_70_15_15_and_these_three_for_ever_so(tmp_path):
    drawn = []
    for number in range(400):
        (tmp_path / "file").write_bytes(str(number).encode())
        drawn.append(split_of_content(tmp_path / "file"))
    assert drawn[:3] == ["train", "train", "test"]
    # Three standard deviations of 400 draws at 15 % are 21 rows.
    assert abs(drawn.count("validation") - 60) <= 21
    assert abs(drawn.count("test") - 60) <= 21


def test_an_edited_csv_is_not_answered_from_the_cache_of_the_old_one(folder):
    headers = (*HEADERS, "split")
    assert load(write(folder, [("a.png", "old", "train")], headers), split="train")["text"][:] == ["old"]
    assert load(write(folder, [("a.png", "new", "train")], headers), split="train")["text"][:] == ["new"]


def test_a_picture_that_was_replaced_is_drawn_to_its_side_anew(folder):
    write(folder, [("a.png", "x")])
    before = load(folder)
    (folder / "a.png").write_bytes((folder / "b.png").read_bytes())
    os.utime(folder / "a.png", (1, 1))
    after = load(folder)
    assert list(after) == [split_of_content(folder / "b.png")]
    assert list(before) == ["train"]


BAD_ROWS = {
    "no such picture": (("z.png", "x"), MissingFileError, r"metadata\.csv, line 2: there is no picture .*z\.png"),
    "no text": (("a.png", " "), BadRowError, r"line 2: column 'text' is empty"),
    "too many cells": (("a.png", "x", "y"), BadRowError, r"line 2: more cells than headers"),
    "too few cells": (("a.png",), BadRowError, r"line 2: fewer cells than headers"),
    "a way out": (("../a.png", "x"), BadRowError, r"line 2: '\.\./a\.png' leads out of the folder"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_an_error_that_names_its_line(folder, name):
    row, error, message = BAD_ROWS[name]
    with pytest.raises(error, match=message):
        load(write(folder, [row]))


BAD_CELLS = {
    "country": ("Atlantis", r"line 3: 'Atlantis' in column 'country' names no country"),
    "language": ("Klingonese", r"line 3: 'Klingonese' in column 'language' names no language"),
    "split": ("my part", r"line 3: 'my part' is no name of a split"),
    "id": ("first", r"line 3: the id 'first' is there already"),
}
GOOD_CELLS = {"country": "Laos", "language": "lo", "split": "train", "id": "first"}


@pytest.mark.parametrize("column", BAD_CELLS)
def test_a_cell_that_means_nothing_is_an_error_that_names_line_and_column(folder, column):
    cell, message = BAD_CELLS[column]
    write(folder, [("a.png", "x", GOOD_CELLS[column]), ("b.png", "y", cell)], (*HEADERS, column))
    with pytest.raises(BadRowError, match=message):
        load(folder)


def test_a_file_that_is_no_picture_is_an_error_that_names_its_line(folder):
    (folder / "a.png").write_text("no picture")
    with pytest.raises(BadRowError, match=r"line 2: .*a\.png is no picture that can be opened"):
        load(write(folder, [("a.png", "x")]))


def test_a_missing_column_is_named_with_those_there_are(folder):
    with pytest.raises(MissingColumnError, match=r"lacks a column for text \(text or caption\); it has: file_name, words"):
        load(write(folder, [("a.png", "x")], ("file_name", "words")))
    with pytest.raises(MissingColumnError, match="has no column wrds; it has: file_name, words") as caught:
        load(folder, columns={"text": "wrds"})
    assert caught.value.missing == {"wrds"}


def test_a_column_that_the_view_does_not_have_is_refused_with_the_nearest(folder):
    with pytest.raises(ConfigError, match=r"no column 'txt' in the view\. Did you mean 'text'\?"):
        load(write(folder, [("a.png", "x")]), columns={"txt": "text"})


def test_an_empty_a_double_headed_and_a_latin_1_csv_are_each_named(folder):
    with pytest.raises(NoRowsError, match=r"metadata\.csv has a header and no row"):
        read_sheet(write(folder, []) / "metadata.csv")
    with pytest.raises(DamagedFileError, match="two columns of one name: text"):
        read_sheet(write(folder, [("a.png", "x", "y")], (*HEADERS, "text")) / "metadata.csv")
    (folder / "metadata.csv").write_bytes("file_name,text\na.png,café\n".encode("latin-1"))
    with pytest.raises(DamagedFileError, match="no CSV in UTF-8"):
        read_sheet(folder / "metadata.csv")


def test_a_missing_folder_and_a_missing_csv_are_named(folder):
    with pytest.raises(ConfigError, match="needs data_dir="):
        load_corpus("imagefolder+csv")
    with pytest.raises(MissingFileError, match=r"there is no folder .*nowhere"):
        load_corpus("imagefolder+csv", data_dir=folder / "nowhere")
    with pytest.raises(MissingFileError, match=r"there is no file .*metadata\.csv"):
        load(folder)


def test_photographs_of_29_homes_load_with_their_topics_as_texts(shared, tmp_path):
    sample = shared / "data" / "dollar_street_sample"
    data = load_corpus("imagefolder+csv", data_dir=sample, columns={"text": "topic"}, cache_dir=tmp_path)
    assert sum(len(rows) for rows in data.values()) == 29
    assert {text for rows in data.values() for text in rows["text"]} == {"bed", "toothbrush"}
    assert data["train"].features["monthly_income_usd"].dtype == "float64"
    assert data["train"][0]["image"].mode == "RGB"
    assert {country for rows in data.values() for country in rows["country_iso3"]} >= {"USA", "KEN", "IND"}
