"""Digests: SHA-256 of files whose blocks pass through several threads, taken in the order of the file."""

import hashlib
import threading
from collections.abc import Iterable


class Digest:
    """One file's digest. Block after block, whichever thread has the next one comes first; the others wait for their turn.

    Hashing releases Python's lock, so that while one thread hashes, the others read, mix and write.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._sha256, self._next = hashlib.sha256(), 0
        self._turn, self._stop = threading.Condition(), stop

    def update(self, number: int, pieces: Iterable[memoryview | bytes]) -> None:
        """Take the block `number`, counted from 0; returns without a word once `stop` is set, for its turn may never come."""
        with self._turn:
            while self._next != number:
                if self._stop.is_set():
                    return
                self._turn.wait(timeout=0.1)
            for piece in pieces:
                self._sha256.update(piece)
            self._next += 1
            self._turn.notify_all()

    def hexdigest(self) -> str:
        """64 hex digits, once every block was taken."""
        return self._sha256.hexdigest()
