"""Classification: pictures and a list of labels in; whether a model finds a right label of each, by row, out. No example is shown.

An embedding model is asked as CLIP was: the label whose sentences, averaged over the templates, lie nearest to the picture ("match",
arXiv:2103.00020, §3.1.4). A vision-language model is given the list and names one ("generate"), or says how likely each is ("weigh").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from datasets import Dataset

from hf_regional import records
from hf_regional.encoding import ImageSource
from hf_regional.errors import ConfigError, MissingColumnError
from hf_regional.evaluating.asked import Asked
from hf_regional.evaluating.parsing import read_name
from hf_regional.evaluating.protocols.asking import Way, check_template, read_all, way_to_ask
from hf_regional.evaluating.protocols.labels import find_labels
from hf_regional.evaluating.subjects import Subject
from hf_regional.evaluating.task import Encodes, Outcome, TaskRows
from hf_regional.generating import Prompt
from hf_regional.metrics import Relevant, best_ranks, chance_recall_at, recall_at

TEMPLATES: Final = {"en": ("a photo of a {label}.",)}
PROMPT: Final = "What does the picture show? Choose one of these: {labels}. Answer with its name alone."
PLACES: Final = {"accuracy": 1, "top-5": 5}  # metric -> among how many first labels a right one must be


@dataclass(frozen=True, slots=True)
class ClassificationTask:
    """Pictures with their labels. Build one with `build_classification_task`.

    Attributes:
        pictures: (n) what is classified.
        names: (l) the words of the labels.
        right: the right labels of each picture, one or more.
        way: how to ask; null is "match" for embedding models and "generate" for those that answer in words.
        templates: sentences with {label}.
        prompt: with {labels}, their names between commas.
    """

    name: str
    pictures: Sequence[ImageSource]
    names: Sequence[str]
    right: Relevant
    rows: TaskRows
    counts: dict[str, int]
    way: Way | None = None
    templates: Sequence[str] = TEMPLATES["en"]
    prompt: str = PROMPT
    metric: str = "accuracy"

    def chance(self, metric: str) -> np.ndarray:
        """(n,) the share of random orders of the labels in which a right one comes first, or among the first five."""
        if metric not in PLACES:
            return np.zeros(len(self.right))
        return chance_recall_at(len(self.names), self.right.counts, min(PLACES[metric], len(self.names)))

    def measure(self, model: Any) -> Outcome:
        """`accuracy` (a right label comes first) and, of models that rank all labels, `top-5`; ties count against the model.

        Of models that write, `unparsed` and `unanswered`: 1 where that is why accuracy is 0.
        """
        match way_to_ask(model, self.way, self.name):
            case "match":
                return self._ranked(model.encode_images(self.pictures) @ self.label_features(model).T)
            case "weigh":
                return self._ranked(self._weights(model))
            case "generate":
                return self._generated(model)

    def label_features(self, model: Encodes) -> np.ndarray:
        """(l, d) float32 of unit norm: the mean over the templates of each label's features."""
        texts = [template.format(label=name) for name in self.names for template in self.templates]
        features = model.encode_texts(texts)
        means = features.reshape(len(self.names), len(self.templates), -1).mean(axis=1)
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def _ranked(self, similarity: np.ndarray) -> Outcome:
        ranks = best_ranks(similarity, self.right)
        found = {metric: recall_at(ranks, places) for metric, places in PLACES.items()}
        return Outcome(found, {"answer": [self.names[place] for place in similarity.argmax(axis=1)]})

    def _weights(self, model: Subject) -> np.ndarray:
        """(n, l) log-likelihood a UTF-8 byte: sums favour short names."""
        lengths = np.array([len(name.encode()) for name in self.names])
        asked = self._asked()
        return np.stack([model.weigher.weigh(Prompt(asked, [picture]), self.names) / lengths for picture in self.pictures])

    def _generated(self, model: Subject) -> Outcome:
        if self.metric != "accuracy":
            raise ConfigError(f"task {self.name!r}: one label that is written has no {self.metric}; ask with way='weigh'.", "way")
        asked = self._asked()
        read = read_all(model, [Prompt(asked, [picture]) for picture in self.pictures], lambda text, _: read_name(text, self.names))
        starts = self.right.starts
        found = [value in self.right.items[starts[row] : starts[row + 1]] for row, value in enumerate(read.values)]
        return read.outcome({"accuracy": np.array(found, float)})

    def _asked(self) -> str:
        return self.prompt.format(labels=", ".join(self.names))


def build_classification_task(
    name: str,
    asked: Asked,
    data: Dataset,
    *,
    label: str = records.TOPIC,
    labels: Sequence[str] = (),
    language: str = "en",
    templates: Mapping[str, Sequence[str]] = TEMPLATES,
    names: Mapping[str, Mapping[str, str]] | None = None,
    way: Way | None = None,
    prompt: str = PROMPT,
    metric: str = "accuracy",
) -> ClassificationTask:
    """Make the task of rows with a column of labels.

    Args:
        name: of the task.
        asked: the rows, see `ask`.
        data: where they were chosen from; every eligible row's labels are choices.
        label: the column, of one label or of a list of them.
        labels: those that take part; null is all of them.
        language: in which labels are shown, a key of `templates`.
        templates: language -> sentences with {label}.
        names: language -> label -> its words.
        way: how to ask.
        prompt: for models that answer in words, with {labels}.
        metric: the one that counts, "accuracy" or "top-5".

    Raises:
        MissingColumnError: no such column.
        ConfigError: a language without templates, a template without its field, or a metric or label that there is not.
        NoRowsError: no row has a label.
    """
    if label not in data.column_names:
        raise MissingColumnError(f"task {name!r}: the rows lack {label}; there are: {', '.join(data.column_names)}.", frozenset([label]))
    if metric not in PLACES:
        raise ConfigError(f"task {name!r} has no metric {metric!r}; it has: {', '.join(PLACES)}.", "settings")
    if language not in templates or not templates[language]:
        raise ConfigError(f"task {name!r} has no templates in {language!r}; it has: {', '.join(templates)}.", "settings")
    for template in templates[language]:
        check_template(template, ("label",), name)
    check_template(prompt, ("labels",), name)
    known = find_labels(data.select_columns([label])[asked.eligible][label], labels, (names or {}).get(language, {}), name)
    right = known.right(asked.table[label].tolist())
    labelled = np.array([len(some) > 0 for some in right])
    chosen = asked.take(labelled, {"rows without a label": int((~labelled).sum())})
    task = ClassificationTask(
        name, chosen.pictures, known.names, Relevant.of([some for some in right if len(some)]), chosen.rows, chosen.counts,
        way, tuple(templates[language]), prompt, metric,
    )  # fmt: skip
    chosen.rows.chance[:] = task.chance(metric)
    return task
