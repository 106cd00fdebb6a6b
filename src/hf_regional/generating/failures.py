"""Failures: answers in, the same answers out, until so many in a row did not come that going on is a waste."""

import threading

from hf_regional.errors import NoAnswerError
from hf_regional.generating.prompts import IMAGE, Answer


class Failures:
    """Counts answers that did not come; one that came sets the count back. Threads may share it."""

    def __init__(self, most: int) -> None:
        """Set how many in a row are too many."""
        self._most, self._in_a_row = most, 0
        self._lock = threading.Lock()

    def counted(self, answer: Answer) -> Answer:
        """Count an answer and give it back.

        Raises:
            NoAnswerError: it is one too many without a text.
        """
        if answer.fault == IMAGE:  # the model was not asked
            return answer
        with self._lock:
            self._in_a_row = self._in_a_row + 1 if answer.fault else 0
            if self._in_a_row >= self._most:
                again = "Mend that, or raise give_up_after, and run again: what was answered is kept"
                raise NoAnswerError(f"{self._in_a_row} prompts in a row had no answer. The last: {answer.detail} {again}.")
        return answer
