"""The README's Python, run as it stands: the demo and what one does next; and what the demo must show."""

import re
from itertools import pairwise

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def said(root, tmp_path_factory) -> dict:
    """The names that the README's `From Python` block leaves behind, executed in an empty folder."""
    text = (root / "README.md").read_text(encoding="utf-8").split("## From Python", 1)[1]
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert code is not None
    names: dict = {}
    folder = tmp_path_factory.mktemp("readme")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(code[1], "README.md", "exec"), names)
    return {**names, "folder": folder}


@pytest.fixture(scope="module")
def report(said) -> dict:
    return said["result"].report


def test_fine_tuning_alone_loses_more_than_two_percent_of_the_world(report):
    assert report["tuned_retention"]["value"] < 0.98


def test_base_knows_the_world_at_least_at_seventeen_percent(report):
    assert report["base"]["global"]["value"] >= 0.17


def test_merged_gains_at_least_twenty_percent_for_the_region_and_surely_ten(report):
    assert report["beta"] > 0
    assert report["gain"]["percent"] >= 20
    assert report["gain"]["low_percent"] >= 10


def test_merged_lost_no_more_of_the_world_than_the_luck_of_one_split_allows(report):
    assert report["retention"]["value"] >= 0.98


def test_azerbaijani_takes_no_part_and_the_nine_languages_of_the_region_do(report):
    sides = {language: entry["side"] for language, entry in report["by_language"].items()}
    assert "az" not in sides
    assert {language for language, side in sides.items() if side == "regional"} == {"id", "ms", "th", "vi", "my", "km", "lo", "fil", "jv"}
    assert len(sides) == 23


def test_winners_name_a_beta_for_every_alpha(report):
    edges = [(found["alpha_from"], found["alpha_to"]) for found in report["winners"]]
    assert (edges[0][0], edges[-1][1]) == (0.0, 1.0)
    assert all(left[1] == right[0] for left, right in pairwise(edges))


def test_result_is_merged_further_as_the_readme_says(said):
    for beta in ("0.25", "0.5"):
        assert (said["folder"] / "runs" / "mixes" / f"beta-{beta}" / "model.safetensors").is_file()
