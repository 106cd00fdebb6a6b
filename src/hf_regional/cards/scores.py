"""Scores of a card: the headline's figures, the table of sides, and what each language or country gained or lost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hf_regional.cards.facts import CardFacts, Step
from hf_regional.cards.figures import count, mapping, number, percent, signed, signed_percent, signed_with_interval, value_of, with_interval
from hf_regional.cards.tables import Table, strong

SIDES: Final = ("global", "regional")
MODELS: Final = ("base", "tuned", "merged")
FEW: Final = 30  # below it an interval says little, and the row is marked
METRICS: Final = {
    "MRR": "mean reciprocal rank: 1 for a right answer in first place, 1/2 in second, 1/3 in third, averaged",
    "R@1": "share of the questions whose first answer is right",
    "R@5": "share of the questions with a right answer among the first five",
    "R@10": "share of the questions with a right answer among the first ten",
}


def primary(facts: CardFacts) -> Step:
    """The evaluation that the summary tells: the first that records a gain, else the last."""
    found = facts.all("evaluation")
    return next((step for step in found if mapping(step.get("gain"))), found[-1] if found else {})


def headline(step: Step) -> dict[str, Any]:
    """The figures of the summary's sentences, each printed or empty."""
    before, after = (value_of(mapping(step.get(model)).get("regional")) for model in ("base", "merged"))
    gain, kept = mapping(step.get("gain")), mapping(step.get("retention"))
    low = number(gain.get("low_percent"))
    return {
        "before": percent(before),
        "after": percent(after),
        "moved": "" if before is None or after is None else "rose" if after > before else "fell" if after < before else "stayed",
        "points": signed(gain.get("points")),
        "percent": signed_percent(gain.get("percent")),
        "low_percent": signed_percent(low),
        "gain_is_sure": low is not None and low > 0,
        "kept": percent(kept.get("value")),
        "kept_low": percent(kept.get("low")),
        "tuned_kept": percent(mapping(step.get("tuned_retention")).get("value")),
        "tuned_gain": signed_percent(mapping(step.get("tuned_gain")).get("percent")),
    }


def score_table(facts: CardFacts) -> Table:
    """One row a metric and side: chance, base, fine-tuned, merged, n."""
    steps = [measured for step in facts.all("evaluation") for measured in (step, *_further_metrics(step))]
    rows = [_score_row(step, side) for step in steps for side in SIDES if _has(step, side)]
    return Table(["Score", "Chance", "Base", "Fine-tuned", "Merged", "n"], "<>>>>>", rows)


def metric_notes(facts: CardFacts) -> list[tuple[str, str]]:
    """Each metric of the score table that has a plain explanation, and that explanation."""
    names = [name for step in facts.all("evaluation") for name in (str(step.get("metric")), *mapping(step.get("recall")))]
    return [(name, METRICS[name]) for name in dict.fromkeys(names) if name in METRICS]


def _further_metrics(step: Step) -> list[Step]:
    asked = {side: mapping(mapping(step.get("merged")).get(side)).get("n") for side in SIDES}  # of the same texts
    return [{"metric": metric, "n": asked, **mapping(scores)} for metric, scores in mapping(step.get("recall")).items()]


def _has(step: Step, side: str) -> bool:
    return any(value_of(mapping(step.get(model)).get(side)) is not None for model in MODELS)


def _score_row(step: Step, side: str) -> list[Any]:
    base, tuned, merged = (mapping(step.get(model)).get(side) for model in MODELS)
    chance = mapping(step.get("chance")).get(side) if isinstance(step.get("chance"), Mapping) else step.get("chance")
    n = next((mapping(cell)["n"] for cell in (merged, tuned, base) if mapping(cell).get("n") is not None), mapping(step.get("n")).get(side))
    label = f"{side.capitalize()}, {step['metric']}" if step.get("metric") else side.capitalize()
    return [label, with_interval(chance), with_interval(base), with_interval(tuned), strong(with_interval(merged)), count(n)]


@dataclass(frozen=True, slots=True)
class Part:
    """One language's or country's scores, and its change from base to merged as a fraction with a paired interval where known."""

    name: str
    side: str
    cells: Mapping[str, Any]
    change: float | None
    is_sure: bool

    @property
    def has_few(self) -> bool:
        """Whether fewer than `FEW` pictures stand behind the scores, as recorded; where that is not recorded, fewer than `FEW` texts."""
        asked = number(mapping(self.cells.get("merged")).get("n"))
        return self.cells.get("few") is True or (asked is not None and asked < FEW)

    def printed_change(self) -> str:
        """The change in points, with its interval where that is recorded."""
        return signed_with_interval(self.cells.get("difference")) or signed(self.change)


def parts_of(cells: Any, named: Callable[[str], str]) -> list[Part]:
    """Languages or countries, the region's before the world's, the largest gain first; those without a change last."""
    parts = [_part(named(label), mapping(scores)) for label, scores in mapping(cells).items()]
    return sorted(parts, key=lambda part: (part.side != "regional", part.change is None, -(part.change or 0), part.name))


def _part(name: str, cells: Mapping[str, Any]) -> Part:
    base, merged, difference = mapping(cells.get("base")), mapping(cells.get("merged")), mapping(cells.get("difference"))
    before, after, paired = value_of(cells.get("base")), value_of(cells.get("merged")), value_of(difference)
    change = paired if paired is not None else None if before is None or after is None else after - before
    is_sure = _excludes_zero(difference) if difference else _are_apart(base, merged)
    return Part(name, str(cells.get("side") or ""), cells, change, is_sure)


def _excludes_zero(difference: Mapping[str, Any]) -> bool:
    low, high = number(difference.get("low")), number(difference.get("high"))
    return low is not None and high is not None and (low > 0 or high < 0)


def _are_apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    (low, high), (other_low, other_high) = ((number(cell.get("low")), number(cell.get("high"))) for cell in (one, other))
    if low is None or high is None or other_low is None or other_high is None:
        return False
    return high < other_low or other_high < low


def part_table(kind: str, parts: Sequence[Part]) -> Table:
    """One row a language or country: side, n, base, fine-tuned, merged, change in points."""
    rows = [
        [part.name, part.side, _n(part), *(with_interval(part.cells.get(model)) for model in MODELS), strong(part.printed_change())]
        for part in parts
    ]
    return Table([kind, "Side", "n", "Base", "Fine-tuned", "Merged", "Change"], "<<>>>>>", rows)


def _n(part: Part) -> str:
    return count(mapping(part.cells.get("merged")).get("n")) + (" †" if part.has_few else "")


def compared(parts: Sequence[Part]) -> int:
    """How many have both a base and a merged score."""
    return sum(part.change is not None for part in parts)


def by_chance(parts: Sequence[Part]) -> int:
    """How many of the changes would leave a 95 % interval if nothing had changed."""
    return round(0.05 * compared(parts)) or 1


def worse(parts: Sequence[Part], *, sure: bool) -> list[str]:
    """Those that the merged model serves worse than the base, the largest loss first."""
    lost = sorted(
        (part for part in parts if part.change is not None and part.change < 0 and part.is_sure == sure), key=lambda part: part.change or 0
    )
    return [f"{part.name} {part.printed_change()}" for part in lost]
