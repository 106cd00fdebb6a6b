"""The trap set: what the filter makes of rows that it was not written against, and of those that it was."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import trap_set

from hf_regional.regions import Region

SEA = Region("SEA").countries


@pytest.fixture(scope="module", params=["frozen", "develop"])
def half(request: pytest.FixtureRequest) -> tuple[list[dict[str, Any]], list[frozenset[str]]]:
    rows = trap_set.rows_of(request.param)
    return rows, trap_set.answers(rows)


def test_the_set_is_what_it_says(half: Any) -> None:
    rows, _ = half
    languages = trap_set.by(rows, [frozenset()] * len(rows), "language")
    elsewhere = sum(not set(row["countries"]) & set(SEA) for row in rows)
    assert len(rows) >= 300
    assert len(languages) >= 12
    assert elsewhere >= 0.4 * len(rows)
    assert len({row["id"] for row in rows}) == len(rows)


def test_precision_and_recall_keep_their_bounds(half: Any) -> None:
    rows, found = half
    for score in (trap_set.score(rows, found), trap_set.score(rows, found, SEA)):
        assert score.precision >= 0.93, str(score)
        assert score.recall >= 0.88, str(score)


def test_no_language_is_left_behind(half: Any) -> None:
    rows, found = half
    scores = {language: score for language, score in trap_set.by(rows, found, "language").items() if score.wanted >= trap_set.LEAST_ROWS}
    assert len(scores) >= 12
    assert not {language: str(score) for language, score in scores.items() if score.recall < 0.75}


def test_every_kind_of_evidence_in_the_set_adds_something(half: Any) -> None:
    rows, found = half
    whole = trap_set.score(rows, found)
    for kind in ("country", "place", "text", "url", "language", "detected"):
        without = trap_set.score(rows, trap_set.answers(rows, [other for other in trap_set.IN_COLUMNS if other != kind]))
        assert without.recall < whole.recall, kind
