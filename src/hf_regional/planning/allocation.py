"""Allocation: similarities and money in; which images to annotate next, and which that are there to add instead, out.

plan = annotation_plan(similarity, money=5000, prices="prices.csv", region=Region("SEA"))
plan.table, plan.gap, plan.baselines
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hf_regional.errors import OutOfRangeError
from hf_regional.planning.baselines import at_random, equal
from hf_regional.planning.filling import Filling
from hf_regional.planning.plan import Further, Plan
from hf_regional.planning.prices import Prices
from hf_regional.planning.problem import Borrowing, Floats, Problem, posed
from hf_regional.planning.program import Program, require_scipy
from hf_regional.planning.record import Similarity
from hf_regional.planning.solving import Answer, optimise
from hf_regional.planning.targets import Target, read_targets

_DRAWS: Final = 40  # random plans beside ours
_STEP_USD: Final = 100.0
_POINT: Final = 0.01
_SHOWN: Final = 5  # lenders in a row of the table; all are in `borrowing`


def annotation_plan(
    similarity: Similarity | pd.DataFrame,
    *,
    money: float,
    prices: Prices | pd.DataFrame | str | Path | None = None,
    counts: pd.DataFrame | None = None,
    region: Collection[str] | None = None,
    targets: pd.DataFrame | str | Path | None = None,
    curve: Any = None,
    borrowing: Borrowing | None = None,
    objective: str = "pairs",
    most: int | pd.DataFrame | None = None,
    worth_100_usd: float | None = None,
    seconds: float = 60.0,
    seed: int = 0,
) -> Plan:
    """Decide where the next dollar goes: images of which (topic, country), so that the mean expected accuracy is highest.

    Maximise Σ_p v_p·f_p(e_p), e = (I + W)(n + x), subject to Σ_p price·x_p + Σ_c start_c·[country c is begun] <= money, x_p = 0 or at
    least a batch, and the targets. f_p is concave, W what borrowed images count. The task is that of Ignat et al. (arXiv 2403.07687), who
    rank pairs and have neither money nor an optimiser; the programme is ours. SciPy's HiGHS decides which countries to begin in and bounds
    the value; images are made whole by steps, and by HiGHS as well up to 60 pairs.

    Args:
        similarity: of `geo_similarity`, of `Similarity.from_csv`, or a table with topic, country_a, country_b, similarity, and n_a, n_b.
        money: US dollars, 0 or more.
        prices: CSV or table with country, price_usd, start_usd, batch; None: one dollar an image, no start, batches of ten (see `Price`).
        counts: images that are there, topic, country, n; adds pairs and stands above what `similarity` says.
        region: countries to plan for, such as `Region("SEA")`; the others' images can be borrowed. None: all.
        targets: CSV or table with topic, country (empty: all), at_least, at_most, accuracy; the first rank highest.
        curve: learning curve of all pairs or {topic: curve}; see `curve_of`. None: the default of `LearningCurve`.
        borrowing: threshold and worth of other countries' images.
        objective: "pairs", all pairs alike (micro), or "countries", the mean over countries of their pairs' mean (macro).
        most: images of one pair that are ordered at most; or a table topic, country, n, in which a pair that is missing gets none.
        worth_100_usd: gain in mean expected accuracy below which a further $100 no longer pays; None: what lifts one pair by a point.
        seconds: wall clock for the solver, roughly; the plan says how near the optimum it is.
        seed: of the random plans beside it.

    Raises:
        OutOfRangeError: money is below 0 or not finite; another number is outside its range.
        MissingExtraError: SciPy is not installed.
        NoRowsError, MissingColumnError, BadRowError, ConfigError: a table is empty or cannot be read.

    >>> alike = pd.DataFrame({"topic": ["bed"], "country_a": ["KHM"], "country_b": ["LAO"], "similarity": [0.9], "n_a": [10], "n_b": [200]})
    >>> plan = annotation_plan(alike, money=100)
    >>> plan.table[["country", "have", "annotate", "borrow_from", "cost_usd"]].values.tolist()
    [['KHM', 10, 100, [('LAO', 200)], 100.0], ['LAO', 200, 0, [('KHM', 110)], 0.0]]
    """
    if not (np.isfinite(money) and money >= 0):
        raise OutOfRangeError(f"money is {money}; US dollars, 0 or more, are expected.")
    require_scipy()
    problem = posed(
        similarity, prices=prices, counts=counts, region=region, curve=curve, borrowing=borrowing, objective=objective, most=most
    )
    asked = read_targets(targets, problem)
    answer = _at_least_as_good(problem, money, optimise(problem, money, asked, seconds=seconds), asked)
    beside = _baselines(problem, money, answer, seed)
    before = problem.value(np.zeros(len(problem)))
    worth = _POINT * float(problem.weight.max()) if worth_100_usd is None else worth_100_usd
    return Plan(
        table=_table(problem, answer.annotated, money, answer.kept),
        countries=_countries(problem, answer.annotated),
        borrowing=_lenders(problem, answer.annotated),
        baselines=beside,
        money=float(money),
        cost_usd=problem.cost(answer.annotated),
        expected_before=before,
        expected=answer.value,
        bound=answer.bound,
        gap=_gap(answer.value, answer.bound, before),
        next_100_usd=_further(problem, money, asked, answer, seconds / 4),
        stops_paying_at=_stops_paying(problem, money, worth),
        worth_100_usd=worth,
        infeasible=_given_up(answer, money),
        notes=problem.notes,
        objective=objective,
    )


def _gap(value: float, bound: float, before: float) -> float:
    return float(np.clip((bound - value) / (bound - before), 0, 1)) if bound - before > 1e-12 else 0.0


def _at_least_as_good(problem: Problem, money: float, answer: Answer, targets: Sequence[Target]) -> Answer:
    """Where the solver was cut short, the equal allocation may be better: then it is the plan."""
    other = equal(problem, money)
    if problem.value(other) <= answer.value or not all(target.holds(problem, other) for target in answer.kept):
        return answer
    return Answer(other, problem.value(other), max(answer.bound, problem.value(other)), answer.kept, answer.given_up)


def _baselines(problem: Problem, money: float, answer: Answer, seed: int) -> pd.DataFrame:
    before = problem.value(np.zeros(len(problem)))
    even = equal(problem, money)
    draws = [at_random(problem, money, seed + draw) for draw in range(_DRAWS)]
    values = np.array([problem.value(draw) for draw in draws])
    rows = [
        ("plan", problem.cost(answer.annotated), answer.value, answer.value, answer.value),
        ("equal", problem.cost(even), problem.value(even), problem.value(even), problem.value(even)),
        (
            "random",
            float(np.mean([problem.cost(draw) for draw in draws])),
            float(values.mean()),
            *np.quantile(values, [0.025, 0.975]).tolist(),
        ),
    ]
    table = pd.DataFrame(rows, columns=["how", "cost_usd", "expected", "low", "high"])
    return table.assign(gain=table["expected"] - before, plan_is_ahead_by=answer.value - table["expected"])


def _further(problem: Problem, money: float, targets: Sequence[Target], answer: Answer, seconds: float) -> Further:
    """Plan again with $100 more; never worse than the plan with $100 spent on top of it."""
    more = optimise(problem, money + _STEP_USD, targets, seconds=seconds)
    # With $100 more a target may come within reach: then the two plans are not of the same task, and value may fall.
    if {target.name for target, _ in more.given_up} == {target.name for target, _ in answer.given_up}:
        begun = np.bincount(problem.place, answer.annotated, len(problem.names)) > 0
        on_top = Filling(problem, money + _STEP_USD, answer.annotated, begun, answer.kept, step=0.0).fill()
        if problem.value(on_top) > more.value:
            more = Answer(on_top, problem.value(on_top), more.bound)
    change = np.rint(more.annotated - answer.annotated).astype(int)
    moved = np.flatnonzero(change)
    order = moved[np.argsort(-change[moved], kind="stable")]
    table = pd.DataFrame({"topic": problem.topic[order], "country": problem.country[order], "annotate": change[order]})
    return Further(more.value - answer.value, table)


def _stops_paying(problem: Problem, money: float, worth: float) -> float | None:
    """US dollars at which the price of money falls below `worth` for $100, by doubling and halving; it only falls."""

    def pays(at: float) -> bool:
        program = Program(problem, at)
        program.relaxed(rounds=2)
        return program.price_of_money() * _STEP_USD >= worth

    low, high = 0.0, max(_STEP_USD, money)
    cheapest = float(np.min((problem.price * problem.batch + problem.start[problem.place])[problem.most > 0], initial=np.inf))
    if not pays(max(cheapest, 1.0)):
        return 0.0
    while pays(high):
        low, high = high, high * 2
        if high > 1000 * max(_STEP_USD, money):
            return None
    while high - low > max(1.0, 0.01 * high):
        middle = (low + high) / 2
        low, high = (middle, high) if pays(middle) else (low, middle)
    return float(round(high))


def _table(problem: Problem, annotated: Floats, money: float, targets: Sequence[Target]) -> pd.DataFrame:
    nothing = np.zeros(len(problem))
    before, after = problem.effective(nothing), problem.effective(annotated)
    was, becomes = problem.accuracy(before), problem.accuracy(after)
    counted = np.flatnonzero(problem.weight)
    lenders = _lenders_of(problem, annotated)
    columns = {
        "topic": problem.topic, "country": problem.country, "have": problem.own.astype(int), "annotate": np.rint(annotated).astype(int),
        "borrow_from": pd.Series([lent[:_SHOWN] for lent in lenders], dtype=object), "cost_usd": annotated * problem.price,
        "counts_before": before, "counts_after": after, "expected_before": was, "expected_after": becomes,
    }  # fmt: skip
    table = pd.DataFrame(columns).iloc[counted].reset_index(drop=True)
    why = _Reasons(problem, annotated, money, targets)
    return table.assign(reason=[why.of(int(pair)) for pair in counted])


class _Reasons:
    """Why each pair gets what it gets, in words."""

    def __init__(self, problem: Problem, annotated: Floats, money: float, targets: Sequence[Target]) -> None:
        self.problem, self.annotated, self.limits = problem, annotated, problem.limits(money)
        self.money = money
        self.before, self.after = problem.effective(np.zeros(len(problem))), problem.effective(annotated)
        self.was, self.becomes = problem.accuracy(self.before), problem.accuracy(self.after)
        self.begun = np.bincount(problem.place, annotated, len(problem.names)) > 0
        self.capped = {int(pair): target.name for target in targets if np.isfinite(target.at_most) for pair in target.pairs}

    def of(self, pair: int) -> str:
        have = f"{self.problem.own[pair]:.0f} of its own count as {self.before[pair]:.0f} with those borrowed"
        rises = f"{self.was[pair]:.3f} to {self.becomes[pair]:.3f}"
        if self.annotated[pair]:
            return f"{have}; {self.annotated[pair]:.0f} more raise it from {rises}"
        others = f", and others' new images raise it from {rises}" if self.after[pair] - self.before[pair] > 0.5 else ""
        return f"{have}{others}; {self._why_none(pair)}"

    def _why_none(self, pair: int) -> str:
        country, place = self.problem.country[pair], self.problem.place[pair]
        cost = self.problem.price[pair] * self.problem.batch[pair] + self.problem.start[place]
        if self.problem.most[pair] == 0:
            return "nothing is to be ordered of it"
        if cost > self.money:
            return f"a start with one batch in {country} costs ${cost:,.0f}, more than there is"
        if pair in self.capped and self.limits[pair]:
            return f"held back by the target {self.capped[pair]!r}, or a batch adds more elsewhere"
        if self.problem.start[place] and not self.begun[place]:
            return f"to begin in {country} costs ${self.problem.start[place]:,.0f}, for which other countries give more"
        return "a batch adds more elsewhere"


def _lenders_of(problem: Problem, annotated: Floats) -> list[list[tuple[str, int]]]:
    """Of each pair the countries whose images count for it, with how many there are, the most alike first."""
    there = np.rint(problem.own + annotated).astype(int)
    rows, alike = problem.lent.tocsr(), problem.similarity
    out: list[list[tuple[str, int]]] = []
    for pair in range(len(problem)):
        others = rows.indices[rows.indptr[pair] : rows.indptr[pair + 1]]
        others = others[there[others] > 0]
        similar = np.array([alike[pair, other] for other in others])
        out.append([(str(problem.country[other]), int(there[other])) for other in others[np.lexsort((others, -similar))]])
    return out


def _lenders(problem: Problem, annotated: Floats) -> pd.DataFrame:
    lent = problem.lent.tocoo()
    row, column = lent.coords
    there = problem.own + annotated
    kept = (problem.weight[row] > 0) & (there[column] > 0)
    row, column, counts = row[kept], column[kept], lent.data[kept]
    similar = np.asarray(problem.similarity[row, column]).ravel() if len(row) else np.zeros(0)
    order = np.lexsort((column, -similar, row))
    row, column = row[order], column[order]
    columns = {
        "topic": problem.topic[row], "country": problem.country[row], "from_country": problem.country[column],
        "images": np.rint(there[column]).astype(int), "similarity": similar[order], "counts_as": counts[order] * there[column],
    }  # fmt: skip
    return pd.DataFrame(columns)


def _countries(problem: Problem, annotated: Floats) -> pd.DataFrame:
    was, becomes = (problem.accuracy(problem.effective(images)) for images in (np.zeros(len(problem)), annotated))
    rows: list[dict[str, Any]] = []
    for number, name in enumerate(problem.names):
        pairs = np.flatnonzero((problem.place == number) & (problem.weight > 0))
        if not len(pairs):
            continue
        images, bought = float(problem.price[pairs] @ annotated[pairs]), int(annotated[pairs].sum())
        start = float(problem.start[number]) if bought else 0.0
        rows.append({
            "country": name, "annotate": bought, "images_usd": images, "start_usd": start, "cost_usd": images + start,
            "expected_before": was[pairs].mean(), "expected_after": becomes[pairs].mean(),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _given_up(answer: Answer, money: float) -> pd.DataFrame:
    rows = [(target.name, needs, _why(needs, money)) for target, needs in answer.given_up]
    return pd.DataFrame(rows, columns=["target", "needs_usd", "why"])


def _why(needs: float | None, money: float) -> str:
    if needs is None:
        return "no money does it, beside the targets ranked above it: the curve or a limit stands before it"
    return f"with the targets ranked above it, it needs about ${needs:,.0f}, and there are ${money:,.0f}"
