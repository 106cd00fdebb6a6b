"""Folders that other mergers cannot read, or read wrongly: diffusers pipelines, adapters, vocabularies that grew.

As in `test_peer_edge_cases.py`, each class is a row of the table of cases measured with mergekit 0.1.5 and sd-mecha 1.1.8.
"""

import copy
import json
from pathlib import Path

import pytest
import torch
from exact_means import assert_same, drawn, mean_of, read_tensors, save_drawn
from peer_models import CLIP_TEXT, language_model, merge_halves, refused, tokenizer_of
from torch import Tensor
from transformers import AutoTokenizer, CLIPTextConfig, CLIPTextModel, LlamaForCausalLM, PreTrainedModel
from weight_folders import files_of, read_folder

from hf_regional.errors import MismatchedCheckpointsError, RegionalError
from hf_regional.merging import merge_checkpoints


class TestDiffusersFolders:
    """Mergekit: "Unrecognized model", for `unet/` too; mergekit-pytorch and sd-mecha take no folder."""

    @pytest.fixture
    def pipelines(self, tmp_path: Path) -> Path:
        diffusers = pytest.importorskip("diffusers")
        for seed, side in enumerate(("base", "regional"), start=1):
            pipe = diffusers.StableDiffusionPipeline(
                vae=diffusers.AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, sample_size=8),
                text_encoder=CLIPTextModel(CLIPTextConfig(**CLIP_TEXT)),
                tokenizer=tokenizer_of(["<s>", "</s>", "rice", "noodle"]),
                unet=diffusers.UNet2DConditionModel(
                    sample_size=8,
                    block_out_channels=(8, 16),
                    layers_per_block=1,
                    norm_num_groups=4,
                    cross_attention_dim=16,
                    attention_head_dim=2,
                    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                    up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
                ),
                scheduler=diffusers.DDIMScheduler(steps_offset=1, clip_sample=False),
                safety_checker=None,
                feature_extractor=None,
                requires_safety_checker=False,
            )
            generator = torch.Generator().manual_seed(seed)
            for part in (pipe.unet, pipe.vae, pipe.text_encoder):
                part.load_state_dict({name: drawn(tensor, generator) for name, tensor in part.state_dict().items()})
            pipe.save_pretrained(tmp_path / side, max_shard_size="20KB")
        return tmp_path

    @staticmethod
    def halves(pipelines: Path, part: str) -> dict[str, Tensor]:
        return mean_of(*(read_folder(pipelines / side / part) for side in ("base", "regional")))

    def test_the_unet_is_merged_and_all_else_is_the_base_s(self, pipelines: Path) -> None:
        import diffusers

        merged = merge_checkpoints(pipelines / "base", pipelines / "regional", 0.5, pipelines / "out", only=["unet"])
        world, found = files_of(pipelines / "base"), files_of(merged.path)
        assert found.keys() == world.keys()
        changed = {name for name in world if found[name] != world[name]}
        assert changed == {name for name in world if name.startswith("unet/") and name.endswith(".safetensors")}
        assert len(changed) > 1  # sharded, of which the community's merger takes the first alone
        assert_same(read_folder(merged.path / "unet"), self.halves(pipelines, "unet"))
        loaded = diffusers.DiffusionPipeline.from_pretrained(merged.path)
        assert type(loaded).__name__ == "StableDiffusionPipeline"

    def test_every_component_is_merged_when_nothing_is_said(self, pipelines: Path) -> None:
        merged = merge_halves(pipelines)
        for part in ("unet", "vae", "text_encoder"):
            assert_same(read_folder(merged / part), self.halves(pipelines, part))

    def test_the_folder_of_one_component_is_a_checkpoint_too(self, pipelines: Path) -> None:
        import diffusers

        unets = [pipelines / side / "unet" for side in ("base", "regional")]
        merged = merge_checkpoints(*unets, 0.5, pipelines / "out").path
        assert_same(read_folder(merged), self.halves(pipelines, "unet"))
        assert files_of(merged).keys() == files_of(unets[0]).keys()
        diffusers.UNet2DConditionModel.from_pretrained(merged)


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")  # of PEFT 0.21 with transformers 5.23
class TestAdapterFolders:
    """Mergekit refuses them or bakes whole models; mergekit-pytorch averages A and B one by one and misses the mean of B·A by 69 %."""

    @staticmethod
    def save_adapter(base: PreTrainedModel, folder: Path, *, rank: int, seed: int) -> Path:
        peft = pytest.importorskip("peft")
        torch.manual_seed(seed)
        config = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
        peft.get_peft_model(copy.deepcopy(base), config).save_pretrained(folder)
        return folder

    @staticmethod
    def with_adapter(base: PreTrainedModel, folder: Path) -> dict[str, Tensor]:
        import peft

        return peft.PeftModel.from_pretrained(copy.deepcopy(base), folder).merge_and_unload().state_dict()

    def test_an_adapter_is_merged_into_its_base_at_the_strength_of_beta(self, tmp_path: Path) -> None:
        base = language_model()
        base.save_pretrained(tmp_path / "base")
        adapter = self.save_adapter(base, tmp_path / "adapter", rank=4, seed=1)
        merged = merge_checkpoints(tmp_path / "base", adapter, 0.25, tmp_path / "out").path
        loaded, info = LlamaForCausalLM.from_pretrained(merged, output_loading_info=True)
        assert not info["missing_keys"]
        assert not info["unexpected_keys"]
        whole, moved = self.with_adapter(base, adapter), 0
        for name, tensor in base.state_dict().items():
            torch.testing.assert_close(loaded.state_dict()[name], torch.lerp(tensor, whole[name], 0.25), rtol=1e-6, atol=1e-7)
            moved += not torch.equal(whole[name], tensor)
        assert moved == 4  # q and v of two layers
        assert not list(merged.glob("adapter*"))

    @pytest.mark.parametrize("ranks", [(4, 4), (4, 8)])
    def test_two_adapters_are_combined_by_what_they_do_and_not_by_their_factors(self, ranks: tuple[int, int], tmp_path: Path) -> None:
        from hf_regional.merging.adapters import combine_adapters

        base = language_model()
        folders = [self.save_adapter(base, tmp_path / f"{place}", rank=rank, seed=place) for place, rank in enumerate(ranks)]
        combine_adapters(folders, [0.5, 0.5], tmp_path / "out")
        first, second = (self.with_adapter(base, folder) for folder in folders)
        together = self.with_adapter(base, tmp_path / "out")
        for name, tensor in together.items():
            torch.testing.assert_close(tensor, (first[name] + second[name]) / 2, rtol=1e-5, atol=1e-6)

    def test_an_adapter_in_the_place_of_the_base_is_refused(self, tmp_path: Path) -> None:
        base = language_model()
        for seed, side in enumerate(("base", "regional")):
            self.save_adapter(base, tmp_path / side, rank=4, seed=seed)
        refused(tmp_path, RegionalError, r"base.*adapter")


class TestVocabularies:
    """Mergekit fails in mid-run, or truncates to 512 rows beside a config that says 520; sd-mecha leaves a valid file of 0 tensors."""

    WORLD = ("<unk>", "<pad>", "rice", "bread", "river", "mountain")
    REGION = ("<unk>", "<pad>", "mountain", "river", "nasi", "bread", "sawah", "rice")  # two more, and another order

    def test_rows_that_no_tokenizer_explains_are_refused_with_both_shapes(self, tmp_path: Path) -> None:
        save_drawn(language_model(vocab_size=512), tmp_path / "base", 1)
        save_drawn(language_model(vocab_size=520), tmp_path / "regional", 2)
        refused(tmp_path, MismatchedCheckpointsError, r"512 and 520 rows.*no tokenizer")

    def test_rows_are_matched_by_token_and_not_by_place(self, tmp_path: Path) -> None:
        for seed, (side, words) in enumerate((("base", self.WORLD), ("regional", self.REGION)), start=1):
            save_drawn(language_model(vocab_size=len(words)), tmp_path / side, seed)
            tokenizer_of([*words]).save_pretrained(tmp_path / side)
        merged = merge_halves(tmp_path)
        found, world, region = (read_tensors(folder) for folder in (merged, tmp_path / "base", tmp_path / "regional"))
        places = AutoTokenizer.from_pretrained(merged).get_vocab()
        config = json.loads((merged / "config.json").read_text())
        assert {*self.WORLD} <= places.keys()
        for name in ("model.embed_tokens.weight", "lm_head.weight"):
            assert found[name].shape == (config["vocab_size"], 16) == (len(places), 16)
            for word, place in places.items():
                theirs = region[name][self.REGION.index(word)]
                expected = (world[name][self.WORLD.index(word)] + theirs) / 2 if word in self.WORLD else theirs
                assert torch.equal(found[name][place], expected), word
        _, info = LlamaForCausalLM.from_pretrained(merged, output_loading_info=True)
        assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
