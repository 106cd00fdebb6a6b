"""Durable work: folders and files that appear whole or not at all, content digests, and stages that resume.

with atomic_folder(Path("out")) as folder:   # a hidden sibling; "out" appears by one rename at the end
    (folder / "model.safetensors").write_bytes(data)
"""

import errno
import hashlib
import json
import os
import platform
import re
import shutil
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hf_regional.errors import CannotWriteError, OutputExistsError, RegionalError

_CHUNK: Final = 1 << 20
# What a file system answers when it is full, over quota, over a size limit, read-only or closed to us.
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLOSED: Final = {errno.EROFS, errno.EACCES, errno.EPERM}
# Writers that are not Python put the answer into their text: safetensors and tokenizers its number, torch its words.
_NUMBERED: Final = re.compile(r"\(os error (\d+)\)")
_WORDS: Final = {os.strerror(code): code for code in _NO_ROOM | _CLOSED}
# torch.save and ndarray.tofile see that less arrived than they sent, and not why.
_SHORT_WRITE: Final = re.compile(r"inline_container\.cc.*unexpected pos \d+ vs \d+|\d+ requested and \d+ written", re.DOTALL)
_MANIFEST: Final = "stage.json"


def digest_of(value: object) -> str:
    """SHA-256, as 64 hex digits, of a JSON-able value; the order of keys does not matter."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256, as 64 hex digits, of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of all files below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest_of({path.relative_to(folder).as_posix(): file_sha256(path) for path in files})


@contextmanager
def atomic_folder(final: Path, *, overwrite: bool = False) -> Generator[Path]:
    """A fresh folder beside `final`, renamed to it when the block ends well and removed when it does not.

    Raises:
        OutputExistsError: `final` exists, is not an empty folder, and `overwrite` is false.
        CannotWriteError: no space, no permission or a size limit, inside the block too.
    """
    target = final.absolute()  # the block may change the working folder
    partial = _sibling(target, "partial")
    _make_parent(final)
    with _translated(final), _removed_on_failure(partial):
        _sweep(target)
        if not overwrite:
            _refuse_existing(final)
        partial.mkdir()
        yield partial
        _sync_tree(partial)
        _replace_folder(partial, target)


@contextmanager
def atomic_file(final: Path) -> Generator[Path]:
    """A path beside `final` to write to; it replaces `final` when the block ends well. Errors as `atomic_folder`."""
    target = final.absolute()
    partial = _sibling(target, "partial")
    _make_parent(final)
    with _translated(final), _removed_on_failure(partial):
        _sweep(target)
        yield partial
        _sync(partial)
        partial.replace(target)
        _sync(target.parent)


@dataclass(frozen=True, slots=True)
class Stages:
    """A row of named steps, each a folder that is made once; what is finished is not made again.

    A stage is finished when its folder exists under its final name, its recorded key equals the one asked for, and no file
    in it was cut or lost since. A stage with another key is made anew, and so are all that follow, because their keys contain
    the digest of what they read.
    """

    root: Path

    def run(self, name: str, key: object, work: Callable[[Path], None]) -> Path:
        """The folder of stage `name`; calls `work(folder)` only where no finished one with this JSON-able `key` is there."""
        final, digest = self.root / name, digest_of(key)
        if self.is_done(name, digest):
            return final
        with atomic_folder(final, overwrite=True) as folder:
            work(folder)
            (folder / _MANIFEST).write_bytes(_manifest(folder, digest))
        return final

    def is_done(self, name: str, digest: str) -> bool:
        """Whether stage `name` is finished with the key of this digest, and all its files still have their length."""
        folder = self.root / name
        manifest = folder / _MANIFEST
        return manifest.is_file() and manifest.read_bytes() == _manifest(folder, digest)

    def forget(self) -> None:
        """Remove every stage and what killed runs left."""
        shutil.rmtree(self.root, ignore_errors=True)


def _manifest(folder: Path, digest: str) -> bytes:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / _MANIFEST)
    return json.dumps({"key": digest, "bytes": {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}}).encode()


def copy_file(source: Path, target: Path) -> None:
    """Copy bytes, not permissions: a read-only cache must not make a read-only output."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def require_writable(final: Path) -> None:
    """Fail now rather than after an hour if `final` could not be created.

    Raises:
        CannotWriteError: the nearest existing parent cannot be written, or is no folder.
    """
    _make_parent(final)
    with _translated(final):
        probe = _sibling(final.absolute(), "partial")
        probe.mkdir()
        probe.rmdir()


def _make_parent(final: Path) -> None:
    try:
        final.absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:  # whatever it is, a file in the way included: there is nowhere to write to
        message = f"cannot write {final}: {error.strerror} ({error.filename}). Choose another output, or clear the way."
        raise CannotWriteError(message) from error


def _refuse_existing(final: Path) -> None:
    if final.exists() and not (final.is_dir() and not any(final.iterdir())):
        raise OutputExistsError(f"{final} exists already and was left as it is. Choose another output, or remove it first.")


def _sibling(final: Path, kind: str) -> Path:
    """A fresh hidden name beside `final` that tells whose it is: `.out.partial-<pid>-<host>-<random>`."""
    # In the same folder: a rename is atomic only within one file system.
    return final.parent / f".{final.name}.{kind}-{os.getpid()}-{_host()}-{uuid.uuid4().hex[:8]}"


def _host() -> str:
    # Folders may be shared between machines, and a process number means something on its own machine only.
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _sweep(final: Path) -> None:
    """Clear what killed processes of this machine left beside `final`; a folder that one had just set aside goes back to its name."""
    pattern = re.compile(rf"\.{re.escape(final.name)}\.(partial|old)-(\d+)-{_host()}-[0-9a-f]{{8}}")
    for path in sorted(final.parent.iterdir()):
        left = pattern.fullmatch(path.name)
        if left is None or _is_running(int(left[2])):
            continue
        if left[1] == "old" and not final.exists():
            with suppress(FileNotFoundError):  # another process swept it in the meantime
                path.rename(final)
        else:
            _remove(path)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # signal 0 asks and does nothing
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _translated(final: Path) -> Generator[None]:
    try:
        yield
    except RegionalError:
        raise
    except Exception as error:  # safetensors, tokenizers and torch each raise their own class for a full disk
        reason = _why_not_written(error, final.absolute())
        if reason is None:
            raise
        message = f"cannot write {final}: {reason}. Nothing was left under that name; free some space or choose another output."
        raise CannotWriteError(message) from error


def _why_not_written(error: BaseException, final: Path) -> str | None:
    """What the file system answered to a write towards `final`; None where the error is of another kind."""
    code = _code_of(error)
    name = error.filename if isinstance(error, OSError) else None
    # An input that may not be read is not an output that may not be written.
    elsewhere = isinstance(name, str) and not _leads_to(final, Path(name).absolute())
    if code in _NO_ROOM or (code in _CLOSED and not elsewhere):
        return os.strerror(code) + (f" ({name})" if elsewhere else "")
    if _SHORT_WRITE.search(str(error)):
        return "the disk took only a part of the bytes; it is full, or a limit was reached"
    return _why_not_written(error.__cause__, final) if error.__cause__ else None


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


@contextmanager
def _removed_on_failure(partial: Path) -> Generator[None]:
    try:
        yield
    except BaseException:
        _remove(partial)
        raise


def _replace_folder(partial: Path, final: Path) -> None:
    # A folder that holds files cannot be replaced by a rename, so the old one steps aside first.
    if final.exists():
        aside = _sibling(final, "old")
        final.rename(aside)
        try:
            partial.rename(final)
        except OSError:
            aside.rename(final)
            raise
        _remove(aside)
    else:
        partial.rename(final)
    _sync(final.parent)


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
