"""The content: evaluations, and what was chosen and rated, in; one JSON-able mapping, as `schema.json` describes it, out."""

from collections.abc import Mapping
from typing import Any, Final

from hf_regional.evaluating.choosing import Choice
from hf_regional.evaluating.comparing import FAULTS, Comparison, PartCompared
from hf_regional.evaluating.headline import headline_of
from hf_regional.evaluating.human import RatingSummary
from hf_regional.evaluating.reporting.examples import MOST, examples_of
from hf_regional.evaluating.runner import Evaluation
from hf_regional.evaluating.scorers import own_scorer
from hf_regional.evaluating.task import SIDES
from hf_regional.regions import Region

SCHEMA_VERSION: Final = 1
_MODELS: Final = {"base": "base", "other": "model"}  # what a comparison calls them, and what a reader does


def build_content(
    found: Comparison | Evaluation,
    *,
    region: Region | None = None,
    choice: Choice | Mapping[str, Any] | None = None,
    human: RatingSummary | None = None,
    examples: int = MOST,
    names: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Put a report together.

    Args:
        found: two models compared, or one.
        region: whose rows the regional side has, for its name and countries.
        choice: how β was chosen, or what `Choice.as_dict` or `hf-regional choose --json` gave.
        human: what people said of the models.
        examples: rows shown of those gained, and of those lost.
        names: of the model before and after, where the evaluations' own do not serve.
    """
    comparison, model, base = (found, found.other, found.base) if isinstance(found, Comparison) else (None, found, None)
    own = names or (comparison.names if comparison else ("", str(model.about.get("model") or "the model")))
    return {
        "schema_version": SCHEMA_VERSION,
        "model": own[1],
        "base": own[0] if base else None,
        "region": {"name": region.name, "countries": sorted(region.countries)} if region else None,
        "headline": _headline(comparison) if comparison else None,
        "tasks": {name: _task(name, model, comparison) for name in model.scores},
        "choice": choice.as_dict() if isinstance(choice, Choice) else dict(choice) if choice else None,
        "examples": examples_of(comparison, examples) if comparison else [],
        "human": human.as_dict() if human else None,
        "measured": _measured(model, comparison),
    }


def _headline(comparison: Comparison) -> dict[str, Any]:
    found = headline_of(comparison).as_dict()
    return found | {"sides": {side: _renamed(cells) for side, cells in found["sides"].items()}}


def _renamed(cells: Mapping[str, Any]) -> dict[str, Any]:
    return {_MODELS.get(key, key): value for key, value in cells.items()}


def _task(name: str, model: Evaluation, comparison: Comparison | None) -> dict[str, Any]:
    entry, compared = model.scores[name], comparison.tasks[name] if comparison else None
    rows = model.rows[model.rows["task"] == name]
    if compared:
        sides: dict[str, Any] = {side: _part(part) for side, part in compared.sides.items()}
        by = {each: {label: _part(part) for label, part in labels.items()} for each, labels in compared.by.items()}
    else:
        sides = {side: _alone(entry[side], side) for side in SIDES if side in entry}
        by = {each: {label: _alone(cell, None) for label, cell in labels.items()} for each, labels in entry["by"].items()}
    return {
        "metric": entry["metric"],
        "scorer": own_scorer(name, entry["metric"]),
        "n": len(rows),
        "pictures": int(rows["cluster"].nunique()),
        "is_binary": compared.is_binary if compared else None,
        "chance": entry["chance"],
        "sides": sides,
        "by": by,
        "answers": _answers(name, model, comparison),
        "left_out": entry.get("left_out", {}),
        "extras": entry.get("extras", {}),
    }


def _part(part: PartCompared) -> dict[str, Any]:
    cells = part.as_dict()
    return {
        "side": cells["side"],
        "model": cells["other"],
        "base": cells["base"],
        "difference": cells["difference"],
        "is_sure": cells["is_sure"],
        "few": cells["few"],
        "changes": cells["changes"],
        "both_read": cells["both_read"],
    }


def _alone(cell: Mapping[str, Any], side: str | None) -> dict[str, Any]:
    nothing = dict.fromkeys(("base", "difference", "is_sure", "few", "changes", "both_read"))
    return {"side": side, "model": {key: cell[key] for key in ("value", "low", "high", "n")}, **nothing}


def _answers(name: str, model: Evaluation, comparison: Comparison | None) -> dict[str, dict[str, int]]:
    """Model -> how many answers could not be read, were not given, or not judged; empty of a task that asks for none."""
    found: dict[str, dict[str, int]] = {}
    for who, one in (("model", model), *((("base", comparison.base),) if comparison else ())):
        rows = one.rows[one.rows["task"] == name]
        faults = {fault: int((rows[fault] >= 1).sum()) for fault in FAULTS if fault in rows and rows[fault].notna().any()}
        found |= {who: {"asked": len(rows), **faults}} if faults else {}
    return found


def _measured(model: Evaluation, comparison: Comparison | None) -> dict[str, Any]:
    drawn = {"resamples": comparison.resamples, "seed": comparison.seed} if comparison else {}
    drawn = drawn or {key: model.about.get(key) for key in ("resamples", "seed")}
    return {"model": dict(model.about), "base": dict(comparison.base.about) if comparison else None, **drawn}
