"""Program: a problem and money in; a mixed-integer linear program above it, and what HiGHS makes of it, out.

Each concave curve is replaced by tangents, which lie above it: the program's bound holds for the problem itself, and tangents are added
where its answers lie until the two agree. The program pays a country's start with a yes or no, and counts images in fractions unless
`whole` asks for whole ones in batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hf_regional.errors import MissingExtraError
from hf_regional.planning.curves import Curve
from hf_regional.planning.problem import Floats, Problem
from hf_regional.planning.targets import Target

_TANGENTS: Final = 10  # of each pair at first
_SCALE: Final = 1000.0  # the largest coefficient: HiGHS takes 1e-7 for nothing, and one image moves the mean by less
_SAME: Final = 1e-13  # slopes that do not differ


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What the solver found: images (P,) or None, whether countries are begun (C,), a bound on the value, US dollars for one more.

    `bound` is above every plan's value; -inf where no plan can meet the targets. `per_usd` is value a dollar, of a program without yes and no.
    """

    annotated: Floats | None
    begun: np.ndarray
    bound: float
    per_usd: float = 0.0


class Program:
    """The program of one problem, money and targets; tangents gather in it."""

    def __init__(self, problem: Problem, money: float, targets: Sequence[Target] = ()) -> None:
        require_scipy()
        self.problem, self.money, self.targets = problem, money, tuple(targets)
        self.limits = problem.limits(money)
        self.low = problem.effective(np.zeros(len(problem)))
        high = problem.effective(self.limits)
        steps = np.geomspace(self.low + 1, np.maximum(high, self.low) + 1, _TANGENTS, axis=1) - 1
        steps[:, 0] = self.low  # there the tangent must touch: a plan of nothing has its true value
        self.points = [sorted(set(row.tolist())) if weight else [] for row, weight in zip(steps, problem.weight, strict=True)]
        self.high = high

    def touch(self, annotated: Floats) -> float:
        """Add tangents where an answer lies; how far the old ones lay above the curves there, in value."""
        effective = self.problem.effective(annotated)
        above = 0.0
        for pair in np.flatnonzero(self.problem.weight):
            at = float(np.clip(effective[pair], self.low[pair], self.high[pair]))
            slopes, edges, base = _envelope(self.problem.curves[pair], self.points[pair], self.high[pair])
            covered = np.clip(at - edges[:-1], 0, np.diff(edges))
            above += self.problem.weight[pair] * float(base + slopes @ covered - self.problem.curves[pair].accuracy(at))
            self.points[pair] = sorted({*self.points[pair], at})
        return above

    def relaxed(self, rounds: int = 6) -> Solved:
        """Solve it with starts in fractions too, adding tangents until they are tight there."""
        found = self.solve(starts=False)
        for _ in range(rounds):
            if found.annotated is None or self.touch(found.annotated) < 1e-7:
                break
            found = self.solve(starts=False)
        return found

    def solve(self, *, starts: bool = True, whole: bool = False, seconds: float = 60.0, gap: float = 1e-4) -> Solved:
        """Solve it.

        Args:
            starts: a country is begun or not; False lets it be begun by half, which bounds and is quick.
            whole: images in whole numbers, none or at least a batch.
            seconds: after which the best that was found is taken.
            gap: between answer and bound, relative, at which the solver may stop.
        """
        from scipy import optimize

        parts = self._columns()
        matrix, low, high = self._rows(parts, whole)
        pairs, countries = len(self.problem), len(self.problem.names)
        integrality = np.zeros(matrix.shape[1])
        integrality[pairs : pairs + countries] = starts
        integrality[: pairs] = whole
        integrality[pairs + countries : pairs + countries + (pairs if whole else 0)] = whole
        extra = pairs if whole else 0
        upper = np.concatenate([self.limits, np.ones(countries + extra), parts.widths])
        scale = _SCALE / max(float(parts.worths.max(initial=0)), 1e-300)
        costs = np.concatenate([np.zeros(pairs + countries + extra), -parts.worths * scale])
        found = optimize.milp(
            costs, constraints=optimize.LinearConstraint(matrix, low, high), bounds=optimize.Bounds(0, upper), integrality=integrality,
            options={"time_limit": seconds, "mip_rel_gap": gap},
        )  # fmt: skip
        if found.status == 2:
            return Solved(None, np.zeros(countries, np.bool_), -np.inf)
        bound = found.mip_dual_bound if found.mip_dual_bound is not None else found.fun
        top = parts.base + (-bound / scale if bound is not None and np.isfinite(bound) else float(parts.worths @ parts.widths))
        if found.x is None:
            return Solved(None, np.zeros(countries, np.bool_), top)
        return Solved(np.maximum(0, found.x[:pairs]), found.x[pairs : pairs + countries] > 0.5, top)

    def price_of_money(self) -> float:
        """Value that one more dollar adds, by the program with starts in fractions: the dual of the row of the money."""
        from scipy import optimize

        parts = self._columns()
        matrix, low, high = self._rows(parts, whole=False)
        scale = _SCALE / max(float(parts.worths.max(initial=0)), 1e-300)
        upper = np.concatenate([self.limits, np.ones(len(self.problem.names)), parts.widths])
        costs = np.concatenate([np.zeros(len(self.problem) + len(self.problem.names)), -parts.worths * scale])
        is_equal = low == high
        at_most = np.isfinite(high) & ~is_equal
        found = optimize.linprog(
            costs, A_ub=matrix[at_most], b_ub=high[at_most], A_eq=matrix[is_equal], b_eq=high[is_equal],
            bounds=np.column_stack([np.zeros(len(upper)), upper]),
        )  # fmt: skip
        money = int(at_most[: self._money_row + 1].sum()) - 1
        return float(-found.ineqlin.marginals[money] / scale) if found.status == 0 else 0.0

    def _columns(self) -> "_Columns":
        slopes, widths, owner, base, above = [], [], [], 0.0, np.zeros(len(self.problem))
        for pair in np.flatnonzero(self.problem.weight):
            own, edges, start = _envelope(self.problem.curves[pair], self.points[pair], self.high[pair])
            slopes.append(own * self.problem.weight[pair])
            widths.append(np.diff(edges))
            owner.append(np.full(len(own), pair))
            base += self.problem.weight[pair] * start
            tops = start + np.cumsum(own * np.diff(edges))
            above[pair] = max(0.0, float((tops - self.problem.curves[pair].accuracy(edges[1:])).max(initial=0)))
        return _Columns(np.concatenate(slopes), np.concatenate(widths), np.concatenate(owner), base, above)

    def _rows(self, parts: "_Columns", whole: bool) -> tuple[Any, Floats, Floats]:
        """All rows: matrix, least, most. Columns: images (P,), starts (C,), orders (P,) where `whole`, pieces of the curves (S,)."""
        from scipy import sparse

        problem = self.problem
        pairs, countries, pieces = len(problem), len(problem.names), len(parts.widths)
        extra = pairs if whole else 0
        eye = sparse.eye_array(pairs, format="csr")
        counted = np.flatnonzero(problem.weight)
        sums = sparse.csr_array((np.ones(pieces), (parts.owner, np.arange(pieces))), shape=(pairs, pieces))
        empty = lambda rows, columns: sparse.csr_array((rows, columns))  # noqa: E731
        blocks: list[tuple[Any, Any, Any]] = []
        reach = sparse.hstack([eye + problem.lent, empty(pairs, countries + extra), -sums], format="csr")[counted]
        blocks.append((reach, np.zeros(len(counted)), np.zeros(len(counted))))
        costly = np.flatnonzero(problem.start > 0)
        gate = np.flatnonzero(np.isin(problem.place, costly))
        begin = sparse.csr_array((-self.limits[gate], (np.arange(len(gate)), problem.place[gate])), shape=(len(gate), countries))
        blocks.append((sparse.hstack([eye[gate], begin, empty(len(gate), extra + pieces)]), np.full(len(gate), -np.inf), np.zeros(len(gate))))
        spent = sparse.csr_array((problem.price, (problem.place, np.arange(pairs))), shape=(countries, pairs))
        ceiling = sparse.diags_array(-np.maximum(0, self.money - problem.start), format="csr")
        spending = sparse.hstack([spent, ceiling, empty(countries, extra + pieces)], format="csr")[costly]
        blocks.append((spending, np.full(len(costly), -np.inf), np.zeros(len(costly))))
        self._money_row = sum(block.shape[0] for block, _, _ in blocks)
        money = np.concatenate([problem.price, problem.start, np.zeros(extra + pieces)])
        blocks.append((sparse.csr_array(money[None]), [-np.inf], [self.money]))
        if whole:
            for bound, least, most in ((-self.limits, -np.inf, 0.0), (-problem.batch, 0.0, np.inf)):
                rows = sparse.hstack([eye, empty(pairs, countries), sparse.diags_array(bound, format="csr"), empty(pairs, pieces)])
                blocks.append((rows, np.full(pairs, least), np.full(pairs, most)))
        blocks += [self._target(target, parts, countries + extra) for target in self.targets]
        matrix = sparse.vstack([block for block, _, _ in blocks], format="csr")
        return matrix, *(np.concatenate([np.asarray(block[side], np.float64) for block in blocks]) for side in (1, 2))

    def _target(self, target: Target, parts: "_Columns", between: int) -> tuple[Any, list[float], list[float]]:
        from scipy import sparse

        row = np.zeros(len(self.problem) + between + len(parts.widths))
        if not target.accuracy:
            row[target.pairs] = 1
            return sparse.csr_array(row[None]), [target.at_least], [target.at_most]
        asked = target.pairs[self.problem.weight[target.pairs] > 0]
        mine = np.isin(parts.owner, asked)
        row[-len(parts.widths) :][mine] = (parts.worths / self.problem.weight[parts.owner])[mine]
        have = self.problem.accuracy(self.low)[asked].sum()
        # Tangents flatter: what they flatter by at most is asked for on top.
        return sparse.csr_array(row[None]), [target.accuracy * len(asked) - have + parts.above[asked].sum()], [np.inf]


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """The pieces (S,) of all curves: worth an image, width, whose; the value without an image; how far the tangents flatter, (P,)."""

    worths: Floats
    widths: Floats
    owner: np.ndarray
    base: float
    above: Floats


def _envelope(curve: Curve, points: Sequence[float], end: float) -> tuple[Floats, Floats, float]:
    """Slopes (k,) and edges (k + 1,) of the lowest line above a curve that tangents at some points make, and its value at the first."""
    at = np.array(points)
    values, slopes = curve.accuracy(at), curve.slope(at)
    kept = np.append(True, np.diff(slopes) < -_SAME)
    at, values, slopes = at[kept], values[kept], slopes[kept]
    falls = slopes[:-1] - slopes[1:]
    cross = (values[1:] - values[:-1] - slopes[1:] * at[1:] + slopes[:-1] * at[:-1]) / falls if len(falls) else falls
    cross = np.clip(cross, at[:-1], at[1:])
    return slopes, np.concatenate([at[:1], cross, [max(end, at[-1])]]), float(values[0])


def require_scipy() -> None:
    """Say what brings SciPy where it is missing.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import scipy  # noqa: F401 # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise MissingExtraError("a plan is computed by SciPy's HiGHS, which is not installed: pip install 'hf-regional[plan]'.") from error
