"""Length and language of texts, by letters and their scripts, against a count in plain Python."""

import math

import numpy as np
import pyarrow as pa
import pytest
from fontTools import unicodedata
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError
from hf_regional.filtering.quality import make_scorer
from hf_regional.filtering.quality.language import Detected, LanguageScorer, wanted_scripts
from hf_regional.filtering.quality.scripts import language_scripts, letters_of, script_weights, weighted_length

# Latin, accents, Greek, Cyrillic, Arabic, Devanagari, Tamil, Thai, Lao, Burmese, Khmer, kana, Han, Hangul, signs and pictographs.
BLOCKS = [(0x20, 0x24F), (0x300, 0x4FF), (0x600, 0x6FF), (0x900, 0x97F), (0xB80, 0xBFF), (0xE00, 0xEFF), (0x1000, 0x109F)]
BLOCKS += [(0x1780, 0x17FF), (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x3040, 0x30FF), (0x4E00, 0x4FFF), (0xAC00, 0xAD00), (0x1F600, 0x1F64F)]
# Code points that this Python does not know yet may have a script by now.
LETTERS = st.one_of(*(st.integers(first, last).map(chr).filter(lambda one: unicodedata.category(one) != "Cn") for first, last in BLOCKS))
TEXTS = st.lists(st.none() | st.text(LETTERS, max_size=30), max_size=12)
SHARED = {"Zyyy", "Zinh"}


def script(character: str) -> str | None:
    """The script of a letter or a mark, by another table than ours."""
    if unicodedata.category(character)[0] not in "LM":
        return None
    own = unicodedata.script(character)
    if own in SHARED and unicodedata.category(character)[0] == "L":
        own = min(unicodedata.script_extension(character) - SHARED, default="Zzzz")
    return None if own in SHARED else own


def arrow(texts) -> pa.Array:
    return pa.array(texts, pa.large_string())


@given(TEXTS)
def test_letters_are_those_that_unicode_names(texts):
    expected = [math.nan if text is None else sum(script(character) is not None for character in text) for text in texts]
    np.testing.assert_array_equal(letters_of(arrow(texts)), expected)


@given(TEXTS)
def test_letters_of_some_scripts_are_those_of_these_scripts(texts):
    expected = [math.nan if text is None else sum(script(character) in {"Thai", "Hani"} for character in text) for text in texts]
    np.testing.assert_array_equal(letters_of(arrow(texts), ("Thai", "Hani")), expected)


@given(TEXTS)
def test_the_length_is_the_sum_of_the_weights(texts):
    def length(text: str) -> float:
        digits = sum(unicodedata.category(character) == "Nd" for character in text)
        return digits + sum(script_weights().get(script(character), 1.0) for character in text if script(character))

    expected = [math.nan if text is None else length(text) for text in texts]
    np.testing.assert_allclose(weighted_length(arrow(texts)), expected, atol=1e-9)


@given(TEXTS, st.integers(0, 12))
def test_slices_and_windows_change_nothing(texts, start):
    from hf_regional.filtering.quality import scripts

    whole, narrow = letters_of(arrow(texts)), scripts._WINDOW
    np.testing.assert_array_equal(letters_of(arrow(texts).slice(start)), whole[start:])
    try:
        scripts._WINDOW = 7  # bytes: characters and texts lie across its edges
        np.testing.assert_array_equal(letters_of(arrow(texts)), whole)
    finally:
        scripts._WINDOW = narrow


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_bytes_that_are_no_utf8_are_counted_somehow_and_never_stop_the_count(cells):
    offsets = np.concatenate([[0], np.cumsum([len(cell) for cell in cells])]).astype(np.int64)
    texts = pa.LargeStringArray.from_buffers(len(cells), pa.py_buffer(offsets), pa.py_buffer(b"".join(cells)))
    lengths = weighted_length(texts)
    assert lengths.shape == (len(cells),)
    assert all(0 <= length <= 4 * len(cell) for length, cell in zip(lengths, cells, strict=True))
    scores = make_scorer("length").score(pa.table({"text": texts}))
    assert scores.counts()["scored"] == len(cells)
    make_scorer("language:th").score(pa.table({"text": texts}))


def test_the_same_thing_said_in_four_scripts_is_about_as_long():
    """One caption, by four hands; words would give Thai 1 and Chinese 1, characters would give Chinese 11."""
    said = ["fried rice with egg at a market stall", "nasi goreng telur di warung pasar", "ข้าวผัดไข่ที่แผงขายในตลาด", "市场摊位上的鸡蛋炒饭"]
    lengths = make_scorer("length").score(pa.table({"text": said})).values
    assert lengths.round().tolist() == [30, 28, 26, 33]


def test_accents_composed_or_not_give_one_length():
    composed = "Phở bò Đà Nẵng"
    pair = [composed, __import__("unicodedata").normalize("NFD", composed)]
    assert len(set(make_scorer("length").score(pa.table({"text": pair})).values.tolist())) == 1


def test_blanks_signs_and_pictographs_have_no_length_and_null_is_missing():
    scores = make_scorer("length").score(pa.table({"text": ["", " \n\t", "?!… «»", "🍜🍜", "7-11", None]}))
    np.testing.assert_array_equal(scores.values, [0, 0, 0, 0, 3, math.nan])
    assert scores.counts() == {"scored": 5, "missing": 1, "unparsed": 0, "failed": 0}


def test_a_text_of_ten_megabytes_is_measured():
    assert make_scorer("length").score(pa.table({"text": ["é" * 5_000_000, "a" * 10_000_000]})).values.tolist() == [5e6, 1e7]


def test_of_a_list_of_captions_the_first_that_is_not_empty_counts():
    rows = pa.table({"caption": [["", "abc", "abcdef"], [], None, [None, "ab"]]})
    scores = make_scorer({"scorer": "length", "text": "caption"}).score(rows)
    np.testing.assert_array_equal(scores.values, [3, math.nan, math.nan, 2])


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_every_kind_of_text_column_is_read(kind):
    rows = pa.table({"text": pa.chunked_array([pa.array(["abc", None]).cast(kind), pa.array(["ab"]).cast(kind)])})
    np.testing.assert_array_equal(make_scorer("length").score(rows).values, [3, math.nan, 2])
    assert make_scorer("length").score(rows.slice(0, 0)).values.shape == (0,)


def test_a_column_of_numbers_is_no_text():
    with pytest.raises(ConfigError, match="'length' reads text, and column 'text' holds int64"):
        make_scorer("length").score(pa.table({"text": [1]}))


def test_a_text_agrees_with_its_language_by_the_share_of_its_letters():
    rows = pa.table(
        {
            "text": ["ข้าวผัด", "khao phat", "ข้าว rice", "Плов", "Plov", "ผัดไทย", "炒饭", "7 🍜", None, "rice"],
            "language": ["th", "Thai", "tha", "az", "az", "lo", "zh", "en", "en", None],
        }
    )
    scores = make_scorer("language").score(rows)
    np.testing.assert_array_equal(scores.values, np.array([1, 0, 0.5, 1, 1, 0, 1, math.nan, math.nan, math.nan], np.float32))
    assert scores.faults.tolist() == [0, 0, 0, 0, 0, 0, 0, 2, 1, 1]
    assert [(detail.row, detail.what) for detail in scores.details] == [(7, "there is no letter in '7 🍜'")]


def test_a_language_that_nobody_knows_is_unparsed_and_named():
    scores = make_scorer("language").score(pa.table({"text": ["nuqneH"], "language": ["Klingonese"]}))
    assert scores.counts()["unparsed"] == 1
    assert scores.details[0].what == "no script is known of the language 'Klingonese'"


def test_a_list_of_languages_asks_for_no_column():
    scorer = make_scorer("language:th,lo")
    assert scorer.reads == ("text",)
    assert scorer.score(pa.table({"text": ["ข้าว", "ເຂົ້າ", "rice", None]})).values.tolist()[:3] == [1, 1, 0]


@given(TEXTS)
def test_agreement_is_a_share(texts):
    values = make_scorer("language:th,vi").score(pa.table({"text": arrow(texts)})).values
    assert all(math.isnan(value) or 0 <= value <= 1 for value in values)


def test_a_detector_tells_what_scripts_cannot():
    """Indonesian and English are both Latin; Malay passes for Indonesian; what the detector cannot tell is left to the script."""

    def detect(texts: pa.Array) -> Detected:
        said = {"nasi goreng": ("ind", 0.9), "fried rice": ("en", 0.8), "nasi lemak": ("ms", 0.7), "ok": (None, 0.0)}
        found = [said.get(text, (None, 0.0)) for text in texts.to_pylist()]
        return Detected(pa.array([code for code, _ in found], pa.string()), np.array([sure for _, sure in found], np.float32))

    rows = pa.table({"text": ["nasi goreng", "fried rice", "nasi lemak", "ok", "ข้าว", None], "language": ["id"] * 6})
    values = LanguageScorer(detector=detect).score(rows).values
    np.testing.assert_allclose(values, [0.9, 0.2, 0.7, 1.0, 0.0, math.nan], atol=1e-6)


def test_without_another_detector_it_is_heard_whether_latin_letters_are_indonesian_or_english():
    rows = pa.table(
        {
            "text": ["Kucing itu tidur di atas meja makan di dapur rumah saya", "The cat is sleeping on the kitchen table in my house"] * 2,
            "language": ["id", "id", "zsm", "en"],
        }
    )
    values = make_scorer("language").score(rows).values
    assert (values[[0, 2, 3]] > 0.9).all()
    assert values[1] < 0.1
    assert make_scorer({"scorer": "language", "scripts_only": True}).score(rows).values.tolist() == [1, 1, 1, 1]


def test_of_a_short_text_the_script_alone_decides():
    rows = pa.table({"text": ["nasi", "ok", "ข้าว"], "language": ["en", "id", "th"]})
    assert make_scorer("language").score(rows).values.tolist() == [1, 1, 1]


@given(TEXTS)
def test_hearing_only_ever_lowers_what_the_script_says(texts):
    rows = pa.table({"text": arrow(texts)})
    heard, written = (
        make_scorer({"scorer": "language", "languages": ["id", "th"], "scripts_only": only}).score(rows) for only in (False, True)
    )
    np.testing.assert_array_equal(heard.faults, written.faults)
    scored = heard.faults == 0
    assert (heard.values[scored] <= written.values[scored] + 1e-6).all()


def test_the_scripts_of_the_languages_of_southeast_asia():
    expected = {
        "id": "Latn",
        "fil": "Latn",
        "vi": "Latn",
        "th": "Thai",
        "lo": "Laoo",
        "km": "Khmr",
        "my": "Mymr",
        "ta": "Taml",
        "zh": "Hani",
    }
    assert all(script in language_scripts()[language] for language, script in expected.items())
    assert wanted_scripts(("ja",)) == ("Hani", "Hira", "Kana")
    assert len(language_scripts()) == 778
