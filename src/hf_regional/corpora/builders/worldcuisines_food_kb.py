"""WorldCuisines' knowledge base: 2,400 dishes with their cuisines, countries and regions, and up to eight pictures each; a pair a picture.

Published by Winata et al. (NAACL 2025, arXiv:2410.12705) as `worldcuisines/food-kb`; licences differ by picture.
"""

import ast
from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Image, List, Value

from hf_regional.corpora import views
from hf_regional.corpora.linked import LinkedCorpus, linked
from hf_regional.errors import BadRowError

_TEXT: Final = Value("string")
_PICTURES: Final = range(1, 9)
_REGIONS: Final = tuple(f"region{number}" for number in range(1, 6))


class FoodKb(LinkedCorpus):
    """Builder of the knowledge base: the dish's name and description are the text; a picture that is not embedded is fetched."""

    NAME = "worldcuisines-food-kb"
    RAW = Features(
        {
            **dict.fromkeys(
                ("name", "alias", "cuisines", "associated_cuisines", "area", "countries", *_REGIONS, "text_description"), _TEXT
            ),
            **{f"image{number}": Image() for number in _PICTURES},
            **{f"image{number}_{what}": _TEXT for number in _PICTURES for what in ("url", "license")},
        }
    )
    NEEDED = ("name", "countries")
    OPTIONAL = (
        *("alias", "associated_cuisines", "area", "text_description"),
        *(f"image{number}{what}" for number in _PICTURES for what in ("", "_url", "_license")),
    )
    FILES = {"default": {"main": ("data/*.parquet",)}}  # noqa: RUF012 - a table
    EXTRAS = {"countries": List(_TEXT), "cuisines": List(_TEXT), "regions": List(_TEXT)}  # noqa: RUF012
    region_columns = {"country": "countries"}  # noqa: RUF012

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        countries = self.countries(_list(row["countries"], at), at)
        text = ". ".join(part.strip() for part in (row["name"], row.get("text_description") or "") if part.strip())
        for number in _PICTURES:
            url = row.get(f"image{number}_url")
            if picture := row.get(f"image{number}") or linked(url):
                yield views.pair(
                    image=picture, text=text, language="en", country=views.only_one(countries), source=url,
                    license=row.get(f"image{number}_license") or "not stated", identifier=f"{at.rpartition(' ')[2]}/{row['name']}/{number}",
                ) | {
                    "countries": countries,
                    "cuisines": _list(row.get("cuisines"), at),
                    "regions": [region for name in _REGIONS if (region := row.get(name))],
                }  # fmt: skip


def _list(cell: Any, at: str) -> list[str]:
    """A list, or the text of one, as in `["Indonesia", "Malaysia"]`; a text that is none is a list of one."""
    if not isinstance(cell, str):
        return [*(cell or ())]
    if not cell.strip().startswith("["):
        return [cell.strip()] if cell.strip() else []
    try:
        return [str(part) for part in ast.literal_eval(cell.strip())]
    except (ValueError, SyntaxError, TypeError) as error:
        raise BadRowError(f"{at}: {cell!r} is no list of texts.") from error
