"""The script that builds emoji-world: its parts on small examples, and whole where the two Debian packages are unpacked."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fontTools", reason="fontTools comes with the extra dev")


@pytest.fixture(autouse=True, scope="module")
def scripts():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[2] / "scripts")
        yield


def note(name, *keywords):
    from emoji_world.annotations import Annotation

    return Annotation(name, list(keywords))


def test_a_set_of_characters_ranges_and_strings_is_read():
    from emoji_world.annotations import _members

    assert _members("[ac-e{x\u200dy\ufe0f}]") == ["a", "c", "d", "e", "x\u200dy"]


def test_a_joined_sequence_has_the_group_of_its_first_character_and_flags_are_flags():
    from emoji_world.annotations import group_of

    groups = {"👩": "Smileys & People", "🌾": "Animals & Nature"}
    assert group_of("👩\u200d🌾", groups) == "Smileys & People"
    assert group_of("🇮🇩", groups) == "Flags"
    assert group_of("🪀", groups) is None


def test_inherited_marks_are_no_texts_and_space_is_one_space(tmp_path):
    from emoji_world.annotations import read_annotations

    for folder, body in {
        "annotations": '<annotation cp="x">↑↑↑</annotation><annotation cp="y">a\u0301  b | c</annotation>',
        "annotationsDerived": '<annotation cp="y" type="tts"> name\n</annotation>',
    }.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "en.xml").write_text(f"<ldml><annotations>{body}</annotations></ldml>", encoding="utf-8")
    assert read_annotations(tmp_path, "en") == {"x": note(None), "y": note("name", "\u00e1 b", "c")}


def test_a_keyword_that_is_the_name_is_only_the_name():
    from emoji_world.assembling import texts_of

    found = texts_of("1F600", ["😀"], {"en": {"😀": note("grin", "Grin", "face", "face")}})
    assert [(text.kind, text.text) for text in found] == [("keyword", "face"), ("name", "grin")]


def test_a_keyword_is_on_the_side_of_the_name_that_it_is_in_another_language():
    from emoji_world.assembling import split_of, texts_of

    word = next(f"w{number}" for number in range(99) if split_of("1F600", f"w{number}") == "test")
    found = texts_of("1F600", ["😀"], {"id": {"😀": note(word)}, "ms": {"😀": note("lain", word.upper(), "lagi")}})
    sides = {(text.language, text.text): text.split for text in found}
    assert sides["id", word] == sides["ms", word.upper()] == "test"
    assert sides["ms", "lagi"] == "train"  # a keyword everywhere


@given(picture=st.text(min_size=1), text=st.text(min_size=1))
def test_a_unit_is_always_on_the_same_one_of_three_sides(picture, text):
    from emoji_world.assembling import split_of

    assert split_of(picture, text) == split_of(picture, text) in {"train", "validation", "test"}


def test_20000_units_part_70_15_15_within_a_point():
    from emoji_world.assembling import split_of

    drawn = [split_of("1F600", str(number)) for number in range(20_000)]
    assert [round(drawn.count(side) / 20_000, 2) for side in ("train", "validation", "test")] == [0.7, 0.15, 0.15]


def test_a_flag_is_written_as_its_two_letters():
    from emoji_world.assembling import picture_id

    assert picture_id("🇮🇩") == "1F1EE-1F1E9"


def test_transparent_pixels_are_white_and_half_transparent_black_is_grey():
    import io

    from emoji_world.font import on_white
    from PIL import Image

    png = io.BytesIO()
    picture = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    picture.putpixel((1, 0), (0, 0, 0, 128))
    picture.save(png, "PNG")
    found = on_white(png.getvalue())
    assert [found.getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (127, 127, 127)]


@pytest.mark.slow
def test_the_script_run_again_gives_the_recorded_content(tmp_path):
    from build_emoji_world import CLDR, FONT, build
    from emoji_world.assembling import write_parquet

    from hf_regional.corpora.emoji_pictures import CONTENT_SHA256, content_digest

    root = Path(os.environ.get("HF_REGIONAL_EMOJI_PACKAGES", "/"))
    if not ((root / FONT).is_file() and (root / CLDR).is_dir()):
        pytest.skip(f"{root} lacks {FONT} or {CLDR}; HF_REGIONAL_EMOJI_PACKAGES names where both packages are unpacked")
    write_parquet(build(root), tmp_path / "again.parquet", effort=0)
    assert content_digest(tmp_path / "again.parquet") == CONTENT_SHA256
