"""The plan of a filter: the caller's settings in, checked against the columns that are there, one frozen `Plan` out."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa

from hf_regional.errors import ConfigError, MissingColumnError
from hf_regional.filtering.combining import RULES, WEIGHTS
from hf_regional.filtering.consent import ConsentPlan, ConsentPolicy, plan_consent
from hf_regional.filtering.consent.nested import SEP
from hf_regional.filtering.evidence import KINDS, located, taken
from hf_regional.filtering.evidence.language import REJECTS, SELECTS
from hf_regional.filtering.evidence.located import Locate
from hf_regional.filtering.evidence.matchers import Own, own_terms
from hf_regional.filtering.evidence.references import References
from hf_regional.filtering.pictures import is_pictures
from hf_regional.filtering.quality import Rule, check_rules, make_rules
from hf_regional.filtering.report.columns import PICTURES, Sampling, group_columns, make_sampling
from hf_regional.nearest import did_you_mean
from hf_regional.regions import Region

Columns = Mapping[str, str | Sequence[str] | None]
Exclude = Mapping[str, object]
Weights = Mapping[str, float]
Terms = Mapping[str, str] | str | Path

IN_COLUMNS: Final = tuple(kind for kind in KINDS if kind != located.KIND)


class Exclusion(NamedTuple):
    """Rows with one of `values` in `column` take no part; `kind` is set where values are compared as codes."""

    key: str
    column: str
    kind: str | None
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to read and how to rule. `labels` names the classes of columns that hold `ClassLabel` integers; `locate` sees all columns.

    consent: which licences and opt-outs are heeded, and what is hidden of persons; null for nothing of it.
    groups: the columns that rows are counted by, by name of the group. sampling: the rows to look at, null for none. pictures: the columns
    that are known to hold some. check_pictures: whether rows with one that is broken are set aside.
    """

    region: Region | None
    columns: Mapping[str, tuple[str, ...]]
    rules: tuple[Rule, ...] = ()
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
    consent: ConsentPlan | None = None
    pictures: tuple[str, ...] = ()
    check_pictures: bool = False

    @property
    def evidence_columns(self) -> tuple[str, ...]:
        """The columns that evidence is read from, strongest kind first; none without a region."""
        return tuple(dict.fromkeys(column for names in self.columns.values() for column in names)) if self.region else ()

    @property
    def strips(self) -> bool:
        """Whether positions are taken out of pictures."""
        return bool(self.pictures and self.consent and self.consent.policy.personal and self.consent.policy.personal.positions)

    @property
    def looks(self) -> tuple[str, ...]:
        """The columns of pictures whose first bytes are looked at."""
        exif = self.columns.get(taken.KIND, ()) if self.region else ()
        return tuple(dict.fromkeys((*exif, *(self.pictures if self.check_pictures or self.strips else ()))))

    @property
    def reads(self) -> tuple[str, ...]:
        """Every column that the kernel looks into."""
        return tuple(dict.fromkeys((*self.weighs, *self.groups.values())))

    @property
    def weighs(self) -> tuple[str, ...]:
        """The columns that a verdict may depend on; the others are read to count by alone."""
        if self.locate or any(getattr(rule.scorer, "reads_all", False) for rule in self.rules):
            return self.present
        extra = (
            *self.looks,
            *(self.consent.reads if self.consent else ()),
            *(rule.column for rule in self.exclude),
            *(column for rule in self.rules for column in rule.reads),
        )
        return tuple(dict.fromkeys((*self.evidence_columns, *extra)))

    @property
    def hides(self) -> tuple[str, ...]:
        """The columns in which something of persons may be masked, or that are dropped for it."""
        paths = (*self.consent.texts, *self.consent.drops) if self.consent else ()
        return tuple(sorted({path.split(SEP)[0] for path in paths}))

    @property
    def drops(self) -> frozenset[str]:
        """The columns that are dropped whole."""
        return frozenset(path for path in self.consent.drops if SEP not in path) if self.consent else frozenset()

    def settings(self) -> dict[str, object]:
        """Give the settings as JSON-able values, for the report."""
        return {
            "columns": {kind: list(names) for kind, names in self.columns.items()},
            "quality": [rule.settings() for rule in self.rules],
            "exclude": {rule.key: list(rule.values) for rule in self.exclude},
            "language_share": {"selects": SELECTS, "rejects": REJECTS},
            "combine": self.combine,
            "consent": _consent_settings(self.consent),
            **({"check_pictures": self.check_pictures} if self.pictures else {}),
            **({"references": self.references.as_dict()} if self.references else {}),
            **({"terms": self.terms.as_dict()} if self.terms else {}),
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
    quality: Any = None,
    min_quality: Any = None,
    inclusive: bool = True,
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
    schema: pa.Schema | None = None,
    consent: ConsentPolicy | None = None,
    check_pictures: bool = False,
    pictured: Sequence[str] = (),
) -> Plan:
    """Check the settings of `filter_regional` against the columns present.

    `images` are the columns that are known to hold a picture each, `pictured` those known to hold one or several. With their `schema` the
    types are checked too, and columns with the usual names of pictures and a type that can hold some are taken for such.

    Raises:
        ConfigError: a kind that is not known, a quality without its threshold or the other way round, or nothing to do at all.
        NotBuiltYetError: evidence or a scorer that a later version brings.
        MissingColumnError: a column that was named, or every column that evidence could come from, is not there.
    """
    _require_mapping(columns, "columns", '{"language": "lang"}')
    _require_mapping(exclude, "exclude", '{"language": ["az"]}')
    seen = _picture_columns(pictured or images, schema)
    mapped = _mapped(columns or {}, present, references is not None, seen)
    if region is not None and locate is None and not any(mapped.values()):
        raise MissingColumnError(_nothing_to_read(present), frozenset(name for kind in KINDS.values() for name in kind.default_columns))
    rules = make_rules(quality, min_quality, inclusive=inclusive)
    _check(rules, present, schema)
    if region is None and not rules and not exclude:
        raise ConfigError("without a region there is nothing to filter by: give region=, quality= or exclude=.", "region")
    exclusions = tuple(rule for key, values in (exclude or {}).items() for rule in _exclusions(key, values, mapped, present))
    return Plan(
        region,
        mapped,
        rules,
        exclusions,
        dict(labels or {}),
        _rule(combine),
        _weights(weights, combine),
        locate,
        tuple(present),
        own_terms(terms),
        references,
        groups=_groups(present, mapped, region),
        consent=plan_consent(schema, consent) if consent and schema is not None else None,
        sampling=make_sampling(present, mapped, samples=samples, seed=seed, pictures=pictures, images=images),
        pictures=seen,
        check_pictures=check_pictures,
    )


def only(*kinds: str) -> dict[str, None]:
    """Switch off every kind of evidence but these: `columns={**only("country"), "country": "nation"}`.

    >>> sorted(only("country", "language"))
    ['coordinates', 'detected', 'exif', 'image', 'place', 'text', 'url']
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


def _consent_settings(consent: ConsentPlan | None) -> dict[str, object] | None:
    if consent is None:
        return None
    policy = consent.policy
    licences = {"allow": policy.licences.allow, "deny": policy.licences.deny, "use": policy.licences.use} if policy.licences else None
    personal = policy.personal
    hidden = {"masked": list(personal.mask), "dropped": sorted(consent.drops), "positions": personal.positions} if personal else None
    return {"licences": licences, "opt_out": list(policy.opt_out.heeded) if policy.opt_out else None, "personal": hidden}


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


def _picture_columns(known: Sequence[str], schema: pa.Schema | None) -> tuple[str, ...]:
    usual = [name for name in (*PICTURES, "images") if schema is not None and name in schema.names]
    return tuple(dict.fromkeys((*known, *(name for name in usual if schema and is_pictures(schema.field(name).type)))))


def _mapped(columns: Columns, present: Sequence[str], compares: bool, pictures: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    if columns.get("image") and not compares:
        raise ConfigError("columns['image'] is compared with reference pictures: give references=References.of(...).", "references")
    for kind in columns:
        if kind not in IN_COLUMNS:
            raise ConfigError(f"columns has no kind of evidence {kind!r}. {nearest(kind, IN_COLUMNS)}", "columns")
    found = {kind: _names(kind, columns[kind], present) if kind in columns else _defaults(kind, present) for kind in IN_COLUMNS}
    found |= {} if taken.KIND in columns else {taken.KIND: pictures}
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


def _check(rules: Sequence[Rule], present: Sequence[str], schema: pa.Schema | None) -> None:
    for rule in rules:
        for column in rule.reads:
            _require(column, present, "quality")
    if schema is not None:
        check_rules(rules, schema)


def _exclusions(key: str, values: object, mapped: Mapping[str, tuple[str, ...]], present: Sequence[str]) -> list[Exclusion]:
    """Resolve a key: it is a column; or a kind of evidence, and then stands for the columns mapped to it."""
    columns = (key,) if key in present else mapped.get(key, ())
    if not columns:
        _require(key, present, "exclude")
    listed = tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else (values,)
    kinds = {column: kind for kind, names in mapped.items() for column in names}
    return [Exclusion(key, column, kinds.get(column), listed) for column in columns]
