"""Cluster: parts of Parquet files in, judged by Daft's workers on this machine or on Ray's, their counts out.

Daft hands out parts, not rows (docs/decisions/2026-11-21-daft-hands-out-parts.md): each worker reads, judges and writes its part as the
default driver does, so that the files are the same, byte by byte. `starting.py` begins Daft, `spreading.py` hands out, `storing.py`
writes where there are no folders.
"""

from hf_regional.filtering.cluster.spreading import spread_by_daft as spread_by_daft
from hf_regional.filtering.cluster.storing import filter_into_storage as filter_into_storage

__all__ = ["filter_into_storage", "spread_by_daft"]
