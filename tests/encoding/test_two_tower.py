"""Encoding with tiny random towers: against the model's own forward pass, whatever the batch."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoProcessor, BertConfig

from hf_regional.encoding import load_encoder
from hf_regional.errors import DamagedFileError, MissingFileError, NonFiniteError, NotBuiltYetError
from tiny_towers import POSITIONS, WORDS, picture

PICTURES = [picture(words) for words in WORDS]
TEXTS = [*WORDS[:8], "red", "left red top blue"]
WIDTH = {"CLIPModel": 12, "SiglipModel": 16}


@pytest.fixture(scope="module")
def encoder(towers):
    return load_encoder(towers, device="cpu")


def test_features_are_float32_rows_of_unit_length(encoder):
    images, texts = encoder.encode_images(PICTURES), encoder.encode_texts(TEXTS)
    width = WIDTH[type(encoder.model).__name__]
    assert (images.shape, texts.shape) == ((16, width), (10, width))
    assert images.dtype == texts.dtype == np.float32
    assert np.linalg.norm(np.concatenate([images, texts]), axis=1) == pytest.approx(np.ones(26), abs=1e-5)


def test_features_are_those_of_the_models_own_forward_pass(towers, encoder):
    model, processor = AutoModel.from_pretrained(towers).eval(), AutoProcessor.from_pretrained(towers)
    pixels = processor.image_processor(PICTURES[:4], return_tensors="pt")["pixel_values"]
    # Alone and unpadded for CLIP, padded to the full length for SigLIP, as each was trained; so there is nothing to mask.
    padding = "max_length" if model.config.model_type == "siglip" else False
    for row, text in enumerate(TEXTS):
        ids = processor.tokenizer([text], padding=padding, max_length=POSITIONS, truncation=True, return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            out = model(input_ids=ids, pixel_values=pixels)
        assert encoder.encode_texts(TEXTS)[row] == pytest.approx(out.text_embeds[0].numpy(), abs=1e-5)
    assert encoder.encode_images(PICTURES[:4]) == pytest.approx(out.image_embeds.numpy(), abs=1e-5)


@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_the_batch_size_changes_nothing(towers, encoder, batch_size):
    other = load_encoder(towers, device="cpu", batch_size=batch_size)
    assert other.encode_images(PICTURES) == pytest.approx(encoder.encode_images(PICTURES), abs=1e-5)
    assert other.encode_texts(TEXTS) == pytest.approx(encoder.encode_texts(TEXTS), abs=1e-5)


def test_the_order_of_rows_is_kept(encoder):
    forth, back = encoder.encode_texts(TEXTS), encoder.encode_texts(TEXTS[::-1])
    assert back[::-1] == pytest.approx(forth, abs=1e-5)


def test_texts_beyond_the_towers_positions_are_cut(encoder):
    long = " ".join(WORDS)
    ids = encoder.text_inputs([long, "red"])["input_ids"]
    assert ids.shape == (2, POSITIONS)
    assert ids[0, 0] == 2
    assert ids[0, -1] == 3  # beginning and end stay
    assert encoder.encode_texts([long]) == pytest.approx(encoder.encode_texts([f"{long} {long}"]), abs=1e-6)


def test_nothing_in_nothing_out(encoder):
    assert len(encoder.encode_texts([])) == len(encoder.encode_images([])) == 0


def test_a_record_with_a_path_and_another_dtype_will_do(towers, encoder):
    class Made:
        path = towers

    half = load_encoder(Made(), device="cpu", dtype="bfloat16")
    assert half.model.dtype == torch.bfloat16
    assert half.encode_texts(TEXTS) == pytest.approx(encoder.encode_texts(TEXTS), abs=0.05)


def test_weights_that_are_nan_are_named_as_such(towers, tmp_path):
    folder = shutil.copytree(towers, tmp_path / "nan")
    weights = load_file(folder / "model.safetensors")
    weights["text_model.final_layer_norm.weight"][0] = float("nan")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    encoder = load_encoder(folder, device="cpu")
    assert np.isfinite(encoder.encode_images(PICTURES)).all()
    with pytest.raises(NonFiniteError, match="NaN or infinite; its weights are damaged"):
        encoder.encode_texts(TEXTS)


def test_another_family_is_refused_by_name(tmp_path):
    BertConfig().save_pretrained(tmp_path)
    with pytest.raises(NotBuiltYetError, match="and dual_encoder models, and this one is 'bert'"):
        load_encoder(tmp_path)


def test_a_folder_without_a_configuration_is_no_checkpoint(tmp_path):
    with pytest.raises(MissingFileError, match=r"holds no config\.json"):
        load_encoder(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", json.dumps({"model_type": "no-such-model"})])
def test_a_configuration_that_is_none_is_damaged(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(DamagedFileError, match=r"config\.json is no model's configuration"):
        load_encoder(tmp_path)
