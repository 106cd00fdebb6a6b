"""What a metric says of itself in, its `evaluate` info out. Imports `evaluate`, so only the files in `modules/` import this one."""

from dataclasses import dataclass
from typing import ClassVar, Final

import datasets
import evaluate

TEXT: Final = datasets.Value("string")
FLOATS: Final = datasets.List(datasets.Value("float64"))  # features of one thing
SCORE_PAIRS: Final = datasets.Features({"predictions": datasets.Value("float64"), "references": datasets.Value("float64")})


@dataclass(frozen=True)
class About:
    """The texts and columns of a metric.

    Args:
        description: what it says, with the formula and the range.
        inputs: Args, Returns and an Example whose last two lines are a call and its answer.
        citation: BibTeX.
        urls: where the definition stands.
        features: the columns.
    """

    description: str
    inputs: str
    citation: str
    urls: tuple[str, ...]
    features: datasets.Features


class Described(evaluate.EvaluationModule):
    """A metric or measurement that says what it is by one class attribute; put it before `evaluate.Metric` or `evaluate.Measurement`."""

    about: ClassVar[About]

    def _info(self) -> evaluate.EvaluationModuleInfo:
        kind = evaluate.MeasurementInfo if isinstance(self, evaluate.Measurement) else evaluate.MetricInfo
        return kind(
            description=self.about.description,
            inputs_description=self.about.inputs,
            citation=self.about.citation,
            reference_urls=list(self.about.urls),
            features=self.about.features,
        )
