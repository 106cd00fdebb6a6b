"""Live: a PeftModel in memory in; the same with its adapter at strength β, to and fro, or the plain model of θ_β, out."""

import warnings
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from peft.utils import ModulesToSaveWrapper
from peft.utils.other import TrainableTokensWrapper
from torch import Tensor, nn

from hf_regional.errors import ConfigError, MismatchedCheckpointsError, NotBuiltYetError, UnknownNameError
from hf_regional.merging.adapters.config import MUTATING
from hf_regional.merging.adapters.dials import Dial, Hooked, Mixed, Scaled
from hf_regional.merging.patterns import require_beta
from hf_regional.nearest import did_you_mean

_AFTERWARDS: Final = (
    "Merge it whole, `model.merge_and_unload().save_pretrained(folder)`, and mix that folder with the base by `merge_checkpoints`"
)
# Variants of LoRA whose layers compute W + s·B·A, whatever they do while training.
_LINEAR: Final = {"MiCALinearVariant", "MiCAEmbeddingVariant", "VeloraLinearVariant"}
_NOT_BASE: Final = ("lora_", "modules_to_save", "original_module", "token_adapter")


class AdapterStrength:
    """Sets how strongly an adapter acts: the model computes θ_β = β·θ_regional + (1-β)·θ_global, without a second copy of its base.

        with AdapterStrength(peft_model) as strength:
            for beta in (0.25, 0.5, 0.75):
                strength.set(beta)
                score(peft_model)

    Every β is reached from the originals, so that nothing drifts; `restore()`, and the end of the block, bring back β = 1 exactly.
    LoRA and rsLoRA layers change their scale, DoRA layers the share of what they add (their sum is (1-β)·W·x + β·W_dora·x),
    trained biases, modules_to_save and token rows are interpolated in place, in float32 or wider and rounded once. Until then the
    adapter must be neither trained, merged nor saved: its modules_to_save are those of θ_β.

    Args:
        model: a PeftModel with a LoRA or DoRA, not merged.
        adapter: its name; by default the active one.
        base: the model that the adapter was trained on, of the same class; needed where biases were trained (bias="all" or
            "lora_only"), because PEFT overwrites the base's.

    Raises:
        UnknownNameError: no adapter of that name.
        ConfigError: no PeftModel; several adapters are active; it is merged; or a base is needed and was not given.
        NotBuiltYetError: an adapter of another kind; the message names the way out.
        MismatchedCheckpointsError: the base lacks a bias or has it in another shape.
    """

    def __init__(self, model: PeftModel, adapter: str | None = None, *, base: nn.Module | None = None) -> None:
        self.adapter = _adapter_of(model, adapter)
        self._dials = [*_layers(model, self.adapter), *_biases(model, self.adapter, base), *_whole(model, self.adapter)]
        self._beta = 1.0

    @property
    def beta(self) -> float:
        """The strength that is set now."""
        return self._beta

    def set(self, beta: float) -> None:
        """Set the strength; 0 is the base, 1 the adapter as it was trained.

        Raises:
            OutOfRangeError: β is no number in [0, 1].
        """
        self._beta = require_beta(beta)
        with torch.no_grad():
            for dial in self._dials:
                dial.set(self._beta)

    def restore(self) -> None:
        """Back to β = 1, bit for bit."""
        self.set(1.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.restore()


def merge_and_unload_at(model: PeftModel, beta: float, *, adapter: str | None = None, base: nn.Module | None = None) -> nn.Module:
    """The plain model of θ_β, of the library's own class; the PeftModel is used up, as by PEFT's `merge_and_unload`.

    Args:
        model: a PeftModel with a LoRA or DoRA, not merged.
        beta: in [0, 1].
        adapter: its name; by default the active one. Others are dropped.
        base: as for `AdapterStrength`.

    Raises:
        OutOfRangeError: β is no number in [0, 1].
        UnknownNameError, ConfigError, MismatchedCheckpointsError: as `AdapterStrength`.
        NotBuiltYetError: as `AdapterStrength`, or the base is quantised.
    """
    require_beta(beta)
    strength = AdapterStrength(model, adapter, base=base)
    _require_floats(model, strength.adapter)
    model.set_adapter(strength.adapter)
    strength.set(beta)
    with torch.no_grad(), warnings.catch_warnings():
        # PEFT comes by the layers of DoRA once more, which are merged by then.
        warnings.filterwarnings("ignore", message="All adapters are already merged")
        for layer in _lora_layers(model, strength.adapter):
            if layer.use_dora.get(strength.adapter):
                _merge_dora(layer, strength.adapter, beta)
        return model.merge_and_unload(adapter_names=[strength.adapter])


def _require_floats(model: PeftModel, adapter: str) -> None:
    for layer in _lora_layers(model, adapter):
        weight = getattr(layer.get_base_layer(), "weight", None)
        if weight is not None and not weight.is_floating_point():
            raise NotBuiltYetError(f"the base is quantised ({weight.dtype}), and merging would round twice. Load it in bfloat16 first.")


def _merge_dora(layer: Any, adapter: str, beta: float) -> None:
    weight = layer.get_base_layer().weight
    world = weight.data
    wide = torch.promote_types(world.dtype, torch.float32)
    weight.data = world.to(wide)  # a copy only where it is narrower; PEFT's merge puts a new tensor there, rounded to its dtype
    layer.merge(adapter_names=[adapter])
    weight.data = torch.lerp(world.to(wide), weight.data, beta).to(world.dtype)


def _adapter_of(model: Any, adapter: str | None) -> str:
    if not isinstance(model, PeftModel):
        raise ConfigError(
            f"{type(model).__name__} is no PeftModel. Load the adapter by `PeftModel.from_pretrained(model, folder)`.", "model"
        )
    if adapter is None and len(model.active_adapters) != 1:
        raise ConfigError(f"{len(model.active_adapters)} adapters are active: say which one, adapter='...'.", "adapter")
    name = adapter or model.active_adapters[0]
    if name not in model.peft_config:
        known = ", ".join(model.peft_config)
        raise UnknownNameError(f"the model has no adapter {name!r}.{did_you_mean(name, model.peft_config)} It has: {known}.")
    config: Any = model.peft_config[name]
    kind = getattr(config.peft_type, "value", config.peft_type)
    if kind != "LORA":
        raise NotBuiltYetError(f"the adapter {name!r} is of the kind {kind}, not LORA. {_AFTERWARDS}.")
    start = config.init_lora_weights
    if isinstance(start, str) and start.lower().startswith(MUTATING):
        raise NotBuiltYetError(f"the adapter {name!r} was started with {start!r}, which changes the base in memory. {_AFTERWARDS}.")
    return name


def _lora_layers(model: PeftModel, adapter: str) -> Iterator[Any]:
    for module in model.modules():
        if isinstance(module, LoraLayer) and adapter in module.scaling:
            yield module


def _layers(model: PeftModel, adapter: str) -> Iterator[Dial]:
    for layer in _lora_layers(model, adapter):
        if layer.merged_adapters:
            raise ConfigError("the adapter is merged into its base. Call `model.unmerge_adapter()` first.", "model")
        variant = layer.lora_variant.get(adapter)
        if layer.use_dora.get(adapter):
            yield Hooked(layer.lora_magnitude_vector[adapter])
        elif variant is None or type(variant).__name__ in _LINEAR:
            yield Scaled(layer.scaling, adapter, layer.scaling[adapter])
        else:
            raise NotBuiltYetError(f"the adapter {adapter!r} has layers of {type(variant).__name__}. {_AFTERWARDS}.")


def _biases(model: PeftModel, adapter: str, base: nn.Module | None) -> Iterator[Dial]:
    for name, trained in _trained_biases(model, adapter):
        if base is None:
            what = f"the adapter {adapter!r} trained biases ({name}), and PEFT put them in the place of the base's"
            raise ConfigError(f"{what}. Give base=..., the model that it was trained on.", "base")
        ours = dict(base.named_parameters()).get(name)
        if ours is None or ours.shape != trained.shape:
            found = "lacks it" if ours is None else f"has it with shape {list(ours.shape)}"
            message = (
                f"the adapter trained {name!r} of shape {list(trained.shape)}, and the base {found}. Give the base that it was trained on."
            )
            raise MismatchedCheckpointsError(message, extra=frozenset({name}))
        yield Mixed(trained, ours)


def _trained_biases(model: PeftModel, adapter: str) -> Iterator[tuple[str, Tensor]]:
    """The biases that the adapter's training moved, by their names in the plain model."""
    config: Any = model.peft_config[adapter]
    which = config.bias
    for name, parameter in model.get_base_model().named_parameters():
        inside = any(mark in name for mark in _NOT_BASE)
        if name.endswith(".bias") and not inside and (which == "all" or (which == "lora_only" and ".base_layer." in name)):
            yield name.replace(".base_layer.", "."), parameter


def _whole(model: PeftModel, adapter: str) -> Iterator[Dial]:
    for name, module in model.named_modules():
        if isinstance(module, ModulesToSaveWrapper) and adapter in module.modules_to_save:
            yield from _saved(name, module.original_module, module.modules_to_save[adapter])
        elif isinstance(module, TrainableTokensWrapper) and not module.token_adapter.tied_adapter:
            tokens = module.token_adapter
            if adapter in tokens.trainable_tokens_delta:
                originals: Any = tokens.trainable_tokens_original
                yield Mixed(tokens.trainable_tokens_delta[adapter], originals[adapter])


def _saved(name: str, original: nn.Module, trained: nn.Module) -> Iterator[Dial]:
    world, region = original.state_dict(keep_vars=True), trained.state_dict(keep_vars=True)
    if world.keys() != region.keys():
        raise NotBuiltYetError(f"{name} is saved whole and adapted as well. {_AFTERWARDS}.")
    for key, tensor in region.items():
        yield Mixed(tensor, world[key])
