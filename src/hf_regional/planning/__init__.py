"""Planning: features of images with their topics and countries in; who is missing and who can stand in for whom, out.

similarity = geo_similarity(features, topics, countries, resamples=200, seed=0)
missing = who_is_missing(coverage(features, topics, countries, laion_features, laion_topics), threshold=0.8)
helpers = stand_ins(similarity)                        # .table, .by_country, .pairs, .distance, .clusters
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.planning.covered import Coverage as Coverage
    from hf_regional.planning.covered import coverage as coverage
    from hf_regional.planning.missing import Missing as Missing
    from hf_regional.planning.missing import who_is_missing as who_is_missing
    from hf_regional.planning.pictures import image_features as image_features
    from hf_regional.planning.record import Similarity as Similarity
    from hf_regional.planning.similarity import geo_similarity as geo_similarity
    from hf_regional.planning.standing_in import StandIns as StandIns
    from hf_regional.planning.standing_in import stand_ins as stand_ins

# Looked up on first use: pandas takes a third of a second.
_HOMES = {
    "Coverage": "hf_regional.planning.covered",
    "Missing": "hf_regional.planning.missing",
    "Similarity": "hf_regional.planning.record",
    "StandIns": "hf_regional.planning.standing_in",
    "coverage": "hf_regional.planning.covered",
    "geo_similarity": "hf_regional.planning.similarity",
    "image_features": "hf_regional.planning.pictures",
    "stand_ins": "hf_regional.planning.standing_in",
    "who_is_missing": "hf_regional.planning.missing",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
