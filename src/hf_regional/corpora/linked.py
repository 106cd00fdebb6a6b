"""`LinkedCorpus`: builder of a corpus whose rows hold addresses of pictures; they are fetched while it is built, politely and once.

    load_corpus("sea-vqa", operator="Ani Wijaya, ani@example.org")          # or HF_REGIONAL_OPERATOR in the environment
    load_corpus("sea-vqa", fetch=False)                                     # asks nobody: only rows whose picture is there already
    load_corpus("sea-vqa", fetch="again")                                   # asks once more for what was gone

A row whose picture cannot be had is left out and counted by the reason (`left_out`). Pictures stay in one folder for all corpora, and
rows name their files. What may pass, such as a server that was down, is asked for again when the corpus is loaded the next time.
"""

import json
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal

from datasets.utils import tqdm

from hf_regional import records
from hf_regional.corpora.published import LEFT_OUT, PublishedCorpus
from hf_regional.errors import ConfigError
from hf_regional.network import Downloader, Fetched, Manners

OPERATOR: Final = "HF_REGIONAL_OPERATOR"
OPTIONS: Final = ("fetch", "operator", "allowed", "pictures")  # what the catalogue names for such a corpus
_NOT_FETCHED: Final = "not fetched"
_LATER: Final = "; asked for again at the next load"
_TOGETHER: Final = {True: 32, False: 10_000}  # rows whose pictures are fetched side by side: streaming, and not

Keyed = tuple[str, dict[str, Any]]


def linked(url: str | None) -> dict[str, str] | None:
    """The cell of a picture that is still an address; None for an empty one."""
    return {"url": url.strip()} if url and url.strip() else None


def both(texts: str, picture: str | None) -> str:
    """The licence of a row whose words and picture have different owners.

    >>> both("cc-by-sa-4.0", None)
    'texts: cc-by-sa-4.0; picture: not stated'
    """
    return f"texts: {texts}; picture: {picture or 'not stated'}"


class LinkedCorpus(PublishedCorpus):
    """Builder of a corpus of addresses: `to_pairs` and `to_vqa` give them as `linked(url)`, beside pictures that are there."""

    def __init__(
        self,
        *args: Any,
        fetch: bool | Literal["again"] = True,
        operator: str | None = None,
        allowed: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Find the files.

        Args:
            args: of `PublishedCorpus`, and so are the other ones.
            fetch: false asks nobody for a picture: those that are there already are taken. "again" asks for those too that were gone.
            operator: who asks, see `Manners`; else what HF_REGIONAL_OPERATOR says. Needed once a picture must be fetched.
            allowed: "address:port" of servers in one's own network that may be asked, a list or a text with commas between.
            kwargs: of `PublishedCorpus`.

        Raises:
            ConfigError: `fetch` is none of these.
        """
        if fetch not in {True, False, "again"}:
            raise ConfigError(f'fetch must be True, False or "again", got {fetch!r}.', "fetch")
        self._fetches, self._operator = fetch, operator or os.environ.get(OPERATOR, "")
        named = allowed.split(",") if isinstance(allowed, str) else allowed or ()
        self._allowed = frozenset(place.strip() for place in named)
        super().__init__(*args, **kwargs)

    def download_and_prepare(self, *args: Any, **kwargs: Any) -> None:
        """Build it, and build it anew where an earlier build left out what may be there by now, or where its pictures were deleted."""
        if self._is_stale():
            # It may have more rows this time, and `datasets` holds the number of the last time against it.
            kwargs |= {"download_mode": "reuse_cache_if_exists", "verification_mode": "no_checks"}
        super().download_and_prepare(*args, **kwargs)

    def _is_stale(self) -> bool:
        if self._chosen.view == "raw":
            return False
        left_out = Path(self._cache_dir) / LEFT_OUT
        reasons = json.loads(left_out.read_text(encoding="utf-8")) if left_out.is_file() else {}
        may_gain = any(reason.endswith(_LATER) for reason in reasons) or (self._fetches == "again" and reasons)
        return bool(may_gain) or not self._shelf.folder.is_dir()

    def _pictured(self, rows: Iterator[Keyed]) -> Iterator[Keyed]:
        yield from super()._pictured(self._linked(rows))

    def _linked(self, rows: Iterator[Keyed]) -> Iterator[Keyed]:
        """The rows with their pictures' files in place of addresses; those without one are counted."""
        self._shelf.folder.mkdir(parents=True, exist_ok=True)
        while batch := list(islice(rows, _TOGETHER[self._streaming])):
            fetched = self._fetched([url for _, row in batch if (url := _url(row))])
            for key, row in batch:
                found = fetched.get(_url(row) or "")
                if found is None:
                    yield key, row
                elif found.path:
                    yield key, {**row, records.IMAGE: str(found.path)}
                else:
                    self.left_out[f"pictures, {found.reason}{'' if found.is_lasting else _LATER}"] += 1

    def _fetched(self, urls: list[str]) -> dict[str, Fetched]:
        gone_too = self._fetches == "again"
        found = {url: kept for url in urls if (kept := self._shelf.find(url)) and (kept.path or not gone_too)}
        missing = [url for url in dict.fromkeys(urls) if url not in found]
        if not self._fetches:
            return found | {url: Fetched(url, reason=_NOT_FETCHED, is_lasting=False) for url in missing}
        if missing:
            coming = tqdm(
                self._downloader.fetch(missing, gone_too=gone_too), total=len(missing), desc="Fetching pictures", unit=" pictures"
            )
            found |= {each.url: each for each in coming}
        return found

    @cached_property
    def _downloader(self) -> Downloader:
        if not self._operator:
            raise ConfigError(
                f"{self.NAME} is published as addresses of pictures, and sites are asked for them in somebody's name: give operator=, such "
                f"as 'Ani Wijaya, ani@example.org', or set {OPERATOR}. With fetch=False only pictures that are there already are taken.",
                "operator",
            )
        return Downloader(self._shelf, Manners(self._operator, allowed=self._allowed))


def _url(row: dict[str, Any]) -> str | None:
    match row[records.IMAGE]:
        case {"url": str(url)}:
            return url
        case _:
            return None
