"""Lexicon: names of places and words of cultures out, each with the country it points to and how surely.

    terms = load_terms(extra={"Kampung Naga": "Indonesia"})
    terms.text, terms.country, terms.weight                     # columns of one length

`scripts/build_lexicon.py` builds it from CLDR, GeoNames and the hand-kept tables beside this file.
"""

from hf_regional.filtering.lexicon.extra import CATEGORIES as CATEGORIES
from hf_regional.filtering.lexicon.loading import Terms as Terms
from hf_regional.filtering.lexicon.loading import load_terms as load_terms

__all__ = ["CATEGORIES", "Terms", "load_terms"]
