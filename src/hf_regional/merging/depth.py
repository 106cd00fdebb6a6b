"""Depth: names of tensors in, how deep in its stack of layers each one lies out. Read off the names, for any architecture.

The rule, of which the order of the names is no part:

- A *stack* is a place in names where the numbers 0, 1, ..., L-1 stand (L at least 2), neighbours having names in common behind
  them: `model.layers.0.mlp.weight`, `model.layers.1.mlp.weight`. Each stack counts for itself; of several in one name the outermost
  does. Its layer l lies at the relative depth l/(L-1).
- Outside of all stacks, an *entrance* lies at 0: a name of which a part, before any number, fits the expression below.
- All else lies at 1: final norms, heads, poolers, projections, a temperature, a list of one layer.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import takewhile
from typing import Final

# What stands before the first layer: CLIP's pre_layrnorm, GPT-2's wte and wpe, T5's shared, open_clip's ln_pre and conv1, the first
# convolution of a UNet or a ResNet, tokens that are prepended. GPT-NeoX calls its output head embed_out.
_ENTRANCE: Final = re.compile(
    r"\w*embed(?!_out)\w*|\w*_tokens?|ln_pre|norm_pre|pre_\w*norm|wte|wpe|shared|stem|conv_in|conv1|bn1|time_proj", re.IGNORECASE
)


def relative_depths(names: Iterable[str]) -> dict[str, float]:
    """The relative depth of every tensor, in [0, 1].

    >>> relative_depths(["layers.0.w", "layers.1.w", "layers.2.w", "embed.w", "norm.w"])
    {'layers.0.w': 0.0, 'layers.1.w': 0.5, 'layers.2.w': 1.0, 'embed.w': 0.0, 'norm.w': 1.0}
    """
    found = list(names)
    stacks = _stacks(found)
    return {name: _depth(name, stacks) for name in found}


def _depth(name: str, stacks: dict[str, int]) -> float:
    for prefix, number, _ in _numbered(name):
        if prefix in stacks:
            return number / (stacks[prefix] - 1)
    outer = takewhile(lambda part: not part.isdecimal(), name.split("."))
    return 0.0 if any(map(_ENTRANCE.fullmatch, outer)) else 1.0


def _stacks(names: list[str]) -> dict[str, int]:
    """Prefix -> number of layers."""
    behind: defaultdict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name in names:
        for prefix, number, rest in _numbered(name):
            behind[prefix][number].add(rest)
    return {prefix: len(layers) for prefix, layers in behind.items() if _is_stack(layers)}


def _is_stack(layers: dict[int, set[str]]) -> bool:
    count = len(layers)
    # Neighbours that have nothing in common are the parts of one layer and not layers.
    return count > 1 and set(layers) == set(range(count)) and all(layers[place] & layers[place + 1] for place in range(count - 1))


def _numbered(name: str) -> list[tuple[str, int, str]]:
    """Every number in a name with what stands before and behind it, the outermost first."""
    parts = name.split(".")
    return [(".".join(parts[:place]), int(part), ".".join(parts[place + 1 :])) for place, part in enumerate(parts) if part.isdecimal()]
