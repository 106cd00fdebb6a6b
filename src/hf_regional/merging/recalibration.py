"""Recalibration: a merged model and some data in, the same model with BatchNorm's statistics measured anew out.

Averaged weights make other activations than the averaged running statistics describe: their variance shrinks, and accuracy with it
(REPAIR, arXiv:2211.08403). A pass over some batches of what the model will see, without gradients, measures them again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage] - the one ancestor of all kinds of it

from hf_regional.errors import ConfigError, NoRowsError


@torch.no_grad()
def recalibrate(
    model: nn.Module, data: Iterable[Any], *, device: torch.device | str | None = None, momentum: float | None = None
) -> nn.Module:
    """Measure the running mean and variance of every BatchNorm layer again, as `torch.optim.swa_utils.update_bn` does.

    Unlike there, only those layers are put into training mode (dropout stays off), every module gets its mode back, batches may be
    mappings, and the statistics are what they were where anything fails.

    Args:
        model: a module; for a pipeline give the component. Nothing but the statistics changes.
        data: batches: a tensor, a mapping of keyword arguments of the model, or a tuple or list whose first element is one of these
            (the rest, such as labels, is left out). As large as in training: the variance is the mean of the batches' own.
        device: where batches are moved; by default to the model's first parameter.
        momentum: None averages all batches alike. A number in (0, 1] is the weight of each next batch against what the model has.

    Returns:
        The model.

    Raises:
        ConfigError: the model has no BatchNorm layer with running statistics, or `momentum` is outside (0, 1].
        NoRowsError: there is no batch.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, _BatchNorm) and layer.track_running_stats]
    if not layers:
        raise ConfigError(f"{type(model).__name__} has no BatchNorm layer with running statistics: there is nothing to recalibrate.")
    if momentum is not None and not 0 < momentum <= 1:
        raise ConfigError(f"momentum must be None or in (0, 1], got {momentum!r}.", "momentum")
    place = torch.device(device) if device is not None else next(tensor.device for tensor in model.state_dict().values())
    modes = {module: module.training for module in model.modules()}
    before = {layer: (layer.momentum, {name: buffer.clone() for name, buffer in layer.named_buffers()}) for layer in layers}
    try:
        _prepare(model, layers, momentum)
        if not _run(model, data, place):
            raise NoRowsError("`data` has no batch, so there is nothing to measure. An iterator is empty once it was read.")
    except BaseException:
        for layer, (_, buffers) in before.items():
            for name, buffer in buffers.items():
                layer.get_buffer(name).copy_(buffer)
        raise
    finally:
        for layer, (old, _) in before.items():
            layer.momentum = old
        for module, training in modes.items():
            module.training = training
    return model


def _prepare(model: nn.Module, layers: Sequence[Any], momentum: float | None) -> None:
    model.eval()
    for layer in layers:
        layer.train()
        layer.momentum = momentum
        if momentum is None:
            layer.reset_running_stats()


def _run(model: nn.Module, data: Iterable[Any], device: torch.device) -> bool:
    """Whether there was a batch."""
    found = False
    for batch in data:
        inputs, found = _first(batch), True
        if isinstance(inputs, Mapping):
            model(**{name: _moved(value, device) for name, value in inputs.items()})
        else:
            model(_moved(inputs, device))
    return found


def _first(batch: Any) -> Any:
    while isinstance(batch, tuple | list) and batch:
        batch = batch[0]
    return batch


def _moved(value: Any, device: torch.device) -> Any:
    return value.to(device) if isinstance(value, Tensor) else value
