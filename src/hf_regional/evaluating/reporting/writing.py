"""Writing: what models scored in; a folder with `report.json`, `report.md` and `report.html` out.

write_evaluation_report(compare_evaluations(base, merged), Path("looked-at"), region=Region("SEA"), choice=choice)
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hf_regional.durable import atomic_folder
from hf_regional.evaluating.choosing import Choice
from hf_regional.evaluating.comparing import Comparison
from hf_regional.evaluating.human import RatingSummary
from hf_regional.evaluating.reporting.content import build_content
from hf_regional.evaluating.reporting.examples import MOST
from hf_regional.evaluating.reporting.markdown import render_markdown
from hf_regional.evaluating.reporting.page import render_page
from hf_regional.evaluating.runner import Evaluation
from hf_regional.regions import Region

SCHEMA: Final = Path(__file__).with_name("schema.json")


def write_evaluation_report(
    found: Comparison | Evaluation,
    folder: Path | str,
    *,
    region: Region | str | None = None,
    choice: Choice | Mapping[str, Any] | None = None,
    human: RatingSummary | None = None,
    examples: int = MOST,
    names: tuple[str, str] | None = None,
) -> Path:
    """Write a report: one JSON, its tables in Markdown, and one page that needs nothing else.

    Args:
        found: two models compared by `compare_evaluations`, or one model's evaluation.
        folder: a new folder.
        region: whose rows the regional side has.
        choice: how β was chosen, for the curve; or what `hf-regional choose --json` printed.
        human: what people said of the models.
        examples: rows shown of those gained, and of those lost.
        names: of the model before and after, where the evaluations' own do not serve.

    Returns:
        The page.

    Raises:
        OutputExistsError, CannotWriteError: the folder is not new, or cannot be written.
    """
    asked = Region(region) if isinstance(region, str) else region
    content = build_content(found, region=asked, choice=choice, human=human, examples=examples, names=names)
    with atomic_folder(Path(folder)) as partial:
        text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
        (partial / "report.json").write_text(text + "\n", encoding="utf-8")
        (partial / "report.md").write_text(render_markdown(content), encoding="utf-8")
        (partial / "report.html").write_text(render_page(content), encoding="utf-8")
    return Path(folder) / "report.html"
