"""Contrastive training of CLIP and SigLIP with `transformers.Trainer`."""

from collections.abc import Callable
from typing import Any, Final

from torch import Tensor
from tqdm.auto import tqdm
from transformers import Trainer, TrainerCallback, TrainingArguments

from hf_regional.adapting.objectives import positives_of, sigmoid_loss, softmax_loss
from hf_regional.adapting.recipe import Stage

_LOSSES: Final[dict[str, Callable[[Tensor, Tensor], Tensor]]] = {"softmax": softmax_loss, "sigmoid": sigmoid_loss}
LOSS_OF_FAMILY: Final = {"clip": "softmax", "siglip": "sigmoid"}


class ContrastiveTrainer(Trainer):
    """A plain `Trainer` whose loss knows that several pairs of a batch may be right."""

    loss_name: str = "softmax"

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """The batch's loss from the model's own scaled logits, so that temperature and bias train along."""
        positives = positives_of(inputs.pop("image_keys"), inputs.pop("text_keys"))
        outputs = model(**inputs)
        loss = _LOSSES[self.loss_name](outputs.logits_per_image, positives)
        return (loss, outputs) if return_outputs else loss


class PeriodicScore(TrainerCallback):
    """Calls a scorer every so many steps and keeps its numbers with the step; the model is back in training mode afterwards."""

    def __init__(self, score: Callable[[], dict[str, float]], every: int) -> None:
        self.score, self.every = score, every
        self.entries: list[dict[str, float]] = []

    def on_step_end(self, args: Any, state: Any, control: Any, *, model: Any, **_: Any) -> None:
        """Score where it is time to."""
        if state.global_step % self.every == 0:
            model.eval()
            self.entries.append({"step": float(state.global_step), **self.score()})
            model.train()


class StageBar(TrainerCallback):
    """One progress bar a stage, with the loss beside it; the library's own prints a line a log."""

    def __init__(self, name: str) -> None:
        self.name = name

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Open the bar."""
        self.bar = tqdm(total=state.max_steps, desc=self.name, unit="step")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Advance it."""
        self.bar.update(state.global_step - self.bar.n)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Show the loss."""
        if logs and "loss" in logs:
            self.bar.set_postfix(loss=f"{float(logs['loss']):.3f}")

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Close it."""
        self.bar.close()


def training_arguments(stage: Stage, rows: int, folder: str, *, seed: int, device: str | None) -> TrainingArguments:
    """A stage in the words of `transformers`. Nothing is saved on the way: a stage is short, and finished or not."""
    steps = stage.steps(rows)
    return TrainingArguments(
        output_dir=folder,
        per_device_train_batch_size=stage.batch_size,
        max_steps=steps,
        learning_rate=stage.learning_rate,
        weight_decay=stage.weight_decay,
        lr_scheduler_type=stage.schedule,
        warmup_steps=round(stage.warmup * steps),
        max_grad_norm=stage.max_grad_norm,
        adam_beta2=stage.adam_beta2,
        seed=seed,
        data_seed=seed,
        use_cpu=device == "cpu",
        save_strategy="no",
        eval_strategy="no",
        logging_steps=max(1, steps // 50),
        logging_first_step=True,
        logging_nan_inf_filter=False,  # a NaN loss must be seen, not averaged away
        report_to=[],
        remove_unused_columns=False,
        dataloader_drop_last=True,
        dataloader_num_workers=0,  # the collator caches pixels; workers would each have a cache of their own
        dataloader_pin_memory=False,
        disable_tqdm=True,
        log_level="error",
    )
