"""The card's front matter: what the Hub reads, from recorded facts by `huggingface_hub`'s own classes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from huggingface_hub import EvalResult, ModelCardData

from hf_regional.cards.facts import CardFacts, Step
from hf_regional.cards.figures import mapping, texts, value_of
from hf_regional.cards.markdown import one_line
from hf_regional.licences import Combined, combine

TAGS: Final = ("hf-regional", "regional-adaptation", "model-merging")
TASK_TYPE: Final = "text-to-image-retrieval"
_HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)  # owner/name, and no path on somebody's disk
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")  # the Hub takes ISO 639 codes, without script or region


@dataclass(frozen=True, slots=True)
class Family:
    """What a reader of the card needs to know of a kind of model."""

    library: str
    pipeline: str
    usage: str = ""  # the template of its snippet, below `cards/usage/`


# One row a `model_type` of config.json; a type that is not here gets a card without a snippet.
FAMILIES: Final = {
    "clip": Family("transformers", "zero-shot-image-classification", "clip"),
    "siglip": Family("transformers", "zero-shot-image-classification", "siglip"),
    "siglip2": Family("transformers", "zero-shot-image-classification", "siglip"),
}


def family_of(facts: CardFacts) -> Family | None:
    """The family of the model that the facts describe, or None where the type is unknown or not recorded."""
    return FAMILIES.get(str((facts.of("model") or {}).get("model_type")))


def front_matter(facts: CardFacts) -> ModelCardData:
    """The metadata that the Hub asks of a model card; keys of which nothing is known are absent."""
    family, licence = family_of(facts), combined_licence(facts)
    results = list(_results(facts))
    base = str((facts.of("base") or {}).get("id", "")).partition("@")[0]  # owner/name@revision
    is_on_hub = bool(_HUB_ID.fullmatch(base))
    listed = licence.hub_id == licence.license
    return ModelCardData(
        base_model=base if is_on_hub else None,
        base_model_relation=_relation(facts) if is_on_hub else None,
        license=licence.hub_id,
        license_name=None if listed else re.sub(r"[^a-z0-9.-]+", "-", licence.license),
        license_link=None if listed else licence.url or "LICENSE",
        language=_languages(facts) or None,
        datasets=_datasets(facts) or None,
        tags=[*TAGS, *_region_tags(facts)],
        library_name=family.library if family else None,
        pipeline_tag=family.pipeline if family else None,
        model_name=model_name(facts) if results else None,
        eval_results=results or None,
        ignore_metadata_errors=False,
    )


def model_name(facts: CardFacts) -> str:
    """The model's recorded name, on one line."""
    return one_line(str((facts.of("model") or {}).get("name") or "")) or "Regionally adapted model"


def combined_licence(facts: CardFacts) -> Combined:
    """What the model may be published under: its base and every corpus that it was trained on, combined.

    A base or a corpus without a recorded licence counts as unknown, never as free.
    """
    sources: list[str | None] = [_text(base.get("license")) for base in facts.all("base")]
    for corpus in facts.all("filtering"):
        sources += list(mapping(corpus.get("licenses"))) or [None]
    if facts.of("training") and not facts.of("filtering"):
        sources.append(None)
    return combine(sources)


def _relation(facts: CardFacts) -> str | None:
    return "merge" if facts.of("merging") else "finetune" if facts.of("training") else None


def _languages(facts: CardFacts) -> list[str]:
    measured = [code for step in facts.all("evaluation") for code in mapping(step.get("by_language"))]
    chosen = [code for step in facts.all("filtering") for code in texts(step.get("languages"))]
    codes = {re.split("[-_]", code)[0] for code in (*measured, *chosen)}
    return sorted(code for code in codes if _LANGUAGE.fullmatch(code))


def _datasets(facts: CardFacts) -> list[str]:
    # A corpus that is not on the Hub is named in the text; here its name would be a broken link.
    named = [str(step.get("corpus", "")) for step in facts.all("filtering")]
    return sorted({name for name in named if _HUB_ID.fullmatch(name)})


def _region_tags(facts: CardFacts) -> list[str]:
    names = [str(step.get("region") or "") for step in facts.all("filtering")]
    slugs = {re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] for name in names}
    return sorted(f"region-{slug}" for slug in slugs if slug)


def _results(facts: CardFacts) -> Iterator[EvalResult]:
    for step in facts.all("evaluation"):
        sides = {side: mapping(step.get("merged")).get(side) for side in ("global", "regional")}
        languages = {code: mapping(cell).get("merged") for code, cell in mapping(step.get("by_language")).items()}
        for part, cell in (sides | languages).items():
            value = value_of(cell)
            if value is not None:
                yield _result(facts, step, one_line(part), value)


def _result(facts: CardFacts, step: Step, part: str, value: float) -> EvalResult:
    corpus = one_line(str(step.get("corpus") or (facts.of("filtering") or {}).get("corpus") or "unnamed corpus"))
    metric = one_line(str(step.get("metric") or "score"))
    return EvalResult(
        task_type=TASK_TYPE,
        task_name=_text(step.get("task")),
        dataset_type=corpus,
        dataset_name=f"{corpus} ({part})",
        dataset_config=part,
        dataset_split=_text(step.get("split")),
        metric_type=metric.lower(),
        metric_name=metric,
        metric_value=round(value, 6),
    )


def _text(value: Any) -> str | None:
    return one_line(value) if isinstance(value, str) and value.strip() else None
