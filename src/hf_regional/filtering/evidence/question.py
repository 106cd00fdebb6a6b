"""Question: what every kind of evidence is asked with the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hf_regional.regions import Region

NO_LABELS: Final[Mapping[str, tuple[str, ...]]] = {}


@dataclass(frozen=True, slots=True)
class Question:
    """Which region, and the names of the classes of columns that hold `ClassLabel` integers."""

    region: Region
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(NO_LABELS))
