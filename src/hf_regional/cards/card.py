"""The card of a model: `README.md` from `regional.json` through the template in the top folder `cards/`.

write_card("runs/sea")   # runs/sea/README.md; a section between the keep markers survives
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
import yaml

from hf_regional.assets import asset_folder
from hf_regional.cards import markdown, places, scores, tables
from hf_regional.cards.facts import CardFacts
from hf_regional.cards.figures import count, number, short
from hf_regional.cards.metadata import combined_licence, family_of, front_matter, model_name
from hf_regional.cards.shapes import require_shapes
from hf_regional.durable import atomic_file
from hf_regional.errors import DamagedFileError, OutputExistsError

CARD: Final = "README.md"
PLOT: Final = "tradeoff.png"
TEMPLATE: Final = "model_card.md.jinja"
KEEP_START: Final = "<!-- hf-regional:keep -->"
KEEP_END: Final = "<!-- /hf-regional:keep -->"
# Only on a line of its own is it a marker: a recorded name may hold the same text.
_START: Final = re.compile(rf"^{re.escape(KEEP_START)}[ \t]*$", re.MULTILINE)
_END: Final = re.compile(rf"^{re.escape(KEEP_END)}[ \t]*$", re.MULTILINE)


def write_card(folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write `<folder>/README.md` from `<folder>/regional.json`, and return its path.

    What somebody wrote by hand between the markers `<!-- hf-regional:keep -->` and `<!-- /hf-regional:keep -->` is kept.

    Args:
        folder: a model's folder, with `regional.json` and perhaps the plot `tradeoff.png`.
        overwrite: replace also a README.md that this package did not write.

    Raises:
        MissingFileError, DamagedFileError: there is no readable `regional.json`, or a keep marker has lost its partner.
        OutputExistsError: README.md is there without the markers, so it is somebody's own.
        CannotWriteError: no space or permission.
    """
    path = Path(folder) / CARD
    facts = CardFacts.load(folder)
    kept = _hand_written(path, overwrite=overwrite)
    text = render_card(facts, kept=kept, has_plot=(path.parent / PLOT).is_file())
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


def render_card(facts: CardFacts, *, kept: str = "", has_plot: bool = False) -> str:
    """The whole card as Markdown with its YAML front matter.

    Args:
        facts: what the steps recorded.
        kept: Markdown written by hand, put between the markers as it is.
        has_plot: whether the plot of the trade-off lies beside the card.

    Raises:
        DamagedFileError: a fact has another type than the card computes with.
    """
    require_shapes(facts)
    family = family_of(facts)
    body = (
        _templates()
        .get_template(TEMPLATE)
        .render(_context(facts), has_plot=has_plot, has_notes=bool(kept.strip()), usage=family.usage if family else None)
    )
    before, after = _START.split(_tidied(body))
    return f"---\n{front_matter(facts).to_yaml()}\n---\n\n{before}{KEEP_START}{kept or after[:1]}{after.lstrip()}"


def _context(facts: CardFacts) -> dict[str, Any]:
    kinds = ("model", "base", "filtering", "training", "merging", "choosing", "environment", "run", "limits")
    steps = {kind: facts.of(kind) or {} for kind in kinds}
    evaluation = scores.primary(facts)
    languages = scores.parts_of(evaluation.get("by_language"), places.language_label)
    countries = scores.parts_of(evaluation.get("by_country"), places.country_label)
    return steps | {
        "name": model_name(facts),
        "beta": number(steps["merging"].get("beta")),
        "evaluation": evaluation,
        "headline": scores.headline(evaluation),
        "score_table": scores.score_table(facts),
        "metric_notes": scores.metric_notes(facts),
        "slices": [(kind, parts) for kind, parts in (("Language", languages), ("Country", countries)) if parts],
        "filterings": facts.all("filtering"),
        "region": places.region_label(steps["filtering"]),
        "licence": combined_licence(facts),
        "config": _as_yaml(steps["run"].get("config")),
    }


def _as_yaml(config: Any) -> str:
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True) if config else ""


@cache
def _templates() -> jinja2.Environment:
    # Jinja's own autoescape knows HTML only; `finalize` sees every value that the template prints.
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(asset_folder("cards")),
        finalize=_shown,
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    templates.filters |= {
        "code": markdown.code,
        "fenced": markdown.fenced,
        "python": markdown.python_literal,
        "count": count,
        "short": short,
        "listed": markdown.listed,
    }
    templates.globals.update({"tables": tables, "scores": scores, "places": places})  # pyright: ignore[reportCallIssue, reportArgumentType]
    return templates


def _shown(value: Any) -> str:
    return "" if value is None or isinstance(value, jinja2.Undefined) else markdown.escaped(value)


def _tidied(body: str) -> str:
    lines = "\n".join(line.rstrip() for line in body.strip().splitlines())
    while "\n\n\n" in lines:
        lines = lines.replace("\n\n\n", "\n\n")
    return lines + "\n"


def _hand_written(path: Path, *, overwrite: bool) -> str:
    """What stands between the markers of the card that is there, with its line ends; empty where there is no card yet."""
    text = path.read_text(encoding="utf-8") if path.is_file() else KEEP_START + "\n" + KEEP_END
    start, end = _START.search(text), _END.search(text)
    if start and end and start.end() < end.start():
        return text[start.end() : end.start()]
    if start or end:
        raise DamagedFileError(
            f"{path}: a marker of the hand-written section is missing; write both {KEEP_START} and {KEEP_END}, in this order."
        )
    if not overwrite:
        raise OutputExistsError(
            f"{path} was not written by hf-regional (no {KEEP_START} in it). Move it away, or pass overwrite=True to replace it."
        )
    return ""
