"""Pictures that shrink while a corpus is built, against Pillow's whole decode."""

import io
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from hf_regional.corpora import load_corpus
from hf_regional.corpora.shrinking import shrink, shrink_rows
from hf_regional.errors import ConfigError
from miniatures.dollar_street import write

_ORIENTATION = 274


def encoded(size, kind="JPEG", mode="RGB", seed=0, **options):
    """Soft blobs of colour, as a photograph has, in `mode`."""
    fields = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(fields).resize(size, Image.Resampling.BICUBIC).convert("RGB" if mode in {"P", "CMYK", "RGBA"} else "L").convert(
        mode
    ).save(data, kind, **options)
    return data.getvalue()


def opened(cell):
    return Image.open(io.BytesIO(cell["bytes"] if isinstance(cell, dict) else cell))


def psnr_db(one, other):
    difference = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    return 10 * np.log10(255**2 / np.mean(difference**2))


@given(st.integers(1, 900), st.integers(1, 900), st.integers(1, 400), st.sampled_from(["JPEG", "PNG", "WEBP"]))
@settings(max_examples=40, deadline=timedelta(seconds=60))
def test_the_longer_side_is_as_asked_or_the_picture_is_as_it_was(width, height, side, kind):
    data = encoded((width, height), kind)
    found = opened(shrink(data, side))
    assert max(found.size) == min(side, max(width, height))
    assert found.format == kind
    if max(width, height) > side:
        assert min(found.size) == pytest.approx(max(1, min(width, height) * side / max(width, height)), abs=1)


def test_a_picture_that_is_small_enough_stays_byte_for_byte():
    data = encoded((384, 256))
    assert shrink(data, 384) is data
    assert shrink({"bytes": data, "path": "a.jpg"}, 384) == {"bytes": data, "path": "a.jpg"}


def test_a_photograph_is_as_the_whole_decode_makes_it(shared):
    for path in sorted((shared / "data" / "dollar_street_sample" / "images").iterdir())[::4]:
        with Image.open(path) as picture:
            large = io.BytesIO()
            picture.convert("RGB").resize([4 * side for side in picture.size], Image.Resampling.LANCZOS).save(large, "JPEG", quality=92)
        found = opened(shrink(large.getvalue(), 384))
        whole = opened(large.getvalue()).convert("RGB").resize(found.size, Image.Resampling.LANCZOS)
        assert psnr_db(found, whole) > 35  # JPEG of quality 90 alone: 36 to 45


def test_a_picture_that_lies_on_its_side_still_stands_upright_and_keeps_its_place():
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    exif.get_ifd(0x8825)[1] = "S"  # GPSLatitudeRef
    found = opened(shrink(encoded((600, 400), exif=exif), 300))
    assert found.size == (300, 200)
    assert ImageOps.exif_transpose(found).size == (200, 300)
    assert found.getexif().get_ifd(0x8825)[1] == "S"


@pytest.mark.parametrize(
    ("mode", "kind", "expected"),
    [
        *(("P", "GIF", "RGBA"), ("RGBA", "PNG", "RGBA"), ("CMYK", "JPEG", "CMYK"), ("L", "JPEG", "L")),
        *(("CMYK", "TIFF", "RGB"), ("F", "TIFF", "RGB"), ("I;16", "PNG", "I;16"), ("1", "PNG", "L"), ("LA", "PNG", "RGBA")),
    ],
)
def test_every_kind_of_colours_shrinks(mode, kind, expected):
    found = opened(shrink(encoded((500, 300), kind, mode), 100))
    assert (found.mode, found.size) == (expected, (100, 60))


@pytest.mark.parametrize("cut", [100, 2_000])
def test_a_picture_that_is_cut_off_is_no_picture(cut):
    data = encoded((900, 600), quality=95)
    assert len(data) > 10_000
    assert shrink(data[:cut], 384) is None


def test_rows_come_in_order_and_no_more_than_a_few_are_read_ahead():
    read = []

    def rows():
        for number in range(2_000):
            read.append(number)
            yield str(number), {"image": b"no picture", "number": number}

    shrunk = shrink_rows(rows(), "image", 100)
    assert next(shrunk) == ("0", {"image": None, "number": 0})
    assert len(read) < 100
    assert [row["number"] for _, row in shrunk] == [*range(1, 2_000)]


def test_a_corpus_shrinks_its_pictures_in_both_modes_and_counts_those_that_do_not_decode(tmp_path, caplog):
    write(tmp_path / "archive")
    pictures = sorted((tmp_path / "archive").rglob("*.jpg"))
    whole = encoded((60, 40), quality=95)
    for picture in pictures[:4]:
        picture.write_bytes(whole)
    pictures[4].write_bytes(whole[: len(whole) // 2])  # its header is whole
    options = {"data_dir": tmp_path / "archive", "longest_side": 20, "split": "train"}
    found = load_corpus("dollar-street", **options, cache_dir=tmp_path / "cache")
    assert [row["image"].size for row in found] == [(20, 13)] * 4 + [(20, 15)] * 3
    assert "left out 1 pictures that cannot be opened" in caplog.text
    assert [row["image"].size for row in load_corpus("dollar-street", **options, streaming=True)] == [row["image"].size for row in found]
    caplog.clear()
    assert load_corpus("dollar-street", **{**options, "longest_side": None}, cache_dir=tmp_path / "cache").num_rows == 7
    assert "left out 1 pictures that are cut short" in caplog.text


def test_the_raw_view_and_no_pixels_are_refused(tmp_path):
    write(tmp_path)
    with pytest.raises(ConfigError, match="'raw' is as published"):
        load_corpus("dollar-street", data_dir=tmp_path, view="raw", longest_side=20)
    with pytest.raises(ConfigError, match="1 or more, got 0"):
        load_corpus("dollar-street", data_dir=tmp_path, longest_side=0)
