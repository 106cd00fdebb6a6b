"""How long to wait, by arithmetic."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import OutOfRangeError
from hf_regional.network import Retry
from hf_regional.network.retrying import retry_after_s

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@given(attempt=st.integers(0, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_between_half_and_the_whole_of_what_doubling_gives_and_never_longer_than_the_longest(attempt, chance):
    whole = min(30.0, 0.5 * 2.0 ** min(attempt, 100))
    assert whole / 2 <= Retry(first_wait_s=0.5, longest_wait_s=30).wait_s(attempt, chance) <= whole


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 12 "}, 12.0),
        ({"retry-after": "Sat, 31 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sat, 31 Jan 2026 11:00:00 GMT"}, 0.0),  # past
        ({"retry-after": "Sat, 31 Jan 2026 12:00:30 GMT", "date": "Sat, 31 Jan 2026 12:00:20 GMT"}, 10.0),  # by its own clock
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "๕"}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(headers, seconds):
    assert retry_after_s(headers, NOON) == seconds


@given(st.text(max_size=40))
def test_no_header_breaks_the_reader(text):
    waited = retry_after_s({"retry-after": text}, NOON)
    assert waited is None or waited >= 0


def test_a_date_is_as_far_as_it_is():
    later = NOON + timedelta(days=1)
    assert retry_after_s({"retry-after": later.strftime("%a, %d %b %Y %H:%M:%S GMT")}, NOON) == 86_400


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"first_wait_s": -1}, {"longest_wait_s": -1}])
def test_waits_that_make_no_sense_are_refused(wrong):
    with pytest.raises(OutOfRangeError):
        Retry(**wrong)
