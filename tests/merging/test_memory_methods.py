"""Every method in memory: the same values as from file to file, whatever the stretches, statistics and draws included."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from memory_models import Small, learned, state, tiny_clip, tiny_gemma3
from torch import Tensor
from transformers import PreTrainedModel

from hf_regional.errors import ConfigError, NonFiniteError
from hf_regional.merging import merge_checkpoints, methods, mixing
from hf_regional.merging.draw import Draw
from hf_regional.merging.methods import find_method, method
from hf_regional.merging.modules import merge_modules, set_beta, unmerge_modules

find_method("linear")  # fills the registry
BUILT = sorted(methods._REGISTRY)


class Largest:
    """The largest change of a tensor, or of the model."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.scope = "model" if options["over_model"] else "tensor"

    def measure(self, world: Any, regions: Sequence[Any]) -> float:
        return float(abs(regions[0] - world).max())

    def join(self, first: float, second: float) -> float:
        return max(first, second)

    def finish(self, joined: float) -> float:
        return joined


def only_large(world: Any, regions: Sequence[Any], *, beta: float, whole: float, share: float = 0.5, over_model: float = 0) -> Any:
    """The changes that are at least a share of the largest one."""
    delta = regions[0] - world
    return world + beta * delta * (abs(delta) >= share * whole)


def dropped(world: Any, regions: Sequence[Any], *, beta: float, draw: Draw, rate: float = 0.5, seed: float = 0) -> Any:
    """Each change with the probability 1 - rate."""
    return world + beta * (regions[0] - world) * (draw.uniform(0, world) >= rate)


@pytest.fixture(autouse=True)
def two_more_methods() -> Iterator[None]:
    method("only-large", paper="none", regions=(1, 1), statistic=Largest)(only_large)
    method("dropped", paper="none", regions=(1, 1))(dropped)
    yield
    for name in ("only-large", "dropped"):
        del methods._REGISTRY[name]


def ulps_apart(first: Tensor, second: Tensor) -> int:
    """The most steps from one representable number to the next between two tensors of one dtype, of 16 bits or more."""
    codes = {2: torch.int16, 4: torch.int32, 8: torch.int64}[first.itemsize]
    # The bits of a negative number count downwards from the most negative code.
    steps = [(one.view(codes).long(), torch.iinfo(codes).min) for one in (first.detach(), second.detach())]
    ordered = [torch.where(bits < 0, least - bits, bits) for bits, least in steps]
    # Where both ends nearly cancel, the digits of float32 end above the last one of so small a result.
    is_small = (first.double() - second.double()).abs() <= 2**-22 * first.double().abs().max()
    return int((ordered[0] - ordered[1]).abs().masked_fill(is_small & (first.itemsize < 4), 0).max())


def test_ulps_are_counted_across_zero():
    tiny = torch.tensor([1e-45, 1.0])
    assert ulps_apart(tiny, torch.tensor([-1e-45, 1.0])) == 2
    assert ulps_apart(tiny, torch.nextafter(tiny, torch.tensor(2.0))) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_several_regional_models_enter_by_their_weighted_mean(dtype: torch.dtype):
    model = tiny_clip().to(dtype)
    base, regions = state(model), [learned(model, seed) for seed in (1, 2, 3)]
    merge_modules(model, regions, beta=0.6, weights=[1, 2, 1])
    for name, tensor in model.state_dict().items():
        mean = sum(weight * region.state_dict()[name].double() for weight, region in zip([0.25, 0.5, 0.25], regions, strict=True))
        assert ulps_apart(tensor, (0.4 * base[name].double() + 0.6 * mean).to(dtype)) <= 1, name


def test_copies_of_one_regional_model_are_that_model():
    first, second = tiny_clip(), tiny_clip()
    region = learned(first)
    merge_modules(first, [region, region], beta=0.3)
    merge_modules(second, region, beta=0.3)
    for name, tensor in first.state_dict().items():  # one is reckoned in float64, the other by torch.lerp
        torch.testing.assert_close(tensor, second.state_dict()[name], rtol=2**-23, atol=2**-26)


def test_a_statistic_is_measured_over_each_tensor_or_over_the_model():
    def build(a: list[float], b: list[float]) -> Small:
        return Small({"a": torch.tensor(a), "b": torch.tensor(b), "same": torch.ones(2)})

    region = build([1.0, 0.25, 0.0], [10.0, 4.0])
    model = build([0.0, 0.0, 0.0], [0.0, 0.0])
    mix = merge_modules(model, region, beta=0.5, method="only-large")
    assert (model.a.tolist(), model.b.tolist()) == ([0.5, 0.0, 0.0], [5.0, 0.0])
    unmerge_modules(model, mix)
    merge_modules(model, region, beta=0.5, method="only-large", options={"over_model": 1, "share": 0.375})
    assert (model.a.tolist(), model.b.tolist(), model.same.tolist()) == ([0.0, 0.0, 0.0], [5.0, 2.0], [1.0, 1.0])


def test_what_is_drawn_depends_on_seed_name_and_place_alone(monkeypatch: pytest.MonkeyPatch):
    def drawn(seed: int, stretch: int) -> list[float]:
        monkeypatch.setattr(mixing, "STRETCH", stretch)
        model = Small({"w": torch.zeros(5, 4)})
        merge_modules(model, Small({"w": torch.ones(5, 4)}), beta=0.5, method="dropped", options={"seed": seed})
        return model.w.flatten().tolist()

    expected = torch.from_numpy(Draw(7, "w", 0, 20).uniform(0, torch.zeros(1)).numpy() >= 0.5) * 0.5
    assert drawn(7, 1000) == drawn(7, 3) == expected.tolist()
    assert drawn(8, 1000) != drawn(7, 1000)


def test_changing_beta_draws_the_same_and_starts_from_the_base():
    model, region = tiny_clip(), learned(tiny_clip())
    mix = merge_modules(model, region, beta=0.9, method="dropped")
    set_beta(model, mix, 0.25)
    fresh = tiny_clip()
    merge_modules(fresh, region, beta=0.25, method="dropped")
    assert all(torch.equal(tensor, fresh.state_dict()[name]) for name, tensor in model.state_dict().items())


def test_elements_in_which_nothing_was_learned_keep_even_the_sign_of_their_zero():
    model = Small({"w": torch.tensor([-0.0, 0.0, 1.0])})
    merge_modules(model, [Small({"w": torch.tensor([-0.0, 0.0, 3.0])})] * 2, beta=0.5)
    assert torch.signbit(model.w).tolist() == [True, False, False]
    assert model.w.tolist() == [0.0, 0.0, 2.0]


def test_another_method_that_overflows_is_refused_by_name_and_leaves_the_model():
    model = Small({"w": torch.tensor([6e4], dtype=torch.float16)})
    regions = [Small({"w": torch.tensor([value], dtype=torch.float16)}) for value in (-6e4, 6e4)]
    with pytest.raises(NonFiniteError, match="'w' overflows float16 at β = 1"):
        merge_modules(model, regions, beta=1, weights=[3, -2.5])  # 6·(-6e4) - 5·6e4
    assert model.w.tolist() == [6e4]


def test_a_method_is_given_no_more_models_than_it_takes():
    with pytest.raises(ConfigError, match="takes 1 regional model, not 2"):
        merge_modules(tiny_clip(), [tiny_clip(1), tiny_clip(2)], beta=0.5, method="dropped")


def regional_models(name: str, base: PreTrainedModel) -> list[PreTrainedModel]:
    found = find_method(name)
    count = max(found.fewest, min(found.most or 2, 2))
    return [learned(base, seed) for seed in range(1, count + 1)]


def both_roads(
    base: PreTrainedModel, regions: list[PreTrainedModel], folder: Path, **wishes: Any
) -> tuple[PreTrainedModel, PreTrainedModel]:
    """The mix from file to file, loaded by the plain class, and the mix in memory."""
    base.save_pretrained(folder / "base")
    places = [folder / f"region-{place}" for place in range(len(regions))]
    for region, place in zip(regions, places, strict=True):
        region.save_pretrained(place)
    merged = merge_checkpoints(folder / "base", places, wishes["beta"], folder / "out", **{k: v for k, v in wishes.items() if k != "beta"})
    in_memory = type(base).from_pretrained(folder / "base")
    merge_modules(in_memory, places, **wishes)
    return type(base).from_pretrained(merged.path), in_memory


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", [*BUILT, "only-large", "dropped"])
def test_both_roads_agree_to_the_last_digit_but_one(name: str, dtype: torch.dtype, tmp_path: Path):
    base = tiny_clip().to(dtype)
    from_files, in_memory = both_roads(base, regional_models(name, base), tmp_path, beta=0.35, method=name)
    apart = {key: ulps_apart(tensor, in_memory.state_dict()[key]) for key, tensor in from_files.state_dict().items()}
    assert max(apart.values()) <= 1, {key: steps for key, steps in apart.items() if steps > 1}


def test_both_roads_agree_where_files_and_memory_name_tensors_differently(tmp_path: Path):
    base = tiny_gemma3().to(torch.bfloat16)
    from_files, in_memory = both_roads(base, [learned(base)], tmp_path, beta=0.35)
    assert max(ulps_apart(tensor, in_memory.state_dict()[key]) for key, tensor in from_files.state_dict().items()) <= 1
    assert not torch.equal(in_memory.lm_head.weight, base.lm_head.weight)


def test_the_mix_in_memory_is_that_of_the_files_by_hand(tmp_path: Path):
    # Independent of both roads: the files of Gemma 3 mixed tensor by tensor, and loaded by the plain class.
    from safetensors.torch import load_file, save_file

    base = tiny_gemma3()
    region = learned(base)
    for model, name in ((base, "base"), (region, "region")):
        model.save_pretrained(tmp_path / name)
    world, other = (load_file(tmp_path / name / "model.safetensors") for name in ("base", "region"))
    base.save_pretrained(tmp_path / "mixed")
    mixed = {name: torch.lerp(tensor, other[name], 0.35) for name, tensor in world.items()}
    save_file(mixed, tmp_path / "mixed" / "model.safetensors", metadata={"format": "pt"})
    merge_modules(base, tmp_path / "region", beta=0.35)
    expected = type(base).from_pretrained(tmp_path / "mixed").state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in base.state_dict().items())


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")  # of PEFT 0.21 with transformers 5.23
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_an_adapter_s_folder_stands_for_the_model_with_it_on_both_roads(dtype: torch.dtype, tmp_path: Path):
    from peft import LoraConfig, get_peft_model

    base = tiny_clip().to(dtype)
    base.save_pretrained(tmp_path / "base")
    adapted = get_peft_model(tiny_clip(), LoraConfig(r=3, lora_alpha=6, target_modules=["q_proj", "v_proj"], use_rslora=True))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05, generator=torch.Generator().manual_seed(len(name)))
    adapted.save_pretrained(tmp_path / "lora")
    merged = merge_checkpoints(tmp_path / "base", tmp_path / "lora", 0.35, tmp_path / "out")
    from_files = type(base).from_pretrained(merged.path)
    merge_modules(base, tmp_path / "lora", beta=0.35)
    moved = [key for key, tensor in base.state_dict().items() if not torch.equal(tensor, tiny_clip().to(dtype).state_dict()[key])]
    assert sorted({key.split(".")[-2] for key in moved}) == ["q_proj", "v_proj"]
    for key, tensor in from_files.state_dict().items():
        if dtype == torch.bfloat16:
            assert ulps_apart(tensor, base.state_dict()[key]) <= 1, key
        else:  # the files' sum is in float64, PEFT's in float32
            torch.testing.assert_close(tensor, base.state_dict()[key], rtol=1e-6, atol=1e-8, msg=key)
