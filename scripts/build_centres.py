"""Write src/hf_regional/regions/data/centres.csv, the middle of each country, from the outlines that the package ships.

    python scripts/build_centres.py

A country's middle is the centroid of its area on the sphere: the mean direction of its cells of 0.1 degrees, each weighed by its area;
where it has no cell, that of the points of its outline. Outlines are Natural Earth's 1:10m (public domain, see build_outlines.py). Run
again on the same outlines it writes the same bytes.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from build_regions import write_csv

from hf_regional.filtering.evidence.outlines import centre_of, earth
from hf_regional.filtering.hits import country_places

OUTPUT = Path(__file__).parents[1] / "src" / "hf_regional" / "regions" / "data" / "centres.csv"
WIDE = 3600  # cells in a row of the grid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    rows = sorted(middles())
    write_csv(arguments.output, ("alpha3", "latitude", "longitude"), rows)
    print(f"{arguments.output}: {len(rows)} countries")


def middles() -> Iterator[tuple[str, str, str]]:
    """Code, latitude and longitude in degrees of every country that has an outline."""
    world = earth()
    grid = world.centre.reshape(-1, WIDE)
    # A cell counts with one above or below it: Fiji's outline runs along the antimeridian and leaves strips across the ocean, one row high.
    has_fellow = np.zeros(grid.shape, np.bool_)
    has_fellow[1:] |= grid[1:] == grid[:-1]
    has_fellow[:-1] |= grid[1:] == grid[:-1]
    for code, place in country_places().items():
        cells = np.flatnonzero((world.centre == place) & has_fellow.ravel())
        x, y = centre_of(cells)
        weight = np.cos(np.radians(y))
        if not len(cells):
            own = (world.pieces.left == place) | (world.pieces.right == place)
            x, y, weight = world.pieces.x[own], world.pieces.y[own], np.ones(own.sum())
        if len(x):
            high, wide = mean_direction(x, y, weight)
            yield code, f"{high:.2f}", f"{wide:.2f}"


def mean_direction(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Latitude and longitude of the weighed mean of points on the sphere."""
    wide, high = np.radians(x), np.radians(y)
    east, north, up = (float(weight @ part) for part in (np.cos(high) * np.cos(wide), np.cos(high) * np.sin(wide), np.sin(high)))
    return float(np.degrees(np.arctan2(up, np.hypot(east, north)))), float(np.degrees(np.arctan2(north, east)))


if __name__ == "__main__":
    main()
