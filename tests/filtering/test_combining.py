"""Combining: small tables of what two or three kinds say, and the answer that each rule makes of them."""

import numpy as np
import pytest

from hf_regional.filtering.combining import RULES, WEIGHTS
from hf_regional.filtering.opinions import AMBIGUOUS, KEPT, NOTHING, OTHER, UNREAD, Opinions

SURE = 0.9


def opinions(kind: str, *answers: int, sure: float = SURE) -> Opinions:
    rows = len(answers)
    answer = np.array(answers, np.int8)
    return Opinions(
        kind,
        answer,
        np.where(answer == NOTHING, 0, sure).astype(np.float32),
        np.zeros(rows, np.int32),
        (kind,),
        np.zeros(rows, np.int16),
        (kind,),
    )


@pytest.mark.parametrize(
    ("rule", "country", "text", "answer", "speaker"),
    [
        ("strongest", OTHER, KEPT, OTHER, 0),
        ("strongest", NOTHING, KEPT, KEPT, 1),
        ("strongest", NOTHING, NOTHING, NOTHING, -1),
        ("strongest", UNREAD, KEPT, KEPT, 1),
        ("strongest", UNREAD, OTHER, UNREAD, 0),
        ("strongest", AMBIGUOUS, KEPT, KEPT, 1),
        ("strongest", AMBIGUOUS, OTHER, AMBIGUOUS, 0),
        ("any", OTHER, KEPT, KEPT, 1),
        ("any", OTHER, AMBIGUOUS, AMBIGUOUS, 1),
        ("any", OTHER, NOTHING, OTHER, 0),
        ("any", UNREAD, NOTHING, UNREAD, 0),
        ("all", KEPT, KEPT, KEPT, 0),
        ("all", OTHER, KEPT, AMBIGUOUS, 0),
        ("all", AMBIGUOUS, KEPT, AMBIGUOUS, 0),
        ("all", OTHER, OTHER, OTHER, 0),
        ("all", NOTHING, KEPT, KEPT, 1),
        ("weighted", OTHER, KEPT, AMBIGUOUS, 1),  # (4·0.1 + 2·0.9) / 6 = 0.37
        ("weighted", NOTHING, KEPT, KEPT, 1),
        ("weighted", OTHER, OTHER, OTHER, 0),
        ("weighted", UNREAD, NOTHING, UNREAD, 0),
        ("weighted", NOTHING, NOTHING, NOTHING, -1),
    ],
)
def test_what_two_kinds_come_to(rule: str, country: int, text: int, answer: int, speaker: int) -> None:
    decision = RULES[rule]([opinions("country", country), opinions("text", text)], WEIGHTS)
    assert (int(decision.answer[0]), int(decision.speaker[0])) == (answer, speaker)


def test_rows_do_not_see_each_other() -> None:
    rng = np.random.default_rng(0)
    said = [opinions(kind, *rng.integers(0, 5, 50)) for kind in ("country", "text", "language")]
    for rule in RULES.values():
        whole = rule(said, WEIGHTS)
        for row in range(50):
            one = rule([opinions(each.kind, int(each.answer[row])) for each in said], WEIGHTS)
            assert (one.answer[0], one.speaker[0], one.confidence[0]) == (whole.answer[row], whole.speaker[row], whole.confidence[row])
            assert (one.agreeing[:, 0] == whole.agreeing[:, row]).all()


def test_weights_are_the_callers() -> None:
    said = [opinions("country", OTHER), opinions("text", KEPT)]
    assert RULES["weighted"](said, {"country": 1, "text": 9}).answer[0] == KEPT  # (0.1 + 8.1) / 10
    assert RULES["weighted"](said, {"country": 9, "text": 1}).answer[0] == OTHER  # 0.18


def test_a_weighted_answer_tells_how_sure_it_is() -> None:
    decision = RULES["weighted"]([opinions("country", KEPT), opinions("text", KEPT, sure=0.6)], WEIGHTS)
    assert decision.confidence[0] == pytest.approx((4 * 0.9 + 2 * 0.6) / 6)
    assert decision.agreeing.all()
