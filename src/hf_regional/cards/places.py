"""Names for codes: languages, countries and regions as a card's reader calls them. An unknown code stands for itself."""

from collections.abc import Sequence
from typing import Final

from hf_regional.cards.facts import Step
from hf_regional.cards.figures import texts
from hf_regional.errors import RegionalError
from hf_regional.regions import Region, country_name, language_name

_MOST_NAMED: Final = 5  # countries that the first sentence can bear


def language_label(code: str) -> str:
    """A language with its code; what stands before a slash (a task) stays.

    >>> language_label("my"), language_label("retrieval-1/th"), language_label("tlh-x")
    ('Burmese (my)', 'retrieval-1/Thai (th)', 'tlh-x')
    """
    before, slash, last = code.rpartition("/")
    name = language_name(last)
    return f"{before}{slash}{name} ({last})" if name else code


def country_label(code: str) -> str:
    """A country's English name.

    >>> country_label("LAO"), country_label("XYZ")
    ('Laos', 'XYZ')
    """
    before, slash, last = code.rpartition("/")
    try:
        return f"{before}{slash}{country_name(last)}"
    except RegionalError:
        return code


def language_labels(codes: object) -> list[str]:
    """The languages of a list, in the order of their names."""
    return sorted(map(language_label, texts(codes)))


def country_labels(codes: object) -> list[str]:
    """The countries of a list, in the order of their names."""
    return sorted(map(country_label, texts(codes)))


def region_label(filtering: Step) -> str:
    """What a region is called: the name that its countries have together, else its own, else its countries.

    >>> region_label({"region": "SEA", "countries": ["IDN", "MYS"]}), region_label({"region": "IDN | MYS", "countries": ["IDN", "MYS"]})
    ('SEA', 'Indonesia and Malaysia')
    """
    own, codes = str(filtering.get("region") or ""), texts(filtering.get("countries"))
    if codes and (not own or set(own.split(" | ")) == set(codes)):
        names = country_labels(codes)
        if len(names) > _MOST_NAMED:
            return f"{len(names)} countries"
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return _shared_name(codes) or own


def _shared_name(codes: Sequence[str]) -> str:
    try:
        region = Region(*codes)
        label = region.label()
    except RegionalError:
        return ""
    return "" if label == region.name else label
