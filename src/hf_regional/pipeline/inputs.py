"""What a run starts from: the base model, the region, the corpus with a verdict on every row, and the tasks made of it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict, Image

from hf_regional.adapting.contrastive import LOSS_OF_FAMILY
from hf_regional.corpora import embedded_model, evidence_columns, load_corpus
from hf_regional.durable import digest_of, file_sha256
from hf_regional.encoding import image_key, resolve_folder
from hf_regional.encoding.two_tower import require_two_towers
from hf_regional.errors import ConfigError, NoRowsError, NotBuiltYetError
from hf_regional.evaluating.protocols.retrieval import RetrievalTask, build_retrieval_task
from hf_regional.filtering import filter_regional
from hf_regional.merging.checkpoint import read_checkpoint
from hf_regional.merging.finite import require_finite
from hf_regional.pipeline.config import Config
from hf_regional.records import COUNTRY, ID, IMAGE, LANGUAGE, LICENSE, REGION_VERDICT, TEXT
from hf_regional.regions import Region


@dataclass(frozen=True)
class Inputs:
    """Everything read and nothing written yet."""

    config: Config
    base: Path
    region: Region
    corpus: DatasetDict  # train, validation, test; every row with its verdict
    filtering: Any  # the report of the filter

    @cached_property
    def training_rows(self) -> Dataset:
        """The rows of the train split that the region keeps."""
        train = self.corpus["train"]
        kept = np.flatnonzero(np.asarray(train[REGION_VERDICT][:]) == "kept")
        if not len(kept):
            raise NoRowsError(
                f"no row of the train split is kept for {self.region.name}. Widen the region or the corpus.\n{self.filtering}"
            )
        return train.select(kept)

    @cached_property
    def base_sha256(self) -> dict[str, str]:
        """Weight file -> SHA-256."""
        return {path.name: file_sha256(path) for path in sorted(self.base.glob("*.safetensors"))}

    @cached_property
    def corpus_digest(self) -> str:
        """SHA-256 over every row's picture, id, text, verdict and whatever else decides a score; the same on every machine."""
        asked = {name for task in self.config.tasks for name in (task.group, *task.where)}
        columns = sorted({ID, TEXT, LANGUAGE, COUNTRY, REGION_VERDICT, *asked} & set(self.corpus["train"].column_names))
        return digest_of(
            {split: {IMAGE: _contents(rows), **{column: rows[column][:] for column in columns}} for split, rows in self.corpus.items()}
        )

    def identity(self) -> dict[str, Any]:
        """What a later stage depends on: two runs with the same identity may share finished stages."""
        return {"base": self.base_sha256, "corpus": self.corpus_digest, "region": sorted(self.region.countries)}

    def tasks(self, split: str) -> tuple[RetrievalTask, ...]:
        """The tasks over one split."""
        return tuple(
            build_retrieval_task(
                self.corpus, split, group=task.group, where=task.where, name=f"{task.kind}-{number}" if number else task.kind
            )
            for number, task in enumerate(self.config.tasks)
        )

    def licences(self) -> dict[str, int]:
        """Licence -> rows of the training data; rows without one are counted as unknown."""
        rows = self.training_rows
        if LICENSE not in rows.column_names:
            return {"unknown": len(rows)}
        names, counts = np.unique([name or "unknown" for name in rows[LICENSE][:]], return_counts=True)
        return dict(zip(names.tolist(), counts.tolist(), strict=True))

    def languages(self) -> list[str]:
        """Languages of the training rows, in order."""
        rows = self.training_rows
        return sorted({name for name in rows[LANGUAGE][:] if name}) if LANGUAGE in rows.column_names else []


def load_inputs(config: Config) -> Inputs:
    """Read what a config names and filter it to the region. Errors name the key, the column, the region or the file."""
    base = embedded_model(config.base) or resolve_folder(config.base)
    family = require_two_towers(base)
    if family not in LOSS_OF_FAMILY:  # now, and not after the corpus was read
        raise NotBuiltYetError(f"base: a run trains {' and '.join(LOSS_OF_FAMILY)} models so far, and {config.base} is {family!r}.")
    # An hour of training on a broken base ends in a loss of NaN that does not say which tensor it was.
    require_finite(read_checkpoint(base))
    return load_rows(config, base)


def load_rows(config: Config, base: Path) -> Inputs:
    """The same without a look at the base model, which may not be on this disk yet."""
    region, settings, corpus = config.to_region(), config.corpus, _splits(config)
    # The corpus has its columns under our names already, so the filter needs no mapping.
    exclude = settings.exclude or None
    found = filter_regional(
        corpus,
        region,
        columns=evidence_columns(settings.name),
        quality=settings.quality,
        min_quality=settings.min_quality,
        exclude=exclude,
        mode="annotate",
    )
    inputs = Inputs(config, base, region, found.data, found.report)
    for stage in config.to_recipe().stages:
        stage.require_rows(len(inputs.training_rows))
    return inputs


def _contents(rows: Dataset) -> list[str]:
    """SHA-256 of every row's picture; one that many rows share is read once."""
    cells = rows.select_columns([IMAGE]).cast_column(IMAGE, Image(decode=False)).with_format("arrow")[:][IMAGE].to_pylist()
    keys = [image_key(cell) for cell in cells]
    first = dict(zip(keys, cells, strict=True))
    contents = {key: key if cell["bytes"] is not None else file_sha256(Path(cell["path"])) for key, cell in first.items()}
    return [contents[key] for key in keys]


def _splits(config: Config) -> DatasetDict:
    settings = config.corpus
    options: dict[str, Any] = {"data_dir": settings.data_dir, "columns": settings.columns or None}
    options = {key: value for key, value in options.items() if value is not None}
    corpus = load_corpus(settings.name, **options)
    names = {"train": settings.train, "validation": settings.validation, "test": settings.test}
    for role, name in names.items():
        if name not in corpus:
            raise ConfigError(f"corpus.{role}: {settings.name} has no split {name!r}; there are: {', '.join(corpus)}.", f"corpus.{role}")
    return DatasetDict({role: corpus[name] for role, name in names.items()})
