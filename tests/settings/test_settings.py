"""Settings from YAML: what is wrong is named with its key, at any depth, and with the nearest valid one."""

from typing import Literal

import pytest
from pydantic import Field

from hf_regional.errors import ConfigError, MissingFileError
from hf_regional.settings import Settings, parse, parse_yaml, read_yaml


class Round(Settings):
    learning_rate: float = Field(1e-3, gt=0)
    schedule: Literal["linear", "cosine"] = "linear"


class Place(Settings):
    folder: str = "."
    rounds: tuple[Round, ...] = ()


class Ranking(Settings):
    kind: Literal["ranking"] = "ranking"
    resamples: int = 100


class Source(Settings):
    url: str
    size: int = 0


class Job(Settings):
    seed: int = 0
    place: Place = Place()
    maybe: Place | None = None
    named: dict[str, Round] = Field({})
    score: Ranking | str = "none"
    source: Source | None = None


def refusal(raw: dict) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(Job, raw, "job.yaml")
    return caught.value


def test_a_mapping_becomes_settings_with_the_defaults_in_it():
    job = parse(Job, {"seed": "7", "place": {"rounds": [{"learning_rate": "5e-6"}]}}, "job.yaml")  # YAML 1.1 reads 5e-6 as text
    assert job.seed == 7
    assert job.place.rounds == (Round(learning_rate=5e-6, schedule="linear"),)


@pytest.mark.parametrize(
    ("raw", "key", "nearest"),
    [
        ({"sed": 1}, "sed", "seed"),
        ({"place": {"foldr": "x"}}, "place.foldr", "folder"),
        ({"place": {"rounds": [{}, {"learning_rat": 1}]}}, "place.rounds.1.learning_rat", "learning_rate"),
        ({"maybe": {"rounds": [{"shedule": "linear"}]}}, "maybe.rounds.0.shedule", "schedule"),
        ({"named": {"first": {"learnin_rate": 1}}}, "named.first.learnin_rate", "learning_rate"),
        ({"score": {"resample": 1}}, "score.resample", "resamples"),
    ],
)
def test_an_unknown_key_is_named_with_its_place_and_the_nearest_one_there(raw, key, nearest):
    error = refusal(raw)
    assert str(error) == f"job.yaml: unknown key {key!r}; did you mean {nearest!r}?"
    assert error.key == key


def test_a_required_key_is_named_and_where_it_was_misspelt_so_is_the_misspelling():
    assert str(refusal({"source": {"size": 1}})) == "job.yaml: source.url is required and not there."
    assert str(refusal({"source": {"ulr": "x"}})) == "job.yaml: unknown key 'source.ulr'; did you mean 'url'?"


def test_a_key_that_resembles_none_is_answered_with_the_known_ones():
    assert str(refusal({"place": {"zzz": 1}})) == "job.yaml: unknown key 'place.zzz'; known here: folder, rounds."


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"seed": "one"}, "job.yaml: seed: input should be a valid integer, unable to parse string as an integer, got 'one'."),
        ({"place": {"rounds": [{"learning_rate": 0}]}}, "job.yaml: place.rounds.0.learning_rate: input should be greater than 0, got 0."),
        (
            {"place": {"rounds": [{"schedule": "Flat"}]}},
            "job.yaml: place.rounds.0.schedule: input should be 'linear' or 'cosine', got 'Flat'.",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_what_was_expected(raw, message):
    assert str(refusal(raw)) == message


def test_settings_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Job().seed = 3


def test_a_yaml_file_is_read_as_a_mapping(tmp_path):
    (tmp_path / "job.yaml").write_text("seed: 3\nplace: {folder: ภาพ}\n", encoding="utf-8")
    assert read_yaml(tmp_path / "job.yaml") == {"seed": 3, "place": {"folder": "ภาพ"}}


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"there is no file .*absent\.yaml"):
        read_yaml(tmp_path / "absent.yaml")


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "job.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"job\.yaml is no valid YAML"):
        read_yaml(tmp_path / "job.yaml")


@pytest.mark.parametrize("text", ["seed: [1, 2", "seed: *nowhere", "a: b: c"])
def test_broken_yaml_is_named_with_its_file(text):
    with pytest.raises(ConfigError, match=r"^job\.yaml is no valid YAML"):
        parse_yaml(text, "job.yaml")


@pytest.mark.parametrize(("text", "kind"), [("- 1\n- 2", "list"), ("", "NoneType"), ("seed", "str")])
def test_yaml_without_a_mapping_is_refused(text, kind):
    with pytest.raises(ConfigError, match=rf"^job\.yaml must hold a mapping of keys to values, got {kind}"):
        parse_yaml(text, "job.yaml")


def test_yaml_cannot_make_objects():
    with pytest.raises(ConfigError, match="no valid YAML"):
        parse_yaml("seed: !!python/object/apply:os.getcwd []", "job.yaml")
