"""SEA-VL, crowdsourced, the Indonesian copy: the same rows as `sea_vl` with four columns of scores by the people who checked them.

    load_corpus("sea-vl-id", "SEA", quality="column:avg_cultural_relevance", min_quality=4)

Published as `KORIKA-AI/sea-vl_crowdsourcing_id`, CC BY-SA 4.0.
"""

from typing import Final

from datasets import Features, Value

from hf_regional.corpora.builders.sea_vl import SeaVl

_SCORE: Final = Value("float64")


class SeaVlId(SeaVl):
    """Builder of SEA-VL's Indonesian copy. Relevance is from 1 to 5 (3 to 5 in the set), fit and quality are shares of yes, from 0 to 1."""

    NAME = "sea-vl-id"
    RAW = Features(
        {
            **SeaVl.RAW,
            "avg_cultural_relevance": _SCORE,
            "avg_caption_fit": _SCORE,
            "avg_img_quality": _SCORE,
            "n_annotator": Value("int64"),
        }
    )
    NEEDED = tuple(SeaVl.RAW)
    # `n_annotator` as published reads like a column about a person, and the filter would drop it
    SCORES = {name: name for name in RAW if name.startswith("avg_")} | {"n_annotators": "n_annotator"}
    EXTRAS = {**SeaVl.EXTRAS, **dict.fromkeys(SCORES, _SCORE), "n_annotators": Value("int64")}  # noqa: RUF012
