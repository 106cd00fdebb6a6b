"""The trade-off plot: what each β gives the region and keeps of the world, the chosen one marked."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any, Final

WORLD: Final = "#3b6ea8"
REGION: Final = "#c8553d"
INK: Final = "#2b2b2b"
FAINT: Final = "#9a9a9a"


def plot_tradeoff(report: Mapping[str, Any], path: Path, *, metric: str = "MRR") -> Path:
    """Draw the curve of a report on validation as a PNG.

    Args:
        report: with `curve`, `beta`, `alpha`, `region` and `settings`.
        path: of the PNG to write.
        metric: what the scores are, for the axis.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A figure of its own, not pyplot's: no global state and no window system is touched.
    with mpl.rc_context(
        {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": FAINT, "text.color": INK}
    ):
        figure = Figure(figsize=(10.5, 4.6), dpi=160, layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
        _draw_scores(left, report, metric)
        _draw_plane(right, report)
        figure.suptitle(_title(report), x=0.01, ha="left", fontsize=12, fontweight="bold")
        figure.savefig(path, metadata={"Software": None})
    return path


def _title(report: Mapping[str, Any]) -> str:
    if not report["beta"]:
        return f"{report['region']['name']}: no mix kept enough of the world; the global model stays"
    kept = next(point for point in report["curve"] if point["beta"] == report["beta"])
    gain = 100 * (kept["regional"]["value"] / report["curve"][0]["regional"]["value"] - 1)
    name, share = report["region"]["name"], 100 * kept["retention"]["value"]
    return f"β = {report['beta']:g} gives {name} {gain:+.0f} % and keeps {share:.1f} % of the world"


def _draw_scores(axes: Any, report: Mapping[str, Any], metric: str) -> None:
    curve = report["curve"]
    betas = [point["beta"] for point in curve]
    for side, colour, label in (("global", WORLD, "the world"), ("regional", REGION, report["region"]["name"])):
        values = [100 * point[side]["value"] for point in curve]
        axes.fill_between(
            betas, [100 * p[side]["low"] for p in curve], [100 * p[side]["high"] for p in curve], color=colour, alpha=0.16, lw=0
        )
        axes.plot(betas, values, color=colour, lw=2, marker="o", ms=4)
        axes.annotate(
            label, (betas[-1], values[-1]), xytext=(8, 0), textcoords="offset points", color=colour, va="center", fontweight="bold"
        )
    axes.axvline(report["beta"], color=INK, lw=1, ls=(0, (4, 3)))
    axes.annotate(
        f"chosen β = {report['beta']:g}",
        (report["beta"], 1),
        xycoords=("data", "axes fraction"),
        xytext=(5, -4),
        textcoords="offset points",
        va="top",
    )
    axes.set(
        xlabel="β   (0 = global model, 1 = fine-tuned)",
        ylabel=f"{metric} on validation, %",
        xlim=(-0.03, 1.2),
        xticks=[0, 0.25, 0.5, 0.75, 1],
    )
    axes.set_ylim(bottom=0)
    axes.set_title("Scores along the merge, with 95 % intervals", loc="left", fontsize=10, color=FAINT)


def _draw_plane(axes: Any, report: Mapping[str, Any]) -> None:
    curve = report["curve"]
    if why := next((point["retention"]["reason"] for point in curve if point["retention"]["value"] is None), None):
        axes.set_axis_off()
        axes.text(
            0.5, 0.5, fill(f"Retention cannot be judged: {why}.", 44), transform=axes.transAxes, ha="center", va="center", color=FAINT
        )
        return
    kept = [100 * point["retention"]["value"] for point in curve]
    base = curve[0]["regional"]["value"]
    gains = [100 * (point["regional"]["value"] / base - 1) for point in curve]
    floor = 100 * report["settings"]["choosing"]["min_retention"]
    axes.axvspan(min([*kept, floor]) - 3, floor, color=FAINT, alpha=0.13, lw=0)
    axes.plot(kept, gains, color=FAINT, lw=1.5, zorder=1)
    # A mix without a lower bound has no whisker.
    low = [0 if kept["low"] is None else 100 * (kept["value"] - kept["low"]) for kept in (point["retention"] for point in curve)]
    axes.errorbar(kept, gains, xerr=[low, [0] * len(low)], fmt="none", ecolor=FAINT, elinewidth=1, zorder=1)
    for point, x, y in zip(curve, kept, gains, strict=True):
        chosen = point["beta"] == report["beta"]
        colour = REGION if chosen else INK if point["passes"] else FAINT
        axes.scatter([x], [y], s=130 if chosen else 26, marker="*" if chosen else "o", color=colour, zorder=3 if chosen else 2)
        axes.annotate(f"{point['beta']:g}", (x, y), xytext=(7, 5), textcoords="offset points", fontsize=8.5, color=colour)
    axes.annotate(
        f"under {floor:g} %: too much lost",
        (floor, 0),
        xycoords=("data", "axes fraction"),
        xytext=(-6, 6),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
        color=FAINT,
    )
    axes.set(
        xlabel="global score kept, % (whisker: one-sided 95 % bound)",
        ylabel="regional gain, %",
        xlim=(min([*kept, floor]) - 3, max([*kept, 100]) + 2),
    )
    axes.set_title("What each β (labels) gives and keeps", loc="left", fontsize=10, color=FAINT)
