"""Archives: a tar (plain, gzip, bzip2, xz) or zip file in; its members, name and bytes, in the order in which they lie there, out.

Nothing is unpacked: members are read one after the other, from a disk or from the Hub, and a name can lead nowhere.
"""

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, NamedTuple

from hf_regional.errors import DamagedFileError

# What the readers raise of a file that is cut off or no archive; gzip.BadGzipFile is an OSError without a number.
_DAMAGE: Final = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError)


class Member(NamedTuple):
    """A file of an archive."""

    name: str
    data: bytes


def members(file: BinaryIO, name: str, wanted: Callable[[str], bool]) -> Iterator[Member]:
    """Yield the files of an archive whose names are wanted; the others are passed over unread.

    Args:
        file: the open archive. A tar is read from front to back; a zip needs a file that can seek.
        name: its name, for messages; one that ends in .zip is a zip.
        wanted: whether a member's name is asked for.

    Raises:
        DamagedFileError: it is cut off, or no archive.
    """
    try:
        yield from _in_zip(file, wanted) if name.lower().endswith(".zip") else _in_tar(file, wanted)
    except _DAMAGE as error:
        raise DamagedFileError(f"{name} is cut off or no archive: {error}. Fetch it anew.") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise DamagedFileError(f"{name} is cut off or no archive: {error}. Fetch it anew.") from error


def _in_tar(file: BinaryIO, wanted: Callable[[str], bool]) -> Iterator[Member]:
    opened: Any = tarfile.open(fileobj=file, mode="r|*")  # noqa: SIM115 - closed below
    with opened as archive:
        for info in archive:
            archive.members = []  # else it keeps every header that it has passed
            if info.isfile() and wanted(info.name) and (held := archive.extractfile(info)):
                yield Member(info.name, held.read())


def _in_zip(file: BinaryIO, wanted: Callable[[str], bool]) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if not info.is_dir() and wanted(info.filename):
                yield Member(info.filename, archive.read(info))
