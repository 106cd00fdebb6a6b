"""Folders of dual encoders: bit for bit to disk and back, plain to other libraries, and refused by the part that is not whole."""

import errno
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
)

from hf_regional.encoding import DualEncoder, load_encoder
from hf_regional.errors import (
    CannotWriteError,
    ConfigError,
    DamagedFileError,
    MissingFileError,
    RegionalError,
)
from tiny_duals import (
    KINDS,
    batch,
    dual_encoder,
    same_bits,
    save_dual,
)
from tiny_towers import WORDS, picture

PICTURES = [picture(words) for words in WORDS]


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


def test_what_was_saved_is_loaded_bit_for_bit(kind, folder):
    made, loaded = dual_encoder(kind), DualEncoder.from_pretrained(folder)
    assert same_bits(made, loaded)
    assert made.config.heads == loaded.config.heads
    assert not any(part.training for part in loaded.modules())
    assert all(parameter.requires_grad for parameter in loaded.parameters())
    with torch.inference_mode():
        assert torch.equal(made(**batch(kind)).logits_per_image, loaded(**batch(kind)).logits_per_image)


def test_the_towers_and_their_processors_load_by_plain_auto_classes(kind, folder):
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


def test_nothing_but_safetensors_and_json_is_written(folder):
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


def test_the_index_says_all_that_the_towers_do_not(tmp_path):
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


def test_large_towers_are_cut_into_shards_and_loaded_again(kind, tmp_path):
    cut = save_dual(kind, tmp_path / "cut", max_shard_size="6KB")
    assert len(list(cut.glob("vision_model/*.safetensors"))) > 1
    assert same_bits(DualEncoder.from_pretrained(cut), dual_encoder(kind))
    save_dual(kind, cut)  # over it, in one piece: no shard of before is left
    assert [path.name for path in cut.glob("vision_model/*.safetensors")] == ["model.safetensors"]
    assert same_bits(DualEncoder.from_pretrained(cut), dual_encoder(kind))


def test_each_part_keeps_its_dtype_unless_another_is_asked_for(tmp_path):
    model = dual_encoder("efficientnet")
    model.vision_model.half()
    model.projection.bfloat16()
    model.save_pretrained(tmp_path / "mixed")
    kept, whole = DualEncoder.from_pretrained(tmp_path / "mixed"), DualEncoder.from_pretrained(tmp_path / "mixed", dtype="float32")
    assert same_bits(kept, model)
    assert (kept.dtype, kept.text_model.dtype, kept.projection.logit_scale.dtype) == (torch.float16, torch.float32, torch.bfloat16)
    assert {tensor.dtype for tensor in whole.state_dict().values()} == {torch.float32, torch.int64}
    half = DualEncoder.from_pretrained(tmp_path / "mixed", dtype=torch.bfloat16)
    assert {tensor.dtype for tensor in half.state_dict().values()} == {torch.bfloat16, torch.int64}
    for made in (kept, half):
        assert made(**batch("efficientnet")).logits_per_image.dtype == torch.float32


def test_a_disk_that_is_full_leaves_no_checkpoint_of_two_halves(broken):
    class Full:
        def save_pretrained(self, place):
            raise OSError(errno.ENOSPC, "No space left on device", str(place))

    with pytest.raises(CannotWriteError, match="No space left"):
        dual_encoder("resnet", seed=1).save_pretrained(broken, tokenizer=Full())
    with pytest.raises(MissingFileError, match=r"no dual_encoder\.json"):
        DualEncoder.from_pretrained(broken)


def test_reading_the_index_loads_no_torch():
    code = "import sys, hf_regional.encoding.dual_layout; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


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
