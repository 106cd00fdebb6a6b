"""The story: a report in; what its page and its Markdown tell, in the order in which they tell it, out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hf_regional.cards.places import region_label
from hf_regional.filtering.report.comparing import comparison
from hf_regional.filtering.report.counts import Outcome
from hf_regional.filtering.report.losses import WORSE, Compared, Loss, Passage
from hf_regional.filtering.report.losses import losses as losses_below
from hf_regional.filtering.report.steps import REGION, STEPS, Step, step_of
from hf_regional.filtering.report.wording import GROUPS, label
from hf_regional.filtering.verdict import KEPT

if TYPE_CHECKING:
    from hf_regional.filtering.report.filter_report import FilterReport

_LINES: Final = 16  # parts of a group before the rest is folded away
_NOT_READ: Final = 200  # texts that could not be read, on the page


@dataclass(frozen=True, slots=True)
class Cell:
    """What a step did to a part: the loss that it is marked with, if any, or whether the part at least fared worse than the others."""

    passage: Passage
    loss: Loss | None
    is_worse: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One part of the corpus; `is_asked` where the region step was asked for it."""

    label: str
    rows: int
    kept: int
    cells: tuple[Cell, ...]
    is_asked: bool

    @property
    def is_marked(self) -> bool:
        """Whether a step took far more of it than of the others."""
        return any(cell.loss for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All parts of a group against the steps; `more` are those with few rows, or none that the region step was asked for."""

    group: str
    one: str
    several: str
    lines: tuple[Line, ...]
    more: tuple[Line, ...]

    @property
    def marked(self) -> int:
        """Parts that are marked."""
        return sum(line.is_marked for line in (*self.lines, *self.more))


@dataclass(frozen=True, slots=True)
class Stage:
    """One step over all rows: those that came, those that passed, and the others by what was said of them, most first."""

    step: Step
    came: int
    passed: int
    lost_by: tuple[tuple[str, int], ...]

    @property
    def lost(self) -> int:
        """Rows that left."""
        return self.came - self.passed


@dataclass(frozen=True, slots=True)
class Story:
    """What is told of a report; `losses` stand out, `worse` are parts that lost clearly more than the others, and not far more."""

    region: str
    rows: int
    kept: int
    verdicts: Mapping[str, int]
    stages: tuple[Stage, ...]
    losses: tuple[Loss, ...]
    worse: tuple[Loss, ...]
    matrices: tuple[Matrix, ...]
    outcomes: tuple[tuple[Outcome, int], ...]
    unknown: tuple[tuple[str, str, int], ...]
    more_unknown: int
    hidden: tuple[tuple[str, str, int], ...]
    settings: Mapping[str, object]
    splits: Mapping[str, Mapping[str, int]]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that are told of."""
        return tuple(stage.step for stage in self.stages)


def story_of(report: "FilterReport") -> Story:
    """Put together what is told; steps that took nothing and were not asked to are left out."""
    outcomes = report.outcomes
    stages = _stages(report.steps, outcomes, report.settings)
    found, is_compared, marked = report.groups, comparison(report.settings), report.losses
    worse = [loss for loss in losses_below(found, is_compared, WORSE) if loss not in marked]
    unknown = [(column, text, rows) for column, texts in report.unknown.items() for text, rows in texts.items()]
    return Story(
        region=_region(report.region, report.settings),
        rows=report.rows,
        kept=report.kept,
        verdicts=report.by_verdict,
        stages=stages,
        losses=tuple(marked),
        worse=tuple(worse),
        matrices=_matrices(found, is_compared, tuple(stage.step for stage in stages), marked, worse),
        outcomes=tuple(outcomes.items()),
        unknown=tuple(unknown[:_NOT_READ]),
        more_unknown=max(0, len(unknown) - _NOT_READ),
        hidden=tuple((column, kind, number) for column, kinds in report.hidden.items() for kind, number in kinds.items()),
        settings=report.settings,
        splits={split: report.of_split(split).by_verdict for split in report.splits},
    )


def _region(name: str, settings: Mapping[str, Any]) -> str:
    return region_label({"region": name, "countries": list(settings.get("countries") or ())})


def _stages(steps: Mapping[str, tuple[int, int]], outcomes: Mapping[Outcome, int], settings: Mapping[str, Any]) -> tuple[Stage, ...]:
    asked = {REGION: settings.get("countries"), "quality": settings.get("quality"), "exclusion": settings.get("exclude")}
    lost_by: dict[str, dict[str, int]] = {step.name: {} for step in STEPS}
    for outcome, rows in outcomes.items():
        if outcome.verdict != KEPT:
            step = step_of(outcome.reason)
            # The region's own answers by verdict, what the others say by reason.
            said = outcome.verdict if step == REGION else outcome.reason.partition(":")[2] or outcome.reason
            lost_by[step][said] = lost_by[step].get(said, 0) + rows
    return tuple(
        Stage(step, came, passed, tuple(sorted(lost_by[step.name].items(), key=lambda item: (-item[1], item[0]))))
        for step in STEPS
        for came, passed in [steps[step.name]]
        if came > passed or asked.get(step.name)
    )


def _matrices(
    found: Mapping[str, Mapping[str, Mapping[str, Passage]]],
    is_compared: Compared,
    steps: Sequence[Step],
    marked: Sequence[Loss],
    worse: Sequence[Loss],
) -> tuple[Matrix, ...]:
    losses, lesser = {loss.passage: loss for loss in marked}, {loss.passage for loss in worse}
    matrices: list[Matrix] = []
    for group in (name for name in GROUPS if name in found):
        lines = [
            Line(
                label(group, value),
                next(iter(followed.values())).came,
                [*followed.values()][-1].passed,
                tuple(Cell(followed[step.name], losses.get(followed[step.name]), followed[step.name] in lesser) for step in steps),
                is_compared(group, value, REGION),
            )
            for value, followed in found[group].items()
        ]
        lines.sort(key=lambda line: (not line.is_marked, not line.is_asked, -line.kept, -line.rows, line.label))
        shown = max(_LINES, sum(line.is_marked for line in lines))
        matrices.append(Matrix(group, GROUPS[group][0], GROUPS[group][1], tuple(lines[:shown]), tuple(lines[shown:])))
    return tuple(matrices)
