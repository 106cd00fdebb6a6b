"""Whose turn it is, on a clock of our own."""

import math

from hypothesis import given
from hypothesis import strategies as st

from hf_regional.network.turns import Turns


def test_a_host_gets_its_next_request_after_the_interval_and_another_host_at_once():
    turns = Turns(per_host=2, interval_s=1.0)
    for host, task in (("a", 1), ("a", 2), ("b", 3)):
        turns.add(host, task)
    assert [turns.take(0.0), turns.take(0.0), turns.take(0.0)] == [("a", 1), ("b", 3), None]
    assert turns.wait_s(0.25) == 0.75
    assert turns.take(1.0) == ("a", 2)


def test_a_full_host_waits_for_an_end():
    turns = Turns(per_host=1, interval_s=0.0)
    turns.add("a", 1)
    turns.add("a", 2)
    turns.take(0.0)
    assert turns.wait_s(5.0) == math.inf
    turns.done("a")
    assert turns.take(5.0) == ("a", 2)


def test_a_host_that_rests_is_left_alone_and_one_that_is_given_up_takes_no_more():
    turns = Turns(per_host=1, interval_s=0.0)
    turns.add("a", 1)
    turns.rest("a", 10.0)
    assert turns.take(9.0) is None
    turns.add("a", 2)
    assert turns.give_up("a") == [1, 2]
    assert not turns.add("a", 3)
    assert (turns.waiting, turns.wait_s(99.0)) == (0, math.inf)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=30), st.integers(1, 3), st.integers(0, 2))
def test_every_task_comes_once_never_early_and_never_too_many_at_a_time(tasks, per_host, interval):
    turns = Turns(per_host, interval)
    for number, (host, not_before) in enumerate(tasks):
        turns.add(host, (number, not_before), not_before)
    now, running, begun, seen = 0, [], {}, []
    while turns.waiting or running:
        while taken := turns.take(now):
            host, (number, not_before) = taken
            assert now >= max(not_before, begun.get(host, -math.inf) + interval)
            begun[host] = now
            running.append((now + 2, host))
            seen.append(number)
            assert sum(1 for _, other in running if other == host) <= per_host
        now += 1
        for end in [end for end in running if end[0] <= now]:
            running.remove(end)
            turns.done(end[1])
    assert sorted(seen) == list(range(len(tasks)))
