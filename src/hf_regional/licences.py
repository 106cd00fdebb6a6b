"""Licences: the Hub's identifiers, what each permits and asks, and what a model made from several may be published under.

    combine(["apache-2.0", "cc-by-nc-4.0"]).license   # "cc-by-nc-4.0"

The table is `licences.csv`. It reads with caution: a model is treated as an adaptation of the data it was trained on, which
no court has settled. It is an aid to a person who checks, not legal advice.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

UNKNOWN: Final = "unknown"
OTHER: Final = "other"  # the Hub's identifier for a licence that it does not list
_NAMES_NOTHING: Final = frozenset({UNKNOWN, OTHER, "cc", ""})


@dataclass(frozen=True, slots=True)
class Licence:
    """One row of the table. `strictness` only orders licences of the same kind, 0 for those that ask nothing."""

    id: str
    name: str
    on_hub: bool
    commercial: bool
    adaptations: bool
    share_alike: bool
    own_terms: bool  # a licence with use restrictions or terms of its own that must go along
    strictness: int
    becomes: tuple[str, ...]  # share-alike licences that it lets an adaptation move to
    url: str
    note: str


@dataclass(frozen=True, slots=True)
class Combined:
    """What a work made from several sources may be published under, and why in sentences."""

    license: str  # an identifier; "unknown"; "conflicting-terms"; or, where no single licence will do, several joined by "-and-"
    reason: str
    sources: tuple[str, ...] = ()  # one line a source licence: what it asks or forbids
    clash: bool = False  # the terms leave no way to publish without somebody's leave
    url: str = ""

    @property
    def hub_id(self) -> str:
        """The identifier to write on the Hub: its own where it has one, else `other`."""
        listed = licence(self.license)
        return self.license if self.license == UNKNOWN or (listed and listed.on_hub) else OTHER


@cache
def licences() -> Mapping[str, Licence]:
    """The table: identifier to licence."""
    with resources.files("hf_regional").joinpath("licences.csv").open(encoding="utf-8") as file:
        return {row["id"]: _read(row) for row in csv.DictReader(file)}


def licence(identifier: str) -> Licence | None:
    """The table's row for an identifier in any case, or None where the table has none.

    >>> licence("OFL-1.1").name
    'SIL Open Font License 1.1'
    """
    return licences().get(identifier.strip().lower())


def combine(identifiers: Iterable[str | None]) -> Combined:
    """The licence of a model made from sources under these, by the table; order, case and repetition do not matter.

    Unknown absorbs everything. A source that forbids adaptations, two share-alike licences that cannot become one, and
    share-alike beside a non-commercial or use-restricted source are clashes. Else non-commercial wins over share-alike and
    permissive, share-alike wins over permissive, use restrictions are carried beside either, and among permissive
    licences the strictest stands.

    >>> combine(["mit", "cc-by-sa-3.0", "cc-by-sa-4.0"]).license
    'cc-by-sa-4.0'
    >>> combine(["OFL-1.1 AND CC-BY-4.0"]).license
    'cc-by-4.0'
    >>> combine(["apache-2.0", None]).license
    'unknown'
    """
    named = sorted({name for identifier in identifiers for name in _names(identifier or "")})
    if not named:
        return Combined(UNKNOWN, "No licence is recorded for any source.")
    unlisted = [identifier for identifier in named if licence(identifier) is None]
    if unlisted:
        return _unknown(unlisted)
    return _combined([licences()[identifier] for identifier in named])


def _names(expression: str) -> list[str]:
    # "A AND B", as SPDX writes it, binds by both. "A OR B" is a choice nobody has recorded: it stays one unknown name.
    return [part.strip() for part in re.split(r"\s+and\s+", expression.strip().lower())]


def _combined(sources: list[Licence]) -> Combined:
    lines = tuple(f"{source.id} ({source.name}) {source.note}" for source in sources)
    alike, superseded = _collapse([source for source in sources if source.share_alike])
    unpaid = _strictest([source for source in sources if not source.commercial and not source.share_alike and not source.own_terms])
    terms = [source for source in sources if source.own_terms]
    clash = _clash(sources, alike, unpaid, terms)
    if clash:
        return Combined("conflicting-terms", f"{clash} Ask the right holders before you publish.", lines, clash=True)
    # A share-alike licence that forbids commercial use says all that a plain non-commercial one does.
    carried = [*alike, *([] if alike else unpaid), *terms] or _strictest(sources)
    url = carried[0].url if len(carried) == 1 else ""
    return Combined("-and-".join(one.id for one in carried), _reason(carried, sources, superseded), lines, url=url)


def _clash(sources: list[Licence], alike: list[Licence], unpaid: list[Licence], terms: list[Licence]) -> str:
    closed = [source for source in sources if not source.adaptations]
    if closed:
        return f"{_listed(closed)} {_verb(closed, 'forbids', 'forbid')} sharing adaptations."
    if len(alike) > 1:
        return f"{_listed(alike)} each ask that adaptations stay under that same licence, and there can be only one."
    added = [*(source for source in unpaid if alike and alike[0].commercial), *terms]
    if alike and added:
        adds = _verb(added, "adds", "add")
        return f"{_listed(alike)} asks for the same licence with nothing added, and {_listed(added)} {adds} restrictions."
    return ""


def _reason(carried: list[Licence], sources: list[Licence], superseded: list[Licence]) -> str:
    moved = "".join(f" {old.id} lets adaptations move to {carried[0].id}." for old in superseded)
    if len(sources) == 1:
        return "It is the licence of every source."
    if len(carried) > 1:
        return f"{_listed(carried)} must all be carried, and no single licence says what they say.{moved}"
    return f"Of the sources' licences it is the {_kind(carried[0])}.{moved}"


def _kind(winner: Licence) -> str:
    kinds = (
        (not winner.commercial, "non-commercial one, which wins"),
        (winner.share_alike, "share-alike one, which must be kept"),
        (winner.own_terms, "one with use restrictions, which must be passed on"),
    )
    return next((words for holds, words in kinds if holds), "strictest, and none of them restricts use")


def _collapse(alike: list[Licence]) -> tuple[list[Licence], list[Licence]]:
    """Leave out each share-alike licence that may become another one present; returns (left, left out)."""
    present = {one.id for one in alike}
    superseded = [one for one in alike if present & set(one.becomes)]
    return [one for one in alike if one not in superseded], superseded


def _strictest(some: list[Licence]) -> list[Licence]:
    return [max(some, key=lambda one: (one.strictness, one.id))] if some else []


def _unknown(unlisted: list[str]) -> Combined:
    named = ", ".join(identifier for identifier in unlisted if identifier not in _NAMES_NOTHING)
    found = f"No terms are on record for {named}." if named else "At least one source has no recorded licence."
    return Combined(UNKNOWN, f"{found} An unknown licence makes the whole unknown: find it out before you publish the model.")


def _listed(some: list[Licence]) -> str:
    return " and ".join(one.id for one in some)


def _verb(some: list[Licence], one: str, more: str) -> str:
    return one if len(some) == 1 else more


def _read(row: dict[str, str]) -> Licence:
    yes = {key: row[key] == "yes" for key in ("commercial", "adaptations", "share_alike", "own_terms")}
    return Licence(
        row["id"],
        row["name"],
        on_hub=row["hub"] == "yes",
        **yes,
        strictness=int(row["strictness"]),
        becomes=tuple(row["becomes"].split()),
        url=row["url"],
        note=row["note"],
    )
