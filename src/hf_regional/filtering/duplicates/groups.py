"""Groups: links between rows and an order of preference in, one row that stays for each group of copies out.

Rows are taken best first. A row that is still there stays, and its copies go with it as their group. So every row that goes is a
copy, by the rule, of the one that stays in its place. Joining all that hangs together would not promise that: in a chain of pictures,
each like the next, the last has nothing of the first, and only one of all would be left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hf_regional.filtering.duplicates.links import Links


@dataclass(frozen=True, slots=True)
class Groups:
    """stays: (n,) int64, the row that stays in each row's place (its own number where it stays). why: (n,) int64, in `links.REASONS`."""

    stays: np.ndarray
    why: np.ndarray


def settle(order: np.ndarray, links: Sequence[Links], rows: int) -> Groups:
    """Decide which rows stay.

    Args:
        order: rows, best first; rows that are not in it are left alone.
        links: what makes rows copies of one another; where two kinds do, the first gives the reason.
        rows: n.
    """
    stays, why, gone = np.arange(rows), np.zeros(rows, np.int64), np.ones(rows, bool)
    gone[order] = False
    linked = [(link, link.linked()) for link in links]
    some = np.any([has for _, has in linked], axis=0) if linked else np.zeros(rows, bool)
    for row in order[some[order]].tolist():
        if gone[row]:
            continue
        gone[row] = True  # decided: it is not among its own copies
        for link, has in linked:
            if has[row]:
                copies, reasons = link.copies(row)
                fresh = ~gone[copies]
                stays[copies[fresh]], why[copies[fresh]] = row, reasons[fresh]
                gone[copies[fresh]] = True
    return Groups(stays, why)
