"""Dual encoders of a tiny BERT with each image tower of LowCLIP: the forward pass by hand, training, and features from a folder."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import (
    Trainer,
    TrainingArguments,
    VisionTextDualEncoderModel,
    VisionTextDualEncoderProcessor,
    XLMRobertaConfig,
    XLMRobertaModel,
)
from transformers.modeling_outputs import BaseModelOutputWithPooling

from hf_regional.encoding import DualEncoder, load_encoder
from hf_regional.encoding.towers import pooled
from hf_regional.errors import (
    NonFiniteError,
)
from tiny_duals import CONFIGS, KINDS, TEXT_DIM, TOWERS, WIDTH, batch, dual_encoder, image_processor, save_dual, text_tower, vision_tower
from tiny_towers import POSITIONS, SIDE, WORDS, make_tokenizer, picture

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

    def test_means_of_many_half_precision_states_do_not_overflow(self):
        states = torch.full((2, 400, 3), 300.0, dtype=torch.float16)  # their sum is 120000, float16 ends at 65504
        nothing, all_of_them = torch.zeros(1, 400), torch.ones(1, 400)
        found = pooled(BaseModelOutputWithPooling(last_hidden_state=states), "mean", torch.cat([all_of_them, nothing]))
        assert found.tolist() == [[300.0] * 3, [0.0] * 3]

    def test_token_types_reach_encoders_that_know_them(self):
        model, inputs = dual_encoder("resnet"), batch("resnet")
        plain = model(**inputs).text_embeds
        zeros, ones = (torch.full_like(inputs["input_ids"], kind) for kind in (0, 1))
        assert torch.equal(model(**inputs, token_type_ids=zeros).text_embeds, plain)
        assert not torch.allclose(model(**inputs, token_type_ids=ones).text_embeds, plain)


def test_pictures_of_any_size_reach_towers_that_take_them():
    model = dual_encoder("resnet")
    assert model.get_image_features(torch.zeros(1, 3, 2 * SIDE, SIDE)).shape == (1, WIDTH)


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

    def test_an_encoder_that_counts_more_positions_than_it_uses_is_cut_where_its_tokenizer_says(self, tmp_path):
        """RoBERTa's positions begin behind its padding id: with 10 of them and padding 1 it reads 8 tokens."""
        sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
        text = XLMRobertaModel(XLMRobertaConfig(vocab_size=90, max_position_embeddings=POSITIONS + 2, pad_token_id=1, **sizes))
        model = DualEncoder.from_towers(vision_tower("resnet"), text, projection_dim=WIDTH)
        model.save_pretrained(tmp_path, image_processor=image_processor("resnet"), tokenizer=make_tokenizer())
        encoder = load_encoder(tmp_path, device="cpu")
        assert encoder.text_inputs([" ".join(WORDS)])["input_ids"].shape == (1, POSITIONS)
        assert encoder.encode_texts([" ".join(WORDS)]).shape == (1, WIDTH)

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
