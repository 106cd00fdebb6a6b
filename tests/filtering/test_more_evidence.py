"""Evidence by the front door: own words, coordinates, reference pictures, detected languages, places; each named and switchable."""

import io
import pickle
from pathlib import Path

import pyarrow as pa
import pytest
from PIL import Image

from hf_regional.errors import BadRowError, ConfigError, MissingColumnError, MissingFileError
from hf_regional.filtering import filter_regional, judge, make_plan
from hf_regional.filtering.evidence.matchers import matcher_of
from hf_regional.filtering.evidence.references import References
from hf_regional.regions import Region
from tiny_towers import save_towers

SEA = Region("SEA")


def judged(rows: dict[str, list[object]], region: Region = SEA, **more: object) -> tuple[list[str], list[list[str]]]:
    data = filter_regional(pa.table(rows), region, mode="annotate", **more).data  # pyright: ignore[reportCallIssue, reportArgumentType]
    return data["region_verdict"].to_pylist(), data["region_countries"].to_pylist()


def test_words_of_the_users_own_name_a_country() -> None:
    rows: dict[str, list[object]] = {"text": ["Morning at Zorblat Corner", "Evening elsewhere"]}
    assert judged(rows)[1] == [[], []]
    assert judged(rows, terms={"Zorblat Corner": "Indonesia"}) == (["kept", "other"], [["IDN"], []])


def test_a_file_of_own_words_travels_by_its_content(tmp_path: Path) -> None:
    file, region = tmp_path / "terms.csv", Region("SEA")
    file.write_text("text,country,weight\nZorblat Corner,Indonesia,0.75\n", encoding="utf-8")
    rows = pa.table({"text": ["Morning at Zorblat Corner"]})
    plan = make_plan(["text"], region, terms=file)
    file.unlink()  # another machine never had it
    matcher_of.cache_clear()
    judged, _ = judge(rows, pickle.loads(pickle.dumps(plan)))
    assert judged["region_countries"].to_pylist() == [["IDN"]]
    assert plan.settings()["terms"]["first"] == ["Zorblat Corner = IDN"]  # pyright: ignore[reportIndexIssue]
    file.write_text("text,country,weight\nZorblat Corner,Indonesia,1\n", encoding="utf-8")
    assert make_plan(["text"], region, terms=file).settings()["terms"] != plan.settings()["terms"]


def test_own_words_that_cannot_be_read_are_refused_before_any_row() -> None:
    with pytest.raises(BadRowError, match="Atlantis"):
        judged({"text": ["x"]}, terms={"Zorblat Corner": "Atlantis"})
    with pytest.raises(MissingFileError, match=r"none\.csv"):
        judged({"text": ["x"]}, terms="none.csv")


def test_coordinates_are_found_under_their_usual_names() -> None:
    rows: dict[str, list[object]] = {"lat": [13.75, 48.86, None], "lon": [100.5, 2.35, None]}
    assert judged(rows) == (["kept", "other", "none"], [["THA"], ["FRA"], []])


def test_a_place_column_outranks_a_caption() -> None:
    rows: dict[str, list[object]] = {"text": ["Pho for lunch in Hanoi"], "location": ["Paris, France"]}
    assert judged(rows) == (["other"], [["FRA"]])
    assert judged(rows, columns={"place": None}) == (["kept"], [["VNM"]])


def test_a_language_is_heard_where_nothing_else_speaks() -> None:
    rows: dict[str, list[object]] = {"text": ["แมวสีส้มนอนหลับอยู่บนโซฟาในห้องนั่งเล่น"]}
    assert judged(rows) == (["kept"], [["THA"]])
    assert judged(rows, columns={"detected": None}) == (["none"], [[]])


def test_a_language_names_no_country_outside_the_region() -> None:
    rows: dict[str, list[object]] = {"text": ["แมวสีส้มนอนหลับอยู่บนโซฟาในห้องนั่งเล่น"]}
    assert judged(rows, Region("FRA")) == (["other"], [[]])


@pytest.fixture(scope="module")
def towers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_towers("clip", tmp_path_factory.mktemp("towers"))


def png(colour: str) -> dict[str, object]:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "png")
    return {"bytes": file.getvalue(), "path": None}


def test_pictures_like_those_of_a_country_are_from_there(towers: Path) -> None:
    pictures = pa.table({"image": [png("red"), png("blue")], "country_iso3": ["THA", "FRA"]})
    references = References.of(pictures, towers, threshold=0.9999)  # only the picture itself, of a model that learned nothing
    rows: dict[str, list[object]] = {"image": [png("red"), png("blue"), {"bytes": b"no picture", "path": None}]}
    assert judged(rows, references=references) == (["kept", "other", "none"], [["THA"], ["FRA"], []])
    report = filter_regional(pa.table(rows), SEA, references=references).report
    assert report.as_dict()["settings"]["references"]["countries"] == ["FRA", "THA"]  # pyright: ignore[reportIndexIssue]
    assert "no picture that can be opened" in str(report.unknown)


def test_pictures_are_compared_only_with_references_of_known_countries(towers: Path) -> None:
    with pytest.raises(ConfigError, match=r"references=References\.of"):
        judged({"image": [png("red")]}, columns={"image": "image"})
    with pytest.raises(ConfigError, match="which is no country"):
        References.of(pa.table({"image": [png("red")], "country_iso3": ["XX"]}), towers)
    with pytest.raises(MissingColumnError, match="no column 'country_iso3'"):
        References.of(pa.table({"image": [png("red")]}), towers)
