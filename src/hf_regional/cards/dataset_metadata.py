"""The front matter of a data set's card: what the Hub reads, from recorded facts by `huggingface_hub`'s own classes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml
from huggingface_hub import DatasetCardData

from hf_regional.cards.data_sources import HUB_ID
from hf_regional.cards.facts import CardFacts
from hf_regional.cards.figures import items, mapping, number
from hf_regional.cards.markdown import one_line
from hf_regional.licences import OTHER, UNKNOWN, Combined, combine, licence

TAGS: Final = ("hf-regional", "regional-adaptation")
KEPT_FIELDS: Final = ("dataset_info", "configs")  # what `push_to_hub` of `datasets` writes, and reads again
SEVERAL: Final = "several-see-card"
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")  # the Hub takes ISO 639 codes, without script or region
_LONGEST: Final = 90  # characters of a licence's name
_UNITS: Final = (("K", 10**3), ("M", 10**6), ("B", 10**9), ("T", 10**12))
_HEAD: Final = re.compile(r"\A\s*---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)


def dataset_front_matter(facts: CardFacts, fields: Mapping[str, Any]) -> DatasetCardData:
    """The metadata that the Hub asks of a data set's card; keys of which nothing is known are absent.

    Args:
        facts: what was recorded of the filter.
        fields: `KEPT_FIELDS` of the card that is there; files that the facts name go before them.
    """
    told = facts.of("dataset") or {}
    return DatasetCardData(
        language=_languages(facts) or None,
        **licence_fields(licences_of(facts)),
        size_categories=size_category(rows_of(facts)),
        source_datasets=sorted({name for source in facts.all("source") if HUB_ID.fullmatch(name := str(source.get("hub_id") or ""))})
        or None,
        pretty_name=dataset_name(facts),
        tags=[*TAGS, *_region_tags(told.get("region"))],
        **{**fields, **_configs(told.get("data_files"))},
    )


def dataset_name(facts: CardFacts) -> str:
    """The data set's recorded name, on one line."""
    return one_line(str((facts.of("dataset") or {}).get("name") or "")) or "Rows of a region"


def rows_of(facts: CardFacts) -> int:
    """The rows that the data set holds: those kept, or all that were judged where every row keeps its verdict."""
    told = facts.of("dataset") or {}
    return int(number(told.get("rows" if told.get("mode") == "annotate" else "kept")) or 0)


def licences_of(facts: CardFacts) -> dict[str, int]:
    """Rows by licence, as identifiers; of rows that name none the licences of their sources, with the rows of all."""
    named = {str(name): int(number(rows) or 0) for name, rows in mapping((facts.of("licences") or {}).get("rows")).items()}
    return {name: rows for name, rows in named.items() if rows > 0}


def licence_fields(named: Mapping[str, int]) -> dict[str, str]:
    """The keys of the front matter for rows under these licences: one only where all share it, never one that nobody gave.

    >>> licence_fields({"cc-by-4.0": 3}), licence_fields({})
    ({'license': 'cc-by-4.0'}, {'license': 'unknown'})
    >>> licence_fields({"cc-by-4.0": 3, "unknown": 1})
    {'license': 'other', 'license_name': 'cc-by-4.0-and-unknown'}
    """
    if len(named) > 1:
        joined = "-and-".join(sorted(map(_slug, named)))
        return {"license": OTHER, "license_name": joined if len(joined) <= _LONGEST else SEVERAL}
    only = next(iter(named), UNKNOWN)
    listed = licence(only)
    if only == UNKNOWN or (listed and listed.on_hub):
        return {"license": only}
    return {"license": OTHER, "license_name": _slug(only) or SEVERAL, **({"license_link": listed.url} if listed and listed.url else {})}


def combined_rows(facts: CardFacts) -> Combined:
    """What something made from all rows together may be published under."""
    return combine(licences_of(facts) or [None])


def size_category(rows: int) -> str:
    """The Hub's word for a size.

    >>> size_category(0), size_category(999), size_category(1000), size_category(2_300_000), size_category(10**12)
    ('n<1K', 'n<1K', '1K<n<10K', '1M<n<10M', 'n>1T')
    """
    if rows < 1000:
        return "n<1K"
    low = 10 ** (len(str(rows)) - 1)
    return "n>1T" if low >= 10**12 else f"{_short(low)}<n<{_short(10 * low)}"


def kept_fields(card: str) -> dict[str, Any]:
    """What a card that is there says of files and columns; `datasets` loads a pushed data set by it, so it must not be lost."""
    head = _HEAD.match(card)
    try:
        found = yaml.safe_load(head[1]) if head else None
    except yaml.YAMLError:  # a head that nobody can read says nothing
        return {}
    return {name: found[name] for name in KEPT_FIELDS if name in found} if isinstance(found, dict) else {}


def body_of(card: str) -> str:
    """A card without its front matter."""
    return _HEAD.sub("", card, count=1).strip()


def _short(power: int) -> str:
    unit, size = next((unit, size) for unit, size in reversed(_UNITS) if power >= size)
    return f"{power // size}{unit}"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-")


def _languages(facts: CardFacts) -> list[str]:
    """ISO 639 codes of the languages that rows are in; a detector's "id-ms" is both."""
    parts: Sequence[Any] = items(mapping((facts.of("outcome") or {}).get("parts")).get("language"))
    annotated = (facts.of("dataset") or {}).get("mode") == "annotate"
    named = [str(mapping(part).get("value")) for part in parts if number(mapping(part).get("rows" if annotated else "kept"))]
    codes = [code for name in named for code in name.split("-")]
    return sorted({code for code in codes if _LANGUAGE.fullmatch(code)})


def _region_tags(region: Any) -> list[str]:
    slug = re.sub(r"[^a-z0-9]+", "-", str(region or "").lower()).strip("-")[:60]
    return [f"region-{slug}"] if slug else []


def _configs(data_files: Any) -> dict[str, Any]:
    files = [{"split": str(split), "path": str(path)} for split, path in mapping(data_files).items()]
    return {"configs": [{"config_name": "default", "data_files": files}]} if files else {}
