"""What may be used and what must be hidden: the caller's rules in, checked once, frozen policies out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from os import PathLike, fspath
from typing import Final, Literal

from hf_regional.errors import ConfigError
from hf_regional.filtering.consent.columns import Roles
from hf_regional.filtering.consent.licence_reading import known_identifiers, read_licence
from hf_regional.filtering.consent.tables import key, table
from hf_regional.licences import UNKNOWN, Licence, licence
from hf_regional.nearest import did_you_mean

Use = Literal["research", "commercial"]
Unknown = Literal["keep", "drop"]
Contact = Literal["e-mail", "phone", "handle"]

CONTACTS: Final = ("e-mail", "phone", "handle")
# img2dataset refuses the first, second, fourth and fifth too (README, "opt-out directives"); noml asks the same of machine learning
DIRECTIVES: Final = ("noai", "noimageai", "noml", "noindex", "noimageindex", "none")
_GROUPS: Final = {
    "non-commercial": lambda one: not one.commercial,
    "no-derivatives": lambda one: not one.adaptations,
    "share-alike": lambda one: one.share_alike,
    "own-terms": lambda one: one.own_terms,
}


@dataclass(frozen=True, slots=True)
class LicencePolicy:
    """Which licences a row may have.

    Args:
        allow: only these; null for all. An identifier in any spelling ("CC BY 4.0"), a pattern ("cc-by-*"), or a group:
            "non-commercial", "no-derivatives", "share-alike", "own-terms".
        deny: none of these, allowed or not.
        use: what the rows are for, by the table of `hf_regional.licences`. "research" refuses what grants nothing ("All rights
            reserved"), "commercial" refuses non-commercial licences too; null asks nothing of the terms.
        unknown: what becomes of rows whose licence nobody can tell. Null: dropped where `allow` is given or `use` is commercial,
            for then somebody has said what is wanted; else kept and counted.
        names: texts of this corpus and what they mean, such as the numbers of a table of licences ({"4": "cc-by-2.0"}).

    Raises:
        ConfigError: an identifier, a use or an answer that does not exist.
    """

    allow: Sequence[str] | None = None
    deny: Sequence[str] = ()
    use: Use | None = "research"
    unknown: Unknown | None = None
    names: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        _one_of("use", self.use, ("research", "commercial", None))
        _one_of("unknown", self.unknown, ("keep", "drop", None))
        named = {key(text): _own(identifier) for text, identifier in self.names.items()}
        object.__setattr__(self, "names", named)
        for name in ("allow", "deny"):
            asked = getattr(self, name)
            if asked is not None:
                object.__setattr__(self, name, tuple(_pattern(name, one, set(named.values())) for one in _listed(name, asked)))

    def read(self, text: str) -> str:
        """Read a licence text: this corpus's own names first."""
        return (self.names.get(key(text)) if self.names else None) or read_licence(text)

    @property
    def drops_unknown(self) -> bool:
        """Whether rows of unknown licence go."""
        return self.unknown == "drop" or (self.unknown is None and (self.allow is not None or self.use == "commercial"))

    def lists(self, patterns: Sequence[str], identifier: str) -> bool:
        """Whether an identifier is one of `patterns`, fits one, or belongs to a group among them."""
        found = licence(identifier)
        return any(fnmatchcase(identifier, one) or (found is not None and one in _GROUPS and _holds(one, found)) for one in patterns)


@dataclass(frozen=True, slots=True)
class OptOutPolicy:
    """Which words against the use of a work are heeded.

    Args:
        signals: kinds of columns that are read, by the names in `opt_out_signals.csv`; null for all.
        directives: what in a robots tag means no. noindex is among them: who does not want to be found in a search did not
            agree to be trained on. Leave it out with ("noai", "noimageai", "noml").
        lists: files with URLs, domains or digests of files (MD5, SHA-1, SHA-256), one a line, or CSV or Parquet with such columns.

    Raises:
        ConfigError: a signal that does not exist.
    """

    signals: Sequence[str] | None = None
    directives: Sequence[str] = DIRECTIVES
    lists: Sequence[str | PathLike[str]] = ()

    def __post_init__(self) -> None:
        known = signal_names()
        for one in self.signals or ():
            if one not in known:
                raise ConfigError(f"opt-out has no signal {one!r}.{did_you_mean(one, known)} Known: {', '.join(known)}.", "signals")
        files = (self.lists,) if isinstance(self.lists, str | PathLike) else self.lists
        object.__setattr__(self, "lists", tuple(fspath(one) for one in files))
        object.__setattr__(self, "directives", tuple(one.strip().casefold() for one in _listed("directives", self.directives)))

    @property
    def heeded(self) -> tuple[str, ...]:
        """The signals that are read."""
        return signal_names() if self.signals is None else tuple(self.signals)


@dataclass(frozen=True, slots=True)
class PersonalPolicy:
    """What is hidden of persons.

    Args:
        mask: what is masked in texts: "e-mail", "phone", "handle" (@name, of no use to most and off).
        texts: the columns that are searched, `struct.field` for one inside; null for all text but keys, addresses, digests,
            file names and licences.
        drop: further columns to drop, patterns as in `personal_fields.csv`.
        keep: columns that are neither dropped nor masked, though their names say otherwise; names or patterns.
        drop_fields: whether columns about annotators, submitters and accounts are dropped.
        positions: whether a picture that tells where it was taken is given on without its EXIF, XMP and IPTC; its pixels stay, byte by
            byte, and so does its colour profile and the way up.

    Raises:
        ConfigError: a kind of contact that does not exist.
    """

    mask: Sequence[Contact] = ("e-mail", "phone")
    texts: Sequence[str] | None = None
    drop: Sequence[str] = ()
    keep: Sequence[str] = ()
    drop_fields: bool = True
    positions: bool = True

    def __post_init__(self) -> None:
        for one in _listed("mask", self.mask):
            _one_of("mask", one, CONTACTS)
        for name in ("mask", "drop", "keep"):
            object.__setattr__(self, name, tuple(_listed(name, getattr(self, name))))
        if self.texts is not None:
            object.__setattr__(self, "texts", tuple(_listed("texts", self.texts)))


@dataclass(frozen=True, slots=True)
class ConsentPolicy:
    """All of it; null switches a part off. `columns` says where things stand: role -> column, columns, or null for none.

    The roles are licence, licence_version, licence_url, title, author, attribution, source, url, hash.
    """

    licences: LicencePolicy | None = field(default_factory=LicencePolicy)
    opt_out: OptOutPolicy | None = field(default_factory=OptOutPolicy)
    personal: PersonalPolicy | None = field(default_factory=PersonalPolicy)
    columns: Roles = field(default_factory=dict[str, str | Sequence[str] | None])


def signal_names() -> tuple[str, ...]:
    """The kinds of signals that the table knows."""
    return tuple(row["signal"] for row in table("opt_out_signals.csv"))


def _own(identifier: str) -> str:
    """An identifier that the caller gives a text: as the table spells it, or one of the caller's own."""
    read = read_licence(identifier)
    return identifier if read == UNKNOWN else read


def _pattern(name: str, asked: str, own: set[str]) -> str:
    """An identifier in the table's spelling, or a pattern or group as it is."""
    known = {*known_identifiers(), *own, UNKNOWN}
    if asked in _GROUPS or asked in known:
        return asked
    if any(sign in asked for sign in "*?["):
        folded = asked.casefold()
        if not any(fnmatchcase(one, folded) for one in known):
            raise ConfigError(f"{name}={asked!r} fits no licence that is known; the identifiers are those of the Hub and SPDX.", name)
        return folded
    read = read_licence(asked)
    if read not in known or read == UNKNOWN:
        hint = did_you_mean(key(asked).replace(" ", "-"), known)
        raise ConfigError(f"{name}={asked!r} is no licence that is known.{hint} Give one that is yours in names={{text: {asked!r}}}.", name)
    return read


def _holds(group: str, found: Licence) -> bool:
    return _GROUPS[group](found)


def _listed(name: str, asked: object) -> Sequence[str]:
    if isinstance(asked, str):
        return (asked,)
    if isinstance(asked, Sequence | set | frozenset) and all(isinstance(one, str) for one in asked):
        return tuple(sorted(asked)) if isinstance(asked, set | frozenset) else tuple(asked)
    raise ConfigError(f"{name}={asked!r} must be a text or a list of texts.", name)


def _one_of(name: str, asked: object, known: Sequence[object]) -> None:
    if asked not in known:
        hint = did_you_mean(str(asked), [str(one) for one in known])
        raise ConfigError(f"{name}={asked!r} does not exist.{hint} Known: {', '.join(map(repr, known))}.", name)
