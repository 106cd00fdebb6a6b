"""Seconds to give a model in memory another β, beside copying the model once, and beside the expression that one would write by hand.

    python benchmarks/merge_memory.py --rounds 21

The model is random, with the tensors of a small language model; both ends differ in every value. Bound: switching takes at most 1.5
times the copy. That is also what memory allows, since a copy moves two models' bytes and a mix three; so on a busy machine the ratio of
one round says little, and the median needs some 20. The order within a round is shuffled; the expression, which takes fresh memory each
time, has three rounds of its own at the end.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from hf_regional.merging import merge_modules, set_beta

WIDTH, INNER, WORDS = 2048, 5632, 32000
COPY, BY_HAND = "copy of the model", "beta*r + (1-beta)*g"
DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def build(layers: int, dtype: torch.dtype, seed: int) -> nn.ModuleDict:
    """Embedding, attention and feed-forward matrices, and the small norms between them."""
    torch.manual_seed(seed)
    shapes = {"embed": (WORDS, WIDTH)}
    for layer in range(layers):
        shapes |= {f"layers.{layer}.{name}": (WIDTH, WIDTH) for name in ("q", "k", "v", "o")}
        shapes |= {f"layers.{layer}.{name}": (INNER, WIDTH) for name in ("gate", "up", "down")}
        shapes |= {f"layers.{layer}.{name}": (WIDTH,) for name in ("norm1", "norm2")}
    tensors = {name: nn.Parameter(torch.empty(shape, dtype=dtype).normal_(0, 0.02)) for name, shape in shapes.items()}
    return nn.ModuleDict({name.replace(".", "-"): nn.ParameterList([tensor]) for name, tensor in tensors.items()})


def contenders(layers: int, dtype: torch.dtype) -> dict[str, Callable[[float], None]]:
    """Name to a call that takes β."""
    model = build(layers, dtype, 0)
    region = build(layers, dtype, 1)
    mix = merge_modules(model, region, beta=0.5)
    live = {name: tensor for name, tensor in model.named_parameters()}
    ends = [(live[one.names[0]], one.world, one.regions[0]) for one in mix.pairs.ends]
    print(f"{sum(tensor.numel() for tensor in live.values()) / 1e9:.2f} G parameters in {len(ends)} tensors, {dtype}")

    @torch.no_grad()
    def copy(_: float) -> None:
        for tensor, world, _region in ends:
            tensor.copy_(world)

    @torch.no_grad()
    def by_hand(beta: float) -> None:
        for tensor, world, other in ends:
            tensor.copy_(beta * other + (1 - beta) * world)

    return {COPY: copy, "set_beta": lambda beta: set_beta(model, mix, beta), BY_HAND: by_hand}


def timed(calls: dict[str, Callable[[float], None]], names: list[str], rounds: int, order: random.Random) -> dict[str, list[float]]:
    """Seconds by name, in rounds of shuffled order; the first round, which touches the memory, is left out."""
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name in order.sample(names, len(names)):
            begun = time.perf_counter()
            calls[name](0.25 if turn % 2 else 0.75)
            taken[name].append(time.perf_counter() - begun)
    return {name: seconds[1:] for name, seconds in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--layers", type=int, default=8, help="51 million parameters each, beside 66 million of the embedding")
    parser.add_argument("--dtype", choices=[*DTYPES], action="append", help="may be given several times; by default both")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    order = random.Random(0)
    for name in arguments.dtype or DTYPES:
        calls = contenders(arguments.layers, DTYPES[name])
        print(f"{'seconds':<22}{'median':>8}{'least':>8}{'most':>8}   times the copy: median of rounds, least of least")
        for names, rounds in (([COPY, "set_beta"], arguments.rounds), ([COPY, BY_HAND], 3)):
            taken = timed(calls, names, rounds, order)
            seconds = taken[names[-1]]
            ratios = [one / other for one, other in zip(seconds, taken[COPY], strict=True)]
            for name in names:
                figures = (statistics.median(taken[name]), min(taken[name]), max(taken[name]))
                print(f"{name:<22}" + "".join(f"{figure:8.3f}" for figure in figures), end="\n" if name == COPY else "")
            print(f"   {statistics.median(ratios):.2f}, {min(seconds) / min(taken[COPY]):.2f}")
        del calls  # before the next dtype: five models lie in memory


if __name__ == "__main__":
    main()
