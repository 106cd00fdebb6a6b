"""A config is read, printed and refused: every mistake before any work, with its key and the nearest valid one."""

import json
from importlib.resources import files

import pytest
import yaml
from small_world import command, small_config, write_config

from hf_regional.cli.main import main
from hf_regional.errors import (
    ConfigError,
    EmptyRegionError,
    MissingFileError,
    NotBuiltYetError,
    RegionalError,
    UnknownNameError,
)
from hf_regional.pipeline import forecast, load_config, run

EXAMPLES = {"siglip2-sea": None, "gemma3-sea": "instruction", "sdxl-sea": "diffusion", "own-pictures": None}


@pytest.fixture
def config(random_base, pictures, tmp_path) -> dict:
    return small_config(random_base, pictures, tmp_path / "out")


def with_key(config: dict, place: str, value: object) -> dict:
    """The config with one value put in at a dotted place; a list is entered by its index."""
    changed = json.loads(json.dumps(config))
    inner = changed
    *path, last = place.split(".")
    for part in path:
        inner = inner[int(part) if part.isdigit() else part]
    inner[last] = value
    return changed


def test_the_default_is_the_demo_of_the_documentation():
    config = load_config()
    assert (config.base, config.corpus.name, config.region, config.recipe) == ("emoji-world-clip", "emoji-world", "SEA", "emoji-world-clip")
    assert len(config.to_region().countries) == 11
    assert config.merging.betas == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert (config.choosing.alpha, config.choosing.min_retention, config.choosing.margin) == (0.434, 0.98, 0.005)
    assert all(word in config.choosing.alpha_source for word in ("KOFIpGIdf", "2023", "Timor-Leste"))
    assert config.choosing.retention_policy == "lower"
    assert config.corpus.exclude == {"language": ["az"]}


def test_the_default_file_spells_every_key_that_decides_the_demo():
    written = yaml.safe_load((files("hf_regional.pipeline") / "default.yaml").read_text(encoding="utf-8"))
    assert set(written) == set(load_config().model_dump())


def test_what_is_printed_is_read_back_as_the_same_config(tmp_path):
    config = load_config(seed=7)
    (tmp_path / "printed.yaml").write_text(config.to_yaml(), encoding="utf-8")
    assert load_config(tmp_path / "printed.yaml") == config
    assert load_config(tmp_path / "printed.yaml").to_yaml() == config.to_yaml()


def test_words_on_the_command_line_replace_those_of_the_file(capsys, tmp_path, config):
    path = write_config(tmp_path / "run.yaml", config)
    assert main(["run", str(path), "--print-config", "--seed", "3", "--output", "elsewhere"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert (printed["seed"], printed["output"], printed["base"]) == (3, "elsewhere", config["base"])


def test_json_prints_one_object_and_nothing_else(capsys):
    assert main(["run", "--print-config", "--json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out) == load_config().model_dump(mode="json")
    assert out.count("\n") == 1


@pytest.mark.parametrize(("name", "family"), EXAMPLES.items())
def test_the_examples_validate_and_say_which_family_is_not_built(root, capsys, name, family):
    path = root / "examples" / f"{name}.yaml"
    assert main(["run", str(path), "--print-config"]) == 0
    printed = capsys.readouterr()
    assert load_config(yaml.safe_load(printed.out)) == load_config(path)
    if family is None:
        assert printed.err == ""
        return
    assert f"{family} family" in printed.err
    for words in ([str(path)], [str(path), "--dry-run"]):
        assert main(["run", *words]) == 1
        refused = capsys.readouterr()
        assert refused.out == ""
        assert f"{family} family, which this version cannot train yet" in refused.err


def test_the_examples_ask_for_what_they_say(root):
    config = load_config(root / "examples/siglip2-sea.yaml")
    assert config.base == "google/siglip2-so400m-patch14-384"
    assert len(config.to_region().countries) == 11
    stage = config.to_recipe().stages[0]
    assert (stage.learning_rate, stage.weight_decay, stage.batch_size, stage.epochs) == (5e-6, 0.001, 128, 2.0)
    assert len(config.merging.betas) == 11
    assert config.choosing.alpha == 0.434
    assert load_config(root / "examples/own-pictures.yaml").to_region().countries == {"IDN", "MYS"}


WRONG = [
    ("bse", "x", ConfigError, "unknown key 'bse'; did you mean 'base'?"),
    ("corpus.data_dri", "x", ConfigError, "unknown key 'corpus.data_dri'; did you mean 'data_dir'?"),
    ("choosing.alhpa", 0.5, ConfigError, "unknown key 'choosing.alhpa'; did you mean 'alpha'?"),
    ("tasks.0.knd", "retrieval", ConfigError, "unknown key 'tasks.0.knd'; did you mean 'kind'?"),
    ("training.learning_rat", 1e-3, ConfigError, "learning_rat'; did you mean 'learning_rate'?"),
    ("choosing.alpha", {"kof_fiel": "a.csv", "year": 2023}, ConfigError, "unknown key 'choosing.alpha.kof_fiel'; did you mean 'kof_file'?"),
    ("region", {"langages": ["az"]}, ConfigError, "unknown key 'region.langages'; did you mean 'languages'?"),
    ("region", 7, ConfigError, "config: region: .*got 7"),
    ("corpus.exclude", {"language": "az"}, ConfigError, "corpus.exclude.language: .*got 'az'"),
    ("seed", "many", ConfigError, "seed: .*got 'many'"),
    ("resamples", 3, ConfigError, "resamples: .*100"),
    ("merging.betas", 0.5, ConfigError, "merging.betas: .*got 0.5"),
    ("merging.betas", [], ConfigError, "merging.betas"),
    ("merging.betas", [0.0, 1.5], ConfigError, "merging.betas.1: .*less than or equal to 1.*got 1.5"),
    ("merging.betas", [-0.1], ConfigError, "merging.betas.0: .*greater than or equal to 0.*got -0.1"),
    ("merging.method", "lniear", UnknownNameError, "'lniear'.*'linear'"),
    ("choosing.alpha", 43.4, ConfigError, "choosing.alpha.*43.4"),
    ("choosing.alpha", -0.1, ConfigError, "choosing.alpha.*-0.1"),
    ("choosing.min_retention", 98, ConfigError, "choosing.min_retention: .*got 98"),
    ("choosing.margin", 0.9, ConfigError, "choosing: .*min_retention \\+ margin must be at most 1"),
    ("choosing.retention_policy", "lowest", ConfigError, "choosing.retention_policy: .*'lower' or 'point'"),
    ("choosing.alpha", {"kof_file": "no-such.xlsx", "year": 2023}, MissingFileError, "no-such.xlsx"),
    ("region", "Sotheast Asia", UnknownNameError, "'Sotheast Asia'.*[Ss]outh"),
    ("region", ["IDN", "XQZ"], UnknownNameError, "'XQZ'"),
    ("region", [], EmptyRegionError, "region"),
    ("region", {"languages": []}, ConfigError, "region"),
    ("region", {"languages": ["xqz"]}, UnknownNameError, "'xqz'"),
    ("recipe", "siglip2-see", UnknownNameError, "'siglip2-see'.*'siglip2-sea'"),
    ("recipe", "no-such.yaml", MissingFileError, "no-such.yaml"),
    ("corpus.name", "imagefolder-csv", UnknownNameError, "'imagefolder-csv'.*'imagefolder\\+csv'"),
    ("corpus.data_dir", "no/such/folder", MissingFileError, "no/such/folder"),
    ("corpus.data_dir", None, ConfigError, "data_dir"),
    ("corpus.train", "training", ConfigError, "corpus.train: .*no split 'training'.*train, validation, test"),
    ("tasks.0.kind", "retreival", ConfigError, "tasks.0.kind: .*'retrieval'.*got 'retreival'"),
    ("tasks", [], ConfigError, "tasks"),
    ("translation", "nllb", NotBuiltYetError, "translation: 'nllb'"),
    ("base", "no/such/model/folder", MissingFileError, "no/such/model/folder is no folder"),
]


@pytest.mark.parametrize(("place", "value", "error", "match"), WRONG, ids=[f"{place}={value}" for place, value, *_ in WRONG])
def test_a_mistake_is_refused_with_its_key_before_any_work(config, tmp_path, place, value, error, match):
    wrong = with_key(config, place, value)
    for call in (lambda: run(wrong, progress=False), lambda: forecast(load_config(wrong))):
        with pytest.raises(error, match=f"(?s){match}") as caught:
            call()
        assert isinstance(caught.value, RegionalError)
    assert list(tmp_path.iterdir()) == [], "nothing was written"


@pytest.mark.parametrize(("place", "value", "error", "match"), WRONG[:20:6], ids=str)
def test_the_command_line_answers_a_mistake_with_one_line_and_1(capsys, config, tmp_path, place, value, error, match):
    path = write_config(tmp_path / "run.yaml", with_key(config, place, value))
    assert main(["run", str(path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("hf-regional run: ")
    assert printed.err.count("\n") == 1


def test_a_missing_or_broken_file_is_named(capsys, tmp_path):
    assert main(["run", str(tmp_path / "no-such.yaml")]) == 1
    assert "no-such.yaml" in capsys.readouterr().err
    (tmp_path / "broken.yaml").write_text("region: [SEA")
    assert main(["run", str(tmp_path / "broken.yaml")]) == 1
    assert "broken.yaml is no valid YAML" in capsys.readouterr().err
    (tmp_path / "list.yaml").write_text("- SEA")
    assert main(["run", str(tmp_path / "list.yaml")]) == 1
    assert "must hold a mapping" in capsys.readouterr().err


def test_as_a_process_the_exit_code_is_1_and_the_message_on_standard_error(tmp_path, config):
    path = write_config(tmp_path / "run.yaml", with_key(config, "merging.betas", [2]))
    done = command("run", path, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "merging.betas.0" in done.stderr
    assert "Traceback" not in done.stderr
