import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    AlignConfig,
    AlignModel,
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2VisionModel,
    BlipImageProcessor,
    Dinov2Config,
    Dinov2Model,
    EfficientNetImageProcessor,
    OPTConfig,
    ViTConfig,
    ViTImageProcessor,
    ViTModel,
)

from hf_regional.encoding import load_encoder, load_vision
from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError
from small_clip import save_clip

SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
SIDE = {"height": 8, "width": 8}


def pictures(n=5):
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)) for _ in range(n)]


def saved(folder, model, processor):
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def vit(folder, pooler=True):
    torch.manual_seed(0)
    return saved(folder, ViTModel(ViTConfig(**SIZES, image_size=8, patch_size=4), add_pooling_layer=pooler), ViTImageProcessor(size=SIDE))


def blip2(folder):
    torch.manual_seed(0)
    text = OPTConfig(vocab_size=20, hidden_size=16, ffn_dim=32, num_hidden_layers=1, num_attention_heads=2, word_embed_proj_dim=16)
    config = Blip2Config(
        vision_config=SIZES | {"image_size": 8, "patch_size": 4},
        qformer_config=SIZES | {"encoder_hidden_size": 16, "vocab_size": 20},
        text_config=text.to_dict(),
        num_query_tokens=2,
    )
    return saved(folder, Blip2ForConditionalGeneration(config), BlipImageProcessor(size=SIDE))


def align(folder):
    torch.manual_seed(0)
    widths = {"in_channels": [32, 16, 24], "out_channels": [16, 24, 30], "hidden_dim": 64}
    depths = {"kernel_sizes": [3, 3, 5], "strides": [1, 1, 2], "num_block_repeats": [1, 1, 2], "expand_ratios": [1, 6, 6]}
    vision = {"image_size": 32, "initializer_range": 0.1} | widths | depths  # with smaller weights the features vanish
    text = SIZES | {"vocab_size": 20}
    model = AlignModel(AlignConfig(text_config=text, vision_config=vision, projection_dim=64))
    return saved(folder, model, EfficientNetImageProcessor(size={"height": 32, "width": 32}))


def reference(processor, call):
    pixels = processor(pictures(), return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        vectors = call(pixels).numpy()
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_clip_gives_the_features_that_it_compares_with_texts(tmp_path):
    save_clip(tmp_path, seed=0)
    found = load_vision(tmp_path, device="cpu").encode_images(pictures())
    np.testing.assert_array_equal(found, load_encoder(tmp_path, device="cpu").encode_images(pictures()))


def test_a_plain_image_model_gives_its_pooled_output(tmp_path):
    folder = vit(tmp_path)
    model = ViTModel.from_pretrained(folder).eval()
    expected = reference(ViTImageProcessor.from_pretrained(folder), lambda pixels: model(pixels).pooler_output)
    np.testing.assert_allclose(load_vision(folder, device="cpu", batch_size=2).encode_images(pictures()), expected, atol=1e-6)


@pytest.mark.parametrize(("pooling", "of"), [("cls", lambda states: states[:, 0]), ("mean", lambda states: states.mean(1))])
def test_a_model_without_a_pooler_needs_another_pooling(tmp_path, pooling, of):
    folder = vit(tmp_path, pooler=False)
    with pytest.raises(DamagedFileError, match="Choose the pooling 'cls' or 'mean'"):
        load_vision(folder)
    model = ViTModel.from_pretrained(folder, add_pooling_layer=False).eval()
    expected = reference(ViTImageProcessor.from_pretrained(folder), lambda pixels: of(model(pixels).last_hidden_state))
    np.testing.assert_allclose(load_vision(folder, pooling=pooling, device="cpu").encode_images(pictures()), expected, atol=1e-6)


def test_dinov2_is_read_too(tmp_path):
    torch.manual_seed(0)
    model = Dinov2Model(Dinov2Config(**SIZES, image_size=8, patch_size=4)).eval()
    folder = saved(tmp_path, model, ViTImageProcessor(size=SIDE))
    expected = reference(ViTImageProcessor.from_pretrained(folder), lambda pixels: model(pixels).pooler_output)
    np.testing.assert_allclose(load_vision(folder, device="cpu").encode_images(pictures()), expected, atol=1e-6)


def test_of_blip2_the_image_tower_alone_is_read(tmp_path):
    folder = blip2(tmp_path)
    whole = Blip2ForConditionalGeneration.from_pretrained(folder).eval()
    encoder = load_vision(folder, device="cpu")
    assert isinstance(encoder.model, Blip2VisionModel)
    assert sum(p.numel() for p in encoder.model.parameters()) < sum(p.numel() for p in whole.parameters()) / 2
    expected = reference(BlipImageProcessor.from_pretrained(folder), lambda pixels: whole.vision_model(pixels).pooler_output)
    np.testing.assert_allclose(encoder.encode_images(pictures()), expected, atol=1e-6)


def test_align_gives_its_image_features(tmp_path):
    folder = align(tmp_path)
    model = AlignModel.from_pretrained(folder).eval()
    expected = reference(
        EfficientNetImageProcessor.from_pretrained(folder), lambda pixels: model.get_image_features(pixel_values=pixels).pooler_output
    )
    np.testing.assert_allclose(load_vision(folder, device="cpu").encode_images(pictures()), expected, atol=1e-5)


def test_the_fingerprint_changes_with_the_weights_the_processor_and_the_pooling(tmp_path):
    first, second = (load_vision(save_clip(tmp_path / str(seed), seed=seed), device="cpu").fingerprint() for seed in (0, 1))
    folder = vit(tmp_path / "vit")
    pooler, cls = (load_vision(folder, pooling=name, device="cpu").fingerprint() for name in ("pooler", "cls"))
    ViTImageProcessor(size={"height": 8, "width": 8}, image_mean=[0.1, 0.1, 0.1]).save_pretrained(folder)
    darker = load_vision(folder, pooling="pooler", device="cpu").fingerprint()
    assert len({first, second, pooler, cls, darker}) == 5
    assert load_vision(tmp_path / "0", device="cpu").fingerprint() == first


def test_what_is_no_image_model_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match="is no folder"):
        load_vision(tmp_path / "none")
    with pytest.raises(ConfigError, match="pooled already"):
        load_vision(save_clip(tmp_path / "clip", seed=0), pooling="cls")
    folder = vit(tmp_path / "vit")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(MissingFileError, match="no image processor"):
        load_vision(folder)
