"""The plan of a filter: the caller's settings in, checked against the columns that are there, one frozen `Plan` out."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from hf_regional.errors import ConfigError, MissingColumnError, NotBuiltYetError
from hf_regional.filtering.combining import RULES, WEIGHTS
from hf_regional.filtering.evidence import KINDS, located
from hf_regional.filtering.evidence.language import REJECTS, SELECTS
from hf_regional.filtering.evidence.located import Locate
from hf_regional.filtering.evidence.references import References
from hf_regional.filtering.evidence.words import Own, own_terms
from hf_regional.filtering.report.columns import Sampling, group_columns, make_sampling
from hf_regional.nearest import did_you_mean
from hf_regional.regions import Region

Columns = Mapping[str, str | Sequence[str] | None]
Exclude = Mapping[str, object]
Weights = Mapping[str, float]
Terms = Mapping[str, str] | str | Path

IN_COLUMNS: Final = tuple(kind for kind in KINDS if kind != located.KIND)
_SCORERS: Final = ("unifiedreward", "clip", "siglip", "resolution", "length")
_COLUMN_FORM: Final = '"column:NAME", a column that holds a score'


class Quality(NamedTuple):
    """Rows that the region selects are kept where `column` >= `minimum`; the bound itself passes."""

    column: str
    minimum: float


class Exclusion(NamedTuple):
    """Rows with one of `values` in `column` take no part; `kind` is set where values are compared as codes."""

    key: str
    column: str
    kind: str | None
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to read and how to rule. `labels` names the classes of columns that hold `ClassLabel` integers; `locate` sees all columns.

    groups: the columns that rows are counted by, by name of the group. sampling: the rows to look at, null for none.
    """

    region: Region | None
    columns: Mapping[str, tuple[str, ...]]
    quality: Quality | None = None
    exclude: tuple[Exclusion, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    combine: str = "strongest"
    weights: Weights = field(default_factory=dict[str, float])
    locate: Locate | None = None
    present: tuple[str, ...] = ()
    terms: Own = None
    references: References | None = None
    groups: Mapping[str, str] = field(default_factory=dict[str, str])
    sampling: Sampling | None = None

    @property
    def evidence_columns(self) -> tuple[str, ...]:
        """The columns that evidence is read from, strongest kind first; none without a region."""
        return tuple(dict.fromkeys(column for names in self.columns.values() for column in names)) if self.region else ()

    @property
    def reads(self) -> tuple[str, ...]:
        """Every column that the kernel looks into."""
        return tuple(dict.fromkeys((*self.weighs, *self.groups.values())))

    @property
    def weighs(self) -> tuple[str, ...]:
        """The columns that a verdict may depend on; the others are read to count by alone."""
        if self.locate:
            return self.present
        extra = (*(rule.column for rule in self.exclude), *((self.quality.column,) if self.quality else ()))
        return tuple(dict.fromkeys((*self.evidence_columns, *extra)))

    def settings(self) -> dict[str, object]:
        """Give the settings as JSON-able values, for the report."""
        return {
            "columns": {kind: list(names) for kind, names in self.columns.items()},
            "quality": f"column:{self.quality.column}" if self.quality else None,
            "min_quality": self.quality.minimum if self.quality else None,
            "exclude": {rule.key: list(rule.values) for rule in self.exclude},
            "language_share": {"selects": SELECTS, "rejects": REJECTS},
            "combine": self.combine,
            **({"references": self.references.as_dict()} if self.references else {}),
            **({"terms": [str(part) for part in self.terms]} if self.terms else {}),
            "countries": sorted(self.region.countries) if self.region else None,
            "groups": dict(self.groups),
            "samples": self.sampling.as_dict() if self.sampling else None,
            **({"locate": getattr(self.locate, "__qualname__", type(self.locate).__name__)} if self.locate else {}),
            **({"weights": dict(self.weights)} if self.combine == "weighted" else {}),
        }


def make_plan(
    present: Sequence[str],
    region: Region | None,
    *,
    columns: Columns | None = None,
    quality: str | None = None,
    min_quality: float | None = None,
    exclude: Exclude | None = None,
    combine: str = "strongest",
    weights: Weights | None = None,
    locate: Locate | None = None,
    terms: Terms | None = None,
    references: References | None = None,
    labels: Mapping[str, tuple[str, ...]] | None = None,
    samples: int = 0,
    pictures: bool = False,
    seed: int = 0,
    images: Sequence[str] = (),
) -> Plan:
    """Check the settings of `filter_regional` against the columns present; `images` are those that are known to hold pictures.

    Raises:
        ConfigError: a kind that is not known, a quality without its threshold or the other way round, or nothing to do at all.
        NotBuiltYetError: evidence or a scorer that a later version brings.
        MissingColumnError: a column that was named, or every column that evidence could come from, is not there.
    """
    _require_mapping(columns, "columns", '{"language": "lang"}')
    _require_mapping(exclude, "exclude", '{"language": ["az"]}')
    mapped = _mapped(columns or {}, present, references is not None)
    if region is not None and locate is None and not any(mapped.values()):
        raise MissingColumnError(_nothing_to_read(present), frozenset(name for kind in KINDS.values() for name in kind.default_columns))
    threshold = _quality(quality, min_quality, present)
    if region is None and threshold is None and not exclude:
        raise ConfigError("without a region there is nothing to filter by: give region=, quality= or exclude=.", "region")
    exclusions = tuple(rule for key, values in (exclude or {}).items() for rule in _exclusions(key, values, mapped, present))
    return Plan(
        region,
        mapped,
        threshold,
        exclusions,
        dict(labels or {}),
        _rule(combine),
        _weights(weights, combine),
        locate,
        tuple(present),
        own_terms(terms),
        references,
        groups=_groups(present, mapped, region),
        sampling=make_sampling(present, mapped, samples=samples, seed=seed, pictures=pictures, images=images),
    )


def only(*kinds: str) -> dict[str, None]:
    """Switch off every kind of evidence but these: `columns={**only("country"), "country": "nation"}`.

    >>> sorted(only("country", "language"))
    ['coordinates', 'detected', 'image', 'place', 'text', 'url']
    """
    return dict.fromkeys(kind for kind in IN_COLUMNS if kind not in kinds)


def excluded_reason(key: str, value: object) -> str:
    """Word the reason of a row that an exclusion takes out.

    >>> excluded_reason("language", "az")
    'excluded:language=az'
    """
    return f"excluded:{key}={'null' if value is None else value}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Name the nearest known name and all of them, in a sentence.

    >>> nearest("keeep", ["annotate", "keep"])
    "Did you mean 'keep'? Known: annotate, keep."
    """
    names = sorted(known)
    return f"{did_you_mean(name, names)} Known: {', '.join(names)}.".lstrip()


def _groups(present: Sequence[str], mapped: Mapping[str, tuple[str, ...]], region: Region | None) -> dict[str, str]:
    # With a region, the countries are those that were found, whatever a column says.
    return {group: name for group, name in group_columns(present, mapped).items() if group != "country" or region is None}


def _rule(combine: str) -> str:
    if combine not in RULES:
        raise ConfigError(f"combine={combine!r} is no rule. {nearest(str(combine), RULES)}", "combine")
    return combine


def _weights(weights: Weights | None, combine: str) -> dict[str, float]:
    if weights is not None and combine != "weighted":
        raise ConfigError(f'weights= mean something with combine="weighted" alone, not with {combine!r}.', "weights")
    for kind, weight in (weights or {}).items():
        if kind not in WEIGHTS:
            raise ConfigError(f"weights has no kind of evidence {kind!r}. {nearest(kind, WEIGHTS)}", "weights")
        if not 0 <= weight < math.inf:
            raise ConfigError(f"weights[{kind!r}] is {weight!r}; give a number from 0 up.", "weights")
    return {**WEIGHTS, **(weights or {})}


def _require_mapping(value: object, key: str, example: str) -> None:
    if value is not None and not isinstance(value, Mapping):
        raise ConfigError(f"{key}={value!r} is a {type(value).__name__}; give a mapping such as {example}.", key)


def _mapped(columns: Columns, present: Sequence[str], compares: bool) -> dict[str, tuple[str, ...]]:
    if columns.get("image") and not compares:
        raise ConfigError("columns['image'] is compared with reference pictures: give references=References.of(...).", "references")
    for kind in columns:
        if kind not in IN_COLUMNS:
            raise ConfigError(f"columns has no kind of evidence {kind!r}. {nearest(kind, IN_COLUMNS)}", "columns")
    found = {kind: _names(kind, columns[kind], present) if kind in columns else _defaults(kind, present) for kind in IN_COLUMNS}
    return found if compares else found | {"image": ()}


def _defaults(kind: str, present: Collection[str]) -> tuple[str, ...]:
    found = tuple(name for name in KINDS[kind].default_columns if name in present)
    pairs = (pair for pair in KINDS[kind].default_pairs if {*pair} <= {*present})
    return found or next(pairs, ())


def _names(kind: str, asked: str | Sequence[str] | None, present: Sequence[str]) -> tuple[str, ...]:
    names = (asked,) if isinstance(asked, str) else tuple(asked or ())
    for name in names:
        _require(name, present, f"columns[{kind!r}]")
    return names


def _require(name: str, present: Sequence[str], where: str) -> None:
    if name not in present:
        raise MissingColumnError(f"{where}: there is no column {name!r}. {nearest(name, present)}", frozenset({name}))


def _nothing_to_read(present: Sequence[str]) -> str:
    wanted = " or ".join(repr(name) for kind in KINDS.values() for name in kind.default_columns)
    return (
        f"no column tells where a row is from: looked for {wanted}, found {', '.join(map(repr, present)) or 'none'}. "
        'Say where it stands, for example columns={"language": "lang"} or columns={"country": "nation"}.'
    )


def _quality(quality: object, min_quality: object, present: Sequence[str]) -> Quality | None:
    if quality is None and min_quality is None:
        return None
    if quality is None:
        raise ConfigError(f"min_quality={min_quality} has nothing to measure: add quality=. Known: {_COLUMN_FORM}.", "min_quality")
    form, _, name = quality.partition(":") if isinstance(quality, str) else (type(quality).__name__, "", "")
    if form.casefold() in _SCORERS:
        raise NotBuiltYetError(f"quality={quality!r}: the scorer {form!r} is not built yet. Score the rows first and use {_COLUMN_FORM}.")
    if form != "column" or not name:
        raise ConfigError(f"quality={quality!r} is no form of quality. Known: {_COLUMN_FORM}.", "quality")
    if min_quality is None:
        raise ConfigError(
            f"quality={quality!r} keeps every row without a threshold: add min_quality=, on the scale of that column.", "quality"
        )
    if not isinstance(min_quality, int | float) or not math.isfinite(min_quality):
        raise ConfigError(f"min_quality={min_quality!r} is no threshold: give a finite number on the scale of {name!r}.", "min_quality")
    _require(name, present, "quality")
    return Quality(name, float(min_quality))


def _exclusions(key: str, values: object, mapped: Mapping[str, tuple[str, ...]], present: Sequence[str]) -> list[Exclusion]:
    """Resolve a key: it is a column; or a kind of evidence, and then stands for the columns mapped to it."""
    columns = (key,) if key in present else mapped.get(key, ())
    if not columns:
        _require(key, present, "exclude")
    listed = tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else (values,)
    kinds = {column: kind for kind, names in mapped.items() for column in names}
    return [Exclusion(key, column, kinds.get(column), listed) for column in columns]
