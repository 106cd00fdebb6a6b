"""`ModelMerger` on models of transformers: merge, switch, sweep, undo, save, and load again by plain classes."""

import copy
import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from memory_models import TEXT, VISION, as_bits, learned, state, tiny_clip, tiny_gemma3
from transformers import (
    AutoModel,
    AutoModelForImageTextToText,
    BertConfig,
    CLIPModel,
    Gemma3ForConditionalGeneration,
    PreTrainedModel,
    SiglipConfig,
    SiglipModel,
    VisionTextDualEncoderConfig,
    VisionTextDualEncoderModel,
    ViTConfig,
)

from hf_regional import ModelMerger
from hf_regional.cards import CardFacts, write_card
from hf_regional.errors import ConfigError, MismatchedCheckpointsError, OutOfRangeError
from hf_regional.merging import ByDepth


class RegionalClip(ModelMerger, CLIPModel):
    """The mixin before the library's class."""


class ClipRegional(CLIPModel, ModelMerger):
    """The mixin behind it."""


class Grandchild(RegionalClip):
    """A class of a user's with a call of its own around ours."""

    def save_pretrained(self, save_directory: str | Path, **library: Any) -> Any:
        self.saved = True
        return super().save_pretrained(save_directory, **library)


class RegionalGemma3(ModelMerger, Gemma3ForConditionalGeneration):
    """A language model with images, tied and with other names in its files."""


KINDS = [RegionalClip, ClipRegional, Grandchild]


@dataclass
class Adapted:
    """What training gives: a record with a path."""

    path: Path


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    base = tiny_clip()
    base.save_pretrained(root / "world")
    learned(base).save_pretrained(root / "sea")
    learned(base, seed=2).save_pretrained(root / "africa")
    return {name: root / name for name in ("world", "sea", "africa")}


@pytest.fixture
def model(folders: dict[str, Path]) -> RegionalClip:
    return RegionalClip.from_pretrained(folders["world"])


def lerped(folders: dict[str, Path], beta: float) -> dict[str, torch.Tensor]:
    world, region = (CLIPModel.from_pretrained(folders[name]).state_dict() for name in ("world", "sea"))
    return {name: torch.lerp(tensor, region[name], beta) for name, tensor in world.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_merged_model_saves_as_a_plain_one_and_loads_by_every_class(kind: type[Any], folders: dict[str, Path], tmp_path: Path):
    model = kind.from_pretrained(folders["world"])
    assert model.merge_with(folders["sea"], beta=0.3) is model
    model.save_pretrained(tmp_path / "mix", max_shard_size="8KB")
    assert json.loads((tmp_path / "mix" / "config.json").read_text())["architectures"] == ["CLIPModel"]
    assert model.config.architectures == ["CLIPModel"]
    assert len(list((tmp_path / "mix").glob("*.safetensors"))) > 1
    for loader, made in ((CLIPModel, CLIPModel), (AutoModel, CLIPModel), (kind, kind)):
        loaded, info = loader.from_pretrained(tmp_path / "mix", output_loading_info=True)
        assert type(loaded) is made
        assert not info["missing_keys"]
        assert not info["unexpected_keys"]
        assert as_bits(state(loaded)) == as_bits(lerped(folders, 0.3))


@pytest.mark.parametrize("family", ["siglip", "dual encoder"])
def test_other_families_make_the_round_trip_too(family: str, tmp_path: Path):
    def build() -> PreTrainedModel:
        if family == "siglip":
            return SiglipModel(SiglipConfig(text_config=TEXT, vision_config=VISION))
        text, vision = BertConfig(**TEXT), ViTConfig(**VISION)
        return VisionTextDualEncoderModel(VisionTextDualEncoderConfig.from_vision_text_configs(vision, text, projection_dim=8))

    torch.manual_seed(0)
    base = build()
    region = learned(base)
    for model, name in ((base, "world"), (region, "sea")):
        model.save_pretrained(tmp_path / name)
    kind = type("Regional", (ModelMerger, type(base)), {})
    kind.from_pretrained(tmp_path / "world").merge_with(tmp_path / "sea", beta=0.3).save_pretrained(tmp_path / "mix")
    loaded, info = AutoModel.from_pretrained(tmp_path / "mix", output_loading_info=True)
    assert type(loaded) is type(base)
    assert not info["missing_keys"]
    theirs = region.state_dict()
    assert all(torch.equal(tensor, torch.lerp(base.state_dict()[name], theirs[name], 0.3)) for name, tensor in loaded.state_dict().items())


def test_a_gemma_3_round_trip_keeps_its_tie_and_its_names(tmp_path: Path):
    base = tiny_gemma3()
    base.save_pretrained(tmp_path / "world")
    learned(base).save_pretrained(tmp_path / "sea")
    model = RegionalGemma3.from_pretrained(tmp_path / "world").merge_with(tmp_path / "sea", beta=0.5)
    model.save_pretrained(tmp_path / "mix")
    loaded = AutoModelForImageTextToText.from_pretrained(tmp_path / "mix")
    assert type(loaded) is Gemma3ForConditionalGeneration
    assert loaded.lm_head.weight is loaded.model.language_model.embed_tokens.weight
    assert as_bits(state(loaded)) == as_bits(state(model))
    assert as_bits(state(model.unmerge())) == as_bits(state(base))


def test_unmerging_gives_the_base_and_lets_go_of_both_ends(model: RegionalClip, folders: dict[str, Path]):
    base = state(model)
    model.merge_with(folders["sea"], beta=0.3).set_beta(0.9).set_beta(ByDepth(0, 1))
    assert as_bits(state(model.unmerge())) == as_bits(base)
    assert not [key for key, value in vars(model).items() if "regional" in key and value not in (None, CardFacts())]
    model.merge_with(folders["africa"], beta=0.3)


def test_a_sweep_loads_once_and_leaves_the_model_as_it_was(model: RegionalClip, folders: dict[str, Path]):
    base = state(model)
    scores = model.sweep(folders["sea"], [0.25, 0, 1], lambda mixed: mixed.logit_scale.item())
    assert scores == {beta: lerped(folders, beta)["logit_scale"].item() for beta in (0.25, 0, 1)}
    assert as_bits(state(model)) == as_bits(base)
    best = max(scores, key=scores.__getitem__)
    model.merge_with(folders["sea"], beta=best)


@pytest.mark.parametrize("other", ["folder", "text", "record", "module", "list", "hub"])
def test_a_regional_model_may_be_named_in_every_way(
    other: str, model: RegionalClip, folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    commit = "0123456789abcdef0123456789abcdef01234567"
    snapshot = tmp_path / "hub" / "models--me--sea" / "snapshots" / commit
    CLIPModel.from_pretrained(folders["sea"]).save_pretrained(snapshot)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "v2").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    ways = {
        "folder": folders["sea"],
        "text": str(folders["sea"]),
        "record": Adapted(folders["sea"]),
        "module": CLIPModel.from_pretrained(folders["sea"]),
        "list": [folders["sea"]],
        "hub": "me/sea@v2",
    }
    model.merge_with(ways[other], beta=0.3)
    assert as_bits(state(model)) == as_bits(lerped(folders, 0.3))
    if other == "hub":
        told = model._regional_mix.report()["inputs"]["regional"]
        assert told == {"id": "me/sea", "revision": commit, "license": "unknown"}


def test_several_regional_models_go_into_one(model: RegionalClip, folders: dict[str, Path]):
    base = state(model)
    model.merge_with([folders["sea"], folders["africa"]], beta=0.5, weights=[3, 1], only=["*projection*"])
    sea, africa = (CLIPModel.from_pretrained(folders[name]).state_dict() for name in ("sea", "africa"))
    for name, tensor in model.state_dict().items():
        expected = (
            base[name] + 0.375 * (sea[name] - base[name]) + 0.125 * (africa[name] - base[name]) if "projection" in name else base[name]
        )
        torch.testing.assert_close(tensor, expected, rtol=1e-6, atol=1e-8)
    report = model._regional_mix.report()
    assert report["regional"] == "sea + africa"
    assert [report["inputs"][side]["id"] for side in ("base", "regional-1", "regional-2")] == ["world", "sea", "africa"]


def test_a_model_is_merged_once_at_a_time_and_says_what_to_do(model: RegionalClip, folders: dict[str, Path]):
    with pytest.raises(ConfigError, match=r"not merged\. Call merge_with first"):
        model.unmerge()
    with pytest.raises(ConfigError, match="not merged"):
        model.set_beta(0.5)
    model.merge_with(folders["sea"], beta=0.3)
    with pytest.raises(ConfigError, match=r"merged with sea already\. Call unmerge first, set_beta for another β, or merge a list"):
        model.merge_with(folders["africa"], beta=0.3)
    with pytest.raises(ConfigError, match="merged with sea already"):
        model.sweep(folders["africa"], [0.5], lambda mixed: 0)


@pytest.mark.parametrize("betas", [[], [0.5, {"*": 0.5}]])
def test_a_sweep_needs_betas_that_can_be_keys(betas: list[Any], model: RegionalClip, folders: dict[str, Path]):
    with pytest.raises(ConfigError, match="at least one β, and each as a number"):
        model.sweep(folders["sea"], betas, lambda mixed: 0)


def test_a_sweep_checks_every_beta_before_the_first_score(model: RegionalClip, folders: dict[str, Path]):
    with pytest.raises(OutOfRangeError, match="got 2"):
        model.sweep(folders["sea"], [0.5, 2], lambda mixed: pytest.fail("scored"))


def test_a_merge_that_fails_leaves_a_model_that_is_not_merged(model: RegionalClip, folders: dict[str, Path]):
    base = state(model)
    with pytest.raises(MismatchedCheckpointsError):
        model.merge_with(torch.nn.Linear(2, 2), beta=0.5)
    assert as_bits(state(model)) == as_bits(base)
    model.merge_with(folders["sea"], beta=0.5)


def test_copies_and_pickles_stay_merged_and_can_be_undone(model: RegionalClip, folders: dict[str, Path]):
    base = state(model)
    model.merge_with(folders["sea"], beta=0.5)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert as_bits(state(twin.set_beta(0.25))) == as_bits(lerped(folders, 0.25))
        assert as_bits(state(twin.unmerge())) == as_bits(base)
    assert as_bits(state(model)) == as_bits(lerped(folders, 0.5))


def test_nothing_of_ours_is_in_the_state_of_a_merged_model(model: RegionalClip, folders: dict[str, Path]):
    names = [list(model.state_dict()), [name for name, _ in model.named_buffers()], [name for name, _ in model.named_parameters()]]
    model.merge_with(folders["sea"], beta=0.5)
    after = [list(model.state_dict()), [name for name, _ in model.named_buffers()], [name for name, _ in model.named_parameters()]]
    assert after == names


def test_a_user_s_own_call_around_ours_is_called(folders: dict[str, Path], tmp_path: Path):
    model = Grandchild.from_pretrained(folders["world"])
    model.save_pretrained(tmp_path)
    assert model.saved
    assert json.loads((tmp_path / "config.json").read_text())["architectures"] == ["CLIPModel"]


def test_a_model_that_is_not_merged_gets_no_facts_and_no_card(model: RegionalClip, tmp_path: Path):
    model.save_pretrained(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors"]


# What stands beside the weights.


def test_the_facts_say_what_went_in_and_how_and_name_no_path(model: RegionalClip, folders: dict[str, Path], tmp_path: Path):
    choosing = CardFacts().with_step("choosing", alpha=0.434, reason="It scored best.")
    model.merge_with(folders["sea"], beta={"text_model.*": ByDepth(0.25, 0.5), "*": 0.25}, skip="logit_scale", facts=choosing)
    model.save_pretrained(tmp_path / "sea-mix")
    facts = CardFacts.load(tmp_path / "sea-mix")
    merging = facts.of("merging")
    assert merging["beta"] == {"text_model.*": {"by_depth": {"first": 0.25, "last": 0.5}}, "*": 0.25}
    assert (merging["method"], merging["skip"], merging["only"], merging["regional"]) == ("linear", ["logit_scale"], None, "sea")
    assert merging["counts"] == {"merged": len(model.state_dict()) - 1, "copied": 0, "equal": 0, "kept_from_base": 1}
    assert facts.of("choosing")["alpha"] == 0.434
    assert facts.of("model") == {
        "kind": "model",
        "name": "sea-mix",
        "model_type": "clip",
        "architectures": ["CLIPModel"],
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    assert facts.of("environment")["torch"] == torch.__version__
    assert str(tmp_path) not in (tmp_path / "sea-mix" / "regional.json").read_text()
    assert str(folders["sea"].parent) not in (tmp_path / "sea-mix" / "regional.json").read_text()
    assert "It scored best." in (tmp_path / "sea-mix" / "README.md").read_text()


def test_a_licence_of_the_mix_follows_from_the_base_and_from_the_regional_model(folders: dict[str, Path], tmp_path: Path):
    def card(place: Path, licence: str) -> None:
        (place / "README.md").write_text(f"---\nlicense: {licence}\n---\n")

    world, sea = tmp_path / "world", tmp_path / "sea"
    for source, place in ((folders["world"], world), (folders["sea"], sea)):
        CLIPModel.from_pretrained(source).save_pretrained(place)
    card(world, "apache-2.0")
    merged = RegionalClip.from_pretrained(world).merge_with(sea, beta=0.5)
    merged.save_pretrained(tmp_path / "unknown")
    assert "license: unknown" in (tmp_path / "unknown" / "README.md").read_text()
    card(sea, "cc-by-nc-4.0")
    RegionalClip.from_pretrained(world).merge_with(sea, beta=0.5).save_pretrained(tmp_path / "known")
    assert "license: cc-by-nc-4.0" in (tmp_path / "known" / "README.md").read_text()
    # With its corpora recorded, these and the base count.
    told = CardFacts().with_step("base", id="world", license="mit").with_step("filtering", corpus="me/rows", licenses={"cc-by-4.0": 9})
    told.with_step("training", recipe="small", rows=9).with_step("evaluation", task="of the regional model").save(sea)
    RegionalClip.from_pretrained(world).merge_with(sea, beta=0.5).save_pretrained(tmp_path / "told")
    facts = CardFacts.load(tmp_path / "told")
    assert [step["kind"] for step in facts.steps] == ["filtering", "training", "base", "model", "merging", "environment"]
    assert "license: cc-by-4.0" in (tmp_path / "told" / "README.md").read_text()


def test_a_card_that_somebody_wrote_stays_and_one_of_ours_is_renewed(
    model: RegionalClip, folders: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    model.merge_with(folders["sea"], beta=0.25).save_pretrained(tmp_path / "mix")
    card = tmp_path / "mix" / "README.md"
    card.write_text(card.read_text().replace("<!-- hf-regional:keep -->", "<!-- hf-regional:keep -->\nTried on our pictures."))
    model.set_beta(0.75).save_pretrained(tmp_path / "mix")
    assert "Tried on our pictures." in card.read_text()
    assert "each weight is 0.75 of the fine-tuned model" in card.read_text()
    card.write_text("# Mine")
    model.save_pretrained(tmp_path / "mix")
    assert card.read_text() == "# Mine"
    assert "was not written by hf-regional and stays" in caplog.text
    write_card(tmp_path / "mix", overwrite=True)


def test_only_the_main_process_writes(model: RegionalClip, folders: dict[str, Path], tmp_path: Path):
    model.merge_with(folders["sea"], beta=0.25).save_pretrained(tmp_path, is_main_process=False)
    assert not [path.name for path in tmp_path.iterdir() if path.name in {"README.md", "regional.json", "config.json"}]
