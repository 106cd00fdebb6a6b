"""The plan of consent: a schema and a policy in; which columns are read, searched and dropped, checked once, out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

import pyarrow as pa

from hf_regional.errors import ConfigError, MissingColumnError
from hf_regional.filtering.consent.columns import fits, name_key, roles
from hf_regional.filtering.consent.nested import SEP, Leaf, is_list, is_text, leaves
from hf_regional.filtering.consent.opt_out import signal_columns
from hf_regional.filtering.consent.opt_out_lists import read_opt_out_list
from hf_regional.filtering.consent.policy import ConsentPolicy, PersonalPolicy
from hf_regional.filtering.consent.tables import table
from hf_regional.nearest import did_you_mean

_LICENCE_ROLES: Final = ("licence", "licence_version", "licence_url")


@dataclass(frozen=True, slots=True)
class ConsentPlan:
    """What `protect` does with the columns of one schema.

    roles: role -> columns. signals: column -> opt-out signal. drops: path -> why. texts: paths that are searched for contacts.
    unsearched: path of a text that is not -> why.
    """

    policy: ConsentPolicy
    roles: Mapping[str, tuple[str, ...]]
    signals: Mapping[str, str]
    drops: Mapping[str, str]
    texts: frozenset[str]
    unsearched: Mapping[str, str]

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that the ruling on a row needs."""
        listed = bool(self.policy.opt_out and self.policy.opt_out.lists)
        wanted = (*(_LICENCE_ROLES if self.policy.licences else ()), *(("url", "hash") if listed else ()))
        return tuple(dict.fromkeys((*(name for role in wanted for name in self.roles[role]), *self.signals)))


def plan_consent(schema: pa.Schema, policy: ConsentPolicy) -> ConsentPlan:
    """Find what a policy is about in a schema.

    Raises:
        ConfigError: a role, or a column of a type, that cannot be read.
        MissingColumnError: a column that was named and is not there; or a policy that nothing in the schema can answer, since
            rows would then all go, or an opt-out list would be heeded in name only.
    """
    present = tuple(schema.names)
    found = roles(present, policy.columns)
    odd = dict[str, str]()
    for role, names in found.items():
        found[role] = tuple(name for name in names if _is_readable(role, name, schema, policy, odd))
    signals = signal_columns(present, policy.opt_out) if policy.opt_out else {}
    for name in [name for name in signals if _is_group(schema.field(name).type)]:
        del signals[name]
        odd[name] = f"an opt-out signal of type {schema.field(name).type}, which is not read"
    _require_answers(found, present, policy)
    drops, texts, unsearched = _personal(schema, policy.personal, found) if policy.personal else ({}, frozenset[str](), {})
    return ConsentPlan(policy, found, signals, drops, texts, {**unsearched, **odd})


def _is_readable(role: str, name: str, schema: pa.Schema, policy: ConsentPolicy, odd: dict[str, str]) -> bool:
    kind = schema.field(name).type
    if not _is_group(kind):
        return True
    if role in policy.columns:
        raise ConfigError(
            f"columns[{role!r}]: column {name!r} holds {kind}, which cannot be read as one value: map a column of text.", role
        )
    odd[name] = f"a {role} of type {kind}, which is not read"
    return False


def _is_group(kind: pa.DataType) -> bool:
    return pa.types.is_nested(kind) and not is_text(kind)


def _require_answers(found: Mapping[str, tuple[str, ...]], present: Sequence[str], policy: ConsentPolicy) -> None:
    if policy.licences and policy.licences.drops_unknown and not any(found[role] for role in _LICENCE_ROLES):
        raise MissingColumnError(
            f"no column tells the licence of a row, and the policy drops unknown ones: all rows would go. Present: {', '.join(present)}. "
            'Name the column, columns={"licence": "..."}, or keep unknown licences, LicencePolicy(unknown="keep").'
        )
    for path in policy.opt_out.lists if policy.opt_out else ():
        listed = read_opt_out_list(str(path))
        for role, entries in (("url", len(listed.urls) + len(listed.domains)), ("hash", len(listed.digests))):
            if entries and not found[role]:
                raise MissingColumnError(
                    f"{path} lists {entries:,} {'addresses' if role == 'url' else 'digests'}, and no column holds any to compare with. "
                    f"Present: {', '.join(present)}. Name one, columns={{{role!r}: '...'}}, or take these entries off the list."
                )


def _personal(
    schema: pa.Schema, policy: PersonalPolicy, found: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, str], frozenset[str], dict[str, str]]:
    everything = [leaf for field in schema for leaf in leaves(field)]
    _require_names("keep", policy.keep, everything)
    _require_names("drop", policy.drop, everything)
    drops = {leaf.path: why for leaf in everything if (why := _why_dropped(leaf, policy))}
    drops = {path: why for path, why in drops.items() if not any(path.startswith(other + SEP) for other in drops)}
    left = [leaf for leaf in everything if not any(leaf.path == other or leaf.path.startswith(other + SEP) for other in drops)]
    if policy.texts is not None:
        return drops, _asked_texts(policy.texts, left), {}
    coded = {name for role in ("url", "hash", *_LICENCE_ROLES) for name in found[role]}
    reasons = {leaf.path: _why_unsearched(leaf, policy, coded) for leaf in left if is_text(leaf.kind)}
    closed = {leaf.path: f"a {leaf.kind}, which is not searched" for leaf in left if _is_closed(leaf.kind)}
    return drops, frozenset(path for path, why in reasons.items() if not why), {path: why for path, why in reasons.items() if why} | closed


def _is_closed(kind: pa.DataType) -> bool:
    """Maps, unions, views of lists: nested types that are passed on as they are."""
    while is_list(kind):
        kind = kind.value_type
    return pa.types.is_nested(kind) and not pa.types.is_struct(kind)


def _why_dropped(leaf: Leaf, policy: PersonalPolicy) -> str:
    if _is_kept(leaf.path, policy):
        return ""
    if _is_named(leaf.path, policy.drop):
        return "as asked"
    rows = table("personal_fields.csv") if policy.drop_fields else ()
    name = leaf.path.rpartition(SEP)[2]
    matched = fits(name, [row["pattern"] for row in rows])
    row = next((row for row in rows if row["pattern"] == matched), None)
    return row["why"] if row is not None and row["action"] == "drop" else ""


def _why_unsearched(leaf: Leaf, policy: PersonalPolicy, coded: Iterable[str]) -> str:
    if _is_kept(leaf.path, policy):
        return "kept as asked"
    rows = table("unsearched_fields.csv")
    matched = fits(leaf.path.rpartition(SEP)[2], [row["pattern"] for row in rows])
    why = next((row["why"] for row in rows if row["pattern"] == matched), "")
    return why or ("read as an address, a digest or a licence" if leaf.path in coded else "")


def _asked_texts(asked: Sequence[str], left: Sequence[Leaf]) -> frozenset[str]:
    kinds = {leaf.path: leaf.kind for leaf in left}
    for path in asked:
        if path not in kinds:
            raise MissingColumnError(f"texts: there is no column {path!r}.{did_you_mean(path, kinds)}", frozenset({path}))
        if not is_text(kinds[path]):
            raise ConfigError(f"texts: column {path!r} holds {kinds[path]}, not text. Name a field inside as 'column.field'.", "texts")
    return frozenset(asked)


def _is_kept(path: str, policy: PersonalPolicy) -> bool:
    parts = path.split(SEP)
    return any(_is_named(SEP.join(parts[:size]), policy.keep) for size in range(1, len(parts) + 1))


def _is_named(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path, or its last name, is one of these or fits a pattern among them, in any spelling."""
    name = path.rpartition(SEP)[2]
    return any(one in (path, name) or fnmatchcase(name_key(name), one) or fnmatchcase(path, one) for one in patterns)


def _require_names(key: str, patterns: Sequence[str], everything: Sequence[Leaf]) -> None:
    paths = [leaf.path for leaf in everything]
    for one in patterns:
        if not any(_is_named(path, [one]) for path in paths) and not any(sign in one for sign in "*?["):
            raise MissingColumnError(f"{key}: there is no column {one!r}.{did_you_mean(one, paths)}", frozenset({one}))
