"""`evaluate_model`: one model over tasks; every row's score kept, so that any slice can be looked at later without asking again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hf_regional.cards import CardFacts
from hf_regional.durable import atomic_folder
from hf_regional.encoding import TwoTowerEncoder
from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError
from hf_regional.evaluating.albums import Album, Source, load_album, worth_keeping
from hf_regional.evaluating.catalogue import load_task
from hf_regional.evaluating.items import item_names, items_of
from hf_regional.evaluating.slices import Resampler
from hf_regional.evaluating.subjects import Subject, open_subject
from hf_regional.evaluating.task import SIDES, Outcome, Side, Task, TaskRows
from hf_regional.protocols import HasPath
from hf_regional.regions import Region
from hf_regional.version import __version__

_ROWS, _HEAD = "rows.parquet", "evaluation.json"
_OWN: Final = ("task", "group", "side", "cluster", "chance")
_SLICE: Final = "by:"  # before the names of slices, among the columns of the rows
_PACKAGES: Final = ("torch", "transformers", "datasets", "numpy")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of a model.

    Attributes:
        scores: task -> {"metric", "chance", "global", "regional", "by": {slice: {label: estimate}}, "left_out", "extras"}; estimates are
            {value, low, high, n} in [0, 1]. A task with rows on one side has that side only.
        rows: one row a question and task: task, item (its name, see `items.item_names`), question, right (the answer), group, side,
            cluster, chance, every metric, every slice ("by:country") and what was answered ("answer").
        facts: the same scores, ready for a card.
        about: how it was measured: model, resamples, seed, versions, and what the caller told; JSON-able.
        album: the pictures of the items.
    """

    scores: dict[str, dict[str, Any]]
    rows: pd.DataFrame
    facts: CardFacts = field(default_factory=CardFacts)
    about: Mapping[str, Any] = field(default_factory=dict)
    album: Album = field(default_factory=Album, compare=False)

    def sliced(self, by: Sequence[str], *, resamples: int = 2000, seed: int = 0) -> "Evaluation":
        """The same rows under other slices; the model is not asked again.

        Raises:
            ConfigError: no task has such a slice; the message says which there are.
        """
        metrics = {name: entry["metric"] for name, entry in self.scores.items()}
        kept = {name: {key: entry[key] for key in ("left_out", "extras") if key in entry} for name, entry in self.scores.items()}
        scores = score_rows(self.rows, metrics, by=by, resamples=resamples, seed=seed)
        about = {**self.about, "resamples": resamples, "seed": seed}
        return replace(self, scores={name: entry | kept[name] for name, entry in scores.items()}, about=about)

    def among(self, slices: Sequence[str]) -> tuple[str, ...]:
        """Those of the slices that the rows have."""
        return tuple(name for name in slices if f"{_SLICE}{name}" in self.rows)

    def save(self, folder: Path) -> Path:
        """Write it down, to be read by `load_evaluation`, with thumbnails of the items that a report may show; the folder."""
        with atomic_folder(folder) as partial:
            self.rows.to_parquet(partial / _ROWS, index=False)
            self.album.save(partial, worth_keeping(self.rows))
            head = {"scores": self.scores, "about": self.about}
            (partial / _HEAD).write_text(json.dumps(head, ensure_ascii=False, indent=1), encoding="utf-8")
        return folder


def is_evaluation(folder: Path) -> bool:
    """Whether `Evaluation.save` wrote this folder."""
    return (folder / _HEAD).is_file()


def load_evaluation(folder: Path) -> Evaluation:
    """Read what `Evaluation.save` wrote.

    Raises:
        MissingFileError: there is none in the folder. DamagedFileError: it cannot be read.
    """
    head = Path(folder) / _HEAD
    if not head.is_file():
        raise MissingFileError(f"{folder} holds no {_HEAD}: it is no folder of an evaluation.")
    try:
        told = json.loads(head.read_text(encoding="utf-8"))
        scores, about = told["scores"], told.get("about", {})
        rows = pd.read_parquet(Path(folder) / _ROWS)
    except (ValueError, KeyError, OSError) as error:
        raise DamagedFileError(
            f"{folder} cannot be read as an evaluation: {error}. Evaluate again; answers that are kept cost nothing."
        ) from error
    return Evaluation(scores, rows, CardFacts().with_step("scores", tasks=scores), about, load_album(Path(folder)))


def measure_rows(model: Any, tasks: Sequence[Task]) -> pd.DataFrame:
    """Every row of every task with its scores, float64 in [0, 1], its slices and what was answered; see `Evaluation.rows`."""
    return pd.concat([frame for frame, _ in (_measured(model, task) for task in tasks)], ignore_index=True)


def evaluate_model(
    model: "str | Path | HasPath | TwoTowerEncoder | Subject",
    tasks: "Sequence[Task | str]",
    *,
    by: Sequence[str] = ("country",),
    region: Region | str | None = None,
    resamples: int = 2000,
    seed: int = 0,
    device: str | None = None,
    dtype: str | None = None,
    batch_size: int | None = None,
    answers: Path | None = None,
    about: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Score a model on tasks, for the world, for the region, and by group.

    Args:
        model: a folder, a Hub id, a record with a `path`, a server's address, a loaded encoder, or a `Subject`.
        tasks: what to measure: tasks, or names for `load_task`, which are then loaded for `region`.
        by: what to slice by, among the slices that the tasks' rows carry ("language", "country", "topic"); one that only some tasks
            have is looked at there.
        region: for tasks that are given by name.
        resamples: of the bootstrap, clustered by picture.
        seed: of the bootstrap.
        device: as torch names it.
        dtype: "float32", "bfloat16", ...
        batch_size: items a forward pass.
        answers: folder where answers are kept; null is that of `KeptAnswers`.
        about: what a report shall tell of how this was measured, besides model, region, resamples, seed and versions: the part, a limit.

    Raises:
        ConfigError: no task, a slice that none has, or a task that asks for what the model does not give.
    """
    if not tasks:
        raise ConfigError("evaluate_model needs at least one task.", "tasks")
    loaded: list[Task] = [load_task(task, region=region) if isinstance(task, str) else task for task in tasks]
    _require_known({name for task in loaded for name in task.rows.slices}, by)
    subject = open_subject(model, device=device, dtype=dtype, batch_size=batch_size, answers=answers)
    measured = [_measured(subject, task) for task in loaded]
    described = [_described(task) for task in loaded]
    rows = pd.concat([frame.assign(**told) for (frame, _), (told, _) in zip(measured, described, strict=True)], ignore_index=True)
    scores = score_rows(rows, {task.name: task.metric for task in loaded}, by=by, resamples=resamples, seed=seed)
    for task, (_, outcome) in zip(loaded, measured, strict=True):
        scores[task.name] |= {"left_out": dict(task.counts), "extras": dict(outcome.extras)}
    album = Album(sources={task.name: source for task, (_, source) in zip(loaded, described, strict=True)})
    told = {"model": _name_of(subject), "region": region.name if isinstance(region, Region) else region, "resamples": resamples}
    told |= {
        "seed": seed,
        "versions": {"hf_regional": __version__, **{package: version(package) for package in _PACKAGES}},
        **(about or {}),
    }
    return Evaluation(scores, rows, CardFacts().with_step("scores", tasks=scores), told, album)


def score_rows(
    rows: pd.DataFrame, metrics: Mapping[str, str], *, by: Sequence[str] = (), resamples: int = 2000, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Estimates from measured rows: task -> metric, chance, sides and slices; see `Evaluation.scores`.

    Args:
        rows: see `Evaluation.rows`.
        metrics: task -> the metric that counts.
        by: slices.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """
    require_slices(rows, by)
    found: dict[str, dict[str, Any]] = {}
    for name, metric in metrics.items():
        frame = rows[rows["task"] == name]
        asked = rows_of(frame)
        values, resampler = frame[metric].to_numpy(), Resampler(asked, resamples=resamples, seed=seed)
        sides: list[Side] = [side for side in SIDES if len(asked.of(side))]
        found[name] = {
            "metric": metric,
            "chance": {side: resampler.point(asked.chance, side) for side in sides},
            **{side: resampler.estimate(values, side).as_dict() for side in sides},
            "by": {each: resampler.by_slice(values, each) for each in by if each in asked.slices},
        }
    return found


def _measured(model: Any, task: Task) -> tuple[pd.DataFrame, Outcome]:
    outcome = task.measure(model)
    outcome = outcome if isinstance(outcome, Outcome) else Outcome(outcome)
    own = (task.name, task.rows.groups, task.rows.sides, task.rows.clusters, task.rows.chance)
    slices = {f"{_SLICE}{name}": labels for name, labels in task.rows.slices.items()}
    return pd.DataFrame({**dict(zip(_OWN, own, strict=True)), **outcome.scores, **slices, **outcome.details}), outcome


def _described(task: Task) -> tuple[dict[str, Sequence[str]], Source]:
    """The columns that tell what was asked, and where the pictures are."""
    items = items_of(task)
    names = item_names(items, task.rows.groups.tolist())
    return {"item": names, "question": items.texts, "right": items.right}, Source(
        {name: row for row, name in enumerate(names)}, items.pictures
    )


def _name_of(subject: Any) -> str:
    return subject.name if isinstance(subject, Subject) else type(subject).__name__


def rows_of(frame: pd.DataFrame) -> TaskRows:
    """A task's rows, for a resampler, from the table of its measured rows."""
    clusters = frame["cluster"].to_numpy(np.int64)
    slices = {
        str(column).removeprefix(_SLICE): frame[column].to_numpy(object) for column in frame.columns if str(column).startswith(_SLICE)
    }
    return TaskRows(
        frame["group"].to_numpy(str), clusters, frame["side"].to_numpy(str), frame["chance"].to_numpy(float), int(clusters.max()) + 1,
        {name: labels for name, labels in slices.items() if pd.notna(labels).any()},
    )  # fmt: skip


def require_slices(rows: pd.DataFrame, by: Sequence[str]) -> None:
    """See to it that measured rows have these slices.

    Raises:
        ConfigError: none has; the message says which there are.
    """
    _require_known({column.removeprefix(_SLICE) for column in map(str, rows.columns) if column.startswith(_SLICE)}, by)


def _require_known(known: set[str], by: Sequence[str]) -> None:
    if unknown := set(by) - known:
        there = ", ".join(sorted(known)) or "none"
        raise ConfigError(f"the tasks cannot be sliced by {', '.join(sorted(unknown))}; their slices: {there}.", "by")
