"""Protection: rows and a policy in; the same rows without contacts and annotators, what is held against each, and counts out.

No row is taken away here: a refused one keeps its place and has its reason, so that whoever filters can say what went and why.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pyarrow as pa

from hf_regional.filtering.consent.attribution import Credits, attribute, credits_of
from hf_regional.filtering.consent.counts import ConsentCounts
from hf_regional.filtering.consent.judged import Judged, first_of
from hf_regional.filtering.consent.licence_rules import LicencesRead, judge_licence_columns
from hf_regional.filtering.consent.masking import Masked, mask_strings
from hf_regional.filtering.consent.nested import Surgery, rebuild
from hf_regional.filtering.consent.opt_out import SignalsRead, judge_signals
from hf_regional.filtering.consent.opt_out_lists import judge_list, read_opt_out_list
from hf_regional.filtering.consent.plan import ConsentPlan, plan_consent
from hf_regional.filtering.consent.policy import ConsentPolicy, OptOutPolicy

Rows = TypeVar("Rows", pa.Table, pa.RecordBatch)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What consent says of n rows: `judged` with the reasons, and what was read of licences (null without a licence policy)."""

    judged: Judged
    licences: LicencesRead | None
    unread: Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Protected(Generic[Rows]):
    """The rows, all of them, masked and without the dropped columns; what is held against each; what was done, and by which plan."""

    rows: Rows
    ruling: Ruling
    counts: ConsentCounts
    plan: ConsentPlan

    @property
    def dropped(self) -> Mapping[str, str]:
        """Column, or `column.field`, -> why it is gone."""
        return self.plan.drops

    @property
    def allowed(self) -> Rows:
        """The rows against which nothing is held."""
        return self.rows.filter(pa.array(self.ruling.judged.passes))

    def attribution(self) -> pa.Array:
        """One line of credit for each of `rows`, (n,) large_string; null where a row names nothing to credit."""
        return attribute(self.rows, self.plan.roles, self._wordings)

    def credits(self) -> Credits:
        """The works in `allowed`, by author, licence and site."""
        wordings = self._wordings
        return credits_of(self.allowed, self.plan.roles, None if wordings is None else wordings.filter(pa.array(self.ruling.judged.passes)))

    @property
    def _wordings(self) -> pa.DictionaryArray | None:
        return self.ruling.licences.wordings if self.ruling.licences else None


def protect(rows: Rows, policy: ConsentPolicy | ConsentPlan | None = None) -> Protected[Rows]:
    """Judge licences and opt-outs, mask contacts, drop columns about annotators.

    Args:
        rows: a table or a record batch, n rows; columns that are not concerned are passed on without a copy.
        policy: the rules, the defaults where null; or a plan made once for many batches of one schema.

    Returns:
        All n rows in their order and container.

    Raises:
        ConfigError, MissingColumnError: as `plan_consent`.
    """
    plan = policy if isinstance(policy, ConsentPlan) else plan_consent(rows.schema, policy or ConsentPolicy())
    ruling = judge_consent(rows, plan)
    hidden, counts = hide_personal(rows, plan)
    counts.rows, counts.refused, counts.unread = rows.num_rows, ruling.judged.counts, ruling.unread
    _count_licences(ruling.licences, counts)
    return Protected(hidden, ruling, counts, plan)


def judge_consent(rows: pa.Table | pa.RecordBatch, plan: ConsentPlan) -> Ruling:
    """Judge rows without touching them: what a signal or a list holds against a row comes before its licence.

    Args:
        rows: n rows with the columns that `plan.reads` names.
        plan: where things stand, and the rules.
    """
    opted = _opted_out(rows, plan, plan.policy.opt_out) if plan.policy.opt_out else []
    licences = _licences(rows, plan)
    judged = [one.judged if isinstance(one, SignalsRead) else one for one in opted]
    unread = Counter[tuple[str, str]]()
    for one in opted:
        unread.update(one.unread if isinstance(one, SignalsRead) else {})
    return Ruling(first_of([*judged, *([licences.judged] if licences else [])], rows.num_rows), licences, unread)


def _opted_out(rows: pa.Table | pa.RecordBatch, plan: ConsentPlan, policy: OptOutPolicy) -> list[SignalsRead | Judged]:
    signals = {name: (signal, rows[name]) for name, signal in plan.signals.items()}
    # Without lists nobody asks for them, and `plan.reads` does not have them.
    urls, digests = ([rows[name] for name in plan.roles[role]] if policy.lists else [] for role in ("url", "hash"))
    lists = [judge_list(read_opt_out_list(str(path)), urls, digests, rows.num_rows) for path in policy.lists]
    return [judge_signals(signals, rows.num_rows, policy), *lists]


def _licences(rows: pa.Table | pa.RecordBatch, plan: ConsentPlan) -> LicencesRead | None:
    policy = plan.policy.licences
    if policy is None:
        return None
    columns: dict[str, list[Any]] = {
        role: [rows[name] for name in plan.roles[role]] for role in ("licence", "licence_version", "licence_url") if plan.roles[role]
    }
    return judge_licence_columns(columns or {"licence": [pa.nulls(rows.num_rows)]}, policy)


def _count_licences(licences: LicencesRead | None, counts: ConsentCounts) -> None:
    if licences is None:
        return
    for (text, identifier), size in licences.readings.items():
        counts.licences[identifier] += size
        counts.readings[text, identifier] += size


def hide_personal(rows: Rows, plan: ConsentPlan) -> tuple[Rows, ConsentCounts]:
    """Mask contacts and drop columns about persons; the rows with any of the columns will do.

    Returns:
        The rows, in which a column where nothing is found is the object it was; and what was masked and dropped (`rows` is 0, so
        that these counts can be added to those of a ruling on the same rows).
    """
    counts = ConsentCounts(unsearched=dict(plan.unsearched))
    surgery = _surgery(plan, counts)
    kept: list[tuple[pa.Field, Any]] = []
    for field in rows.schema:
        column = _rebuilt(rows[field.name], field, surgery)
        if column is not None:
            kept.append((field.with_type(column.type), column))
    schema = pa.schema([field for field, _ in kept], metadata=rows.schema.metadata)
    columns = [column for _, column in kept]
    # Where nothing is left, `select` keeps the number of rows, which no array tells.
    return (type(rows).from_arrays(columns, schema=schema) if kept else rows.select([])), counts


def _rebuilt(column: Any, field: pa.Field, surgery: Surgery) -> Any:
    if not surgery.concerns(field.name):
        return column
    if isinstance(column, pa.Array):
        return rebuild(column, field.name, surgery)
    chunks = column.chunks or [pa.array([], type=field.type)]
    rebuilt = [rebuild(chunk, field.name, surgery) for chunk in chunks]
    if all(new is old for new, old in zip(rebuilt, chunks, strict=True)):
        return column
    return None if rebuilt[0] is None else pa.chunked_array(rebuilt)


def _surgery(plan: ConsentPlan, counts: ConsentCounts) -> Surgery:
    kinds = plan.policy.personal.mask if plan.policy.personal else ()

    def mask(array: pa.Array, path: str) -> pa.Array:
        masked = Masked()
        found = mask_strings(array, kinds, masked)
        counts.masked.update({(path, kind): number for kind, number in masked.contacts.items()})
        if masked.texts:
            counts.masked_texts[path] += masked.texts
        return found

    def dropped(array: pa.Array, path: str) -> None:
        counts.dropped[path] += len(array) - array.null_count
        counts.why[path] = plan.drops[path]

    return Surgery(frozenset(plan.drops), plan.texts if kinds else frozenset(), mask, dropped)
