"""Resolution: pictures in, what their headers say of their size out; no pixel is decoded."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from hf_regional.encoding.headers import read_header
from hf_regional.errors import BadRowError, UnknownNameError
from hf_regional.filtering.quality.cells import pictures_of
from hf_regional.filtering.quality.scores import FAILED, MISSING, SCORED, Detail, Scores, scores_of
from hf_regional.nearest import did_you_mean
from hf_regional.records import IMAGE

# What is measured, and its scale. None of them depends on how the picture is turned.
MEASURES: Final[dict[str, tuple[Callable[[int, int], float], tuple[float, float]]]] = {
    "side": (lambda width, height: min(width, height), (1.0, math.inf)),  # the shorter one
    "pixels": (lambda width, height: width * height, (1.0, math.inf)),
    "aspect": (lambda width, height: min(width, height) / max(width, height), (0.0, 1.0)),  # 1 is square, 0.1 a strip
}


@dataclass(frozen=True, slots=True)
class ResolutionScorer:
    """The size of a picture: its shorter side in pixels, its pixels, or its shorter side over its longer one."""

    measure: str = "side"
    image: str = IMAGE

    def __post_init__(self) -> None:
        """Check the measure.

        Raises:
            UnknownNameError: there is no such measure.
        """
        if self.measure not in MEASURES:
            near = did_you_mean(self.measure, MEASURES)
            raise UnknownNameError(f"resolution has no measure {self.measure!r}.{near} Known: {', '.join(MEASURES)}.")

    @property
    def name(self) -> str:
        """With the measure."""
        return f"resolution:{self.measure}"

    @property
    def reads(self) -> tuple[str, ...]:
        """The column of pictures."""
        return (self.image,)

    @property
    def scale(self) -> tuple[float, float]:
        """Of the measure."""
        return MEASURES[self.measure][1]

    def score(self, rows: pa.Table) -> Scores:
        """The measure of each picture. What is no picture, is not there, or is a decompression bomb has failed.

        Raises:
            MissingColumnError, ConfigError: there is no such column, or it holds no pictures.
        """
        measure, _ = MEASURES[self.measure]
        values, faults, details = [math.nan] * len(rows), [SCORED] * len(rows), list[Detail]()
        for row, picture in enumerate(pictures_of(rows, self.image, self.name)):
            if picture is None:
                faults[row] = MISSING
                continue
            try:
                header = read_header(picture)
            except BadRowError as error:
                faults[row] = FAILED
                details.append(Detail(row, FAILED, str(error)))
            else:
                values[row] = measure(header.width, header.height)
        return scores_of(self, self.scale, values, faults, details)
