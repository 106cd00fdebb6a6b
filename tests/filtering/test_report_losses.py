"""Who stands out: a language that a rule erased does, a small one that had bad luck does not, and what was asked for never does."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.filtering import filter_regional, only
from hf_regional.filtering.report import Cross, FilterReport
from hf_regional.filtering.report.losses import losses, passages, wilson
from hf_regional.regions import Region

SEA = Region("SEA")


def report_of(rows: dict[str, tuple[int, int]], **more: object) -> FilterReport:
    """Filter rows given by language as (good ones, bad ones)."""
    languages = [language for language, sizes in rows.items() for size in sizes for _ in range(size)]
    scores = [score for sizes in rows.values() for score, size in zip((1.0, 0.0), sizes, strict=True) for _ in range(size)]
    table = pa.table({"language": languages, "score": scores})
    return filter_regional(table, SEA, columns=only("language"), quality="column:score", min_quality=0.5, **more).report  # pyright: ignore[reportArgumentType, reportCallIssue]


def marked(report: FilterReport) -> list[tuple[str, str, str]]:
    return [(loss.passage.group, loss.passage.value, loss.passage.step) for loss in report.losses]


def test_a_language_that_a_quality_rule_erases_stands_out() -> None:
    report = report_of({"id": (900, 100), "th": (450, 50), "lo": (0, 40), "en": (500, 0)})
    assert marked(report) == [("country", "LAO", "quality"), ("language", "lo", "quality")]
    loss = report.losses[1]
    assert loss.is_erased
    assert (loss.passage.came, loss.passage.passed, loss.others_came, loss.others_passed) == (40, 0, 1500, 1350)
    assert "Lao (lo), quality: none of 40 rows passed; of all other languages 90% did (1,350 of 1,500)" in str(report)


def test_most_of_a_language_lost_is_told_apart_from_all_of_it() -> None:
    report = report_of({"id": (900, 100), "lo": (20, 180)})
    assert [(loss.passage.value, loss.is_erased) for loss in report.losses] == [("LAO", False), ("lo", False)]


@pytest.mark.parametrize("lao", [1, 3, 5])
def test_a_few_rows_that_are_all_lost_prove_nothing(lao: int) -> None:
    assert marked(report_of({"id": (900, 100), "lo": (0, lao)})) == []


def test_a_loss_that_all_share_is_nobodys() -> None:
    assert marked(report_of({"id": (100, 900), "th": (50, 450), "lo": (4, 36)})) == []


def test_chance_marks_next_to_nothing() -> None:
    """A rule that is blind to languages keeps half of the rows; 200 corpora of 30 languages of 1 to 400 rows."""
    draw = np.random.default_rng(0)
    false = 0
    for _ in range(200):
        crosses: dict[Cross, int] = {}
        for number, size in enumerate(draw.integers(1, 400, 30)):
            passed = int(draw.binomial(size, 0.5))
            crosses[Cross("language", str(number), "", "kept")] = passed
            crosses[Cross("language", str(number), "quality", "none")] = int(size) - passed
        false += bool(losses(passages(crosses), lambda *_: True))
    assert false <= 2


def test_the_region_step_is_asked_for_the_regions_own_alone() -> None:
    """English and Japanese go, as they should; Lao that a rule for countries cannot see does stand out."""
    assert marked(report_of({"id": (900, 0), "en": (400, 0), "ja": (300, 0)})) == []
    table = pa.table({"language": ["id"] * 500 + ["lo"] * 50 + ["ja"] * 90, "country": ["IDN"] * 500 + [None] * 50 + ["JPN"] * 90})
    report = filter_regional(table, SEA, columns={**only("country"), "country": "country"}).report
    assert marked(report) == [("language", "lo", "region")]


def test_what_was_to_be_left_out_is_no_loss_but_what_goes_with_it_is() -> None:
    languages = ["id"] * 500 + ["lo"] * 60
    sources = ["web"] * 500 + ["wiki"] * 60
    table = pa.table({"language": languages, "source": sources})
    by_source = filter_regional(table, SEA, exclude={"source": ["wiki"]}).report
    assert marked(by_source) == [("country", "LAO", "exclusion"), ("language", "lo", "exclusion")]
    by_language = filter_regional(table, SEA, exclude={"language": ["Lao"]}).report
    assert ("language", "lo", "exclusion") not in marked(by_language)


@given(st.integers(1, 500), st.data(), st.floats(0.5, 5))
def test_wilsons_interval_holds_the_shares_that_a_score_test_does_not_reject(came: int, data: st.DataObject, z: float) -> None:
    """The reference: its ends p solve (share - p)² = z²·p·(1 - p)/n."""
    passed = data.draw(st.integers(0, came))
    low, high = wilson(passed, came, z)
    share = passed / came
    roots = np.roots([1 + z * z / came, -(2 * share + z * z / came), share * share])
    assert np.allclose(sorted(roots.real), [low, high], atol=1e-9)
    assert low - 1e-12 <= share <= high + 1e-12


def test_steps_follow_each_other() -> None:
    steps = passages(
        {
            Cross("language", "lo", "region", "other"): 3,
            Cross("language", "lo", "quality", "none"): 2,
            Cross("language", "lo", "", "kept"): 5,
        }
    )["language"]["lo"]
    assert [(name, passage.came, passage.passed) for name, passage in steps.items() if passage.lost] == [
        ("region", 10, 7),
        ("quality", 7, 5),
    ]
    assert [*steps.values()][-1].passed == 5
