"""Shelf: pictures in, files named by their content out; by the address that each came from, and it is remembered which have none."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hf_regional.durable import Journal, atomic_file
from hf_regional.errors import CannotWriteError


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one address.

    Attributes:
        url: as it was given.
        path: the file; None where there is none.
        reason: why there is none, in few words, the same for all of its kind.
        is_lasting: asking again, in another run, is in vain.
        sha256: of the content, 64 hex digits.
        size: of the content, bytes.
        found_at: the address after redirects.
    """

    url: str
    path: Path | None = None
    reason: str = ""
    is_lasting: bool = True
    sha256: str = ""
    size: int = 0
    found_at: str = ""


class Shelf:
    """A folder of pictures, `ab/<sha256>.<kind>`. Threads may share it, and so may runs; its journal lies beside it."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is read or written yet."""
        self.folder = Path(folder).expanduser().absolute()

    def find(self, url: str) -> Fetched | None:
        """What an earlier run found, if it is lasting: a file that is there, or an address that is gone."""
        match self._journal.done(url):
            case {"file": str(file), "sha256": str(sha256), "size": int(size), "found_at": str(found_at)}:
                path = self.folder / file
                return Fetched(url, path, sha256=sha256, size=size, found_at=found_at) if _is_whole(path, size) else None
            case {"reason": str(reason)}:
                return Fetched(url, reason=reason)
            case _:
                return None

    def keep(self, url: str, content: bytes, kind: str, found_at: str) -> Fetched:
        """Put a picture on the disk, and remember where it is from.

        Raises:
            CannotWriteError: the disk is full, or closed to us.
        """
        path, sha256 = self.put(content, kind)
        record = {"file": path.relative_to(self.folder).as_posix(), "sha256": sha256, "size": len(content), "found_at": found_at}
        self._note(url, record, (path,))
        return Fetched(url, path, sha256=sha256, size=len(content), found_at=found_at)

    def put(self, content: bytes, kind: str) -> tuple[Path, str]:
        """Put a picture on the disk under the digest of its content, byte for byte; of equal ones there is one file. Errors as `keep`."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.folder / sha256[:2] / f"{sha256}.{kind}"
        if not _is_whole(path, len(content)):
            with atomic_file(path) as partial:
                partial.write_bytes(content)
        return path, sha256

    def bury(self, url: str, reason: str) -> None:
        """Remember that there is nothing at an address, and why."""
        self._note(url, {"reason": reason}, ())

    @cached_property
    def _journal(self) -> Journal:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return Journal(self.folder)
        except OSError as error:
            raise self._unwritable(error) from error

    def _note(self, url: str, record: dict[str, Any], files: tuple[Path, ...]) -> None:
        try:
            self._journal.finish(url, record, files)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> CannotWriteError:
        return CannotWriteError(
            f"pictures cannot be kept in {self.folder}: {error.strerror}. Free some space there, or name another folder; "
            "what was fetched so far is kept."
        )

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder}


def _is_whole(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
