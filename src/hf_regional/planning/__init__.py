"""Planning: features of images with their topics and countries in; who is missing, who can stand in, and what to annotate next, out.

similarity = geo_similarity(features, topics, countries, resamples=200, seed=0)
missing = who_is_missing(coverage(features, topics, countries, laion_features, laion_topics), threshold=0.8)
helpers = stand_ins(similarity)                        # .table, .by_country, .pairs, .distance, .clusters
plan = annotation_plan(similarity, money=5000)         # .table, .borrowing, .gap, .next_100_usd, .baselines
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.planning.allocation import annotation_plan as annotation_plan
    from hf_regional.planning.check import FillCheck as FillCheck
    from hf_regional.planning.check import compare_plans as compare_plans
    from hf_regional.planning.check import fill_experiment as fill_experiment
    from hf_regional.planning.check import measured_curve as measured_curve
    from hf_regional.planning.covered import Coverage as Coverage
    from hf_regional.planning.covered import coverage as coverage
    from hf_regional.planning.curves import LearningCurve as LearningCurve
    from hf_regional.planning.curves import fit_curve as fit_curve
    from hf_regional.planning.figures import draw_check as draw_check
    from hf_regional.planning.figures import draw_countries as draw_countries
    from hf_regional.planning.figures import draw_pairs as draw_pairs
    from hf_regional.planning.figures import draw_topic as draw_topic
    from hf_regional.planning.figures import draw_world as draw_world
    from hf_regional.planning.missing import Missing as Missing
    from hf_regional.planning.missing import who_is_missing as who_is_missing
    from hf_regional.planning.page import topic_view as topic_view
    from hf_regional.planning.page import write_page as write_page
    from hf_regional.planning.pictures import image_features as image_features
    from hf_regional.planning.plan import Plan as Plan
    from hf_regional.planning.prices import Price as Price
    from hf_regional.planning.prices import Prices as Prices
    from hf_regional.planning.problem import Borrowing as Borrowing
    from hf_regional.planning.record import Similarity as Similarity
    from hf_regional.planning.similarity import geo_similarity as geo_similarity
    from hf_regional.planning.standing_in import StandIns as StandIns
    from hf_regional.planning.standing_in import stand_ins as stand_ins

# Looked up on first use: pandas takes a third of a second.
_HOMES = {
    "Borrowing": "hf_regional.planning.problem",
    "Coverage": "hf_regional.planning.covered",
    "FillCheck": "hf_regional.planning.check",
    "LearningCurve": "hf_regional.planning.curves",
    "Missing": "hf_regional.planning.missing",
    "Plan": "hf_regional.planning.plan",
    "Price": "hf_regional.planning.prices",
    "Prices": "hf_regional.planning.prices",
    "Similarity": "hf_regional.planning.record",
    "StandIns": "hf_regional.planning.standing_in",
    "annotation_plan": "hf_regional.planning.allocation",
    "compare_plans": "hf_regional.planning.check",
    "coverage": "hf_regional.planning.covered",
    "draw_check": "hf_regional.planning.figures",
    "draw_countries": "hf_regional.planning.figures",
    "draw_pairs": "hf_regional.planning.figures",
    "draw_topic": "hf_regional.planning.figures",
    "draw_world": "hf_regional.planning.figures",
    "fill_experiment": "hf_regional.planning.check",
    "fit_curve": "hf_regional.planning.curves",
    "geo_similarity": "hf_regional.planning.similarity",
    "image_features": "hf_regional.planning.pictures",
    "measured_curve": "hf_regional.planning.check",
    "stand_ins": "hf_regional.planning.standing_in",
    "topic_view": "hf_regional.planning.page",
    "who_is_missing": "hf_regional.planning.missing",
    "write_page": "hf_regional.planning.page",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
