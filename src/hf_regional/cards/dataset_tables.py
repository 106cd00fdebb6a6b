"""Tables of a data set's card: recorded counts and settings in, rows of printed cells out."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from hf_regional.cards import places
from hf_regional.cards.facts import Step
from hf_regional.cards.figures import count, items, mapping, number, short, texts
from hf_regional.cards.markdown import Markdown, code, escaped, listed
from hf_regional.cards.tables import REASONS_SHOWN, Table, tallied

PARTS_SHOWN: Final = 30
_OURS: Final = {
    "region_verdict": "kept, other, ambiguous or none",
    "region_countries": "the countries that the row is from, ISO 3166-1 alpha-3",
    "region_evidence": "what says so: kind, value, country, confidence, column, and where in the cell",
}


def part_table(outcome: Step, group: str, head: str) -> Table:
    """Rows, kept and dropped, and the steps that dropped them, by the parts of a group: most kept first, a long tail summed."""
    parts = [mapping(part) for part in items(mapping(outcome.get("parts")).get(group))]
    parts.sort(key=lambda part: (-_whole(part.get("kept")), -_whole(part.get("rows")), str(part.get("value"))))
    rows = [_part([escaped(part.get("label") or part.get("value"))], part) for part in parts[:PARTS_SHOWN]]
    if tail := parts[PARTS_SHOWN:]:
        rows.append(_part([Markdown(f"{len(tail):,} further ones")], _summed(tail)))
    return Table([head, "Rows", "Kept", "Dropped", "By which step"], "<>>><", rows)


def licence_table(outcome: Step) -> Table:
    """The same by what rows say of their licence, and what was read from it."""
    table = part_table(outcome, "licence", "As the rows say")
    read = {
        str(escaped(mapping(part).get("label"))): mapping(part).get("id") for part in items(mapping(outcome.get("parts")).get("licence"))
    }
    rows = [[row[0], code(read[str(row[0])]) if read.get(str(row[0])) else "", *row[1:]] for row in table.rows]
    return Table([table.head[0], "Read as", *table.head[1:]], "<<>>><", rows)


def step_table(outcome: Step, filters: Step) -> Table:
    """The rows that came to each step and passed it. Steps that were not asked for are left out: they would seem to have found nothing."""
    rows: list[list[Any]] = []
    skipped = not_asked(filters)
    for step in map(mapping, items(outcome.get("steps"))):
        came, passed = _whole(step.get("came")), _whole(step.get("passed"))
        if came != passed or step.get("name") not in skipped:
            rows.append([str(step.get("name")), count(came), count(passed), count(came - passed), step.get("does") or ""])
    return Table(["Step", "Rows that came", "Rows that passed", "Dropped", "What it drops"], "<>>><", rows)


def not_asked(filters: Step) -> list[str]:
    """The steps that the settings did not ask for.

    >>> not_asked({"kind": "filters", "countries": ["LAO"], "consent": {"licences": None}, "quality": [{"scorer": "length"}]})
    ['exclusion', 'duplicates', 'contamination']
    """
    copies = mapping(filters.get("copies"))
    asked = {
        "exclusion": filters.get("exclude"),
        "licence": filters.get("consent"),
        "region": filters.get("countries"),
        "quality": filters.get("quality"),
        "duplicates": copies.get("duplicates"),
        "contamination": copies.get("evaluation_sets"),
    }
    return [name for name, setting in asked.items() if not setting]


def outcome_table(outcome: Step) -> Table:
    """Rows by verdict, reason and the column that decided; a long tail summed."""
    found = [mapping(one) for one in items(outcome.get("outcomes"))]
    shown, tail = found[:REASONS_SHOWN], found[REASONS_SHOWN:]
    rows: list[list[Any]] = [
        [str(one.get("verdict")), code(one.get("reason")), code(one.get("column")), count(one.get("rows"))] for one in shown
    ]
    if tail:
        rows.append([Markdown(f"{len(tail):,} further ones"), "", "", count(sum(_whole(one.get("rows")) for one in tail))])
    return Table(["Verdict", "Reason", "Column", "Rows"], "<<<>", rows)


def split_table(dataset: Step) -> Table:
    """Rows kept and dropped of each split."""
    rows: list[list[Any]] = []
    for name, verdicts in mapping(dataset.get("splits")).items():
        sizes = {verdict: _whole(size) for verdict, size in mapping(verdicts).items()}
        kept = sizes.pop("kept", 0)
        rows.append([code(name), count(kept), count(sum(sizes.values()))])
    return Table(["Split", "Kept", "Dropped"], "<>>", rows)


def column_table(dataset: Step) -> Table:
    """The columns, their types, and what those of the filter hold."""
    rows = [[code(name), code(kind), _OURS.get(name, "")] for name, kind in mapping(dataset.get("columns")).items()]
    return Table(["Column", "Type", ""], "<<<", rows)


def source_table(sources: Any) -> Table:
    """The corpora that the rows come from."""
    unsaid = "not recorded"
    rows = [
        [code(one.get("hub_id") or one.get("name")), one.get("title") or "", one.get("license") or unsaid, one.get("use") or unsaid]
        for one in map(mapping, sources)
    ]
    return Table(["Source", "What it is", "Licence, as its makers say", "May be used for"], "<<<<", rows)


def credit_table(credits: Step) -> Table:
    """Works by whom they are credited to."""
    rows = [
        [one.get("author") or "not named", one.get("source") or "", one.get("licence") or "not named", count(one.get("works"))]
        for one in map(mapping, items(credits.get("works")))
    ]
    if number(credits.get("more")):
        rows.append([Markdown(f"{count(credits.get('more'))} further ones"), "", "", count(credits.get("more_works"))])
    return Table(["Author", "Source", "Licence", "Works"], "<<<>", rows)


def filter_table(filters: Step, region: Any) -> Table:
    """Every setting of the filter, with its thresholds. What this version has no words for stands there as it was recorded."""
    rows: list[list[Any]] = [["Region", escaped(region)]] if region else []
    for name in dict.fromkeys((*_SAID, *filters)):
        value = filters.get(name)
        if name not in _UNSAID and value not in (None, [], {}, ""):
            head, said = _SAID.get(name, (name, _as_json))
            rows += [[head, cell] for cell in _cells(said(value))]
    return Table(["Filter", "Setting"], "<<", rows)


def _cells(said: Any) -> list[Any]:
    return [cell for cell in (said if isinstance(said, list) else [said]) if cell]


def _part(name: list[Any], part: Mapping[str, Any]) -> list[Any]:
    rows, kept = _whole(part.get("rows")), _whole(part.get("kept"))
    return [*name, count(rows), count(kept), count(rows - kept), tallied(part.get("lost"))]


def _summed(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    lost: dict[str, int] = {}
    for part in parts:
        for step, rows in mapping(part.get("lost")).items():
            lost[step] = lost.get(step, 0) + _whole(rows)
    return {"lost": lost} | {name: sum(_whole(part.get(name)) for part in parts) for name in ("rows", "kept")}


def _whole(value: Any) -> int:
    return int(number(value) or 0)


def _as_json(value: Any) -> Markdown:
    return code(json.dumps(value, ensure_ascii=False))


def _columns(value: Any) -> Markdown:
    found = [(kind, texts(names)) for kind, names in mapping(value).items()]
    return Markdown("; ".join(f"{escaped(kind)} in {', '.join(map(code, names))}" for kind, names in found if names))


def _qualities(value: Any) -> list[Markdown]:
    return [_quality(mapping(rule)) for rule in items(value)]


def _quality(rule: Mapping[str, Any]) -> Markdown:
    bound = rule.get("min_quality")
    least = ", ".join(f"{escaped(name)} {short(size)}" for name, size in bound.items()) if isinstance(bound, Mapping) else short(bound)
    word = "at least" if rule.get("inclusive") is not False else "above"
    said = ("scorer", "min_quality", "inclusive")
    rest = {name: value for name, value in rule.items() if name not in said and value not in (None, [], {}, "")}
    return Markdown(f"{code(rule.get('scorer'))} {word} {least}" + (f"; {_as_json(rest)}" if rest else ""))


def _excluded(value: Any) -> list[Markdown]:
    return [Markdown(f"{code(name)} is {listed(values)}") for name, values in mapping(value).items()]


def _shares(value: Any) -> Markdown:
    shares = mapping(value)
    selects, rejects = short(shares.get("selects")), short(shares.get("rejects"))
    return Markdown(f"a language speaks for the region where at least {selects} of its speakers live there, against it below {rejects}")


def _consent(value: Any) -> list[Markdown]:
    told = mapping(value)
    licences, personal = mapping(told.get("licences")), mapping(told.get("personal"))
    lines = (
        ("licences allowed: {}", licences.get("allow"), listed),
        ("licences denied: {}", licences.get("deny"), listed),
        ("licences must permit {} use, where they are known", licences.get("use"), escaped),
        ("opt-outs heeded: {}", told.get("opt_out"), listed),
        ("masked in texts: {}", personal.get("masked"), listed),
        ("columns dropped: {}", personal.get("dropped"), listed),
        ("positions taken out of pictures", personal.get("positions"), escaped),
    )
    return [Markdown(line.format(said(setting))) for line, setting, said in lines if setting]


def _looked_for(value: Any) -> Markdown:
    return Markdown("; ".join(f"{escaped(name)} {escaped(json.dumps(one, ensure_ascii=False))}" for name, one in mapping(value).items()))


def _weights(value: Any) -> Markdown:
    return Markdown(", ".join(f"{escaped(kind)} {short(weight)}" for kind, weight in mapping(value).items()))


def _countries(value: Any) -> Markdown:
    return listed(places.country_labels(value))


# Setting -> what a reader calls it, and how it is said.
_SAID: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "countries": ("Countries of the region", _countries),
    "columns": ("Evidence", _columns),
    "combine": ("Several kinds of evidence", code),
    "weights": ("Weights of evidence", _weights),
    "language_share": ("Languages", _shares),
    "quality": ("Quality", _qualities),
    "exclude": ("Left out", _excluded),
    "consent": ("Consent", _consent),
    "check_pictures": ("Pictures", lambda value: "broken ones are dropped" if value is True else "not checked"),
    "copies": ("Copies", _looked_for),
    "locate": ("A function of one's own", code),
}
_UNSAID: Final = frozenset({"kind", "mode", "groups", "samples"})
