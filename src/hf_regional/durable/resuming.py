"""Resuming: the key of some work in, a folder out that the same key finds again after a kill, with a journal of what is done in it.

To be stopped (Ctrl-C, or SIGTERM where somebody turns it into `SystemExit`) is a kill, not a failure: what is finished stays.

Beside `out` stands `.out.resume-<16 digits of the key's digest>` with three things in it: `lock`, which the living writer holds
and the kernel lets go when it dies; `work`, which is renamed to `out` at the end; and `work.journal`.
"""

import errno
import fcntl
import os
import re
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from hf_regional.durable.appearing import appear, is_partial, place_of, remove, sibling, sweep, sync_tree
from hf_regional.durable.digests import digest_of
from hf_regional.durable.journal import journal_of
from hf_regional.durable.refusals import is_open_as, kept, make_parent, refuse_existing, translated
from hf_regional.errors import CannotWriteError, OutputExistsError

# What a file system answers that knows no locks.
_NO_LOCKS: Final = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


@contextmanager
def resumable_folder(final: Path, key: object) -> Generator[Path]:
    """A folder beside `final`, renamed to it when the block ends well, and found again with its files when a process was killed.

    One process writes to it at a time. What a killed one with another key left is removed, and so is the folder itself when
    the block fails. Stopped (`KeyboardInterrupt`, `SystemExit`), it leaves the folder as a kill would. On a file system without
    locks the folder is a fresh one each time.

    Args:
        final: the folder to appear.
        key: a JSON-able value that tells the work: everything that decides a byte of the result.

    Raises:
        OutputExistsError: `final` exists and is not an empty folder, now or when the block has ended.
        CannotWriteError: another process is writing it; or no space, no permission or a size limit, inside the block too.
    """
    require_new(final)
    target = place_of(final)
    make_parent(final, target)
    home = target.parent / f".{target.name}.resume-{digest_of(key)[:16]}"
    with translated(final, home):
        _clear_others(target, home)
        with _held(home, target) as held:
            refuse_existing(final)
            folder = held / "work"
            _take_up(folder)
            with translated(final, folder):
                with kept(folder, final):
                    yield folder
                    sync_tree(folder)
                appear(folder, target)


def require_new(final: Path) -> None:
    """Fail now rather than after an hour if `final` is there already; what killed processes left beside it is removed then.

    Raises:
        OutputExistsError: `final` exists and is not an empty folder.
        CannotWriteError: it is a mount point.
    """
    target = place_of(final)
    if target.parent.is_dir():
        with translated(final, target.parent):
            sweep(target)
    try:
        refuse_existing(final)
    except OutputExistsError:
        with suppress(CannotWriteError):  # a process killed after the last rename left its lock and its journal
            _clear_others(target, None)
        raise


def _take_up(folder: Path) -> None:
    if not folder.is_dir():
        # The journal of a folder that has gone to its final name already, or was lost.
        journal_of(folder).unlink(missing_ok=True)
        folder.mkdir()
    # Halves of an atomic_file; whatever machine they are of, its process held the lock that is ours now.
    for half in [path for path in folder.rglob(".*") if is_partial(path)]:
        remove(half)


def _clear_others(target: Path, home: Path | None) -> None:
    """Remove what killed processes left, but for `home`.

    Raises:
        CannotWriteError: one of them lives.
    """
    pattern = re.compile(rf"\.{re.escape(target.name)}\.resume-[0-9a-f]{{16}}")
    for path in sorted(target.parent.iterdir()):
        if path != home and pattern.fullmatch(path.name):
            with suppress(PermissionError):  # somebody else's, who can clear it
                _discard_unheld(path, target)


def _discard_unheld(home: Path, target: Path) -> None:
    try:
        descriptor = _lock(home)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return
    if descriptor is None:
        raise _busy(target)
    try:
        _discard(home, target)
    finally:
        os.close(descriptor)


@contextmanager
def _held(home: Path, target: Path) -> Generator[Path]:
    """Hold `home` alone until the block ends, then remove it unless it was stopped; a fresh folder stands in where nothing can be held."""
    try:
        descriptor = _lock(home)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        remove(home)
        home, descriptor = sibling(target, "partial"), -1
        home.mkdir()
    if descriptor is None:
        raise _busy(target)
    is_findable, is_stopped = descriptor >= 0, False
    try:
        yield home
    except (KeyboardInterrupt, SystemExit):
        is_stopped = True
        raise
    finally:
        if not (is_stopped and is_findable):
            _discard(home, target)
        if is_findable:
            os.close(descriptor)


def _lock(home: Path) -> int | None:
    """Take the lock of a folder, which is created where need be: an open descriptor, or None where another process has it."""
    file = home / "lock"
    while True:
        home.mkdir(exist_ok=True)
        try:
            # For writing: NFS locks no file that is open for reading only.
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:  # the folder was discarded in between
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_open_as(file, descriptor):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the lock of a folder that was discarded in between: once more


def _discard(home: Path, target: Path) -> None:
    # Under another name first: while a large folder is being removed, nobody may take up what is left of it.
    gone = sibling(target, "partial")
    with suppress(FileNotFoundError):
        home.rename(gone)
        remove(gone)


def _busy(target: Path) -> CannotWriteError:
    return CannotWriteError(f"another process is writing {target} just now. Wait until it has ended, or choose another output.")
