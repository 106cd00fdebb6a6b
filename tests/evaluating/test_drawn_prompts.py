"""Prompts by aspect and country, drawn and scored by a named encoder, and handed over for people to rate."""

import json

import pytest
from PIL import Image
from repainted import SMALL, repaint

from hf_regional.cli import main
from hf_regional.encoding import load_encoder
from hf_regional.errors import BadRowError, MismatchedScoresError, MissingFileError, OutputExistsError
from hf_regional.evaluating import evaluate_model, load_task, open_subject, read_drawn
from hf_regional.evaluating.human import RatedItem, write_rating_sheet
from miniatures import write_miniature


@pytest.fixture(scope="module")
def prompts(tmp_path_factory):
    folder = write_miniature("prompts_csv", tmp_path_factory.mktemp("prompts") / "files")
    return {"data_dir": folder, "cache_dir": tmp_path_factory.mktemp("cache")}


def settings(encoder, **more):
    return {"encoder": str(encoder), "brush": SMALL, **more}


def test_names_become_prompts_by_their_aspect_and_prompts_stay(base, prompts):
    task = load_task("sea-vl-generation", region="SEA", settings=settings(base), **prompts)
    assert task.prompts == [
        "An image of people doing batik making",
        "An image of people eating phở",
        "An image of people at Angkor Wat",
        "A stall, at night",
        "An image of people eating couscous",
    ]
    assert task.rows.sides.tolist() == ["regional"] * 4 + ["global"]
    assert task.rows.groups.tolist() == ["IDN", "VNM", "KHM", "THA", "MAR"]


def test_a_prompt_scores_the_mean_cosine_of_its_pictures(base, pipeline, prompts, tmp_path):
    task = load_task("sea-vl-generation", region="SEA", settings=settings(base, pictures=2), **prompts)
    colours = {(prompt, seed): "red" if seed else "blue" for prompt in task.prompts for seed in (0, 1)}
    repaint(pipeline, tmp_path, colours)
    found = evaluate_model(pipeline, [task], by=["topic"], answers=tmp_path)
    encoder = load_encoder(base)
    red, blue = encoder.encode_images([Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")])
    texts = encoder.encode_texts(task.prompts)
    expected = [(max(text @ red, 0) + max(text @ blue, 0)) / 2 for text in texts]
    metric = f"clip_score by {base.name}"
    assert found.rows[metric].tolist() == pytest.approx(expected, abs=1e-6)
    extras = found.scores["sea-vl-generation"]["extras"]
    assert extras["by_aspect"]["dish"] == pytest.approx((expected[1] + expected[4]) / 2, abs=1e-6)
    assert all(1 <= kinds <= 2.000001 for kinds in extras["vendi"].values())


def test_pictures_of_two_models_are_handed_over_as_a_rating_sheet_takes_them(base, pipeline, prompts, tmp_path):
    task = load_task("sea-vl-generation", settings=settings(base, pictures_to=str(tmp_path / "pictures")), **prompts)
    subject = open_subject(pipeline, answers=tmp_path / "kept")
    evaluate_model(subject, [task], by=[])
    other = tmp_path / "other-sdxl"
    other.symlink_to(pipeline)
    evaluate_model(other, [task], by=[], answers=tmp_path / "kept")
    items, outputs = read_drawn(tmp_path / "pictures")
    assert set(outputs) == {"tiny-sdxl", "other-sdxl"}
    assert items[1] == {"id": "p1-0", "language": "en", "country": "VNM", "prompt": "An image of people eating phở"}
    with Image.open(outputs["tiny-sdxl"]["p1-0"]) as picture:
        assert picture.size == (16, 16)
    sheet = write_rating_sheet([RatedItem(**item) for item in items], outputs, tmp_path / "sheet", criteria=["correctness", "naturalness"])
    assert (sheet.items, sheet.answers) == (5, 10)
    with pytest.raises(OutputExistsError):
        evaluate_model(subject, [task], by=[])


def test_pictures_that_were_not_handed_over_or_not_by_all_are_named(tmp_path):
    with pytest.raises(MissingFileError, match="holds no"):
        read_drawn(tmp_path)
    head = "model,id,language,country,aspect,prompt,seed,picture\n"
    for model, rows in {"one": "one,a,en,,,x,0,0.png\none,b,en,,,y,0,1.png\n", "two": "two,a,en,,,x,0,0.png\n"}.items():
        (tmp_path / model).mkdir()
        (tmp_path / model / "pictures.csv").write_text(head + rows)
    with pytest.raises(MismatchedScoresError, match="two lacks 1 pictures that others have, b-0 first"):
        read_drawn(tmp_path)


def test_a_row_without_a_prompt_is_named(base, tmp_path):
    (tmp_path / "mine.csv").write_text("prompt,country\n,Laos\n")
    with pytest.raises(BadRowError, match=r"mine\.csv, row 0 has neither a prompt nor a name"):
        load_task("sea-vl-generation", settings=settings(base), data_dir=tmp_path, cache_dir=tmp_path / "cache")


def test_the_command_draws_scores_and_prints(base, pipeline, prompts, capsys):
    words = ["evaluate", str(pipeline), "--task", "sea-vl-generation", "--region", "SEA", "--data-dir", str(prompts["data_dir"]), "--json"]
    given = [f"{key}={json.dumps(value)}" for key, value in settings(base).items()]
    assert main([*words, *(word for one in given for word in ("--setting", one))]) == 0
    printed = json.loads(capsys.readouterr().out)["tasks"]["sea-vl-generation"]
    assert (printed["regional"]["n"], printed["global"]["n"]) == (4, 1)
    assert printed["extras"]["encoder"] == base.name
