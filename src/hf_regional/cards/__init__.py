"""Cards: facts that each step recorded come in, `regional.json` and a README that tells them to a stranger go out.

Of models, and of data sets that a filter gave back (`hf_regional.filtering.write_dataset_card` records their facts).

    facts = CardFacts().with_step("model", name="emoji-clip-sea", model_type="clip")
    facts.save(folder)      # folder/regional.json
    write_card(folder)      # folder/README.md

Nothing is looked up or guessed while a card is written: no network, no clock. What no step recorded is left out.
"""

from typing import TYPE_CHECKING

from hf_regional.cards.facts import CardFacts as CardFacts
from hf_regional.cards.facts import Step as Step
from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.cards.card import render_card as render_card
    from hf_regional.cards.card import write_card as write_card
    from hf_regional.cards.data_sources import DataSource as DataSource
    from hf_regional.cards.dataset_card import render_dataset_card as render_dataset_card

# Steps record facts all through a run; only its end needs Jinja and the Hub's card classes.
_HOMES = {
    "DataSource": "hf_regional.cards.data_sources",
    "render_card": "hf_regional.cards.card",
    "render_dataset_card": "hf_regional.cards.dataset_card",
    "write_card": "hf_regional.cards.card",
}

__all__ = ["CardFacts", "Step", *_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)
