"""The half-sentence that every error about an unknown name carries."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Name the nearest known name: " Did you mean 'keep'?", or nothing where none is near.

    Args:
        name: what was asked for.
        known: what there is.
        cutoff: how alike they must be, in [0, 1] (`difflib.get_close_matches`); 0 always names one.

    >>> did_you_mean("keeep", ["annotate", "keep"])
    " Did you mean 'keep'?"
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f" Did you mean {near[0]!r}?" if near else ""
