"""Captions: pictures with what people wrote of them in; how good a model's own captions in the same language are, by picture, out.

Without a scorer by chrF, which compares letters. With one by RefCLIPScore and CLIPScore of that encoder, whose name the metric bears:
numbers of two encoders say nothing side by side, and those of another encoder than a benchmark's own are not the benchmark's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from datasets import Dataset

from hf_regional import records
from hf_regional.encoding import ImageSource, load_encoder
from hf_regional.evaluating.asked import Asked
from hf_regional.evaluating.parsing import folded
from hf_regional.evaluating.protocols.asking import by_language, read_all
from hf_regional.evaluating.subjects import Subject, require_kind
from hf_regional.evaluating.task import Encodes, Outcome, TaskRows
from hf_regional.generating import Prompt
from hf_regional.metrics import chrf, clip_score, ref_clip_score
from hf_regional.metrics.alignment import HESSEL
from hf_regional.regions import language_name

PROMPT: Final = "Describe the picture in one short sentence in {language}."


@dataclass(frozen=True, slots=True)
class CaptionsTask:
    """Pictures to describe. Build one with `build_captions_task`.

    Attributes:
        pictures: (n) what is described.
        prompts: (n) what is asked, whole.
        references: (n) what people wrote of each in that language.
        scorer: a folder or Hub id of an encoder; null scores by chrF.
    """

    name: str
    pictures: Sequence[ImageSource]
    prompts: Sequence[str]
    references: Sequence[Sequence[str]]
    rows: TaskRows
    counts: dict[str, int]
    scorer: str | None = None

    @property
    def metric(self) -> str:
        """The one that counts: "chrF", or "RefCLIPScore[encoder]"."""
        return f"RefCLIPScore[{self.scorer_name}]" if self.scorer else "chrF"

    @property
    def scorer_name(self) -> str:
        """What to call the encoder: its Hub id, or the last part of its folder."""
        return Path(self.scorer or "").name if Path(self.scorer or "").is_dir() else str(self.scorer)

    def chance(self, metric: str) -> np.ndarray:
        """(n,) 0: there is no caption by chance."""
        return np.zeros(len(self.prompts))

    def measure(self, model: Any) -> Outcome:
        """`chrF` in [0, 1] of every caption, and with a scorer `RefCLIPScore[...]` and `CLIPScore[...]`, whose cosines count 2.5 times.

        What was not written has 0, and is counted under `unparsed` (nothing but blanks and punctuation) or `unanswered`.
        """
        require_kind(model, ("vision-language",), self.name)
        prompts = [Prompt(text, [self.pictures[row]]) for row, text in enumerate(self.prompts)]
        read = read_all(model, prompts, lambda text, _: text if folded(text) else None)
        captions = [value or "" for value in read.values]
        letters = np.array([chrf(text, known) for text, known in zip(captions, self.references, strict=True)])
        by_scorer = self._aligned(captions, _scorer(self.scorer, model)) if self.scorer else {}
        return read.outcome({"chrF": letters, **by_scorer})

    def _aligned(self, captions: Sequence[str], encoder: Encodes) -> dict[str, np.ndarray]:
        found = {f"{metric}[{self.scorer_name}]": np.zeros(len(captions)) for metric in ("RefCLIPScore", "CLIPScore")}
        written = [row for row, text in enumerate(captions) if text]
        if not written:
            return found
        images = encoder.encode_images([self.pictures[row] for row in written])
        texts = encoder.encode_texts([captions[row] for row in written])
        known = encoder.encode_texts([text for row in written for text in self.references[row]])
        ends = np.cumsum([len(self.references[row]) for row in written])
        with_people = ref_clip_score(images, texts, np.split(known, ends[:-1]), encoder=self.scorer_name, scale=HESSEL)
        alone = clip_score(images, texts, encoder=self.scorer_name, scale=HESSEL)
        for values, one in zip(found.values(), (with_people, alone), strict=True):
            values[written] = one.values
        return found


def build_captions_task(
    name: str, asked: Asked, data: Dataset, *, scorer: str | None = None, prompt: str | Mapping[str, str] = PROMPT
) -> CaptionsTask:
    """Make the task of rows of the view `pairs`: one item for each picture and language, its texts the references.

    Args:
        name: of the task.
        asked: the rows, see `ask`.
        data: where they were chosen from: every eligible row of a picture and language is a reference.
        scorer: a folder or Hub id of an encoder, which should know the languages.
        prompt: one, or language -> prompt with "*" for the others; {language} becomes the language's English name.

    Raises:
        NoRowsError: no row has a language and a text. ConfigError: a prompt with another field, or a language without one.
    """
    eligible = data.select_columns([records.TEXT, records.LANGUAGE])[asked.eligible]
    known = pd.DataFrame({"key": asked.keys[asked.eligible], "text": eligible[records.TEXT], "language": eligible[records.LANGUAGE]})
    written = known[[isinstance(text, str) and bool(folded(text)) for text in known["text"]]]
    references = {item: tuple(dict.fromkeys(texts)) for item, texts in written.groupby(["key", "language"])["text"]}
    items = pd.DataFrame({"key": asked.keys[asked.places], "language": asked.table[records.LANGUAGE]})
    pairs = list(items.itertuples(index=False, name=None))
    described = np.array([pair in references for pair in pairs])
    chosen_rows = described & ~items.duplicated().to_numpy()
    chosen = asked.take(chosen_rows, {"rows without a language, or without a text of their picture": int((~described).sum())})
    spoken = [str(language) for language in chosen.table[records.LANGUAGE]]
    templates = by_language(prompt, spoken, (), name, optional=("language",))
    prompts = [template.format(language=language_name(code) or code) for template, code in zip(templates, spoken, strict=True)]
    texts = [references[pairs[row]] for row in np.flatnonzero(chosen_rows)]
    return CaptionsTask(name, chosen.pictures, prompts, texts, chosen.rows, chosen.counts, scorer)


def _scorer(scorer: str | None, model: Subject) -> Encodes:
    return load_encoder(str(scorer), device=model.device)
