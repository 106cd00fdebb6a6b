"""What the report counts: every row once in every group, whatever the batches; the same as a plain loop would count."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_regional.filtering import filter_regional, make_plan, only
from hf_regional.filtering.kernel import judge
from hf_regional.filtering.plan import Plan
from hf_regional.filtering.report import Counts, Cross, Tally
from hf_regional.filtering.report.counts import MOST_VALUES, TOO_MANY
from hf_regional.filtering.report.steps import STEPS, step_of
from hf_regional.regions import Region

SEA = Region("SEA")
LANGUAGES = ["id", "lo", "en", "ind", None, "Klingonese", "ms"]
COUNTRIES = ["Laos", None, "Canada, Laos", "Malaysia", "Atlantis", "FR", None]
SOURCES = ["web", "wiki", None]
ROWS = st.lists(
    st.tuples(st.sampled_from(LANGUAGES), st.sampled_from(COUNTRIES), st.sampled_from(SOURCES), st.sampled_from([0.1, 0.9, None])),
    min_size=1,
    max_size=40,
)


def table_of(rows: list[tuple[Any, ...]]) -> pa.Table:
    types = {"language": pa.string(), "country": pa.string(), "source": pa.string(), "score": pa.float64()}
    return pa.table({name: pa.array([row[place] for row in rows], kind) for place, (name, kind) in enumerate(types.items())})


def plan_of(table: pa.Table, **more: Any) -> Plan:
    settings: dict[str, Any] = {
        "quality": "column:score",
        "min_quality": 0.5,
        "exclude": {"source": ["wiki"]},
        "columns": only("country", "language"),
    }
    return make_plan(table.column_names, SEA, **{**settings, **more})


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_every_group_adds_up_to_the_rows_and_to_every_verdict(rows: list[tuple[Any, ...]]) -> None:
    table = table_of(rows)
    _, counts = judge(table, plan_of(table))
    verdicts = Counter[str]()
    for outcome, size in counts.outcomes.items():
        verdicts[outcome.verdict] += size
    assert verdicts.total() == len(rows)
    for group in ("country", "language", "source", "evidence"):
        of_group = Counter[str]()
        for cross, size in counts.crosses.items():
            of_group[cross.verdict] += size if cross.group == group else 0
        assert +of_group == +verdicts, group


@settings(deadline=None, max_examples=60)
@given(ROWS, st.integers(1, 7))
def test_batches_of_any_size_count_the_same_in_any_order(rows: list[tuple[Any, ...]], size: int) -> None:
    table = table_of(rows)
    plan = plan_of(table)
    _, whole = judge(table, plan)
    parts = [judge(table.slice(start, size), plan)[1] for start in range(0, len(rows), size)]
    for order in (parts, parts[::-1]):
        summed, tally = Counts(), Tally()
        for number, part in enumerate(order):
            summed.update(Counts.from_json(part.as_json()))
            tally.put("", number, part)
            tally.put("", number, part)  # a batch that comes again replaces itself
        for found in (summed, tally.total()):
            assert found.outcomes == whole.outcomes
            assert found.crosses == whole.crosses
            assert found.unknown == whole.unknown


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_crosses_are_what_a_loop_over_the_rows_counts(rows: list[tuple[Any, ...]]) -> None:
    table = table_of(rows)
    judged, counts = judge(table, plan_of(table))
    verdicts, countries = judged["region_verdict"].to_pylist(), judged["region_countries"].to_pylist()
    language = {"id": "id", "ind": "id", "lo": "lo", "en": "en", "ms": "ms", None: "(none)", "Klingonese": "(unknown)"}
    expected = Counter[tuple[str, str, str]]()
    for (tongue, _, source, _), verdict, codes in zip(rows, verdicts, countries, strict=True):
        inside = [code for code in codes if code in SEA.countries]
        expected["language", language[tongue], verdict] += 1
        expected["source", source or "(none)", verdict] += 1
        expected["country", (inside or codes or ["(none)"])[0], verdict] += 1
    found = Counter[tuple[str, str, str]]()
    for cross, size in counts.crosses.items():
        if cross.group != "evidence":
            found[cross.group, cross.value, cross.verdict] += size
    assert found == expected


def test_a_row_is_counted_at_the_step_that_took_it() -> None:
    table = table_of([("lo", None, "web", 0.1), ("lo", None, "web", 0.9), ("en", None, "web", 0.9), ("lo", None, "wiki", 0.9)])
    _, counts = judge(table, plan_of(table))
    of_language = {cross: rows for cross, rows in counts.crosses.items() if cross.group == "language"}
    assert of_language == {
        Cross("language", "lo", "quality", "none"): 1,
        Cross("language", "lo", "", "kept"): 1,
        Cross("language", "en", "region", "other"): 1,
        Cross("language", "lo", "exclusion", "none"): 1,
    }
    assert step_of("opt-out:noai") == "licence"
    assert [step.name for step in STEPS if step.prefixes == ()] == ["region"]


def test_a_country_inside_the_region_goes_before_one_outside() -> None:
    table = table_of([("en", "Canada, Laos", "web", 0.9), ("en", "Canada", "web", 0.9)])
    report = filter_regional(table, SEA, columns=only("country"), quality="column:score", min_quality=0.5).report
    assert {value: steps["quality"].passed for value, steps in report.groups["country"].items()} == {"LAO": 1, "CAN": 0}


def test_without_a_region_countries_come_from_their_column() -> None:
    table = pa.table({"country": ["Laos", "LA", None, "Atlantis"], "score": [1.0, 0.0, 1.0, 1.0]})
    report = filter_regional(table, None, quality="column:score", min_quality=0.5).report
    assert {value: steps["quality"].came for value, steps in report.groups["country"].items()} == {"LAO": 2, "(none)": 1, "(unknown)": 1}
    assert "evidence" not in report.groups


def test_a_language_that_was_detected_counts_where_the_column_is_empty() -> None:
    table = pa.table({"text": ["ສະບາຍດີຊາວໂລກທຸກຄົນ", "สวัสดีชาวโลกทุกคน"], "language": [None, "vi"]})
    report = filter_regional(table, SEA).report
    assert [*report.groups["language"]] == ["lo", "vi"]


@pytest.mark.parametrize(("values", "is_one"), [(MOST_VALUES, False), (MOST_VALUES + 1, True)])
def test_too_many_values_are_counted_as_one_and_it_is_said(values: int, is_one: bool) -> None:
    table = pa.table({"language": ["id"] * values, "source": [f"site {number}" for number in range(values)]})
    report = filter_regional(table, SEA).report
    found = report.groups["source"]
    assert (TOO_MANY in found) == is_one
    assert len(found) == (1 if is_one else values)
    assert sum(steps["region"].came for steps in found.values()) == values
    assert ("more than 2,000 different sources" in report.to_markdown()) == is_one


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 3000), min_size=3, max_size=3))
def test_what_is_too_many_does_not_depend_on_the_order_of_the_parts(sizes: list[int]) -> None:
    parts: list[Counts] = []
    for number, size in enumerate(sizes):
        counts = Counts()
        counts.crosses.update({Cross("source", f"{(number * 700 + value) % 3000}", "", "kept"): 1 for value in range(size)})
        parts.append(counts)
    sums = [Counts() for _ in range(3)]
    for place, summed in enumerate(sums):
        for part in (*parts[place:], *parts[:place]):
            summed.update(part)
    nested = Counts()
    for pair in (parts[:1], parts[1:]):
        inner = Counts()
        for part in pair:
            inner.update(part)
        nested.update(inner)
    assert all(summed.crosses == sums[0].crosses for summed in (*sums, nested))
    assert sums[0].crosses.total() == sum(sizes)


def test_columns_that_rows_are_counted_by_alone_never_stop_a_filter() -> None:
    odd = pa.array([b"caf\xe9", b"web", None]).cast(pa.binary()).view(pa.string())
    nested = pa.array([{"a": 1}, None, {"a": 2}])
    table = pa.table({"language": ["id", "lo", "en"], "source": odd, "license": nested})
    report = filter_regional(table, SEA).report
    assert report.by_verdict == {"kept": 2, "other": 1, "ambiguous": 0, "none": 0}
    assert {value: steps["region"].came for value, steps in report.groups["source"].items()} == {"(none)": 2, "web": 1}
    assert [*report.groups["licence"]] == ["(not text)"]
    labelled = pa.table({"language": ["id", "lo"], "source": [["a", "b"], []]})
    assert [*filter_regional(labelled, SEA).report.groups["source"]] == ["(none)", "a, b"]


def test_a_stream_of_python_rows_may_hold_anything_in_such_a_column() -> None:
    from datasets import IterableDataset

    rows = [{"language": "id", "source": 3}, {"language": "lo", "source": "web"}, {"language": "lo", "source": "\ud800"}]
    filtered = filter_regional(IterableDataset.from_generator(lambda: iter(rows)), SEA)
    assert len([*filtered.data]) == 3
    assert {value: steps["region"].came for value, steps in filtered.report.groups["source"].items()} == {"3": 1, "web": 1, "\ufffd": 1}
