import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_regional.filtering.evidence.text.clauses import read_signs
from hf_regional.filtering.evidence.text.folding import code_points, fold, fold_text
from hf_regional.filtering.evidence.text.plain import fold_plain
from hf_regional.filtering.evidence.text.zawgyi import convert, is_zawgyi


@pytest.mark.parametrize(
    ("zawgyi", "unicode"),
    [
        ("ျမန္မာႏိုင္ငံ", "မြန်မာနိုင်ငံ"),
        ("ရန္ကုန္ၿမိဳ႕", "ရန်ကုန်မြို့"),
        ("ေရႊတိဂံုဘုရား", "ရွှေတိဂုံဘုရား"),
        ("မႏၲေလး", "မန္တလေး"),
        ("အဂၤလန္", "အင်္ဂလန်"),
    ],
)
def test_zawgyi_is_told_from_unicode_and_put_into_it(zawgyi, unicode):
    assert is_zawgyi(zawgyi)
    assert not is_zawgyi(unicode)
    assert fold_text(convert(zawgyi).text) == fold_text(unicode)


def test_every_converted_character_knows_where_it_came_from():
    text = "xရန္y"
    converted = convert(text)
    assert [text[place] for place in converted.origin] == ["x", "ရ", "န", "\u1039", "y"]


def by_the_book(text):
    """Folding of Latin text by the standard library alone, character by character."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not "\u0300" <= char < "\u0370")
    return " ".join("".join(char if char.isalnum() else " " for char in plain).split())


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x24F, blacklist_characters="\xadđĐøØłŁħĦŧŦŋŊıæÆðÐþÞƟɵœŒʼn"), max_size=30))
@settings(max_examples=200)
def test_latin_letters_fold_as_the_standard_library_says(text):
    lowered = text.casefold()  # a capital behind a small letter would begin a word
    book = by_the_book(lowered)
    if book.isascii():  # letters of Latin B that Unicode does not decompose stay themselves
        assert fold_text(lowered) == book


@given(st.text(max_size=40))
def test_each_folded_character_stems_from_one_of_the_text_in_order(text):
    folded = fold(code_points(text))
    origin = folded.origins.given(np.arange(len(folded.codes)))
    assert (np.diff(origin) >= 0).all()
    assert origin.max(initial=0) < max(len(text), 1)
    assert len(read_signs(code_points(text), folded).codes) == len(folded.codes)


ascii_texts = st.text(st.one_of(st.sampled_from("aAbB  -#.,'\x1e\n"), st.characters(max_codepoint=0x7F)), max_size=60)


@given(ascii_texts)
@settings(max_examples=300)
def test_ascii_is_folded_by_bytes_as_all_text_is_by_characters(text):
    quick, whole, places = fold_plain(text.encode()), fold(code_points(text)), np.arange(len(text))
    assert quick.text() == whole.text()
    assert np.array_equal(quick.origins.given(np.arange(len(quick.codes))), whole.origins.given(np.arange(len(whole.codes))))
    assert np.array_equal(quick.origins.folded(places), whole.origins.folded(places))
    assert np.array_equal(quick.signs, whole.signs)
    assert np.array_equal(quick.capitals, whole.capitals)


def test_a_capital_between_small_letters_and_blanks_in_a_row_leave_all_else_its_place():
    folded = fold_plain(b"a,  bCd - e")
    assert folded.text() == "a b cd e"
    assert folded.origins.given(np.arange(8)).tolist() == [0, 1, 4, 5, 5, 6, 7, 10]  # the blank before C stems from the C
    assert folded.origins.folded(np.array([0, 1, 2, 4, 5, 8, 10])).tolist() == [0, 1, 1, 2, 4, 6, 7]
