"""Tables: the name of a TSV file beside this module in, its rows as mappings out. Lines that begin with `#` say where a table is from."""

from functools import cache
from importlib.resources import files


@cache
def rows_of(name: str) -> tuple[dict[str, str], ...]:
    """Read a table of this folder, once; cells are stripped and NFC."""
    text = files("hf_regional.filtering.evidence.text.tables").joinpath(name).read_text(encoding="utf-8")
    return read_rows(text)


def read_rows(text: str) -> tuple[dict[str, str], ...]:
    """Split tab-separated text into rows by the names of its first line."""
    lines = [line.split("\t") for line in text.splitlines() if line.strip() and not line.startswith("#")]
    names = lines[0] if lines else []
    return tuple({name: cell.strip() for name, cell in zip(names, line + [""] * len(names), strict=False)} for line in lines[1:])
