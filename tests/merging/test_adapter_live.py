"""A live PeftModel at strength β computes θ_β and gives it back as a plain model; at β = 1 it is what it was, bit for bit."""

import pytest
import torch
from adapter_folders import KINDS, bert, furthest, grow, quietly, siglip, tensors_of
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import IA3Config, LoraConfig, get_peft_model
from weight_folders import bits

from hf_regional.errors import (
    ConfigError,
    MismatchedCheckpointsError,
    NotBuiltYetError,
    OutOfRangeError,
    UnknownNameError,
)
from hf_regional.merging.adapters import AdapterStrength, merge_and_unload_at


@pytest.fixture(scope="module", params=KINDS)
def grown(request, tmp_path_factory):
    make, options = KINDS[request.param]
    return grow(tmp_path_factory.mktemp(request.param), make, **options)


def outputs_of(model):
    """What a model makes of fixed inputs, whatever kind it is."""
    torch.manual_seed(0)
    ids, pixels = torch.tensor([[3, 4, 1, 7]]), torch.randn(1, 3, 16, 16)
    takes = {"resnet": {"pixel_values": torch.randn(1, 3, 32, 32)}, "bert": {"input_ids": ids}, "gpt2": {"input_ids": ids}}
    with torch.no_grad():
        found = model(**takes.get(model.config.model_type, {"input_ids": ids, "pixel_values": pixels}))
    return found.logits if "logits" in found else found.logits_per_image if "logits_per_image" in found else found[0]


def test_at_any_strength_the_model_computes_the_mix(grown):
    model, plain = grown.adapted(), grown.plain()
    whole = outputs_of(model)
    with AdapterStrength(model, base=grown.plain()) as strength:
        for beta in (0.7, 0.3, 0):  # every one from the originals: nothing of the last one stays
            strength.set(beta)
            plain.load_state_dict({name: tensor.float() for name, tensor in grown.between(beta).items()})
            assert torch.allclose(outputs_of(model), outputs_of(plain), rtol=1e-4, atol=1e-5), beta
        assert strength.beta == 0
    assert torch.equal(outputs_of(model), whole)
    assert bits(tensors_of(model)) == bits(tensors_of(grown.adapted()))


@pytest.mark.parametrize("beta", [0, 0.3, 1])
def test_merged_and_unloaded_it_is_the_plain_mix(grown, beta):
    found = merge_and_unload_at(grown.adapted(), beta, base=grown.plain())
    assert type(found) is grown.model
    wanted = grown.between(beta)
    if beta == 1:
        wanted |= {name: tensor for name, tensor in grown.merged(grown.adapter).items() if not tensor.is_floating_point()}
    assert furthest(tensors_of(found), wanted) < 1e-6


@given(betas=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=5))
@settings(max_examples=20)
def test_whatever_was_set_before_the_end_is_the_beginning(one_of_all, betas):
    model, before, base = one_of_all
    strength = AdapterStrength(model, base=base)
    for beta in betas:
        strength.set(beta)
    strength.restore()
    assert bits(tensors_of(model)) == before


@pytest.fixture(scope="module")
def one_of_all(tmp_path_factory):
    make, _ = KINDS["modules-to-save"]
    options = {"target_modules": ["query"], "use_dora": True, "bias": "all", "modules_to_save": ["classifier"]}
    folders = grow(tmp_path_factory.mktemp("all"), make, **options)
    model = folders.adapted()
    return model, bits(tensors_of(model)), folders.plain()


def test_the_end_of_a_block_restores_after_an_error_too(tmp_path):
    make, options = KINDS["lora"]
    folders = grow(tmp_path, make, **options)
    model = folders.adapted()
    whole = outputs_of(model)

    def sweep(*betas):
        with AdapterStrength(model) as strength:
            for beta in betas:
                strength.set(beta)

    with pytest.raises(OutOfRangeError):
        sweep(0.5, 2)
    assert torch.equal(outputs_of(model), whole)


def test_the_other_adapter_stays_as_it_is(tmp_path):
    make, options = KINDS["lora"]
    folders = grow(tmp_path, make, **options)
    model = folders.adapted()
    model.load_adapter(folders.adapter, "other")
    model.set_adapter("other")
    whole = outputs_of(model)
    with AdapterStrength(model, "default") as strength:
        strength.set(0.5)
        assert torch.equal(outputs_of(model), whole)
    assert furthest(tensors_of(merge_and_unload_at(model, 0.5, adapter="default")), folders.between(0.5)) < 1e-6


def test_multihead_attention_is_scaled_as_peft_merges_it(tmp_path):
    folders = grow(tmp_path, siglip, target_modules=["attention"])
    assert furthest(tensors_of(merge_and_unload_at(folders.adapted(), 0.25)), folders.between(0.25)) < 1e-6


def test_sixteen_bits_are_mixed_wide_and_rounded_once(tmp_path):
    make, options = KINDS["dora"]
    folders = grow(tmp_path, make, **options)
    model = quietly(lambda: folders.adapted().to(torch.bfloat16))
    world = tensors_of(folders.plain().to(torch.bfloat16))
    adapter = {name: tensor for name, tensor in tensors_of(model).items() if ".query.lora_" in name}
    found = tensors_of(merge_and_unload_at(model, 0.5))
    name = "encoder.layer.0.attention.self.query.weight"
    a, b, m = (next(t.double() for key, t in adapter.items() if mark in key) for mark in ("lora_A", "lora_B", "magnitude"))
    gain = (b.float() @ a.float() * 1.5).bfloat16().double()  # PEFT's own rounding of the gain to the adapter's dtype
    full = world[name].double() + gain
    mixed = world[name].double() + 0.5 * (m[:, None] * full / full.norm(dim=1, keepdim=True) - world[name].double())
    assert found[name].dtype == torch.bfloat16
    assert torch.allclose(found[name].double(), mixed, rtol=2**-8, atol=0)


def test_biases_ask_for_the_base(tmp_path):
    make, options = KINDS["bias-all"]
    folders = grow(tmp_path, make, **options)
    with pytest.raises(ConfigError, match=r"trained biases.*base="):
        AdapterStrength(folders.adapted())
    with pytest.raises(MismatchedCheckpointsError, match=r"LayerNorm.bias.*lacks it"):
        AdapterStrength(folders.adapted(), base=torch.nn.Linear(1, 1))


def test_what_cannot_be_dialled_is_named(tmp_path):
    make, options = KINDS["lora"]
    folders = grow(tmp_path, make, **options)
    model = folders.adapted()
    with pytest.raises(UnknownNameError, match=r"no adapter 'defualt'. Did you mean 'default'"):
        AdapterStrength(model, "defualt")
    with pytest.raises(OutOfRangeError, match="β must be"):
        AdapterStrength(model).set(1.1)
    with pytest.raises(OutOfRangeError, match="β must be"):
        merge_and_unload_at(model, -1)
    with pytest.raises(ConfigError, match="is no PeftModel"):
        AdapterStrength(folders.plain())
    model.merge_adapter()
    with pytest.raises(ConfigError, match="unmerge_adapter"):
        AdapterStrength(model)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (IA3Config(target_modules=["query"], feedforward_modules=[]), "IA3"),
        (LoraConfig(target_modules=["query"], r=2, init_lora_weights="pissa"), "pissa"),
        (LoraConfig(target_modules=["query"], r=2, init_lora_weights="olora"), "olora"),
    ],
)
def test_other_kinds_are_refused_with_the_way_out(config, named):
    model = quietly(lambda: get_peft_model(bert(), config))
    with pytest.raises(NotBuiltYetError, match=f"{named}.*merge_and_unload.*merge_checkpoints"):
        AdapterStrength(model)
