"""What is no LoRA or DoRA, or contradicts itself, is refused by name, with the way out, and nothing is written."""

import pytest
import torch
from adapter_folders import KINDS, bert, grow, quietly, siglip, write_adapter
from peft import IA3Config, LoHaConfig, LoraConfig, VeraConfig, get_peft_model
from weight_folders import write_folder

from hf_regional.errors import DamagedFileError, MismatchedCheckpointsError, MissingFileError, NotBuiltYetError
from hf_regional.merging.adapters import is_adapter, read_adapter, regional_sources
from hf_regional.merging.checkpoint import read_checkpoint

FACTORS = {"x.lora_A.weight": torch.ones(1, 2), "x.lora_B.weight": torch.ones(2, 1)}
BASE = {"x.weight": torch.zeros(2, 2), "x.bias": torch.zeros(2)}


@pytest.mark.parametrize(
    "config",
    [
        IA3Config(target_modules=["query"], feedforward_modules=[]),
        LoHaConfig(target_modules=["query"], r=2),
        VeraConfig(target_modules=["query"], r=2),
    ],
    ids=["IA3", "LOHA", "VERA"],
)
def test_other_adapters_of_peft_are_named(tmp_path, config, request):
    quietly(lambda: get_peft_model(bert(), config).save_pretrained(tmp_path))
    assert is_adapter(tmp_path)
    with pytest.raises(NotBuiltYetError, match=f"kind {request.node.callspec.id}, not LORA.*merge_and_unload"):
        read_adapter(tmp_path)


@pytest.mark.parametrize("start", ["pissa", "pissa_niter_4", "olora", "corda", "lora_ga", "loftq"])
def test_factors_that_hold_a_part_of_the_base_are_refused(tmp_path, start):
    adapter = write_adapter(tmp_path / "adapter", FACTORS, init_lora_weights=start)
    with pytest.raises(NotBuiltYetError, match=f"{start}.*path_initial_model_for_weight_conversion"):
        read_adapter(adapter)


@pytest.mark.parametrize("start", [True, False, None, "gaussian", "eva", "orthogonal", "mica"])
def test_other_starts_leave_the_base_alone(tmp_path, start):
    assert read_adapter(write_adapter(tmp_path / "adapter", FACTORS, init_lora_weights=start)).low_ranks["x"].scale == 1


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("layer_replication", [[0, 1], [0, 1]], "repeats layers"),
        ("target_parameters", ["experts.gate"], "bare parameters"),
        ("use_bdlora", {"nblocks": 2}, "BD-LoRA"),
        ("kasa_config", {"beta": 1}, "KaSA"),
        ("velora_config", {"scale": 1}, "VeLoRA"),
        ("monteclora_config", {"num_samples": 2}, "MonteCLoRA"),
        ("use_qalora", True, "QA-LoRA"),
        ("megatron_config", {"a": 1}, "Megatron"),
        ("alora_invocation_tokens", [1, 2], "aLoRA.*No single set of weights"),
        ("arrow_config", {"top_k": 2}, "Arrow.*No single set of weights"),
        ("use_something_new", True, "'use_something_new', which this version does not know"),
        ("something_new_config", {"a": 1}, "'something_new_config', which this version does not know"),
    ],
)
def test_other_kinds_of_lora_are_named(tmp_path, field, value, named):
    with pytest.raises(NotBuiltYetError, match=named):
        read_adapter(write_adapter(tmp_path / "adapter", FACTORS, **{field: value}))


def test_every_field_of_the_installed_peft_is_accepted_at_its_default(tmp_path):
    quietly(lambda: get_peft_model(bert(), LoraConfig(target_modules=["query"], r=2)).save_pretrained(tmp_path))
    assert read_adapter(tmp_path).low_ranks["encoder.layer.0.attention.self.query"].scale == 4  # 8 / 2


def test_layers_inside_adapted_layers_are_refused(tmp_path):
    folders_of = quietly(lambda: get_peft_model(siglip(), LoraConfig(target_modules=["attention"], r=2)))
    quietly(lambda: folders_of.save_pretrained(tmp_path))
    with pytest.raises(NotBuiltYetError, match=r"base_layer.out_proj.lora_A.weight.*MultiheadAttention.*merge_and_unload"):
        read_adapter(tmp_path)


@pytest.mark.parametrize("name", ["x.lora_magnitude", "x.lora_C.weight", "x.token_adapter.other", "x.base_layer.y.lora_A.weight"])
def test_tensors_of_unknown_kinds_are_named(tmp_path, name):
    with pytest.raises(NotBuiltYetError, match=name):
        read_adapter(write_adapter(tmp_path / "adapter", FACTORS | {name: torch.ones(1)}))


def test_a_folder_that_is_no_adapter(tmp_path):
    assert not is_adapter(tmp_path)
    with pytest.raises(MissingFileError, match=r"has no adapter_config.json"):
        read_adapter(tmp_path)
    (tmp_path / "pytorch_lora_weights.safetensors").write_bytes(b"")
    with pytest.raises(NotBuiltYetError, match=r"format of diffusers.*fuse_lora"):
        read_adapter(tmp_path)


def test_a_name_that_is_nowhere():
    with pytest.raises(MissingFileError):
        read_adapter("./no-such-adapter")


def test_pickled_weights_are_never_opened(tmp_path):
    adapter = write_adapter(tmp_path / "adapter", FACTORS)
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(MissingFileError, match=r"adapter_model.bin, which is never opened.*save_pretrained"):
        read_adapter(adapter)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ({"r": 0}, "no rank"),
        ({"r": 2.5}, "no rank"),
        ({"lora_alpha": "8"}, "no number"),
        ({"rank_pattern": {"x": "y"}}, "no rank"),
        ({"alpha_pattern": {"(": 1}}, "makes no sense"),
        ({"r": 2}, "says rank 2"),
        ({"use_dora": True}, "disagree on DoRA"),
    ],
)
def test_a_configuration_that_contradicts_itself_or_the_weights(tmp_path, config, named):
    adapter = write_adapter(tmp_path / "adapter", FACTORS, **(config if isinstance(config, dict) else {}))
    if isinstance(config, str):
        (adapter / "adapter_config.json").write_text(config)
    with pytest.raises(DamagedFileError, match=named):
        read_adapter(adapter)


@pytest.mark.parametrize(
    ("tensors", "named"),
    [
        ({"x.lora_A.weight": torch.ones(1, 2)}, "not one A and one B"),
        ({"x.lora_A.weight": torch.ones(1, 2), "x.lora_embedding_B": torch.ones(2, 1)}, "not one A and one B"),
        ({"x.lora_A.weight": torch.ones(2), "x.lora_B.weight": torch.ones(2)}, "says rank 1"),
        ({"x.lora_A.weight": torch.ones(1, 2, 3), "x.lora_B.weight": torch.ones(2, 1, 3)}, "says rank 1"),
        (FACTORS | {"y.bias": torch.ones(1), "y.base_layer.bias": torch.ones(1)}, "'y.bias' stands in it under two names"),
        ({"x.token_adapter.trainable_tokens_delta": torch.ones(1, 2)}, "0 trainable_token_indices"),
    ],
)
def test_weights_that_contradict_themselves(tmp_path, tensors, named):
    with pytest.raises(DamagedFileError, match=named):
        read_adapter(write_adapter(tmp_path / "adapter", tensors))


def test_a_truncated_file(tmp_path):
    adapter = write_adapter(tmp_path / "adapter", FACTORS)
    file = adapter / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DamagedFileError, match=r"adapter_model.safetensors"):
        read_adapter(adapter)


def test_factors_of_integers(tmp_path):
    with pytest.raises(NotBuiltYetError, match=r"lora_A.weight' is I64, not a float"):
        read_adapter(write_adapter(tmp_path / "adapter", FACTORS | {"x.lora_A.weight": torch.ones(1, 2, dtype=torch.int64)}))


@pytest.mark.parametrize(
    ("tensors", "config", "named"),
    [
        ({"x.lora_A.weight": torch.ones(1, 3), "x.lora_B.weight": torch.ones(2, 1)}, {}, r"'x.weight' has shape \[2, 2\].*\[2, 3\]"),
        ({"x.lora_embedding_A": torch.ones(1, 5), "x.lora_embedding_B": torch.ones(2, 1)}, {}, r"make \[5, 2\]"),
        ({"x.lora_A.weight": torch.ones(1, 2, 1, 1), "x.lora_B.weight": torch.ones(2, 1, 1, 1)}, {}, r"make \[2, 2, 1, 1\]"),
        ({"x.weight": torch.ones(3, 2)}, {"modules_to_save": ["x"]}, r"\[3, 2\].*vocabulary of the one grew"),
        ({"x.bias": torch.ones(3)}, {"bias": "all"}, r"'x.bias' has shape \[2\]"),
        (FACTORS | {"x.lora_B.bias": torch.ones(3)}, {"lora_bias": True}, r"'x.bias' has shape \[2\]"),
        ({"x.token_adapter.trainable_tokens_delta": torch.ones(1, 2)}, {"trainable_token_indices": [2]}, "rows of it up to 2"),
        (FACTORS | {"x.lora_magnitude_vector": torch.ones(3)}, {"use_dora": True}, r"magnitude of shape \[3\] for 2 outputs"),
    ],
)
def test_an_adapter_of_another_base_is_named_tensor_by_tensor(tmp_path, tensors, config, named):
    base = read_checkpoint(write_folder(tmp_path / "base", BASE))
    adapter = read_adapter(write_adapter(tmp_path / "adapter", tensors, **config))
    with pytest.raises(MismatchedCheckpointsError, match=named):
        regional_sources(base, adapter)


def test_a_base_of_integers_takes_no_sum(tmp_path):
    base = read_checkpoint(write_folder(tmp_path / "base", {"x.weight": torch.zeros(2, 2, dtype=torch.int8)}))
    with pytest.raises(NotBuiltYetError, match=r"'x.weight'.*is I8"):
        regional_sources(base, read_adapter(write_adapter(tmp_path / "adapter", FACTORS)))


def test_a_convolution_in_groups_has_no_merged_form(tmp_path):
    model = torch.nn.Sequential(torch.nn.Conv2d(4, 4, 3, groups=2))
    with pytest.warns(UserWarning, match="groups > 1"):
        grown = get_peft_model(model, LoraConfig(target_modules=["0"], r=2))
    quietly(lambda: grown.save_pretrained(tmp_path))
    with pytest.raises(NotBuiltYetError, match="convolution in 2 groups"):
        read_adapter(tmp_path)


def test_an_adapter_says_what_it_is(tmp_path):
    make, options = KINDS["conv-dora"]
    folders = grow(tmp_path, make, **options)
    adapter = read_adapter(folders.adapter)
    assert (adapter.base_model, adapter.base_revision, adapter.revision) == (str(folders.base), None, None)
    assert {(low_rank.kind, low_rank.rank, low_rank.scale) for low_rank in adapter.low_ranks.values()} == {("conv", 2, 1.5)}
    assert adapter.is_dora
    assert adapter.size == (folders.adapter / "adapter_model.safetensors").stat().st_size
