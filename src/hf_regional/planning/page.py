"""The page: a plan and what it stands on in; one HTML file out that needs nothing else and asks no other host for anything."""

import base64
import hashlib
import io
import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hf_regional.durable import atomic_file
from hf_regional.planning.check import FillCheck
from hf_regional.planning.covered import Coverage
from hf_regional.planning.figures import corners, in_order, named, principal, spread
from hf_regional.planning.maps import apart, shapes, window
from hf_regional.planning.plan import Plan
from hf_regional.planning.record import Similarity
from hf_regional.planning.svg import Frame, line
from hf_regional.regions import country_code

if TYPE_CHECKING:
    import jinja2

TEMPLATES: Final = Path(__file__).parent / "templates"
_WIDTH: Final = 1000.0  # of the map in its own units
_THUMB: Final = 96  # pixels
_MOST_THUMBS: Final = 60  # a topic
_STEPS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 1.0)  # between the lines of the chart
_FILLS: Final = {"similar": "similar countries", "dissimilar": "dissimilar countries", "high-resource": "high-resource data"}


def write_page(
    path: str | Path,
    plan: Plan,
    similarity: Similarity | None = None,
    *,
    title: str = "What to annotate next",
    region: Collection[str] | None = None,
    coverage: Coverage | None = None,
    check: FillCheck | None = None,
    topics: Mapping[str, "TopicView"] | None = None,
) -> Path:
    """Write a plan as an interactive page.

    Args:
        path: the file.
        plan: what it is about.
        similarity: adds the country by country heat map.
        title: its heading, such as the region's name.
        region: countries whose window the map shows; None: those of the plan.
        coverage: adds similarity to the high-resource data to the matrix of topics and countries.
        check: adds the plot of who can stand in.
        topics: adds the principal components of each topic, see `topic_view`.
    """
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8").strip() for name in ("page.css", "page.js"))
    page = _templates().get_template("page.html.jinja").render(
        plan=plan,
        title=title,
        rows=_rows(plan),
        world=_world(plan, region),
        matrix=_matrix(plan, coverage),
        alike=None if similarity is None or len(similarity.countries) < 2 else _alike(similarity),
        chart=None if check is None else _chart(check),
        topics=topics or {},
        random=plan.baselines.set_index("how").loc["random"],
        equal=plan.baselines.set_index("how").loc["equal"],
        bars=_bars(plan),
        style=style,
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )  # fmt: skip
    with atomic_file(Path(path)) as file:
        file.write_text(page, encoding="utf-8")
    return Path(path)


class TopicView:
    """A topic's images on their first two principal components, ready for the page."""

    def __init__(self, features: Any, countries: npt.ArrayLike, images: Any = None, credits: Sequence[str] | None = None) -> None:
        names = np.asarray(countries)
        points, share = principal(features)
        low, high = points.min(axis=0), points.max(axis=0)
        at = (points - low) / np.maximum(high - low, 1e-12) * [900, -440] + [50, 490]
        self.share = [100 * value for value in share.tolist()]
        self.countries = sorted(set(names.tolist()))
        number = {name: place for place, name in enumerate(self.countries)}
        self.dots = [(x, y, number[name], named(name)) for (x, y), name in zip(at.tolist(), names.tolist(), strict=True)]
        shown = spread(at, _MOST_THUMBS) if images is not None else []
        told = (
            [named(name) for name in names.tolist()]
            if credits is None
            else [f"{named(n)}\n{c}" for n, c in zip(names.tolist(), credits, strict=True)]
        )
        self.thumbs = [(*at[place].tolist(), number[names[place]], told[place], _thumbnail((images or [])[place])) for place in shown]
        self.credits = sorted({credits[place] for place in shown}) if credits is not None else []
        self.names = [named(name) for name in self.countries]


def topic_view(
    features: Any,
    topics: npt.ArrayLike,
    countries: npt.ArrayLike,
    topic: str,
    images: Any = None,
    *,
    credits: Sequence[str] | None = None,
) -> TopicView:
    """Prepare one topic for the page.

    Args:
        features: (n, d).
        topics: (n,) labels.
        countries: (n,) labels.
        topic: the one to show.
        images: (n,) PIL images or paths of all rows; None shows dots.
        credits: (n,) whose photograph each is and under which licence; shown with it and below.
    """
    rows = np.flatnonzero(np.asarray(topics) == topic)
    own = None if images is None else [images[int(row)] for row in rows]
    said = None if credits is None else [credits[int(row)] for row in rows]
    return TopicView(np.asarray(features)[rows], np.asarray(countries)[rows], own, said)


def _rows(plan: Plan) -> list[dict[str, Any]]:
    table = plan.table.assign(gain=plan.table["expected_after"] - plan.table["expected_before"])
    most = max(1, int(table["annotate"].max()))
    ordered = table.sort_values(["annotate", "gain"], ascending=False, kind="stable")
    return [
        {str(key): value for key, value in row.items()}
        | {
            "name": named(row["country"]),
            "part": row["annotate"] / most,
            "lenders": [(named(name), images) for name, images in row["borrow_from"]],
        }
        for row in ordered.to_dict("records")
    ]


def _bars(plan: Plan) -> list[dict[str, Any]]:
    """The plan beside the two baselines: gain in points, and its part of the bound's."""
    top = max(plan.bound - plan.expected_before, 1e-12)
    rows: list[dict[Any, Any]] = plan.baselines.to_dict("records")
    ends = [{side: 100 * (row[side] - plan.expected_before) for side in ("low", "high")} for row in rows]
    return [{"how": row["how"], "gain": 100 * row["gain"], "part": row["gain"] / top} | end for row, end in zip(rows, ends, strict=True)]


def _world(plan: Plan, region: Collection[str] | None) -> dict[str, Any]:
    """The map: land, countries with a shade in [0, 1] for what is expected today, and circles."""
    rows = {code: row for row in plan.countries.to_dict("records") if (code := country_code(str(row["country"])))}
    view = window(region if region is not None else rows)
    frame = Frame(*corners(view), _WIDTH)
    found = shapes(*view)
    errors = {code: 1 - float(row["expected_before"]) for code, row in rows.items()}
    low, high = min(errors.values(), default=0.0), max(errors.values(), default=1.0)
    drawn = [
        {
            "code": code,
            "name": named(code),
            "path": frame.path(found[code].rings),
            "shade": (errors[code] - low) / max(high - low, 1e-9),
            "dot": frame.place(found[code].middle)[0].tolist() if found[code].area * frame.scale**2 < 90 else None,
            "row": row,
        }
        for code, row in sorted(rows.items())
        if code in found
    ]
    land = "".join(frame.path(shape.rings) for code, shape in found.items() if code not in rows)
    unplaced = [named(str(name)) for name in plan.countries["country"] if country_code(str(name)) not in found]
    ends = {"low": low, "high": high, "height": frame.height}
    return ends | {"land": land, "countries": drawn, "circles": _circles(drawn, found, frame), "unplaced": unplaced}


def _circles(drawn: list[dict[str, Any]], found: Mapping[str, Any], frame: Frame) -> list[dict[str, Any]]:
    ordered = [one for one in drawn if one["row"]["annotate"]]
    largest = max((one["row"]["annotate"] for one in ordered), default=1)
    homes = [frame.place(found[one["code"]].middle)[0] for one in ordered]
    radii = [max(10.0, 28 * float(np.sqrt(one["row"]["annotate"] / largest))) for one in ordered]
    places = apart(homes, radii) if ordered else []
    return [
        {
            "code": one["code"],
            "name": one["name"],
            "images": one["row"]["annotate"],
            "x": x,
            "y": y,
            "r": r,
            "home": home.tolist(),
            "row": one["row"],
        }
        for one, (x, y), r, home in zip(ordered, places, radii, homes, strict=True)
    ]


def _matrix(plan: Plan, coverage: Coverage | None) -> dict[str, Any]:
    """Topics by countries, each cell with what can be shown in it and its shade in [0, 1]."""
    table = plan.table.copy()
    layers = {"annotate": "images to annotate", "expected_before": "accuracy expected today", "expected_after": "accuracy expected then"}
    if coverage is not None:
        high = coverage.table.set_index(["topic", "country"])["similarity"]
        table["high"] = high.reindex(pd.MultiIndex.from_frame(table[["topic", "country"]])).to_numpy()
        layers["high"] = "similarity to high-resource data"
    both = table[["expected_before", "expected_after"]].to_numpy()
    ends = {name: (float(table[name].min()), float(table[name].max())) for name in layers}
    ends["expected_before"] = ends["expected_after"] = (float(both.min()), float(both.max()))
    ends["annotate"] = (0.0, ends["annotate"][1])
    cells: dict[Any, Any] = {(row["topic"], row["country"]): row for row in table.to_dict("records")}
    topics = table.groupby("topic")["annotate"].sum().sort_values(ascending=False, kind="stable").index.tolist()
    countries = table.groupby("country")["annotate"].sum().sort_values(ascending=False, kind="stable").index.tolist()
    shown = [[_cell(cells.get((topic, country)), layers, ends) for country in countries] for topic in topics]
    return {"layers": layers, "ends": ends, "topics": topics, "countries": [(name, named(name)) for name in countries], "cells": shown}


def _cell(row: Mapping[str, Any] | None, layers: Mapping[str, str], ends: Mapping[str, tuple[float, float]]) -> dict[str, Any] | None:
    if row is None:
        return None
    values = {name: row[name] for name in layers}
    shades = {
        name: None if pd.isna(value) else round((value - ends[name][0]) / max(ends[name][1] - ends[name][0], 1e-9), 3)
        for name, value in values.items()
    }
    told = {name: [_short(name, value), shades[name]] for name, value in values.items()}
    return {"numbers": values, "shades": shades, "have": row["have"], "cells": json.dumps(told, ensure_ascii=False)}


def _short(layer: str, value: Any) -> str:
    if pd.isna(value):
        return ""
    return (f"{value:,}" if value else "·") if layer == "annotate" else f"{value:.2f}".lstrip("0")


def _alike(similarity: Similarity) -> dict[str, Any]:
    ordered, _, _ = in_order(similarity.matrix())
    values = ordered.to_numpy(np.float64)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    shades = (values - low) / max(high - low, 1e-9)
    cells = [
        [None if np.isnan(value) else (value, shade) for value, shade in zip(*pair, strict=True)]
        for pair in zip(values.tolist(), shades.tolist(), strict=True)
    ]
    return {"names": [named(name) for name in ordered.index], "cells": cells, "low": low, "high": high, "rule": similarity.rule}


def _chart(check: FillCheck) -> dict[str, Any]:
    """Lines with bands in a picture 640 by 336."""
    table = check.table.dropna(subset=["accuracy"])
    low, high = float(table["low"].min()), float(table["high"].max())
    step = next(size for size in _STEPS if (high - low) / size <= 5)
    low, high = np.floor(low / step + 1e-9) * step, max(np.ceil(high / step - 1e-9), np.floor(low / step + 1e-9) + 1) * step

    def at(ratio: float, value: float) -> tuple[float, float]:
        return 74 + 540 * ratio, 276 - 250 * (value - low) / (high - low)

    lines = []
    for fill, part in table.groupby("fill", sort=False):
        rows = part.sort_values("ratio").to_dict("records")
        upper, lower = ([at(row["ratio"], row[side]) for row in rows] for side in ("high", "low"))
        dots = [(*at(row["ratio"], row["accuracy"]), row["ratio"], row) for row in rows]
        lines.append(
            {
                "name": _FILLS.get(str(fill), fill),
                "path": line([dot[:2] for dot in dots]),
                "band": line([*upper, *lower[::-1]]) + "z",
                "dots": dots,
            }
        )
    ticks = [(at(0, value)[1], value) for value in np.arange(low, high + step / 2, step).tolist()]
    return {
        "lines": lines,
        "ticks": ticks,
        "ratios": [(at(ratio, low)[0], ratio) for ratio in (0, 0.25, 0.5, 0.75, 1)],
        "settings": check.settings,
    }


def _thumbnail(image: Any) -> str:
    from PIL import Image, ImageOps

    opened = image if isinstance(image, Image.Image) else Image.open(image)
    held = io.BytesIO()
    ImageOps.fit(ImageOps.exif_transpose(opened).convert("RGB"), (_THUMB, _THUMB)).save(held, "JPEG", quality=72)
    return f"data:image/jpeg;base64,{base64.b64encode(held.getvalue()).decode()}"


@cache
def _templates() -> "jinja2.Environment":
    import jinja2

    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters.update(
        named=named, count="{:,}".format, usd="${:,.0f}".format, three="{:.3f}".format, two="{:.2f}".format, f4="{:.4f}".format
    )  # pyright: ignore[reportArgumentType, reportCallIssue]
    return templates
