"""To rate: two models compared in; the items that people shall rate, and both models' answers to them, as a rating sheet takes them, out.

items, outputs = answers_to_rate(compared, per_language=50)
write_rating_sheet(items, outputs, Path("rating"), raters=3)
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import pandas as pd

from hf_regional.errors import ConfigError, RegionalError
from hf_regional.evaluating.comparing import Comparison
from hf_regional.evaluating.human import RatedItem
from hf_regional.regions import country_name

PER_LANGUAGE: Final = 50
_UNKNOWN: Final = "en"  # the language of raters where rows have none


def answers_to_rate(compared: Comparison, *, per_language: int = PER_LANGUAGE) -> tuple[list[RatedItem], dict[str, dict[str, Any]]]:
    """Choose items of each task and language by their digests, so that nobody picks, and take both models' answers to them.

    Args:
        compared: models that answer in words or draw.
        per_language: at most so many of each task in a language.

    Returns:
        The items, and model -> item -> its words, the files it drew, or None where it gave nothing.

    Raises:
        ConfigError: no task has answers that a person could rate.
    """
    rows = compared.rows
    rated = rows[rows["answer_before"].notna() | rows["answer_after"].notna()]
    if rated.empty:
        raise ConfigError(
            "neither model gave words or pictures that people could rate: scores from features cannot be rated. Take a task that asks.",
            "human",
        )
    language = rated["by:language"].fillna(_UNKNOWN) if "by:language" in rated else pd.Series(_UNKNOWN, index=rated.index)
    chosen = rated.assign(language=language).sort_values("item").groupby(["task", "language"], sort=True).head(per_language)
    records = cast("list[dict[str, Any]]", chosen.sort_values(["task", "language", "item"]).to_dict("records"))
    before, after = compared.names
    outputs: dict[str, dict[str, Any]] = {before: {}, after: {}}
    for row in records:
        for model, when in ((before, "before"), (after, "after")):
            outputs[model][_name(row)] = _given(row, when)
    return [_item(row, compared) for row in records], outputs


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['task']}/{row['item']}"


def _item(row: Mapping[str, Any], compared: Comparison) -> RatedItem:
    pictures = compared.album.cells(row["task"], row["item"])
    if pictures is None:  # of a saved evaluation the thumbnails are left
        pictures = tuple(one.webp for one in compared.album.of(row["task"], row["item"]) or () if one.webp)
    return RatedItem(_name(row), str(row["language"]), _country(row.get("by:country")), row["question"], pictures[0] if pictures else None)


def _given(row: Mapping[str, Any], when: str) -> Any:
    said = row[f"answer_{when}"]
    if isinstance(said, str):
        return None if row[f"is_unanswered_{when}"] or not said.strip() else said
    return None if said is None else [Path(str(file)) for file in said]


def _country(code: Any) -> str | None:
    """The country, where it is one that raters can be told of."""
    try:
        return code if isinstance(code, str) and country_name(code) else None
    except RegionalError:
        return None
