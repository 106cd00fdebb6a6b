"""Combining: the opinions of several kinds of evidence on each row in, one decision a row out.

strongest   the strongest kind that has an opinion decides (the default): a country column outranks a caption, and that a language
any         one kind for the region is enough
all         every kind that has an opinion must be for the region
weighted    P(region) is the mean over the kinds, by their weights; from 0.5 up the row is kept, below 0.2 it is other
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from hf_regional.filtering.evidence.language import REJECTS, SELECTS
from hf_regional.filtering.opinions import AMBIGUOUS, KEPT, NOTHING, OTHER, UNREAD, Opinions

# How much a kind weighs with "weighted": a column that says where a row is from as much as all the others.
WEIGHTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "locate": 8.0,
        "country": 4.0,
        "coordinates": 4.0,
        "exif": 4.0,
        "place": 3.0,
        "text": 2.0,
        "url": 1.0,
        "language": 1.0,
        "detected": 0.5,
        "image": 1.0,
    }
)


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer a row, (n,) int8, its confidence, (n,) float32, and who gave it.

    speaker: (n,) int16, the place of the kind whose reason and column are told, -1 where none has anything to say. agreeing:
    (k, n) bool, the kinds whose countries are the row's.
    """

    answer: np.ndarray
    confidence: np.ndarray
    speaker: np.ndarray
    agreeing: np.ndarray


def strongest(opinions: Sequence[Opinions], weights: Mapping[str, float]) -> Decision:
    """Let the first kind that has an opinion decide; the kinds come strongest first.

    Two opinions wait for a better one, which only evidence *for* the region is. One is of a kind that could not read its text
    ("Pinas" in a country column): the place may be anywhere, so that "other" from a weaker kind would be a guess. The other is of
    words that may mean something else ("Java"), of which another kind may say what they mean.
    """
    del weights
    answer = np.full(_rows(opinions), NOTHING, np.int8)
    speaker = np.full(len(answer), -1, np.int16)
    for place, one in enumerate(opinions):
        takes = (answer == NOTHING) & (one.answer != NOTHING)
        takes |= ((answer == UNREAD) | (answer == AMBIGUOUS)) & (one.answer == KEPT)
        answer[takes], speaker[takes] = one.answer[takes], place
    agreeing = np.array([speaker == place for place in range(len(opinions))], bool).reshape(len(opinions), len(answer))
    return Decision(answer, _said(opinions, speaker), speaker, agreeing)


def any_kind(opinions: Sequence[Opinions], weights: Mapping[str, float]) -> Decision:
    """Keep a row if one kind is for it; else ambiguous, other, unread, in this order."""
    del weights
    return _by_rank(opinions, (KEPT, AMBIGUOUS, OTHER, UNREAD))


def all_kinds(opinions: Sequence[Opinions], weights: Mapping[str, float]) -> Decision:
    """Keep a row if all that have an opinion are for it; kinds that contradict each other make it ambiguous."""
    del weights
    decision = _by_rank(opinions, (OTHER, AMBIGUOUS, UNREAD, KEPT))
    answers = _answers(opinions)
    split = (answers == KEPT).any(0) & (answers == OTHER).any(0)
    decision.answer[split] = AMBIGUOUS
    return decision


def weighted(opinions: Sequence[Opinions], weights: Mapping[str, float]) -> Decision:
    """Weigh P(region) of each kind: Σ w·p / Σ w over the kinds that have an opinion."""
    answers, sure = _answers(opinions), _sure(opinions)
    speaks = (answers != NOTHING) & (answers != UNREAD)
    weight = np.array([weights.get(one.kind, 1.0) for one in opinions], np.float32)[:, None] * speaks
    inside = np.where(answers == OTHER, 1 - sure, sure)
    total = weight.sum(0)
    share = np.divide((weight * inside).sum(0), total, out=np.zeros(len(total), np.float32), where=total > 0)
    fallback = _by_rank(opinions, (UNREAD,))
    answer = np.where(share >= SELECTS, KEPT, np.where(share >= REJECTS, AMBIGUOUS, OTHER)).astype(np.int8)
    agreeing = speaks & np.where(answer == OTHER, answers == OTHER, answers != OTHER)
    leader = np.where((weight * agreeing).any(0), (weight * agreeing).argmax(0), weight.argmax(0)) if len(opinions) else fallback.speaker
    return Decision(
        np.where(total > 0, answer, fallback.answer).astype(np.int8),
        np.where(answer == OTHER, 1 - share, share).astype(np.float32) * (total > 0),
        np.where(total > 0, leader, fallback.speaker).astype(np.int16),
        agreeing,
    )


RULES: Final[Mapping[str, Callable[[Sequence[Opinions], Mapping[str, float]], Decision]]] = MappingProxyType(
    {"strongest": strongest, "any": any_kind, "all": all_kinds, "weighted": weighted}
)


def _by_rank(opinions: Sequence[Opinions], ranks: tuple[int, ...]) -> Decision:
    """The first of `ranks` that any kind answers; the strongest kind that does is the speaker, all that do agree."""
    answers = _answers(opinions)
    answer = np.full(answers.shape[1], NOTHING, np.int8)
    for rank in reversed(ranks):
        answer[(answers == rank).any(0)] = rank
    agreeing = (answers == answer) & (answer != NOTHING)
    speaker = np.where(agreeing.any(0), agreeing.argmax(0), -1).astype(np.int16) if len(opinions) else np.full(len(answer), -1, np.int16)
    return Decision(answer, _said(opinions, speaker), speaker, agreeing)


def _said(opinions: Sequence[Opinions], speaker: np.ndarray) -> np.ndarray:
    confidence = np.zeros(len(speaker), np.float32)
    for place, one in enumerate(opinions):
        mine = speaker == place
        confidence[mine] = one.confidence[mine]
    return confidence


def _rows(opinions: Sequence[Opinions]) -> int:
    return len(opinions[0].answer) if opinions else 0


def _answers(opinions: Sequence[Opinions]) -> np.ndarray:
    return np.array([one.answer for one in opinions], np.int8).reshape(len(opinions), _rows(opinions))


def _sure(opinions: Sequence[Opinions]) -> np.ndarray:
    return np.array([one.confidence for one in opinions], np.float32).reshape(len(opinions), _rows(opinions))
