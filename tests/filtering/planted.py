"""The pictures and changes of `benchmarks/planted_copies.py`, loaded from there: a test and a figure must mean the same copies."""

import importlib.util
from pathlib import Path

_FILE = Path(__file__).parents[2] / "benchmarks" / "planted_copies.py"
_SPEC = importlib.util.spec_from_file_location("planted_copies", _FILE)
planted_copies = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(planted_copies)
