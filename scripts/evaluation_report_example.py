"""An example of the evaluation report: made-up scores of two models on three tasks in; the report's folder out.

    python scripts/evaluation_report_example.py example
    chromium --headless --window-size=1280,1500 --screenshot=page.png example/report.html

`docs/images/evaluation-report.png` is that screenshot, smaller and in 256 colours.
"""

import colorsys
import random
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from hf_regional.cards import CardFacts
from hf_regional.evaluating.albums import Album, Source
from hf_regional.evaluating.choosing import Choice, Demand, choose
from hf_regional.evaluating.comparing import compare_evaluations
from hf_regional.evaluating.headline import KeptTask
from hf_regional.evaluating.human.key import Key
from hf_regional.evaluating.human.ratings import COLUMNS, Ratings
from hf_regional.evaluating.human.summary import RatingSummary, summarise_ratings
from hf_regional.evaluating.items import Shown
from hf_regional.evaluating.reporting import write_evaluation_report
from hf_regional.evaluating.runner import Evaluation, rows_of, score_rows
from hf_regional.evaluating.sides import Scorer
from hf_regional.regions import Region, country_name

LANGUAGES = {
    "IDN": "id", "MYS": "ms", "PHL": "fil", "THA": "th", "VNM": "vi", "KHM": "km", "LAO": "lo", "MMR": "my", "SGP": "zh",
    "JPN": "ja", "IND": "hi", "KEN": "sw", "MEX": "es", "FRA": "fr", "EGY": "ar", "USA": "en",
}  # fmt: skip
DISHES = ("soup", "noodles", "rice cake", "grilled fish", "salad", "dumplings")
SEA = Region("SEA")


@dataclass(frozen=True)
class Made:
    """What a made-up task is like: its metric, rows a country, how good the base is, and what merging adds in the region and beyond."""

    name: str
    metric: str
    rows: int
    level: float
    gain: float
    loss: float
    says: bool = False  # whether answers are words, of which some cannot be read
    share: float = 1.0  # of the countries that it has


TASKS = (
    Made("cvqa", "accuracy", 90, 0.52, 0.075, -0.004, says=True),
    Made("geode", "accuracy", 70, 0.71, 0.03, 0.004, share=0.7),
    Made("xm3600-retrieval", "MRR", 120, 0.44, 0.05, -0.006, share=0.8),
)


def main(folder: str) -> None:
    """Write it."""
    frames = {beta: pd.concat([answers_of(task, beta) for task in TASKS], ignore_index=True) for beta in (0.0, 0.1, 0.25, 0.4, 0.7, 1.0)}
    base, merged = (evaluation(name, frames[beta]) for name, beta in (("global-vlm-8b", 0.0), ("SEA-global-vlm-8b (25%)", 0.25)))
    compared = compare_evaluations(base, merged, by=["country", "language"])
    page = write_evaluation_report(compared, folder, region=SEA, choice=choice(frames), human=ratings())
    print(page)


def answers_of(task: Made, beta: float) -> pd.DataFrame:
    """The rows of a task under a model merged at β, the same items for every β."""
    draw = np.random.default_rng(sum(map(ord, task.name)))
    rows: list[dict[str, Any]] = []
    for place, (country, language) in enumerate(LANGUAGES.items()):
        hard, n = draw.normal(0, 0.1), task.rows if country not in {"LAO", "KHM"} else task.rows // 4
        chosen = draw.random() < task.share or country in {"LAO", "THA"}
        for number in range(n):
            luck, form, noise = draw.random(), draw.random(), draw.random()
            if not chosen:
                continue
            rows.append(row(task, country, language, place, number, beta, hard, luck, form, noise))
    return pd.DataFrame(rows)


def row(
    task: Made, country: str, language: str, place: int, number: int, beta: float, hard: float, luck: float, form: float, noise: float
) -> dict[str, Any]:
    """One item: whether it is right depends on the country and on β, and mostly on the item itself."""
    inside = country in SEA.countries
    bend = 4 * beta * (1.15 - beta) if inside else 0.25 * beta - 4 * beta**3
    chance = task.level + hard + (task.gain * bend if inside else abs(task.loss) * 8 * bend)
    score = float(luck < chance + 0.02 * (noise - 0.5) * (beta > 0))
    is_unread = task.says and form < (0.09 if language in {"lo", "km", "my"} else 0.015) * (1.2 - beta)
    dish = DISHES[(place + number) % len(DISHES)]
    right = f"{dish} of {country_name(country)}"
    wrong = f"{DISHES[(place + number + 2) % len(DISHES)]} of {country_name(country)}"
    said = "Sorry, I cannot tell." if is_unread else right if score else wrong
    value = 0.0 if is_unread else score if task.metric == "accuracy" else score * (1 if noise < 0.6 else 0.5)
    return {
        "task": task.name, "item": f"{hash_of(task.name, country, number)}", "question": f"What is this dish called? ({language})",
        "right": right, "group": country, "side": "regional" if inside else "global", "cluster": place * 1000 + number // 2,
        "chance": 0.25 if task.metric == "accuracy" else 0.01, task.metric: value, "by:country": country, "by:language": language,
        **({"answer": said, "unparsed": float(is_unread), "unanswered": 0.0} if task.says else {}),
    }  # fmt: skip


def hash_of(*parts: object) -> str:
    """A name for an item."""
    return f"{random.Random(repr(parts)).getrandbits(64):016x}"


def evaluation(name: str, rows: pd.DataFrame) -> Evaluation:
    """As if a model had been asked."""
    rows = rows.assign(cluster=rows["cluster"].rank(method="dense").astype(int) - 1)
    metrics = {task.name: task.metric for task in TASKS}
    scores = score_rows(rows, metrics, by=["country", "language"])
    left = {"cvqa": {"rows of pictures that are not in the part 'report'": 618}}
    scores = {task: entry | {"left_out": left.get(task, {}), "extras": {}} for task, entry in scores.items()}
    about = {"model": name, "region": "SEA", "part": "report", "resamples": 2000, "seed": 0, "versions": {"hf_regional": "0.1.0"}}
    sources = {str(task): source(own["item"].tolist()) for task, own in rows.groupby("task")}
    return Evaluation(scores, rows, CardFacts(), about, Album(sources=sources))


def source(items: list[str]) -> Source:
    """A picture of each item, drawn when it is asked for."""
    return Source({item: place for place, item in enumerate(items)}, Shown(len(items), lambda place: (plate(items[place]),)))


def plate(item: str) -> Image.Image:
    """A plate with something on it."""
    draw = random.Random(item)
    ground, rim, food = (
        tuple(int(255 * part) for part in colorsys.hsv_to_rgb(draw.random(), s, v)) for s, v in ((0.3, 0.75), (0.06, 0.97), (0.65, 0.8))
    )
    image = Image.new("RGB", (256, 256), ground)
    pen = ImageDraw.Draw(image)
    pen.ellipse((28, 28, 228, 228), fill=rim)
    for _ in range(draw.randint(5, 12)):
        x, y, r = draw.randint(75, 180), draw.randint(75, 180), draw.randint(12, 34)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(min(255, max(0, part + draw.randint(-40, 40))) for part in food))
    return image


def choice(frames: dict[float, pd.DataFrame]) -> Choice:
    """β chosen on every third item."""
    some = {
        beta: rows[rows.index % 3 == 0].assign(cluster=lambda one: one["cluster"].rank(method="dense").astype(int) - 1)
        for beta, rows in frames.items()
    }
    tasks = [KeptTask(task.name, task.metric, rows_of(some[0.0][some[0.0]["task"] == task.name])) for task in TASKS]
    return choose(some, Scorer(tasks, normalise="relative"), 0.434, Demand(0.96), facts=CardFacts(), region=SEA)


def ratings() -> RatingSummary:
    """Three raters, forty items."""
    draw, models = random.Random(0), ("global-vlm-8b", "SEA-global-vlm-8b (25%)")
    rows = [
        (f"th-{rater}", f"i{item}", "th", "THA", model, place, criterion, float(min(3, max(1, round(draw.gauss(1.9 + 0.35 * place, 0.7))))))
        for item in range(40) for rater in range(3) for place, model in enumerate(models) for criterion in ("relevance", "correctness")
    ]  # fmt: skip
    counts = {"rated": len(rows), "cannot_judge": 4, "not_rated": 0, "changed": 0, "cut_short": 0, "refused": 0}
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return summarise_ratings(Ratings(table, ("relevance", "correctness"), models, Key("made-up", 1, 1.0, models, {}), (), counts))


if __name__ == "__main__":
    main(sys.argv[1])
