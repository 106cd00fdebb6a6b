"""The record of a plan: what to annotate, what to borrow, what it costs and is worth, in memory and as CSV files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hf_regional.durable import atomic_file
from hf_regional.regions import country_code, country_name


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Which images to annotate for some money, and which that are there to add instead.

    Attributes:
        table: a row a (topic, country) pair that counts: topic, country, have (images that are there), annotate, borrow_from (a list of
            (country, images), the most alike first), cost_usd (of the images; starts are in `countries`), counts_before and counts_after
            (effective images), expected_before and expected_after (accuracy in [0, 1]), reason.
        countries: country, annotate, images_usd, start_usd, cost_usd, expected_before, expected_after; countries that count alone.
        borrowing: topic, country, from_country, images (there and annotated), similarity, counts_as (effective images).
        baselines: plan, equal and random beside each other: cost_usd, expected (random: the mean), low and high (random: the middle 95 %
            of its draws), gain, plan_is_ahead_by (points of accuracy).
        money, cost_usd: US dollars given and spent.
        expected_before, expected: mean expected accuracy over the pairs that count, without and with the plan, in [0, 1].
        bound: what no plan for this money passes (with targets: none that meets them).
        gap: share of the gain up to the bound that the plan may have left, in [0, 1].
        next_100_usd: what a further $100 buys: gain (accuracy) and table (topic, country, annotate: more or fewer images).
        stops_paying_at: US dollars from which a further $100 gains less than `worth_100_usd`, starts spread over the images; None where it
            still gains that at a thousand times the money.
        worth_100_usd: the least gain in accuracy for which $100 would be spent.
        infeasible: targets that were given up: target, needs_usd (null: no money does it), why.
        notes: what was assumed, in sentences.
        objective: "pairs" or "countries".
    """

    table: pd.DataFrame
    countries: pd.DataFrame
    borrowing: pd.DataFrame
    baselines: pd.DataFrame
    money: float
    cost_usd: float
    expected_before: float
    expected: float
    bound: float
    gap: float
    next_100_usd: "Further"
    stops_paying_at: float | None
    worth_100_usd: float
    infeasible: pd.DataFrame
    notes: tuple[str, ...]
    objective: str

    @property
    def gain(self) -> float:
        """Expected accuracy won, in [0, 1]."""
        return self.expected - self.expected_before

    def to_csv(self, path: str | Path) -> Path:
        """Write the table; `borrow_from` as "IDN 40; MYS 12"."""
        said = ["; ".join(f"{name} {images}" for name, images in lenders) for lenders in self.table["borrow_from"].tolist()]
        with atomic_file(Path(path)) as file:
            self.table.assign(borrow_from=said).to_csv(file, index=False)
        return Path(path)

    def to_tasks(self, path: str | Path) -> Path:
        """Write a CSV for an annotation tool: one row an image to collect, with an id that stays the same when the plan does."""
        columns = ["task_id", "topic", "country", "country_iso3", "number", "of", "instruction"]
        with atomic_file(Path(path)) as file:
            pd.DataFrame(list(self._tasks()), columns=columns).to_csv(file, index=False)
        return Path(path)

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        tables = {name: _records(getattr(self, name)) for name in ("table", "countries", "borrowing", "baselines", "infeasible")}
        numbers = {
            name: getattr(self, name) for name in ("money", "cost_usd", "expected_before", "expected", "bound", "gap", "worth_100_usd")
        }
        further = {"gain": self.next_100_usd.gain, "table": _records(self.next_100_usd.table)}
        rest = {"stops_paying_at": self.stops_paying_at, "next_100_usd": further, "objective": self.objective, "notes": list(self.notes)}
        return numbers | rest | tables

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _tasks(self) -> Iterator[tuple[Any, ...]]:
        for row in self.table.itertuples():
            code = country_code(str(row.country))
            name = country_name(code) if code else row.country
            for number in range(1, int(row.annotate) + 1):  # pyright: ignore[reportArgumentType]
                task = f"{row.topic}/{code or row.country}/{number}".replace(" ", "-")
                yield task, row.topic, row.country, code or "", number, row.annotate, f"A photograph of {row.topic} as it is in {name}"

    def _lines(self) -> Iterator[str]:
        ordered = self.table[self.table["annotate"] > 0]
        images = int(ordered["annotate"].sum())
        places = ordered["country"].nunique()
        where = f"{len(ordered)} (topic, country) pairs in {places} {'country' if places == 1 else 'countries'}"
        yield f"{images:,} images of {where} for ${self.cost_usd:,.2f} of ${self.money:,.2f}"
        gap = f"no plan passes {self.bound:.4f}; gap {100 * self.gap:.2g} % of the gain"
        yield f"expected accuracy {self.expected_before:.4f} -> {self.expected:.4f} ({gap})"
        others: list[dict[Any, Any]] = self.baselines.iloc[1:].to_dict("records")
        for other in others:
            yield f"  {other['how']}: {other['expected']:.4f}; the plan is ahead by {100 * other['plan_is_ahead_by']:.2f} points"
        for row in ordered.nlargest(12, "annotate").itertuples():
            yield f"  {row.annotate:>5}  {row.topic}, {row.country}: {row.reason}"
        if len(ordered) > 12:
            yield f"  and {len(ordered) - 12} more pairs"
        yield f"a further $100 adds {100 * self.next_100_usd.gain:.3f} points"
        worth = f"{100 * self.worth_100_usd:g} points"
        at = self.stops_paying_at
        yield f"$100 stop adding {worth} " + ("nowhere near this money" if at is None else f"at about ${at:,.0f}")
        yield from (f"cannot be met: {row.target} ({row.why})" for row in self.infeasible.itertuples())
        yield from (f"note: {note}" for note in self.notes)


@dataclass(frozen=True, slots=True, eq=False)
class Further:
    """What a further $100 buys: the gain in expected accuracy, and images more or fewer by topic and country."""

    gain: float
    table: pd.DataFrame


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    values = table.astype(object)
    return [{str(name): _plain(cell) for name, cell in row.items()} for row in values.where(values.notna(), None).to_dict("records")]


def _plain(cell: Any) -> Any:
    return cell.item() if hasattr(cell, "item") else cell
