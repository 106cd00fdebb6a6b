"""Dollar Street: photographs of things in homes of 63 countries, with the topics they show and the income of the home.

Gaviria Rojas et al. (NeurIPS 2022, Datasets and Benchmarks). The archive is downloaded from its makers (Kaggle:
`mlcommons/the-dollar-street-dataset`) and holds tables and a folder `assets`; put the three CSVs of ids of `CoactiveAI/dollarstreet`
(12,905 train, 4,338 validation, 4,293 test) beside the tables for those splits. `nlphuji/dollar_street_test` on the Hub is its test split.

`income` is that of the home, as published: the tables name no unit (Gapminder gives US dollars, PPP-adjusted, an adult and month).
"""

import ast
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from datasets import Features, List, Value

from hf_regional import records
from hf_regional.corpora import views
from hf_regional.corpora.pictured import Layout, PicturedCorpus
from hf_regional.corpora.pictures import Pictures
from hf_regional.corpora.repository import Store, found, matching
from hf_regional.corpora.tabular import read_rows
from hf_regional.errors import BadRowError

_TEXT: Final = Value("string")
_MAKERS: Final = "Dollar Street, Gapminder"
UNNAMED: Final = "ids of the split that no row of the tables has"


def _table(*columns: str) -> Features:
    return Features(dict.fromkeys(columns, _TEXT))


def _file(name: str) -> tuple[str, str]:
    return name, f"*/{name}"


_ARCHIVE: Final = _table(
    *("id", "country.id", "country.name", "region.id", "type", "imageRelPath", "topics", "place", "income"),
    *("imagenet_synonyms", "imagenet_sysnet_id"),
)
_SAMPLE: Final = _table(
    *("file_name", "topic", "country", "country_iso3", "region", "income_group", "monthly_income_usd"),
    *("photographer", "year", "license"),
)
_ALL: Final = _file("images_v2.csv")
_MAPPED: Final = ("images_v2_imagenet_*.csv", "*/images_v2_imagenet_*.csv")
_REGIONS: Final = {"af": "Africa", "am": "The Americas", "as": "Asia", "eu": "Europe"}


@dataclass(frozen=True, slots=True)
class _Names:
    """Under which header each of our columns stands."""

    identifier: str = "id"
    picture: str = "imageRelPath"
    topics: str = "topics"
    country: str = "country.name"
    region: str = "region.id"
    income: str = "income"


_PUBLISHED: Final = _Names()
_SHOWN: Final = _Names("file_name", "file_name", "topic", "country", "region", "monthly_income_usd")


class DollarStreet(PicturedCorpus):
    """Builder of Dollar Street. In `pairs` the text is all topics and `topic` the first; `topics`, `income`, `place`, `region` come after.

    Configurations, of which the first that fits the files is taken:

    - `splits`: the tables and the CSVs of ids; train, validation, test. Rows that no CSV of ids names are in `all` alone.
    - `imagenet`: the two tables of pictures whose topics are classes of ImageNet, train and test as the archive has them.
    - `all`: every row of `images_v2.csv`, in one split, train.
    - `test`: the table and the zip archive of `nlphuji/dollar_street_test`.
    - `sample`: a folder of photographs with a `metadata.csv` that names photographer, year and licence of each.
    """

    NAME = "dollar-street"
    LAYOUTS = {  # noqa: RUF012 - a table
        "splits": Layout(
            {"train": _file("train_ids.csv"), "validation": _file("val_ids.csv"), "test": _file("test_ids.csv")},
            _ARCHIVE, picture="imageRelPath", also=((*_ALL, *_MAPPED),),
        ),
        "imagenet": Layout(
            {"train": _file("images_v2_imagenet_train.csv"), "test": _file("images_v2_imagenet_test.csv")}, _ARCHIVE, picture="imageRelPath"
        ),
        "all": Layout({"train": _ALL}, _ARCHIVE, picture="imageRelPath"),
        "sample": Layout({"train": _file("metadata.csv")}, _SAMPLE, picture="file_name"),
        "test": Layout(
            {"test": ("*.csv",)}, _ARCHIVE, picture="imageRelPath", hub_id="nlphuji/dollar_street_test", also=(("*.zip",),)
        ),
    }  # fmt: skip
    OPTIONAL = ("imagenet_synonyms", "imagenet_sysnet_id")  # of the tables of ImageNet's classes
    EXTRAS = {"topics": List(_TEXT), "income": Value("float64"), "place": _TEXT, "region": _TEXT}  # noqa: RUF012

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        names = self._names
        topics = _topics(row.get(names.topics), at)
        region = row.get(names.region) or None
        pair = views.pair(
            image=row[records.IMAGE], text=", ".join(topics) or None, language="en", country=self.country(row[names.country], at),
            topic=topics[0] if topics else None, source=_source(row), license=row.get("license") or self.corpus.license,
            identifier=row[names.identifier],
        )  # fmt: skip
        extras = {"topics": topics, "income": _income(row.get(names.income), at), "place": row.get("place") or None}
        yield {**pair, **extras, "region": _REGIONS.get(region or "", region)}

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The rows of a table; of a CSV of ids the rows with those ids, in the order of the tables."""
        if self.config.name != "splits":
            yield from super().rows_of(store, name)
            return
        with self._open(name) as file:
            wanted = {row["id"] for row in read_rows(file, f"{store.origin}/{name}")}
        with closing(Pictures(store, self._streaming)) as pictures:
            pictures.require_any()
            for row in self._all_rows(store):
                if row["id"] in wanted:
                    wanted.remove(row["id"])
                    yield {**row, records.IMAGE: pictures.find(row.get("imageRelPath") or "")}
        if wanted:
            self.left_out[UNNAMED] += len(wanted)

    @property
    def _names(self) -> _Names:
        return _SHOWN if self.config.name == "sample" else _PUBLISHED

    @property
    def _needed(self) -> tuple[str, ...]:
        names = self._names
        return names.identifier, names.picture, names.topics, names.country

    def _all_rows(self, store: Store) -> Iterator[dict[str, Any]]:
        for table in _tables(store):
            with self._open(table) as file:
                yield from read_rows(file, f"{store.origin}/{table}")

    def _compare(self, name: str) -> None:
        super()._compare(_tables(self._store)[0] if self.config.name == "splits" else name)


def _tables(store: Store) -> tuple[str, ...]:
    """`images_v2.csv`, which has all rows; without it the two tables of ImageNet's classes."""
    return found(store, _ALL) or matching(store, _MAPPED, "a table of pictures")


def _topics(cell: Any, at: str) -> list[str]:
    """A list written as a text, "['Beds', 'Bedrooms']", a list, or one bare topic."""
    if not isinstance(cell, str) or not cell.startswith("["):
        return [*cell] if isinstance(cell, list) else [cell] if cell else []
    try:
        return [str(topic) for topic in ast.literal_eval(cell)]
    except (ValueError, SyntaxError, TypeError) as error:
        raise BadRowError(f"{at}: topics is {cell!r}, where a list of texts is expected. Mend the cell or leave the row out.") from error


def _income(cell: Any, at: str) -> float | None:
    try:
        return float(cell) if cell not in (None, "") else None
    except ValueError as error:
        raise BadRowError(f"{at}: the income is {cell!r}, where a number is expected. Mend the cell or leave it empty.") from error


def _source(row: dict[str, Any]) -> str:
    """Who made the picture, where that is known: CC BY asks for the name wherever it is shown."""
    return ", ".join([_MAKERS, *(f"photographer {name}" for name in [row.get("photographer")] if name), *filter(None, [row.get("year")])])
