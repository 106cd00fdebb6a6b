"""Durable work: folders and files that appear whole or not at all, content digests, and stages that resume.

with atomic_folder(Path("out")) as folder:   # a hidden sibling; "out" appears by one rename at the end
    (folder / "model.safetensors").write_bytes(data)
"""

import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hf_regional.errors import CannotWriteError, OutputExistsError

_CHUNK: Final = 1 << 20
# What a file system answers when it is full, over quota, over a size limit, read-only or closed to us.
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
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
def atomic_folder(final: Path, *, overwrite: bool = False, within: Path | None = None) -> Generator[Path]:
    """A fresh folder beside `final`, renamed to it when the block ends well and removed when it does not.

    Args:
        final: the folder to make.
        overwrite: replace one that is there.
        within: a folder of the same file system to work in, in place of `final`'s own: what a killed process leaves lies there.

    Raises:
        OutputExistsError: `final` exists, is not an empty folder, and `overwrite` is false.
        CannotWriteError: no space, no permission or a size limit, inside the block too.
    """
    if not overwrite:
        _refuse_existing(final)
    partial = _partial_name(within / final.name if within else final)
    with _translated(final), _removed_on_failure(partial):
        partial.mkdir(parents=True)
        yield partial
        _sync_tree(partial)
        _replace_folder(partial, final)


@contextmanager
def atomic_file(final: Path) -> Generator[Path]:
    """A path beside `final` to write to; it replaces `final` when the block ends well. Errors as `atomic_folder`."""
    partial = _partial_name(final)
    with _translated(final), _removed_on_failure(partial):
        final.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        _sync(partial)
        partial.replace(final)


@dataclass(frozen=True, slots=True)
class Stages:
    """A row of named steps, each a folder that is made once; what is finished is not made again.

    A stage is finished when its folder exists under its final name, its recorded key equals the one asked for, and no file
    in it was cut or lost since. A stage with another key is made anew, and so are all that follow, because their keys contain the digest of what they read.
    """

    root: Path

    def run(self, name: str, key: object, work: Callable[[Path], None]) -> Path:
        """The folder of stage `name`; calls `work(folder)` only where no finished one with this JSON-able `key` is there."""
        final, digest = self.root / name, digest_of(key)
        if self.is_done(name, digest):
            return final
        with atomic_folder(final, overwrite=True) as folder:
            work(folder)
            (folder / _MANIFEST).write_text(json.dumps({"key": digest, "bytes": _sizes(folder)}), encoding="utf-8")
        return final

    def is_done(self, name: str, digest: str) -> bool:
        """Whether stage `name` is finished with the key of this digest, and all its files still have their length."""
        folder = self.root / name
        try:
            made = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        return made.get("key") == digest and made.get("bytes") == _sizes(folder)

    def forget(self) -> None:
        """Remove every stage and what killed runs left."""
        shutil.rmtree(self.root, ignore_errors=True)


def _sizes(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / _MANIFEST
    }


def copy_file(source: Path, target: Path) -> None:
    """Copy bytes, not permissions: a read-only cache must not make a read-only output."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def require_writable(final: Path) -> None:
    """Fail now rather than after an hour if `final` could not be created.

    Raises:
        CannotWriteError: the nearest existing parent cannot be written.
    """
    parent = final.absolute().parent
    with _translated(final):
        parent.mkdir(parents=True, exist_ok=True)
        probe = _partial_name(final)
        probe.mkdir()
        probe.rmdir()


def _refuse_existing(final: Path) -> None:
    if final.exists() and not (final.is_dir() and not any(final.iterdir())):
        raise OutputExistsError(f"{final} exists already and was left as it is. Choose another output, or remove it first.")


def _partial_name(final: Path) -> Path:
    # In the same folder: a rename is atomic only within one file system.
    return final.absolute().parent / f".{final.name}.partial-{os.getpid()}-{uuid.uuid4().hex[:8]}"


@contextmanager
def _translated(final: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, CannotWriteError | OutputExistsError) or error.errno not in _NO_ROOM:
            raise
        message = (
            f"cannot write {final}: {error.strerror or error}. Nothing was left under that name; free some space or choose another output."
        )
        raise CannotWriteError(message) from error


@contextmanager
def _removed_on_failure(partial: Path) -> Generator[None]:
    try:
        yield
    except BaseException:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)
        raise


def _replace_folder(partial: Path, final: Path) -> None:
    # A folder that holds files cannot be replaced by a rename, so the old one steps aside first.
    if final.exists():
        aside = _partial_name(final)
        final.rename(aside)
        partial.rename(final)
        shutil.rmtree(aside)
    else:
        partial.rename(final)
    _sync(final.absolute().parent)


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
