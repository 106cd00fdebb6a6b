"""Calls at a time: never more than there are workers, nothing twice, nothing begun after a failure."""

import itertools
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.network import each


@given(items=st.lists(st.integers(), max_size=40), workers=st.integers(1, 8))
def test_every_item_is_called_once_and_knows_its_place(items, workers):
    found = dict(each(lambda item: item * 2, items, workers=workers))
    assert found == {place: item * 2 for place, item in enumerate(items)}


def test_as_many_calls_run_at_once_as_there_are_workers_and_no_more():
    lock, running, most = threading.Lock(), 0, 0

    def call(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    assert len(list(each(call, range(20), workers=4))) == 20
    assert most == 4


def test_results_come_as_they_are_done():
    release = threading.Event()

    def call(item: int) -> int:
        if item == 0:
            release.wait(5)
        return item

    results = each(call, range(3), workers=2)
    assert sorted([next(results), next(results)]) == [(1, 1), (2, 2)]
    release.set()
    assert list(results) == [(0, 0)]


def test_an_endless_iterable_is_drawn_only_as_far_as_there_are_threads():
    numbers = itertools.count()
    results = each(lambda item: item, numbers, workers=2)
    for _ in range(10):
        next(results)
    results.close()
    assert next(numbers) <= 13


def test_after_a_failure_nothing_is_begun_and_what_was_under_way_is_still_given():
    begun, ended, given = [], [], []

    def call(item: int) -> int:
        begun.append(item)
        if item == 3:
            raise ZeroDivisionError
        time.sleep(0.05)
        ended.append(item)
        return item

    def take() -> None:
        for _, result in each(call, range(100), workers=4):
            given.append(result)

    with pytest.raises(ZeroDivisionError):
        take()
    assert sorted(given) == sorted(ended) == sorted(set(begun) - {3})
    assert len(begun) <= 8


def test_ctrl_c_calls_the_interrupt():
    interrupted = threading.Event()

    def call(item: int) -> int:
        if item == 1:
            raise KeyboardInterrupt
        assert interrupted.wait(5)
        return item

    with pytest.raises(KeyboardInterrupt):
        list(each(call, range(2), workers=2, interrupt=interrupted.set))
