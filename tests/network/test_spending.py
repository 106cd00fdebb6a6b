"""Budgets: the limit holds whatever the order of the requests."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import OutOfRangeError, SpendLimitError
from hf_regional.network import Spending


def test_what_was_settled_counts_and_not_the_estimate():
    budget = Spending(1.0)
    for _ in range(10):
        with budget.reserve(0.5) as bill:
            bill.settle(0.05)
    assert budget.spent == pytest.approx(0.5)


def test_a_request_that_would_pass_the_limit_is_refused_before_it_is_made():
    budget = Spending(1.0)
    with budget.reserve(0.6) as bill:
        bill.settle(0.6)
    with pytest.raises(SpendLimitError, match=r"0.6 of the limit 1 is spent, and the next request may cost 0.5"), budget.reserve(0.5):
        pytest.fail("it was let through")
    assert budget.spent == 0.6


def test_an_answer_without_a_price_costs_its_estimate_and_each_lost_attempt_too():
    budget = Spending()
    with budget.reserve(0.1) as bill:
        bill.lost()
        bill.lost()
        bill.settle(None)
    assert budget.spent == pytest.approx(0.3)


def test_a_request_that_fails_unasked_costs_nothing():
    budget = Spending(1.0)
    with pytest.raises(ZeroDivisionError), budget.reserve(1.0):
        raise ZeroDivisionError
    assert budget.spent == 0
    with budget.reserve(1.0) as bill:
        bill.settle(1.0)


def test_a_request_waits_for_reserves_that_may_turn_out_cheaper():
    budget, order = Spending(1.0), []

    def first() -> None:
        with budget.reserve(0.9) as bill:
            started.set()
            time.sleep(0.1)
            order.append("first settles")
            bill.settle(0.1)

    started, thread = threading.Event(), threading.Thread(target=first)
    thread.start()
    started.wait()
    with budget.reserve(0.9) as bill:
        order.append("second begins")
        bill.settle(0.1)
    thread.join()
    assert order == ["first settles", "second begins"]
    assert budget.spent == pytest.approx(0.2)


@given(costs=st.lists(st.floats(0, 1), max_size=30), limit=st.floats(0, 5))
def test_with_honest_estimates_the_limit_is_never_passed(costs, limit):
    budget = Spending(limit)
    for cost in costs:
        try:
            with budget.reserve(cost) as bill:
                bill.settle(cost)
        except SpendLimitError:
            assert budget.spent + cost > limit
    assert budget.spent <= limit


@pytest.mark.parametrize("limit", [-1.0, float("nan")])
def test_a_limit_below_zero_is_none(limit):
    with pytest.raises(OutOfRangeError):
        Spending(limit)
