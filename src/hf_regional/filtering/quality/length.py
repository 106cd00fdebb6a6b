"""Length: texts in, how much they say out, in letters that an English text of the same content would have."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from hf_regional.filtering.quality.cells import texts_of
from hf_regional.filtering.quality.scores import MISSING, SCORED, Scores, scores_of
from hf_regional.filtering.quality.scripts import weighted_length
from hf_regional.records import TEXT


@dataclass(frozen=True, slots=True)
class LengthScorer:
    """The length of a text in English letters; blanks, punctuation and pictographs do not count.

    Words would drop what is written without blanks (Thai, Lao, Khmer, Burmese, Chinese), and plain characters would drop Chinese,
    whose letters say three times as much each.
    """

    text: str = TEXT
    scale: ClassVar[tuple[float, float]] = (0.0, math.inf)

    @property
    def name(self) -> str:
        """Its name."""
        return "length"

    @property
    def reads(self) -> tuple[str, ...]:
        """The column of texts."""
        return (self.text,)

    def score(self, rows: pa.Table) -> Scores:
        """English letters of each text; null is missing.

        Raises:
            MissingColumnError, ConfigError: there is no such column, or it holds no texts.
        """
        lengths = weighted_length(texts_of(rows, self.text, self.name))
        return scores_of(self, self.scale, lengths, np.where(np.isnan(lengths), MISSING, SCORED))
