"""Clauses: a text and its folding in; the punctuation between its words, and where its clauses begin and end, out."""

from typing import Final, NamedTuple

import numpy as np

from hf_regional.filtering.evidence.text.folding import BREAK, SIGNS, SPACE, Folded

_HYPHEN, _DASH = (next(place for place, signs in enumerate(SIGNS) if signs[0] == mark) for mark in "-:")
_MARKS: Final = np.array([ord(signs[0]) for signs in SIGNS], np.uint32)
_ENDS: Final = np.array([signs[0] not in " '-#" for signs in SIGNS])  # the signs that end a clause


class Signs(NamedTuple):
    """Punctuation of folded text.

    codes: as many, with `'-#&,:().` for a blank that stood for such a sign. edges: (k,) int64, the places of signs that end a clause, and
    of the breaks between cells.
    """

    codes: np.ndarray
    edges: np.ndarray


def read_signs(codes: np.ndarray, folded: Folded) -> Signs:
    """Read the punctuation that folding made blanks of.

    A hyphen among blanks is a dash, a stop inside a word ("bit.la") is nothing.

    >>> from hf_regional.filtering.evidence.text.folding import as_text, code_points, fold
    >>> text = code_points(" Bali-style bed - made in Leeds, UK (new)")
    >>> signs = read_signs(text, fold(text))
    >>> as_text(signs.codes), signs.edges.tolist()
    (' bali-style bed:made in leeds,uk(new)', [15, 29, 32, 36])
    """
    places = np.flatnonzero(folded.signs != 0)
    sign = folded.signs[places]
    blank_after = codes[np.minimum(places + 1, len(codes) - 1)] <= SPACE
    dashes = (sign == _HYPHEN) & (blank_after | (codes[np.maximum(places - 1, 0)] <= SPACE))
    sign[dashes] = _DASH
    sign[(codes[places] == ord(".")) & ~blank_after] = 0
    target = folded.origins.folded(places)
    kept = (sign > 0) & (target >= 0) & (folded.codes[target] == SPACE)
    order = np.argsort(sign[kept], kind="stable")
    sign, target = sign[kept][order], target[kept][order]
    out = folded.codes.copy()
    out[target] = _MARKS[sign]
    edge = np.concatenate([target[_ENDS[sign]], np.flatnonzero(folded.codes == BREAK)])
    return Signs(out, np.sort(edge))
