"""Bad input through the whole job: each is an error of ours that names the thing, and nothing is left behind."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from small_world import make_pictures, make_siglip, small_config

from hf_regional.cli.main import main
from hf_regional.errors import (
    BadRowError,
    EmptyRegionError,
    MismatchedCheckpointsError,
    MissingColumnError,
    NonFiniteError,
    NoRowsError,
    NotBuiltYetError,
    OutOfRangeError,
    RegionalError,
)
from hf_regional.evaluating import select_beta
from hf_regional.merging import merge_checkpoints
from hf_regional.pipeline import forecast, load_config, run
from hf_regional.regions import Region
from tiny_duals import save_dual


def refused(tmp_path: Path, config: dict, error: type[RegionalError], match: str) -> None:
    """Run and dry run refuse alike, and no result appears."""
    with pytest.raises(error, match=match):
        run(config, progress=False)
    with pytest.raises(error, match=match):
        forecast(load_config(config))
    assert not (tmp_path / "out").exists()


def test_a_region_without_a_row_is_named_with_what_was_found(base, pictures, tmp_path):
    config = small_config(base, pictures, tmp_path / "out", region=["ISL"])
    refused(tmp_path, config, NoRowsError, "(?s)no row of the train split is kept for ISL.*75|18|45")


def test_a_region_that_is_the_whole_world_leaves_no_world_to_keep(base, pictures, tmp_path):
    config = small_config(base, pictures, tmp_path / "out", region=["IDN", "MYS", "FRA", "KEN", "BRA"])
    refused(tmp_path, config, NoRowsError, "'validation' has no global text")


def test_an_empty_region_is_refused(base, pictures, tmp_path):
    refused(tmp_path, small_config(base, pictures, tmp_path / "out", region=[]), EmptyRegionError, "at least one country")


@pytest.mark.parametrize("column", ["file_name", "text"])
def test_a_corpus_without_a_needed_column_says_which(base, tmp_path, column):
    folder = make_pictures(tmp_path / "pictures", columns={column: ""})
    refused(tmp_path, small_config(base, folder, tmp_path / "out"), MissingColumnError, r"metadata\.csv lacks a column for .*" + column)


def test_a_corpus_without_countries_cannot_tell_the_region(base, tmp_path):
    folder = make_pictures(tmp_path / "pictures", columns={"country": ""})
    refused(tmp_path, small_config(base, folder, tmp_path / "out"), RegionalError, "country|IDN")


def test_a_group_that_the_corpus_lacks_is_named(base, pictures, tmp_path):
    config = small_config(base, pictures, tmp_path / "out", tasks=[{"kind": "retrieval", "group": "dialect"}])
    refused(tmp_path, config, MissingColumnError, "lacks dialect; there are: .*country_iso3")


def test_a_text_that_no_row_has_leaves_the_task_empty(base, pictures, tmp_path):
    config = small_config(
        base, pictures, tmp_path / "out", tasks=[{"kind": "retrieval", "group": "country_iso3", "where": {"split": ["x"]}}]
    )
    refused(tmp_path, config, RegionalError, "split|no .* text to ask")


def test_a_country_that_does_not_exist_is_named_with_its_line(base, pictures, tmp_path):
    folder = shutil.copytree(pictures, tmp_path / "pictures")
    sheet = folder / "metadata.csv"
    sheet.write_text(sheet.read_text().replace("FRA", "Frantz"))
    refused(tmp_path, small_config(base, folder, tmp_path / "out"), BadRowError, r"metadata\.csv, line \d+: 'Frantz'")


def test_more_rows_a_batch_than_there_are_is_refused_before_training(base, pictures, tmp_path):
    config = small_config(base, pictures, tmp_path / "out", training={"max_steps": 2, "batch_size": 64})
    refused(tmp_path, config, NoRowsError, "batches of 64, and there are only 18 rows")


def test_nan_in_the_weights_of_the_base_is_named(base, pictures, tmp_path):
    broken = with_weight(base, tmp_path / "broken-siglip", "text_model.head.weight", float("nan"))
    refused(
        tmp_path,
        small_config(broken, pictures, tmp_path / "out"),
        NonFiniteError,
        r"broken-siglip/model\.safetensors: tensor 'text_model\.head\.weight' holds NaN",
    )


def test_a_truncated_base_is_named(base, pictures, tmp_path):
    broken = shutil.copytree(base, tmp_path / "cut-siglip")
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    refused(tmp_path, small_config(broken, pictures, tmp_path / "out"), RegionalError, r"cut-siglip.*model\.safetensors|model\.safetensors")


def test_a_base_of_another_family_is_named(pictures, tmp_path):
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text('{"model_type": "bert"}')
    refused(tmp_path, small_config(tmp_path / "bert", pictures, tmp_path / "out"), NotBuiltYetError, "'bert'")


def test_a_base_that_can_be_encoded_and_not_yet_trained_is_refused_before_the_corpus_is_read(tmp_path, pictures):
    save_dual("resnet", tmp_path / "dual")
    refused(tmp_path, small_config(tmp_path / "dual", pictures, tmp_path / "out"), NotBuiltYetError, "clip and siglip.*dual")


@pytest.mark.parametrize("content", [None, "{", "{}"], ids=["no config.json", "broken config.json", "config.json without a type"])
def test_a_folder_that_is_no_checkpoint_is_named(pictures, tmp_path, content):
    (tmp_path / "nothing").mkdir()
    if content:
        (tmp_path / "nothing" / "config.json").write_text(content)
    refused(tmp_path, small_config(tmp_path / "nothing", pictures, tmp_path / "out"), RegionalError, "nothing")


def test_checkpoints_of_different_shapes_are_named(capsys, base, tmp_path):
    other = make_siglip(tmp_path / "other-siglip", width=48)
    with pytest.raises(MismatchedCheckpointsError, match=r"logit|embeddings|\[|\("):
        merge_checkpoints(base, other, 0.5, tmp_path / "mix")
    assert main(["merge", str(base), str(other), str(tmp_path / "mix"), "--beta", "0.5"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "32" in printed.err
    assert "48" in printed.err
    assert not (tmp_path / "mix").exists()


@pytest.mark.parametrize("beta", [-0.1, 1.5, float("nan")])
def test_a_beta_outside_the_unit_interval_is_refused_by_every_door(capsys, base, tmp_path, beta):
    with pytest.raises(OutOfRangeError, match="in \\[0, 1\\]"):
        merge_checkpoints(base, base, beta, tmp_path / "mix")
    with pytest.raises(OutOfRangeError, match="in \\[0, 1\\]"):
        select_beta(base, base, [beta], [], Region("SEA"), 0.5)
    assert main(["merge", str(base), str(base), str(tmp_path / "mix"), f"--beta={beta}"]) == 1
    assert "in [0, 1]" in capsys.readouterr().err
    assert not (tmp_path / "mix").exists()


def with_weight(base: Path, folder: Path, name: str, value: float) -> Path:
    """A copy of a checkpoint with one number of one tensor replaced."""
    shutil.copytree(base, folder)
    tensors = load_file(folder / "model.safetensors")
    tensors[name].view(-1)[0] = torch.tensor(value)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
