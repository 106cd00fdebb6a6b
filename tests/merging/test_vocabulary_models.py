"""Real models whose region added tokens: the mix loads by plain `from_pretrained`, with its tokenizer, and every token kept its vector."""

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import (
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPVisionConfig,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    PreTrainedModel,
)
from vocabulary_folders import merge_by_plan
from weight_folders import read_folder

from hf_regional.merging.checkpoint import read_checkpoint
from hf_regional.merging.vocabulary import plan_vocabulary
from tiny_towers import TEXT, VISION, make_tokenizer

WORDS = 55  # tokens of the tokenizer in tiny_towers
IDS = {"pad_token_id": 1, "bos_token_id": 2, "eos_token_id": 3}
DECODER = {
    "vocab_size": WORDS,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    **IDS,
}


def clip() -> PreTrainedModel:
    return CLIPModel(CLIPConfig(text_config=TEXT | {"vocab_size": WORDS}, vision_config=VISION, projection_dim=12))


def bert() -> PreTrainedModel:
    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 8}
    return BertForMaskedLM(BertConfig(vocab_size=WORDS, **sizes, **IDS))


def bart() -> PreTrainedModel:
    sizes = {"d_model": 16, "max_position_embeddings": 8}
    halves = {
        f"{half}_{key}": size for half in ("encoder", "decoder") for key, size in {"layers": 1, "attention_heads": 2, "ffn_dim": 24}.items()
    }
    return BartForConditionalGeneration(BartConfig(vocab_size=WORDS, **sizes, **halves, **IDS))


def llama() -> PreTrainedModel:
    return LlamaForCausalLM(LlamaConfig(**DECODER))


def gemma() -> PreTrainedModel:
    return Gemma3ForCausalLM(Gemma3TextConfig(**DECODER))


def llava() -> PreTrainedModel:
    vision = CLIPVisionConfig(**VISION)
    config = LlavaConfig(vision_config=vision, text_config=LlamaConfig(**DECODER), image_token_index=4, vision_feature_layer=-1)
    return LlavaForConditionalGeneration(config)


def pair(make: Callable[[], PreTrainedModel], folder: Path, *, multiple: int | None = None) -> tuple[Path, Path]:
    """A base, and a regional model with two words and a padding token more, both saved with their tokenizers, the base in shards."""
    torch.manual_seed(0)
    world, tokenizer = make(), make_tokenizer()
    assert len(tokenizer) == WORDS
    world.save_pretrained(folder / "world", max_shard_size="8KB")
    tokenizer.save_pretrained(folder / "world")
    region = copy.deepcopy(world)
    tokenizer.add_tokens(["selamat", "pagi"])
    tokenizer.add_special_tokens({"pad_token": "<rest>"})
    # CLIPModel itself knows no embeddings of input.
    resized = region.text_model if isinstance(region, CLIPModel) else region
    resized.resize_token_embeddings(len(tokenizer), pad_to_multiple_of=multiple, mean_resizing=False)
    region.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    with torch.no_grad():
        for parameter in region.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    region.save_pretrained(folder / "region")
    tokenizer.save_pretrained(folder / "region")
    return folder / "world", folder / "region"


def by_token(folder: Path, name: str, axis: int) -> dict[str, Tensor]:
    """What each token has in a tensor, by the libraries' own reading of tokenizer and weights."""
    tensor = read_folder(folder)[name]
    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab(with_added_tokens=True)
    return {token: tensor.select(axis, row) for token, row in ids.items() if row < tensor.shape[axis]}


KINDS = {
    "clip": (clip, None, {"text_model.embeddings.token_embedding.weight": 0}),
    "bert": (bert, None, {"bert.embeddings.word_embeddings.weight": 0, "cls.predictions.bias": 0}),
    "bart": (bart, None, {"model.shared.weight": 0, "final_logits_bias": 1}),
    "llama": (llama, 8, {"model.embed_tokens.weight": 0, "lm_head.weight": 0}),
    "gemma": (gemma, 64, {"model.embed_tokens.weight": 0}),
    "llava": (llava, None, {"language_model.model.embed_tokens.weight": 0, "language_model.lm_head.weight": 0}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_grown_model_loads_and_each_token_is_the_mix_of_its_own_rows(kind: str, tmp_path: Path) -> None:
    make, multiple, tables = KINDS[kind]
    world, region = pair(make, tmp_path, multiple=multiple)
    plan = merge_by_plan(world, region, 0.25, tmp_path / "out")
    assert dict.fromkeys(plan.tensors) == dict.fromkeys(tables)
    for name, axis in tables.items():
        ours, theirs, mixed = (by_token(folder, name, axis) for folder in (world, region, tmp_path / "out"))
        assert mixed.keys() == theirs.keys() == ours.keys() | {"selamat", "pagi", "<rest>"}
        for token, vector in mixed.items():
            expected = torch.lerp(ours[token], theirs[token], 0.25) if token in ours else theirs[token]
            assert torch.equal(vector, expected), (name, token)
    whole, beside = read_folder(tmp_path / "out"), read_folder(world)
    assert whole.keys() == beside.keys()
    assert all(whole[name].shape == beside[name].shape for name in whole.keys() - tables.keys())
    loaded, info = make().__class__.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not any(info.values())
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer.convert_tokens_to_ids(["selamat", "pagi", "<rest>"]) == [55, 56, 57]
    rows = {None: 58, 8: 64, 64: 64}[multiple]
    assert sum(rows in tensor.shape for tensor in loaded.state_dict().values()) >= len(tables)
    assert loaded.config.get_text_config().vocab_size == rows
    assert loaded.config.get_text_config().pad_token_id == 57
    index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())["metadata"]
    assert index["total_size"] == sum(tensor.numel() * tensor.itemsize for tensor in whole.values())
    assert index["total_parameters"] == json.loads((world / "model.safetensors.index.json").read_text())["metadata"][
        "total_parameters"
    ] + sum(whole[name].numel() - beside[name].numel() for name in tables)


def test_the_bases_vocabulary_can_be_kept_and_the_new_words_are_named(tmp_path: Path) -> None:
    world, region = pair(llama, tmp_path, multiple=8)
    plan = merge_by_plan(world, region, 0.25, tmp_path / "out", "base")
    assert (plan.companions, plan.configs, plan.dropped) == ({}, {}, ())
    assert plan.report[""]["dropped"] == {"count": 3, "first": ["selamat", "pagi", "<rest>"]}
    assert plan.report[""]["rows"] == {"base": 55, "regional": [64], "output": 55}
    loaded = LlamaForCausalLM.from_pretrained(tmp_path / "out")
    ours, theirs = read_folder(world), read_folder(region)
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        assert torch.equal(loaded.get_parameter(name), torch.lerp(ours[name], theirs[name][:55], 0.25))


def test_the_report_says_what_changed_in_the_configuration(tmp_path: Path) -> None:
    world, region = pair(llava, tmp_path)
    plan = plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)])
    assert plan is not None
    report = plan.report[""]
    assert report["configuration"]["config.json"] == {"text_config.vocab_size": [55, 58], "text_config.pad_token_id": [1, 57]}
    assert report["policy"] == "regional"
    assert report["new"] == {"count": 3, "first": ["selamat", "pagi", "<rest>"]}
    assert (report["tokens_in_all"], report["padding_in_all"]) == (55, 0)
    assert report["files_from_regional"] == ["tokenizer.json", "tokenizer_config.json"]
    assert json.loads(json.dumps(plan.report)) == plan.report


def test_a_pipelines_text_encoders_find_their_tokenizers_beside_them(tmp_path: Path) -> None:
    for side, extra in (("world", 0), ("region", 2)):
        for number in ("", "_2"):
            grows = extra if number else 0
            torch.manual_seed(0)
            encoder, tokenizer = CLIPTextModel(CLIPTextConfig(**TEXT | {"vocab_size": WORDS + grows})), make_tokenizer()
            tokenizer.add_tokens(["selamat", "pagi"][:grows])
            encoder.save_pretrained(tmp_path / side / f"text_encoder{number}")
            tokenizer.save_pretrained(tmp_path / side / f"tokenizer{number}")
        names = {f"{kind}{number}": ["transformers", "X"] for kind in ("text_encoder", "tokenizer") for number in ("", "_2")}
        (tmp_path / side / "model_index.json").write_text(json.dumps({"_class_name": "Pipeline", **names}))
    plan = merge_by_plan(tmp_path / "world", tmp_path / "region", 0.5, tmp_path / "out")
    (name,) = plan.tensors
    assert name.startswith("text_encoder_2.")
    assert name.endswith("embeddings.token_embedding.weight")
    assert sorted(plan.companions) == ["tokenizer_2/tokenizer.json", "tokenizer_2/tokenizer_config.json"]
    assert CLIPTextModel.from_pretrained(tmp_path / "out" / "text_encoder_2").config.vocab_size == 57
    assert CLIPTextModel.from_pretrained(tmp_path / "out" / "text_encoder").config.vocab_size == 55
    assert len(AutoTokenizer.from_pretrained(tmp_path / "out" / "tokenizer_2")) == 57
    mixed, regional = (load_file(tmp_path / side / "text_encoder_2" / "model.safetensors") for side in ("out", "region"))
    table = name.removeprefix("text_encoder_2.")
    assert mixed[table].shape == (57, 16)
    assert torch.equal(mixed[table][55:], regional[table][55:])
