"""The card of a model: `README.md` from `regional.json` through the template in the top folder `cards/`.

    write_card("runs/sea")   # runs/sea/README.md; a section between the keep markers survives
"""

from pathlib import Path
from typing import Any, Final

import jinja2
import yaml

from hf_regional.assets import asset_folder
from hf_regional.cards import markdown, view
from hf_regional.cards.facts import CardFacts
from hf_regional.cards.figures import count, interval, number, percent, short, signed, texts
from hf_regional.cards.metadata import combined_licence, family_of, front_matter, model_name
from hf_regional.durable import atomic_file
from hf_regional.errors import DamagedFileError, OutputExistsError

CARD: Final = "README.md"
PLOT: Final = "tradeoff.png"
TEMPLATE: Final = "model_card.md.jinja"
KEEP_START: Final = "<!-- hf-regional:keep -->"
KEEP_END: Final = "<!-- /hf-regional:keep -->"


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
    """
    family = family_of(facts)
    body = _templates().get_template(TEMPLATE).render(_context(facts), has_plot=has_plot, usage=family.usage if family else None)
    before, marker, after = _tidied(body).partition(KEEP_START)
    return f"---\n{front_matter(facts).to_yaml()}\n---\n\n{before}{marker}{kept or chr(10)}{after.lstrip()}"


def _context(facts: CardFacts) -> dict[str, Any]:
    steps = {kind: facts.of(kind) for kind in ("model", "base", "training", "merging", "choosing", "environment", "run", "limits")}
    evaluation, beta = view.primary(facts), _beta(facts)
    languages = view.language_scores(evaluation)
    return steps | {
        "name": model_name(facts),
        "beta": beta,
        "evaluation": evaluation,
        "headline": view.headline(evaluation),
        "scores": view.score_table(facts),
        "languages": view.language_table(languages),
        "worse_surely": view.losses(languages, apart=True),
        "worse_maybe": view.losses(languages, apart=False),
        "filterings": facts.all("filtering"),
        "filtering": facts.of("filtering"),
        "licence": combined_licence(facts),
        "config": _as_yaml((facts.of("run") or {}).get("config")),
    }


def _beta(facts: CardFacts) -> float | None:
    return number((facts.of("merging") or {}).get("beta"))


def _as_yaml(config: Any) -> str:
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True) if config else ""


def _templates() -> jinja2.Environment:
    # Jinja's own autoescape knows HTML only; `finalize` sees every value that the template prints.
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(asset_folder("cards")),
        finalize=_shown,
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701
    )
    templates.filters |= {
        "code": markdown.code,
        "fenced": markdown.fenced,
        "python": markdown.python_literal,
        "percent": percent,
        "signed": signed,
        "interval": interval,
        "count": count,
        "short": short,
        "listed": lambda values: ", ".join(texts(values)),
    }
    templates.globals |= {"tables": view}
    return templates


def _shown(value: Any) -> str:
    return "" if value is None or isinstance(value, jinja2.Undefined) else markdown.escaped(value)


def _tidied(body: str) -> str:
    lines = "\n".join(line.rstrip() for line in body.strip().splitlines())
    while "\n\n\n" in lines:
        lines = lines.replace("\n\n\n", "\n\n")
    return lines + "\n"


def _hand_written(path: Path, *, overwrite: bool) -> str:
    if not path.is_file():
        return ""
    text = path.read_text(encoding="utf-8")
    _, start, rest = text.partition(KEEP_START)
    kept, end, _ = rest.partition(KEEP_END)
    if not start and KEEP_END not in text:
        if overwrite:
            return ""
        raise OutputExistsError(f"{path} was not written by hf-regional (no {KEEP_START} in it). Move it away, or pass overwrite=True to replace it.")
    if not start or not end:
        raise DamagedFileError(f"{path}: a marker of the hand-written section is missing; write both {KEEP_START} and {KEEP_END}, in this order.")
    return kept
