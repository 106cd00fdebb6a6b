# pyright: reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false, reportPrivateImportUsage=false
# The libraries' decorators hide their types.
"""The libraries, unchanged, against the local Hub: pushed, pulled, and equal."""

from pathlib import Path

import pytest

from local_hub import LocalHub


def test_a_sharded_model_comes_back_equal_and_an_older_revision_as_it_was(local_hub: LocalHub):
    import torch
    from transformers import AutoModel, CLIPConfig, CLIPModel

    tiny = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(text_config={**tiny, "vocab_size": 99}, vision_config={**tiny, "image_size": 8, "patch_size": 4}, projection_dim=8)
    torch.manual_seed(0)
    model = CLIPModel(config)
    first = model.push_to_hub("me/tiny", max_shard_size="20KB")
    with torch.no_grad():
        model.logit_scale.fill_(1.5)
    model.push_to_hub("me/tiny", max_shard_size="20KB")

    names = set(local_hub.files("me/tiny"))
    assert "model.safetensors.index.json" in names
    assert len([name for name in names if name.endswith(".safetensors")]) > 1
    new, old = AutoModel.from_pretrained("me/tiny"), AutoModel.from_pretrained("me/tiny", revision=first.oid)
    assert (new.logit_scale.item(), round(old.logit_scale.item(), 4)) == (1.5, 2.6592)
    assert all(torch.equal(new.state_dict()[key], value) for key, value in model.state_dict().items())


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")  # of PEFT 0.21 with transformers 5.23
def test_an_adapter_finds_its_base_model_on_the_hub(local_hub: LocalHub):
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, vocab_size=99)
    BertModel(config).push_to_hub("me/base")
    adapted = get_peft_model(BertModel.from_pretrained("me/base"), LoraConfig(r=2, target_modules=["query"], init_lora_weights=False))
    adapted.push_to_hub("me/adapter")
    again = PeftModel.from_pretrained(BertModel.from_pretrained("me/base"), "me/adapter")
    ids = torch.tensor([[1, 2, 3]])
    with torch.no_grad():
        assert torch.equal(adapted.eval()(ids).last_hidden_state, again.eval()(ids).last_hidden_state)


def test_a_pipeline_comes_back_with_every_part_equal(local_hub: LocalHub):
    import torch
    from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

    blocks = {"down_block_types": ("DownBlock2D",), "up_block_types": ("UpBlock2D",), "block_out_channels": (8,), "norm_num_groups": 4}
    torch.manual_seed(0)
    made = DDPMPipeline(UNet2DModel(sample_size=8, layers_per_block=1, **blocks), DDPMScheduler(num_train_timesteps=10))
    made.push_to_hub("me/pictures")
    again = DDPMPipeline.from_pretrained("me/pictures")
    assert again.scheduler.config.num_train_timesteps == 10
    assert all(torch.equal(again.unet.state_dict()[key], value) for key, value in made.unet.state_dict().items())
    assert local_hub.files("me/pictures").keys() >= {"model_index.json", "scheduler/scheduler_config.json", "unet/config.json"}


def test_a_metric_is_loaded_from_a_space(local_hub: LocalHub):
    import evaluate

    script = """
import datasets
import evaluate


class Doubled(evaluate.Metric):
    def _info(self):
        features = datasets.Features({"predictions": datasets.Value("int64"), "references": datasets.Value("int64")})
        return evaluate.MetricInfo(description="", citation="", features=features)

    def _compute(self, predictions, references):
        return {"doubled": 2 * sum(p == r for p, r in zip(predictions, references))}
"""
    local_hub.add_repo("space", "me/doubled", {"doubled.py": script.encode(), "app.py": b""})
    assert evaluate.load("me/doubled").compute(predictions=[1, 2, 3], references=[1, 2, 4]) == {"doubled": 4}


def test_rows_are_pushed_by_configuration_and_split_and_loaded_whole_or_streamed(local_hub: LocalHub):
    from datasets import Dataset, Image, get_dataset_config_names, load_dataset
    from PIL import Image as Picture

    pictures = [Picture.new("RGB", (4, 4), colour) for colour in ("red", "green", "blue")]
    rows = Dataset.from_dict({"image": pictures, "caption": ["merah", "hijau", "biru"]}).cast_column("image", Image())
    rows.push_to_hub("me/colours", "id", split="train")
    rows.select([2]).push_to_hub("me/colours", "id", split="test")
    Dataset.from_dict({"caption": ["แดง"]}).push_to_hub("me/colours", "th", private=True)

    assert get_dataset_config_names("me/colours") == ["id", "th"]
    whole = load_dataset("me/colours", "id")
    assert {split: len(part) for split, part in whole.items()} == {"train": 3, "test": 1}
    assert whole["test"][0]["image"].getpixel((0, 0)) == (0, 0, 255)
    assert load_dataset("me/colours", "th", split="train")["caption"] == ["แดง"]
    streamed = list(load_dataset("me/colours", "id", split="train", streaming=True))
    assert [(row["caption"], row["image"].getpixel((0, 0))) for row in streamed][1] == ("hijau", (0, 128, 0))


def test_a_folder_of_pictures_with_captions_is_a_dataset(local_hub: LocalHub, tmp_path: Path):
    from datasets import load_dataset
    from PIL import Image as Picture

    for name, colour in (("a", "red"), ("b", "blue")):
        Picture.new("RGB", (4, 4), colour).save(tmp_path / f"{name}.png")
    files: dict[str, bytes | Path] = {f"train/{name}.png": tmp_path / f"{name}.png" for name in "ab"}
    captions = b'{"file_name": "a.png", "caption": "merah"}\n{"file_name": "b.png", "caption": "biru"}\n'
    local_hub.add_repo("dataset", "me/folder", {**files, "train/metadata.jsonl": captions})
    for streaming in (False, True):
        rows = list(load_dataset("me/folder", split="train", streaming=streaming))
        assert {row["caption"]: row["image"].getpixel((0, 0)) for row in rows} == {"merah": (255, 0, 0), "biru": (0, 0, 255)}
