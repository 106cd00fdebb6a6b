"""Pictures of a tiny random Stable Diffusion XL: the right number, the same again, and never drawn twice."""

import numpy as np
import pytest
from PIL import Image

from hf_regional.errors import DamagedFileError, MismatchedScoresError, OutOfRangeError
from hf_regional.generating import Brush, Painter
from tiny_pipelines import stable_diffusion_xl

SMALL = Brush(steps=1, side=16)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdxl") / "model"
    stable_diffusion_xl().save_pretrained(folder)
    return folder


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture).astype(int)


def test_a_prompt_and_a_seed_make_a_picture_of_the_asked_size_each(pipeline, tmp_path):
    files = Painter(pipeline, SMALL, folder=tmp_path).paint(["a", "a", "b"], [0, 1, 0])
    assert [pixels(file).shape for file in files] == [(16, 16, 3)] * 3
    assert len(set(files)) == 3
    assert (pixels(files[0]) != pixels(files[1])).any()


def test_what_is_in_a_batch_changes_a_picture_by_rounding_at_most(pipeline, tmp_path):
    together = Painter(pipeline, SMALL, folder=tmp_path / "one").paint(["a", "b", "c"], [0, 1, 2])
    alone = Painter(pipeline, SMALL, batch_size=1, folder=tmp_path / "two").paint(["a", "b", "c"], [0, 1, 2])
    for one, other in zip(together, alone, strict=True):
        assert np.abs(pixels(one) - pixels(other)).max() <= 1


def test_what_was_drawn_is_not_drawn_again_and_another_brush_draws_anew(pipeline, tmp_path):
    painter = Painter(pipeline, SMALL, folder=tmp_path)
    (file,) = painter.paint(["a"], [0])
    Image.new("RGB", (16, 16), "red").save(file)  # would be gone if it were drawn again
    assert (pixels(painter.paint(["a", "b"], [0, 0])[0]) == (255, 0, 0)).all()
    assert Painter(pipeline, Brush(steps=2, side=16), folder=tmp_path).paint(["a"], [0])[0] != file


def test_bad_orders_are_refused(pipeline, tmp_path):
    with pytest.raises(MismatchedScoresError, match="2 prompts and 1 seeds"):
        Painter(pipeline, SMALL, folder=tmp_path).paint(["a", "b"], [0])
    with pytest.raises(OutOfRangeError, match="steps and side"):
        Brush(steps=0)
    with pytest.raises(DamagedFileError, match="holds no pipeline"):
        Painter(tmp_path, SMALL, folder=tmp_path / "kept").paint(["a"], [0])
