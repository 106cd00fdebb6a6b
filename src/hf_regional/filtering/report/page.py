"""The page: a report in; one HTML file out that needs nothing else, in which what users wrote shows its characters and does nothing."""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hf_regional.filtering.report import wording
from hf_regional.filtering.report.counts import NO_VALUE
from hf_regional.filtering.report.markdown import TEMPLATES
from hf_regional.filtering.report.pictures import Picture
from hf_regional.filtering.report.samples import Sample
from hf_regional.filtering.report.steps import STEPS, step_of
from hf_regional.filtering.report.story import story_of
from hf_regional.filtering.verdict import KEPT

if TYPE_CHECKING:
    import jinja2

    from hf_regional.filtering.report.filter_report import FilterReport

MOST_ROWS: Final = 5_000  # sampled rows on the page; a browser bears them, and about 30 MB of thumbnails
_CHIPS: Final = 8  # pieces of evidence under a row
_COUNTRIES: Final = 3  # of one piece
_WEB: Final = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_CODE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def render_page(report: "FilterReport") -> str:
    """The whole report as HTML: styles, script and thumbnails within, and a policy that forbids the browser to fetch anything."""
    samples = report.samples
    # They are ours and go in as they are. The policy lets this very script run and no other, whatever a caption holds.
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8").strip() for name in ("page.css", "page.js"))
    return (
        _templates()
        .get_template("page.html.jinja")
        .render(
            story=story_of(report),
            samples=samples[:MOST_ROWS],
            left_out=len(samples[MOST_ROWS:]),
            choices=_choices(samples[:MOST_ROWS]),
            words=wording,
            settings=json.dumps(report.settings, indent=1, ensure_ascii=False, default=str),
            style=style,
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def _choices(samples: Sequence[Sample]) -> dict[str, list[tuple[str, str, int]]]:
    """What the rows can be chosen by: (value, words, rows) by the name of the choice."""
    order = [step.name for step in STEPS]
    steps = Counter(step for sample in samples if (step := _step(sample)))
    found = {"step": [(step, step, steps[step]) for step in sorted(steps, key=order.index)]}
    reasons = Counter(sample.reason for sample in samples)
    found["reason"] = [(reason, reason, rows) for reason, rows in reasons.items()]
    for group in ("country", "language"):
        rows = Counter(sample.groups[group] for sample in samples if group in sample.groups)
        named = [(value, wording.label(group, value), size) for value, size in rows.items()]
        found[group] = sorted(named, key=lambda choice: (choice[0] == NO_VALUE, choice[1]))
    return found


def _step(sample: Sample) -> str:
    return "" if sample.verdict == KEPT else step_of(sample.reason)


def _chips(sample: Sample) -> tuple[list[tuple[str, str, str]], int]:
    """The evidence of a row as (kind, value, meaning), a piece that names several countries as one; and how many are not shown."""
    pieces: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for one in sample.evidence:
        pieces.setdefault((one["kind"], one["value"], one["column"]), []).append(one)
    is_told = len(sample.texts or ()) > 1  # of several texts, which one it stands in
    chips = [(kind, value, _meaning(found, column if is_told else "")) for (kind, value, column), found in pieces.items()]
    return chips[:_CHIPS], len(chips[_CHIPS:])


def _meaning(found: Sequence[Mapping[str, Any]], column: str) -> str:
    named = sorted((one for one in found if one["country"]), key=lambda one: -one["confidence"])
    meaning = ", ".join(f"{one['country']} {one['confidence']:.2f}" for one in named[:_COUNTRIES]) + (" …" if named[_COUNTRIES:] else "")
    return " · ".join(filter(None, [meaning, column if column != found[0]["kind"] else ""]))


def _is_address(url: str) -> bool:
    return _WEB.fullmatch(url) is not None


def _is_code(value: str) -> bool:
    return _CODE.fullmatch(value) is not None


def _source(picture: Picture) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(picture.jpeg or b'').decode()}"


@cache
def _templates() -> "jinja2.Environment":
    import jinja2

    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters.update(count="{:,}".format, chips=_chips, source=_source, step=_step)  # pyright: ignore[reportArgumentType, reportCallIssue]
    templates.tests.update(web=_is_address, code=_is_code)  # pyright: ignore[reportArgumentType, reportCallIssue]
    return templates
