"""Reporting: what models scored, compared, chosen and rated in; one JSON, its tables in Markdown and one page in HTML out.

content.py   the JSON, as schema.json describes it      examples.py   rows gained and lost, with their pictures
story.py     what is told of it, in order               heat.py, curve.py   what is drawn
writing.py   all three files                            markdown.py, page.py   two of them
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.evaluating.reporting.content import build_content as build_content
    from hf_regional.evaluating.reporting.markdown import render_markdown as render_markdown
    from hf_regional.evaluating.reporting.page import render_page as render_page
    from hf_regional.evaluating.reporting.writing import write_evaluation_report as write_evaluation_report

_HOMES = {
    "build_content": "hf_regional.evaluating.reporting.content",
    "render_markdown": "hf_regional.evaluating.reporting.markdown",
    "render_page": "hf_regional.evaluating.reporting.page",
    "write_evaluation_report": "hf_regional.evaluating.reporting.writing",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)
