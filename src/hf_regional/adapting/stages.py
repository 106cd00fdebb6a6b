"""`adapt`: run a recipe's stages over regional rows and save θ_regional with its processor."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from datasets import Dataset, Image
from transformers import PrinterCallback, TrainerCallback

from hf_regional.adapting.batches import PairCollator
from hf_regional.adapting.contrastive import LOSS_OF_FAMILY, ContrastiveTrainer, PeriodicScore, StageBar, training_arguments
from hf_regional.adapting.recipe import Recipe, Stage, load_recipe
from hf_regional.cards import CardFacts
from hf_regional.durable import atomic_folder
from hf_regional.encoding import TwoTowerEncoder, load_encoder
from hf_regional.errors import ConfigError, MissingColumnError, NonFiniteError, NoRowsError, NotBuiltYetError
from hf_regional.protocols import HasPath
from hf_regional.records import IMAGE, TEXT

logger = logging.getLogger(__name__)

Evaluate = Callable[[TwoTowerEncoder], dict[str, float]]


@dataclass(frozen=True, slots=True)
class Adapted:
    """θ_regional: a folder that plain `from_pretrained` loads, the facts of its making, and its history of losses."""

    path: Path
    facts: CardFacts
    history: tuple[dict[str, float], ...]


class HasData(Protocol):
    """Filtered rows with the report of the filter."""

    @property
    def data(self) -> Any: ...  # noqa: D102 - a field


def adapt(
    base: str | Path | HasPath,
    data: Dataset | HasData,
    recipe: str | Path | Recipe,
    output_dir: str | Path,
    *,
    evaluate: Evaluate | None = None,
    evaluate_every: int | None = None,
    seed: int = 0,
    device: str | None = None,
    facts: CardFacts | None = None,
    progress: bool = True,
    **overrides: Any,
) -> Adapted:
    """Fine-tune a global model on regional rows.

    Args:
        base: θ_global: a folder, a Hub id, or a record with a `path`.
        data: rows of the `pairs` view (image, text), or a `Filtered` holding them.
        recipe: the name of a recipe, a path to a YAML, or a `Recipe`.
        output_dir: where θ_regional goes; it appears whole at the end or not at all.
        evaluate: called with the encoder after every stage; its numbers go into the history.
        evaluate_every: call `evaluate` every so many steps too.
        seed: of the order of rows, and of dropout.
        device: "cpu", "cuda", ...; by default the accelerator where there is one.
        facts: what is known so far; the training is appended.
        progress: show a progress bar.
        **overrides: fields of `Stage` that replace the recipe's, in every stage.

    Raises:
        NotBuiltYetError: a family or model that this version cannot train.
        ConfigError, MissingColumnError, NoRowsError: a bad recipe or bad rows.
        NonFiniteError: the loss became NaN or infinite; nothing is saved.
    """
    chosen = load_recipe(recipe).overridden(**overrides)
    chosen.require_built()
    rows = _training_rows(data)
    encoder = load_encoder(base, device=device, dtype="float32")
    history: list[dict[str, float]] = []
    with atomic_folder(Path(output_dir)) as folder:
        for stage in chosen.stages:
            periodic = PeriodicScore(partial(evaluate, encoder), evaluate_every) if evaluate and evaluate_every else None
            history += _run_stage(encoder, rows, stage, folder, periodic, seed=seed, progress=progress)
            if evaluate is not None:
                history.append({"stage_steps": stage.steps(len(rows)), **evaluate(encoder)})
        save_plain(encoder, folder)
    settings = {
        "recipe": chosen.name,
        "stages": [stage.model_dump(mode="json") | {"loss": _loss_of(stage, encoder.model.config.model_type)} for stage in chosen.stages],
        "rows": len(rows),
        "seed": seed,
    }
    losses = [entry["loss"] for entry in history if "loss" in entry]
    steps = chosen.steps(len(rows))
    learned = (facts or CardFacts()).with_step("training", **settings, steps=steps, loss_first=losses[0], loss_last=losses[-1])
    return Adapted(Path(output_dir), learned, tuple(history))


def save_plain(encoder: TwoTowerEncoder, folder: Path) -> None:
    """Save the model in its own class's name with its processor: safetensors only, nothing of ours."""
    encoder.model.save_pretrained(folder)
    encoder.processor.save_pretrained(folder)


def _training_rows(data: Dataset | HasData) -> Dataset:
    rows = data if isinstance(data, Dataset) else getattr(data, "data", data)
    if not isinstance(rows, Dataset):
        raise ConfigError(
            f"training takes a datasets.Dataset or a Filtered that holds one, got {type(rows).__name__}; choose one split first."
        )
    missing = {IMAGE, TEXT} - set(rows.column_names)
    if missing:
        raise MissingColumnError(
            f"training needs the columns image and text; missing: {', '.join(sorted(missing))}; there are: {', '.join(rows.column_names)}.",
            frozenset(missing),
        )
    if not len(rows):
        raise NoRowsError("there is no row to train on; widen the region or the filter.")
    return rows.select_columns([IMAGE, TEXT]).cast_column(IMAGE, Image(decode=False))


def _run_stage(
    encoder: TwoTowerEncoder, rows: Dataset, stage: Stage, folder: Path, periodic: PeriodicScore | None, *, seed: int, progress: bool
) -> list[dict[str, float]]:
    stage.require_rows(len(rows))
    count = freeze_all_but(encoder.model, stage.trainable)
    arguments = training_arguments(stage, len(rows), str(folder), seed=seed, device=str(encoder.device))
    logger.info("stage %s: %d steps over %d rows, %d parameters train", stage.name, arguments.max_steps, len(rows), count)
    collate = PairCollator(encoder.processor, encoder.model.config)
    callbacks: list[TrainerCallback] = [*([periodic] if periodic else []), *([StageBar(stage.name)] if progress else [])]
    trainer = ContrastiveTrainer(encoder.model, arguments, data_collator=collate, train_dataset=rows, callbacks=callbacks)
    trainer.remove_callback(PrinterCallback)
    trainer.loss_name = _loss_of(stage, encoder.model.config.model_type)
    trainer.train()
    encoder.model.eval()
    history = [{key: float(value) for key, value in entry.items()} for entry in trainer.state.log_history]
    _require_finite(encoder.model, history, stage)
    return history + (periodic.entries if periodic else [])


def _require_finite(model: Any, history: list[dict[str, float]], stage: Stage) -> None:
    advice = f"lower learning_rate ({stage.learning_rate:g}), or check the base and the rows"
    # The last steps may come after the last logged loss; their mean is in train_loss.
    if not all(math.isfinite(entry.get(key, 0.0)) for entry in history for key in ("loss", "train_loss")):
        raise NonFiniteError(f"stage {stage.name!r}: the loss became NaN or infinite; {advice}.", "loss")
    # What the last step did to the weights no loss has seen.
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            raise NonFiniteError(f"stage {stage.name!r}: {name} became NaN or infinite; {advice}.", name)


def _loss_of(stage: Stage, model_type: str) -> str:
    if model_type not in LOSS_OF_FAMILY:
        raise NotBuiltYetError(f"contrastive training knows {', '.join(LOSS_OF_FAMILY)}; {model_type!r} models are not built yet.")
    return LOSS_OF_FAMILY[model_type] if stage.loss == "auto" else stage.loss


def freeze_all_but(model: Any, patterns: tuple[str, ...]) -> int:
    """Let only parameters whose names match train; the number of trainable values.

    Raises:
        ConfigError: nothing matches.
    """
    count = 0
    for name, parameter in model.named_parameters():
        parameter.requires_grad = any(fnmatchcase(name, pattern) for pattern in patterns)
        count += parameter.numel() if parameter.requires_grad else 0
    if not count:
        some = ", ".join(name for name, _ in list(model.named_parameters())[:3])
        raise ConfigError(f"trainable={list(patterns)} matches no parameter; names look like {some}.", "trainable")
    return count
