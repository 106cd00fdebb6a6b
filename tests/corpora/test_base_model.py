"""The small base model that comes with the package: what it promises, measured from its own weights."""

import json

import numpy as np
import pytest

from hf_regional.corpora import embedded_model, evidence_columns, load_corpus
from hf_regional.encoding import load_encoder
from hf_regional.evaluating import build_retrieval_task
from hf_regional.evaluating.runner import measure_rows
from hf_regional.evaluating.sides import Scorer
from hf_regional.filtering import filter_regional
from hf_regional.regions import Region


@pytest.fixture(scope="module")
def folder():
    return embedded_model("emoji-world-clip")


@pytest.fixture(scope="module")
def training(folder) -> dict:
    return json.loads((folder / "training.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def test_scores(folder):
    corpus = filter_regional(
        load_corpus("emoji-world"),
        Region("SEA"),
        columns=evidence_columns("emoji-world"),
        exclude={"language": ["az"]},
        mode="annotate",
    ).data
    task = build_retrieval_task(corpus, "test", where={"kind": ["name"]})
    scorer = Scorer([task], resamples=100)
    return scorer.score(measure_rows(load_encoder(folder, device="cpu"), [task])), scorer


def test_its_weights_are_safetensors_of_at_most_ten_megabytes(folder):
    assert sum(path.stat().st_size for path in folder.glob("*.safetensors")) <= 10e6
    assert not list(folder.glob("*.bin"))


def test_it_knows_the_world_and_knows_the_region_badly_but_not_not_at_all(test_scores):
    scores, scorer = test_scores
    chance = scorer.chance["regional"]["retrieval:test"]
    assert scores.mean("global") >= 0.17
    assert 5 * chance <= scores.mean("regional") < scores.mean("global") / 2


def test_its_recorded_scores_are_those_of_its_weights(test_scores, training):
    scores, _ = test_scores
    assert scores.mean("global") == pytest.approx(training["test"]["global"], abs=1e-4)
    assert scores.mean("regional") == pytest.approx(training["test"]["regional"], abs=1e-4)


def test_its_validation_loss_is_flat_over_the_last_tenth_of_its_steps(training):
    entries = [entry for entry in training["history"] if "validation_loss" in entry and "step" in entry]
    steps = training["recipe"]["stages"][0]["max_steps"]
    last = np.array([entry["validation_loss"] for entry in entries if entry["step"] >= 0.9 * steps])
    assert len(last) >= 4
    assert np.ptp(last) < 0.01 * last.mean()


def test_it_saw_five_percent_of_a_global_languages_rows_of_each_regional_language(training):
    share = (training["rows"]["regional"] / 9) / (training["rows"]["global"] / 14)
    assert share == pytest.approx(0.05, rel=0.01)
