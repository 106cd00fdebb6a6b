"""Parts: the name of one tensor in an adapter file in, the module it belongs to and what it does there out."""

from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["a", "b", "embedding_a", "embedding_b", "b_bias", "magnitude", "rows", "whole", "base", "unknown"]

_PREFIX: Final = "base_model.model."
# By PEFT 0.21; the magnitude had a ".weight" once.
_ENDS: Final[dict[str, Role]] = {
    ".lora_A.weight": "a",
    ".lora_B.weight": "b",
    ".lora_B.bias": "b_bias",
    ".lora_embedding_A": "embedding_a",
    ".lora_embedding_B": "embedding_b",
    ".lora_magnitude_vector": "magnitude",
    ".lora_magnitude_vector.weight": "magnitude",
    ".token_adapter.trainable_tokens_delta": "rows",
}
_OF_OTHERS: Final = (".lora_", ".token_adapter.", ".base_layer.")
# With bias="all" PEFT saves every bias that it sees: of a module saved whole also the base's own, and its own once more.
_ORIGINAL: Final = ".original_module."
_AGAIN: Final = ".modules_to_save."


@dataclass(frozen=True, slots=True)
class Part:
    """One tensor of an adapter.

    `module` and `tensor` are names in the model in memory that the adapter was trained on. A "whole" part takes the place of the
    base's `tensor`; a "base" part repeats what the base holds and has no effect; `is_repeated` marks a second copy of a whole one.
    """

    role: Role
    module: str
    tensor: str
    is_repeated: bool = False


def part_of(key: str) -> Part:
    """Read one name of an adapter file.

    >>> part_of("base_model.model.encoder.layer.0.query.lora_A.weight")
    Part(role='a', module='encoder.layer.0.query', tensor='encoder.layer.0.query.weight', is_repeated=False)
    >>> part_of("base_model.model.encoder.layer.0.query.base_layer.bias").tensor
    'encoder.layer.0.query.bias'
    """
    name = key.removeprefix(_PREFIX)
    for end, role in _ENDS.items():
        module = name.removesuffix(end)
        if module != name and not _has(module, _OF_OTHERS):
            return Part(role, module, f"{module}.bias" if role == "b_bias" else f"{module}.weight")
    if _ORIGINAL in name:
        return Part("base", name.partition(_ORIGINAL)[0], name.replace(_ORIGINAL, "."))
    again, tensor = _AGAIN in name, _without_wrapper(name.replace(_AGAIN, "."))
    if _has(tensor, _OF_OTHERS):
        return Part("unknown", name, name)
    return Part("whole", tensor.rpartition(".")[0], tensor, again)


def _without_wrapper(name: str) -> str:
    # The bias of an adapted layer, or an embedding that was saved beside its factors: "query.base_layer.bias".
    module, _, leaf = name.rpartition(".")
    return f"{module.removesuffix('.base_layer')}.{leaf}" if module else leaf


def _has(name: str, marks: tuple[str, ...]) -> bool:
    return any(mark in f".{name}." for mark in marks)
