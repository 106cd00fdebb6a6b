"""Planning: features of images with their topics and countries in; who is missing and who can stand in for whom, out.

similarity = geo_similarity(features, topics, countries, resamples=200, seed=0)
similarity.table, similarity.left_out
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.planning.record import Similarity as Similarity
    from hf_regional.planning.similarity import geo_similarity as geo_similarity

# Looked up on first use: pandas takes a third of a second.
_HOMES = {
    "Similarity": "hf_regional.planning.record",
    "geo_similarity": "hf_regional.planning.similarity",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
