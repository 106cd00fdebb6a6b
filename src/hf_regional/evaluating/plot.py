"""The trade-off plot: what each β gives the region and keeps of the world, the chosen one marked."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, Final

from hf_regional.cards.places import region_label

# Blue and vermilion of Okabe and Ito: told apart under every common colour blindness; the markers differ in shape as well.
WORLD: Final = "#0072B2"
REGION: Final = "#D55E00"
INK: Final = "#222222"
GREY: Final = "#666666"
FAINT: Final = "#b5b5b5"
_STYLE: Final[dict[Any, Any]] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "axes.labelcolor": INK,
}


def plot_tradeoff(report: Mapping[str, Any], path: Path, *, metric: str = "MRR") -> Path:
    """Draw the curve of a report on validation as a PNG, 1800 px wide, to be read at 900.

    Args:
        report: with `curve`, `beta`, `region`, `settings`, and the test split's `retention` and `gain`.
        path: of the PNG to write.
        metric: what the scores are, for the axis.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A figure of its own, not pyplot's: no global state and no window system is touched.
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9, 4.3), dpi=200)
        FigureCanvasAgg(figure)
        figure.text(0.012, 0.985, _title(report), va="top", fontsize=12.5, fontweight="bold")
        figure.text(0.012, 0.918, _subtitle(report), va="top", fontsize=9.5, color=GREY)
        left, right = figure.subplots(1, 2, gridspec_kw={"left": 0.055, "right": 0.985, "bottom": 0.125, "top": 0.775, "wspace": 0.2})
        _draw_scores(left, report, metric)
        _draw_plane(right, report)
        figure.savefig(path, metadata={"Software": None})
    return path


def region_name(report: Mapping[str, Any]) -> str:
    """The region of a report as a reader calls it: "Southeast Asia" for SEA."""
    return region_label({"region": report["region"], "countries": report["countries"]})


def _title(report: Mapping[str, Any]) -> str:
    beta = report["beta"]
    stays = "" if beta else ", the global model stays as it is"
    return f"How much to merge for {_cut(region_name(report), 40)}: β = {beta:g}{stays}"


def _subtitle(report: Mapping[str, Any]) -> str:
    """The test split's figures: those of the curve helped to choose, so they flatter the choice a little."""
    if not report["beta"] or report["retention"]["value"] is None:
        return "Curves: validation split, on which β is chosen."
    gained, kept = report["gain"]["percent"], 100 * report["retention"]["value"]
    found = f"{gained:+.0f} % for the region, {kept:.1f} % of the global score kept"
    return f"On the test split: {found}. Curves: the validation split, on which β was chosen."


def _draw_scores(axes: Any, report: Mapping[str, Any], metric: str) -> None:
    curve = report["curve"]
    betas = [point["beta"] for point in curve]
    for side, colour, marker, label in (("global", WORLD, "o", "rest of the world"), ("regional", REGION, "s", region_name(report))):
        values, low, high = ([100 * point[side][key] for point in curve] for key in ("value", "low", "high"))
        axes.fill_between(betas, low, high, color=colour, alpha=0.15, lw=0)
        axes.plot(betas, values, color=colour, lw=1.8, marker=marker, ms=4, label=_cut(label))
        at = betas.index(report["beta"])
        axes.plot([betas[at]], [values[at]], color=colour, marker="*", ms=13, mec="white", mew=0.8, zorder=4)
    if "chance" in report:
        axes.axhline(100 * max(report["chance"].values()), color=GREY, lw=1, ls=(0, (1, 2)), label="chance")
    axes.axvline(report["beta"], color=INK, lw=0.8, ls=(0, (4, 3)), zorder=0)
    axes.set(xlabel="β: share of the fine-tuned model", xlim=(-0.03, 1.03), xticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.set_ylim(bottom=0, top=1.06 * 100 * max(point[side]["high"] for point in curve for side in ("global", "regional")))
    axes.set_title(f"{metric}, % (bands: 95 % intervals; ★ chosen)", pad=22)
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.01, 0.995), ncols=3, frameon=False, fontsize=9, borderpad=0.2, handlelength=1.6,
        columnspacing=1.4, handletextpad=0.5,
    )  # fmt: skip


def _draw_plane(axes: Any, report: Mapping[str, Any]) -> None:
    axes.set(xlabel="global score kept, % (above chance)")
    axes.set_title("Regional gain, %, against global score kept (labels: β)", pad=22)
    points = report["curve"]
    if why := next((point["retention"]["reason"] for point in points if point["retention"]["value"] is None), None):
        axes.set(xticks=[], yticks=[])
        axes.text(0.5, 0.5, fill(f"Retention cannot be judged: {why}.", 44), ha="center", va="center", transform=axes.transAxes)
        return
    demand = report["settings"]["choosing"]
    floor = 100 * (demand["min_retention"] + demand["margin"])
    kept = [100 * point["retention"]["value"] for point in points]
    # A mix without a lower bound has no line.
    low = [x if point["retention"]["low"] is None else 100 * point["retention"]["low"] for x, point in zip(kept, points, strict=True)]
    base = report["curve"][0]["regional"]["value"]
    gains = [100 * (point["regional"]["value"] / base - 1) for point in points]
    left, right = _span([*kept, *low, floor, 100])
    axes.set(xlim=(left, right))
    axes.margins(y=0.1)
    axes.axvspan(left, floor, color=FAINT, alpha=0.22, lw=0, zorder=0)
    axes.plot(kept, gains, color=FAINT, lw=1.2, zorder=1)
    if demand["retention_policy"] == "lower":
        axes.hlines(gains, low, kept, color=[INK if point["passes"] else FAINT for point in points], lw=1, zorder=2)
    for point, x, y in zip(points, kept, gains, strict=True):
        chosen = point["beta"] == report["beta"]
        colour = REGION if chosen else INK if point["passes"] else GREY
        axes.plot([x], [y], color=colour, marker="*" if chosen else "o", ms=14 if chosen else 4.5, mec="white", mew=0.6, zorder=4)
    _label(axes, [(point["beta"], x, y) for point, x, y in zip(points, kept, gains, strict=True)], report["beta"])
    judged = "95 % lower bound (line)" if demand["retention_policy"] == "lower" else "point"
    axes.text(0, 1.035, f"refused (grey): {judged} below {floor:g} %", transform=axes.transAxes, fontsize=9, color=GREY)


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Limits around the values; a base near chance has retentions in the thousands, which would hide the rest."""
    low, high = max(min(values), 0), min(max(values), 150)
    width = max(high - low, 5)
    return low - 0.05 * width, high + 0.25 * width  # room for a label on the right


def _label(axes: Any, points: Sequence[tuple[float, float, float]], chosen: float) -> None:
    """Name the points by β, the chosen one and the ends first; one that would touch another label stays without."""
    from matplotlib.transforms import Bbox

    left, right = axes.get_xlim()
    first = sorted((point for point in points if left <= point[1] <= right), key=lambda p: (p[0] != chosen, p[0] not in {0, 1}, p[0]))
    taken: list[Any] = []
    pixel = axes.figure.dpi / 72
    for beta, x, y in first:
        bold = "bold" if beta == chosen else "normal"
        text = f"β = {beta:g}" if beta == chosen else f"{beta:g}"
        for dx, dy, anchor in _places(9 if beta == chosen else 6):
            drawn = axes.annotate(
                text, (x, y), (dx, dy), textcoords="offset points", fontsize=9, fontweight=bold, ha=anchor, va="center", zorder=5
            )
            box = drawn.get_window_extent().padded(pixel)
            if not any(box.overlaps(other) for other in taken):
                at = axes.transData.transform((x, y))
                taken += [box, Bbox.from_bounds(at[0] - 3 * pixel, at[1] - 3 * pixel, 6 * pixel, 6 * pixel)]
                break
            drawn.remove()


def _places(gap: float) -> Iterator[tuple[float, float, str]]:
    """Offsets in points where a label may stand: right of its point, above or below there, and the same on the left."""
    yield gap, 0, "left"
    yield gap - 2, gap, "left"
    yield gap - 2, -gap, "left"
    yield 2 - gap, gap, "right"
    yield 2 - gap, -gap, "right"


def _cut(label: str, longest: int = 28) -> str:
    return label if len(label) <= longest else label[: longest - 1] + "…"
