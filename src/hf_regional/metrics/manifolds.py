"""Features of real and generated images in; precision, recall, density and coverage, overall and by region, out.

Definitions: Naeem et al. (arXiv 2002.09797); by region, and by region and object, as DIG-In asks (Hall et al., arXiv 2308.06198).
"""

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from hf_regional.errors import BadRowError, MismatchedScoresError, NoRowsError, OutOfRangeError, UnknownNameError
from hf_regional.metrics.features import Floats, blocks, check_finite, matrix, same_width
from hf_regional.nearest import did_you_mean

Small = Literal["refuse", "leave_out"]
METRICS: Final = ("precision", "recall", "density", "coverage")
_CELLS: Final = 4_000_000  # distances at a time: 32 MB
_ROUNDING: Final = 1e-13  # of squared lengths in float64: distances 3e-7 of the lengths


@dataclass(frozen=True, slots=True)
class Prdc:
    """How two sets of images cover each other."""

    precision: float  # share of generated images within a real image's neighbourhood: realism
    recall: float  # share of real images within a generated image's neighbourhood
    density: float  # mean number of real neighbourhoods a generated image lies in, over k; may pass 1
    coverage: float  # share of real images with a generated image in their neighbourhood: diversity
    n_real: int
    n_generated: int

    def as_dict(self) -> dict[str, float | int]:
        """Write as a report has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RegionalPrdc:
    """The four by region, and how far regions lie apart."""

    by_region: dict[str, Prdc]  # with objects: the mean over the region's objects, counts summed
    by_cell: dict[tuple[str, str], Prdc]  # (region, object); empty without objects
    disparity: dict[str, float]  # metric -> largest minus smallest region
    to_reference: dict[str, dict[str, float]]  # region -> metric -> region minus reference; empty without a reference
    left_out: dict[tuple[str, ...], str]  # groups too small to be measured, and why


def prdc(real: npt.ArrayLike, generated: npt.ArrayLike, *, k: int = 3) -> Prdc:
    """Measure realism and diversity of generated images.

    With ρ_k(x) the distance from x to its k-th nearest neighbour in its own set, itself not counted, r of N real and g of M generated:
    precision = mean_g 1[∃r: |r - g| < ρ_k(r)], recall = mean_r 1[∃g: |r - g| < ρ_k(g)], density = Σ_g Σ_r 1[|r - g| < ρ_k(r)] / (kM),
    coverage = mean_r 1[min_g |r - g| < ρ_k(r)]. Euclidean distances in float64, a block at a time.

    Args:
        real: (N, d) features of real images; DIG-In takes the 2048 of InceptionV3.
        generated: (M, d) features of generated images.
        k: neighbours, at least 1; N and M must be above it.

    Raises:
        OutOfRangeError: k is below 1 or a set has no more than k rows.
        MismatchedScoresError: the widths differ. NonFiniteError: a row holds NaN or infinity; `.name` is the row.

    >>> prdc([[0.0], [1.0], [2.0], [9.0]], [[0.5], [1.5], [2.5]], k=1).precision
    1.0
    """
    rows, made = matrix(real, "real"), matrix(generated, "generated")
    same_width(rows, made, ("real", "generated"))
    if k < 1 or min(len(rows), len(made)) <= k:
        raise OutOfRangeError(
            f"k={k} with {len(rows)} real and {len(made)} generated images: both must have more than k, and k be at least 1."
        )
    rows, made = rows.astype(np.float64), made.astype(np.float64)
    check_finite(rows, "real")
    check_finite(made, "generated")
    centre = rows.mean(axis=0)  # distances stay; the squares that cancel in them become small
    return _prdc(rows - centre, made - centre, k)


def real_neighbourhoods(real: npt.ArrayLike, generated: npt.ArrayLike, *, k: int = 3) -> npt.NDArray[np.int64]:
    """Count the real neighbourhoods that each generated image lies in: #{r: |r - g| < ρ_k(r)}, (M,).

    The share that is above 0 is `prdc`'s precision, the mean over k its density: here they are kept by image, for intervals.

    Args:
        real: (N, d) features of real images, N above k.
        generated: (M, d) features of generated images, one at least.
        k: neighbours, at least 1.

    Raises:
        As `prdc`.

    >>> real_neighbourhoods([[0.0], [1.0], [2.0], [9.0]], [[0.5], [20.0]], k=1).tolist()
    [2, 0]
    """
    rows, made = matrix(real, "real"), matrix(generated, "generated")
    same_width(rows, made, ("real", "generated"))
    if k < 1 or len(rows) <= k or not len(made):
        raise OutOfRangeError(f"k={k} with {len(rows)} real and {len(made)} generated images: k at least 1, more than k real, 1 generated.")
    rows, made = rows.astype(np.float64), made.astype(np.float64)
    check_finite(rows, "real")
    check_finite(made, "generated")
    centre = rows.mean(axis=0)
    return _inside(rows - centre, made - centre, k)


def prdc_by_region(
    real: npt.ArrayLike,
    generated: npt.ArrayLike,
    real_regions: Sequence[Hashable],
    generated_regions: Sequence[Hashable],
    *,
    real_objects: Sequence[Hashable] | None = None,
    generated_objects: Sequence[Hashable] | None = None,
    k: int = 3,
    reference: str | None = None,
    small: Small = "refuse",
    per_group: int | None = None,
    seed: int = 0,
) -> RegionalPrdc:
    """Measure each region's generated images against its own real ones; with objects, each (region, object) and then their mean.

    All four depend on the number of images, so that regions are compared at equal numbers: `per_group`, or data balanced before
    (DIG-In: 180 an object and region). `expected_coverage` gives what a perfect generator would score.

    Args:
        real: (N, d) features.
        generated: (M, d) features.
        real_regions: region of each real image; numbers and strings are told apart by their text.
        generated_regions: region each generated image was prompted with.
        real_objects: object of each real image; give both or neither.
        generated_objects: object each generated image was prompted with.
        k: neighbours; 3 in DIG-In.
        reference: a region that the others are compared with ("Europe").
        small: what to do with groups that have no more than k images on a side: "refuse", or "leave_out" and name them.
        per_group: draw so many real and so many generated images of every group; smaller groups count as too small.
        seed: of that draw.

    Raises:
        OutOfRangeError: a group is too small and `small` is "refuse".
        NoRowsError: no group is left. MismatchedScoresError: labels and features differ in number, or widths differ.
        BadRowError: a label is missing; the message names the row. UnknownNameError: the reference is no region that was measured.
        NonFiniteError: a row holds NaN or infinity; `.name` is the row.

    >>> rows = np.random.default_rng(0).normal(size=(80, 2))
    >>> found = prdc_by_region(rows[:40], rows[40:], ["SEA", "Europe"] * 20, ["SEA", "Europe"] * 20, reference="Europe")
    >>> sorted(found.by_region), found.to_reference["Europe"]["coverage"]
    (['Europe', 'SEA'], 0.0)
    """
    if small not in ("refuse", "leave_out"):
        raise UnknownNameError(f"small is {small!r}; it is one of refuse, leave_out.")
    if (real_objects is None) != (generated_objects is None):
        raise MismatchedScoresError("objects are given on one side only: give real_objects and generated_objects, or neither.")
    rows, made = matrix(real, "real"), matrix(generated, "generated")
    for side, name in ((rows, "real"), (made, "generated")):
        deque(blocks(side, name), maxlen=0)  # checked as a whole: within groups rows have other numbers
    real_rows = _groups(len(rows), [real_regions] if real_objects is None else [real_regions, real_objects], "real")
    made_rows = _groups(
        len(made), [generated_regions] if generated_objects is None else [generated_regions, generated_objects], "generated"
    )
    cells: dict[tuple[str, ...], Prdc] = {}
    left_out: dict[tuple[str, ...], str] = {}
    draw = np.random.default_rng(seed)
    for key in sorted(real_rows.keys() | made_rows.keys()):
        own, its = real_rows.get(key, ()), made_rows.get(key, ())
        if min(len(own), len(its)) < max(k + 1, per_group or 0):
            left_out[key] = f"{len(own)} real and {len(its)} generated images, at least {max(k + 1, per_group or 0)} of each needed"
            continue
        drawn = [draw.permutation(one)[: per_group or None] for one in (own, its)]
        cells[key] = prdc(rows[drawn[0]], made[drawn[1]], k=k)
    if left_out and small == "refuse":
        key, why = next(iter(left_out.items()))
        raise OutOfRangeError(
            f"{' / '.join(key)}: {why} ({len(left_out)} such groups). Add images, or small='leave_out' to name them apart."
        )
    if not cells:
        reasons = "; ".join(f"{' / '.join(key)}: {why}" for key, why in left_out.items())
        raise NoRowsError(f"no group can be measured. {reasons}.")
    return _summary(cells, left_out, reference)


def expected_coverage(n_real: int, n_generated: int, k: int = 3) -> float:
    """Coverage that a perfect generator scores on average: 1 - Π_{j=1..k} (N - j) / (N + M - j) (Naeem et al., arXiv 2002.09797).

    Args:
        n_real: N, above k.
        n_generated: M, at least 1.
        k: neighbours.

    Raises:
        OutOfRangeError: k below 1, N not above k, or M below 1.

    >>> round(expected_coverage(2000, 2000, k=3), 4)
    0.8752
    """
    if k < 1 or n_real <= k or n_generated < 1:
        raise OutOfRangeError(f"k={k}, {n_real} real and {n_generated} generated images: k at least 1, more than k real, 1 generated.")
    j = np.arange(1, k + 1)
    return float(1 - np.prod((n_real - j) / (n_real + n_generated - j)))


def _prdc(real: Floats, made: Floats, k: int) -> Prdc:
    real_radii, made_radii = _radii(real, k), _radii(made, k)
    inside = np.zeros(len(made), dtype=np.int64)  # real neighbourhoods that hold each generated image
    recalled = covered = 0
    step = max(1, _CELLS // len(made))
    for first in range(0, len(real), step):
        squares = _squares(real[first : first + step], made)
        within = squares < real_radii[first : first + step, None]
        inside += np.count_nonzero(within, axis=0)
        covered += int(np.count_nonzero(within.any(axis=1)))
        recalled += int(np.count_nonzero((squares < made_radii).any(axis=1)))
    return Prdc(
        precision=float((inside > 0).mean()),
        recall=recalled / len(real),
        density=float(inside.mean()) / k,
        coverage=covered / len(real),
        n_real=len(real),
        n_generated=len(made),
    )


def _inside(real: Floats, made: Floats, k: int) -> npt.NDArray[np.int64]:
    radii = _radii(real, k)
    inside = np.zeros(len(made), dtype=np.int64)
    step = max(1, _CELLS // len(made))
    for first in range(0, len(real), step):
        inside += np.count_nonzero(_squares(real[first : first + step], made) < radii[first : first + step, None], axis=0)
    return inside


def _squares(one: Floats, other: Floats) -> Floats:
    """(a, b) squared distances; 0 between copies, where |a|² + |b|² - 2ab leaves rounding behind that could pass for nearness."""
    lengths = np.einsum("nd,nd->n", one, one)[:, None] + np.einsum("nd,nd->n", other, other)
    found = lengths - 2 * (one @ other.T)
    found[found < _ROUNDING * lengths] = 0
    return found


def _radii(rows: Floats, k: int) -> Floats:
    """(n,) squared distance of each row to its k-th nearest other."""
    radii = np.empty(len(rows))
    step = max(1, _CELLS // len(rows))
    for first in range(0, len(rows), step):
        squares = _squares(rows[first : first + step], rows)
        here = np.arange(len(squares))
        squares[here, first + here] = np.inf  # itself; a copy of it counts as a neighbour
        radii[first : first + step] = np.partition(squares, k - 1, axis=1)[:, k - 1]
    return radii


def _groups(n: int, labels: Sequence[Sequence[Hashable]], side: str) -> dict[tuple[str, ...], npt.NDArray[np.int64]]:
    """Rows of each group by its labels as text."""
    for column, what in zip(labels, ("regions", "objects"), strict=False):
        if len(column) != n:
            raise MismatchedScoresError(f"{n} {side} images and {len(column)} {side}_{what}: give one label an image.")
        for row, label in enumerate(column):
            if label is None or label == "" or label != label:
                raise BadRowError(f"{side}_{what}: row {row} is {label!r}. Name it, or leave that image out.")
    found: dict[tuple[str, ...], list[int]] = {}
    for row, key in enumerate(zip(*labels, strict=True)):
        found.setdefault(tuple(map(str, key)), []).append(row)
    return {key: np.array(rows) for key, rows in found.items()}


def _summary(cells: Mapping[tuple[str, ...], Prdc], left_out: dict[tuple[str, ...], str], reference: str | None) -> RegionalPrdc:
    regions = {key[0]: [one for other, one in cells.items() if other[0] == key[0]] for key in cells}
    by_region = {region: _mean(found) for region, found in regions.items()}
    values: dict[str, list[float]] = {name: [getattr(one, name) for one in by_region.values()] for name in METRICS}
    to_reference: dict[str, dict[str, float]] = {}
    if reference is not None:
        if reference not in by_region:
            hint = did_you_mean(reference, by_region)
            raise UnknownNameError(f"reference {reference!r} is no region that was measured.{hint} Measured: {', '.join(by_region)}.")
        home: Any = by_region[reference]
        to_reference = {region: {name: getattr(one, name) - getattr(home, name) for name in METRICS} for region, one in by_region.items()}
    return RegionalPrdc(
        by_region=by_region,
        by_cell={(key[0], key[1]): one for key, one in cells.items() if len(key) == 2},
        disparity={name: max(found) - min(found) for name, found in values.items()},
        to_reference=to_reference,
        left_out=left_out,
    )


def _mean(found: Sequence[Prdc]) -> Prdc:
    means = {name: float(np.mean([getattr(one, name) for one in found])) for name in METRICS}
    return Prdc(**means, n_real=sum(one.n_real for one in found), n_generated=sum(one.n_generated for one in found))
