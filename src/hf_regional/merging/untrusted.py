"""Untrusted: a path or a JSON text that somebody else made comes in, an open file or an object of unique names comes out."""

import errno
import json
import os
import reprlib
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

from hf_regional.errors import DamagedFileError, MissingFileError

LONGEST: Final = 100_000_000  # bytes of JSON; the limit of the safetensors library itself
# "[],[],..." of 100 MB would be 2 GB of empty lists. A tensor's entry has 8 marks: this is a quarter of a million tensors in a file.
_MOST_MARKS: Final = 2_000_000
_NOT_THERE: Final = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}
_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_SHORT: Final = reprlib.Repr()
_SHORT.maxstring = 200


def shown(value: object) -> str:
    """A value as a message shows it: of a name of 100 MB the two ends."""
    return _SHORT.repr(value)


def open_regular(file: Path) -> BinaryIO:
    """Open a file for reading, through links.

    Raises:
        MissingFileError: there is none of that name.
        DamagedFileError: it is a folder, a pipe, a socket or a device, or may not be read.
    """
    try:
        _require_regular(file)
        # Not to wait for somebody to write, should it have become a pipe in between.
        return os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except DamagedFileError:
        raise
    except OSError as error:
        if error.errno in _NOT_THERE:
            raise MissingFileError(f"{file} is not there ({error.strerror}). Check the name, or download the checkpoint again.") from error
        raise DamagedFileError(f"{file} cannot be read: {error.strerror}. Make it readable, or download it again.") from error
    except ValueError as error:  # a zero byte, or half a surrogate pair
        raise MissingFileError(f"{shown(str(file))} is no name that a file can have. Check the name.") from error


def read_object(file: Path, parse: Callable[[bytes], dict[str, Any]]) -> dict[str, Any]:
    """Read a file of JSON by `parse_object` or `parse_config`.

    Raises:
        MissingFileError, DamagedFileError: as `open_regular`, or it holds something else.
    """
    with open_regular(file) as stream:
        text = stream.read(LONGEST + 1)
    try:
        return parse(text)
    except ValueError as error:
        raise DamagedFileError(f"{file} cannot be read as JSON: {error}. Download or save it again.") from error


def parse_object(text: bytes, whole: Callable[[str], Any] = int, broken: Callable[[str], Any] = float) -> dict[str, Any]:
    """Read a JSON object, as RFC 8259 has it, in which no name stands twice: no NaN, no half of a surrogate pair in a name.

    Args:
        text: UTF-8.
        whole: what makes a number of the digits of an integer; a ValueError of it is passed on.
        broken: the same for numbers with a point or an exponent.

    Raises:
        ValueError: it is something else, or too large to be honest; the message says what is wrong with it.
    """
    return _parse(text, json.JSONDecoder(object_pairs_hook=_unique, parse_int=whole, parse_float=broken, parse_constant=_refused))


def parse_config(text: bytes) -> dict[str, Any]:
    """Read a JSON object as the libraries read theirs: with Infinity, which some configurations hold, and the last of two equal names.

    Raises:
        ValueError: it is something else, or too large to be honest.
    """
    return _parse(text, json.JSONDecoder())


def _parse(text: bytes, decoder: json.JSONDecoder) -> dict[str, Any]:
    if len(text) > LONGEST or (len(text) > _MOST_MARKS and sum(text.count(mark) for mark in (b",", b"[", b"{")) > _MOST_MARKS):
        raise ValueError(f"it has more than {LONGEST} bytes or {_MOST_MARKS} commas and brackets")
    try:
        value = decoder.decode(text.decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    return value


def _require_regular(file: Path) -> None:
    mode = file.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise DamagedFileError(f"{file} is {kind}, not a file. Give the file itself.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the name {shown(twice)} stands in it twice")
    try:
        "".join(entries).encode()
    except UnicodeEncodeError:
        raise ValueError("a name in it holds half of a surrogate pair") from None
    return entries


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
