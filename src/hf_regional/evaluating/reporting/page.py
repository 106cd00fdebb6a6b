"""The page: a report's content in; one HTML file out that needs nothing else, in which what others wrote shows its characters only."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hf_regional.cards.figures import count, mapping, number, percent, signed, with_interval
from hf_regional.evaluating.reporting import curve, heat, story

if TYPE_CHECKING:
    import jinja2

TEMPLATES: Final = Path(__file__).parent / "templates"
_CODE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
# Controls, which are no text, and marks of direction, which would turn round what stands after them.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def render_page(content: Mapping[str, Any]) -> str:
    """The whole report as HTML: style and pictures within, no script, and a policy that forbids the browser to fetch or run anything."""
    told = story.story_of(content)
    choice = told.choice
    return (
        _templates()
        .get_template("page.html.jinja")
        .render(
            story=told,
            scale=heat.scale_of(told.grids),
            curve=curve.scores_by_beta(choice),
            plane=curve.kept_and_gained(choice),
            width=curve.WIDTH,
            height=curve.HEIGHT,
            words=story,
            settings=json.dumps(told.measured, indent=1, ensure_ascii=False),
            style=(TEMPLATES / "page.css").read_text(encoding="utf-8").strip(),
        )
    )


def forest(cell: Any, reach: float) -> str:
    """Where a difference and the ends of its interval lie on a line from -reach to reach, as CSS; the ends stay on it.

    >>> forest({"value": 0.05, "low": -0.05, "high": 0.15}, 0.1)
    '--from:25.0%;--to:100.0%;--at:75.0%'
    """
    found = mapping(cell)
    low, high, at = (100 * (min(max(float(found[key]) / reach, -1), 1) + 1) / 2 for key in ("low", "high", "value"))
    return f"--from:{low:.1f}%;--to:{high:.1f}%;--at:{at:.1f}%"


def reach_of(parts: Mapping[str, Mapping[str, Any]]) -> float:
    """How far the line of a table's differences reaches: as far as those that can be relied on, 5 points at least."""
    ends = [
        abs(number(mapping(part["difference"]).get(end)) or 0.0) for part in parts.values() if not part["few"] for end in ("low", "high")
    ]
    return max([0.05, *ends])


def levels(value: Any) -> str:
    """A rating, or a difference of ratings, with two decimals and a true minus."""
    return f"{value:.2f}".replace("-", "−")


def signed_levels(value: Any) -> str:
    """A difference of ratings with its sign."""
    return f"{value:+.2f}".replace("-", "−")


def _seen(value: Any) -> Any:
    return _UNSEEN.sub("", value) if type(value) is str else value


def _is_code(value: str) -> bool:
    return _CODE.fullmatch(value) is not None


@cache
def _templates() -> "jinja2.Environment":
    import jinja2

    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, finalize=_seen, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    filters: dict[str, Any] = {"count": count, "percent": percent, "signed": signed, "interval": with_interval, "points": story.points}
    filters |= {"levels": levels, "signed_levels": signed_levels, "forest": forest}
    templates.filters.update(filters)
    templates.globals.update(cell_of=heat.cell_of, reach_of=reach_of)  # pyright: ignore[reportCallIssue, reportArgumentType]
    templates.tests.update(code=_is_code)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return templates
