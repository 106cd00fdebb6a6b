"""Images: features of pictures or texts, and of reference pictures of known countries, in; the countries that a row is like out.

The score of a row and a country is the mean of its cosines with the country's references, as SEA-VL had it (arXiv:2503.07920, with CLIP
ViT-B/32 and 0.555). Rows have unit norm, so a cosine is a dot product, and the mean of dot products is one with the mean:

    1/m Σ_r cos(x, r) = 1/m Σ_r ⟨x, r⟩ = ⟨x, 1/m Σ_r r⟩        for ‖x‖ = ‖r‖ = 1

A country's references, thousands or more, are thus one vector, which must not be scaled back to unit norm.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.filtering.hits import NOWHERE, Hits, country_places, no_hits
from hf_regional.regions import country_code

pc: Any = compute  # its functions are made at import, out of a type checker's sight

KIND: Final = "image"
THRESHOLD: Final = 0.555  # SEA-VL's for CLIP ViT-B/32; cosines of other models lie elsewhere: SigLIP's are far lower
_UNIT: Final = 1e-2  # how far a norm may be off 1: features are often kept in 16 bits


def find(features: np.ndarray, references: np.ndarray, countries: Sequence[str], name: str = "image", threshold: float = THRESHOLD) -> Hits:
    """Find the countries whose references a row is like: those with a score of at least `threshold`, the highest first.

    `value` is the score to three decimals. `confidence` is 0.5 at the threshold and 1 at a score of 1, in between on a straight line:
    the threshold is where the user begins to believe.

    Args:
        features: (n, d) float32, rows of unit norm; rows with NaN (pictures that could not be read) have no hits.
        references: (m, d) float32, rows of unit norm, by the same model.
        countries: m codes or names, whose each reference is.
        name: of the column that the features come from.
        threshold: least mean cosine, in [-1, 1).

    Raises:
        ConfigError: shapes do not fit, a norm is not 1, or a country is not known.
        OutOfRangeError: no cosine can reach the threshold, or all do.
    """
    if not -1 <= threshold < 1:
        raise OutOfRangeError(f"threshold must be in [-1, 1), got {threshold}: it is a mean cosine. SEA-VL took 0.555 for CLIP ViT-B/32.")
    means, places = means_of(references, countries)
    if not features.size:
        return no_hits(KIND)
    _require_fit(features, means.shape[1], f"the features of column {name!r}", may_lack=True)
    scores = features.astype(np.float32, copy=False) @ means.T
    where, country = np.nonzero(scores >= threshold)  # NaN is not
    if not len(where):
        return no_hits(KIND)
    score = scores[where, country]
    order = np.lexsort((country, -score, where))
    where, country, score = where[order], country[order], score[order]
    sure = np.clip(0.5 + 0.5 * (score - threshold) / (1 - threshold), 0.5, 1.0).astype(np.float32)
    value = pc.round(pa.array(score.astype(np.float64)), 3).cast(pa.string())
    nowhere = np.full(len(where), NOWHERE, np.int32)
    return Hits(KIND, (name,), where, value, places[country], sure, nowhere, nowhere, np.zeros(len(where), np.int16))


def means_of(references: np.ndarray, countries: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The mean reference of each country (k, d) float32, not of unit norm, and the countries (k,) int16, places in `country_codes()`.

    Raises:
        ConfigError: there are no references, or not as many as countries, a norm is not 1, or a country is not known.
    """
    if references.ndim != 2 or not len(references) or len(references) != len(countries):
        found = f"references have the shape {references.shape}, and {len(countries)} countries are given"
        raise ConfigError(f"{found}: one row a picture, one country a row.", "references")
    _require_fit(references, references.shape[1], "the references")
    codes = [country_code(country) for country in countries]
    if None in codes:
        place = codes.index(None)
        raise ConfigError(f"reference {place} is of {countries[place]!r}, which is no country: give a code or a name.", "references")
    places, whose = np.unique([country_places()[code] for code in codes if code], return_inverse=True)
    # In float64: a mean of thousands in float32 loses two digits.
    means = [references[whose == place].mean(0, dtype=np.float64) for place in range(len(places))]
    return np.array(means, np.float32), places.astype(np.int16)


def _require_fit(rows: np.ndarray, width: int, what: str, *, may_lack: bool = False) -> None:
    """Refuse rows of another width or norm; rows with NaN pass where some `may_lack`."""
    if rows.ndim != 2 or rows.shape[1] != width:
        raise ConfigError(f"{what} have the shape {rows.shape}, the references are {width} wide: encode both with the same model.", "image")
    norms = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    off = np.flatnonzero(~(abs(norms - 1) <= _UNIT) & ~(np.isnan(norms) & may_lack))
    if len(off):
        raise ConfigError(f"{what} have a row, {off[0]}, of norm {norms[off[0]]:.4g}: divide each row by its norm.", "image")
