"""Drawn pictures held against real ones of their region, on the miniature of GeoDE: two pictures each of six things, in six countries."""

import json

import numpy as np
import pytest
from repainted import SMALL

from hf_regional.cli import main
from hf_regional.encoding import load_encoder
from hf_regional.errors import ConfigError, MissingColumnError, NoRowsError
from hf_regional.evaluating import evaluate_model, load_task
from hf_regional.evaluating.drawing import cell
from hf_regional.generating import Brush, Painter
from hf_regional.metrics import prdc, prdc_by_region, real_neighbourhoods, vendi_score
from miniatures import write_miniature


@pytest.fixture(scope="module")
def geode(tmp_path_factory):
    folder = write_miniature("geode", tmp_path_factory.mktemp("geode") / "files")
    return {"data_dir": folder, "cache_dir": tmp_path_factory.mktemp("cache")}


def settings(encoder, **more):
    return {"encoder": str(encoder), "pictures": 2, "k": 1, "brush": SMALL, **more}


@pytest.mark.parametrize("k", [1, 3])
def test_the_share_of_pictures_in_a_real_neighbourhood_is_the_precision_and_their_mean_number_the_density(k):
    draw = np.random.default_rng(k)
    real, made = draw.normal(size=(40, 3)), draw.normal(size=(30, 3)) + 0.5
    found = real_neighbourhoods(real, made, k=k)
    whole = prdc(real, made, k=k)
    assert (found > 0).mean() == whole.precision
    assert found.mean() / k == pytest.approx(whole.density)


def test_every_object_is_drawn_for_every_country_that_has_it(base, geode):
    task = load_task("geode-drawn", region="SEA", settings=settings(base), **geode)
    assert task.prompts[::2] == [
        "cooking pot in Indonesia",
        "stove in Philippines",
        "hat in Saudi Arabia",
        "hat in South Africa",
        "house in South Korea",
        "bus in Mexico",
    ]
    assert task.prompts[1::2] == task.prompts[::2]
    assert task.seeds == [0, 1] * 6
    assert task.rows.n_clusters == 6
    assert task.rows.clusters.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert task.rows.sides.tolist() == ["regional"] * 4 + ["global"] * 8
    assert set(task.rows.slices["region"]) == {"SouthEastAsia", "WestAsia", "Africa", "EastAsia", "Americas"}
    assert len(task.real) == 12


def test_precision_is_by_picture_and_the_rest_by_region(base, pipeline, geode, tmp_path):
    task = load_task("geode-drawn", region="SEA", settings=settings(base), **geode)
    found = evaluate_model(pipeline, [task], by=["region"], answers=tmp_path)
    metric = f"precision by {base.name}"
    encoder = load_encoder(base)
    files = Painter(pipeline, Brush(**SMALL), folder=tmp_path).paint(task.prompts, task.seeds)
    drawn, real = encoder.encode_images([cell(file) for file in files]), encoder.encode_images(task.real)
    expected = prdc_by_region(real, drawn, task.real_places.tolist(), task.places.tolist(), k=1)
    extras = found.scores["geode-drawn"]["extras"]
    for region, each in found.scores["geode-drawn"]["by"]["region"].items():
        assert each["value"] == expected.by_region[region].precision
        assert extras["by_region"][region]["coverage"] == expected.by_region[region].coverage
        mine = task.places == region
        assert extras["vendi"][region] == pytest.approx(vendi_score(drawn[mine].astype(float)))
        fits = [np.quantile(found.rows["clip_score"][mine & (task.objects == one)], 0.1) for one in set(task.objects[mine])]
        assert extras["consistency"][region] == pytest.approx(np.mean(fits))
    assert extras["encoder"] == base.name
    assert found.scores["geode-drawn"]["metric"] == metric
    assert set(found.rows[metric]) <= {0.0, 1.0}
    cosine = encoder.encode_texts(task.prompts[:1])[0] @ drawn[0]
    assert found.rows["clip_score"][0] == pytest.approx(max(cosine, 0), abs=1e-6)


def test_real_pictures_stand_for_their_region_as_often_as_asked_and_the_seed_draws_them(base, geode):
    one, again, *others = (load_task("geode-drawn", settings=settings(base, real=1, seed=seed), **geode) for seed in (1, 1, 2, 3, 4, 5))
    assert set(zip(one.real_places, one.real_objects, strict=True)) == {("SouthEastAsia", "cooking pot"), ("SouthEastAsia", "stove")}
    assert [picture["path"] for picture in one.real] == [picture["path"] for picture in again.real]
    assert len({tuple(picture["path"] for picture in task.real) for task in (one, *others)}) > 1


def test_regions_with_too_few_pictures_are_left_out_and_counted(base, geode):
    task = load_task("geode-drawn", settings=settings(base, k=3), **geode)
    assert set(task.places) == {"SouthEastAsia"}
    assert task.counts["pictures to draw of regions where real or drawn ones are 3 or fewer"] == 8
    by_object = load_task("geode-drawn", settings=settings(base, k=1, by_object=True), **geode)
    assert len(by_object.prompts) == 12
    with pytest.raises(NoRowsError, match="nowhere are there more than 9 real and 9 drawn pictures"):
        load_task("geode-drawn", settings=settings(base, k=9), **geode)


def test_an_object_s_pictures_may_be_held_against_its_own_real_ones(base, pipeline, geode, tmp_path):
    task = load_task("geode-drawn", settings=settings(base, by_object=True), **geode)
    rows = evaluate_model(pipeline, [task], by=[], answers=tmp_path).rows
    encoder = load_encoder(base)
    stoves = [cell(file) for file in Painter(pipeline, Brush(**SMALL), folder=tmp_path).paint(["stove in Philippines"] * 2, [0, 1])]
    real = encoder.encode_images([task.real[place] for place in np.flatnonzero(task.real_objects == "stove")])
    inside = real_neighbourhoods(real, encoder.encode_images(stoves), k=1) > 0
    assert rows[task.metric][task.objects == "stove"].tolist() == inside.astype(float).tolist()


def test_a_region_of_another_column_and_a_template_of_other_fields(base, geode):
    task = load_task("geode-drawn", settings=settings(base, prompt="A photo of a {object}, {region}"), **geode)
    assert task.prompts[0] == "A photo of a cooking pot, SouthEastAsia"
    with pytest.raises(MissingColumnError, match="no column 'continent'"):
        load_task("geode-drawn", settings=settings(base, within="continent"), **geode)
    with pytest.raises(ConfigError, match=r"has \{place\}; it may have"):
        load_task("geode-drawn", settings=settings(base, prompt="{object} {place}"), **geode)


@pytest.mark.parametrize(("name", "module"), [("geode-drawn", "geode"), ("dollar-street-drawn", "dollar_street")])
def test_the_command_draws_compares_and_prints(name, module, root, base, pipeline, tmp_path, capsys):
    folder = write_miniature(module, tmp_path / "files")
    shipped = (root / "src/hf_regional/evaluating/tasks" / f"{name}.yaml").read_text(encoding="utf-8")
    own = tmp_path / f"{name}.yaml"  # the miniature's test split has one picture of each region
    own.write_text(shipped.replace("split: test", "split: train"), encoding="utf-8")
    words = ["evaluate", str(pipeline), "--task", str(own), "--region", "SEA", "--data-dir", str(folder), "--json"]
    given = [f"{key}={json.dumps(value)}" for key, value in settings(base, within="region").items()]
    assert main([*words, *(word for one in given for word in ("--setting", one))]) == 0
    printed = json.loads(capsys.readouterr().out)["tasks"][name]
    assert printed["metric"] == f"precision by {base.name}"
    assert 0 <= printed["global"]["value"] <= 1
    assert printed["extras"]["by_region"]
