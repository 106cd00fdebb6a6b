"""The tables beside this room: kept by hand, or written by the scripts that their rows or files name."""

from functools import cache


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """Read a CSV file of `data/`, once."""
    import csv
    import io
    from importlib.resources import files  # here, so that importing the room costs nothing

    text = files("hf_regional.filtering.evidence").joinpath("data", name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(text)))
