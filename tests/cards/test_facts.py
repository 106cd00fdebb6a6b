import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.cards import CardFacts
from hf_regional.errors import DamagedFileError, MissingFileError, NotRecordableError

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    max_leaves=10,
)


def test_a_step_returns_new_facts_and_leaves_the_old_ones():
    before = CardFacts().with_step("base", id="a")
    after = before.with_step("base", id="b").with_step("training", rows=3)
    assert len(before.steps) == 1
    assert after.of("base") == {"kind": "base", "id": "b"}
    assert [step["id"] for step in after.all("base")] == ["a", "b"]
    assert after.of("merging") is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        after.steps = ()


def test_a_list_that_changes_later_changes_no_recorded_fact():
    codes = ["IDN"]
    facts = CardFacts().with_step("filtering", countries=codes)
    codes.append("MYS")
    assert facts.of("filtering")["countries"] == ["IDN"]


@given(plain)
def test_what_is_saved_is_loaded(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("facts")
    facts = CardFacts().with_step("note", value=value)
    facts.save(folder)
    assert CardFacts.load(folder) == facts


def test_the_same_facts_give_the_same_bytes(tmp_path):
    facts = CardFacts().with_step("base", id="ก", n=1)
    first = facts.save(tmp_path).read_bytes()
    assert CardFacts.load(tmp_path).save(tmp_path).read_bytes() == first
    assert json.loads(first)["schema_version"] == 1


def test_numpy_numbers_become_numbers():
    assert CardFacts().with_step("x", a=np.float32(0.5), b=np.int64(3), c=(1, 2)).of("x") == {"kind": "x", "a": 0.5, "b": 3, "c": [1, 2]}


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], object(), {"a": {1, 2}}, "\ud800"])
def test_what_json_cannot_hold_is_refused_by_name(value):
    with pytest.raises(NotRecordableError, match=r"training\.loss cannot be recorded"):
        CardFacts().with_step("training", loss=value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not readable JSON"),
        ("[]", "lacks schema_version 1"),
        ('{"schema_version": 1}', "lacks schema_version 1 and a list of steps"),
        ('{"schema_version": 1, "steps": [{"kind": "base"}, {"id": 3}]}', "step 1 is no mapping with a kind"),
        ('{"schema_version": 2, "steps": []}', "schema 2, this version reads up to 1; upgrade"),
    ],
)
def test_a_damaged_file_is_said(tmp_path, text, message):
    (tmp_path / "regional.json").write_text(text)
    with pytest.raises(DamagedFileError, match=message):
        CardFacts.load(tmp_path)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(MissingFileError, match=r"regional\.json does not exist"):
        CardFacts.load(tmp_path)
