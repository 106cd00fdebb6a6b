"""Spending: what a request may cost in, leave to make it out, or a refusal; never more at once than the limit."""

import math
import threading
from collections.abc import Generator
from contextlib import contextmanager

from hf_regional.errors import OutOfRangeError, SpendLimitError


class Bill:
    """One request's share of the budget: reserved before, settled after."""

    def __init__(self, estimate: float) -> None:
        """Begin with what was reserved."""
        self.estimate = estimate
        self.due = 0.0

    def lost(self) -> None:
        """Count an attempt that was sent and whose answer never came whole: it may have been charged, so it is taken to be."""
        self.due += self.estimate

    def settle(self, cost: float | None) -> None:
        """Count the answer that came; None is a server that does not say what it cost, and then the estimate counts."""
        self.due += self.estimate if cost is None else cost


class Spending:
    """A budget that several threads draw on. The unit is the caller's: dollars, or tokens.

    It ends with the process: what an earlier one spent is not known here. A request is begun only while what is spent, what is
    reserved for the requests under way, and its own estimate together stay within the limit; so the limit is passed by no more than
    the estimates were too low.
    """

    def __init__(self, limit: float = math.inf) -> None:
        """Set the limit.

        Raises:
            OutOfRangeError: it is negative or not a number.
        """
        if not limit >= 0:
            raise OutOfRangeError(f"a limit of spending must be 0 or more, got {limit!r}.")
        self.limit, self.spent = limit, 0.0
        self._reserved: list[float] = []
        self._settled = threading.Condition()

    def __repr__(self) -> str:
        return f"Spending(limit={self.limit:g}, spent={self.spent:g})"

    @contextmanager
    def reserve(self, estimate: float) -> Generator[Bill]:
        """Set aside what a request may cost for as long as the block lasts, then count what it did cost.

        Where only the reserves of other requests stand in the way, these are awaited: they may turn out to be cheaper.

        Raises:
            SpendLimitError: the limit leaves less than that.
        """
        with self._settled:
            self._settled.wait_for(lambda: not self._reserved or self._fits(estimate))
            if not self._fits(estimate):
                raise SpendLimitError(
                    f"{self.spent:.4g} of the limit {self.limit:.4g} is spent, and the next request may cost {estimate:.4g}. "
                    "Raise the limit and run again: what was answered is kept."
                )
            self._reserved.append(estimate)
        bill = Bill(estimate)
        try:
            yield bill
        finally:
            with self._settled:
                self._reserved.remove(estimate)
                self.spent += bill.due
                self._settled.notify_all()

    def _fits(self, estimate: float) -> bool:
        return self.spent + sum(self._reserved) + estimate <= self.limit
