"""Domains: the tables of country-code domains beside this module in, arrays to look names up in out.

country_domains.csv   domain, country, P(country | a name below it), the same for second levels that its registry keeps, why
domain_names.csv      names that say nothing: short links, and words of which the domain is the ending
domain_words.csv      labels that make English of a domain sold by the word ("shop.my"), or that stand under every domain (google)

All are kept by hand. The weights are estimates with a reason in every row: no registry publishes where its registrants live.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa

from hf_regional.filtering.evidence.tables import table
from hf_regional.filtering.hits import country_places

OFFICIAL: Final = frozenset({"ac", "edu", "gob", "gouv", "gov", "govt", "gub", "gv", "k12", "mil", "sch", "school"})
# Second levels that registries keep in most countries; the column `second` of the table adds a country's own.
USUAL: Final = frozenset({"co", "com", "net", "org"})
WORDS: Final = frozenset({"go", "info", "ltd", "mi", "name", "ne", "nom", "or"})


@dataclass(frozen=True, slots=True)
class Domains:
    """k domains that have a country. All texts are large_binary, in lower case, as an address writes them: own script, or "xn--"."""

    name: pa.Array  # (k,) "th", "ไทย", "xn--o3cw4h"
    country: np.ndarray  # (k,) int16, places in `country_codes()`
    plain: np.ndarray  # (k,) float32, P(country | a name right below it)
    national: np.ndarray  # (k,) float32, P(country | a name below a second level that its registry keeps)
    is_word: np.ndarray  # (k,) bool, sold for the word that it makes
    is_file: np.ndarray  # (k,) bool, also an ending of file names
    seconds: pa.Array  # "co.th": second levels that are kept
    silent: pa.Array  # "bit.ly": names that say nothing
    words: pa.Array  # "shop": labels that weaken a domain sold by the word
    anywhere: str  # a pattern of what ends in "google." and its like: labels that weaken every domain


@cache
def domains() -> Domains:
    """Read the tables, once."""
    rows = [row | {"domain": form} for row in table("country_domains.csv") if row["country"] for form in _forms(row["domain"])]
    places, labels = country_places(), table("domain_words.csv")
    return Domains(
        _texts(row["domain"] for row in rows),
        np.array([places[row["country"]] for row in rows], np.int16),
        np.array([row["plain"] for row in rows], np.float32),
        np.array([row["national"] for row in rows], np.float32),
        np.array([row["also"] == "word" for row in rows]),
        np.array([row["also"] == "file" for row in rows]),
        _texts(f"{label}.{row['domain']}" for row in rows for label in _seconds(row)),
        _texts(row["name"] for row in table("domain_names.csv")),
        _texts(row["label"] for row in labels if row["under"] == "word"),
        rf"(?:^|[.@])(?:{'|'.join(row['label'] for row in labels if row['under'] == 'any')})\.$",
    )


def _seconds(row: dict[str, str]) -> frozenset[str]:
    own = frozenset(row["second"].split()) | OFFICIAL
    # Where names are sold abroad, "co" and "com" are names like any other, and where they are sold by the word, so is "go".
    if float(row["plain"]) < 0.5:
        return own
    return own | USUAL if row["also"] == "word" else own | USUAL | WORDS


def _forms(domain: str) -> tuple[str, ...]:
    return (domain,) if domain.isascii() else (domain, f"xn--{domain.encode('punycode').decode()}")


def _texts(texts: Iterable[str]) -> pa.Array:
    return pa.array([*dict.fromkeys(texts)], pa.large_string()).cast(pa.large_binary())
