"""Detected languages: texts in, the language each is written in and its votes P(country | language) out.

A text of whose letters enough are in a script that one language has is in that language; for all others a detector is asked. A vote is
the share of the language's speakers who live in the country, times how much of the text is in the language: Thai names Thailand, English
no country. Indonesian and Malay are one group: each language gets half of the vote, so that only a region with both can win it.
"""

from functools import cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from hf_regional.filtering.evidence.detector import heard_in
from hf_regional.filtering.evidence.flat import flatten
from hf_regional.filtering.evidence.scripts import script_languages, written_in
from hf_regional.filtering.evidence.tables import table
from hf_regional.filtering.hits import NOWHERE, Hits, country_places, no_hits
from hf_regional.regions import countries_of_language

KIND: Final = "detected"
IN_SCRIPT: Final = 0.3  # of the letters: English captions quote a Thai name, Thai ones are full of brands in Latin letters
VOTE: Final = 0.05  # countries below it are not listed: one in twenty speakers says little about a row


class _Spoken(NamedTuple):
    """k texts: places in `languages`, -1 for none, and the share of each text that is in its language."""

    languages: tuple[str, ...]
    language: np.ndarray
    share: np.ndarray


def find(column: pa.Array | pa.ChunkedArray, name: str, *, scripts_only: bool = False) -> Hits:
    """Detect the languages of a column of texts.

    `value` is the language: CLDR's code, "id-ms" or "zh-Hant". A text has a hit for every country with P(country | language) >= 0.05, most
    speakers first; `confidence` is that times the share of the text. A language without such a country has one hit without country.

    Args:
        column: (n,) texts or lists of texts, of any Arrow type that holds them.
        name: of the column.
        scripts_only: ask no detector; languages in Latin, Cyrillic, Arabic, Devanagari and Chinese script are then not found.

    Raises:
        ConfigError: the column holds no texts.
    """
    flat = flatten(column, name)
    spoken = _by_script(flat.texts)
    if not scripts_only:
        spoken = _also_heard(flat.texts, spoken)
    text = np.flatnonzero(spoken.language >= 0)
    return _hits(name, flat.row[text], spoken.languages, spoken.language[text], spoken.share[text]) if len(text) else no_hits(KIND)


@cache
def votes(language: str) -> tuple[tuple[str, float], ...]:
    """P(country | language) of the countries with at least 0.05, most speakers first; `language` as `find` gives it.

    >>> [(country, round(share, 3)) for country, share in votes("id-ms")]
    [('IDN', 0.499), ('MYS', 0.474)]
    """
    shares: dict[str, float] = {}
    for row in [row for row in table("votes.csv") if row["code"] == language] or [{"language": language, "weight": "1"}]:
        only, without = (row.get("only") or "").split(), (row.get("without") or "").split()
        part = {
            country: share
            for country, share in (countries_of_language(row["language"]) or {}).items()
            if country not in without and (country in only or not only)
        }
        for country, share in part.items():
            shares[country] = shares.get(country, 0.0) + float(row["weight"]) * share / sum(part.values())
    return tuple(sorted(((country, share) for country, share in shares.items() if share >= VOTE), key=lambda vote: (-vote[1], vote[0])))


def _by_script(texts: pa.Array) -> _Spoken:
    written = written_in(texts)
    return _Spoken(script_languages(), np.where(written.share >= IN_SCRIPT, written.language, -1).astype(np.int16), written.share)


def _also_heard(texts: pa.Array, spoken: _Spoken) -> _Spoken:
    others = np.flatnonzero(spoken.language < 0)
    heard = heard_in(texts.take(pa.array(others)))
    language, share = spoken.language.copy(), spoken.share.copy()
    language[others] = np.where(heard.language >= 0, heard.language + len(spoken.languages), -1)
    share[others] = heard.share
    return _Spoken((*spoken.languages, *heard.languages), language, share)


def _hits(name: str, row: np.ndarray, languages: tuple[str, ...], language: np.ndarray, share: np.ndarray) -> Hits:
    ballots = [votes(code) or ((None, 0.0),) for code in languages]
    sizes = np.array([len(ballot) for ballot in ballots])
    # The votes of a language stand together: those of a text are a run from where its language's begin.
    counts = sizes[language]
    begin = (np.cumsum(sizes) - sizes)[language]
    entry = np.repeat(begin, counts) + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    places = country_places()
    country = np.array([NOWHERE if code is None else places[code] for ballot in ballots for code, _ in ballot], np.int16)[entry]
    voted = np.array([vote for ballot in ballots for _, vote in ballot], np.float32)[entry]
    nowhere = np.full(len(entry), NOWHERE, np.int32)
    value = pa.array(languages).take(pa.array(np.repeat(language, counts)))
    sure = voted * np.repeat(share, counts)
    return Hits(KIND, (name,), np.repeat(row, counts), value, country, sure, nowhere, nowhere, np.zeros(len(entry), np.int16))
