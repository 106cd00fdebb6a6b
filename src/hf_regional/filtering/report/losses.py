"""Losses: crosses in; how many rows of each part of the corpus came to each step and passed it, and the parts that lost far more, out.

    survival of a part at a step = rows that passed / rows that came
    a part stands out if the upper end of its survival's interval lies below half the lower end of the interval of all other parts'

Intervals are Wilson's (JASA 22, 1927, p. 209), two-sided, at 1 - 0.01/m for m parts compared at the step (Bonferroni): where nothing
is amiss, a step marks any part at all with a chance of 1 % at most. A small part needs no threshold of its own: of 5 rows, none of
which passes, the interval still reaches beyond one half.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

from hf_regional.filtering.report.counts import Cross
from hf_regional.filtering.report.steps import STEPS

ERROR: Final = 0.01  # the chance that any part is marked at a step where nothing is amiss
RATIO: Final = 0.5  # of the others' survival: below, a part stands out
WORSE: Final = 0.8  # below, it fares worse, which a table may show

Compared = Callable[[str, str, str], bool]  # group, value, step -> whether a loss there is worth telling


@dataclass(frozen=True, slots=True)
class Passage:
    """What one step did to one part of the corpus: the rows that came to it and those that passed it."""

    group: str
    value: str
    step: str
    came: int
    passed: int

    @property
    def lost(self) -> int:
        """Rows that left at the step."""
        return self.came - self.passed

    @property
    def survival(self) -> float:
        """Share of the rows that came which passed; 1 where none came."""
        return self.passed / self.came if self.came else 1.0


@dataclass(frozen=True, slots=True)
class Loss:
    """A passage that stands out, beside all the others of its group: their rows, and both intervals of survival."""

    passage: Passage
    others_came: int
    others_passed: int
    interval: tuple[float, float]
    others_interval: tuple[float, float]

    @property
    def is_erased(self) -> bool:
        """Whether nothing is left."""
        return self.passage.passed == 0

    @property
    def others_survival(self) -> float:
        """Share of the other parts' rows that passed."""
        return self.others_passed / self.others_came


def passages(crosses: Mapping[Cross, int]) -> dict[str, dict[str, dict[str, Passage]]]:
    """Follow each part of the corpus through the steps: group -> value, most rows first -> step -> passage, of all steps."""
    rows: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    lost: dict[tuple[str, str, str], int] = defaultdict(int)
    for (group, value, step, _), size in crosses.items():
        rows[group][value] += size
        lost[group, value, step] += size
    return {
        group: {
            value: _followed(group, value, size, [lost[group, value, step.name] for step in STEPS])
            for value, size in sorted(values.items(), key=lambda item: (-item[1], item[0]))
        }
        for group, values in rows.items()
    }


def losses(found: Mapping[str, Mapping[str, Mapping[str, Passage]]], is_compared: Compared, ratio: float = RATIO) -> list[Loss]:
    """The passages that stand out within their group at their step, worst first: nothing left before little left, most rows first.

    Args:
        found: what `passages` gave.
        is_compared: whether a part is held against the others of its group at a step: what was asked for is no loss.
        ratio: of the others' survival.
    """
    marked: list[Loss] = []
    for group, values in found.items():
        for step in STEPS:
            marked += _standing_out([steps[step.name] for value, steps in values.items() if is_compared(group, value, step.name)], ratio)
    return sorted(marked, key=lambda loss: (not loss.is_erased, -loss.passage.lost, loss.passage.group, loss.passage.value))


def wilson(passed: int, came: int, z: float) -> tuple[float, float]:
    """The interval of a share, at z standard deviations to either side.

    >>> [round(end, 3) for end in wilson(0, 5, 1.96)], [round(end, 3) for end in wilson(50, 100, 1.96)]
    ([0.0, 0.434], [0.404, 0.596])
    """
    share, pull = passed / came, z * z / came
    middle = (share + pull / 2) / (1 + pull)
    half = sqrt(share * (1 - share) * pull + pull * pull / 4) / (1 + pull)
    return max(0.0, middle - half), min(1.0, middle + half)


def _followed(group: str, value: str, rows: int, lost: Iterable[int]) -> dict[str, Passage]:
    found: dict[str, Passage] = {}
    for step, gone in zip(STEPS, lost, strict=True):
        found[step.name] = Passage(group, value, step.name, rows, rows - gone)
        rows -= gone
    return found


def _standing_out(compared: Sequence[Passage], ratio: float) -> list[Loss]:
    there = [passage for passage in compared if passage.came]
    came, passed = sum(one.came for one in there), sum(one.passed for one in there)
    z = NormalDist().inv_cdf(1 - ERROR / max(len(there), 1) / 2)
    marked: list[Loss] = []
    for passage in there:
        others_came, others_passed = came - passage.came, passed - passage.passed
        if passage.lost and others_came:
            own, others = wilson(passage.passed, passage.came, z), wilson(others_passed, others_came, z)
            if own[1] < ratio * others[0]:
                marked.append(Loss(passage, others_came, others_passed, own, others))
    return marked
