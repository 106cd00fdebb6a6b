"""Markdown: a report's content in, one document out, in which what others wrote shows its characters and does nothing."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hf_regional.cards import tables as card_tables
from hf_regional.cards.figures import count, mapping, number, percent, with_interval
from hf_regional.cards.markdown import Markdown, code, escaped
from hf_regional.cards.tables import Table, strong
from hf_regional.evaluating.reporting import heat, story
from hf_regional.evaluating.reporting.story import Grid, Story, label_of, points

if TYPE_CHECKING:
    import jinja2

TEMPLATES: Final = Path(__file__).parent / "templates"
_LONGEST: Final = 160  # characters of a text in a table of examples; the page has more


def render_markdown(content: Mapping[str, Any]) -> str:
    """The whole report as Markdown (GitHub's: with tables)."""
    told = story.story_of(content)
    kept = mapping(told.headline.get("retention"))
    body = (
        _templates()
        .get_template("report.md.jinja")
        .render(
            story=told,
            gain=story.gain_sentence(told.headline),
            kept=percent(kept.get("value")),
            kept_low=percent(kept.get("low")),
            curve=card_tables.curve_table(told.choice, number(told.choice.get("beta"))),
        )
    )
    return _tidied(body)


def headline(told: Story) -> Table:
    """One row a side: before, after, difference."""
    rows = [[side.name, with_interval(side.base), with_interval(side.model), strong(points(side.difference))] for side in told.sides]
    return Table(["", told.base or "", told.model, "Difference, points"], "<>>>", rows)


def heat_table(grid: Grid, told: Story) -> Table:
    """One row a label, one column a task."""
    scale = heat.scale_of(told.grids)
    rows = [[line.label, *(_cell(heat.cell_of(line.parts.get(task), scale), told) for task in grid.tasks)] for line in grid.lines]
    return Table([grid.slice.capitalize(), *grid.tasks], "<" + ">" * len(grid.tasks), rows)


def _cell(cell: heat.Cell, told: Story) -> Markdown:
    text = cell.text + (" †" if cell.few else "")
    return strong(text) if cell.is_sure and told.base and cell.text else escaped(text)


def scores(task: Mapping[str, Any], told: Story) -> Table:
    """One row a side and a label: rows, before, after, change, gained and lost."""
    named = [(told.region if side == "regional" else "rest of the world", part) for side, part in task["sides"].items()]
    for slice_, parts in task["by"].items():
        named += [(f"{slice_}: {label_of(slice_, label)}", part) for label, part in parts.items()]
    rows = [
        [name + (" †" if part["few"] else ""), count(part["model"]["n"]), with_interval(part["base"]), with_interval(part["model"]),
         points(part["difference"]), _changes(part)]
        for name, part in named
    ]  # fmt: skip
    return Table(["", "Rows", "Before, %", "After, %" if told.base else "Score, %", "Change, points", "Gained, lost"], "<>>>>>", rows)


def _changes(part: Mapping[str, Any]) -> str:
    changes = mapping(part["changes"])
    return f"+{count(changes['gained'])} −{count(changes['lost'])}" if changes else ""


def faults(told: Story) -> Table:
    """One row a task and model: how many answers were asked for, not read, not given, not judged."""
    rows = [
        [task, told.base if who == "base" else told.model, count(found["asked"]), *(count(found.get(fault)) for fault in story.FAULTS)]
        for task, answers in told.faulty.items()
        for who, found in answers.items()
    ]
    return Table(["Task", "Model", "Asked", *map(str.capitalize, story.FAULTS)], "<<>>>>", rows)


def examples(shown: Sequence[Mapping[str, Any]], told: Story) -> Table:
    """One row an example."""
    rows = [
        [one["task"], *(label_of(name, one["slices"].get(name, "")) for name in ("country", "language")),
         *(_short(text) for text in (one["question"], one["right"], _said(one["before"]), _said(one["after"])))]
        for one in shown
    ]  # fmt: skip
    return Table(["Task", "Country", "Language", "Question", "Right", told.base or "Before", told.model], "<<<<<<<", rows)


def _said(answer: Mapping[str, Any]) -> str:
    return answer["text"] or percent(answer["score"])


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"


def ratings(criterion: Mapping[str, Any], human: Mapping[str, Any]) -> Table:
    """One row a model: items, mean, difference to the reference, wins, ties and losses."""
    rows: list[list[Any]] = []
    for model in human["models"]:
        mean, against = criterion["models"].get(model), mapping(criterion["against"].get(model))
        difference = mapping(against.get("difference"))
        shares = ", ".join(percent(against[name]) for name in ("wins", "ties", "losses")) if against else ""
        rows.append([model, count(mean["n"]) if mean else "", _levels(mean), _levels(difference, "+"), shares])
    return Table(["Model", "Items", "Mean", f"Minus {human['reference']}", "Wins, ties, losses"], "<>>>>", rows)


def _levels(cell: Mapping[str, Any] | None, sign: str = "") -> str:
    if not cell:
        return ""
    value, low, high = (f"{cell[key]:{sign}.2f}".replace("-", "−") for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def measured(tasks: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row a task: metric, scorer, rows, pictures, what was left out."""
    rows = [
        [name, task["metric"], task["scorer"] or "", count(task["n"]), count(task["pictures"]), card_tables.counted_out(task["left_out"])]
        for name, task in tasks.items()
    ]
    return Table(["Task", "Metric", "Scored by (not the benchmark's own)", "Rows", "Pictures", "Left out"], "<<<>><", rows)


def settings(about: Mapping[str, Any]) -> Markdown:
    """What an evaluation tells of itself, in one line."""
    told = {key: value for key, value in about.items() if not isinstance(value, Mapping) and value is not None}
    versions = [f"{name} {version}" for name, version in mapping(about.get("versions")).items()]
    return Markdown(", ".join([*(f"{escaped(key)} {code(value)}" for key, value in told.items()), *map(escaped, versions)]))


@cache
def _templates() -> "jinja2.Environment":
    import jinja2

    # Jinja's own autoescape knows HTML only; `finalize` sees every value that the template prints.
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), finalize=_shown, undefined=jinja2.ChainableUndefined, trim_blocks=True,
        lstrip_blocks=True, autoescape=False,
    )  # fmt: skip
    drawn = {"headline": headline, "heat": heat_table, "scores": scores, "faults": faults, "examples": examples, "ratings": ratings}
    templates.globals.update(count=count, tables=drawn | {"measured": measured, "settings": settings})  # pyright: ignore[reportCallIssue, reportArgumentType]
    return templates


def _shown(value: Any) -> str:
    import jinja2

    return "" if value is None or isinstance(value, jinja2.Undefined) else escaped(value)


def _tidied(body: str) -> str:
    lines = "\n".join(line.rstrip() for line in body.strip().splitlines())
    while "\n\n\n" in lines:
        lines = lines.replace("\n\n\n", "\n\n")
    return lines + "\n"
