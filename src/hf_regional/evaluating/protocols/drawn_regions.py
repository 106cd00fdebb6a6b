"""Drawn regions: real pictures of objects and places in; how real and how varied drawn ones of the same objects and places are, out.

"{object} in {country}" is drawn for every object and country that has real pictures, and the drawn pictures are held against the real
ones of their region, as DIG-In does (Hall et al., arXiv 2308.06198): precision says how real they are, coverage how varied, the lowest
tenth of CLIPScores how well they keep to the object. DIG-In measures in the 2,048 features of InceptionV3; the encoder named here is
another space, and its name goes with every score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from datasets import Dataset

from hf_regional import records
from hf_regional.encoding import ImageSource, load_encoder
from hf_regional.errors import MissingColumnError, NoRowsError
from hf_regional.evaluating.asked import Asked
from hf_regional.evaluating.drawing import brush_of, brush_used, cell, check_count, draw, name_of
from hf_regional.evaluating.protocols.asking import check_template
from hf_regional.evaluating.subjects import Subject
from hf_regional.evaluating.task import Outcome, TaskRows
from hf_regional.generating import Brush
from hf_regional.metrics import clip_score, prdc_by_region, real_neighbourhoods, vendi_score
from hf_regional.regions import country_name

PROMPT: Final = "{object} in {country}"
_LOWEST: Final = 10  # percentile of the CLIPScores that DIG-In calls consistency


@dataclass(frozen=True, slots=True)
class DrawnRegionsTask:
    """Pictures to draw, and the real ones they are held against. Build one with `build_drawn_regions_task`.

    Attributes:
        prompts: (n) what to draw, one a picture.
        seeds: (n) of each.
        places: (n) the region of each, in whose real pictures it must lie.
        objects: (n) what each shows.
        real: (m) real pictures, at most so many an object and region.
        real_places: (m) their regions.
        real_objects: (m) what they show.
        encoder: whose features are compared.
        by_object: hold a picture against real ones of its object alone.
        k: neighbours.
        brush: how to draw; null is the subject's own.
    """

    name: str
    prompts: Sequence[str]
    seeds: Sequence[int]
    places: np.ndarray
    objects: np.ndarray
    real: Sequence[ImageSource]
    real_places: np.ndarray
    real_objects: np.ndarray
    encoder: str
    rows: TaskRows
    counts: dict[str, int]
    by_object: bool = False
    k: int = 3
    brush: Brush | None = None

    @property
    def metric(self) -> str:
        """Precision, with whose features."""
        return f"precision by {name_of(self.encoder)}"

    def chance(self, metric: str) -> np.ndarray:
        """(n,) zeros."""
        return np.zeros(len(self.prompts))

    def measure(self, model: Any) -> Outcome:
        """Precision of every picture, 1 where it lies in a real one's neighbourhood; `clip_score`, its cosine with its prompt."""
        files = draw(self.name, model, self.prompts, self.seeds, self.brush)
        encoder = load_encoder(self.encoder, device=model.device)
        drawn, real = encoder.encode_images([cell(file) for file in files]), encoder.encode_images(self.real)
        fit = clip_score(drawn, encoder.encode_texts(self.prompts), encoder=self.encoder, scale=1.0).values
        within = np.zeros(len(files))
        for mine, theirs in self._groups():
            within[mine] = real_neighbourhoods(real[theirs], drawn[mine], k=self.k) > 0
        return Outcome(
            {self.metric: within, "clip_score": fit},
            {"picture": [str(file) for file in files], "prompt": [*self.prompts]},
            self._extras(model, drawn, real, fit),
        )

    def _groups(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Which drawn pictures are held against which real ones."""
        drawn, real = self._labels(self.places, self.objects), self._labels(self.real_places, self.real_objects)
        return [(np.flatnonzero(drawn == label), np.flatnonzero(real == label)) for label in dict.fromkeys(drawn.tolist())]

    def _labels(self, places: np.ndarray, objects: np.ndarray) -> np.ndarray:
        return np.array([f"{place}\n{shown}" for place, shown in zip(places, objects, strict=True)], object) if self.by_object else places

    def _extras(self, model: Subject, drawn: np.ndarray, real: np.ndarray, fit: np.ndarray) -> dict[str, Any]:
        found = prdc_by_region(
            real, drawn, self.real_places.tolist(), self.places.tolist(), k=self.k, small="leave_out",
            real_objects=self.real_objects.tolist() if self.by_object else None,
            generated_objects=self.objects.tolist() if self.by_object else None,
        )  # fmt: skip
        regions = sorted(set(self.places.tolist()))
        lowest = pd.Series(fit).groupby([self.places, self.objects]).quantile(_LOWEST / 100)
        return {
            "encoder": name_of(self.encoder),
            "by_region": {region: one.as_dict() for region, one in found.by_region.items()},
            "disparity": found.disparity,
            "left_out": {" / ".join(key): why for key, why in found.left_out.items()},
            "consistency": {region: float(lowest[region].mean()) for region in regions},
            "vendi": {region: vendi_score(drawn[self.places == region].astype(np.float64)) for region in regions},
            "vendi_real": {region: vendi_score(real[self.real_places == region].astype(np.float64)) for region in regions},
            "brush": brush_used(model, self.brush),
        }


def build_drawn_regions_task(
    name: str,
    asked: Asked,
    data: Dataset,
    *,
    encoder: str,
    prompt: str = PROMPT,
    within: str = records.COUNTRY,
    by_object: bool = False,
    pictures: int = 4,
    real: int = 180,
    k: int = 3,
    seed: int = 42,
    brush: Mapping[str, Any] | None = None,
) -> DrawnRegionsTask:
    """Make the task of rows of real pictures, whose topic is what they show.

    Args:
        name: of the task.
        asked: the real pictures, see `ask`; a country that has one of an object is a prompt of that object.
        data: where they were chosen from; not read here.
        encoder: a folder or Hub id of a model with two towers.
        prompt: with {object}, and {country} or {region}.
        within: the column of the region whose real pictures count: the country, or a region of several.
        by_object: hold pictures against real ones of the same object, not of all of the region.
        pictures: drawn of a prompt, from the seeds 0, 1, ...
        real: at most so many real pictures of an object in a region, drawn by the seed (180 of each, with seed 42, in DIG-In).
        k: neighbours.
        seed: by which real pictures are drawn.
        brush: fields of a `Brush`; null leaves it to the subject.

    Raises:
        MissingColumnError: there is no column of that region. NoRowsError: no region has more than k real pictures and prompts for as
            many drawn ones. ConfigError, OutOfRangeError: the template, the brush or a number.
    """
    if within not in asked.table:
        raise MissingColumnError(f"task {name!r}: the rows have no column {within!r} to compare within.", frozenset({within}))
    check_template(prompt, ["object"], name, optional=("country", "region"))
    for what, value in (("pictures", pictures), ("real", real), ("k", k)):
        check_count(name, what, value)
    table = asked.table.assign(place=asked.table[within], shown=asked.table[records.TOPIC], row=range(len(asked.table)))
    counts, whole = dict(asked.counts), table.dropna(subset=["place", "shown", records.COUNTRY])
    _count(counts, len(table) - len(whole), "real pictures without an object, a country or a region")
    sample = whole.sample(frac=1, random_state=seed).groupby(["place", "shown"], sort=False).head(real).sort_values("row")
    group = ["place", "shown"] if by_object else ["place"]
    prompts = whole.drop_duplicates(["shown", records.COUNTRY, "place"])
    fits = prompts[group].merge(_enough(sample, prompts, group, pictures, k), on=group, how="left")["enough"].to_numpy(bool)
    _count(counts, int((~fits).sum()) * pictures, f"pictures to draw of regions where real or drawn ones are {k} or fewer")
    prompts = prompts[fits].reset_index(drop=True)
    if prompts.empty:
        raise NoRowsError(f"task {name!r}: nowhere are there more than {k} real and {k} drawn pictures: {counts}. Lower k, or draw more.")
    chosen = sample.merge(prompts[group].drop_duplicates(), on=group)
    repeated = prompts.loc[prompts.index.repeat(pictures)]
    return DrawnRegionsTask(
        name,
        [_prompt(prompt, *one) for one in zip(repeated["shown"], repeated[records.COUNTRY], repeated["place"], strict=True)],
        [*range(pictures)] * len(prompts),
        repeated["place"].to_numpy(str),
        repeated["shown"].to_numpy(str),
        asked.pictures.take(chosen["row"].to_numpy()),
        chosen["place"].to_numpy(str),
        chosen["shown"].to_numpy(str),
        str(encoder),
        _rows(asked.rows, repeated["row"].to_numpy(), pictures),
        counts,
        by_object,
        k,
        brush_of(brush),
    )


def _prompt(template: str, shown: str, country: str, place: str) -> str:
    return template.format(object=shown, country=country_name(country), region=place)


def _enough(sample: pd.DataFrame, prompts: pd.DataFrame, group: list[str], pictures: int, k: int) -> pd.DataFrame:
    """Of which groups there are more than k pictures, real and to be drawn."""
    real, drawn = sample.groupby(group).size(), prompts.groupby(group).size() * pictures
    return ((real > k) & (drawn > k)).rename("enough").reset_index()


def _rows(rows: TaskRows, chosen: np.ndarray, pictures: int) -> TaskRows:
    """A row a drawn picture, of the group, side and slices of a real one of its prompt; pictures of one prompt share a cluster."""
    clusters = np.arange(len(chosen)) // pictures
    slices = {label: values[chosen] for label, values in rows.slices.items()}
    return replace(
        rows, groups=rows.groups[chosen], clusters=clusters, sides=rows.sides[chosen], chance=np.zeros(len(chosen)),
        n_clusters=len(chosen) // pictures, slices=slices,
    )  # fmt: skip


def _count(counts: dict[str, int], number: int, reason: str) -> None:
    if number:
        counts[reason] = counts.get(reason, 0) + number
