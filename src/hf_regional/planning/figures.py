"""Figures: similarities, coverage, plans and checks in; pictures for a page or a paper (PNG, SVG, PDF) out.

draw_pairs(similarity, coverage, "pairs.png")         # (topic, country) by low- and high-resource data
draw_countries(similarity, "countries.svg")            # country by country, in the order of their tree
draw_world(shares, "world.pdf", plan=plan)             # who is missing, and where a plan goes
draw_check(fill_experiment(...), "check.png")
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hf_regional.errors import NoRowsError
from hf_regional.planning import drawing as look
from hf_regional.planning.check import FillCheck
from hf_regional.planning.clusters import tree
from hf_regional.planning.covered import Coverage
from hf_regional.planning.maps import apart, projected, shapes, window
from hf_regional.planning.plan import Plan
from hf_regional.planning.record import Similarity
from hf_regional.regions import country_code, country_name

_WORDS: Final = {"similar": "similar countries", "dissimilar": "dissimilar countries", "high-resource": "high-resource data"}
_SMALL: Final = 2e-4  # of the map's area: smaller countries get a dot


def draw_pairs(similarity: Similarity, coverage: Coverage, path: str | Path, *, most: int = 40) -> Path:
    """Heat map of (topic, country) pairs by how alike they are to other countries (low) and to high-resource data (high).

    Args:
        similarity: low-resource countries with each other; a pair's entry is the mean over the others of its topic.
        coverage: the pairs with the high-resource data of their topic, under the same encoder.
        path: .png, .svg or .pdf.
        most: the pairs that are least like the high-resource data are drawn, as many.
    """
    table = pairs_table(similarity, coverage).head(most)
    cells = table[["low", "high"]].to_numpy(np.float64)
    with look.canvas(path, 4.6, 1.5 + 0.19 * len(table)) as figure:
        axes = figure.subplots()
        image = axes.imshow(cells, cmap=look.sequence(look.TEAL), aspect="auto", interpolation="none")
        axes.set_xticks([0, 1], ["other\ncountries", "high-resource\ndata"])
        axes.set_yticks(range(len(table)), [f"{row.topic}, {named(str(row.country))}" for row in table.itertuples()])
        axes.xaxis.tick_top()
        _bare(axes)
        for (row, column), value in np.ndenumerate(cells):
            if np.isfinite(value):
                axes.text(
                    column, row, f"{value:.2f}", ha="center", va="center", color=look.ink_on(image.cmap(image.norm(value))), fontsize=7.5
                )
        figure.suptitle(f"Least like the data models see: {len(table)} pairs", x=0.01, ha="left", fontweight="bold", fontsize=10.5)
        look.bar(figure, image, axes, f"similarity ({similarity.rule})")
    return Path(path)


def draw_countries(similarity: Similarity, path: str | Path, *, topic: str | None = None) -> Path:
    """Country by country heat map in the order of their tree, with the tree above.

    Args:
        similarity: of `geo_similarity` or a published table.
        path: .png, .svg or .pdf.
        topic: one topic; None takes the mean over the topics that two countries share.
    """
    ordered, joins, places = in_order(similarity.matrix(topic))
    names = [named(name) for name in ordered.index]
    side = max(4.5, 1.8 + 0.17 * len(names))
    with look.canvas(path, side + 0.8, side + 0.9) as figure:
        above, axes = figure.subplots(2, 1, height_ratios=[1, 9], sharex=True)
        _draw_tree(above, joins, places)
        cells = np.ma.masked_invalid(ordered.to_numpy(np.float64))
        axes.set_facecolor("#f1efea")
        image = axes.imshow(cells, cmap=look.sequence(look.TEAL), aspect="auto", interpolation="none")
        axes.set_xticks(range(len(names)), names, rotation=90)
        axes.set_yticks(range(len(names)), names)
        _bare(axes)
        above.set_title("Which countries look alike" + (f": {topic}" if topic else ""))
        look.bar(figure, image, [above, axes], f"similarity ({similarity.rule})")
    return Path(path)


def draw_world(
    values: Mapping[str, float], path: str | Path, *, label: str, plan: Plan | None = None, region: Collection[str] | None = None
) -> Path:
    """Map of a value of each country, such as its share of missing pairs; with a plan, its images as circles.

    Args:
        values: country (code or name) -> value; darker is more. Countries that no code is known of are left out.
        path: .png, .svg or .pdf.
        label: what the value is.
        plan: its images a country are drawn as circles whose area is their number.
        region: countries whose window the map shows; None shows the world.

    Raises:
        NoRowsError: not one country can be read.
    """
    known = {code: value for name, value in values.items() if (code := country_code(name)) and np.isfinite(value)}
    if not known:
        raise NoRowsError("no country of the map has a value: give codes or names of countries.")
    view = window(region or ()) if region else window(())
    low, high = corners(view)
    wide, tall = high - low
    width = min(9.0, 6.6 * wide / tall)
    with look.canvas(path, width, width * tall / wide + 0.9) as figure:
        axes = figure.subplots()
        image = _draw_land(axes, view, known, float(wide * tall))
        ordered = {} if plan is None else _images(plan)
        _draw_circles(axes, view, ordered, 72 * width / wide)
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=[], yticks=[], aspect="equal")
        for side in axes.spines.values():
            side.set_visible(False)
        axes.set_title(label[0].upper() + label[1:] + (", and the images to annotate (circles)" if ordered else ""))
        look.bar(figure, image, axes, label, across=True)
    return Path(path)


def draw_topic(
    features: Any,
    topics: npt.ArrayLike,
    countries: npt.ArrayLike,
    topic: str,
    path: str | Path,
    *,
    images: Any = None,
    thumbnails: int = 40,
    credits: Sequence[str] | None = None,
) -> Path:
    """The images of one topic on their first two principal components, as thumbnails where they are given.

    Args:
        features: (n, d).
        topics: (n,) labels.
        countries: (n,) labels.
        topic: the one to draw.
        path: .png, .svg or .pdf.
        images: (n,) PIL images or paths; None draws dots alone.
        thumbnails: at most as many, chosen to lie apart.
        credits: (n,) whose photograph each is and under which licence; those of the topic are written below.

    Raises:
        NoRowsError: the topic has fewer than three images.
    """
    rows = np.flatnonzero(np.asarray(topics) == topic)
    if len(rows) < 3:
        raise NoRowsError(f"topic {topic!r} has {len(rows)} images: three are needed to draw it.")
    names = np.asarray(countries)[rows]
    points, share = principal(np.asarray(features)[rows])
    with look.canvas(path, 7.6, 6.2) as figure:
        axes = figure.subplots()
        for number, name in enumerate(sorted(set(names.tolist()))):
            own = points[names == name]
            axes.scatter(
                *own.T, s=26, color=_kind(number), marker=_MARKERS[number // len(look.KINDS) % len(_MARKERS)], label=named(name), lw=0
            )
        if images is not None:
            _draw_thumbnails(axes, points, [images[int(row)] for row in rows], names.tolist(), thumbnails)
        axes.set_xlabel(f"first component, {100 * share[0]:.0f} % of the variance")
        axes.set_ylabel(f"second, {100 * share[1]:.0f} %")
        if credits is not None and images is not None:
            said = "; ".join(sorted({credits[int(row)] for row in rows}))
            figure.supxlabel(fill(f"Photographs: {said}", 150), fontsize=5.5, color=look.SOFT, x=0.01, ha="left")
        axes.set(xticks=[], yticks=[], title=f"How {topic} looks, country by country")
        axes.margins(0.12)
        figure.legend(loc="outside right upper", frameon=False, handletextpad=0.1, fontsize=7.5)
    return Path(path)


def draw_check(check: FillCheck, path: str | Path) -> Path:
    """Accuracy against the share of own images, a line for each way of filling the rest, with 95 % intervals."""
    with look.canvas(path, 6.2, 4.0) as figure:
        axes = figure.subplots()
        for number, (way, part) in enumerate(check.table.groupby("fill", sort=False)):
            colour = look.KINDS[(2, 1, 0)[number % 3]]
            axes.fill_between(part["ratio"], 100 * part["low"], 100 * part["high"], color=colour, alpha=0.15, lw=0)
            axes.plot(
                part["ratio"],
                100 * part["accuracy"],
                color=colour,
                marker="os^"[number % 3],
                ms=4.5,
                lw=1.8,
                label=_WORDS.get(str(way), way),
            )
        axes.set_xlabel("share of the country's own images in training")
        axes.set_ylabel("accuracy, %")
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        axes.grid(axis="y", color=look.LINE, lw=0.6)
        axes.set_axisbelow(True)
        axes.set_title("Who can stand in: the rest filled from elsewhere")
        axes.legend(frameon=False, title="rest from", alignment="left", loc="lower right")
    return Path(path)


def pairs_table(similarity: Similarity, coverage: Coverage) -> pd.DataFrame:
    """topic, country, low (mean similarity to the other countries of the topic), high (to the high-resource data); least covered first."""
    low = similarity.table.groupby(["topic", "country_a"])["similarity"].mean().rename_axis(["topic", "country"])
    high = coverage.table.set_index(["topic", "country"])["similarity"]
    table = pd.DataFrame({"low": low.reindex(high.index), "high": high}).reset_index()
    return table.sort_values(["high", "topic", "country"], ignore_index=True)


def in_order(similarity: pd.DataFrame) -> tuple[pd.DataFrame, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """A country by country table in the order of its tree, the tree, and the place of each country in it (c,)."""
    joins = tree(similarity)
    leaves = _leaves(joins, len(similarity))
    ordered = similarity.iloc[leaves, leaves]
    places = np.empty(len(leaves))
    places[leaves] = np.arange(len(leaves))
    return ordered, joins, places


def principal(features: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Unit features (n, d) on their first two principal components (n, 2), and the share of the variance of each."""
    x = np.asarray(features, np.float64)
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-30)
    x = x - x.mean(axis=0)
    u, s, axes = np.linalg.svd(x, full_matrices=False)
    # The sign of a component is free: its largest coordinate is made positive, so that a picture stays as it is.
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    points = (u * s * signs)[:, :2]
    points = np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
    share = np.append(s, [0.0, 0.0])[:2] ** 2 / max(float((s**2).sum()), 1e-30)
    return points, share


_MARKERS: Final = "osD^vP"


def _kind(number: int) -> str:
    return look.KINDS[number % len(look.KINDS)]


def named(country: str) -> str:
    """A country's English name, or what it is called where no code is known."""
    code = country_code(country)
    return country_name(code) if code else country


def _bare(axes: Any) -> None:
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _leaves(joins: npt.NDArray[np.float64], count: int) -> list[int]:
    """Countries from left to right in a tree, the larger branch first."""
    members = [[number] for number in range(count)]
    for a, b, *_ in joins:
        pair = sorted((members[int(a)], members[int(b)]), key=lambda part: (-len(part), part))
        members.append(pair[0] + pair[1])
    return members[-1]


def _draw_tree(axes: Any, joins: npt.NDArray[np.float64], places: npt.NDArray[np.float64]) -> None:
    at, heights = list(places), [0.0] * len(places)
    for a, b, height, _ in joins:
        left, right = at[int(a)], at[int(b)]
        axes.plot([left, left, right, right], [heights[int(a)], height, height, heights[int(b)]], color=look.SOFT, lw=0.8)
        at.append((left + right) / 2)
        heights.append(float(height))
    axes.set(yticks=[])
    axes.tick_params(length=0, labelbottom=False)
    for side in axes.spines.values():
        side.set_visible(False)


def corners(view: tuple[float, float, float, float]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Lower left and upper right of a window on the map."""
    west, east, south, north = view
    latitudes = np.linspace(south, north, 60)
    edge = np.concatenate([projected(np.full(60, west), latitudes), projected(np.full(60, east), latitudes)])
    return edge.min(axis=0), edge.max(axis=0)


def _draw_land(axes: Any, view: tuple[float, float, float, float], known: Mapping[str, float], area: float) -> Any:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    top, bottom = max(known.values()), min(known.values())
    shades: Any = ScalarMappable(Normalize(bottom, top if top > bottom else bottom + 1e-9), look.sequence(look.EMBER))
    for code, shape in shapes(*view).items():
        colour = shades.to_rgba(known[code]) if code in known else look.LAND
        outline = Outline.make_compound_path(*(Outline(ring, closed=True) for ring in shape.rings))
        axes.add_patch(PathPatch(outline, facecolor=colour, edgecolor="white", lw=0.35))
        if code in known and shape.area < _SMALL * area:
            axes.scatter(*shape.middle, s=22, color=[colour], edgecolor=look.INK, lw=0.5, zorder=3)
    return shades


def _images(plan: Plan) -> dict[str, int]:
    rows = plan.countries[plan.countries["annotate"] > 0]
    return {code: int(row.annotate) for row in rows.itertuples() if (code := country_code(str(row.country)))}  # pyright: ignore[reportArgumentType]


def _draw_circles(axes: Any, view: tuple[float, float, float, float], ordered: Mapping[str, int], dots: float) -> None:
    """Circles whose area is the number of images; `dots` a unit of the map, 72 an inch."""
    found, largest = shapes(*view), max(ordered.values(), default=1)
    drawn = [(found[code].middle, images) for code, images in ordered.items() if code in found]
    radii = [max(5.0, 11.0 * np.sqrt(images / largest)) for _, images in drawn]
    places = apart([middle for middle, _ in drawn], np.array(radii) / dots)
    for (middle, images), radius, place in zip(drawn, radii, places, strict=True):
        axes.plot(*zip(middle, place, strict=True), color="#063b38", lw=0.8, zorder=4)
        axes.scatter(*place, s=4 * radius**2, facecolor="#d3e9e3", edgecolor="#063b38", lw=1, zorder=5, alpha=0.92)
        axes.annotate(f"{images:,}", tuple(place), ha="center", va="center", fontsize=6.5, fontweight="bold", color="#03201e", zorder=6)


def _draw_thumbnails(axes: Any, points: npt.NDArray[np.float64], images: list[Any], names: list[str], most: int) -> None:
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage
    from PIL import Image, ImageOps

    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    for place in spread(points, most):
        image = images[place]
        opened = image if isinstance(image, Image.Image) else Image.open(image)
        small = ImageOps.fit(opened.convert("RGB"), (120, 120))
        box = AnnotationBbox(OffsetImage(np.asarray(small), zoom=0.3), tuple(points[place]), pad=0.12)
        number = numbers[names[place]]
        box.patch.set(edgecolor=_kind(number), linewidth=1.6, linestyle=("-", "--", ":")[number // len(look.KINDS) % 3])
        axes.add_artist(box)


def spread(points: npt.NDArray[np.float64], most: int) -> list[int]:
    """At most some of (n, 2) points that lie far apart: each next one is the farthest from those before (Gonzalez 1985)."""
    if len(points) <= most:
        return list(range(len(points)))
    chosen = [int(np.linalg.norm(points - points.mean(axis=0), axis=1).argmax())]
    distance = np.linalg.norm(points - points[chosen[0]], axis=1)
    while len(chosen) < most:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return sorted(chosen)
