"""Digests: SHA-256 of files whose blocks pass through several threads, taken in the order of the file, or as the Hub published it."""

import hashlib
import os
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def published_digest(file: Path) -> str | None:
    """The SHA-256 that the Hub gives for a file in its local cache, without reading it; None for any other file.

    A file of weights is a link there, `snapshots/COMMIT/model.safetensors` to `blobs/DIGEST`; 40 digits are a small file's, by git.
    """
    if not file.is_symlink():
        return None
    blob = Path(os.readlink(file))
    return blob.name if blob.parent.name == "blobs" and _SHA256.fullmatch(blob.name) else None


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
