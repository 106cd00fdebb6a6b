"""Every tensor of an adapter finds the one tensor of the base's files that it means, or is named with the nearest."""

import logging

import pytest
import torch
from adapter_folders import add_adapter, bert, clip, furthest, gpt2, grow, quietly, read_source, tensors_of, write_adapter
from peft import LoraConfig, PeftModel
from transformers import BertForSequenceClassification, BertModel, CLIPTextModel, CLIPVisionModel, GPT2Config, GPT2LMHeadModel
from weight_folders import write_folder

from hf_regional.errors import MismatchedCheckpointsError, NotBuiltYetError
from hf_regional.merging.adapters import read_adapter, regional_sources
from hf_regional.merging.adapters.names import names_in_files
from hf_regional.merging.checkpoint import read_checkpoint

# What the model in memory calls a tensor, and what its files do.
PAIRS = {
    "the same": ("encoder.layer.0.query.weight", "encoder.layer.0.query.weight"),
    "Gemma 3": ("model.language_model.layers.0.q_proj.weight", "language_model.model.layers.0.q_proj.weight"),
    "the head of LLaVA": ("lm_head.weight", "language_model.lm_head.weight"),
    "Qwen 2 VL": ("model.language_model.layers.0.q_proj.weight", "model.layers.0.q_proj.weight"),
    "a classifier on a plain model": ("bert.encoder.layer.0.query.weight", "encoder.layer.0.query.weight"),
    "a tower of a whole": ("encoder.layers.0.q_proj.weight", "text_model.encoder.layers.0.q_proj.weight"),
}


def folder_of(tmp_path, *names):
    return read_checkpoint(write_folder(tmp_path / "base", {name: torch.ones(2, 2) for name in names}))


@pytest.mark.parametrize("pair", PAIRS)
def test_a_name_in_memory_finds_its_name_in_the_files(tmp_path, pair):
    memory, file = PAIRS[pair]
    assert names_in_files([memory], folder_of(tmp_path, "other.weight", file)) == {memory: file}


def test_the_prefix_that_fits_all_is_taken(tmp_path):
    wanted = [f"layers.{place}.q_proj.weight" for place in range(2)]
    base = folder_of(tmp_path, "text.layers.0.q_proj.weight", *(f"vision.{name}" for name in wanted))
    assert names_in_files(wanted, base) == {name: f"vision.{name}" for name in wanted}


def test_two_towers_alike_are_undecidable_and_named(tmp_path):
    base = folder_of(tmp_path, "text.layers.0.q_proj.weight", "vision.layers.0.q_proj.weight")
    with pytest.raises(MismatchedCheckpointsError, match=r"text.layers.0.q_proj.weight, vision.layers.0.q_proj.weight") as caught:
        names_in_files(["layers.0.q_proj.weight"], base)
    assert caught.value.extra == {"layers.0.q_proj.weight"}


def test_two_names_for_one_tensor_are_refused(tmp_path):
    base = folder_of(tmp_path, "layers.0.q_proj.weight")
    with pytest.raises(MismatchedCheckpointsError, match=r"both mean 'layers.0.q_proj.weight'"):
        names_in_files(["layers.0.q_proj.weight", "model.layers.0.q_proj.weight"], base)


def test_a_stranger_is_named_with_the_nearest(tmp_path):
    with pytest.raises(MismatchedCheckpointsError, match=r"1 tensors.*'encoder.key.weight' \(nearest: encoder.query.weight\)"):
        names_in_files(["encoder.key.weight"], folder_of(tmp_path, "encoder.query.weight"))


@pytest.mark.parametrize(("tower", "prefix"), [(CLIPVisionModel, "vision_model"), (CLIPTextModel, "text_model")])
def test_the_adapter_of_a_tower_goes_into_the_whole_model(tmp_path, tower, prefix):
    folders = grow(tmp_path, clip, target_modules=["q_proj"])
    adapter = quietly(lambda: add_adapter(folders.base, tower, tmp_path / "tower", target_modules=["q_proj"]))
    sources = regional_sources(read_checkpoint(folders.base), read_adapter(adapter))
    name = f"{prefix}.encoder.layers.0.self_attn.q_proj.weight"
    assert sources.keys() == {name}  # both towers have a tensor of this name; the class of the adapter's model tells them apart
    merged = tensors_of(quietly(lambda: PeftModel.from_pretrained(tower.from_pretrained(folders.base), adapter).merge_and_unload()))
    theirs = next(tensor for key, tensor in merged.items() if key.endswith("encoder.layers.0.self_attn.q_proj.weight"))
    assert furthest({"q": torch.from_numpy(read_source(sources[name], (16, 16)))}, {"q": theirs}) < 1e-6


def test_a_new_head_has_no_place_in_a_plain_model(tmp_path):
    folders = grow(tmp_path, bert, target_modules=["query"])
    options = {"target_modules": ["query"], "modules_to_save": ["classifier"]}
    adapter = add_adapter(folders.base, BertForSequenceClassification, tmp_path / "classifier", **options)
    with pytest.raises(MismatchedCheckpointsError, match=r"no place.* 2 tensors.*classifier.*merge_and_unload") as caught:
        regional_sources(read_checkpoint(folders.base), read_adapter(adapter))
    assert caught.value.extra == {"classifier.weight", "classifier.bias"}


def tied_language_model():
    return GPT2LMHeadModel(GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=50, n_positions=16, bos_token_id=1, eos_token_id=1))


def test_the_head_that_is_tied_is_said_to_be(tmp_path):
    folders = grow(tmp_path, tied_language_model, target_modules=["lm_head"])
    with pytest.raises(MismatchedCheckpointsError, match=r"lm_head.weight.*head is tied"):
        regional_sources(read_checkpoint(folders.base), read_adapter(folders.adapter))


def test_an_embedding_that_takes_its_head_along_is_pointed_out(tmp_path, caplog):
    folders = grow(tmp_path, tied_language_model, target_modules=["wte"])
    with caplog.at_level(logging.WARNING):
        sources = regional_sources(read_checkpoint(folders.base), read_adapter(folders.adapter))
    assert sources.keys() == {"transformer.wte.weight"}
    assert "the merged head changes too" in caplog.text


def square(folder, weight, bias, *, fan_in_fan_out):
    """A square adapted weight beside one, not square, that shows how this model stores its own."""
    base = write_folder(folder / "base", {"x.weight": torch.zeros(2, 2), "y.weight": torch.zeros(weight), "y.bias": torch.zeros(bias)})
    factors = {"x.lora_A.weight": torch.tensor([[1.0, 2.0]]), "x.lora_B.weight": torch.tensor([[1.0], [0.0]])}
    adapter = write_adapter(folder / "adapter", factors, fan_in_fan_out=fan_in_fan_out)
    return regional_sources(read_checkpoint(base), read_adapter(adapter))["x.weight"]


def test_a_square_weight_is_transposed_where_config_and_base_say_so(tmp_path):
    assert read_source(square(tmp_path / "1", (3, 2), (3,), fan_in_fan_out=False), (2, 2)).tolist() == [[1, 2], [0, 0]]
    assert read_source(square(tmp_path / "2", (2, 3), (3,), fan_in_fan_out=True), (2, 2)).tolist() == [[1, 0], [2, 0]]


@pytest.mark.parametrize(("weight", "says"), [((2, 3), False), ((3, 2), True)])
def test_a_square_weight_of_which_they_disagree_is_refused(tmp_path, weight, says):
    with pytest.raises(NotBuiltYetError, match=r"'x.weight' is square"):
        square(tmp_path, weight, (3,), fan_in_fan_out=says)


def test_a_square_weight_in_a_real_model_that_stores_inputs_first(tmp_path):
    folders = grow(tmp_path, gpt2, target_modules=["attn.c_proj"], fan_in_fan_out=True)
    (name, source), *rest = regional_sources(read_checkpoint(folders.base), read_adapter(folders.adapter)).items()
    assert not rest
    assert furthest({name: torch.from_numpy(read_source(source, (16, 16)))}, {name: folders.region[name]}) < 1e-6


def test_an_adapter_that_transformers_saved_is_read_as_well(tmp_path):
    torch.manual_seed(0)
    bert().save_pretrained(tmp_path / "base")
    model = BertModel.from_pretrained(tmp_path / "base")
    model.add_adapter(LoraConfig(r=2, lora_alpha=4, target_modules=["query"], init_lora_weights=False))
    model.save_pretrained(tmp_path / "adapter")
    layer = model.encoder.layer[0].attention.self.query
    wanted = (layer.base_layer.weight + 2 * layer.lora_B["default"].weight @ layer.lora_A["default"].weight).detach()
    ((name, source),) = regional_sources(read_checkpoint(tmp_path / "base"), read_adapter(tmp_path / "adapter")).items()
    assert furthest({name: torch.from_numpy(read_source(source, (16, 16)))}, {name: wanted}) < 1e-6
