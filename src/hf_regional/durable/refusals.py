"""Refusals: what an operating system or a library answers to a write comes in, an error of ours that says so goes out."""

import errno
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hf_regional.errors import CannotWriteError, OutputExistsError, RegionalError

# What a file system answers when it is full, over quota, over a size limit, read-only or closed to us.
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLOSED: Final = {errno.EROFS, errno.EACCES, errno.EPERM}
# What it answers when the folder was taken away from under the writer.
_GONE: Final = {errno.ENOENT, errno.ESTALE}
_VANISHED: Final = "vanished while it was written to"
# Writers that are not Python put the answer into their text: safetensors and tokenizers its number, torch its words.
_NUMBERED: Final = re.compile(r"\(os error (\d+)\)")
_WORDS: Final = {os.strerror(code): code for code in _NO_ROOM | _CLOSED}
# torch.save and ndarray.tofile see that less arrived than they sent, and not why.
_SHORT_WRITE: Final = re.compile(r"inline_container\.cc.*unexpected pos \d+ vs \d+|\d+ requested and \d+ written", re.DOTALL)


@contextmanager
def translated(final: Path, folder: Path) -> Generator[None]:
    """Turn what says that `final` cannot be written into a `CannotWriteError`; `folder` is what must stay there meanwhile."""
    try:
        yield
    except Exception as error:  # safetensors, tokenizers and torch each raise their own class for a full disk
        # An error of ours is told already, unless it is told of a hidden folder that the user has never heard of.
        is_told = isinstance(error, RegionalError) and str(folder) not in str(error)
        reason = None if is_told else _why_not_written(error, final.absolute(), folder)
        if reason is None:
            raise
        raise _cannot_write(final, reason) from error


@contextmanager
def kept(folder: Path, final: Path) -> Generator[None]:
    """Require that a folder is the same one at the end: who writes below it may have made it anew, without what was in it.

    Raises:
        CannotWriteError: it was removed meanwhile, and so `final` would be a part of itself.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield
        if not is_open_as(folder, descriptor):
            raise _cannot_write(final, f"{folder} {_VANISHED}")
    finally:
        os.close(descriptor)


def is_open_as(path: Path, descriptor: int) -> bool:
    """Whether a name still means what was opened under it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def make_parent(final: Path, target: Path) -> None:
    """Create the folder that `final` will stand in, which is `target` where it is a link.

    Raises:
        CannotWriteError: something is in the way, or it may not be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:  # whatever it is, a file in the way included: there is nowhere to write to
        message = f"cannot write {final}: {error.strerror} ({error.filename}). Choose another output, or clear the way."
        raise CannotWriteError(message) from error


def refuse_existing(final: Path) -> None:
    """Refuse a name that something has already; an empty folder may be filled.

    Raises:
        OutputExistsError: a file, or a folder that holds something.
        CannotWriteError: an empty folder that another disk is mounted on: no rename can put ours there.
    """
    if not final.exists():
        return
    if not final.is_dir() or any(final.iterdir()):
        raise OutputExistsError(f"{final} exists already and was left as it is. Choose another output, or remove it first.")
    if final.is_mount():
        raise CannotWriteError(
            f"{final} is a mount point, which cannot be replaced. Choose a folder inside it, such as {final / 'merged'}."
        )


def _cannot_write(final: Path, reason: str) -> CannotWriteError:
    return CannotWriteError(f"cannot write {final}: {reason}. Nothing was left under that name; free some space or choose another output.")


def _why_not_written(error: BaseException, final: Path, folder: Path) -> str | None:
    """What the file system answered to a write towards `final`; None where the error is of another kind."""
    code = _code_of(error)
    name = error.filename if isinstance(error, OSError) else None
    # An input that may not be read is not an output that may not be written.
    elsewhere = isinstance(name, str) and not _leads_to(final, Path(name).absolute())
    if code in _NO_ROOM or (code in _CLOSED and not elsewhere):
        return os.strerror(code) + (f" ({name})" if elsewhere else "")
    if code in _GONE and not folder.exists():
        return f"{folder} {_VANISHED}"
    if _SHORT_WRITE.search(str(error)):
        return "the disk took only a part of the bytes; it is full, or a limit was reached"
    return _why_not_written(error.__cause__, final, folder) if error.__cause__ else None


def _leads_to(final: Path, path: Path) -> bool:
    """Whether `path` is `final`, a folder above it, or inside one of its partial siblings."""
    return final.is_relative_to(path) or str(path).startswith(str(final.parent / f".{final.name}."))


def _code_of(error: BaseException) -> int:
    """The operating system's number of an error, 0 where there is none."""
    if isinstance(error, OSError) and error.errno:
        return error.errno
    if numbered := _NUMBERED.search(str(error)):
        return int(numbered[1])
    return next((code for words, code in _WORDS.items() if str(error).endswith(words)), 0)
