"""Matchers: the caller's own terms in; the matcher of these and of the shipped lexicon out, built once a machine and then read.

Building takes about a second, and every process needs one. Built ones lie in the folder `hf_regional/matchers` of the assets cache of
`huggingface_hub` (HF_ASSETS_CACHE), each under the digest of all that it is made from. Where nothing can be written, each process builds.
"""

import hashlib
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from hf_regional.durable import digest_of
from hf_regional.errors import CannotWriteError
from hf_regional.filtering import lexicon
from hf_regional.filtering.evidence import text
from hf_regional.filtering.evidence.text.keeping import keep, kept
from hf_regional.filtering.hits import country_codes
from hf_regional.filtering.lexicon.extra import Row, read_extra
from hf_regional.version import __version__

_LOG: Final = logging.getLogger(__name__)
_MOST: Final = 8  # files that are kept, of some ten megabytes each; those read last
_MADE_FROM: Final = (".py", ".tsv", ".xz")

_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class OwnTerms:
    """The caller's own terms as rows of the lexicon, and their digest, by which they are compared: a table may have 50,000.

    Rows, not the path of their file: another machine does not have it, and the file may change while a corpus is judged.
    """

    rows: tuple[Row, ...] = field(compare=False)
    digest: str

    def as_dict(self) -> dict[str, object]:
        """What a report says of them."""
        shown = [f"{text} = {country}" for text, country, *_ in self.rows[:_SHOWN]]
        return {"count": len(self.rows), "sha256": self.digest, "first": shown}


Own = OwnTerms | None


def own_terms(terms: Mapping[str, str] | str | Path | None) -> Own:
    """Read the caller's own terms, once for all processes. Raises the errors of `load_terms`."""
    if terms is None or (isinstance(terms, Mapping) and not terms):
        return None
    rows = tuple(sorted(read_extra(terms)))
    return OwnTerms(rows, digest_of([[*row] for row in rows]))


@lru_cache(maxsize=2)
def matcher_of(own: Own) -> text.Matcher:
    """The matcher of the shipped lexicon and some own terms. Raises the errors of `load_terms`."""
    file = _folder() / f"{_digest(own)}.bin"
    found = kept(file)
    if found is None:
        found = text.Matcher.build(lexicon.load_terms(extra=own.rows if own else None))
        _keep(found, file)
    else:
        with suppress(OSError):
            os.utime(file)  # it was of use
    return found


def _digest(own: Own) -> str:
    """SHA-256 of what a matcher is made from: terms, tables and our code."""
    rooms = {str(room.__package__): _contents(Path(str(room.__file__)).parent) for room in (lexicon, text)}
    return digest_of([__version__, version("daachorse"), country_codes(), rooms, own.digest if own else None])


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
