"""Writing: a plan in; a folder with its page, its tables, the tasks for an annotation tool, and its pictures, out."""

import json
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Final

from hf_regional.planning.figures import draw_countries, draw_topic, draw_world
from hf_regional.planning.page import TopicView, topic_view, write_page
from hf_regional.planning.plan import Plan
from hf_regional.planning.reading import Source
from hf_regional.regions import Region, country_code

_TOPICS: Final = 12  # shown on the page, those with most images: each adds up to 300 kB of thumbnails
_FEWEST: Final = 3  # images of a topic that can be laid out


def write_plan(folder: Path, plan: Plan, source: Source, region: Collection[str] | None = None) -> None:
    """Write everything there is about a plan into a folder.

    plan.html, plan.csv, tasks.csv, borrowing.csv, countries.csv, plan.json; map.png and map.svg; countries.png and similarity.csv where
    there are similarities; topic-*.png where there are features.
    """
    plan.to_csv(folder / "plan.csv")
    plan.to_tasks(folder / "tasks.csv")
    plan.borrowing.to_csv(folder / "borrowing.csv", index=False)
    plan.countries.to_csv(folder / "countries.csv", index=False)
    (folder / "plan.json").write_text(json.dumps(plan.as_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if source.similarity is not None:
        source.similarity.to_csv(folder / "similarity.csv")
        draw_countries(source.similarity, folder / "countries.png")
    if any(country_code(str(name)) for name in plan.countries["country"]):
        errors = dict(zip(plan.countries["country"], 1 - plan.countries["expected_before"], strict=True))
        for ending in ("png", "svg"):
            draw_world(errors, folder / f"map.{ending}", label="errors expected today", plan=plan, region=region)
    title = "What to annotate next" if region is None else region.label() if isinstance(region, Region) else ", ".join(sorted(region))
    write_page(folder / "plan.html", plan, source.similarity, title=title, region=region, topics=_topics(folder, source))


def _topics(folder: Path, source: Source) -> dict[str, TopicView]:
    """Views of the topics with most images; their pictures are drawn on the way."""
    if source.features is None or source.topics is None or source.countries is None:
        return {}
    countries = [name or "(no country)" for name in source.countries]
    sizes = Counter(filter(None, source.topics))
    chosen = sorted((topic for topic in sizes if sizes[topic] >= _FEWEST), key=lambda topic: (-sizes[topic], topic))[:_TOPICS]
    views: dict[str, TopicView] = {}
    for number, topic in enumerate(chosen):
        images = source.images if source.images is None or not hasattr(source.images, "column_names") else None
        draw_topic(
            source.features, source.topics, countries, topic, folder / f"topic-{number + 1:02}.png", images=images, credits=source.credits
        )
        views[topic] = topic_view(source.features, source.topics, countries, topic, images, credits=source.credits)
    return views
