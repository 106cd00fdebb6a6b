"""Recipes: those that come along, one's own, and how many steps they take."""

import pytest

from hf_regional.adapting import Recipe, Stage, load_recipe, recipe_names
from hf_regional.errors import ConfigError, MissingFileError, NotBuiltYetError, UnknownNameError


def test_every_recipe_that_comes_along_loads_under_its_own_name():
    assert {"emoji-world-clip", "siglip2-sea", "gemma3-sea", "sdxl-sea"} <= set(recipe_names())
    assert [load_recipe(name).name for name in recipe_names()] == list(recipe_names())


@pytest.mark.parametrize(("name", "family"), [("gemma3-sea", "instruction"), ("sdxl-sea", "diffusion")])
def test_a_family_that_is_not_built_is_refused_by_name(name, family):
    with pytest.raises(NotBuiltYetError, match=f"recipe '{name}' is of the {family} family.*it trains: contrastive"):
        load_recipe(name).require_built()


def test_contrastive_recipes_are_built():
    load_recipe("siglip2-sea").require_built()
    load_recipe("emoji-world-clip").require_built()


def test_the_published_settings_of_siglip2_are_these():
    stage = load_recipe("siglip2-sea").stages[0]
    assert (stage.learning_rate, stage.batch_size, stage.epochs, stage.schedule, stage.weight_decay) == (5e-6, 128, 2, "linear", 0.001)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no recipe 'siglip2-see'\. Did you mean 'siglip2-sea'\? Known: emoji-world-clip, "):
        load_recipe("siglip2-see")


def test_a_recipe_of_ones_own_is_a_yaml_file(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "name: mine\nfamily: contrastive\nstages:\n  - {learning_rate: 5e-6, max_steps: 3}\n  - {epochs: 2}\n"
    )
    recipe = load_recipe(tmp_path / "mine.yaml")
    assert recipe == load_recipe(str(tmp_path / "mine.yaml")) == load_recipe(recipe)
    assert [stage.learning_rate for stage in recipe.stages] == [5e-6, 5e-6]
    assert recipe.steps(1000) == 3 + 14  # 1000 // 128 = 7 batches, twice


@pytest.mark.parametrize(
    ("content", "key", "message"),
    [
        ("stages: [{learning_rat: 1}]", "stages.0.learning_rat", "unknown key 'stages.0.learning_rat'; did you mean 'learning_rate'"),
        ("stages: [{}]\nfamly: contrastive", "famly", "unknown key 'famly'; did you mean 'family'"),
        ("stages: [{batch_size: 1}]", "stages.0.batch_size", "greater than 1, got 1"),
        ("stages: [{loss: focal}]", "stages.0.loss", "'auto', 'softmax' or 'sigmoid', got 'focal'"),
        ("stages: []", "stages", "at least 1 item"),
    ],
)
def test_a_mistake_in_a_recipe_is_named_with_its_file_and_key(tmp_path, content, key, message):
    known = "name: mine\n" + ("" if "famly" in content else "family: contrastive\n")
    (tmp_path / "mine.yaml").write_text(known + content)
    with pytest.raises(ConfigError, match=rf"mine\.yaml: .*{message}") as caught:
        load_recipe(tmp_path / "mine.yaml")
    assert caught.value.key == key


def test_a_recipe_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"absent\.yml"):
        load_recipe(tmp_path / "absent.yml")


@pytest.mark.parametrize(
    ("stage", "rows", "steps"),
    [
        (Stage(batch_size=4, epochs=1), 11, 2),  # 2 whole batches, 3 rows left out
        (Stage(batch_size=4, epochs=3), 11, 6),
        (Stage(batch_size=4, epochs=0.5), 16, 2),
        (Stage(batch_size=4, epochs=0.1), 4, 1),  # never none
        (Stage(batch_size=4, epochs=3, max_steps=5), 11, 5),
        (Stage(batch_size=4, epochs=3, max_steps=0), 11, 6),
    ],
)
def test_steps_are_whole_batches_times_epochs_unless_said(stage, rows, steps):
    assert stage.steps(rows) == steps


def test_overriding_changes_every_stage_and_leaves_the_recipe():
    recipe = Recipe(name="two", family="contrastive", stages=(Stage(name="a"), Stage(name="b", epochs=2)))
    changed = recipe.overridden(batch_size=8, trainable=["text_model.*"])
    assert [(stage.name, stage.batch_size, stage.epochs, stage.trainable) for stage in changed.stages] == [
        ("a", 8, 1, ("text_model.*",)),
        ("b", 8, 2, ("text_model.*",)),
    ]
    assert [stage.batch_size for stage in recipe.stages] == [128, 128]
    assert recipe.overridden() == recipe


@pytest.mark.parametrize(
    ("change", "key"), [({"learning_rte": 1}, "stages.0.learning_rte"), ({"learning_rate": -1}, "stages.0.learning_rate")]
)
def test_a_wrong_override_is_named_as_in_a_file(change, key):
    with pytest.raises(ConfigError, match="recipe siglip2-sea: ") as caught:
        load_recipe("siglip2-sea").overridden(**change)
    assert caught.value.key == key
