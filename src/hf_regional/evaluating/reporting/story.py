"""The story: a report's content in; what its page and its Markdown tell, in the order in which they tell it, out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hf_regional.cards.figures import mapping, number, percent, signed, signed_percent, value_of
from hf_regional.cards.places import country_label, language_label, region_label

_LABELS: Final = {"country": country_label, "language": language_label}
_SEVERAL: Final = {"country": "countries", "language": "languages", "topic": "topics", "income": "incomes"}
_SIDES: Final = {"regional": 0, "both": 1, "global": 2}
FAULTS: Final = {
    "unparsed": "could not be read",
    "unanswered": "were not given",
    "unrated": "could not be judged",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One side over its tasks, as a sentence and as numbers in percent for a drawing."""

    name: str  # "Southeast Asia", "the rest of the world"
    kind: str  # "regional", "global"
    base: Mapping[str, Any] | None
    model: Mapping[str, Any]
    difference: Mapping[str, Any] | None

    @property
    def verdict(self) -> str:
        """What can be said of the difference."""
        return verdict_of(self.difference)


@dataclass(frozen=True, slots=True)
class Line:
    """One label of a slice: its cells by task."""

    label: str
    code: str
    side: str
    parts: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Grid:
    """All labels of a slice against the tasks that have it."""

    slice: str
    several: str
    tasks: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """What is told of a report."""

    model: str
    base: str | None
    region: str
    sides: tuple[Side, ...]
    headline: Mapping[str, Any]
    verdict: str
    tasks: Mapping[str, Mapping[str, Any]]
    grids: tuple[Grid, ...]
    faulty: Mapping[str, Mapping[str, Any]]  # task -> answers, of those that ask for answers
    choice: Mapping[str, Any]
    gained: tuple[Mapping[str, Any], ...]
    lost: tuple[Mapping[str, Any], ...]
    human: Mapping[str, Any]
    measured: Mapping[str, Any]

    @property
    def changes(self) -> Mapping[str, int]:
        """Rows gained and lost over all tasks, and how many of them by form alone."""
        parts = [mapping(part.get("changes")) for task in self.tasks.values() for part in task["sides"].values()]
        return {name: sum(int(number(part.get(name)) or 0) for part in parts) for name in _CHANGES}


_CHANGES: Final = ("gained", "lost", "same", "gained_unread", "lost_unread")


def story_of(content: Mapping[str, Any]) -> Story:
    """Put together what is told."""
    headline, region = mapping(content["headline"]), mapping(content["region"])
    name = region_label({"region": region["name"], "countries": region["countries"]}) if region else "the region"
    sides = tuple(
        Side(name if kind == "regional" else "the rest of the world", kind, cells["base"], cells["model"], cells["difference"])
        for kind, cells in sorted(mapping(headline.get("sides")).items(), key=lambda pair: _SIDES[pair[0]])
    )
    tasks = content["tasks"]
    return Story(
        model=content["model"],
        base=content["base"],
        region=name,
        sides=sides,
        headline=headline,
        verdict=_verdict(sides, headline),
        tasks=tasks,
        grids=_grids(tasks),
        faulty={task: entry["answers"] for task, entry in tasks.items() if entry["answers"]},
        choice=mapping(content["choice"]),
        gained=tuple(one for one in content["examples"] if one["direction"] == "gained"),
        lost=tuple(one for one in content["examples"] if one["direction"] == "lost"),
        human=mapping(content["human"]),
        measured=content["measured"],
    )


def verdict_of(difference: Mapping[str, Any] | None) -> str:
    """What a difference says: "better", "worse", or "unsure" where its interval holds 0.

    >>> [verdict_of({"value": 0.1, "low": low, "high": 0.2}) for low in (0.01, -0.01)]
    ['better', 'unsure']
    """
    low, high = (number(mapping(difference).get(end)) for end in ("low", "high"))
    if low is None or high is None:
        return "unsure"
    return "better" if low > 0 else "worse" if high < 0 else "unsure"


def label_of(slice_: str, label: str) -> str:
    """A label by its name.

    >>> label_of("country", "LAO"), label_of("income", "1")
    ('Laos', '1')
    """
    return _LABELS[slice_](label) if slice_ in _LABELS else label


def _verdict(sides: Sequence[Side], headline: Mapping[str, Any]) -> str:
    """The first sentence."""
    told: list[str] = []
    for side in sides:
        words = {"better": "serves {0} better", "worse": "serves {0} worse", "unsure": "is not surely better or worse for {0}"}
        told.append(words[side.verdict].format(side.name))
    kept = mapping(headline.get("retention"))
    if value_of(kept) is not None:
        low = percent(kept.get("low"))
        told.append(f"keeps {percent(kept.get('value'))} % of the world's score{f' (at least {low} %)' if low else ''}")
    return "; ".join(told)


def _grids(tasks: Mapping[str, Mapping[str, Any]]) -> tuple[Grid, ...]:
    names = dict.fromkeys(slice_ for entry in tasks.values() for slice_ in entry["by"])
    return tuple(_grid(slice_, {task: entry["by"][slice_] for task, entry in tasks.items() if slice_ in entry["by"]}) for slice_ in names)


def _grid(slice_: str, by_task: Mapping[str, Mapping[str, Any]]) -> Grid:
    codes = dict.fromkeys(code for labels in by_task.values() for code in labels)
    lines = [
        Line(
            label_of(slice_, code), code, _side(parts := {task: labels[code] for task, labels in by_task.items() if code in labels}), parts
        )
        for code in codes
    ]
    lines.sort(key=lambda line: (_SIDES.get(line.side, 1), line.label))
    return Grid(slice_, _SEVERAL.get(slice_, slice_), tuple(by_task), tuple(lines))


def _side(parts: Mapping[str, Mapping[str, Any]]) -> str:
    sides = {str(part["side"]) for part in parts.values() if part["side"]}
    return sides.pop() if len(sides) == 1 else "both"


def gain_sentence(headline: Mapping[str, Any]) -> str:
    """The gain of the region in percent, with its one-sided bound.

    >>> gain_sentence({"gain": {"points": 0.03, "percent": 8.1, "low_percent": 2.24}})
    '+8.1 % of the base’s score, at least +2.2 %'
    """
    gain = mapping(headline.get("gain"))
    if number(gain.get("percent")) is None:
        return ""
    return f"{signed_percent(gain['percent'])} % of the base’s score, at least {signed_percent(gain['low_percent'])} %"


def points(cell: Any) -> str:
    """A difference in points with its interval.

    >>> points({"value": 0.04, "low": -0.01, "high": 0.09})
    '+4.0 (−1.0 to +9.0)'
    """
    found = mapping(cell)
    return f"{signed(found.get('value'))} ({signed(found.get('low'))} to {signed(found.get('high'))})" if found else ""


def in_order(slice_: str, parts: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Labels with their parts, the region's first, then by name."""
    return sorted(parts.items(), key=lambda pair: (_SIDES.get(pair[1]["side"] or "", 1), label_of(slice_, pair[0])))


def several(slice_: str) -> str:
    """What several labels of a slice are called.

    >>> several("country"), several("mood")
    ('countries', 'labels')
    """
    return _SEVERAL.get(slice_, "labels")
