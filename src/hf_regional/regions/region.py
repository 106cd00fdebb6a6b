"""Region: names, codes and languages in; one immutable set of countries out, with the languages whose home it is."""

import json
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast

from hf_regional.errors import EmptyRegionError, UnknownNameError
from hf_regional.regions.countries import country_code, local_name
from hf_regional.regions.folding import nearest
from hf_regional.regions.groups import find, group_members, spellings
from hf_regional.regions.languages import known_languages, language_code, languages_in, share_in

_LONGEST_NAME: Final = 80


@dataclass(frozen=True, slots=True, init=False, eq=False, repr=False)
class Region(Set[str]):
    """A named, never empty set of countries; two regions are equal when their countries are, whatever their names.

    Args:
        parts: what the region is made of, all together: names ("SEA", "Southeast Asia", "UN:035", "Indonesia", "language:az"),
            ISO 3166-1 alpha-3 codes, or regions. Case does not matter. Two-letter codes are refused: "id" is a language too.
        languages: codes or names of languages; adds the countries where one is official nationwide or where at least 5 % of
            its speakers live (population x percentage, CLDR). The evidence: `regions.countries_of_language`.
        name: how the region is called in reports; by default the parts, joined by " | ".

    Raises:
        EmptyRegionError: nothing was named, or nothing is left after `&` or `-`.
        UnknownNameError: a name that no table knows; the message has the nearest.

    >>> sea = Region("SEA")
    >>> len(sea), "IDN" in sea, sea == Region("UN:035")
    (11, True, True)
    >>> Region("IDN", "MYS") | Region("SGP")
    Region("IDN", "MYS", "SGP")
    >>> Region(languages=["az"])
    Region("language:az")
    """

    countries: frozenset[str]
    name: str

    def __init__(self, *parts: "str | Region", languages: Iterable[str] | None = None, name: str | None = None) -> None:
        spoken = [languages] if isinstance(languages, str) else languages or ()
        named = [_resolve(part) for part in (*parts, *(f"language:{code}" for code in spoken))]
        countries = frozenset[str]().union(*(members for _, members in named))
        if not countries:
            raise EmptyRegionError("a region needs at least one country, and nothing was named. Give a name, a code or a language.")
        object.__setattr__(self, "countries", countries)
        object.__setattr__(self, "name", name or _joined([part for part, _ in named], countries))

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes, sorted, of the languages with at least half of their speakers here: P(region | language) >= 0.5."""
        return languages_in(self.countries)

    def share_of_language(self, code: str) -> float | None:
        """P(region | language) in [0, 1], the share of its speakers who live here; None for a language without figures."""
        return share_in(self.countries, code)

    def label(self, locale: str = "en") -> str:
        """CLDR's name of the country or group that has exactly these countries, in a locale; else the region's own name.

        Raises:
            UnknownNameError: no names in this locale.

        >>> Region("SEA").label(), Region("SEA").label("id"), Region("IDN", "MYS").label("id")
        ('Southeast Asia', 'Asia Tenggara', 'IDN | MYS')
        """
        keys = self.countries if len(self) == 1 else [code for code, members in group_members().items() if members == self.countries]
        names = [local_name(key, locale) for key in keys]
        return names[0] if names else self.name

    def __contains__(self, country: object) -> bool:
        return country in self.countries

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.countries))

    def __len__(self) -> int:
        return len(self.countries)

    def __hash__(self) -> int:
        return hash(self.countries)  # a Set equals a frozenset of the same members, so their hashes agree

    def __or__(self, other: Set[Any]) -> "Region":
        return self._combined("|", other, self.countries.union)

    def __and__(self, other: Set[Any]) -> "Region":
        return self._combined("&", other, self.countries.intersection)

    def __sub__(self, other: Set[Any]) -> "Region":
        return self._combined("-", other, self.countries.difference)

    def __xor__(self, other: Set[Any]) -> "Region":
        return self._combined("^", other, self.countries.symmetric_difference)

    def __repr__(self) -> str:
        parts = self.name.split(" | ")
        if _spell(parts) == self.countries:
            return f"Region({_quoted(parts)})"
        return f"Region({_quoted(self)}, name={_quoted([self.name])})"

    def __reduce__(self) -> tuple[Any, ...]:
        # By sorted codes: a pickled frozenset is in hash order, and caches key on the bytes of a pickle.
        return _rebuilt, (tuple(self), self.name)

    @classmethod  # the reflected operators of Set build their result by it
    def _from_iterable(cls, it: Iterable[str]) -> "Region":  # pyright: ignore[reportIncompatibleMethodOverride]
        return cls(*it)

    def _combined(self, symbol: str, other: object, combine: Any) -> "Region":
        if not isinstance(other, Set):
            return NotImplemented
        theirs = frozenset(cast("Set[str]", other))
        countries = combine(theirs)
        other_name = other.name if isinstance(other, Region) else " | ".join(sorted(theirs))
        if not countries:
            raise EmptyRegionError(f"no country is left of {self.name} {symbol} {other_name}. A region needs at least one.")
        same = [name for name, members in ((self.name, self.countries), (other_name, theirs)) if members == countries]
        return Region(*countries, name=same[0] if same else _expression(self.name, symbol, other_name, countries))


def _resolve(part: "str | Region") -> tuple[str, frozenset[str]]:
    if isinstance(part, Region):
        return part.name, part.countries
    if not isinstance(part, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a region is made of names, alpha-3 codes and regions, got {part!r}. Unpack a list: Region(*codes).")
    return find(part) or _refuse(part)


def _refuse(part: str) -> NoReturn:
    language = part.partition(":")[2].strip() if part.lower().startswith("language:") else ""
    if language and language_code(language):
        raise EmptyRegionError(f"CLDR counts no speakers of {language!r} in any country, so it makes no region. Name the countries.")
    if language:
        raise UnknownNameError(
            f"no language {language!r}.{nearest(language, known_languages())} ISO 639 codes and English names are known."
        )
    hint = nearest(part, spellings()) if len(part.strip()) != 2 else _two_letters(part)
    raise UnknownNameError(f'no region {part!r}.{hint} Known: "SEA" and other names, "UN:035", alpha-3 codes, "language:az".')


def _two_letters(part: str) -> str:
    code = country_code(part)
    return f" Two letters may be a country or a language: for the country, write {code!r}." if code else ""


def _spell(parts: list[str]) -> frozenset[str]:
    """Read parts back into countries; into none where one of them is no part but a piece of an expression."""
    found = [find(part) for part in parts]
    return frozenset[str]() if None in found else frozenset[str]().union(*(named[1] for named in found if named))


def _joined(names: list[str], countries: frozenset[str]) -> str:
    return _short(" | ".join(dict.fromkeys(names)), countries)


def _expression(left: str, symbol: str, right: str, countries: frozenset[str]) -> str:
    if symbol == "|":
        return _joined([*left.split(" | "), *right.split(" | ")], countries)
    return _short(f"{_bracketed(left)} {symbol} {_bracketed(right)}", countries)


def _bracketed(name: str) -> str:
    return f"({name})" if any(f" {symbol} " in name for symbol in "|&-^") else name


def _short(name: str, countries: frozenset[str]) -> str:
    # A name of a hundred codes helps nobody in a report; the codes themselves are in `countries`.
    return name if len(name) <= _LONGEST_NAME else f"{len(countries)} countries"


def _quoted(parts: Iterable[str]) -> str:
    return ", ".join(json.dumps(part, ensure_ascii=False) for part in parts)


def _rebuilt(codes: tuple[str, ...], name: str) -> Region:
    return Region(*codes, name=name)
