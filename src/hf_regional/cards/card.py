"""Cards: `README.md` from `regional.json` through a template in the top folder `cards/`; here that of a model.

write_card("runs/sea")   # runs/sea/README.md; a section between the keep markers survives
"""

from pathlib import Path
from typing import Any, Final

from hf_regional.cards import places, scores
from hf_regional.cards.dataset_card import render_dataset_card
from hf_regional.cards.dataset_metadata import kept_fields
from hf_regional.cards.facts import CardFacts
from hf_regional.cards.figures import number
from hf_regional.cards.metadata import combined_licence, family_of, front_matter, model_name
from hf_regional.cards.pages import KEEP_END as KEEP_END
from hf_regional.cards.pages import KEEP_START as KEEP_START
from hf_regional.cards.pages import as_yaml, filled, hand_written, put_card, read_card
from hf_regional.cards.shapes import require_shapes

PLOT: Final = "tradeoff.png"
TEMPLATE: Final = "model_card.md.jinja"


def write_card(folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write `<folder>/README.md` from `<folder>/regional.json`, and return its path.

    What somebody wrote by hand between the markers `<!-- hf-regional:keep -->` and `<!-- /hf-regional:keep -->` is kept.

    Args:
        folder: a model's folder, with `regional.json` and perhaps the plot `tradeoff.png`; or one that a filter has written.
        overwrite: replace also a README.md that this package did not write.

    Raises:
        MissingFileError, DamagedFileError: there is no readable `regional.json`, or a keep marker has lost its partner.
        OutputExistsError: README.md is there without the markers, so it is somebody's own.
        CannotWriteError: no space or permission.
    """
    place = Path(folder)
    facts, there = CardFacts.load(place), read_card(place)
    kept = hand_written(there, place / "README.md", overwrite=overwrite)
    if facts.of("dataset"):
        return put_card(place, render_dataset_card(facts, kept=kept, fields=kept_fields(there)))
    return put_card(place, render_card(facts, kept=kept, has_plot=(place / PLOT).is_file()))


def render_card(facts: CardFacts, *, kept: str = "", has_plot: bool = False) -> str:
    """The whole card of a model as Markdown with its YAML front matter.

    Args:
        facts: what the steps recorded.
        kept: Markdown written by hand, put between the markers as it is.
        has_plot: whether the plot of the trade-off lies beside the card.

    Raises:
        DamagedFileError: a fact has another type than the card computes with.
    """
    require_shapes(facts)
    family = family_of(facts)
    context = _context(facts) | {"has_plot": has_plot, "usage": family.usage if family else None}
    return filled(TEMPLATE, front_matter(facts).to_yaml(), context, kept)


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
        "config": as_yaml(steps["run"].get("config")),
    }
