"""Training tiny towers for a few steps: what is learned, saved, frozen and refused."""

import math
import shutil
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from datasets import Dataset, DatasetDict
from safetensors.torch import load_file, save_file
from transformers import BertConfig, CLIPModel, CLIPProcessor, SiglipModel, SiglipProcessor

from hf_regional.adapting import Recipe, Stage, adapt
from hf_regional.cards import CardFacts
from hf_regional.durable import file_sha256
from hf_regional.encoding import load_encoder
from hf_regional.errors import (
    BadRowError,
    ConfigError,
    MissingColumnError,
    MissingFileError,
    NonFiniteError,
    NoRowsError,
    NotBuiltYetError,
    OutputExistsError,
)
from tiny_towers import FAMILIES, WORDS

FAST = Recipe(
    name="fast", family="contrastive", stages=(Stage(learning_rate=5e-3, batch_size=8, max_steps=4, schedule="constant", weight_decay=0.0),)
)
HERE = {"device": "cpu", "progress": False}
PLAIN = {"clip": (CLIPModel, CLIPProcessor), "siglip": (SiglipModel, SiglipProcessor)}


@pytest.fixture(scope="module", params=FAMILIES)
def trained(request, bases, rows, tmp_path_factory):
    """Each family after 40 steps, with its base."""
    made = adapt(bases[request.param], rows, FAST, tmp_path_factory.mktemp("out") / "model", max_steps=40, seed=3, **HERE)
    return request.param, bases[request.param], made


# The loss of a model that looks at nothing, at best: CLIP gives each of 8 texts 1/8, and so does SigLIP in its 8 questions a picture.
BLIND = {"clip": math.log(8), "siglip": math.log(8) + 7 * math.log(8 / 7)}  # 2.08 and 3.01


def test_the_loss_falls_below_that_of_a_model_that_looks_at_nothing(trained):
    family, _, made = trained
    losses = [entry["loss"] for entry in made.history if "loss" in entry]
    assert len(losses) == 40
    assert losses[0] > 0.95 * BLIND[family]
    assert sum(losses[-5:]) / 5 < 0.8 * BLIND[family]


def test_the_folder_loads_by_plain_transformers_and_encodes_the_same(trained):
    family, _, made = trained
    model_class, processor_class = PLAIN[family]
    model, processor = model_class.from_pretrained(made.path).eval(), processor_class.from_pretrained(made.path)
    inputs = processor.tokenizer(WORDS[:3], padding="max_length", max_length=8, return_tensors="pt")
    inputs = {key: inputs[key] for key in (("input_ids", "attention_mask") if family == "clip" else ("input_ids",))}
    with torch.inference_mode():
        features = torch.nn.functional.normalize(model.get_text_features(**inputs).pooler_output, dim=-1).numpy()
    assert load_encoder(made.path, device="cpu").encode_texts(WORDS[:3]) == pytest.approx(features, abs=1e-5)


def test_the_folder_holds_weights_configuration_processor_and_nothing_of_ours(trained):
    family, base, made = trained
    assert {path.name for path in made.path.iterdir()} == {path.name for path in base.iterdir()}
    assert PLAIN[family][0].__name__ in (made.path / "config.json").read_text()
    assert not any("hf_regional" in path.read_text() for path in made.path.glob("*.json"))


def test_the_facts_say_how_it_was_trained(trained):
    _, _, made = trained
    step = made.facts.of("training")
    assert step is not None
    assert (step["recipe"], step["rows"], step["steps"], step["seed"]) == ("fast", 16, 40, 3)
    assert step["stages"][0]["learning_rate"] == 5e-3
    assert step["loss_last"] < step["loss_first"]


def weights_after(base, rows, folder, **options: Any) -> str:
    return file_sha256(adapt(base, rows, FAST, folder, **(HERE | options)).path / "model.safetensors")


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(bases, rows, tmp_path, family):
    torch.manual_seed(1)
    first = weights_after(bases[family], rows, tmp_path / "first", seed=0)
    torch.manual_seed(2)  # what was drawn before must not matter
    assert weights_after(bases[family], rows, tmp_path / "again", seed=0, evaluate=lambda _: {}, evaluate_every=1) == first
    assert weights_after(bases[family], rows, tmp_path / "other", seed=1) != first


@pytest.mark.parametrize("family", FAMILIES)
def test_only_what_the_patterns_name_is_trained(bases, rows, tmp_path, family):
    adapt(bases[family], rows, FAST, tmp_path / "out", trainable=["text_model.*"], **HERE)
    before, after = load_file(bases[family] / "model.safetensors"), load_file(tmp_path / "out" / "model.safetensors")
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert before.keys() == after.keys()
    assert changed == {"text_model"}


def test_a_pattern_that_names_nothing_is_refused(bases, rows, tmp_path):
    with pytest.raises(ConfigError, match=r"trainable=\['unet\.\*'\] matches no parameter; names look like ") as caught:
        adapt(bases["clip"], rows, FAST, tmp_path / "out", trainable=["unet.*"], **HERE)
    assert caught.value.key == "trainable"
    assert list(tmp_path.iterdir()) == []


def test_stages_follow_each_other_on_the_same_weights(bases, rows, tmp_path):
    stage = FAST.stages[0]
    both = [stage.model_copy(update={"trainable": (f"{tower}_model.*",), "max_steps": 2}) for tower in ("text", "vision")]
    made = adapt(bases["clip"], rows, FAST.model_copy(update={"stages": tuple(both)}), tmp_path / "out", **HERE)
    before, after = load_file(bases["clip"] / "model.safetensors"), load_file(made.path / "model.safetensors")
    assert {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])} == {"text_model", "vision_model"}
    assert [step["steps"] for step in made.facts.all("training")] == [4]


def test_what_evaluate_finds_lands_in_the_history(bases, rows, tmp_path):
    modes = []

    def evaluate(encoder) -> dict[str, float]:
        modes.append(encoder.model.training)
        return {"score": float(len(modes))}

    made = adapt(bases["clip"], rows, FAST, tmp_path / "out", evaluate=evaluate, evaluate_every=2, **HERE)
    scores = [entry for entry in made.history if "score" in entry]
    assert scores == [{"step": 2, "score": 1}, {"step": 4, "score": 2}, {"stage_steps": 4, "score": 3}]
    assert modes == [False] * 3


def test_without_every_the_score_is_taken_once_a_stage(bases, rows, tmp_path):
    made = adapt(bases["clip"], rows, FAST, tmp_path / "out", evaluate=lambda _: {"score": 1.0}, **HERE)
    assert [entry for entry in made.history if "score" in entry] == [{"stage_steps": 4, "score": 1}]


@dataclass(frozen=True)
class Rows:
    """As `Filtered` holds them."""

    data: Any


def test_filtered_rows_train_like_the_rows_in_them(bases, rows, tmp_path):
    found = [weights_after(bases["clip"], data, tmp_path / name) for name, data in (("plain", rows), ("filtered", Rows(rows)))]
    assert found[0] == found[1]


def test_a_bar_is_shown_where_progress_is_asked_for(bases, rows, tmp_path, capsys):
    adapt(bases["clip"], rows, FAST, tmp_path / "out", device="cpu", facts=CardFacts())
    assert "4/4" in capsys.readouterr().err


@pytest.mark.parametrize("data", [None, [{"image": 1, "text": "a"}], DatasetDict(), Rows(DatasetDict())])
def test_what_is_no_data_set_is_refused(bases, tmp_path, data):
    with pytest.raises(ConfigError, match=r"training takes a datasets\.Dataset .*choose one split first"):
        adapt(bases["clip"], data, FAST, tmp_path / "out", **HERE)


def test_a_missing_column_is_named(bases, rows, tmp_path):
    with pytest.raises(MissingColumnError, match="missing: text; there are: image, language") as caught:
        adapt(bases["clip"], rows.remove_columns("text"), FAST, tmp_path / "out", **HERE)
    assert caught.value.missing == {"text"}


def test_no_rows_and_too_few_rows_are_refused(bases, rows, tmp_path):
    with pytest.raises(NoRowsError, match="no row to train on"):
        adapt(bases["clip"], rows.select([]), FAST, tmp_path / "out", **HERE)
    with pytest.raises(NoRowsError, match="batches of 8, and there are only 7 rows; lower batch_size"):
        adapt(bases["clip"], rows.select(range(7)), FAST, tmp_path / "out", **HERE)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_picture_stops_the_training_and_leaves_nothing(bases, rows, tmp_path):
    cells = [{"bytes": b"no picture", "path": None}] * 8
    broken = Dataset.from_dict({"image": cells, "text": WORDS[:8]})
    with pytest.raises(BadRowError, match="cannot be opened"):
        adapt(bases["clip"], broken, FAST, tmp_path / "out", **HERE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"learning_rate": 1e39, "max_steps": 3}, "the loss"),
        ({"learning_rate": 1e39, "max_steps": 1}, "[a-z_.]+(weight|bias|scale|embedding)"),  # no loss sees the only step's weights
    ],
)
def test_a_training_that_diverges_is_an_error_and_leaves_nothing(bases, rows, tmp_path, options, what):
    with pytest.raises(NonFiniteError, match=rf"stage 'train': {what} became NaN or infinite; lower learning_rate \(1e\+39\)"):
        adapt(bases["clip"], rows, FAST, tmp_path / "out", **options, **HERE)
    assert list(tmp_path.iterdir()) == []


def test_a_base_that_holds_nan_is_an_error_and_leaves_nothing(bases, rows, tmp_path):
    folder = shutil.copytree(bases["siglip"], tmp_path / "nan")
    weights = load_file(folder / "model.safetensors")
    save_file({name: values * math.nan for name, values in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(NonFiniteError, match="or check the base"):
        adapt(folder, rows, FAST, tmp_path / "out", **HERE)
    assert [path.name for path in tmp_path.iterdir()] == ["nan"]


def test_other_families_and_missing_bases_are_refused(bases, rows, tmp_path):
    with pytest.raises(NotBuiltYetError, match="the instruction family"):
        adapt(bases["clip"], rows, "gemma3-sea", tmp_path / "out", **HERE)
    BertConfig().save_pretrained(tmp_path / "bert")
    with pytest.raises(NotBuiltYetError, match="'bert'"):
        adapt(tmp_path / "bert", rows, FAST, tmp_path / "out", **HERE)
    with pytest.raises(MissingFileError, match="absent"):
        adapt(tmp_path / "absent", rows, FAST, tmp_path / "out", **HERE)
    with pytest.raises(ConfigError, match="did you mean 'max_steps'"):
        adapt(bases["clip"], rows, FAST, tmp_path / "out", max_step=1, **HERE)
    assert [path.name for path in tmp_path.iterdir()] == ["bert"]


def test_an_output_that_is_there_is_left_as_it_was(bases, rows, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(OutputExistsError, match="exists already"):
        adapt(bases["clip"], rows, FAST, tmp_path / "out", **HERE)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]
