"""The plan of a merge, before a byte is written."""

import json
from pathlib import Path

import pytest
import torch
from weight_folders import write_folder

from hf_regional.cli import main
from hf_regional.errors import ConfigError
from hf_regional.merging import preview_merge


def models(folder: Path, step: float) -> tuple[Path, Path]:
    torch.manual_seed(0)
    world = {"embed": torch.randn(50, 8), "norm": torch.ones(8)}
    region = {"embed": world["embed"] + step * torch.randn(50, 8), "norm": torch.ones(8)}
    return write_folder(folder / "base", world), write_folder(folder / "regional", region)


def test_it_says_what_it_would_read_and_write_and_writes_nothing(tmp_path: Path) -> None:
    base, regional = models(tmp_path, 0.01)
    found = preview_merge(base, regional, [0.25, 0.5], tmp_path / "out")
    file = (base / "model.safetensors").stat().st_size
    assert found.problem is None
    assert found.report["cost"]["bytes_to_write"] == 2 * (file + (base / "config.json").stat().st_size)
    assert found.report["cost"]["bytes_to_read"] == 2 * (50 * 8 + 8) * 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "regional"]
    json.dumps(dict(found.report), allow_nan=False)


def test_a_tuned_model_is_told_from_an_unrelated_one(tmp_path: Path) -> None:
    base, tuned = models(tmp_path / "a", 0.01)
    kin = preview_merge(base, tuned, 0.5, tmp_path / "out")
    assert kin.report["regional"][0]["kinship"]["equal"] == 1
    assert kin.report["regional"][0]["kinship"]["cosine"] == pytest.approx(1, abs=1e-3)
    assert kin.report["regional"][0]["kinship"]["relative_distance"] == pytest.approx(0.01, rel=0.1)
    assert "of one ancestor" in str(kin)
    torch.manual_seed(7)
    stranger = write_folder(tmp_path / "stranger", {"embed": torch.randn(50, 8), "norm": torch.ones(8)})
    found = preview_merge(base, stranger, 0.5, tmp_path / "out")
    assert abs(found.report["regional"][0]["kinship"]["cosine"]) < 0.3
    assert "NOT of one ancestor" in str(found)


def test_what_stands_in_the_way_is_said_with_every_difference(tmp_path: Path) -> None:
    base = write_folder(tmp_path / "base", {"a": torch.ones(2, 3), "b": torch.ones(1), "c": torch.ones(4)})
    regional = write_folder(tmp_path / "r", {"a": torch.ones(2, 4), "c": torch.ones(4).bfloat16(), "new": torch.ones(1)})
    found = preview_merge(base, regional, 0.5, tmp_path / "out")
    differences = found.report["regional"][0]["differences"]
    assert differences["only_in_base"] == ["b"]
    assert differences["only_in_regional"] == ["new"]
    assert differences["shapes"] == {"a": [[2, 3], [2, 4]]}
    assert differences["dtypes"] == {"F32 against BF16": 1}
    assert found.problem is not None
    assert "refused" in str(found)


def test_the_licence_of_the_result_comes_from_both_cards(tmp_path: Path) -> None:
    base, regional = models(tmp_path, 0.01)
    (base / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Base\n")
    (regional / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    licences = preview_merge(base, regional, 0.5, tmp_path / "out").report["licences"]
    assert (licences["base"], licences["regional"], licences["result"]) == ("apache-2.0", "cc-by-nc-4.0", "cc-by-nc-4.0")


def test_a_licence_under_another_name_and_a_card_without_one(tmp_path: Path) -> None:
    base, regional = models(tmp_path, 0.01)
    (base / "README.md").write_text("---\nlicense: other\nlicense_name: gemma\n---\n")
    (regional / "README.md").write_text("# no front matter\n")
    licences = preview_merge(base, regional, 0.5, tmp_path / "out").report["licences"]
    assert (licences["base"], licences["regional"], licences["result"]) == ("gemma", "unknown", "unknown")


def test_wrong_arguments_are_errors_as_in_the_merge(tmp_path: Path) -> None:
    base, regional = models(tmp_path, 0.01)
    found = preview_merge(base, regional, 2.0, tmp_path / "out")
    assert found.problem is not None
    assert "[0, 1]" in found.problem
    with pytest.raises(ConfigError, match="weights must have one number"):
        preview_merge(base, regional, 0.5, tmp_path / "out", weights=[1, 2])


def test_the_command_shows_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, regional = models(tmp_path, 0.01)
    assert main(["merge", str(base), str(regional), str(tmp_path / "out"), "--beta", "0.5", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "of one ancestor" in shown
    assert "nothing stands in the way" in shown
    assert not (tmp_path / "out").exists()
