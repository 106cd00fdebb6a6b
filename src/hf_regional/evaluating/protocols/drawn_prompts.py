"""Drawn prompts: prompts by aspect and place in; how well the drawn pictures fit, by a named encoder, and the pictures for people, out.

An encoder's score is no judgement of culture: CUBE (arXiv 2407.06863) and SEA-VL (arXiv 2503.07920) ask people. With `pictures_to` the
pictures are handed over under names that `read_drawn` gives back as what `write_rating_sheet` takes.
"""

import csv
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from datasets import Dataset

from hf_regional import records
from hf_regional.durable import atomic_folder, require_new
from hf_regional.encoding import load_encoder
from hf_regional.errors import BadRowError, MismatchedScoresError, MissingColumnError, MissingFileError
from hf_regional.evaluating.asked import Asked
from hf_regional.evaluating.drawing import brush_of, brush_used, cell, check_count, draw, name_of
from hf_regional.evaluating.protocols.asking import check_template
from hf_regional.evaluating.subjects import Subject, require_kind
from hf_regional.evaluating.task import Outcome, TaskRows
from hf_regional.generating import Brush
from hf_regional.metrics import clip_score, vendi_score

_TABLE: Final = "pictures.csv"
_COLUMNS: Final = ("model", "id", "language", "country", "aspect", "prompt", "seed", "picture")


@dataclass(frozen=True, slots=True)
class DrawnPromptsTask:
    """Prompts to draw. Build one with `build_drawn_prompts_task`.

    Attributes:
        prompts: (n) what to draw.
        ids: (n) of the prompts.
        languages, countries, aspects: (n) of the prompts; null where a row has none.
        seeds: one a picture, the same for every prompt.
        encoder: whose cosines are the score.
        brush: how to draw; null is the subject's own.
        pictures_to: where pictures are handed over, a folder a model; null hands none over.
    """

    name: str
    prompts: Sequence[str]
    ids: Sequence[str]
    languages: Sequence[str | None]
    countries: Sequence[str | None]
    aspects: Sequence[str | None]
    seeds: Sequence[int]
    encoder: str
    rows: TaskRows
    counts: dict[str, int]
    brush: Brush | None = None
    pictures_to: Path | None = None

    @property
    def metric(self) -> str:
        """CLIPScore, with whose features."""
        return f"clip_score by {name_of(self.encoder)}"

    def chance(self, metric: str) -> np.ndarray:
        """(n,) zeros: what a picture of something else scores depends on the encoder."""
        return np.zeros(len(self.prompts))

    def measure(self, model: Any) -> Outcome:
        """The mean over a prompt's pictures of max(cos(picture, prompt), 0), in [0, 1].

        Raises:
            OutputExistsError: `pictures_to` has pictures of a model of that name.
        """
        each = len(self.seeds)
        if self.pictures_to:
            require_new(self._folder(model))
        repeated = [prompt for prompt in self.prompts for _ in self.seeds]
        files = draw(self.name, model, repeated, [*self.seeds] * len(self.prompts), self.brush)
        encoder = load_encoder(self.encoder, device=model.device)
        drawn, texts = encoder.encode_images([cell(file) for file in files]), encoder.encode_texts(self.prompts)
        fit = clip_score(drawn, texts.repeat(each, axis=0), encoder=self.encoder, scale=1.0).values.reshape(-1, each)
        pictures = [[str(file) for file in files[row * each : (row + 1) * each]] for row in range(len(self.prompts))]
        extras: dict[str, Any] = {
            "encoder": name_of(self.encoder), "by_aspect": _by_label(self.aspects, fit),
            "vendi": self._vendi(drawn.reshape(-1, each, drawn.shape[1])), "seeds": [*self.seeds], "brush": brush_used(model, self.brush),
        }  # fmt: skip
        if self.pictures_to:
            extras["pictures_to"] = str(self._hand_over(model, files))
        return Outcome({self.metric: fit.mean(axis=1)}, {"pictures": pictures, "prompt": [*self.prompts]}, extras)

    def _vendi(self, drawn: np.ndarray) -> dict[str, float]:
        """How many pictures of a country differ, in effect."""
        by = {country: [row for row, one in enumerate(self.countries) if one == country] for country in self.countries if country}
        return {country: vendi_score(drawn[rows].reshape(-1, drawn.shape[2]).astype(np.float64)) for country, rows in sorted(by.items())}

    def _folder(self, model: Subject) -> Path:
        require_kind(model, ("text-to-image",), self.name)
        return (self.pictures_to or Path()) / model.name.replace("/", "--")

    def _hand_over(self, model: Subject, files: Sequence[Path]) -> Path:
        folder, each = self._folder(model), len(self.seeds)
        with atomic_folder(folder) as partial, (partial / _TABLE).open("w", encoding="utf-8", newline="") as opened:
            table = csv.writer(opened)
            table.writerow(_COLUMNS)
            for place, file in enumerate(files):
                row, seed, name = place // each, self.seeds[place % each], f"{place:06}.png"
                shutil.copyfile(file, partial / name)
                own = (self.ids[row], self.languages[row], self.countries[row], self.aspects[row], self.prompts[row])
                table.writerow((model.name, *own, seed, name))
        return folder


def build_drawn_prompts_task(
    name: str,
    asked: Asked,
    data: Dataset,
    *,
    encoder: str,
    pictures: int = 1,
    seed: int = 0,
    brush: Mapping[str, Any] | None = None,
    templates: Mapping[str, str] | None = None,
    pictures_to: str | Path | None = None,
) -> DrawnPromptsTask:
    """Make the task of rows whose text is a prompt, or the name of what a template of its topic asks for.

    Args:
        name: of the task.
        asked: the rows, see `ask`; their topic is the aspect.
        data: where they were chosen from; not read here.
        encoder: a folder or Hub id of a model with two towers.
        pictures: drawn of a prompt.
        seed: of the first picture; the others count on from it.
        brush: fields of a `Brush`; null leaves it to the subject.
        templates: aspect -> a text with {name}, for rows whose text is a name; rows of other aspects are prompts as they are.
        pictures_to: folder for pictures that people are to rate, one below it a model, see `read_drawn`.

    Raises:
        MissingColumnError: the rows have no text. BadRowError: a row without one.
        ConfigError, OutOfRangeError: a template, the brush or the number of pictures.
    """
    if records.TEXT not in asked.table:
        raise MissingColumnError(f"task {name!r}: the rows have no text to draw.", frozenset({records.TEXT}))
    check_count(name, "pictures", pictures)
    for template in (templates or {}).values():
        check_template(template, ["name"], name)
    columns = {column: _column(asked, column) for column in (records.TEXT, records.LANGUAGE, records.COUNTRY, records.TOPIC)}
    for identifier, text in zip(asked.table[records.ID], columns[records.TEXT], strict=True):
        if not (text or "").strip():
            raise BadRowError(f"row {identifier}: there is no prompt. Give one, or leave the row out.")
    prompts = [
        (templates or {}).get(aspect or "", "{name}").format(name=text or "")
        for text, aspect in zip(columns[records.TEXT], columns[records.TOPIC], strict=True)
    ]
    return DrawnPromptsTask(
        name, prompts, [str(one) for one in asked.table[records.ID]], columns[records.LANGUAGE], columns[records.COUNTRY],
        columns[records.TOPIC], range(seed, seed + pictures), str(encoder), asked.rows, asked.counts, brush_of(brush),
        None if pictures_to is None else Path(pictures_to).expanduser(),
    )  # fmt: skip


def read_drawn(folder: Path) -> tuple[list[dict[str, Any]], dict[str, dict[str, Path]]]:
    """Read what `pictures_to` has of all models.

    Args:
        folder: the one that was given as `pictures_to`.

    Returns:
        The items, one a prompt and seed, as fields of a `RatedItem` (id, language, country, prompt); and model -> item's id -> picture.

    Raises:
        MissingFileError: nothing was handed over there. MismatchedScoresError: models drew unlike prompts or seeds.
    """
    tables = sorted(Path(folder).glob(f"*/{_TABLE}"))
    if not tables:
        raise MissingFileError(f"{folder} holds no */{_TABLE}: no task has handed pictures over there (setting pictures_to).")
    items: dict[str, dict[str, Any]] = {}
    outputs: dict[str, dict[str, Path]] = {}
    for table in tables:
        with table.open(encoding="utf-8", newline="") as opened:
            for row in csv.DictReader(opened):
                key = f"{row['id']}-{row['seed']}"
                items[key] = {"id": key, "language": row["language"] or "en", "country": row["country"] or None, "prompt": row["prompt"]}
                outputs.setdefault(row["model"], {})[key] = table.parent / row["picture"]
    for model, pictures in outputs.items():
        if missing := frozenset(items) - frozenset(pictures):
            raise MismatchedScoresError(
                f"{model} lacks {len(missing)} pictures that others have, {min(missing)} first. Draw the same prompts with all models.",
                missing=missing,
            )
    return [*items.values()], outputs


def _column(asked: Asked, column: str) -> list[str | None]:
    there = asked.table[column] if column in asked.table else [None] * len(asked.table)
    return [one if isinstance(one, str) else None for one in there]


def _by_label(labels: Sequence[str | None], values: np.ndarray) -> dict[str, float]:
    named = sorted({label for label in labels if label})
    return {label: float(values[[place for place, one in enumerate(labels) if one == label]].mean()) for label in named}
