"""Tables for a terminal: the scores of an evaluation in; columns of equal width out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hf_regional.cards.figures import signed_with_interval, with_interval

if TYPE_CHECKING:
    from hf_regional.evaluating.comparing import Comparison, PartCompared, TaskCompared


def score_tables(scores: Mapping[str, Mapping[str, Any]]) -> str:
    """One table a task: a line a side and a label of each slice, in percent with 95 % intervals; then answers not read, rows left out."""
    return "\n\n".join(_table(name, entry) for name, entry in scores.items())


def comparison_tables(compared: "Comparison") -> str:
    """One table a task: a line a side and a line a label, before, after and the paired change, rows gained and lost; in percent."""
    return "\n\n".join(_compared(name, task, compared.names) for name, task in compared.tasks.items())


def aligned(rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> str:
    """Rows as columns of equal width, those in `left` flush left, the others right, a rule under the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(w) if i in left else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "─" * max(map(len, lines)), *lines[1:]])


def _table(name: str, entry: Mapping[str, Any]) -> str:
    rows = [[name, f"{entry['metric']}, %", "chance", "n"]]
    for side in ("global", "regional"):
        if side in entry:
            rows.append([side, with_interval(entry[side]), f"{100 * entry['chance'][side]:.1f}", f"{entry[side]['n']:,}"])
    for sliced, labels in entry["by"].items():
        rows += [[f"  {sliced} {label}", with_interval(found), "", f"{found['n']:,}"] for label, found in labels.items()]
    answers = entry.get("extras", {}).get("answers", {})
    lost = [f"{name}: {count:,} of {sum(answers.values()):,} answers" for name, count in answers.items() if name != "read" and count]
    left_out = [f"left out: {count:,} {reason}" for reason, count in entry.get("left_out", {}).items() if count]
    return "\n".join([aligned(rows), *lost, *left_out])


def _compared(name: str, task: "TaskCompared", names: tuple[str, str]) -> str:
    rows = [[f"{name}: {task.metric}, %", *names, "change, points", "gained", "lost", "n"]]
    rows += [_line(side, part) for side, part in task.sides.items()]
    for sliced, labels in task.by.items():
        rows += [_line(f"  {sliced} {label}{' †' if part.few else ''}", part) for label, part in labels.items()]
    lines = [aligned(rows)]
    lines += ["† fewer than 30 pictures"] if any(part.few for labels in task.by.values() for part in labels.values()) else []
    for model, title in zip(("base", "other"), names, strict=True):
        faults = {name: sum(part.unread[model].get(name, 0) for part in task.sides.values()) for name in ("unparsed", "unanswered")}
        lines += [f"{title}: {count:,} answers {fault}" for fault, count in faults.items() if count]
    return "\n".join(lines)


def _line(label: str, part: "PartCompared") -> list[str]:
    before, after, change = (getattr(part, name).as_dict() for name in ("base", "other", "difference"))
    numbers = [f"{count:,}" for count in (part.changes.gained, part.changes.lost, part.base.n)]
    return [label, with_interval(before), with_interval(after), signed_with_interval(change), *numbers]
