"""Keeping: a built matcher in, one file of it out, and back: reading it takes a twentieth of the second that building does.

A file is a digest, and what it is the digest of: the names and rules, pickled, and the automaton. It is read by an unpickler that knows
the records of this room alone, so that a file which somebody else has put there can run nothing.
"""

import gc
import hashlib
import io
import pickle
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np

from hf_regional.durable import atomic_file
from hf_regional.filtering.evidence.text.matching import Matcher

_ROOM: Final = __package__ or ""
_PLAIN: Final = frozenset({("builtins", "frozenset"), ("re", "_compile")})
_DIGEST, _SIZE = hashlib.sha256().digest_size, 8  # bytes before the rest: a digest of it, and how long the names are


def keep(matcher: Matcher, file: Path) -> None:
    """Write a matcher.

    Raises:
        CannotWriteError: no space, or no permission.
    """
    with _no_collection():
        names = pickle.dumps(
            (matcher.entries, matcher.rules, matcher.spellings, matcher.named.tolist(), matcher.open_end.tolist()), pickle.HIGHEST_PROTOCOL
        )
    content = b"".join([len(names).to_bytes(_SIZE), names, matcher.automaton.serialize()])
    with atomic_file(file) as partial:
        partial.write_bytes(hashlib.sha256(content).digest() + content)


def kept(file: Path) -> Matcher | None:
    """Read a matcher; null where there is none, where it was cut short or damaged, or where another release wrote it."""
    try:
        whole = file.read_bytes()
    except OSError:
        return None
    digest, content = whole[:_DIGEST], memoryview(whole)[_DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        return None
    names = int.from_bytes(content[:_SIZE])
    try:
        with _no_collection():
            entries, rules, spellings, named, opened = _Reader(io.BytesIO(content[_SIZE : _SIZE + names])).load()
        automaton = _automaton(bytes(content[_SIZE + names :]))
    except (pickle.UnpicklingError, AttributeError, TypeError, ValueError):
        return None
    matcher = Matcher(entries, rules, spellings, np.array(named, np.int64), np.array(opened, np.bool_))
    matcher.__dict__["automaton"] = automaton  # what `cached_property` would fill
    return matcher


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        found = super().find_class(module, name) if module.startswith(f"{_ROOM}.") else None
        return found if isinstance(found, type) and found.__module__ == module else _refuse(module, name)


def _refuse(module: str, name: str) -> NoReturn:
    raise pickle.UnpicklingError(f"{module}.{name} is no record of {_ROOM}.")


def _automaton(serialized: bytes) -> Any:
    import daachorse  # here: only text needs it

    return daachorse.CharwiseDoubleArrayAhoCorasick.deserialize(serialized)


@contextmanager
def _no_collection() -> Generator[None]:
    """Let the collector rest: it would look through fifty thousand new records again and again, six times the work itself."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
