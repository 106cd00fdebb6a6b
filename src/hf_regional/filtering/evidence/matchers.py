"""Matchers: the caller's own terms in; the matcher of these and of the shipped lexicon out, built once a machine and then read.

Building takes about a second, and every process needs one. Built ones lie in the folder `hf_regional/matchers` of the assets cache of
`huggingface_hub` (HF_ASSETS_CACHE), each under the digest of all that it is made from. Where nothing can be written, each process builds.
"""

import hashlib
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from hf_regional.durable import digest_of, file_sha256
from hf_regional.errors import CannotWriteError
from hf_regional.filtering import lexicon
from hf_regional.filtering.evidence import text
from hf_regional.filtering.evidence.text.keeping import keep, kept
from hf_regional.filtering.hits import country_codes
from hf_regional.version import __version__

_LOG: Final = logging.getLogger(__name__)
_MOST: Final = 8  # files that are kept, of some ten megabytes each; those read last
_MADE_FROM: Final = (".py", ".tsv", ".xz")

# The caller's own terms, as `load_terms` takes them, so that they can be compared: pairs, or a file and when it was written.
Own = tuple[tuple[str, str], ...] | tuple[Path, int] | None


def own_terms(terms: Mapping[str, str] | str | Path | None) -> Own:
    """The caller's own terms in a form that can be compared and sent to another process. Raises the errors of `load_terms`."""
    if terms is None or isinstance(terms, Mapping):
        own: Own = tuple(sorted(terms.items())) if terms else None
    else:
        path = Path(terms)
        own = (path, path.stat().st_mtime_ns if path.exists() else 0)
    if own:
        matcher_of(own)  # reads them: a mistake in them should not wait for the first row
    return own


@lru_cache(maxsize=2)
def matcher_of(own: Own) -> text.Matcher:
    """The matcher of the shipped lexicon and some own terms. Raises the errors of `load_terms`."""
    file = _folder() / f"{_digest(own)}.bin"
    found = kept(file)
    if found is None:
        found = text.Matcher.build(_terms(own))
        _keep(found, file)
    else:
        with suppress(OSError):
            os.utime(file)  # it was of use
    return found


def _terms(own: Own) -> lexicon.Terms:
    match own:
        case None:
            return lexicon.load_terms()
        case (Path() as path, int()):
            return lexicon.load_terms(extra=path)
        case pairs:
            return lexicon.load_terms(extra=dict(pairs))  # pyright: ignore[reportArgumentType]


def _digest(own: Own) -> str:
    """SHA-256 of what a matcher is made from: terms, tables and our code."""
    match own:
        case (Path() as path, int()) if path.is_file():
            terms: object = file_sha256(path)
        case (Path() as path, int()):
            terms = str(path)
        case pairs:
            terms = pairs
    rooms = {str(room.__package__): _contents(Path(str(room.__file__)).parent) for room in (lexicon, text)}
    return digest_of([__version__, version("daachorse"), country_codes(), rooms, terms])


def _contents(folder: Path) -> str:
    # With the code, not the version alone: whoever changes a rule must not be answered by the old one.
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _MADE_FROM):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _keep(matcher: text.Matcher, file: Path) -> None:
    try:
        keep(matcher, file)
        for old in sorted(file.parent.glob("*.bin"), key=lambda path: path.stat().st_mtime_ns)[:-_MOST]:
            old.unlink()
    except (CannotWriteError, OSError) as error:
        _LOG.info("the matcher is not kept: %s", error)


def _folder() -> Path:
    from huggingface_hub import constants  # here: only text needs it

    return Path(constants.HF_ASSETS_CACHE) / "hf_regional" / "matchers"
