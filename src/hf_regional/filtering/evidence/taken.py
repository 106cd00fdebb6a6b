"""Taken: pictures in, the countries that their cameras say they were taken in out, as `coordinates` has them."""

from collections import Counter
from dataclasses import replace
from typing import Final

import pyarrow as pa

from hf_regional.filtering.evidence import coordinates
from hf_regional.filtering.evidence.by_hit import together
from hf_regional.filtering.evidence.question import Question
from hf_regional.filtering.hits import Hits
from hf_regional.filtering.opinions import Found, by_country
from hf_regional.filtering.pictures import Looked, look_at

KIND: Final = "exif"


def find(rows: pa.Table | pa.RecordBatch, columns: tuple[str, ...], question: Question) -> Found:
    """Read the positions in the EXIF of some columns of pictures; files at paths are read too.

    `value` is the point to two decimals, a kilometre. What was set aside (0, 0, where cameras put what they do not know; a point at sea)
    says nothing of a row and is counted.

    Raises:
        ConfigError: a column holds no pictures.
    """
    found, unknown = list[Hits](), Counter[tuple[str, str]]()
    for name in columns:
        looked: Looked = question.looked.get(name) or look_at(rows[name], name)
        points = pa.StructArray.from_arrays(
            [pa.array(degrees, from_pandas=True) for degrees in (looked.latitude, looked.longitude)], ["lat", "lon"]
        )
        placed = coordinates.find([points], [name])
        found.append(replace(placed.hits, kind=KIND, row=looked.row[placed.hits.row]))
        unknown.update(placed.unknown)
    hits = together(KIND, found)
    return Found(hits, by_country(hits, question.region, rows.num_rows), unknown)
