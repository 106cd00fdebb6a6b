"""Laws of merging in memory: exactly torch.lerp from both ends, and back to the base bit for bit."""

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_models import Small, as_bits, learned, state, tiny_clip, tiny_gemma3
from torch import Tensor, nn

from hf_regional.errors import ConfigError, MismatchedCheckpointsError, NonFiniteError
from hf_regional.merging.modules import merge_modules, prepare, set_beta, sweep_modules, unmerge_modules
from hf_regional.merging.patterns import ByDepth

DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
few = settings(max_examples=40)
betas = st.floats(0, 1, width=32)
numbers = st.floats(-1e4, 1e4, width=16) | st.just(-0.0)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    count, dtype = draw(st.integers(1, 12)), draw(st.sampled_from(DTYPES))
    world, region = (torch.tensor(draw(st.lists(numbers, min_size=count, max_size=count))).to(dtype) for _ in range(2))
    return world, region


def mixed(world: Tensor, region: Tensor, *path: float) -> Tensor:
    """The tensor after merging at the first β and going on to the others."""
    model = Small({"w": world.clone()})
    mix = merge_modules(model, Small({"w": region.clone()}), beta=path[0])
    for beta in path[1:]:
        set_beta(model, mix, beta)
    return model.w.detach()


@few
@given(pair=pairs(), before=betas, beta=betas.filter(lambda beta: 0 < beta < 1))
def test_a_mix_is_torch_lerp_whatever_beta_came_before(pair: tuple[Tensor, Tensor], before: float, beta: float):
    expected = torch.lerp(*pair, beta) if as_bits({"w": pair[0]}) != as_bits({"w": pair[1]}) else pair[0]
    assert as_bits({"w": mixed(*pair, before, 0.7, beta)}) == as_bits({"w": expected})


@few
@given(pair=pairs(), before=betas)
def test_the_ends_of_the_scale_are_the_models_bit_for_bit(pair: tuple[Tensor, Tensor], before: float):
    world, region = pair
    assert as_bits({"w": mixed(world, region, before, 0)}) == as_bits({"w": world})
    assert as_bits({"w": mixed(world, region, before, 1)}) == as_bits({"w": region})


@few
@given(pair=pairs(), beta=betas)
def test_a_model_merged_with_itself_is_itself(pair: tuple[Tensor, Tensor], beta: float):
    assert as_bits({"w": mixed(pair[0], pair[0], beta)}) == as_bits({"w": pair[0]})


@few
@given(pair=pairs(), path=st.lists(betas, min_size=1, max_size=4))
def test_unmerging_gives_the_base_bit_for_bit(pair: tuple[Tensor, Tensor], path: list[float]):
    model = Small({"w": pair[0].clone()})
    mix = merge_modules(model, Small({"w": pair[1]}), beta=path[0])
    for beta in path[1:]:
        set_beta(model, mix, beta)
    unmerge_modules(model, mix)
    assert as_bits(state(model)) == as_bits({"w": pair[0]})


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_tensor_of_a_whole_model_is_the_lerp_and_comes_back(dtype: torch.dtype):
    model = tiny_clip().to(dtype)
    base, region = state(model), learned(model)
    mix = merge_modules(model, region, beta=0.3)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, torch.lerp(base[name], region.state_dict()[name], 0.3)), name
    assert all(parameter.requires_grad for parameter in model.parameters())
    unmerge_modules(model, mix)
    assert as_bits(state(model)) == as_bits(base)


def test_tensors_that_are_equal_are_not_touched_and_not_kept_twice():
    model = Small({"same": torch.tensor([-0.0, 1.0]), "moved": torch.zeros(2)})
    mix = merge_modules(model, Small({"same": torch.tensor([-0.0, 1.0]), "moved": torch.ones(2)}), beta=0.25)
    assert as_bits({"same": model.same.detach()}) == as_bits({"same": torch.tensor([-0.0, 1.0])})
    assert model.moved.tolist() == [0.25, 0.25]
    assert [ends.names for ends in mix.pairs.ends] == [("moved",)]
    assert mix.report()["counts"] == {"merged": 1, "copied": 0, "equal": 1, "kept_from_base": 0}


def test_a_zero_that_only_changes_its_sign_is_a_change():
    model = Small({"w": torch.tensor([0.0, 1.0])})
    merge_modules(model, Small({"w": torch.tensor([-0.0, 1.0])}), beta=1)
    assert as_bits({"w": model.w.detach()}) == as_bits({"w": torch.tensor([-0.0, 1.0])})


def test_integers_stay_the_base_s_with_a_warning_and_counters_without(caplog: pytest.LogCaptureFixture):
    def build(step: int) -> Small:
        buffers = {"ids": torch.tensor([1, step]), "num_batches_tracked": torch.tensor(step), "mask": torch.tensor([True])}
        return Small({"w": torch.tensor([float(step)])}, buffers)

    model = build(2)
    mix = merge_modules(model, build(4), beta=0.5)
    assert (model.w.item(), model.ids.tolist(), model.num_batches_tracked.item()) == (3.0, [1, 2], 2)
    assert [warning.split()[0] for warning in mix.report()["warnings"]] == ["ids"]
    assert "ids (int64) differs and was kept from the base" in caplog.text
    assert mix.report()["counts"] == {"merged": 1, "copied": 0, "equal": 1, "kept_from_base": 2}


def test_the_running_statistics_of_a_norm_are_interpolated():
    model, region = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    region.running_mean += 4
    region.running_var *= 3
    merge_modules(model, region, beta=0.25)
    assert model.running_mean.tolist() == [1.0, 1.0]
    assert model.running_var.tolist() == [1.5, 1.5]


def test_tied_parameters_stay_tied_and_are_mixed_once():
    model = tiny_gemma3()
    head, embedding = "lm_head.weight", "model.language_model.embed_tokens.weight"
    base, region = state(model), learned(model)
    assert model.get_parameter(head) is model.get_parameter(embedding)
    mix = merge_modules(model, region, beta=0.5)
    assert model.get_parameter(head) is model.get_parameter(embedding)
    assert torch.equal(model.get_parameter(head), torch.lerp(base[head], region.get_parameter(head), 0.5))
    assert sum(head in ends.names for ends in mix.pairs.ends) == 1
    # Both names lie at the depth of the first one, the embedding.
    set_beta(model, mix, ByDepth(0.25, 0.75))
    assert torch.equal(model.get_parameter(head), torch.lerp(base[head], region.get_parameter(head), 0.25))
    norm = "model.language_model.norm.weight"
    assert torch.equal(model.get_parameter(norm), torch.lerp(base[norm], region.get_parameter(norm), 0.75))


@pytest.mark.parametrize("wish", [{"only": ["lm_head*"]}, {"skip": ["lm_head*"]}, {"beta": {"lm_head*": 0.1, "*": 0.5}}])
def test_names_of_one_tensor_cannot_be_treated_unlike(wish: dict[str, object]):
    model = tiny_gemma3()
    base = state(model)
    with pytest.raises(ConfigError, match=r"embed_tokens\.weight and lm_head\.weight are one tensor"):
        merge_modules(model, learned(model), **{"beta": 0.5, **wish})
    assert as_bits(state(model)) == as_bits(base)


def test_what_is_tied_in_the_base_must_be_tied_in_the_regional_model():
    class Pair(nn.Module):
        def __init__(self, first: nn.Parameter, second: nn.Parameter) -> None:
            super().__init__()
            self.first, self.second = first, second

    shared, one, two = (nn.Parameter(torch.full((2,), value)) for value in (0.0, 1.0, 2.0))
    with pytest.raises(MismatchedCheckpointsError, match="first and second are one tensor in the base and differ"):
        merge_modules(Pair(shared, shared), Pair(one, two), beta=0.5)
    merge_modules(Pair(shared, shared), Pair(one, nn.Parameter(one.detach().clone())), beta=0.5)
    assert shared.tolist() == [0.5, 0.5]


def test_a_layout_other_than_rows_makes_no_difference():
    torch.manual_seed(0)
    world, region = nn.Conv2d(4, 6, 3), nn.Conv2d(4, 6, 3)
    plain = copy.deepcopy(world)
    merge_modules(plain, region, beta=0.3)
    merge_modules(world.to(memory_format=torch.channels_last), region, beta=0.3)
    assert not world.weight.is_contiguous()
    assert torch.equal(world.weight, plain.weight)


@pytest.mark.parametrize("lossless", [True, False])
def test_a_regional_model_of_a_wider_dtype_is_rounded_once_and_kept_narrow_where_that_loses_nothing(lossless: bool):
    region = torch.tensor([1.0, 2.5]) if lossless else torch.tensor([1.001, 2.5])
    model = Small({"w": torch.tensor([1.0, 2.0], dtype=torch.bfloat16)})
    mix = merge_modules(model, Small({"w": region}), beta=0.5)
    assert torch.equal(model.w, torch.lerp(torch.tensor([1.0, 2.0]), region, 0.5).bfloat16())
    assert mix.pairs.ends[0].regions[0].dtype == (torch.bfloat16 if lossless else torch.float32)
    set_beta(model, mix, 1)
    assert torch.equal(model.w, region.bfloat16())


def test_a_base_in_float32_takes_a_regional_model_in_float16():
    model = Small({"w": torch.tensor([1.0, 2.0])})
    merge_modules(model, Small({"w": torch.tensor([3.0, 2.0], dtype=torch.float16)}), beta=0.25)
    assert model.w.tolist() == [1.5, 2.0]


def test_eight_bit_floats_are_mixed_too():
    model = Small({"w": torch.tensor([1.0, -2.0]).to(torch.float8_e4m3fn)})
    merge_modules(model, Small({"w": torch.tensor([3.0, -1.0]).to(torch.float8_e4m3fn)}), beta=0.5)
    assert model.w.float().tolist() == [2.0, -1.5]


def test_values_so_far_apart_that_their_difference_overflows_are_mixed_all_the_same():
    model = Small({"w": torch.tensor([3e38, 1.0])})
    merge_modules(model, Small({"w": torch.tensor([-3e38, 2.0])}), beta=0.5)
    assert model.w.tolist() == [0.0, 1.5]


def test_a_mix_that_the_dtype_cannot_hold_is_refused_and_the_model_stays_what_it_was():
    model = Small({"first": torch.zeros(2), "w": torch.tensor([1.0, 1.0], dtype=torch.float16)})
    base = state(model)
    region = Small({"first": torch.ones(2), "w": torch.tensor([1e6, 1.0])})
    with pytest.raises(NonFiniteError, match="'w' overflows float16 at β = 1"):
        merge_modules(model, region, beta=1)
    assert as_bits(state(model)) == as_bits(base)
    mix = merge_modules(model, region, beta=0.0625)  # 62,500 fits
    before = state(model)
    with pytest.raises(NonFiniteError, match="'w' overflows"):
        set_beta(model, mix, 0.5)
    assert as_bits(state(model)) == as_bits(before)
    assert mix.beta == 0.0625


@pytest.mark.parametrize("beta", [0.25, {"text_model.*": 0.25}, None])
def test_an_interruption_leaves_the_model_at_the_beta_that_it_had(beta: object, monkeypatch: pytest.MonkeyPatch):
    model = tiny_clip()
    mix = prepare(model, learned(model), [{"text_model.*": 0.75} if beta is None else beta])
    if beta is not None:
        set_beta(model, mix, beta)
    before, lerp, calls = state(model), torch.lerp, []

    def interrupted(*args: object, **kwargs: object) -> Tensor:
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return lerp(*args, **kwargs)

    monkeypatch.setattr(torch, "lerp", interrupted)
    with pytest.raises(KeyboardInterrupt):
        set_beta(model, mix, {"text_model.*": 0.75})
    assert as_bits(state(model)) == as_bits(before)


def test_a_mix_shown_at_a_prompt_fits_on_a_line_or_two():
    assert len(repr(merge_modules(tiny_clip(), tiny_clip(1), beta=0.25))) < 600


def test_a_copied_and_a_pickled_model_take_their_mix_along():
    model = tiny_clip()
    base = state(model)
    region = learned(model)
    model.mix = merge_modules(model, region, beta=0.25)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        set_beta(twin, twin.mix, 0.5)
        assert torch.equal(twin.logit_scale, torch.lerp(base["logit_scale"], region.logit_scale, 0.5))
        unmerge_modules(twin, twin.mix)
        assert as_bits(state(twin)) == as_bits(base)
    assert torch.equal(model.logit_scale, torch.lerp(base["logit_scale"], region.logit_scale, 0.25))


def test_a_model_that_was_narrowed_since_goes_back_to_the_narrowed_base():
    model = tiny_clip()
    base, region = state(model), learned(model)
    mix = merge_modules(model, region, beta=0.25)
    model.to(torch.bfloat16)
    set_beta(model, mix, 0.5)
    name = "text_projection.weight"
    assert torch.equal(model.state_dict()[name], torch.lerp(base[name], region.state_dict()[name], 0.5).bfloat16())
    unmerge_modules(model, mix)
    assert as_bits(state(model)) == as_bits({key: tensor.bfloat16() for key, tensor in base.items()})


def test_a_model_that_was_rebuilt_since_is_refused_before_anything_changes():
    model = tiny_clip()
    mix = merge_modules(model, learned(model), beta=0.25)
    model.text_projection = nn.Linear(16, 5, bias=False)
    before = state(model)
    with pytest.raises(MismatchedCheckpointsError, match=r"text_projection\.weight.*\[12, 16\].*\[5, 16\]"):
        set_beta(model, mix, 0.5)
    assert as_bits(state(model)) == as_bits(before)


def test_beta_by_pattern_and_by_depth_reaches_each_tensor():
    model = tiny_clip()
    base, region = state(model), learned(model).state_dict()
    merge_modules(model, learned(model), beta={"text_model.*": ByDepth(0.25, 0.75), "*projection*": 1}, skip="*.bias")
    layer = "text_model.encoder.layers.{}.mlp.fc1.weight"
    expected = {
        layer.format(0): 0.25,
        layer.format(1): 0.5,
        layer.format(2): 0.75,
        "logit_scale": 0,
        layer.format(1).replace("weight", "bias"): 0,
    }
    for name, beta in (expected | {"text_projection.weight": 1, "text_model.embeddings.token_embedding.weight": 0.25}).items():
        assert torch.equal(model.state_dict()[name], torch.lerp(base[name], region[name], beta)), name


def test_another_beta_may_not_reach_for_tensors_that_the_merge_left_out():
    model = tiny_clip()
    mix = merge_modules(model, learned(model), beta={"text_model.*": 0.5})
    before = state(model)
    with pytest.raises(ConfigError, match="no part of this merge"):
        set_beta(model, mix, 0.5)
    set_beta(model, mix, {"text_model.encoder.*": 0.25})
    assert torch.equal(model.text_projection.weight, before["text_projection.weight"])
    assert mix.report()["beta"] == {"text_model.encoder.*": 0.25}


def test_a_sweep_scores_every_beta_once_and_ends_at_the_base_also_when_scoring_fails():
    model = tiny_clip()
    base, region = state(model), learned(model)
    grid = [0.5, 0, ByDepth(0, 1), 1]
    scores = sweep_modules(model, region, grid, lambda mixed: mixed.logit_scale)
    assert list(scores) == grid
    assert scores[0] == base["logit_scale"].item()
    assert scores[1] == scores[grid[2]] == region.logit_scale.item()
    assert all(type(score) is float for score in scores.values())
    assert as_bits(state(model)) == as_bits(base)
    with pytest.raises(ZeroDivisionError):
        sweep_modules(model, region, grid, lambda mixed: 1 / 0)
    assert as_bits(state(model)) == as_bits(base)


def test_buffers_that_scoring_changes_are_the_base_s_again_afterwards():
    model, region = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    with torch.no_grad():
        region.weight.fill_(2)  # the statistics are equal on both sides, and no part of the mix
    base = state(model)

    def score(mixed: nn.Module) -> float:
        return mixed(torch.arange(6.0).reshape(2, 3)).sum().item()  # in training mode, so that the statistics move

    sweep_modules(model, region, [0.5], score)
    assert as_bits(state(model)) == as_bits(base)
