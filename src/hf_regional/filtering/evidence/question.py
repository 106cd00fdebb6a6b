"""Question: what every kind of evidence is asked with the rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hf_regional.regions import Region

NO_LABELS: Final[Mapping[str, tuple[str, ...]]] = {}


@dataclass(frozen=True, slots=True)
class Question:
    """Which region, and what helps to answer it.

    labels: names of the classes of columns of `ClassLabel` integers. locate, terms, references: the caller's hook, own terms and
    reference pictures. looked: what was seen in columns of pictures (`pictures.Looked`).
    """

    region: Region
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(NO_LABELS))
    locate: Callable[[dict[str, Any]], Any] | None = None
    terms: Any = None
    references: Any = None
    looked: Mapping[str, Any] = field(default_factory=dict[str, Any])
