"""Pictures as data sets keep them: what makes two the same, and what cannot be opened."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hf_regional.encoding import image_key, open_image
from hf_regional.errors import BadRowError


def png(size: tuple[int, int] = (2, 2), colour: str = "red", mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, "png")
    return buffer.getvalue()


def test_inline_bytes_are_the_same_picture_whatever_the_path_says():
    assert image_key({"bytes": b"abc", "path": "a.png"}) == image_key({"bytes": b"abc", "path": None})
    # FIPS 180-2, B.1
    assert image_key({"bytes": b"abc", "path": None}) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert image_key({"bytes": b"abd", "path": "a.png"}) != image_key({"bytes": b"abc", "path": "a.png"})


def test_without_bytes_the_path_is_the_picture():
    assert image_key({"bytes": None, "path": "deep/a.png"}) == image_key({"path": "deep/a.png"}) == "deep/a.png"


def test_open_pictures_are_the_same_if_mode_shape_and_pixels_are():
    wide, tall = Image.new("L", (4, 1)), Image.new("L", (1, 4))
    assert wide.tobytes() == tall.tobytes()
    assert image_key(wide) != image_key(tall)
    assert image_key(wide) == image_key(wide.copy())


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "CMYK", "I"])
def test_pictures_of_every_mode_open_as_rgb(mode):
    opened = open_image(Image.new(mode, (3, 2)))
    assert (opened.mode, opened.size) == ("RGB", (3, 2))


def test_bytes_and_files_open_as_the_same_pixels(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    inline, file = open_image({"bytes": png(), "path": None}), open_image({"bytes": None, "path": str(tmp_path / "a.png")})
    assert np.asarray(inline).tolist() == np.asarray(file).tolist() == [[[255, 0, 0]] * 2] * 2


@pytest.mark.parametrize(("content", "name"), [(b"", "inline bytes"), (b"no picture", "inline bytes"), (png()[:40], "inline bytes")])
def test_broken_bytes_are_a_bad_row(content, name):
    with pytest.raises(BadRowError, match=rf"the picture \({name}\) cannot be opened"):
        open_image({"bytes": content, "path": None})


def test_a_missing_file_is_a_bad_row_that_names_it(tmp_path):
    with pytest.raises(BadRowError, match=r"the picture .*absent\.png cannot be opened"):
        open_image({"bytes": None, "path": str(tmp_path / "absent.png")})


@pytest.mark.parametrize("cell", [None, {}, {"bytes": None, "path": None}])
@pytest.mark.parametrize("call", [image_key, open_image])
def test_an_empty_cell_is_a_bad_row(call, cell):
    with pytest.raises(BadRowError, match="a row has no picture"):
        call(cell)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow's words on broken metadata
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    form=st.sampled_from(["png", "gif", "webp", "jpeg", "bmp", "tiff"]),
    place=st.floats(0, 1, exclude_max=True),
    byte=st.integers(0, 255),
    cut=st.booleans(),
)
def test_a_damaged_picture_opens_or_is_a_bad_row_and_nothing_else(form, place, byte, cut):
    buffer = io.BytesIO()
    Image.effect_noise((9, 7), 50).save(buffer, form)
    content = bytearray(buffer.getvalue())
    content[int(place * len(content))] = byte
    try:
        opened = open_image({"bytes": bytes(content[: int(place * len(content))] if cut else content), "path": None})
    except BadRowError as error:
        assert "cannot be opened" in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert opened.mode == "RGB"
