"""Examples: compared rows and their pictures in; some that were gained and some that were lost, chosen by no person, out."""

import base64
from collections.abc import Mapping
from typing import Any, Final, Literal, cast

import pandas as pd

from hf_regional.cards.markdown import one_line
from hf_regional.evaluating.albums import Album, Thumbnail, thumbnail
from hf_regional.evaluating.comparing import Comparison

Direction = Literal["gained", "lost"]
MOST: Final = 12  # in each direction
_MOST_PICTURES: Final = 2  # of a question, or of an answer


def examples_of(comparison: Comparison, most: int = MOST) -> list[dict[str, Any]]:
    """Rows that were gained, then rows that were lost, at most so many of each.

    Of scores that are right or wrong the digest of an item decides, so that nobody picks; of others the largest changes come first.
    Tasks and groups take turns, those of the region first, so that no country fills the page.
    """
    rows, album = comparison.rows, comparison.album
    binary = {name for name, task in comparison.tasks.items() if task.is_binary}
    found: list[dict[str, Any]] = []
    for direction, sign in (("gained", 1), ("lost", -1)):
        chosen = rows[rows["change"] * sign > 0].assign(size=lambda frame: frame["change"].abs())
        chosen.loc[chosen["task"].isin(binary), "size"] = 1.0
        for row in _in_turn(chosen).head(most).to_dict("records"):
            found.append(_example(cast("Mapping[str, Any]", row), cast("Direction", direction), album))
    return found


def _in_turn(rows: pd.DataFrame) -> pd.DataFrame:
    """The first of every task and group, the region's first, then the second of every one, and so on."""
    ranked = rows.sort_values(["size", "item"], ascending=[False, True])
    turn = ranked.groupby(["task", "group"]).cumcount()
    return ranked.assign(turn=turn, is_world=ranked["side"] != "regional").sort_values(["turn", "is_world", "item"])


def _example(row: Mapping[str, Any], direction: Direction, album: Album) -> dict[str, Any]:
    pictures = album.of(row["task"], row["item"])
    slices = {key.removeprefix("by:"): str(value) for key, value in row.items() if key.startswith("by:") and isinstance(value, str)}
    return {
        "direction": direction,
        "task": row["task"],
        "item": row["item"],
        "side": row["side"],
        "slices": slices,
        "question": one_line(row["question"]),
        "right": one_line(row["right"]),
        "change": float(row["change"]),
        "before": _answer(row, "before"),
        "after": _answer(row, "after"),
        "pictures": [_picture(one) for one in (pictures or ())[:_MOST_PICTURES]],
        "pictures_kept": pictures is not None,
    }


def _answer(row: Mapping[str, Any], when: str) -> dict[str, Any]:
    said = row[f"answer_{when}"]
    drawn = [] if isinstance(said, str) or said is None else [thumbnail(str(file)) for file in list(said)[:_MOST_PICTURES]]
    return {
        "score": float(row[when]),
        "is_unread": bool(row[f"is_unread_{when}"]),
        "text": one_line(said) if isinstance(said, str) else None,
        "pictures": [_picture(one) for one in drawn],
    }


def _picture(one: Thumbnail) -> dict[str, Any]:
    shown = base64.b64encode(one.webp).decode() if one.webp else None
    return {"webp": shown, "width": one.width, "height": one.height, "note": one.note}
