"""Recalibration: BatchNorm's statistics measured anew, as torch's own helper does, and to the merged model's good."""

import copy
from collections.abc import Iterator

import pytest
import torch
from memory_models import as_bits, state
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import update_bn

from hf_regional.errors import ConfigError, NoRowsError
from hf_regional.merging import merge_modules, recalibrate


def convolutions(*, dropout: float = 0.0) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in (1, 8, 8):
        layers += [nn.Conv2d(width, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()]
    return nn.Sequential(*layers, nn.AvgPool2d(4), nn.Flatten(), nn.Dropout(dropout), nn.Linear(32, 4))


def pictures(count: int, seed: int, *, regional: bool = False) -> tuple[Tensor, Tensor]:
    """Noise with one bright quarter, which is the class; the region's are brighter and of three times the contrast."""
    generator = torch.Generator().manual_seed(seed)
    classes = torch.randint(4, (count,), generator=generator)
    drawn = torch.randn(count, 1, 8, 8, generator=generator)
    for picture, quarter in zip(drawn, classes.tolist(), strict=True):
        picture[0, 4 * (quarter // 2) : 4 * (quarter // 2) + 4, 4 * (quarter % 2) : 4 * (quarter % 2) + 4] += 1
    return (3 * drawn + 3 if regional else drawn), classes


def trained(model: nn.Module, data: tuple[Tensor, Tensor], *, steps: int, rate: float, seed: int) -> nn.Module:
    generator, inputs, classes = torch.Generator().manual_seed(seed), *data
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    model.train()
    for _ in range(steps):
        rows = torch.randint(len(inputs), (64,), generator=generator)
        optimizer.zero_grad()
        functional.cross_entropy(model(inputs[rows]), classes[rows]).backward()
        optimizer.step()
    return model.eval()


@torch.no_grad()
def scored(model: nn.Module, data: tuple[Tensor, Tensor]) -> tuple[float, float]:
    """Cross-entropy and accuracy."""
    logits = model.eval()(data[0])
    return functional.cross_entropy(logits, data[1]).item(), (logits.argmax(1) == data[1]).float().mean().item()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_recalibration_helps_a_merged_model(seed: int):
    world, region = pictures(256, 100 + seed), pictures(256, 200 + seed, regional=True)
    torch.manual_seed(seed)
    start = trained(convolutions(), world, steps=5, rate=0.05, seed=seed)
    model = trained(copy.deepcopy(start), world, steps=100, rate=0.2, seed=seed)
    merge_modules(model, trained(copy.deepcopy(start), region, steps=100, rate=0.2, seed=seed + 1), beta=0.5)
    for training, test in ((world, pictures(400, 300 + seed)), (region, pictures(400, 400 + seed, regional=True))):
        loss, accuracy = scored(model, test)
        recalibrated = recalibrate(copy.deepcopy(model), training[0].split(64))  # no labels
        new_loss, new_accuracy = scored(recalibrated, test)
        assert new_accuracy > 0.95
        assert new_accuracy >= accuracy - 0.01
        if training is world:
            assert accuracy < 0.5
            assert new_loss < loss / 5


def batches() -> list[Tensor]:
    return list(pictures(48, 0)[0].split(16))


def test_the_statistics_are_those_of_torch_s_own_helper():
    torch.manual_seed(0)
    ours = convolutions()
    theirs = copy.deepcopy(ours)
    recalibrate(ours, batches())
    update_bn(batches(), theirs)
    assert as_bits(state(ours)) == as_bits(state(theirs))


def test_the_mean_of_each_batch_counts_alike():
    model = nn.Sequential(nn.BatchNorm1d(1, momentum=0.7))
    recalibrate(model, [torch.tensor([[0.0], [2.0]]), torch.tensor([[4.0], [6.0], [8.0], [10.0]])])
    assert model[0].running_mean.tolist() == [4.0]  # of 1 and 7
    assert model[0].running_var.tolist() == pytest.approx([(2 + 20 / 3) / 2])  # unbiased, as BatchNorm keeps it
    assert model[0].num_batches_tracked.item() == 2
    assert model[0].momentum == 0.7


@pytest.mark.parametrize(("momentum", "mean"), [(1.0, 5.0), (0.5, 3.5), (0.25, 2.0)])
def test_a_momentum_starts_from_the_statistics_that_are_there(momentum: float, mean: float):
    model = nn.BatchNorm1d(1)  # mean 0
    recalibrate(model, [torch.tensor([[3.0], [5.0]]), torch.tensor([[4.0], [6.0]])], momentum=momentum)
    assert model.running_mean.tolist() == [mean]
    assert model.momentum == 0.1


def test_nothing_but_the_statistics_changes_and_every_mode_comes_back():
    model = convolutions(dropout=0.5).train()
    model[4].eval()
    modes = {name: module.training for name, module in model.named_modules()}
    before = state(model)
    recalibrate(model, batches())
    assert {name: module.training for name, module in model.named_modules()} == modes
    changed = {name for name, tensor in state(model).items() if not torch.equal(tensor, before[name])}
    kinds = ("running_mean", "running_var", "num_batches_tracked")
    assert changed == {f"{layer}.{kind}" for layer in (1, 4, 7) for kind in kinds}
    assert all(parameter.grad is None for parameter in model.parameters())


def test_dropout_stays_off():
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop, self.norm = nn.Dropout(0.5), nn.BatchNorm1d(1)

        def forward(self, inputs: Tensor) -> Tensor:
            return self.norm(self.drop(inputs))

    assert recalibrate(Noisy().train(), [torch.ones(50, 1)]).norm.running_mean.tolist() == [1.0]


class Named(nn.Module):
    """A model that takes its input by name, as those of transformers do."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(1)

    def forward(self, pixel_values: Tensor, *, scale: float = 1.0) -> Tensor:
        return self.norm(pixel_values * scale)


@pytest.mark.parametrize("kind", ["tensor", "mapping", "tuple", "list of mappings"])
def test_batches_may_be_tensors_mappings_or_tuples_that_begin_with_one(kind: str):
    values = torch.tensor([[2.0], [4.0]])
    labels = torch.tensor([0, 1])
    batch = {
        "tensor": values * 2,
        "mapping": {"pixel_values": values, "scale": 2.0},
        "tuple": (values * 2, labels),
        "list of mappings": [{"pixel_values": values, "scale": 2.0}, labels],
    }[kind]
    assert recalibrate(Named(), [batch], device="cpu").norm.running_mean.tolist() == [6.0]


@pytest.mark.parametrize("model", [nn.Linear(2, 2), nn.BatchNorm1d(2, track_running_stats=False), nn.LayerNorm(2)])
def test_a_model_without_running_statistics_is_refused(model: nn.Module):
    with pytest.raises(ConfigError, match=r"no BatchNorm layer with running statistics"):
        recalibrate(model, [torch.ones(2, 2)])


@pytest.mark.parametrize("momentum", [0, -0.1, 1.5])
def test_a_momentum_outside_its_range_is_refused(momentum: float):
    with pytest.raises(ConfigError, match="momentum"):
        recalibrate(nn.BatchNorm1d(2), [torch.ones(2, 2)], momentum=momentum)


def test_without_a_batch_or_after_an_error_the_statistics_are_what_they_were():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).train()
    recalibrate(model, [torch.arange(8.0).reshape(4, 2)])
    before = state(model)

    def broken() -> Iterator[Tensor]:
        yield torch.ones(2, 2)
        yield torch.ones(2, 5)

    with pytest.raises(NoRowsError, match="no batch"):
        recalibrate(model, [])
    with pytest.raises(RuntimeError, match="shapes"):
        recalibrate(model, broken())
    assert as_bits(state(model)) == as_bits(before)
    assert model.training
    assert model[1].momentum == 0.1


def test_going_back_to_the_base_undoes_recalibration_too():
    from hf_regional.merging import unmerge_modules

    torch.manual_seed(0)
    model, region = convolutions(), convolutions()  # untrained: the statistics are equal, and no part of the mix
    base = state(model)
    mix = merge_modules(model, region, beta=0.5)
    recalibrate(model, batches())
    unmerge_modules(model, mix)
    assert as_bits(state(model)) == as_bits(base)
