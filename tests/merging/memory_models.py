"""Tiny random models for the tests of merging in memory, and the same with something learned."""

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel, Gemma3Config, Gemma3ForConditionalGeneration, PreTrainedModel

SIZES = {"hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2}
ENDS = {"bos_token_id": 1, "eos_token_id": 2}
TEXT = SIZES | ENDS | {"num_hidden_layers": 3, "vocab_size": 50, "max_position_embeddings": 8}
VISION = SIZES | {"num_hidden_layers": 2, "image_size": 8, "patch_size": 4}
Model = TypeVar("Model", bound=nn.Module)


def tiny_clip(seed: int = 0) -> CLIPModel:
    """Three layers of text and two of vision, a few thousand parameters."""
    torch.manual_seed(seed)
    return CLIPModel(CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=12))


def tiny_gemma3(seed: int = 0) -> PreTrainedModel:
    """A Gemma 3 for images and text: `lm_head.weight` is tied, and its files call tensors by other names than memory does."""
    torch.manual_seed(seed)
    text = SIZES | ENDS | {"num_hidden_layers": 3, "vocab_size": 40, "num_key_value_heads": 1, "head_dim": 8, "pad_token_id": 0}
    special = {"image_token_index": 39, "boi_token_index": 37, "eoi_token_index": 38}
    return Gemma3ForConditionalGeneration(Gemma3Config(text_config=text, vision_config=VISION, mm_tokens_per_image=4, **special))


def learned(model: Model, seed: int = 1, step: float = 0.05) -> Model:
    """A copy that has moved by a little noise in every parameter."""
    torch.manual_seed(seed)
    moved = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in moved.parameters():
            parameter.add_(step * torch.randn_like(parameter))
    return moved


def state(model: nn.Module) -> dict[str, Tensor]:
    """A copy of everything that the model would save."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def as_bits(tensors: dict[str, Tensor]) -> dict[str, list[int]]:
    """Tensors as whole numbers: -0.0 and 0.0 differ here."""
    return {name: tensor.contiguous().reshape(-1).view(torch.uint8).tolist() for name, tensor in tensors.items()}


class Small(nn.Module):
    """Whatever tensors a test wants, as parameters and buffers."""

    def __init__(self, parameters: dict[str, Tensor], buffers: dict[str, Tensor] | None = None) -> None:
        super().__init__()
        for name, tensor in parameters.items():
            self.register_parameter(name, nn.Parameter(tensor, requires_grad=tensor.is_floating_point()))
        for name, tensor in (buffers or {}).items():
            self.register_buffer(name, tensor)
