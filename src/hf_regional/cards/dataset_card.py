"""The card of a data set that a filter gave back: recorded facts in, `README.md` as Markdown with its front matter out."""

from collections.abc import Mapping
from typing import Any, Final

from hf_regional.cards import dataset_tables, places
from hf_regional.cards.data_sources import EVALUATION_ONLY
from hf_regional.cards.dataset_metadata import combined_rows, dataset_front_matter, dataset_name, rows_of
from hf_regional.cards.facts import CardFacts
from hf_regional.cards.figures import mapping, number, texts
from hf_regional.cards.pages import filled
from hf_regional.cards.shapes import require_shapes

TEMPLATE: Final = "dataset_card.md.jinja"
# Group -> heading of its table, and of its first column. Licences have a section of their own.
_GROUPS: Final = {"country": "Country", "language": "Language", "source": "Source"}


def render_dataset_card(facts: CardFacts, *, kept: str = "", fields: Mapping[str, Any] | None = None) -> str:
    """The whole card of a filtered data set.

    Args:
        facts: the steps "dataset", "source" (one a source), "filters", "outcome", "licences" and "credits".
        kept: Markdown written by hand, put between the markers as it is.
        fields: of the front matter that is there, see `dataset_metadata.kept_fields`.

    Raises:
        DamagedFileError: a fact has another type than the card computes with.
    """
    require_shapes(facts)
    return filled(TEMPLATE, dataset_front_matter(facts, fields or {}).to_yaml(), _context(facts), kept)


def _context(facts: CardFacts) -> dict[str, Any]:
    steps = {kind: facts.of(kind) or {} for kind in ("dataset", "filters", "outcome", "licences", "credits", "environment")}
    outcome, sources = steps["outcome"], facts.all("source")
    region = {"region": steps["dataset"].get("region"), "countries": steps["filters"].get("countries")}
    return steps | {
        "name": dataset_name(facts),
        "held": rows_of(facts),
        "rows": number(steps["dataset"].get("rows")) or 0,
        "kept": number(steps["dataset"].get("kept")) or 0,
        "sources": sources,
        "test_only": [source.get("name") for source in sources if source.get("use") == EVALUATION_ONLY],
        "region": places.region_label(region),
        "countries": texts(steps["filters"].get("countries")),
        "parts": [(head, table) for group, head in _GROUPS.items() if (table := dataset_tables.part_table(outcome, group, head))],
        "licence": combined_rows(facts),
        "checked_sets": list(mapping(mapping(steps["filters"].get("copies")).get("evaluation_sets"))),
        "data_tables": dataset_tables,
    }
