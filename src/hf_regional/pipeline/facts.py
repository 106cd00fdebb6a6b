"""The facts of a run, as its report and its card tell them. No path, host or time, so that the same run tells the same."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from hf_regional.cards import CardFacts
from hf_regional.cards.declared import declared_licence
from hf_regional.corpora import catalogue, embedded_model
from hf_regional.evaluating.beta import Choice
from hf_regional.evaluating.report import MODELS
from hf_regional.pipeline.config import Config
from hf_regional.pipeline.inputs import Inputs
from hf_regional.pipeline.work import Work

_PACKAGES: Final = ("torch", "transformers", "datasets", "tokenizers", "safetensors", "numpy")


def settings(config: Config) -> dict[str, Any]:
    """The config without what differs from machine to machine: folders are named, not located."""
    out = config.model_dump(mode="json", exclude={"output", "device"})
    out["base"] = Path(config.base).name if Path(config.base).is_dir() else config.base
    if config.corpus.data_dir is not None:
        out["corpus"]["data_dir"] = config.corpus.data_dir.name
    return out


def story(work: Work, choice: Choice, report: dict[str, Any]) -> CardFacts:
    """Everything the card tells, step by step."""
    inputs, config = work.inputs, work.inputs.config
    place = sorted(work.mixes).index(choice.beta)
    merging = {**work.merging, "beta": choice.beta, "regional": "regional"}
    # The merge wrote every β > 0 in one pass and counted each.
    merging["counts"] = work.merging["counts"][place - 1] if place else {}
    learned = {key: value for key, value in (choice.facts.of("choosing") or {}).items() if key != "kind"}
    kept = ("chance", *MODELS, "retention", "gain", "tuned_retention", "tuned_gain", "recall", "by_language", "by_country")
    scores = {key: report[key] for key in kept}
    told = CardFacts()
    told = told.with_step("model", name=config.output.name, **_architecture(inputs.base))
    told = told.with_step(
        "base",
        id=settings(config)["base"],
        embedded=embedded_model(config.base) is not None,
        sha256=inputs.base_sha256,
        license=declared_licence(inputs.base),
    )
    told = told.with_step("filtering", **_filtering(inputs))
    told = told.with_step("training", **{key: value for key, value in work.training.items() if key not in {"kind", "history"}})
    told = told.with_step("merging", **merging)
    told = told.with_step("choosing", **{**learned, "alpha_source": report["alpha_source"], "split": "validation"})
    told = told.with_step(
        "evaluation",
        task="text-to-image retrieval",
        split="test",
        metric="MRR",
        counted_out=report["left_out"],
        pictures=max(report["pictures"].values()),
        resamples=config.resamples,
        **scores,
    )
    told = told.with_step("run", command="hf-regional run config.yaml --output rebuilt", config=settings(config))
    if limits := catalogue()[config.corpus.name].limits:
        told = told.with_step("limits", notes=[limits])
    return told.with_step("environment", python=platform.python_version(), **{name: version(name) for name in _PACKAGES}, seed=config.seed)


def _architecture(base: Path) -> dict[str, Any]:
    from safetensors import safe_open
    from transformers import AutoConfig

    parameters = 0
    for path in base.glob("*.safetensors"):
        with safe_open(path, framework="np") as file:
            for name in file.keys():  # noqa: SIM118 - no mapping
                count = 1
                for size in file.get_slice(name).get_shape():
                    count *= size
                parameters += count
    loaded = AutoConfig.from_pretrained(base)
    return {"model_type": loaded.model_type, "architectures": loaded.architectures, "parameters": parameters}


def _filtering(inputs: Inputs) -> dict[str, Any]:
    found, settings = inputs.filtering.as_dict(), inputs.config.corpus
    return {
        "corpus": settings.name,
        "digest": inputs.corpus_digest,
        "licenses": inputs.licences(),
        "region": inputs.region.name,
        "countries": sorted(inputs.region.countries),
        "languages": inputs.languages(),
        "rows_in": found["rows"],
        "rows_trained": len(inputs.training_rows),
        "counts": found["counts"],
        "reasons": found["reasons"],
        "excluded": settings.exclude,
    }
