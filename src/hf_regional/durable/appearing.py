"""Appearing: a block that writes comes in, a folder or file that is there whole or not at all goes out."""

import hashlib
import os
import platform
import re
import shutil
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from hf_regional.durable.refusals import kept, make_parent, refuse_existing, translated
from hf_regional.errors import OutputExistsError


@contextmanager
def atomic_folder(final: Path, *, overwrite: bool = False) -> Generator[Path]:
    """A fresh folder beside `final`, renamed to it when the block ends well and removed when it does not.

    Raises:
        OutputExistsError: `final` exists, is not an empty folder, and `overwrite` is false.
        CannotWriteError: no space, no permission or a size limit, inside the block too.
    """
    target = place_of(final)
    partial = sibling(target, "partial")
    make_parent(final, target)
    with _removed_on_failure(partial), translated(final, partial):
        sweep(target)
        if not overwrite:
            refuse_existing(final)
        partial.mkdir()
        with kept(partial, final):
            yield partial
            sync_tree(partial)
        if overwrite:
            _replace_folder(partial, target)
        else:
            appear(partial, target)


@contextmanager
def atomic_file(final: Path) -> Generator[Path]:
    """A path beside `final` to write to; it replaces `final` when the block ends well. Errors as `atomic_folder`."""
    target = final.absolute()
    partial = sibling(target, "partial")
    make_parent(final, target)
    with _removed_on_failure(partial), translated(final, target.parent):
        sweep(target)
        yield partial
        sync(partial)
        partial.replace(target)
        sync(target.parent)


def copy_file(source: Path, target: Path) -> None:
    """Copy bytes, not permissions: a read-only cache must not make a read-only output."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def require_writable(final: Path) -> None:
    """Fail now rather than after an hour if `final` could not be created.

    Raises:
        CannotWriteError: the nearest existing parent cannot be written, or is no folder.
    """
    target = final.absolute()
    make_parent(final, target)
    with translated(final, target.parent):
        probe = sibling(target, "partial")
        probe.mkdir()
        probe.rmdir()


def place_of(final: Path) -> Path:
    """Where a folder called `final` will stand: the block may change the working folder, and the name may be a link to a folder."""
    return final.resolve() if final.is_symlink() else final.absolute()


def sibling(final: Path, kind: str) -> Path:
    """A fresh hidden name beside `final` that tells whose it is: `.out.partial-<pid>-<host>-<random>`."""
    # In the same folder: a rename is atomic only within one file system.
    return final.parent / f".{final.name}.{kind}-{os.getpid()}-{_host()}-{uuid.uuid4().hex[:8]}"


def sweep(final: Path) -> None:
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
            remove(path)


def is_partial(path: Path) -> bool:
    """Whether a name is one that `sibling` gave, on whatever machine."""
    return re.fullmatch(r"\..*\.(partial|old)-\d+-[0-9a-f]{8}-[0-9a-f]{8}", path.name, re.DOTALL) is not None


def appear(partial: Path, final: Path) -> None:
    """Give a finished folder its name, unless somebody else has taken it meanwhile.

    Raises:
        OutputExistsError: `final` is there now, and is not an empty folder.
    """
    try:
        partial.rename(final)  # a rename replaces an empty folder and nothing else, in one step
    except OSError as error:
        if final.is_symlink() or final.exists():
            message = f"{final} was made by something else meanwhile and was left as it is. Choose another output, or remove it first."
            raise OutputExistsError(message) from error
        raise
    sync(final.parent)


def remove(path: Path) -> None:
    """Remove a file or a folder, as far as that goes."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sync_tree(folder: Path) -> None:
    """Wait until every file and folder below `folder`, and itself, is on the disk."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's list of names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _host() -> str:
    # Folders may be shared between machines, and a process number means something on its own machine only.
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # signal 0 asks and does nothing
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


@contextmanager
def _removed_on_failure(partial: Path) -> Generator[None]:
    try:
        yield
    except BaseException:
        remove(partial)
        raise


def _replace_folder(partial: Path, final: Path) -> None:
    # A folder that holds files cannot be replaced by a rename, so the old one steps aside first.
    if final.exists():
        aside = sibling(final, "old")
        final.rename(aside)
        try:
            partial.rename(final)
        except OSError:
            aside.rename(final)
            raise
        remove(aside)
    else:
        partial.rename(final)
    sync(final.parent)
