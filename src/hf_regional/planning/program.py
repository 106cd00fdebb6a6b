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
    """What the solver found: images (P,) or None, whether countries are begun (C,), and a bound on the value.

    `bound` is above every plan's value; -inf where no plan can meet the targets.
    """

    annotated: Floats | None
    begun: np.ndarray
    bound: float


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
        rows: Any = self._rows(parts, whole)
        pairs, countries = len(self.problem), len(self.problem.names)
        integrality = np.zeros(rows[0].shape[1])
        integrality[pairs : pairs + countries] = starts
        integrality[:pairs] = whole
        integrality[pairs + countries : pairs + countries + (pairs if whole else 0)] = whole
        extra = pairs if whole else 0
        upper = np.concatenate([self.limits, np.ones(countries + extra), parts.widths])
        scale = _SCALE / max(float(parts.worths.max(initial=0)), 1e-300)
        costs = np.concatenate([np.zeros(pairs + countries + extra), -parts.worths * scale])
        bounds: Any = (np.zeros(len(upper)), upper)
        found = optimize.milp(
            costs, constraints=optimize.LinearConstraint(*rows), bounds=optimize.Bounds(*bounds), integrality=integrality,
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

        blocks = [self._reach(parts), *self._starts()]
        self._money_row = sum(len(block.low) for block in blocks)
        blocks.append(self._budget())
        if whole:
            blocks += self._orders()
        blocks += [self._target(target, parts) for target in self.targets]
        counts = (len(self.problem), len(self.problem.names), len(self.problem) if whole else 0, len(parts.widths))
        matrix: Any = sparse.vstack([_joined(block, counts) for block in blocks], format="csr")
        low, high = (np.concatenate([getattr(block, side) for block in blocks]) for side in ("low", "high"))
        return matrix, low, high

    def _reach(self, parts: "_Columns") -> "_Block":
        """Effective images beyond those that are there are the pieces of the curve that are filled: (I + W)x - Σ pieces = 0."""
        from scipy import sparse

        pairs, pieces = len(self.problem), len(parts.widths)
        counted = np.flatnonzero(self.problem.weight)
        filled = sparse.csr_array((-np.ones(pieces), (parts.owner, np.arange(pieces))), shape=(pairs, pieces))
        images = (sparse.eye_array(pairs, format="csr") + self.problem.lent).tocsr()
        zero = np.zeros(len(counted))
        return _Block(zero, zero, images=images[counted], pieces=filled[counted])

    def _starts(self) -> list["_Block"]:
        """Nothing is ordered in a country that is not begun: x <= limit·y for each pair, and all within the money after the start."""
        from scipy import sparse

        problem, pairs, countries = self.problem, len(self.problem), len(self.problem.names)
        costly = np.flatnonzero(problem.start > 0)
        gated = np.flatnonzero(np.isin(problem.place, costly))
        rows = np.arange(len(gated))
        ones = sparse.csr_array((np.ones(len(gated)), (rows, gated)), shape=(len(gated), pairs))
        limits = sparse.csr_array((-self.limits[gated], (rows, problem.place[gated])), shape=(len(gated), countries))
        number = np.searchsorted(costly, problem.place[gated])
        spent = sparse.csr_array((problem.price[gated], (number, gated)), shape=(len(costly), pairs))
        left = np.maximum(0, self.money - problem.start[costly])
        ceiling = sparse.csr_array((-left, (np.arange(len(costly)), costly)), shape=(len(costly), countries))
        return [
            _Block(np.full(len(gated), -np.inf), np.zeros(len(gated)), images=ones, starts=limits),
            _Block(np.full(len(costly), -np.inf), np.zeros(len(costly)), images=spent, starts=ceiling),
        ]

    def _budget(self) -> "_Block":
        from scipy import sparse

        prices, starts = (sparse.csr_array(values[None]) for values in (self.problem.price, self.problem.start))
        return _Block(np.array([-np.inf]), np.array([self.money]), images=prices, starts=starts)

    def _orders(self) -> list["_Block"]:
        """None or at least a batch: batch·z <= x <= limit·z."""
        from scipy import sparse

        pairs = len(self.problem)
        eye, none, nothing = sparse.eye_array(pairs, format="csr"), np.full(pairs, np.inf), np.zeros(pairs)
        most, least = (
            sparse.csr_array((-values, (np.arange(pairs),) * 2), shape=(pairs, pairs)) for values in (self.limits, self.problem.batch)
        )
        return [_Block(-none, nothing, images=eye, orders=most), _Block(nothing, none, images=eye, orders=least)]

    def _target(self, target: Target, parts: "_Columns") -> "_Block":
        from scipy import sparse

        if not target.accuracy:
            row = np.zeros(len(self.problem))
            row[target.pairs] = 1
            return _Block(np.array([target.at_least]), np.array([target.at_most]), images=sparse.csr_array(row[None]))
        asked = target.pairs[self.problem.weight[target.pairs] > 0]
        row = np.where(np.isin(parts.owner, asked), parts.worths / self.problem.weight[parts.owner], 0.0)
        have = self.problem.accuracy(self.low)[asked].sum()
        # Tangents flatter: what they flatter by at most is asked for on top.
        least = target.accuracy * len(asked) - have + parts.above[asked].sum()
        return _Block(np.array([least]), np.array([np.inf]), pieces=sparse.csr_array(row[None]))


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Some rows (r,): least, most, and what they hold of each kind of column; None for nothing."""

    low: Floats
    high: Floats
    images: Any = None
    starts: Any = None
    orders: Any = None
    pieces: Any = None


def _joined(block: _Block, counts: tuple[int, int, int, int]) -> Any:
    from scipy import sparse

    kinds = zip((block.images, block.starts, block.orders, block.pieces), counts, strict=True)
    return sparse.hstack([sparse.csr_array((len(block.low), count)) if part is None else part for part, count in kinds], format="csr")


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
