"""From two towers to one model: what is measured, what is drawn, and what is no tower."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import (
    BertForMaskedLM,
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    DistilBertConfig,
    DistilBertModel,
    ResNetForImageClassification,
    Siglip2VisionConfig,
    Siglip2VisionModel,
    T5Config,
    T5EncoderModel,
    T5Model,
    ViTConfig,
    ViTModel,
)

from hf_regional.encoding import DualEncoder, load_encoder
from hf_regional.errors import (
    ConfigError,
    DamagedFileError,
    MissingFileError,
    OutOfRangeError,
    RegionalError,
)
from tiny_duals import CONFIGS, WIDTH, image_processor, same_bits, text_tower, vision_tower
from tiny_towers import TEXT, VISION, WORDS, make_tokenizer

T5 = T5Config(vocab_size=90, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)


def test_the_seed_alone_decides_the_heads():
    state = torch.random.get_rng_state()
    towers = vision_tower("vit"), text_tower()
    before = torch.random.get_rng_state()
    one, same, other = (DualEncoder.from_towers(*towers, seed=seed).projection for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not torch.equal(before, state)
    assert same_bits(one, same)
    assert not same_bits(one, other)
    assert one.image.project.out_features == 256
    assert one.logit_scale.item() == pytest.approx(math.log(1 / 0.07))


def test_folders_and_records_with_a_path_will_do(tmp_path):
    class Made:
        path = tmp_path / "text"

    vision, text = vision_tower("swin"), text_tower()
    vision.save_pretrained(tmp_path / "vision")
    text.save_pretrained(tmp_path / "text")
    model = DualEncoder.from_towers(tmp_path / "vision", Made())
    assert same_bits(model, DualEncoder.from_towers(vision, text))


def test_of_a_classifier_on_disk_the_bare_model_is_taken(tmp_path):
    """As microsoft/resnet-50 and google/efficientnet-b0 lie on the Hub."""
    classifier = ResNetForImageClassification(CONFIGS["resnet"])
    classifier.save_pretrained(tmp_path)
    assert same_bits(DualEncoder.from_towers(tmp_path, text_tower()).vision_model, classifier.resnet)


def test_measuring_the_towers_leaves_them_as_they_were():
    vision = vision_tower("efficientnet")
    before = {name: tensor.clone() for name, tensor in vision.state_dict().items()}
    DualEncoder.from_towers(vision, text_tower())
    assert all(torch.equal(tensor, before[name]) for name, tensor in vision.state_dict().items())


def test_heads_have_the_dtype_of_the_image_tower():
    model = DualEncoder.from_towers(vision_tower("vit").bfloat16(), text_tower())
    assert {parameter.dtype for parameter in model.projection.parameters()} == {torch.bfloat16}


def test_a_pooler_of_another_width_is_measured():
    vision = ViTModel(ViTConfig(**VISION, pooler_output_size=10))
    assert DualEncoder.from_towers(vision, text_tower()).config.heads.vision_dim == 10
    assert DualEncoder.from_towers(vision, text_tower(), vision_pooling="cls").config.heads.vision_dim == 16


def test_towers_of_clip_and_encoders_without_token_types_will_do(tmp_path):
    vision, text = (
        CLIPVisionModel(CLIPVisionConfig(**VISION)),
        DistilBertModel(DistilBertConfig(vocab_size=90, dim=8, n_heads=2, n_layers=1)),
    )
    DualEncoder.from_towers(vision, text, projection_dim=WIDTH).save_pretrained(
        tmp_path, image_processor=image_processor("vit"), tokenizer=make_tokenizer()
    )
    assert load_encoder(tmp_path, device="cpu").encode_texts(WORDS).shape == (16, WIDTH)


def test_a_pooler_that_the_checkpoint_lacks_is_not_made_up(tmp_path):
    ViTModel(CONFIGS["vit"], add_pooling_layer=False).save_pretrained(tmp_path)
    with pytest.raises(DamagedFileError, match=r"lacks 2 tensors of ViTModel \(pooler\.dense\.bias, .*Choose the pooling 'cls' or 'mean'"):
        DualEncoder.from_towers(tmp_path, text_tower())
    assert DualEncoder.from_towers(tmp_path, text_tower(), vision_pooling="cls").config.heads.vision_dim == 16


@pytest.mark.parametrize(
    ("vision", "text", "wishes", "error", "match"),
    [
        (lambda: ResNetForImageClassification(CONFIGS["resnet"]), text_tower, {}, ConfigError, r"vision: .*its `\.base_model`"),
        (lambda: vision_tower("vit"), lambda: BertForMaskedLM(text_tower().config), {}, ConfigError, "text: plain AutoModel would not"),
        (
            lambda: CLIPModel(CLIPConfig(text_config=TEXT, vision_config=VISION)),
            text_tower,
            {},
            ConfigError,
            r"several towers.*`\.vision_model`",
        ),
        (
            lambda: vision_tower("vit"),
            lambda: CLIPModel(CLIPConfig(text_config=TEXT, vision_config=VISION)),
            {},
            ConfigError,
            r"several towers.*`\.text_model`",
        ),
        (lambda: vision_tower("vit"), lambda: T5Model(T5), {}, ConfigError, "T5Model has several towers"),
        (lambda: vision_tower("vit"), lambda: T5EncoderModel(T5), {}, ConfigError, "T5EncoderModel"),
        (text_tower, lambda: vision_tower("vit"), {}, ConfigError, "BertModel reads input_ids, not pixel_values. Vision comes first"),
        (lambda: nn.Linear(2, 2), text_tower, {}, ConfigError, "Linear is no model of transformers"),
        (lambda: Siglip2VisionModel(Siglip2VisionConfig(**VISION)), text_tower, {}, ConfigError, "does not run on pixel_values alone"),
        (lambda: vision_tower("resnet"), text_tower, {"vision_pooling": "cls"}, ConfigError, "no token for the whole picture"),
        (lambda: vision_tower("swin"), text_tower, {"vision_pooling": "cls"}, ConfigError, "no token for the whole picture"),
        (lambda: ViTModel(CONFIGS["vit"], add_pooling_layer=False), text_tower, {}, ConfigError, "ViTModel gives no pooler_output"),
        (
            lambda: vision_tower("vit"),
            lambda: DistilBertModel(DistilBertConfig(vocab_size=90, dim=8, n_heads=2, n_layers=1)),
            {"text_pooling": "pooler"},
            ConfigError,
            "text_pooling: DistilBertModel gives no pooler_output",
        ),
        (lambda: "no-such-folder/model/x", text_tower, {}, MissingFileError, "no-such-folder"),
        (lambda: Path(__file__).parent, text_tower, {}, MissingFileError, r"holds no config\.json"),
        (
            lambda: vision_tower("vit"),
            text_tower,
            {"vision_pooling": "sum"},
            ConfigError,
            "vision_pooling must be one of pooler, cls, mean",
        ),
        (lambda: vision_tower("vit"), text_tower, {"text_pooling": None}, ConfigError, "text_pooling must be one of"),
        (lambda: vision_tower("vit"), text_tower, {"projection_dim": 0}, ConfigError, "projection_dim must be a whole number"),
        (lambda: vision_tower("vit"), text_tower, {"projection_dim": True}, ConfigError, "projection_dim must be a whole number"),
        (lambda: vision_tower("vit"), text_tower, {"projection_dim": 12.5}, ConfigError, "projection_dim must be a whole number"),
        (lambda: vision_tower("vit"), text_tower, {"dropout": 1.0}, ConfigError, "dropout must be a number from 0 to below 1"),
        (lambda: vision_tower("vit"), text_tower, {"temperature": 0.0}, OutOfRangeError, "temperature must be above 0"),
        (lambda: vision_tower("vit"), text_tower, {"temperature": float("nan")}, OutOfRangeError, "temperature must be above 0"),
    ],
)
def test_what_is_no_pair_of_towers_is_refused_by_name(
    vision: Callable[[], Any], text: Callable[[], Any], wishes: dict[str, Any], error: type[RegionalError], match: str
):
    with pytest.raises(error, match=match):
        DualEncoder.from_towers(vision(), text(), **wishes)


def test_a_text_tower_of_clip_has_a_pooler_of_its_own():
    text = CLIPTextModel(CLIPTextConfig(**TEXT, vocab_size=90))
    assert DualEncoder.from_towers(vision_tower("resnet"), text, text_pooling="pooler").config.heads.text_dim == 16
