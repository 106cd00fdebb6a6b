"""Universals: pictures of things that all cultures know, each from a country, in; what a word for the thing brings up, by thing, out.

Relevance is the share of the first k that show it, diversity how evenly these spread over countries (GlobalRG, arXiv:2407.00263).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from datasets import Dataset

from hf_regional import records
from hf_regional.encoding import ImageSource
from hf_regional.errors import MissingColumnError, OutOfRangeError
from hf_regional.evaluating.asked import Asked
from hf_regional.evaluating.protocols.asking import check_template
from hf_regional.evaluating.subjects import require_kind
from hf_regional.evaluating.task import Encodes, Outcome, TaskRows
from hf_regional.metrics import cultural_diversity_at_k, nearest_items, relevance_at_k

TEMPLATE: Final = "a photo of {concept}"
_DRAWS: Final = 2000  # of a random ranking: diversity by chance has no short formula


@dataclass(frozen=True, slots=True)
class UniversalsTask:
    """Concepts asked of a gallery. Build one with `build_universals_task`.

    Attributes:
        gallery: (m) pictures.
        shown: (m) the concept of each.
        countries: (m) the country of each.
        concepts: (n) what is asked.
        k: how many of the nearest pictures count.
        template: with {concept}.
    """

    name: str
    gallery: Sequence[ImageSource]
    shown: Sequence[str]
    countries: Sequence[str]
    concepts: Sequence[str]
    rows: TaskRows
    counts: dict[str, int]
    k: int = 5
    template: str = TEMPLATE

    @property
    def metric(self) -> str:
        """The one that counts: relevance; random pictures are diverse."""
        return f"relevance@{self.k}"

    def chance(self, metric: str) -> np.ndarray:
        """(n,) what k pictures at random would score."""
        if metric == self.metric:
            shown = np.array(self.shown)
            return np.array([(shown == concept).mean() for concept in self.concepts])
        draw = np.random.default_rng(0)
        drawn = [draw.permutation(len(self.gallery))[: self.k].tolist() for _ in range(_DRAWS)]
        return np.full(len(self.concepts), self._diversity(drawn).mean())

    def measure(self, model: Encodes) -> Outcome:
        """`relevance@k` and `diversity@k` of every concept, and the countries that it brought up."""
        require_kind(model, ("embedding",), self.name)
        texts = model.encode_texts([self.template.format(concept=concept) for concept in self.concepts])
        _, places = nearest_items(texts, model.encode_images(self.gallery), self.k)
        nearest: list[list[int]] = places.tolist()
        relevance = relevance_at_k([[self.shown[place] for place in found] for found in nearest], self.concepts, self.k)
        brought = [", ".join(self.countries[place] for place in found) for found in nearest]
        return Outcome({self.metric: relevance, f"diversity@{self.k}": self._diversity(nearest)}, {"answer": brought})

    def _diversity(self, rankings: Sequence[Sequence[int]]) -> np.ndarray:
        found = [[self.countries[place] for place in ranking] for ranking in rankings]
        return cultural_diversity_at_k(found, self.k, n_countries=len(set(self.countries)))


def build_universals_task(
    name: str,
    asked: Asked,
    data: Dataset,
    *,
    k: int = 5,
    concept: str = records.TOPIC,
    country: str = records.COUNTRY,
    template: str = TEMPLATE,
) -> UniversalsTask:
    """Make the task of pictures with a concept and a country.

    A row of the task is a concept. It belongs to no region, so that all rows are the world's; the pictures that are asked for are the
    gallery, which in the parts "select" and "report" is another one.

    Args:
        name: of the task.
        asked: the pictures, see `ask`.
        data: where they were chosen from; not read here.
        k: how many of the nearest pictures count.
        concept: column of what a picture shows.
        country: column of where it is from.
        template: with {concept}.

    Raises:
        MissingColumnError: no such column. ConfigError: the template lacks its field.
        OutOfRangeError: k is below 1, or there are fewer pictures. NoRowsError: no picture has both.
    """
    check_template(template, ("concept",), name)
    if lacking := frozenset([concept, country]) - frozenset(asked.table.columns):
        there = ", ".join(map(str, asked.table.columns))
        raise MissingColumnError(f"task {name!r}: the rows lack {', '.join(sorted(lacking))}; there are: {there}.", lacking)
    both = (asked.table[concept].notna() & asked.table[country].notna()).to_numpy()
    first = ~asked.table.assign(cluster=asked.rows.clusters).duplicated("cluster").to_numpy()
    counts = {
        f"pictures without a {concept} or a {country}": int((~both).sum()),
        "pictures that stand twice": int((both & ~first).sum()),
    }
    chosen = asked.take(both & first, counts)
    if not 1 <= k <= len(chosen.places):
        raise OutOfRangeError(f"task {name!r}: k is {k} and there are {len(chosen.places)} pictures; give k from 1 to that.")
    shown, countries = chosen.table[concept].astype(str).tolist(), chosen.table[country].astype(str).tolist()
    concepts = sorted(set(shown))
    n = len(concepts)
    rows = TaskRows(np.full(n, "all"), np.arange(n), np.full(n, "global"), np.zeros(n), n, {records.TOPIC: np.array(concepts, object)})
    task = UniversalsTask(name, chosen.pictures, shown, countries, concepts, rows, chosen.counts, k, template)
    rows.chance[:] = task.chance(task.metric)
    return task
