"""Text: captions, titles and places in; the places that their words name, with where they stand and how surely, out.

    matcher = Matcher.build(load_terms())
    hits = find(batch["caption"], "caption", matcher)       # .row, .value, .country, .confidence, .start, .end

A text is folded (case, marks, forms and encodings no longer matter: `folding`, `zawgyi`), searched once for all names (`matching`),
and each name is read in its context (`context`, by the tables of `tables/`) and weighed against the others of its row (`verdicts`).
"""

from hf_regional.filtering.evidence.text.entries import Terms as Terms
from hf_regional.filtering.evidence.text.finding import KIND as KIND
from hf_regional.filtering.evidence.text.finding import find as find
from hf_regional.filtering.evidence.text.matching import Matcher as Matcher
from hf_regional.filtering.evidence.text.rules import Rules as Rules

__all__ = ["KIND", "Matcher", "Rules", "Terms", "find"]
