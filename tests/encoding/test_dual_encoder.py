"""Dual encoders of a tiny BERT with each image tower of LowCLIP: to disk and back, forward by hand, and what is refused."""

import errno
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
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
    Trainer,
    TrainingArguments,
    VisionTextDualEncoderModel,
    VisionTextDualEncoderProcessor,
    ViTConfig,
    ViTModel,
)

from hf_regional.encoding import DualEncoder, load_encoder
from hf_regional.errors import (
    CannotWriteError,
    ConfigError,
    DamagedFileError,
    MissingFileError,
    NonFiniteError,
    OutOfRangeError,
    RegionalError,
)
from tiny_duals import CONFIGS, KINDS, TEXT_DIM, TOWERS, WIDTH, batch, dual_encoder, image_processor, save_dual, text_tower, vision_tower
from tiny_towers import SIDE, TEXT, VISION, WORDS, make_tokenizer, picture

PICTURES = [picture(words) for words in WORDS]
TEXTS = [*WORDS[:6], "red", "left red top blue"]


@pytest.fixture(scope="module", params=KINDS)
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(kind, tmp_path_factory) -> Path:
    """A folder of each kind in turn, never changed."""
    return save_dual(kind, tmp_path_factory.mktemp(kind) / "model")


@pytest.fixture
def broken(tmp_path) -> Path:
    """A folder to spoil."""
    return save_dual("resnet", tmp_path / "model")


def same_bits(one: nn.Module, other: nn.Module) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(
        ours[name].dtype == theirs[name].dtype and torch.equal(ours[name], theirs[name]) for name in ours
    )


class TestFolder:
    def test_what_was_saved_is_loaded_bit_for_bit(self, kind, folder):
        made, loaded = dual_encoder(kind), DualEncoder.from_pretrained(folder)
        assert same_bits(made, loaded)
        assert made.config.heads == loaded.config.heads
        assert not any(part.training for part in loaded.modules())
        assert all(parameter.requires_grad for parameter in loaded.parameters())
        with torch.inference_mode():
            assert torch.equal(made(**batch(kind)).logits_per_image, loaded(**batch(kind)).logits_per_image)

    def test_the_towers_and_their_processors_load_by_plain_auto_classes(self, kind, folder):
        made = dual_encoder(kind)
        for name in ("vision_model", "text_model"):
            tower, info = AutoModel.from_pretrained(folder / name, output_loading_info=True)
            assert type(tower) is type(getattr(made, name))
            assert not info["missing_keys"]
            assert not info["unexpected_keys"]
            assert same_bits(tower, getattr(made, name))
            assert json.loads((folder / name / "config.json").read_text())["architectures"] == [type(tower).__name__]
        pixels = AutoImageProcessor.from_pretrained(folder / "vision_model")(PICTURES, return_tensors="pt")["pixel_values"]
        assert torch.equal(pixels, batch(kind)["pixel_values"])
        ids = AutoTokenizer.from_pretrained(folder / "text_model")(WORDS, padding=True)["input_ids"]
        assert ids == batch(kind)["input_ids"].tolist()

    def test_nothing_but_safetensors_and_json_is_written(self, folder):
        files = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
        assert files == [
            "dual_encoder.json",
            "projection/model.safetensors",
            "text_model/config.json",
            "text_model/model.safetensors",
            "text_model/tokenizer.json",
            "text_model/tokenizer_config.json",
            "vision_model/config.json",
            "vision_model/model.safetensors",
            "vision_model/preprocessor_config.json",
        ]

    def test_the_index_says_all_that_the_towers_do_not(self, tmp_path):
        dual_encoder("resnet", text_pooling="mean").save_pretrained(tmp_path / "model")
        assert json.loads((tmp_path / "model" / "dual_encoder.json").read_text()) == {
            "class": "DualEncoder",
            "schema_version": 1,
            "vision_dim": 16,
            "text_dim": 20,
            "projection_dim": 12,
            "dropout": 0.1,
            "vision_pooling": "pooler",
            "text_pooling": "mean",
        }
        assert DualEncoder.from_pretrained(tmp_path / "model").config.heads.text_pooling == "mean"

    def test_large_towers_are_cut_into_shards_and_loaded_again(self, kind, tmp_path):
        cut = save_dual(kind, tmp_path / "cut", max_shard_size="6KB")
        assert len(list(cut.glob("vision_model/*.safetensors"))) > 1
        assert same_bits(DualEncoder.from_pretrained(cut), dual_encoder(kind))
        save_dual(kind, cut)  # over it, in one piece: no shard of before is left
        assert [path.name for path in cut.glob("vision_model/*.safetensors")] == ["model.safetensors"]
        assert same_bits(DualEncoder.from_pretrained(cut), dual_encoder(kind))

    def test_each_part_keeps_its_dtype_unless_another_is_asked_for(self, tmp_path):
        model = dual_encoder("efficientnet")
        model.vision_model.half()
        model.text_model.bfloat16()
        model.save_pretrained(tmp_path / "mixed")
        kept, whole = DualEncoder.from_pretrained(tmp_path / "mixed"), DualEncoder.from_pretrained(tmp_path / "mixed", dtype="float32")
        assert same_bits(kept, model)
        assert (kept.dtype, kept.text_model.dtype, kept.projection.logit_scale.dtype) == (torch.float16, torch.bfloat16, torch.float32)
        assert {tensor.dtype for tensor in whole.state_dict().values()} == {torch.float32, torch.int64}
        half = DualEncoder.from_pretrained(tmp_path / "mixed", dtype=torch.bfloat16)
        assert {tensor.dtype for tensor in half.state_dict().values()} == {torch.bfloat16, torch.int64}
        for made in (kept, half):
            assert made(**batch("efficientnet")).logits_per_image.dtype == torch.float32

    def test_a_disk_that_is_full_leaves_no_checkpoint_of_two_halves(self, broken):
        class Full:
            def save_pretrained(self, place):
                raise OSError(errno.ENOSPC, "No space left on device", str(place))

        with pytest.raises(CannotWriteError, match="No space left"):
            dual_encoder("resnet", seed=1).save_pretrained(broken, tokenizer=Full())
        with pytest.raises(MissingFileError, match=r"no dual_encoder\.json"):
            DualEncoder.from_pretrained(broken)

    def test_reading_the_index_loads_no_torch(self):
        code = "import sys, hf_regional.encoding.dual_layout; assert 'torch' not in sys.modules"
        subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


class TestForward:
    def test_features_and_logits_have_the_shapes_that_are_promised(self, kind):
        model, inputs = dual_encoder(kind), batch(kind)
        pixels, ids, mask = inputs["pixel_values"][:3], inputs["input_ids"][:2], inputs["attention_mask"][:2]
        assert model.config.heads.vision_dim == TOWERS[kind][2]
        assert model.config.heads.text_dim == TEXT_DIM
        images, texts = model.get_image_features(pixels), model.get_text_features(ids, mask)
        assert (images.shape, texts.shape) == ((3, WIDTH), (2, WIDTH))
        assert images.dtype == texts.dtype == torch.float32
        out = model(input_ids=ids, pixel_values=pixels, attention_mask=mask)
        assert (out.logits_per_image.shape, out.logits_per_text.shape) == ((3, 2), (2, 3))
        assert (out.image_embeds.shape, out.text_embeds.shape) == ((3, WIDTH), (2, WIDTH))

    def test_logits_are_cosines_over_the_temperature(self, kind):
        model, inputs = dual_encoder(kind, temperature=0.5), batch(kind)
        out = model(**inputs)
        images, texts = (
            features.detach().numpy()
            for features in (
                model.get_image_features(inputs["pixel_values"]),
                model.get_text_features(inputs["input_ids"], inputs["attention_mask"]),
            )
        )
        cosines = images @ texts.T / np.linalg.norm(images, axis=1)[:, None] / np.linalg.norm(texts, axis=1)[None]
        assert out.logits_per_image.detach().numpy() == pytest.approx(2 * cosines, abs=1e-5)
        assert torch.equal(out.logits_per_text, out.logits_per_image.T)
        assert out.image_embeds.norm(dim=1).detach().numpy() == pytest.approx(np.ones(16), abs=1e-5)

    def test_the_head_is_its_formula(self):
        torch.manual_seed(3)
        head = dual_encoder("resnet").projection.image
        with torch.no_grad():
            for parameter in head.parameters():
                parameter.normal_()
        weights = {name: tensor.double().numpy() for name, tensor in head.state_dict().items()}
        vectors = torch.randn(5, 16)
        hidden = vectors.double().numpy() @ weights["project.weight"].T + weights["project.bias"]
        gelu = hidden * (1 + np.vectorize(math.erf)(hidden / math.sqrt(2))) / 2
        sums = hidden + gelu @ weights["refine.weight"].T + weights["refine.bias"]
        centred = sums - sums.mean(1, keepdims=True)
        expected = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5) * weights["norm.weight"] + weights["norm.bias"]
        assert head(vectors).detach().numpy() == pytest.approx(expected, abs=1e-4)

    def test_dropout_is_drawn_in_training_only(self):
        model, inputs = dual_encoder("vit", dropout=0.5), batch("vit")
        assert torch.equal(model.get_image_features(inputs["pixel_values"]), model.get_image_features(inputs["pixel_values"]))
        model.train()
        assert not torch.equal(model.get_image_features(inputs["pixel_values"]), model.get_image_features(inputs["pixel_values"]))
        assert model.projection.text.dropout.p == 0.5

    @pytest.mark.parametrize("pooling", ["cls", "mean", "pooler"])
    def test_padding_a_text_changes_nothing(self, pooling):
        model = dual_encoder("resnet", text_pooling=pooling)
        ids = torch.tensor([[2, 8, 9, 3]])
        padded, mask = torch.tensor([[2, 8, 9, 3, 1, 1]]), torch.tensor([[1, 1, 1, 1, 0, 0]])
        alone = model.get_text_features(ids, torch.ones_like(ids)).detach().numpy()
        assert model.get_text_features(padded, mask).detach().numpy() == pytest.approx(alone, abs=1e-5)

    def test_texts_are_pooled_as_asked(self):
        ids, mask = torch.tensor([[2, 8, 3, 1], [2, 9, 5, 3]]), torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]])
        tower = text_tower().eval()
        states, pooler = tower(ids, mask)[:2]
        by_hand = {"cls": states[:, 0], "mean": torch.stack([states[0, :3].mean(0), states[1].mean(0)]), "pooler": pooler}
        for pooling, vectors in by_hand.items():
            model = DualEncoder.from_towers(vision_tower("resnet"), tower, text_pooling=pooling)
            assert torch.allclose(model.get_text_features(ids, mask), model.projection.text(vectors), atol=1e-6), pooling

    @pytest.mark.parametrize("kind", ["resnet", "vit", "swin"])
    def test_pictures_are_pooled_as_asked(self, kind):
        tower, pixels = vision_tower(kind).eval(), batch(kind)["pixel_values"]
        states = tower(pixels).last_hidden_state
        by_hand = {"mean": states.mean((2, 3)) if states.ndim == 4 else states.mean(1)}
        if kind == "vit":
            by_hand["cls"] = states[:, 0]
        for pooling, vectors in by_hand.items():
            model = DualEncoder.from_towers(tower, text_tower(), vision_pooling=pooling)
            assert torch.allclose(model.get_image_features(pixels), model.projection.image(vectors), atol=1e-6), pooling

    def test_token_types_reach_encoders_that_know_them(self):
        model, inputs = dual_encoder("resnet"), batch("resnet")
        plain = model(**inputs).text_embeds
        zeros, ones = (torch.full_like(inputs["input_ids"], kind) for kind in (0, 1))
        assert torch.equal(model(**inputs, token_type_ids=zeros).text_embeds, plain)
        assert not torch.allclose(model(**inputs, token_type_ids=ones).text_embeds, plain)


def noisy(kind: str) -> dict[str, Tensor]:
    """Pictures whose every patch differs: attention over equal patches has no gradient."""
    inputs = batch(kind)
    generator = torch.Generator().manual_seed(0)
    return inputs | {"pixel_values": inputs["pixel_values"] + torch.randn(inputs["pixel_values"].shape, generator=generator)}


def contrast(model: DualEncoder, inputs: dict[str, Tensor]) -> Tensor:
    return nn.functional.cross_entropy(model(**inputs).logits_per_image, torch.arange(len(WORDS)))


class TestTraining:
    def test_the_gradient_reaches_every_parameter_but_poolers_that_nobody_reads(self, kind):
        model = dual_encoder(kind)
        contrast(model, noisy(kind)).backward()
        reached = {name for name, parameter in model.named_parameters() if parameter.grad is not None and parameter.grad.abs().max() > 0}
        left = {name for name, _ in model.named_parameters()} - reached
        # Softmax over keys does not see what the key's bias adds to all of them alike: its gradient is rounding noise or 0.
        left = {name for name in left if not name.endswith(("key.bias", "k_proj.bias"))}
        assert left == {"text_model.pooler.dense.weight", "text_model.pooler.dense.bias"}

    def test_a_small_step_lowers_the_loss_by_its_length_times_the_squared_gradient(self, kind):
        model, inputs = dual_encoder(kind).double(), noisy(kind)
        before = contrast(model, inputs)
        before.backward()
        parameters = [parameter for parameter in model.parameters() if parameter.grad is not None]
        slope = sum(float(parameter.grad.square().sum()) for parameter in parameters)
        step = 1e-8 / slope
        with torch.no_grad():
            for parameter in parameters:
                parameter -= step * parameter.grad
        assert float((before - contrast(model, inputs)).detach()) == pytest.approx(step * slope, rel=1e-2)

    def test_a_plain_trainer_trains_it(self, kind, tmp_path):
        class Contrastive(Trainer):
            def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
                return nn.functional.cross_entropy(model(**inputs).logits_per_image, torch.arange(len(inputs["input_ids"])))

        model, rows = dual_encoder(kind), batch(kind)
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        wishes = {"use_cpu": True, "report_to": [], "disable_tqdm": True, "save_strategy": "no", "remove_unused_columns": False}
        arguments = TrainingArguments(str(tmp_path), max_steps=2, per_device_train_batch_size=8, dataloader_pin_memory=False, **wishes)
        data = [{name: tensor[row] for name, tensor in rows.items()} for row in range(len(WORDS))]
        Contrastive(model, arguments, train_dataset=data).train()
        changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
        assert {name.split(".")[0] for name in changed} == {"vision_model", "text_model", "projection"}

    def test_the_configuration_is_what_trackers_ask_for(self, kind):
        told = json.loads(dual_encoder(kind).config.to_json_string())
        assert told["model_type"] == "dual_encoder"
        assert told["vision_config"]["model_type"] == CONFIGS[kind].model_type
        assert told["projection_dim"] == WIDTH


class TestEncoder:
    def test_features_are_those_of_the_model_at_unit_length(self, kind, folder):
        encoder, model, inputs = load_encoder(folder, device="cpu"), DualEncoder.from_pretrained(folder), batch(kind)
        out = model(**inputs)
        assert encoder.encode_images(PICTURES) == pytest.approx(out.image_embeds.detach().numpy(), abs=1e-5)
        assert encoder.encode_texts(WORDS) == pytest.approx(out.text_embeds.detach().numpy(), abs=1e-5)

    @pytest.mark.parametrize("batch_size", [1, 3])
    def test_the_batch_size_changes_nothing(self, folder, batch_size):
        whole, cut = load_encoder(folder, device="cpu"), load_encoder(folder, device="cpu", batch_size=batch_size)
        assert cut.encode_images(PICTURES) == pytest.approx(whole.encode_images(PICTURES), abs=1e-5)
        assert cut.encode_texts(TEXTS) == pytest.approx(whole.encode_texts(TEXTS), abs=1e-5)

    def test_long_texts_are_cut_and_other_dtypes_do(self, folder):
        encoder, half = load_encoder(folder, device="cpu"), load_encoder(folder, device="cpu", dtype="bfloat16")
        long = " ".join(WORDS)
        assert encoder.encode_texts([long]) == pytest.approx(encoder.encode_texts([f"{long} {long}"]), abs=1e-6)
        assert half.model.dtype == torch.bfloat16
        assert half.encode_images(PICTURES) == pytest.approx(encoder.encode_images(PICTURES), abs=0.1)

    def test_model_and_processor_are_saved_again_as_they_were(self, folder, tmp_path):
        encoder = load_encoder(folder, device="cpu")
        encoder.model.save_pretrained(tmp_path / "again")
        encoder.processor.save_pretrained(tmp_path / "again")
        again = load_encoder(tmp_path / "again", device="cpu")
        assert np.array_equal(again.encode_images(PICTURES), encoder.encode_images(PICTURES))
        assert np.array_equal(again.encode_texts(TEXTS), encoder.encode_texts(TEXTS))

    def test_weights_that_are_nan_are_named_as_such(self, broken):
        file = broken / "projection" / "model.safetensors"
        save_file(load_file(file) | {"image.norm.bias": torch.full((WIDTH,), float("nan"))}, file)
        with pytest.raises(NonFiniteError, match="NaN or infinite"):
            load_encoder(broken, device="cpu").encode_images(PICTURES)

    @pytest.mark.parametrize("kind", ["vit", "swin"])
    def test_the_dual_encoder_of_transformers_is_encoded_like_the_rest(self, kind, tmp_path):
        torch.manual_seed(0)
        model = VisionTextDualEncoderModel(vision_model=vision_tower(kind), text_model=text_tower()).eval()
        model.save_pretrained(tmp_path)
        VisionTextDualEncoderProcessor(image_processor(kind), make_tokenizer()).save_pretrained(tmp_path)
        out, encoder = model(**batch(kind)), load_encoder(tmp_path, device="cpu")
        assert encoder.encode_images(PICTURES) == pytest.approx(out.image_embeds.detach().numpy(), abs=1e-5)
        assert encoder.encode_texts(WORDS) == pytest.approx(out.text_embeds.detach().numpy(), abs=1e-5)


class TestFromTowers:
    def test_the_seed_alone_decides_the_heads(self):
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

    def test_folders_and_records_with_a_path_will_do(self, tmp_path):
        class Made:
            path = tmp_path / "text"

        vision, text = vision_tower("swin"), text_tower()
        vision.save_pretrained(tmp_path / "vision")
        text.save_pretrained(tmp_path / "text")
        model = DualEncoder.from_towers(tmp_path / "vision", Made())
        assert same_bits(model, DualEncoder.from_towers(vision, text))

    def test_of_a_classifier_on_disk_the_bare_model_is_taken(self, tmp_path):
        """As microsoft/resnet-50 and google/efficientnet-b0 lie on the Hub."""
        classifier = ResNetForImageClassification(CONFIGS["resnet"])
        classifier.save_pretrained(tmp_path)
        assert same_bits(DualEncoder.from_towers(tmp_path, text_tower()).vision_model, classifier.resnet)

    def test_measuring_the_towers_leaves_them_as_they_were(self):
        vision = vision_tower("efficientnet")
        before = {name: tensor.clone() for name, tensor in vision.state_dict().items()}
        DualEncoder.from_towers(vision, text_tower())
        assert all(torch.equal(tensor, before[name]) for name, tensor in vision.state_dict().items())

    def test_a_pooler_of_another_width_is_measured(self):
        vision = ViTModel(ViTConfig(**VISION, pooler_output_size=10))
        assert DualEncoder.from_towers(vision, text_tower()).config.heads.vision_dim == 10
        assert DualEncoder.from_towers(vision, text_tower(), vision_pooling="cls").config.heads.vision_dim == 16

    def test_towers_of_clip_and_encoders_without_token_types_will_do(self, tmp_path):
        vision, text = (
            CLIPVisionModel(CLIPVisionConfig(**VISION)),
            DistilBertModel(DistilBertConfig(vocab_size=90, dim=8, n_heads=2, n_layers=1)),
        )
        DualEncoder.from_towers(vision, text, projection_dim=WIDTH).save_pretrained(
            tmp_path, image_processor=image_processor("vit"), tokenizer=make_tokenizer()
        )
        assert load_encoder(tmp_path, device="cpu").encode_texts(TEXTS).shape == (len(TEXTS), WIDTH)

    def test_a_pooler_that_the_checkpoint_lacks_is_not_made_up(self, tmp_path):
        ViTModel(CONFIGS["vit"], add_pooling_layer=False).save_pretrained(tmp_path)
        with pytest.raises(
            DamagedFileError, match=r"lacks 2 tensors of ViTModel \(pooler\.dense\.bias, .*Choose the pooling 'cls' or 'mean'"
        ):
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
            (lambda: vision_tower("vit"), text_tower, {"projection_dim": 12.5}, ConfigError, "projection_dim must be a whole number"),
            (lambda: vision_tower("vit"), text_tower, {"dropout": 1.0}, ConfigError, "dropout must be a number from 0 to below 1"),
            (lambda: vision_tower("vit"), text_tower, {"temperature": 0.0}, OutOfRangeError, "temperature must be above 0"),
            (lambda: vision_tower("vit"), text_tower, {"temperature": float("nan")}, OutOfRangeError, "temperature must be above 0"),
        ],
    )
    def test_what_is_no_pair_of_towers_is_refused_by_name(
        self, vision: Callable[[], Any], text: Callable[[], Any], wishes: dict[str, Any], error: type[RegionalError], match: str
    ):
        with pytest.raises(error, match=match):
            DualEncoder.from_towers(vision(), text(), **wishes)

    def test_a_text_tower_of_clip_has_a_pooler_of_its_own(self):
        text = CLIPTextModel(CLIPTextConfig(**TEXT, vocab_size=90))
        assert DualEncoder.from_towers(vision_tower("resnet"), text, text_pooling="pooler").config.heads.text_dim == 16


T5 = T5Config(vocab_size=90, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)


def rewrite(folder: Path, **changes: Any) -> None:
    file = folder / "dual_encoder.json"
    content = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({key: value for key, value in content.items() if value is not ...}))


def reshape(folder: Path, **changes: Tensor | None) -> None:
    file = folder / "projection" / "model.safetensors"
    weights = load_file(file) | {name.replace("__", "."): tensor for name, tensor in changes.items()}
    save_file({name: tensor for name, tensor in weights.items() if tensor is not None}, file)


SPOILT: dict[str, tuple[Callable[[Path], Any], type[RegionalError], str]] = {
    "no index": (lambda f: (f / "dual_encoder.json").unlink(), MissingFileError, r"holds no dual_encoder\.json"),
    "no JSON": (lambda f: (f / "dual_encoder.json").write_text("{"), DamagedFileError, r"dual_encoder\.json is not readable JSON"),
    "no UTF-8": (lambda f: (f / "dual_encoder.json").write_bytes(b"\xff"), DamagedFileError, "not readable JSON"),
    "a list": (lambda f: (f / "dual_encoder.json").write_text("[]"), DamagedFileError, "of the class DualEncoder"),
    "another class": (lambda f: rewrite(f, **{"class": "CLIPModel"}), DamagedFileError, "of the class DualEncoder"),
    "a newer schema": (lambda f: rewrite(f, schema_version=2), DamagedFileError, "schema 2, this version reads up to 1; upgrade"),
    "an older schema": (lambda f: rewrite(f, schema_version=0), DamagedFileError, "lacks schema_version 1, it has 0"),
    "a schema that is no number": (lambda f: rewrite(f, schema_version=True), DamagedFileError, "it has True"),
    "a key too few": (lambda f: rewrite(f, dropout=...), DamagedFileError, r"lacks the keys \['dropout'\]"),
    "a key too many": (lambda f: rewrite(f, bias=True), DamagedFileError, r"has \['bias'\]"),
    "a width that is none": (lambda f: rewrite(f, text_dim="20"), DamagedFileError, "text_dim must be a whole number above 0, got '20'"),
    "a pooling that is none": (lambda f: rewrite(f, text_pooling="max"), DamagedFileError, "text_pooling must be one of"),
    "a width of another tower": (
        lambda f: rewrite(f, vision_dim=2048),
        DamagedFileError,
        r"dual_encoder\.json says that vision_model gives vectors of width 2048, and it gives 16",
    ),
    "a width of another text": (
        lambda f: rewrite(f, text_dim=768),
        DamagedFileError,
        "text_model gives vectors of width 768, and it gives 20",
    ),
    "a space of another width": (
        lambda f: rewrite(f, projection_dim=256),
        DamagedFileError,
        r"'image\.norm\.bias' has shape \[12\], and dual_encoder\.json asks for \[256\]",
    ),
    "no image tower": (lambda f: shutil.rmtree(f / "vision_model"), MissingFileError, "lacks the folder vision_model/"),
    "no text tower": (lambda f: shutil.rmtree(f / "text_model"), MissingFileError, "lacks the folder text_model/"),
    "no heads": (lambda f: shutil.rmtree(f / "projection"), MissingFileError, "lacks the folder projection/"),
    "an empty folder of heads": (
        lambda f: (f / "projection" / "model.safetensors").unlink(),
        MissingFileError,
        "which holds the heads",
    ),
    "heads that are cut off": (
        lambda f: (f / "projection" / "model.safetensors").write_bytes(b"\0" * 20),
        DamagedFileError,
        "cannot be read as safetensors",
    ),
    "a head without a bias": (lambda f: reshape(f, text__project__bias=None), DamagedFileError, r"'text\.project\.bias' has shape None"),
    "a tensor that nobody asks for": (lambda f: reshape(f, scale=torch.ones(1)), DamagedFileError, r"'scale' .* asks for None"),
    "a tower without a configuration": (
        lambda f: (f / "text_model" / "config.json").unlink(),
        MissingFileError,
        r"text_model holds no config",
    ),
    "a configuration that is none": (
        lambda f: (f / "text_model" / "config.json").write_text("{}"),
        DamagedFileError,
        "text_model holds no model",
    ),
    "a tower without weights": (
        lambda f: (f / "vision_model" / "model.safetensors").unlink(),
        DamagedFileError,
        "vision_model holds no model",
    ),
    "a tower that is cut off": (
        lambda f: (f / "vision_model" / "model.safetensors").write_bytes(b"\0" * 20),
        DamagedFileError,
        "vision_model holds no model",
    ),
    "a pickle": (
        lambda f: (f / "text_model" / "model.safetensors").rename(f / "text_model" / "pytorch_model.bin"),
        DamagedFileError,
        "text_model holds no model that plain AutoModel loads from safetensors",
    ),
    "code of its own": (
        lambda f: (f / "text_model" / "config.json").write_text('{"auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}}'),
        DamagedFileError,
        "text_model holds no model",
    ),
    "towers that changed places": (
        lambda f: [
            shutil.move(f / one, f / other) for one, other in (("text_model", "x"), ("vision_model", "text_model"), ("x", "vision_model"))
        ],
        DamagedFileError,
        "model: vision: BertModel reads input_ids, not pixel_values",
    ),
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_folder_that_is_not_whole_is_refused_by_the_part(broken, spoil):
    act, error, match = SPOILT[spoil]
    act(broken)
    with pytest.raises(error, match=match):
        DualEncoder.from_pretrained(broken)


@pytest.mark.parametrize(("part", "file"), [("vision_model", "preprocessor_config.json"), ("text_model", "tokenizer_config.json")])
def test_a_model_without_what_prepares_its_inputs_loads_and_is_not_encoded(broken, part, file):
    (broken / part / file).unlink()
    DualEncoder.from_pretrained(broken)
    with pytest.raises(MissingFileError, match=rf"{part} holds no {file}.*save_pretrained\(folder, (image_processor|tokenizer)="):
        load_encoder(broken, device="cpu")


@pytest.mark.parametrize(("part", "file"), [("vision_model", "preprocessor_config.json"), ("text_model", "tokenizer.json")])
def test_files_that_prepare_nothing_are_damaged(broken, part, file):
    (broken / part / file).write_text("[")
    with pytest.raises(DamagedFileError, match=rf"{part}.*cannot be loaded"):
        load_encoder(broken, device="cpu")


@pytest.mark.parametrize("dtype", ["float33", "int8", "nn", torch.int64, None])
def test_a_dtype_that_is_no_float_is_refused(broken, dtype):
    with pytest.raises(ConfigError, match="dtype must be 'auto' or a float"):
        DualEncoder.from_pretrained(broken, dtype=dtype)


def test_pictures_of_any_size_reach_towers_that_take_them():
    model = dual_encoder("resnet")
    assert model.get_image_features(torch.zeros(1, 3, 2 * SIDE, SIDE)).shape == (1, WIDTH)
