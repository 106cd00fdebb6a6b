"""Matrices: a tensor in a file in, a rectangle of it as wide numbers out, whatever its size."""

import math
from typing import Any

import numpy as np

from hf_regional.merging.codecs import Wide, widen
from hf_regional.merging.header import Stored
from hf_regional.merging.sources import Files


def columns_of(stored: Stored) -> int:
    """Elements in one row: all but the first side, multiplied."""
    return math.prod(stored.shape[1:])


def read_rectangle(files: Files, stored: Stored, rows: range, columns: range, wide: type[np.floating[Any]]) -> Wide:
    """Rows and columns of a tensor seen as a matrix (first side, all others), (len(rows), len(columns)) of `wide`."""
    width = columns_of(stored)
    raw = np.empty(len(rows) * len(columns) * stored.width, np.uint8)
    if len(columns) == width:
        files.read(stored.file, stored.start + rows.start * width * stored.width, raw.data)
    else:
        step = len(columns) * stored.width
        for place, row in enumerate(rows):
            files.read(
                stored.file, stored.start + (row * width + columns.start) * stored.width, raw[place * step : (place + 1) * step].data
            )
    return widen(raw, stored.dtype, wide).reshape(len(rows), len(columns))
