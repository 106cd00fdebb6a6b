"""The tables beside this room: built from CLDR by `scripts/build_regions.py`, or kept by hand with a source in every row."""

from functools import cache


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """Read a CSV file of `data/`, once."""
    import csv
    import io
    from importlib.resources import files  # here, so that importing the room costs nothing

    text = files("hf_regional.regions").joinpath("data", name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(text)))
