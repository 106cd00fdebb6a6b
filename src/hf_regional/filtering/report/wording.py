"""Wording: values, shares and losses in; the words and numbers that a reader of the report sees out."""

from typing import Final

from hf_regional.cards.places import country_label, language_label
from hf_regional.filtering.report.counts import MOST_VALUES, NO_VALUE, TOO_MANY
from hf_regional.filtering.report.groups import UNKNOWN
from hf_regional.filtering.report.losses import Loss
from hf_regional.regions import language_name

# Each group: of one part, of several, and rows that are in none.
GROUPS: Final = {
    "country": ("country", "countries", "no country found"),
    "language": ("language", "languages", "no language given"),
    "source": ("source", "sources", "no source given"),
    "licence": ("licence", "licences", "no licence given"),
    "evidence": ("evidence", "kinds of evidence", "no evidence"),
}
VERDICTS: Final = {
    "kept": "from the region",
    "other": "from elsewhere in the world",
    "ambiguous": "the evidence allows both",
    "none": "no answer, or taken out",
}
_SMALL: Final = 0.001


def language(code: str) -> str:
    """A language by its name; a detector's group of two by both names.

    >>> language("lo"), language("id-ms"), language("zh-Hant")
    ('Lao (lo)', 'Indonesian or Malay (id-ms)', 'Chinese (zh-Hant)')
    """
    parts = code.split("-")
    names = [language_name(part) for part in parts if part.islower()]
    return f"{' or '.join(filter(None, names))} ({code})" if len(names) == len(parts) > 1 and all(names) else language_label(code)


_LABELS: Final = {"country": country_label, "language": language}


def label(group: str, value: str) -> str:
    """A part of the corpus by its name.

    >>> label("country", "LAO"), label("language", "lo"), label("language", "(none)"), label("source", "web")
    ('Laos', 'Lao (lo)', 'no language given', 'web')
    """
    if value == NO_VALUE:
        return GROUPS[group][2]
    if value == TOO_MANY:
        return f"more than {MOST_VALUES:,} different {GROUPS[group][1]}, not told apart"
    if value == UNKNOWN:
        return f"texts that name no {GROUPS[group][0]}"
    return _LABELS[group](value) if group in _LABELS else value


def share(part: float, whole: float) -> str:
    """A share in percent that says 0 and 100 of nothing and all alone.

    >>> share(0, 10), share(1, 3000), share(123, 1000), share(2999, 3000), share(10, 10)
    ('0%', '<0.1%', '12.3%', '>99.9%', '100%')
    """
    fraction = part / whole if whole else 0.0
    if 0 < fraction < _SMALL:
        return "<0.1%"
    if 1 - _SMALL < fraction < 1:
        return ">99.9%"
    return f"{100 * fraction:.1f}%".replace(".0%", "%")


def short_share(part: float, whole: float) -> str:
    """As `share`, in whole percent, for a table.

    >>> short_share(0, 10), short_share(1, 3000), short_share(123, 1000), short_share(2999, 3000), short_share(10, 10)
    ('0%', '<1%', '12%', '>99%', '100%')
    """
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 1:
        return "<1%"
    return ">99%" if 99 < percent < 100 else f"{percent:.0f}%"


def sentence(loss: Loss) -> str:
    """A loss as one sentence; the part and the step stand before it."""
    passage, others = loss.passage, GROUPS[loss.passage.group][1]
    left = "none" if loss.is_erased else f"{passage.passed:,} ({share(passage.passed, passage.came)})"
    return (
        f"{left} of {passage.came:,} rows passed; of all other {others} {share(loss.others_passed, loss.others_came)} did "
        f"({loss.others_passed:,} of {loss.others_came:,})"
    )


def interval(ends: tuple[float, float]) -> str:
    """An interval of shares.

    >>> interval((0.0, 0.0123))
    '0–1.2%'
    """
    low, high = (f"{100 * end:.1f}".removesuffix(".0") for end in ends)
    return f"{low}–{high}%"
