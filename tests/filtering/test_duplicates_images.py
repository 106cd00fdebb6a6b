import io
import struct
import warnings
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image, ImageOps
from planted import planted_copies

from hf_regional.errors import ConfigError, DamagedFileError
from hf_regional.filtering.duplicates import hash_images, hashes_of_table, join_hashes
from hf_regional.filtering.duplicates.thumbnails import colours_of

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SCENE = planted_copies.picture(3)


def file_of(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def hashes_of(*files):
    return hash_images(pa.array(files, pa.binary()))


def apart(*files):
    found = hashes_of(*files)
    assert found.readable.all()
    return int(np.bitwise_count(found.hashes[0] ^ found.hashes[1]))


JPEG = file_of(SCENE, "JPEG", quality=95)
PNG = file_of(SCENE, "PNG")


def test_a_jpeg_decoded_at_a_scale_has_the_hash_of_the_whole_picture():
    large = SCENE.resize((1600, 1200), Image.Resampling.BICUBIC)
    assert apart(file_of(large, "JPEG", quality=95), file_of(large, "PNG")) <= 2


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF", "JPEG2000", "PPM"])
def test_the_format_of_a_file_is_not_seen_in_its_hash(kind):
    assert apart(JPEG, file_of(SCENE, kind)) <= 2


def test_rows_without_an_image_have_no_hash_and_no_fault():
    found = hash_images(pa.array([None, {"bytes": None, "path": None}, {"bytes": JPEG, "path": None}], IMAGE))
    assert found.readable.tolist() == [False, False, True]
    assert found.fault.to_pylist() == [None, None, None]
    assert found.area.tolist() == [0, 0, 320 * 240]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "empty"),
        (b"not an image", "unreadable"),
        (JPEG[: len(JPEG) // 2], "unreadable"),
        (PNG[:100] + b"\xff" * 5000 + PNG[5100:], "unreadable"),
        (b"P5\n0 7\n255\n", "unreadable"),
    ],
)
def test_what_cannot_be_read_is_named_and_stands_alone(content, fault):
    found = hashes_of(JPEG, content, JPEG)
    assert found.fault.to_pylist() == [None, fault, None]
    assert found.readable.tolist() == [True, False, True]
    assert found.hashes[0] == found.hashes[2]
    assert found.hashes[1] == 0


def test_postscript_is_no_image_and_starts_no_interpreter(monkeypatch):
    started = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *given, **named: started.append(given) or SCENE.im)
    found = hashes_of(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    assert found.fault.to_pylist() == ["unreadable"]
    assert not started


def png_that_claims(width, height):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    parts = [struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("side", [10_000, 14_000, 100_000])  # Pillow warns of the first and refuses the others
def test_a_decompression_bomb_is_not_decoded(side):
    assert hashes_of(png_that_claims(side, side)).fault.to_pylist() == ["bomb"]


def test_warnings_are_as_they_were_after_a_bomb():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        hashes_of(png_that_claims(10_000, 10_000))
        warnings.warn("still heard", UserWarning, stacklevel=1)
    assert [str(one.message) for one in caught] == ["still heard"]


def test_files_are_read_where_a_row_holds_a_path(tmp_path):
    (tmp_path / "scène.jpg").write_bytes(JPEG)
    paths = [str(tmp_path / "scène.jpg"), str(tmp_path / "gone.jpg"), str(tmp_path), ""]
    inside = hash_images(pa.array([{"bytes": None, "path": path} for path in paths], IMAGE))
    assert inside.fault.to_pylist() == [None, "missing-file", "unreadable", "unreadable"]
    assert inside.hashes[0] == hashes_of(JPEG).hashes[0]
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        assert hash_images(pa.array(paths, kind)).fault.to_pylist() == inside.fault.to_pylist()


def test_paths_that_no_file_system_knows_are_faults_and_no_crash():
    odd = pa.array([b"/tmp/\xed\xa0\x80.jpg", b"a\0b", b"\xff"], pa.binary()).view(pa.string())
    assert hash_images(odd).fault.to_pylist() == ["missing-file", "unreadable", "missing-file"]


def test_an_animation_is_its_first_frame():
    frames = [SCENE, planted_copies.picture(4), planted_copies.picture(5)]
    gif = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert apart(gif, PNG) <= 2
    assert hashes_of(gif, PNG).oddities == {"frames": 1}


def test_inks_are_read_as_colours():
    cmyk = file_of(SCENE.convert("CMYK"), "JPEG", quality=95)
    assert apart(cmyk, PNG) <= 2
    assert hashes_of(cmyk).oddities == {"cmyk": 1}


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_stretched_and_not_cut_off_at_255(kind):
    grey = np.asarray(SCENE.convert("L"), np.uint16)
    deep = file_of(Image.fromarray(grey * 257), kind)
    assert apart(deep, file_of(SCENE.convert("L"), "PNG")) <= 2
    assert hashes_of(deep).oddities == {"deep": 1}


def test_thirty_two_bits_with_holes_are_stretched_too():
    values = np.asarray(SCENE.convert("L"), np.float32) / 255
    values[:2, :2] = np.nan
    found = hashes_of(file_of(Image.fromarray(values), "TIFF"), PNG)
    assert np.bitwise_count(found.hashes[0] ^ found.hashes[1]) <= 6


def test_what_lies_under_transparent_pixels_is_not_seen():
    alpha = Image.new("L", SCENE.size, 0)
    alpha.paste(255, (0, 0, 320, 120))
    upper, hidden = SCENE.copy(), planted_copies.picture(9)
    hidden.paste(SCENE.crop((0, 0, 320, 120)), (0, 0))
    hidden.putalpha(alpha)
    upper.paste((255, 255, 255), (0, 120, 320, 240))
    assert apart(file_of(hidden, "PNG"), file_of(upper, "PNG")) == 0
    assert hashes_of(file_of(hidden, "PNG")).oddities == {"transparent": 1}


def test_a_palette_with_transparent_entries_is_laid_on_white():
    palette = SCENE.quantize(64)
    assert apart(file_of(palette, "PNG", transparency=bytes([255] * 64)), PNG) <= 4
    assert hashes_of(file_of(palette, "GIF", transparency=0)).oddities == {"transparent": 1}


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_picture_is_hashed_as_it_is_seen(orientation):
    turned = Image.Exif()
    turned[0x0112] = orientation
    lying = file_of(SCENE, "JPEG", quality=95, exif=turned)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(lying)))
    found = hashes_of(lying, file_of(upright, "PNG"))
    assert np.bitwise_count(found.hashes[0] ^ found.hashes[1]) <= 2
    assert np.abs(found.colours[0].astype(int) - found.colours[1]).max() <= 2
    assert found.oddities == {"turned": 1}


def test_a_broken_tag_does_not_break_the_picture():
    assert hashes_of(file_of(SCENE, "JPEG", quality=95, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01")).readable.all()


def test_colours_are_kept_where_they_are():
    halves = Image.new("RGB", (80, 80), (200, 0, 0))
    halves.paste((0, 0, 200), (40, 0, 80, 80))
    found = colours_of(halves).reshape(4, 4, 2)
    # Red: 200 / (200 + 64) of 127 on the first axis, and -100 / 264 on the second; blue: 0 and 200 / 264.
    assert found[:, :2].reshape(-1, 2).tolist() == [[128 + 96, 128 - 48]] * 8
    assert found[:, 2:].reshape(-1, 2).tolist() == [[128, 128 + 96]] * 8


@given(st.integers(0, 255))
def test_grey_is_neutral(grey):
    assert (colours_of(Image.new("RGB", (8, 8), (grey, grey, grey))) == 128).all()


def test_chunks_slices_and_blocks_change_nothing():
    small = [file_of(image.resize((48, 36)), "JPEG") for image in (SCENE, planted_copies.picture(8))]
    files = [small[0], None, small[1], b"", small[0]] * 220  # more than one block of 1,024
    whole = pa.array(files, pa.binary())
    expected = hash_images(whole)
    pieces = pa.chunked_array([whole[:7], whole[7:7], whole[7:]])
    for found in (hash_images(pieces), join_hashes([hash_images(whole[:1000]), hash_images(whole[1000:])]), hash_images(whole, threads=1)):
        assert (found.hashes == expected.hashes).all()
        assert (found.colours == expected.colours).all()
        assert (found.readable == expected.readable).all()
        assert found.fault.equals(expected.fault)
    assert expected.fault.value_counts().to_pylist()[1] == {"values": "empty", "counts": 220}


def test_no_rows_are_no_hashes():
    assert len(hash_images(pa.array([], IMAGE))) == 0


def test_hashes_kept_in_a_file_are_the_hashes(tmp_path):
    gif = file_of(SCENE, "GIF", save_all=True, append_images=[planted_copies.picture(4)])
    found = hashes_of(JPEG, None, b"", gif)
    pq.write_table(found.as_table(), tmp_path / "hashes.parquet")
    again = hashes_of_table(pq.read_table(tmp_path / "hashes.parquet"))
    for name in ("hashes", "readable", "colours", "area"):
        assert (getattr(again, name) == getattr(found, name)).all()
    assert again.fault.equals(found.fault)
    assert again.oddities == found.oddities == {"frames": 1}
    assert len(hashes_of_table(found.as_table()[:0])) == 0
    with pytest.raises(DamagedFileError, match="hash the images anew"):
        hashes_of_table(pa.table({"a": [1]}))


@pytest.mark.parametrize("column", [pa.array([1, 2]), pa.array([[1.0]]), pa.array([{"a": 1}])])
def test_a_column_that_holds_no_images_is_refused_by_its_type(column):
    with pytest.raises(ConfigError, match="struct<bytes, path>"):
        hash_images(column)


@settings(max_examples=150)
@given(st.data())
def test_damaged_files_never_crash(data):
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "ICO", "TGA"]))
    content = bytearray(file_of(SCENE.resize((48, 36)), kind))
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), min_size=1, max_size=20)):
        content[place] = value
    found = hashes_of(bytes(content[: data.draw(st.integers(0, len(content)))]))
    assert found.readable.tolist() == [found.fault.to_pylist() == [None]]
