"""The whole job on a tiny SigLIP, a folder of pictures with a CSV, and Region("IDN", "MYS")."""

import json
import shutil
from itertools import pairwise

import pytest
import yaml
from small_world import small_config

from hf_regional.durable import folder_digest
from hf_regional.errors import OutputExistsError
from hf_regional.metrics import relevance_gain, retention
from hf_regional.pipeline import load_config, run

FILES = {
    "README.md",
    "config.json",
    "config.yaml",
    "model.safetensors",
    "processor_config.json",
    "regional",
    "regional.json",
    "report.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tradeoff.png",
}
KEYS = ["schema_version", "region", "beta", "alpha", "chance", "base", "tuned", "merged", "retention", "gain", "curve", "by_language"]
SIDES = {"global", "regional"}


def without_seconds(report: dict) -> str:
    return json.dumps({key: value for key, value in report.items() if key != "seconds"}, sort_keys=True)


def test_the_folder_holds_the_model_its_evidence_and_the_fine_tuned_model(finished):
    assert {path.name for path in finished.path.iterdir()} == FILES
    regional = {path.name for path in (finished.path / "regional").iterdir()}
    assert regional == {"config.json", "model.safetensors", "processor_config.json", "tokenizer.json", "tokenizer_config.json"}
    assert (finished.path / "tradeoff.png").read_bytes().startswith(b"\x89PNG")
    assert not list(finished.path.parent.glob(".*")), "the working folder is gone"
    assert json.loads((finished.path / "report.json").read_text()) == finished.report


def test_the_report_has_its_keys_and_their_shapes(finished):
    report = finished.report
    assert set(KEYS) | {"settings", "seconds"} <= set(report)
    assert report["schema_version"] == 1
    assert (report["region"], report["countries"]) == ("IDN | MYS", ["IDN", "MYS"])
    assert (report["alpha"], report["alpha_source"]) == (0.5, "given in the config")
    assert set(report["chance"]) == SIDES
    for model in ("base", "tuned", "merged"):
        assert set(report[model]) == SIDES
        for estimate in report[model].values():
            assert set(estimate) == {"value", "low", "high", "n"}
            assert 0 <= estimate["low"] <= estimate["value"] <= estimate["high"] <= 1
    assert {side: report["base"][side]["n"] for side in SIDES} == {"global": 9, "regional": 6}  # 3 texts a country
    assert set(report["retention"]) == {"value", "low"}
    assert set(report["gain"]) == {"points", "percent", "low_percent"}
    assert [point["beta"] for point in report["curve"]] == [0.0, 0.5, 1.0]
    assert set(report["by_country"]) == {"IDN", "MYS", "FRA", "KEN", "BRA"}
    assert report["by_language"] == {}, "the CSV has no languages"
    assert set(report["seconds"]) == {"training", "merging", "scoring validation", "scoring test", "total"}


def test_the_teaching_took_and_the_job_gained(finished):
    report = finished.report
    assert report["base"]["global"]["value"] > report["chance"]["global"], "else the figures below mean nothing"
    assert report["tuned"]["regional"]["value"] > report["base"]["regional"]["value"]


def test_retention_and_gain_are_those_of_the_scores_beside_them(finished):
    report = finished.report
    for model, prefix in (("merged", ""), ("tuned", "tuned_")):
        world, region = ([report[which][side]["value"] for which in (model, "base")] for side in ("global", "regional"))
        assert report[f"{prefix}retention"]["value"] == pytest.approx(retention(*world, chance=report["chance"]["global"]), abs=1e-12)
        gain = relevance_gain(*region)
        assert report[f"{prefix}gain"]["points"] == pytest.approx(gain.points, abs=1e-12)
        assert report[f"{prefix}gain"]["percent"] == pytest.approx(gain.percent, abs=1e-9)


def test_the_chosen_beta_has_the_highest_grp_of_those_that_kept_enough(finished):
    allowed = {point["beta"]: point["grp"] for point in finished.report["curve"] if point["passes"] or point["beta"] == 0}
    assert finished.report["beta"] == max(allowed, key=lambda beta: (allowed[beta], -beta))
    for point in finished.report["curve"]:
        assert point["grp"] == pytest.approx(0.5 * point["global"]["value"] + 0.5 * point["regional"]["value"], abs=1e-12)


def test_every_alpha_has_its_winner(finished):
    winners = finished.report["winners"]
    assert (winners[0]["alpha_from"], winners[-1]["alpha_to"]) == (0.0, 1.0)
    assert all(one["alpha_to"] == other["alpha_from"] for one, other in pairwise(winners))


def test_the_report_and_the_card_tell_no_path_host_or_time(finished, base, pictures):
    texts = [json.dumps(finished.report["settings"]), *((finished.path / name).read_text() for name in ("README.md", "regional.json"))]
    for text in texts:
        for place in (finished.path.parent, base.parent, pictures.parent):
            assert str(place) not in text
    assert finished.report["settings"]["base"] == "tiny-siglip"
    assert finished.report["settings"]["corpus"]["data_dir"] == "pictures"
    assert not {"output", "device"} & set(finished.report["settings"])


def test_the_config_beside_the_result_runs_again(finished):
    assert load_config(finished.path / "config.yaml").to_yaml() == (finished.path / "config.yaml").read_text()


def test_a_second_call_returns_the_first_result_and_touches_nothing(finished, base, pictures):
    before = folder_digest(finished.path)
    again = run(small_config(base, pictures, finished.path), progress=False)
    assert again.report == finished.report
    assert again.facts == finished.facts
    assert folder_digest(finished.path) == before


def test_other_settings_do_not_overwrite_a_result(finished, base, pictures):
    before = folder_digest(finished.path)
    with pytest.raises(OutputExistsError, match="other settings"):
        run(small_config(base, pictures, finished.path, seed=1), progress=False)
    assert folder_digest(finished.path) == before


def test_a_folder_of_somebody_else_is_left_alone(base, pictures, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match="holds no report of ours"):
        run(small_config(base, pictures, tmp_path / "out"), progress=False)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "thesis.txt"]


def test_the_same_seed_elsewhere_gives_the_same_bits(finished, base, pictures, tmp_path):
    moved = shutil.copytree(pictures, tmp_path / "pictures")
    again = run(small_config(base, moved, tmp_path / "deeper" / finished.path.name), progress=False)
    assert without_seconds(again.report) == without_seconds(finished.report)
    for name in ("model.safetensors", "regional/model.safetensors", "README.md", "regional.json", "tradeoff.png"):
        assert (again.path / name).read_bytes() == (finished.path / name).read_bytes(), name


def test_another_seed_gives_another_model(finished, base, pictures, tmp_path):
    other = run(small_config(base, pictures, tmp_path / "out", seed=1), progress=False)
    assert (other.path / "regional/model.safetensors").read_bytes() != (finished.path / "regional/model.safetensors").read_bytes()
    assert other.report["settings"]["seed"] == 1


def test_a_base_at_chance_is_kept_and_the_reason_said(random_base, pictures, tmp_path):
    """A random model knows nothing of the world, so there is nothing to retain and no β can be shown to have kept it."""
    made = run(small_config(random_base, pictures, tmp_path / "out"), progress=False)
    assert made.report["base"]["global"]["value"] <= made.report["chance"]["global"], "the random model of this seed lies below chance"
    assert made.report["beta"] == 0
    assert made.report["retention"]["value"] is None
    assert made.report["retention"]["low"] is None
    assert "not above chance on the global side" in made.report["retention"]["reason"]
    assert "not above chance on the global side" in made.report["reason"]
    assert "not above chance on the global side" in (made.path / "README.md").read_text()
    assert "NaN" not in (made.path / "report.json").read_text()
    assert (made.path / "model.safetensors").read_bytes() == (random_base / "model.safetensors").read_bytes()


def test_tables_of_a_base_at_chance_show_a_dash(random_base, pictures, tmp_path):
    from hf_regional.evaluating.report import curve_table, summary_table

    report = run(small_config(random_base, pictures, tmp_path / "out"), progress=False).report
    assert "– (–)" in curve_table(report)
    assert "– (≥ –)" in summary_table(report)


def test_settings_in_the_report_are_the_config(finished, base, pictures):
    told = yaml.safe_load(yaml.safe_dump(finished.report["settings"]))
    asked = load_config(small_config(base, pictures, finished.path)).model_dump(mode="json")
    assert {**asked, "base": "tiny-siglip", "corpus": {**asked["corpus"], "data_dir": "pictures"}} == {
        **told,
        "output": asked["output"],
        "device": "cpu",
    }
