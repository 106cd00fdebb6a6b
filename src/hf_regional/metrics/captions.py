"""A text and what people wrote of the same thing in; how many letters in a row they share, as chrF, out."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

from hf_regional.errors import NoRowsError, OutOfRangeError

ORDER: Final = 6  # as published


def chrf(text: str, references: Sequence[str], *, order: int = ORDER, beta: float = 2.0) -> float:
    """Compare by runs of 1 to `order` characters, blanks left out: chrF = (1 + β²)·P·R / (β²·P + R) (Popović, WMT 2015).

    P is the mean over the lengths of the share of the text's runs that the reference has, R of the reference's runs that the text has; a
    length for which one of them is too short does not count. It needs no words, and so serves scripts that write none apart. Both
    sides are brought to Unicode's NFC, so that an accent written apart is no other letter.

    Args:
        text: the text under judgement.
        references: what people wrote, at least one; the best counts.
        order: the longest run, 6 as published.
        beta: how many times recall weighs as much as precision, 2 as published.

    Returns:
        In [0, 1]; 0 for an empty text.

    Raises:
        NoRowsError: there is no reference. OutOfRangeError: the order is below 1, or β is not above 0.

    >>> round(chrf("abc", ["abd"], order=2), 4)
    0.5833
    """
    if not references:
        raise NoRowsError("chrF has no reference to compare with; give at least one.")
    if order < 1 or not 0 < beta < float("inf"):
        raise OutOfRangeError(f"chrF: order is {order} and beta {beta}; they must be 1 or more, and above 0.")
    said = _runs(text, order)
    return max(_score(said, _runs(known, order), beta) for known in references)


def _runs(text: str, order: int) -> list[Counter[str]]:
    plain = "".join(unicodedata.normalize("NFC", text).split())
    return [Counter(plain[at : at + n] for at in range(len(plain) - n + 1)) for n in range(1, order + 1)]


def _score(said: Sequence[Counter[str]], known: Sequence[Counter[str]], beta: float) -> float:
    counted = [((one & other).total(), one.total(), other.total()) for one, other in zip(said, known, strict=True) if one and other]
    if not counted:
        return 0.0
    precision = sum(both / ours for both, ours, _ in counted) / len(counted)
    recall = sum(both / theirs for both, _, theirs in counted) / len(counted)
    if precision + recall == 0:
        return 0.0
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
