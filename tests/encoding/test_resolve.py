"""Whatever names a checkpoint becomes a folder on this disk, or an error that says what to try."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from hf_regional.encoding import parse_model_id, resolve_folder
from hf_regional.errors import MissingFileError


@dataclass
class Made:
    path: Path


def test_a_folder_is_itself_as_path_as_text_and_in_a_record(tmp_path):
    assert resolve_folder(tmp_path) == resolve_folder(str(tmp_path)) == resolve_folder(Made(tmp_path)) == tmp_path


def test_the_home_folder_may_be_written_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    assert resolve_folder("~/model") == tmp_path / "model"


@pytest.mark.parametrize("given", [Path("absent"), "./absent", "/absent/model", "~/absent", "a/b/c", Made(Path("absent"))])
def test_a_folder_that_is_not_there_is_not_looked_for_on_the_hub(given):
    with pytest.raises(MissingFileError, match=r"absent.* is no folder|a/b/c is no folder"):
        resolve_folder(given)


@pytest.mark.parametrize("name", ["nobody/no-such-model", "nobody/no-such-model@main", "no-such-model", "not a valid id!"])
def test_a_hub_id_that_cannot_be_reached_says_what_to_check(name):
    with pytest.raises(
        MissingFileError, match=r"is no folder here and could not be fetched from the Hub: check the spelling.*HF_HUB_OFFLINE"
    ):
        resolve_folder(name)


@pytest.mark.parametrize(
    ("text", "parts"), [("a/b", ("a/b", None)), ("a/b@v1.0", ("a/b", "v1.0")), ("a/b@", ("a/b", None)), ("a/b@x@y", ("a/b", "x@y"))]
)
def test_a_revision_follows_the_at_sign(text, parts):
    assert parse_model_id(text) == parts
