"""Parquet: files in, kept and dropped files out, part by part, in several processes, going on after a kill.

`storage.py` finds and opens files, `parts.py` cuts them into parts, `judging.py` does one of them, `writing.py` writes its rows,
`workers.py` spreads parts over processes, `running.py` is the whole.
"""

from hf_regional.filtering.parquet.parts import find_files as find_files
from hf_regional.filtering.parquet.running import filter_parquet as filter_parquet

__all__ = ["filter_parquet", "find_files"]
