"""The weighted sum of adapters, loaded by plain PEFT as one, is the sum of what each changes."""

import json
import logging
import math
import warnings

import pytest
import torch
from adapter_folders import KINDS, add_adapter, furthest, grow, tensors_of, write_adapter
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import PeftModel
from safetensors.torch import load_file

from hf_regional.errors import ConfigError, MismatchedCheckpointsError
from hf_regional.merging.adapters import combine_adapters, scale_adapter

LINEAR = [kind for kind in KINDS if not kind.endswith("dora")]
OTHERS = {  # a second adapter of the same base, in another way
    "other ranks": {"target_modules": ["query", "dense"], "r": 5, "lora_alpha": 2},
    "other modules": {"target_modules": ["value", "dense"], "r": 3},
    "rslora": {"target_modules": ["query", "dense"], "use_rslora": True, "r": 4, "lora_alpha": 9},
    "patterns": {"target_modules": ["query", "key"], "rank_pattern": {"query": 7}, "alpha_pattern": {"key": 1}},
    "some layers": {"target_modules": ["query"], "layers_to_transform": [0], "layers_pattern": "layer"},
    "regex": {"target_modules": r".*\.(key|value)"},
    "biases": {"target_modules": ["value"], "bias": "all"},
    "an embedding": {"target_modules": ["word_embeddings"]},
}


def summed(folders, adapters, weights):
    world = tensors_of(folders.plain())
    total = {name: tensor.double() for name, tensor in world.items()}
    for adapter, weight in zip(adapters, weights, strict=True):
        region = folders.merged(adapter)
        for name in world:
            if world[name].is_floating_point():
                total[name] += weight * (region[name].double() - world[name].double())
    return total


@pytest.mark.parametrize("kind", LINEAR)
def test_an_adapter_combined_with_itself_means_what_it_meant(tmp_path, kind):
    make, options = KINDS[kind]
    folders = grow(tmp_path, make, **options)
    found = combine_adapters([folders.adapter, folders.adapter], [0.3, 0.7], tmp_path / "out", base=folders.base)
    assert furthest(folders.merged(found), folders.between(1)) < 1e-6


@given(weight=st.floats(0, 1, width=32), rslora=st.booleans(), rank=st.integers(1, 4))
@settings(max_examples=30)
def test_an_adapter_with_itself_is_the_identity_at_any_weight(tmp_path_factory, weight, rslora, rank):
    folder = tmp_path_factory.mktemp("itself")
    torch.manual_seed(rank)
    a, b = torch.randn(rank, 3), torch.randn(4, rank)
    adapter = write_adapter(folder / "adapter", {"x.lora_A.weight": a, "x.lora_B.weight": b}, r=rank, lora_alpha=3, use_rslora=rslora)
    found = load_file(combine_adapters([adapter, adapter], [weight, 1 - weight], folder / "out") / "adapter_model.safetensors")
    config = json.loads((folder / "out" / "adapter_config.json").read_text())
    assert config["r"] == config["lora_alpha"] == 2 * rank
    assert not config["use_rslora"]
    gain = found["base_model.model.x.lora_B.weight"].double() @ found["base_model.model.x.lora_A.weight"].double()
    scale = 3 / (math.sqrt(rank) if rslora else rank)
    assert torch.allclose(gain, scale * b.double() @ a.double(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("other", OTHERS)
def test_adapters_of_unlike_kinds_add_up(tmp_path, other):
    make, options = KINDS["lora"]
    folders = grow(tmp_path, make, **options)
    second = add_adapter(folders.base, folders.model, tmp_path / "second", seed=7, **OTHERS[other])
    found = combine_adapters([folders.adapter, second], [0.5, -1.5], tmp_path / "out", base=folders.base)
    assert furthest(folders.merged(found), summed(folders, [folders.adapter, second], [0.5, -1.5])) < 1e-6
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        PeftModel.from_pretrained(folders.plain(), found)
    assert not [warning for warning in said if "missing" in str(warning.message)]  # adapter keys


def test_biases_move_with_their_adapter_alone(tmp_path):
    make, _ = KINDS["bias-all"]
    folders = grow(tmp_path, make, target_modules=["query"], bias="all")
    second = add_adapter(folders.base, folders.model, tmp_path / "second", seed=7, target_modules=["key"], bias="lora_only", lora_bias=True)
    found = combine_adapters([folders.adapter, second], [0.25, 0.5], tmp_path / "out", base=folders.base)
    assert furthest(folders.merged(found), summed(folders, [folders.adapter, second], [0.25, 0.5])) < 1e-6


def test_the_factors_lie_beside_one_another(tmp_path):
    first = write_adapter(tmp_path / "1", {"x.lora_A.weight": torch.tensor([[1.0, 2.0]]), "x.lora_B.weight": torch.tensor([[1.0]])})
    factors = {"x.lora_A.weight": torch.tensor([[3.0, 4.0], [5.0, 6.0]]), "x.lora_B.weight": torch.tensor([[1.0, 10.0]])}
    second = write_adapter(tmp_path / "2", factors, r=2, lora_alpha=4)  # s = 2
    found = load_file(combine_adapters([first, second], [1, 0.5], tmp_path / "out") / "adapter_model.safetensors")
    assert found["base_model.model.x.lora_A.weight"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert found["base_model.model.x.lora_B.weight"].tolist() == [[1, 1, 10]]


def test_the_mean_of_factors_is_not_the_factors_of_the_mean():
    torch.manual_seed(0)
    (a, b), (c, d) = ((torch.randn(4, 64), torch.randn(64, 4)) for _ in range(2))
    mean = (b @ a + d @ c) / 2
    missed = ((b + d) / 2 @ (a + c) / 2 - mean).norm() / mean.norm()
    assert 0.6 < missed < 0.8


def test_scaling_is_combining_with_one_weight(tmp_path):
    make, options = KINDS["patterns"]
    folders = grow(tmp_path, make, **options)
    (scaled,) = scale_adapter(folders.adapter, 0.25, tmp_path / "scaled")
    found = combine_adapters([folders.adapter], [0.25], tmp_path / "sum")
    assert furthest(folders.merged(scaled), folders.merged(found)) < 1e-6


def test_a_module_of_one_adapter_keeps_its_own_rank(tmp_path):
    make, _ = KINDS["lora"]
    folders = grow(tmp_path, make, target_modules=["query"], r=2)
    second = add_adapter(folders.base, folders.model, tmp_path / "second", target_modules=["query", "key"], r=3)
    config = json.loads((combine_adapters([folders.adapter, second], [1, 1], tmp_path / "out") / "adapter_config.json").read_text())
    assert config["target_modules"] == ["key", "query"]
    ranks = {"query": 5, "key": 3}
    for name, rank in ranks.items():
        pattern = rf"^encoder\.layer\.0\.attention\.self\.{name}"
        assert config["rank_pattern"].get(pattern, config["r"]) == config["alpha_pattern"].get(pattern, config["lora_alpha"]) == rank


def test_a_dora_does_not_add_up(tmp_path):
    make, options = KINDS["dora"]
    folders = grow(tmp_path, make, **options)
    with pytest.raises(ConfigError, match=r"is a DoRA.*merge_checkpoints"):
        combine_adapters([folders.adapter, folders.adapter], [0.5, 0.5], tmp_path / "out")


@pytest.mark.parametrize("weights", [[1], [1, 2, 3], [1, float("inf")], [1, "2"], [1, True]])
def test_weights_are_finite_numbers_one_an_adapter(tmp_path, weights):
    adapter = write_adapter(tmp_path / "adapter", {"x.lora_A.weight": torch.ones(1, 2), "x.lora_B.weight": torch.ones(2, 1)})
    with pytest.raises(ConfigError, match="weight"):
        combine_adapters([adapter, adapter], weights, tmp_path / "out")


def test_whole_tensors_ask_for_the_base(tmp_path):
    adapter = write_adapter(tmp_path / "adapter", {"head.weight": torch.ones(2, 2)}, modules_to_save=["head"])
    with pytest.raises(ConfigError, match=r"'head.weight' whole.*base=.*tiny"):
        combine_adapters([adapter, adapter], [0.5, 0.5], tmp_path / "out")


CLASHES = {
    "of other widths": ({"x.lora_A.weight": torch.ones(1, 3), "x.lora_B.weight": torch.ones(2, 1)}, {}, "different bases"),
    "of another kind": ({"x.lora_embedding_A": torch.ones(1, 2), "x.lora_embedding_B": torch.ones(2, 1)}, {}, "different bases"),
    "whole in one": ({"x.weight": torch.ones(2, 2)}, {"modules_to_save": ["x"]}, "whole or in rows"),
    "rows in one": ({"x.token_adapter.trainable_tokens_delta": torch.ones(1, 2)}, {"trainable_token_indices": [0]}, "whole or in rows"),
}


@pytest.mark.parametrize("clash", CLASHES)
def test_what_does_not_add_up_is_named(tmp_path, clash):
    tensors, config, message = CLASHES[clash]
    first = write_adapter(tmp_path / "1", {"x.lora_A.weight": torch.ones(1, 2), "x.lora_B.weight": torch.ones(2, 1)})
    second = write_adapter(tmp_path / "2", tensors, **config)
    for pair in ([first, second], [second, first]):
        with pytest.raises(MismatchedCheckpointsError, match=f"'x'.*{message}|{message}.*'x'|{message}"):
            combine_adapters(pair, [1, 1], tmp_path / "out")


def test_other_tokens_do_not_add_up(tmp_path):
    rows = {"x.token_adapter.trainable_tokens_delta": torch.ones(1, 2)}
    pair = [write_adapter(tmp_path / str(token), rows, trainable_token_indices=[token]) for token in (0, 1)]
    with pytest.raises(MismatchedCheckpointsError, match="trained other tokens"):
        combine_adapters(pair, [1, 1], tmp_path / "out")


def test_bases_of_other_names_are_pointed_out(tmp_path, caplog):
    factors = {"x.lora_A.weight": torch.ones(1, 2), "x.lora_B.weight": torch.ones(2, 1)}
    pair = [write_adapter(tmp_path / name, factors, base_model_name_or_path=name) for name in ("clip", "siglip")]
    with caplog.at_level(logging.WARNING):
        combine_adapters(pair, [1, 1], tmp_path / "out")
    assert "different names" in caplog.text
    assert "siglip" in caplog.text
