import pytest

from hf_regional.assets import asset_folder
from hf_regional.errors import MissingFileError


def _package(top, *, in_wheel=False, in_checkout=False, pyproject=False):
    package = top / "src" / "hf_regional"
    package.mkdir(parents=True)
    if in_wheel:
        (package / "_assets" / "cards").mkdir(parents=True)
    if in_checkout:
        (top / "cards").mkdir()
    if pyproject:
        (top / "pyproject.toml").touch()
    return package


def test_the_wheel_comes_before_the_checkout(tmp_path):
    package = _package(tmp_path, in_wheel=True, in_checkout=True, pyproject=True)
    assert asset_folder("cards", package=package) == package / "_assets" / "cards"


def test_a_checkout_has_its_templates_at_the_top(tmp_path):
    assert asset_folder("cards", package=_package(tmp_path, in_checkout=True, pyproject=True)) == tmp_path / "cards"


def test_somebody_elses_folder_of_that_name_is_not_taken(tmp_path):
    with pytest.raises(MissingFileError, match=r"'cards' is missing \(looked in .*_assets/cards\)"):
        asset_folder("cards", package=_package(tmp_path, in_checkout=True))


def test_the_templates_are_there():
    assert {"model_card.md.jinja", "parts", "usage"} <= {path.name for path in asset_folder("cards").iterdir()}
