"""The size of pictures from their headers, and what becomes of pictures that are none."""

import io
import math
import struct
import warnings
import zlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hf_regional.encoding.headers import Header, open_checked, read_content, read_header
from hf_regional.errors import BadRowError, ConfigError
from hf_regional.filtering.quality import make_scorer

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def picture(width: int, height: int, form: str = "PNG", **how) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, form, **how)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has width x height pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content)) for name, content in chunks
    )


def table(*cells) -> pa.Table:
    return pa.table({"image": pa.array(cells, IMAGE)})


def inline(content: bytes | None, path: str | None = None) -> dict:
    return {"bytes": content, "path": path}


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_usual_format_is_measured(form):
    rows = table(inline(picture(40, 30, form)))
    assert [make_scorer(f"resolution:{measure}").score(rows).values.tolist() for measure in ("side", "pixels", "aspect")] == [
        [30],
        [1200],
        [0.75],
    ]


@given(width=st.integers(1, 60), height=st.integers(1, 60))
def test_the_measures_are_those_of_the_whole_picture_however_it_is_turned(width, height):
    rows = table(inline(picture(width, height)), inline(picture(height, width)))
    for measure, expected in (
        ("side", min(width, height)),
        ("pixels", width * height),
        ("aspect", min(width, height) / max(width, height)),
    ):
        assert make_scorer(f"resolution:{measure}").score(rows).values.tolist() == [np.float32(expected)] * 2


def test_no_pixel_is_decoded():
    content = picture(300, 200, "JPEG")
    rows = table(inline(content[: len(content) // 2]))  # its end is missing, and its header is whole
    assert make_scorer("resolution").score(rows).values.tolist() == [200]


def test_each_fault_is_counted_and_its_row_named(tmp_path):
    (tmp_path / "there.png").write_bytes(picture(20, 10))
    rows = table(
        inline(picture(64, 64)),
        None,
        inline(None, None),
        inline(b"", "empty.jpg"),
        inline(b"\x89PNG\r\n\x1a\n broken"),
        inline(None, str(tmp_path / "there.png")),
        inline(None, "/nowhere/gone.png"),
        inline(bomb(100_000, 100_000), "bomb.png"),
        inline(None, str(tmp_path)),
        inline(None, "a\0b.png"),
    )
    scores = make_scorer("resolution").score(rows)
    np.testing.assert_array_equal(scores.values, [64, math.nan, math.nan, math.nan, math.nan, 10, math.nan, math.nan, math.nan, math.nan])
    assert scores.counts() == {"scored": 2, "missing": 2, "unparsed": 0, "failed": 6}
    said = {detail.row: detail.what for detail in scores.details}
    assert sorted(said) == [3, 4, 6, 7, 8, 9]
    assert "empty.jpg cannot be read" in said[3]
    assert "(inline bytes) cannot be read" in said[4]
    assert "/nowhere/gone.png is not there" in said[6]
    assert "bomb.png unpacks to more pixels than PIL.Image.MAX_IMAGE_PIXELS" in said[7]


def test_a_bomb_is_set_aside_where_pillow_only_warns():
    limit = Image.MAX_IMAGE_PIXELS
    side = math.isqrt(limit) + 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BadRowError, match="unpacks to more pixels"):
            read_header(inline(bomb(side, side)))
        assert read_header(inline(bomb(side - 1, side - 1))) == Header("PNG", side - 1, side - 1)


def test_paths_and_bare_bytes_are_pictures_too(tmp_path):
    (tmp_path / "one.png").write_bytes(picture(20, 10))
    paths = pa.table({"photo": pa.array([str(tmp_path / "one.png"), None])})
    binary = pa.table({"photo": pa.chunked_array([pa.array([picture(8, 9)], pa.large_binary()), pa.array([None], pa.large_binary())])})
    for rows, side in ((paths, 10), (binary, 8)):
        scores = make_scorer({"scorer": "resolution", "image": "photo"}).score(rows)
        assert (scores.values[0], scores.faults.tolist()) == (side, [0, 1])


def test_slices_and_chunks_keep_their_rows():
    whole = pa.concat_tables([table(inline(picture(size, size))) for size in (3, 5, 7, 9)])
    assert make_scorer("resolution").score(whole.slice(1, 2)).values.tolist() == [5, 7]
    assert make_scorer("resolution").score(whole.combine_chunks().slice(2)).values.tolist() == [7, 9]


def test_columns_without_pictures_are_refused_and_empty_ones_are_not():
    for cells in ([1], [[b"a"]]):
        with pytest.raises(ConfigError, match=r"reads pictures as datasets.Image keeps them, bytes, or paths, and column 'image' holds"):
            make_scorer("resolution").score(pa.table({"image": cells}))
    assert make_scorer("resolution").score(pa.table({"image": pa.nulls(2)})).faults.tolist() == [1, 1]
    assert make_scorer("resolution").score(table()).values.shape == (0,)


def test_a_column_of_datasets_images_is_read_as_it_lies():
    import datasets

    made = datasets.Dataset.from_dict({"image": [inline(picture(33, 44)), None]}, datasets.Features({"image": datasets.Image()}))
    assert make_scorer("resolution").score(made.data.table).values.tolist()[0] == 33


def test_the_content_of_a_picture_is_its_file(tmp_path):
    (tmp_path / "one.png").write_bytes(b"file")
    assert read_content(inline(None, str(tmp_path / "one.png"))) == b"file"
    assert read_content(inline(b"inline", str(tmp_path / "one.png"))) == b"inline"
    for cell in (inline(None), inline(None, "/nowhere"), Image.new("RGB", (1, 1))):
        with pytest.raises(BadRowError):
            read_content(cell)


def test_a_program_that_draws_a_picture_is_not_run():
    with pytest.raises(BadRowError, match="a program in EPS, which is not run"):
        open_checked(inline(picture(8, 8, "EPS"), "drawing.eps"))


FORMS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "ICO", "AVIF", "DDS", "JPEG2000", "PPM", "TGA")
WHOLE = [picture(40, 30, form) for form in FORMS if form in Image.registered_extensions().values()]


@pytest.mark.filterwarnings("ignore")  # Pillow's, of odd metadata
@given(
    content=st.sampled_from(WHOLE),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
    kept=st.floats(0.05, 1),
)
def test_no_damage_to_a_file_makes_more_than_a_bad_row(content, changes, kept):
    damaged = bytearray(content[: int(len(content) * kept) + 1])
    for place, value in changes:
        damaged[int(place * min(len(damaged), 200))] = value
    said: list[str] = []
    for read in (read_header, open_checked):
        try:
            read(inline(bytes(damaged)))
        except BadRowError as error:
            said.append(str(error))
    assert all("(inline bytes)" in one for one in said)
