"""GeoDE: photographs of 40 kinds of things that people of six regions took on request, with the country of each.

Ramaswamy et al. (2023, arXiv:2301.02560). On the Hub as `MLap/GeoDE`, with the pictures in Parquet, and as
`nlphuji/beyond_web_scraping`, a test split; the makers' archive holds `index.csv` and a folder `images`.
"""

from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Value

from hf_regional import records
from hf_regional.corpora import views
from hf_regional.corpora.pictured import Layout, PicturedCorpus

_TEXT: Final = Value("string")
_TABLE: Final = Features(dict.fromkeys(("object", "region", "ip_country"), _TEXT))
_INDEX: Final = Features({**_TABLE, "file_path": _TEXT})


class Geode(PicturedCorpus):
    """Builder of GeoDE. In `pairs` text and topic are the thing, "cooking pot"; `region` is GeoDE's own, one of six.

    Configurations, of which the first that fits the files is taken: `default`, the Parquet files of the Hub; `archive`, the makers'
    index and folder of pictures (no split is published: all is train); `beyond-web-scraping`, the other copy on the Hub.
    """

    NAME = "geode"
    LAYOUTS = {  # noqa: RUF012 - a table
        "default": Layout({"train": ("*.parquet",)}, _TABLE, hub_id="MLap/GeoDE"),
        "archive": Layout({"train": ("index.csv", "*/index.csv")}, _INDEX, picture="file_path"),
        "beyond-web-scraping": Layout(
            {"test": ("*.csv",)}, _INDEX, picture="file_path", hub_id="nlphuji/beyond_web_scraping", also=(("*.zip",),)
        ),
    }
    NEEDED = ("object", "ip_country")
    EXTRAS = {"region": _TEXT}  # noqa: RUF012

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        thing = row["object"].replace("_", " ")
        pair = views.pair(
            image=row[records.IMAGE], text=thing, language="en", country=self.country(row["ip_country"], at), topic=thing,
            source="GeoDE", license=self.corpus.license, identifier=row.get("file_path") or at.removeprefix(f"{self._store.origin}/"),
        )  # fmt: skip
        yield {**pair, "region": row.get("region")}
