"""Two evaluations whose rows are typed by hand: what two models said of the same items."""

from typing import Any

import pandas as pd
from PIL import Image

from hf_regional.cards import CardFacts
from hf_regional.evaluating import Evaluation
from hf_regional.evaluating.albums import Album, Source
from hf_regional.evaluating.runner import score_rows

COUNTRIES = {"LAO": "lo", "THA": "th", "FRA": "fr"}
INSIDE = {"LAO", "THA"}


def frame(
    scores: dict[str, list[float]], *, task: str = "quiz", metric: str = "accuracy", chance: float = 0.25, **more: Any
) -> pd.DataFrame:
    """Rows of a task: country -> the score of each of its items, each with a picture of its own."""
    rows: list[dict[str, Any]] = []
    for country, values in scores.items():
        for number, value in enumerate(values):
            told = {"task": task, "item": f"{country}-{number:03}", "question": f"What is no. {number}?", "right": f"dish {number}"}
            place = {"group": country, "side": "regional" if country in INSIDE else "global", "cluster": len(rows), "chance": chance}
            rows.append({**told, **place, metric: value, "by:country": country, "by:language": COUNTRIES[country]})
    return pd.DataFrame(rows).assign(**more)


def evaluation(*frames: pd.DataFrame, model: str = "one", metrics: dict[str, str] | None = None, pictures: bool = False) -> Evaluation:
    """As `evaluate_model` gives it."""
    rows = pd.concat(frames, ignore_index=True)
    known = metrics or dict.fromkeys(rows["task"].unique(), "accuracy")
    scores = score_rows(rows, known, by=["country", "language"], resamples=200)
    about = {"model": model, "part": "all", "resamples": 200, "seed": 0, "versions": {"hf_regional": "0.1.0"}}
    sources = {
        str(task): Source(
            {str(item): place for place, item in enumerate(own["item"])}, [(Image.new("RGB", (300, 200), "teal"),)] * len(own)
        )
        for task, own in rows.groupby("task")
    }
    return Evaluation(scores, rows, CardFacts(), about, Album(sources=sources if pictures else {}))


def quiz(base_right: int, other_right: int, n: int = 40) -> tuple[Evaluation, Evaluation]:
    """Laos: the first so many of n items right before and after; Thailand and France as they were."""
    fixed = {"THA": [1.0, 0.0] * (n // 2), "FRA": [1.0, 1.0, 1.0, 0.0] * (n // 4)}
    before, after = ({"LAO": [1.0] * right + [0.0] * (n - right), **fixed} for right in (base_right, other_right))
    return evaluation(frame(before), model="base", pictures=True), evaluation(frame(after), model="merged", pictures=True)
