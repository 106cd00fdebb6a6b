"""Markdown: a report in, one document out, in which what users wrote shows its characters and does nothing."""

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hf_regional.cards.markdown import Markdown, escaped
from hf_regional.filtering.report import wording
from hf_regional.filtering.report.samples import Sample
from hf_regional.filtering.report.story import Cell, story_of

if TYPE_CHECKING:
    import jinja2

    from hf_regional.filtering.report.filter_report import FilterReport

TEMPLATES: Final = Path(__file__).parent / "templates"
_OF_A_REASON: Final = 3  # sampled rows; the page has them all


def render_markdown(report: "FilterReport") -> str:
    """The whole report as Markdown (GitHub's: with tables)."""
    body = _templates().get_template("report.md.jinja").render(story=story_of(report), reasons=_by_reason(report.samples), words=wording)
    return _tidied(body)


def _by_reason(samples: Sequence[Sample]) -> list[tuple[str, str, list[Sample], int]]:
    found = [(key, list(rows)) for key, rows in groupby(samples, lambda sample: (sample.verdict, sample.reason))]
    return [(verdict, reason, rows[:_OF_A_REASON], len(rows)) for (verdict, reason), rows in found]


def _cell(cell: Cell) -> Markdown:
    """What is left after a step, and the mark of a loss."""
    passage = cell.passage
    if not passage.came:
        return Markdown("")
    left = wording.share(passage.passed, passage.came)
    return Markdown(f"**▼ {left}**" if cell.loss else left)


def _marked(sample: Sample) -> Markdown:
    """The texts of a row, evidence in bold."""
    texts = [
        ("…" if text.cut_before else "")
        + "".join(
            f"**{escaped(piece).strip()}**" if is_evidence and piece.strip() else _spaced(piece) for piece, is_evidence in text.pieces()
        )
        + ("…" if text.cut_after else "")
        for text in sample.texts or ()
    ]
    return Markdown(" — ".join(texts))


def _spaced(piece: str) -> str:
    # `escaped` trims; between a text and its evidence the blank must stay.
    return (" " if piece[:1].isspace() else "") + escaped(piece) + (" " if piece[-1:].isspace() and piece.strip() else "")


@cache
def _templates() -> "jinja2.Environment":
    import jinja2

    # Jinja's own autoescape knows HTML only; `finalize` sees every value that the template prints.
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    templates.filters |= {"count": lambda rows: f"{rows:,}", "cell": _cell, "marked": _marked}
    return templates


def _shown(value: Any) -> str:
    return "" if value is None else escaped(value)


def _tidied(body: str) -> str:
    lines = "\n".join(line.rstrip() for line in body.strip().splitlines())
    while "\n\n\n" in lines:
        lines = lines.replace("\n\n\n", "\n\n")
    return lines + "\n"
