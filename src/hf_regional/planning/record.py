"""The record of similarities: a table of pairs of countries, with the rule that made it, in memory, as CSV, or as a matrix."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hf_regional.durable import atomic_file
from hf_regional.errors import DamagedFileError, UnknownNameError
from hf_regional.nearest import did_you_mean
from hf_regional.planning.groups import LEFT_OUT, left_out

PAIR: Final = ("topic", "country_a", "country_b", "similarity", "n_a", "n_b")
GROUPS: Final = ("topic", "country", "n", "within")
PUBLISHED: Final = "published"  # the rule of a table that came from elsewhere


@dataclass(frozen=True, slots=True)
class Similarity:
    """Visual similarity of the images of two countries, topic by topic, under one encoder.

    Attributes:
        table: topic, country_a, country_b, similarity, n_a, n_b, sorted by the first three. Each pair stands in it twice, once from
            either side, so that `table[table.country_a == "KHM"]` is all that Cambodia can be compared with. similarity is in [-1, 1];
            n_a and n_b are images, null in a published table. Beside them low and high, ends of a 95 % interval, where resamples were
            asked for, and a column for each distance that was asked for.
        groups: the groups compared: topic, country, n, and within, the mean cosine over pairs of two different images of the group
            (no image is compared with itself); null for one image and in a published table.
        left_out: what was set aside: topic, country, n, reason. Images without a topic or a country stand here with null.
        rule: "pairs", "centroid", or "published" for a table that came from elsewhere.
        encoder: what made the features, as the caller named it.
        min_n: groups with fewer images were set aside; 0 where nobody knows.
        resamples, seed: of the intervals; 0 resamples: there are none.
    """

    table: pd.DataFrame
    groups: pd.DataFrame
    left_out: pd.DataFrame
    rule: str
    encoder: str = ""
    min_n: int = 0
    resamples: int = 0
    seed: int = 0

    @property
    def topics(self) -> tuple[str, ...]:
        """Topics in which countries were compared, sorted."""
        return tuple(sorted(set(self.table["topic"])))

    @property
    def countries(self) -> tuple[str, ...]:
        """Countries that were compared, sorted, as the caller wrote them."""
        return tuple(sorted(set(self.table["country_a"])))

    def matrix(self, topic: str | None = None) -> pd.DataFrame:
        """Similarity as a country by country table, NaN where two were not compared and on the diagonal.

        Args:
            topic: one topic; None takes the mean over the topics that two countries share.

        Raises:
            UnknownNameError: no such topic was compared.
        """
        if topic is not None and topic not in self.topics:
            raise UnknownNameError(f"no countries were compared in the topic {topic!r}.{did_you_mean(topic, self.topics)}")
        rows = self.table if topic is None else self.table[self.table["topic"] == topic]
        means = rows.groupby(["country_a", "country_b"])["similarity"].mean()
        countries = sorted(set(rows["country_a"]))
        return means.unstack().reindex(index=countries, columns=countries)

    def to_csv(self, path: str | Path) -> Path:
        """Write the table as CSV, with the columns `rule` and `encoder`; beside it, as .json, what was set aside and how it was made."""
        path = Path(path)
        with atomic_file(path) as file:
            self.table.assign(rule=self.rule, encoder=self.encoder).to_csv(file, index=False)
        with atomic_file(path.with_suffix(".json")) as file:
            Path(file).write_text(json.dumps(self._beside(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return path

    @classmethod
    def from_csv(cls, path: str | Path, *, columns: Mapping[str, str] | None = None, encoder: str = "") -> "Similarity":
        """Read what `to_csv` wrote, or a published table of similarities. No image and no feature is needed.

        Args:
            path: a CSV file of one of these forms:
                our own; one pair a row, with a topic, two countries and a score; or one (topic, country) a row, whose first column is
                "topic_country" and whose second is a list of (country, similarity), as in the results of arXiv 2403.07687.
            columns: where a table of pairs names its columns otherwise: {"country_a": "c1", "similarity": "score"}.
            encoder: what made the features, where the file does not say.

        Raises:
            MissingFileError, MissingColumnError: the file or a column is not there.
            BadRowError, OutOfRangeError: a row cannot be read, or its two directions disagree; a score is outside [-1, 1].
        """
        from hf_regional.planning.published import read_table

        path = Path(path)
        found = read_table(path, columns or {})
        table, beside = found.table, path.with_suffix(".json")
        if found.rule != PUBLISHED and beside.is_file():
            return cls(table=table, **_read_beside(beside))
        sides = table[["topic", "country_a", "n_a"]].drop_duplicates(["topic", "country_a"]).assign(within=np.nan)
        groups = sides.set_axis(list(GROUPS), axis=1).reset_index(drop=True)
        return cls(table, groups, found.left_out, found.rule, encoder or found.encoder)

    def _beside(self) -> dict[str, Any]:
        facts = {"rule": self.rule, "encoder": self.encoder, "min_n": self.min_n, "resamples": self.resamples, "seed": self.seed}
        tables = {name: getattr(self, name).astype(object) for name in ("groups", "left_out")}
        return facts | {name: table.where(table.notna(), None).to_dict("records") for name, table in tables.items()}


def _read_beside(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        groups = pd.DataFrame(facts["groups"], columns=list(GROUPS)).astype({"within": float})
        set_aside = left_out(**{name: [row[name] for row in facts["left_out"]] for name in LEFT_OUT})
        settings = {
            name: kind(facts[name]) for name, kind in (("rule", str), ("encoder", str), ("min_n", int), ("resamples", int), ("seed", int))
        }
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(
            f"{path} does not belong to a table of similarities: {error}. Remove it, or write the table anew."
        ) from error
    return settings | {"groups": groups, "left_out": set_aside}
