"""Telling: a summary of ratings in; its tables for a terminal out."""

from typing import TYPE_CHECKING

from hf_regional.evaluating.report import aligned
from hf_regional.metrics.intervals import FEWEST_CLUSTERS, Estimate

if TYPE_CHECKING:
    from hf_regional.evaluating.human.summary import Agreement, CriterionSummary, RatingSummary


def told(summary: "RatingSummary") -> str:
    """A table a criterion, and beneath it agreement, what stands out, and what is missing."""
    counts = summary.counts
    raters = f"{len(summary.raters)} rater{'s' if len(summary.raters) > 1 else ''}"
    parts = [f"{counts['rated']:,} ratings by {raters}; 95 % intervals over items, on a scale of 1 to 3"]
    parts += [_criterion(name, found, summary) for name, found in summary.criteria.items()]
    rest = [f"{counts[name]:,} {words}" for name, words in _REST if counts.get(name)]
    return "\n\n".join([*parts, *(["; ".join(rest)] if rest else [])])


_REST = (
    ("not_rated", "not rated"),
    ("cannot_judge", "that raters could not judge"),
    ("refused", "refused"),
    ("changed", "changed by the rater later"),
    ("cut_short", "lines cut short"),
)


def _criterion(name: str, found: "CriterionSummary", summary: "RatingSummary") -> str:
    rows = [[name, "mean", f"minus {summary.reference}", "wins, %", "ties, %", "losses, %", "items"]]
    for model in summary.models:
        mean = found.models.get(model)
        against = found.against.get(model)
        shares = [f"{100 * share:.0f}" for share in (against.wins, against.ties, against.losses)] if against else ["", "", ""]
        items = f"{mean.n:,}" if mean else "0"
        rows.append([model, _number(mean), _number(against.difference, sign="+") if against else "", *shares, items])
    lines = [aligned(rows), f"agreement: {_agreement(found.agreement)}"]
    if any(mean.n < FEWEST_CLUSTERS for mean in found.models.values()):
        lines.append(f"fewer than {FEWEST_CLUSTERS} items: the intervals are too narrow to be trusted")
    for letter, position in found.position.items():
        if position.stands_out:
            lines.append(f"letter {letter}: rated {_number(position.effect, sign='+')} levels for its place alone")
    return "\n".join(lines)


def _agreement(found: "Agreement") -> str:
    if found.alpha is None:
        return f"none ({found.reason})"
    return f"Krippendorff's α {found.alpha:.2f} (ordinal, {found.answers:,} answers judged by two raters or more)"


def _number(found: Estimate | None, sign: str = "") -> str:
    return "–" if found is None else f"{found.value:{sign}.2f} [{found.low:{sign}.2f}, {found.high:{sign}.2f}]"
