"""Reference pictures: pictures of known countries and a model in; the image evidence of a batch against them out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hf_regional.errors import ConfigError, MissingColumnError
from hf_regional.filtering.evidence import image
from hf_regional.filtering.evidence.by_hit import together
from hf_regional.filtering.evidence.features import features_of
from hf_regional.filtering.evidence.question import Question
from hf_regional.filtering.opinions import Found, by_country
from hf_regional.records import COUNTRY


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """Features of reference pictures, whose countries are known, and how to compare with them.

    features: (m, d) float32 rows of unit norm. countries: m codes or names. model: what encodes the rows that are compared with them,
    as `hf_regional.filtering.evidence.features.features_of` takes it. threshold: least mean cosine with a country's references.
    cache: a folder for features of rows.
    """

    features: np.ndarray
    countries: tuple[str, ...]
    model: Any
    threshold: float = image.THRESHOLD
    cache: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        """What a report says of them."""
        named = self.model if isinstance(self.model, str | Path) else type(self.model).__name__
        return {"model": str(named), "threshold": self.threshold, "pictures": len(self.countries), "countries": sorted(set(self.countries))}

    @classmethod
    def of(
        cls,
        pictures: Any,
        model: Any,
        *,
        column: str = "image",
        country: str = COUNTRY,
        threshold: float = image.THRESHOLD,
        cache: Path | str | None = None,
    ) -> "References":
        """Encode the reference pictures of a `Dataset` or an Arrow table.

        Args:
            pictures: with a column of pictures (or texts) and one of countries.
            model: a folder, a Hub id, or a `TwoTowerEncoder`.
            column: where the pictures are.
            country: where the countries are.
            threshold: least mean cosine; 0.555 is SEA-VL's for CLIP ViT-B/32, and other models' cosines lie elsewhere.
            cache: a folder for features.

        Raises:
            MissingColumnError: one of the columns is not there.
            ConfigError: a picture cannot be read, or a country is not known.
        """
        rows: pa.Table = pictures if isinstance(pictures, pa.Table) else pictures.with_format("arrow")[:]
        if missing := {column, country} - {*rows.schema.names}:
            raise MissingColumnError(f"references: there is no column {sorted(missing)[0]!r}.", frozenset(missing))
        kept = Path(cache) if cache else None
        features = features_of(rows[column], column, model, cache=kept).features
        if len(lost := np.flatnonzero(np.isnan(features).any(1))):
            raise ConfigError(f"references: the picture of row {lost[0]} cannot be read. Leave it out.", "references")
        countries = tuple(str(code) for code in rows[country].to_pylist())
        image.means_of(features, countries)  # a country that nobody knows should not wait for the first row
        return cls(features, countries, model, threshold, kept)


def find(rows: pa.Table | pa.RecordBatch, columns: Sequence[str], question: Question) -> Found:
    """Compare the pictures of a batch with the references of the question."""
    references: References = question.references
    encoded = [features_of(rows[name], name, references.model, cache=references.cache) for name in columns]
    hits = together(
        image.KIND,
        [
            image.find(one.features, references.features, references.countries, name, references.threshold)
            for one, name in zip(encoded, columns, strict=True)
        ],
    )
    unknown = {place: size for one in encoded for place, size in one.set_aside.items()}
    return Found(hits, by_country(hits, question.region, rows.num_rows), unknown)
