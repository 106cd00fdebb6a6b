"""The dry run: what a run would read, do, need and cost, before it writes a byte.

Rows, steps and downloads are exact. Memory and time come from a few real steps on the real model and rows, run in memory and thrown
away; disk is the arithmetic of the checkpoints that the run writes.
"""

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from datasets import Dataset, Image

from hf_regional.adapting.batches import PairCollator
from hf_regional.adapting.objectives import positives_of, softmax_loss
from hf_regional.adapting.recipe import Stage
from hf_regional.adapting.stages import freeze_all_but
from hf_regional.cards.declared import declared_licence
from hf_regional.corpora import embedded_model
from hf_regional.encoding import TwoTowerEncoder, bytes_to_fetch, load_encoder
from hf_regional.evaluating.beta import checked_grid
from hf_regional.evaluating.protocols.retrieval import RetrievalTask
from hf_regional.evaluating.tables import aligned
from hf_regional.pipeline.config import Config
from hf_regional.pipeline.inputs import Inputs, load_inputs, load_rows
from hf_regional.records import IMAGE, TEXT

_STEPS: Final = 6  # timed ones; the first, which allocates, is not counted
_SAMPLE: Final = 512
_OVERHEAD_S: Final = 6.0  # the interpreter and its imports, the plot and the card
_BESIDE: Final = 400_000  # bytes of the plot, the card and the measured rows
_UNKNOWN: Final = "known once the model is on this disk"
_GB: Final = 1e9


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run needs. Bytes and seconds; counts are exact. Memory is None, and time empty, while the model is not on this disk."""

    rows: dict[str, int]
    steps: int
    memory_bytes: int | None
    disk_bytes: int
    download_bytes: int
    licenses: dict[str, Any]
    seconds: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [["what", "how much"]]
        lines += [[f"rows, {name}", f"{count:,}"] for name, count in self.rows.items()]
        lines += [
            ["training steps", f"{self.steps:,}"],
            ["memory", _UNKNOWN if self.memory_bytes is None else f"{self.memory_bytes / _GB:.2f} GB"],
            ["disk", f"{self.disk_bytes / _GB:.3f} GB"],
        ]
        lines += [
            ["downloads", f"{self.download_bytes / _GB:.3f} GB"],
            *([f"licence, {name}", str(found)] for name, found in self.licenses.items()),
        ]
        lines += [[f"time, {stage}", f"{seconds / 60:.1f} min"] for stage, seconds in self.seconds.items()] or [["time", _UNKNOWN]]
        return aligned(lines)


def forecast(config: Config) -> Forecast:
    """Foresee a run. Errors are those that the run would raise before its first step."""
    config.check()
    began = time.perf_counter()
    betas = checked_grid(config.merging.betas)
    if fetch := 0 if embedded_model(config.base) else bytes_to_fetch(config.base):
        return _before_the_download(config, fetch)
    inputs = load_inputs(config)
    reading = time.perf_counter() - began
    encoder = load_encoder(inputs.base, device=config.device, dtype="float32")
    tasks = {split: inputs.tasks(split) for split in ("validation", "test")}
    recipe = config.to_recipe()
    training = inputs.training_rows.select_columns([IMAGE, TEXT]).cast_column(IMAGE, Image(decode=False))
    rows = len(training)
    pictures = max(len(task.gallery) for found in tasks.values() for task in found)
    scoring = {split: sum(_scoring_seconds(encoder, task) for task in found) for split, found in tasks.items()}
    weights = sum(path.stat().st_size for path in inputs.base.glob("*.safetensors"))
    seconds = {
        "training": sum(_training_seconds(encoder, training, stage, pictures) for stage in recipe.stages),
        "scoring": len(betas) * scoring["validation"] + 3 * scoring["test"],
        "the rest": _OVERHEAD_S + reading + (len(betas) + 3) * weights / 2e8,
    }
    return Forecast(
        rows=_rows(inputs, tasks),
        steps=recipe.steps(rows),
        memory_bytes=_peak_memory(),
        disk_bytes=_copies(config) * _checkpoint_bytes(inputs.base) + _BESIDE,
        download_bytes=0,
        licenses={"base model": declared_licence(inputs.base), **_licences(inputs)},
        seconds={**seconds, "total": sum(seconds.values())},
    )


def _before_the_download(config: Config, fetch: int) -> Forecast:
    """What can be told while the model is still on the Hub: memory and time need it, and a dry run fetches nothing."""
    inputs = load_rows(config, Path(config.base))
    tasks = {split: inputs.tasks(split) for split in ("validation", "test")}
    return Forecast(
        rows=_rows(inputs, tasks),
        steps=config.to_recipe().steps(len(inputs.training_rows)),
        memory_bytes=None,
        disk_bytes=fetch * (1 + _copies(config)) + _BESIDE,
        download_bytes=fetch,
        licenses={"base model": "see its page on the Hub", **_licences(inputs)},
        seconds={},
    )


def _rows(inputs: Inputs, tasks: Mapping[str, Sequence[RetrievalTask]]) -> dict[str, int]:
    texts = {f"{split} texts": sum(len(task.texts) for task in found) for split, found in tasks.items()}
    return {"training": len(inputs.training_rows), **texts}


def _licences(inputs: Inputs) -> dict[str, str]:
    return {name: f"{count:,} rows" for name, count in inputs.licences().items()}


def _copies(config: Config) -> int:
    """θ_regional, every mix, and the two models of the result, which all are there before the working folder is removed."""
    return 1 + sum(beta > 0 for beta in checked_grid(config.merging.betas)) + 2


def _training_seconds(encoder: TwoTowerEncoder, rows: Dataset, stage: Stage, pictures: int) -> float:
    """Seconds of a stage, from a few steps on real rows at a learning rate of 0, which leaves the weights alone.

    A picture is read once and then kept, so each batch is timed twice: as long as there are new pictures, and after.
    """
    collate = PairCollator(encoder.processor, encoder.model.config)
    freeze_all_but(encoder.model, stage.trainable)
    optimiser = torch.optim.AdamW([parameter for parameter in encoder.model.parameters() if parameter.requires_grad], lr=0.0)
    encoder.model.train()
    chosen = np.random.default_rng(0).integers(len(rows), size=(_STEPS, min(stage.batch_size, len(rows))))
    batches = [[rows[int(i)] for i in batch] for batch in chosen]
    new, known = ([_timed(lambda batch=batch: _step(encoder, optimiser, collate(batch))) for batch in batches] for _ in range(2))
    encoder.model.eval()
    steps = stage.steps(len(rows))
    steps_with_new = min(steps, -(-pictures // stage.batch_size))
    return float(steps_with_new * np.median(new[1:]) + (steps - steps_with_new) * np.median(known))


def _step(encoder: TwoTowerEncoder, optimiser: torch.optim.Optimizer, batch: dict[str, torch.Tensor]) -> None:
    inputs = {name: tensor.to(encoder.device) for name, tensor in batch.items()}
    positives = positives_of(inputs.pop("image_keys"), inputs.pop("text_keys"))
    softmax_loss(encoder.model(**inputs).logits_per_image, positives).backward()
    optimiser.step()
    optimiser.zero_grad()


def _scoring_seconds(encoder: TwoTowerEncoder, task: RetrievalTask) -> float:
    """Seconds of scoring a task once, from a sample of its texts and pictures."""
    texts, pictures = task.texts[:_SAMPLE], task.gallery[:_SAMPLE]
    encoder.encode_texts(texts[:8])
    of_text = _timed(lambda: encoder.encode_texts(texts)) / len(texts)
    of_picture = _timed(lambda: encoder.encode_images(pictures)) / len(pictures)
    return of_text * len(task.texts) + of_picture * len(task.gallery)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _peak_memory() -> int:
    """Bytes that this process held at its highest, the timed steps included; a run holds about as much."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _checkpoint_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
