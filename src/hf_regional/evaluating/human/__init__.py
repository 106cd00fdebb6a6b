"""People's ratings: items and the outputs of two models or more in; a blinded sheet, its page, and the ratings with intervals out.

sheet = write_rating_sheet(items, {"base": base_answers, "merged": merged_answers}, Path("rating"), raters=2)
build_rating_page(sheet.path).launch()                        # or: hf-regional rate rating
summarise_ratings(read_ratings(sheet.path)).as_dict()
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.evaluating.human.desk import RatingDesk as RatingDesk
    from hf_regional.evaluating.human.items import RatedItem as RatedItem
    from hf_regional.evaluating.human.page import build_rating_page as build_rating_page
    from hf_regional.evaluating.human.page import serve_rating_page as serve_rating_page
    from hf_regional.evaluating.human.ratings import Ratings as Ratings
    from hf_regional.evaluating.human.ratings import read_ratings as read_ratings
    from hf_regional.evaluating.human.sheet import RatingSheet as RatingSheet
    from hf_regional.evaluating.human.sheet import write_rating_sheet as write_rating_sheet
    from hf_regional.evaluating.human.summary import RatingSummary as RatingSummary
    from hf_regional.evaluating.human.summary import summarise_ratings as summarise_ratings

_HOMES = {
    "RatedItem": "hf_regional.evaluating.human.items",
    "RatingDesk": "hf_regional.evaluating.human.desk",
    "RatingSheet": "hf_regional.evaluating.human.sheet",
    "RatingSummary": "hf_regional.evaluating.human.summary",
    "Ratings": "hf_regional.evaluating.human.ratings",
    "build_rating_page": "hf_regional.evaluating.human.page",
    "read_ratings": "hf_regional.evaluating.human.ratings",
    "serve_rating_page": "hf_regional.evaluating.human.page",
    "summarise_ratings": "hf_regional.evaluating.human.summary",
    "write_rating_sheet": "hf_regional.evaluating.human.sheet",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)
