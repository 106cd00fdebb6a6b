"""The mixin: over builders and over any class with rows, with what the class knows of its own."""

from collections.abc import Iterator
from typing import Any, ClassVar

import datasets
import numpy as np
import pyarrow as pa
import pytest

from hf_regional import RegionalFilter
from hf_regional.errors import ConfigError, NoRowsError
from hf_regional.filtering import filter_regional
from hf_regional.regions import Region

STALLS = [
    {"file": "bkk-1.jpg", "votes": 9, "views": 10},
    {"file": "sgn-1.jpg", "votes": 1, "views": 10},
    {"file": "par-1.jpg", "votes": 9, "views": 10},
    {"file": "0001.jpg", "votes": 9, "views": 10},
]
CITIES = {"bkk": "THA", "sgn": "Viet Nam", "par": "FRA"}


class StreetFood(RegionalFilter):
    """A class of somebody's that only yields dicts."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(STALLS)

    def locate(self, row: dict[str, Any]) -> str | None:
        return CITIES.get(row["file"][:3])

    def quality(self, row: dict[str, Any]) -> float:
        return row["votes"] / row["views"]


def files(rows: Any) -> list[str]:
    return [row["file"] for row in rows]


def test_a_class_says_itself_where_its_rows_are_from() -> None:
    found = StreetFood().filter_regional("SEA")
    assert files(found.data) == ["bkk-1.jpg", "sgn-1.jpg"]
    assert found.report.by_reason == {"locate:FRA": 1, "locate:THA": 1, "locate:VNM": 1, "no-evidence": 1}
    assert found.data[1]["region_evidence"][0] | {"start": 0, "end": 0} == {
        "kind": "locate",
        "value": "Viet Nam",
        "country": "VNM",
        "confidence": 1.0,
        "column": "locate",
        "start": 0,
        "end": 0,
    }


def test_a_class_says_itself_how_good_its_rows_are() -> None:
    found = StreetFood().filter_regional("SEA", min_quality=0.5)
    assert files(found.data) == ["bkk-1.jpg"]
    assert found.report.by_reason["quality:below"] == 1


def test_the_quality_of_a_row_is_asked_where_the_region_selects_it_and_leaves_no_column() -> None:
    asked: list[str] = []

    class Asked(StreetFood):
        def rows(self) -> pa.Table:
            return pa.Table.from_pylist(STALLS)

        def quality(self, row: dict[str, Any]) -> float | None:  # pyright: ignore[reportIncompatibleMethodOverride]
            asked.append(row["file"])
            return None if row["file"].startswith("sgn") else super().quality(row)

    found = Asked().filter_regional("SEA", min_quality=0.5)
    assert asked == ["bkk-1.jpg", "sgn-1.jpg"]
    assert found.report.by_reason["quality:missing"] == 1
    assert found.data.column_names[:3] == ["file", "votes", "views"]
    assert len(found.data.column_names) == 6


@pytest.mark.parametrize(
    ("answer", "verdict"), [(1, "kept"), (True, "kept"), (0.49, "none"), (float("nan"), "none"), (np.float32(0.5), "kept")]
)
def test_what_a_score_may_be(answer: Any, verdict: str) -> None:
    class Scored(StreetFood):
        def quality(self, row: dict[str, Any]) -> Any:
            return answer

    assert Scored().filter_regional("SEA", min_quality=0.5, mode="annotate").data[0]["region_verdict"] == verdict


def test_a_score_that_is_none_of_these_is_named() -> None:
    class Worded(StreetFood):
        def quality(self, row: dict[str, Any]) -> Any:
            return "good"

    with pytest.raises(ConfigError, match="quality gave 'good'"):
        Worded().filter_regional("SEA", min_quality=0.5)


def test_what_the_class_knows_outranks_its_columns_and_they_speak_where_it_is_silent() -> None:
    class Tagged(StreetFood):
        def rows(self) -> datasets.Dataset:
            return datasets.Dataset.from_list([{**stall, "country": country} for stall, country in zip(STALLS, "LLFL", strict=True)])

    class Labelled(Tagged):
        def rows(self) -> datasets.Dataset:
            return super().rows().map(lambda row: {"country": {"L": "Laos", "F": "France"}[row["country"]]})

    found = Labelled().filter_regional("LAO")
    assert files(found.data) == ["0001.jpg"]
    assert found.report.by_verdict == {"kept": 1, "other": 3, "ambiguous": 0, "none": 0}


def test_a_builder_is_built_and_filtered_split_by_split(tmp_path: Any) -> None:
    class Corpus(RegionalFilter, datasets.GeneratorBasedBuilder):
        region_columns: ClassVar[Any] = {"language": "lang"}

        def _info(self) -> datasets.DatasetInfo:
            return datasets.DatasetInfo(features=datasets.Features({"lang": datasets.Value("string")}))

        def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
            return [datasets.SplitGenerator(name, gen_kwargs={"langs": langs}) for name, langs in (("train", "id en"), ("test", "th fr"))]

        def _generate_examples(self, langs: str) -> Iterator[tuple[Any, dict[str, Any]]]:  # pyright: ignore[reportIncompatibleMethodOverride]
            yield from enumerate({"lang": lang} for lang in langs.split())

    found = Corpus(cache_dir=str(tmp_path)).filter_regional("SEA")
    assert {name: split["lang"] for name, split in found.data.items()} == {"train": ["id"], "test": ["th"]}


def test_hooks_that_a_class_lacks_are_not_asked() -> None:
    class Plain(RegionalFilter):
        def rows(self) -> pa.Table | datasets.Dataset:
            return datasets.Dataset.from_dict({"language": ["id", "en"]})

    assert Plain().filter_regional("SEA").report.kept == 1
    with pytest.raises(ConfigError, match="Plain has no method quality"):
        Plain().filter_regional("SEA", min_quality=1)


def test_a_class_without_rows_says_so() -> None:
    class Empty(RegionalFilter):
        pass

    with pytest.raises(ConfigError, match="Empty has no rows"):
        Empty().filter_regional("SEA")


@pytest.mark.parametrize(
    ("answer", "verdict", "countries"),
    [
        ("Laos", "kept", ["LAO"]),
        (["LAO", "France"], "kept", ["FRA", "LAO"]),
        ({"THA": 0.7, "LAO": 0.3}, "kept", ["THA"]),
        ({"THA": 0.4, "LAO": 0.3}, "ambiguous", []),
        ({"FRA": 0.9}, "other", ["FRA"]),
        (None, "none", []),
        ("Atlantis", "none", []),
        ([], "none", []),
    ],
)
def test_what_a_hook_may_answer(answer: Any, verdict: str, countries: list[str]) -> None:
    found = filter_regional(pa.table({"x": [1]}), Region("SEA"), locate=lambda row: answer, mode="annotate")
    assert found.data["region_verdict"].to_pylist() == [verdict]
    assert found.data["region_countries"].to_pylist() == [countries]


def test_a_country_that_a_hook_misspells_is_named() -> None:
    with pytest.raises(NoRowsError, match="locate:unknown 1"):
        filter_regional(pa.table({"x": [1]}), Region("SEA"), locate=lambda row: "Atlantis")
    with pytest.raises(ConfigError, match="locate gave 7"):
        filter_regional(pa.table({"x": [1]}), Region("SEA"), locate=lambda row: 7)  # pyright: ignore[reportArgumentType, reportCallIssue]
