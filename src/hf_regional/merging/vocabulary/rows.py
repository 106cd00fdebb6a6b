"""Rows: the vocabularies of all sides in, for each row of the output the row of every side out. -1 where a side has no such row."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from hf_regional.errors import MismatchedCheckpointsError, UnknownNameError
from hf_regional.merging.vocabulary.tokens import Vocabulary
from hf_regional.nearest import did_you_mean

Rows = np.ndarray[Any, np.dtype[np.int64]]
POLICIES: Final = ("regional", "base")
_NAMED: Final = 3  # tokens in a message
_LISTED: Final = 100  # tokens in a report
_KIN: Final = 0.5  # of the base's tokens; fewer make it another tokenizer altogether


@dataclass(frozen=True)
class RowMap:
    """The rows of the output, and which row of each side stands for the same token.

    `sides` are the base and the regional vocabularies, `rows[side]` is (n,) int64 for the n rows of the output: a row of that side, or
    -1. The output carries the tokenizer of side `carrier` (0 is the base), and `rows[carrier]` is 0 to n-1.
    """

    sides: tuple[Vocabulary, ...]
    carrier: int
    rows: tuple[Rows, ...]

    @property
    def world(self) -> Rows:
        """(n,) int64: the base's rows."""
        return self.rows[0]

    @property
    def regions(self) -> tuple[Rows, ...]:
        """(n,) int64 each: the regional models' rows."""
        return self.rows[1:]

    @property
    def size(self) -> int:
        """Rows of the output."""
        return len(self.world)

    @property
    def policy(self) -> str:
        """Whose rows the output has: "base" or "regional"."""
        return POLICIES[self.carrier == 0]

    @cached_property
    def is_moved(self) -> bool:
        """Whether a token that two sides share is not at the same row in both."""
        return any(bool(((rows >= 0) & (rows != np.arange(self.size))).any()) for rows in self.rows)

    @cached_property
    def new(self) -> tuple[str, ...]:
        """Tokens of the output that the base has no row for, in its order."""
        return _in_order(self.sides[self.carrier], self.sides[0])

    @cached_property
    def dropped(self) -> tuple[str, ...]:
        """Tokens of any side that the output has no row for."""
        return tuple(dict.fromkeys(token for side in self.sides for token in _in_order(side, self.sides[self.carrier])))

    def moved(self, row: int) -> int | None:
        """Where a row of the base is in the output; None where it is not."""
        found = np.flatnonzero(self.world == row)
        return int(found[0]) if found.size else None

    def report(self) -> dict[str, Any]:
        """Counts, and the first tokens that came or went, JSON-able."""
        named = np.zeros(self.size, bool)
        named[list(self.sides[self.carrier].ids.values())] = True
        shared = np.logical_and.reduce([rows >= 0 for rows in self.rows])
        return {
            "policy": self.policy,
            "rows": {"base": self.sides[0].rows, "regional": [side.rows for side in self.sides[1:]], "output": self.size},
            "tokens_in_all": int((named & shared).sum()),
            "padding_in_all": int((~named & shared).sum()),
            "new": {"count": len(self.new), "first": list(self.new[:_LISTED])},
            "dropped": {"count": len(self.dropped), "first": list(self.dropped[:_LISTED])},
        }


def match_vocabularies(base: Vocabulary, regionals: Sequence[Vocabulary], policy: str | None = None) -> RowMap | None:
    """Find for each row of the output the row of the same token on every side; padding meets padding of the same row.

    Args:
        base: the world's vocabulary.
        regionals: those of the regional models, at least one.
        policy: "base" keeps the base's rows and drops tokens that it lacks. "regional" takes the rows of the (first) regional model that
            has every token of the others, and drops tokens of the base that it lacks. None takes whichever drops nothing, the base's
            where neither would.

    Returns:
        None where every token has the same row on all sides, and all have the same number of rows.

    Raises:
        MismatchedCheckpointsError: either choice would drop tokens, or a regional model has fewer than half of the base's, and nobody
            said which to take.
        UnknownNameError: no such policy.
    """
    require_policy(policy)
    sides = tuple(side.within(side.last + 1 if side.rows is None else side.rows) for side in (base, *regionals))
    if all((side.ids, side.rows) == (sides[0].ids, sides[0].rows) for side in sides):
        return None
    carrier = _carrier(sides, policy)
    return RowMap(sides, carrier, tuple(_rows_of(sides[carrier], side) for side in sides))


def require_policy(policy: str | None) -> None:
    """Refuse what is no policy.

    Raises:
        UnknownNameError: it is neither None nor one of the two.
    """
    if policy is not None and policy not in POLICIES:
        raise UnknownNameError(f"vocabulary={policy!r} is neither 'regional' nor 'base'.{did_you_mean(policy, POLICIES)}")


def _carrier(sides: Sequence[Vocabulary], policy: str | None) -> int:
    base, *regionals = sides
    tokens = [side.ids.keys() for side in sides]
    fullest = next((place for place in range(1, len(sides)) if all(other <= tokens[place] for other in tokens[1:])), None)
    if policy == "base":
        return 0
    if policy is None:
        for side in regionals:
            _require_kin(base, side)
        if all(other <= tokens[0] for other in tokens):
            return 0
    if fullest is None:
        raise MismatchedCheckpointsError(
            "no regional model has the tokens of all the others, so none of their vocabularies can be the output's. "
            "Keep the base's with vocabulary='base', or merge the regional models one by one."
        )
    if policy is None and not tokens[0] <= tokens[fullest]:
        raise _either_drops(base, sides[fullest])
    return fullest


def _require_kin(base: Vocabulary, regional: Vocabulary) -> None:
    found = len(base.ids.keys() & regional.ids.keys())
    if found < _KIN * len(base.ids):
        raise MismatchedCheckpointsError(
            f"{regional.folder} has {found} of the {len(base.ids)} tokens of {base.folder}: another tokenizer altogether, whose rows mean "
            "other things. Merge models of one tokenizer, or insist with vocabulary='regional' or vocabulary='base'."
        )


def _either_drops(base: Vocabulary, regional: Vocabulary) -> MismatchedCheckpointsError:
    missing, extra = _in_order(base, regional), _in_order(regional, base)
    return MismatchedCheckpointsError(
        f"the vocabularies of {base.folder} and {regional.folder} each have tokens that the other lacks: {len(missing)} ({_some(missing)}) "
        f"and {len(extra)} ({_some(extra)}). Say whose rows the result has: vocabulary='regional' drops the former, 'base' the latter."
    )


def _rows_of(output: Vocabulary, side: Vocabulary) -> Rows:
    size, theirs = output.rows or 0, side.rows or 0
    if output is side:
        return np.arange(size)
    rows = np.full(size, -1, np.int64)
    common = output.ids.keys() & side.ids.keys()
    rows[[output.ids[token] for token in common]] = [side.ids[token] for token in common]
    padding = np.ones(min(size, theirs), bool)
    for one in (output, side):
        padding[[row for row in one.ids.values() if row < len(padding)]] = False
    both = np.flatnonzero(padding)
    rows[both] = both
    return rows


def _in_order(side: Vocabulary, other: Vocabulary) -> tuple[str, ...]:
    """Tokens that the other lacks, in the order of their rows."""
    return tuple(sorted(side.ids.keys() - other.ids.keys(), key=lambda token: side.ids[token]))


def _some(tokens: Sequence[str]) -> str:
    return ", ".join(repr(token) for token in tokens[:_NAMED]) + (", ..." if len(tokens) > _NAMED else "") or "none"
