from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError
from hf_regional.filtering.evidence.detected import find, votes
from hf_regional.filtering.evidence.detector import heard_in
from hf_regional.filtering.evidence.scripts import SPAN, script_languages, written_in
from hf_regional.filtering.hits import NOWHERE, country_codes
from hf_regional.regions import Region, countries_of_language

SEA = Region("SEA").countries
SENTENCES = {
    "th": "แม่ค้าพายเรือขายผลไม้ในตลาดน้ำทุกเช้า",
    "lo": "ແມ່ຂາຍໝາກໄມ້ຢູ່ຕະຫຼາດທຸກເຊົ້າ",
    "my": "မနက်တိုင်း ဈေးထဲမှာ သစ်သီးရောင်းသည်",
    "km": "ម្ដាយលក់ផ្លែឈើនៅផ្សាររៀងរាល់ព្រឹក",
    "vi": "Mỗi sáng mẹ tôi chèo thuyền ra chợ nổi để bán trái cây",
    "fil": "Tuwing umaga ay nagtitinda ang nanay ko ng mga prutas sa palengke",
    "id-ms": "Setiap pagi ibu saya berjualan buah-buahan di pasar dekat rumah",
    "jv": "Saben esuk ibuku adol woh-wohan ana ing pasar cedhak omah",
    "ta": "என் அம்மா தினமும் காலையில் சந்தையில் பழங்கள் விற்கிறார்",
    "zh": "我妈妈每天早上在市场上卖新鲜的水果和蔬菜",
    "zh-Hant": "我媽媽每天早上在市場上賣新鮮的水果和蔬菜給鄰居們",
    "en": "Every morning my mother sells fresh fruit at the market near our house",
    "de": "Jeden Morgen verkauft meine Mutter frisches Obst auf dem Markt in unserer Straße",
    "ja": "母は毎朝、家の近くの市場で新鮮な果物を売っています",
}


def found(cells, **settings):
    """Row -> {country: confidence}, and row -> language."""
    hits = find(cells if isinstance(cells, pa.Array | pa.ChunkedArray) else pa.array(cells, pa.string()), "text", **settings)
    countries, languages = defaultdict(dict), {}
    for row, language, country, sure in zip(hits.row.tolist(), hits.value.to_pylist(), hits.country, hits.confidence, strict=True):
        languages[row] = language
        if country != NOWHERE:
            countries[row][country_codes()[country]] = float(sure)
    return dict(countries), languages


def sea(shares):
    return sum(share for country, share in shares.items() if country in SEA)


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_heard_as_its_language(language):
    assert found([SENTENCES[language]])[1] == {0: language}


@pytest.mark.parametrize(
    ("language", "country"), [("th", "THA"), ("lo", "LAO"), ("my", "MMR"), ("km", "KHM"), ("vi", "VNM"), ("fil", "PHL"), ("jv", "IDN")]
)
def test_a_language_of_one_country_names_it(language, country):
    shares = found([SENTENCES[language]])[0][0]
    assert max(shares, key=shares.get) == country
    assert shares[country] >= 0.9


@pytest.mark.parametrize("language", ["en", "zh", "zh-Hant", "ta", "de", "ja"])
def test_languages_of_the_world_never_select_southeast_asia(language):
    assert sea(found([SENTENCES[language]])[0][0]) < 0.2


def test_english_names_no_country_at_all():
    assert max(found([SENTENCES["en"]])[0][0].values()) < 0.2


def test_indonesian_and_malay_are_one_group_that_only_a_region_with_both_wins():
    shares = found([SENTENCES["id-ms"], "Kereta api berhenti di stesen kerana hujan lebat petang semalam"])[0]
    for row in (0, 1):
        assert set(shares[row]) == {"IDN", "MYS"}
        assert max(shares[row].values()) < 0.5
        assert sea(shares[row]) >= 0.9


def test_the_votes_of_the_group_are_half_of_each_languages_and_malay_of_indonesia_is_not_counted_twice():
    malay, indonesian = countries_of_language("ms"), countries_of_language("id")
    outside = 1 - malay["IDN"]
    assert dict(votes("id-ms")) == {
        "IDN": pytest.approx(0.5 * indonesian["IDN"]),
        "MYS": pytest.approx(0.5 * malay["MYS"] / outside),
    }


@pytest.mark.parametrize("language", ["th", "en", "zh", "ta", "fil", "vi", "xh", "ko"])
def test_votes_are_the_shares_of_speakers_from_one_in_twenty_up(language):
    expected = {country: share for country, share in countries_of_language(language).items() if share >= 0.05}
    assert dict(votes(language)) == pytest.approx(expected)


def test_burmese_is_burmese_in_zawgyi_too():
    # "Myanmar" as Zawgyi writes it: the sign of the medial ra stands before its letter.
    assert found(["ျမန္မာႏိုင္ငံ", "မြန်မာနိုင်ငံ"], scripts_only=True)[1] == {0: "my", 1: "my"}


@pytest.mark.parametrize("text", ["", " ", "Bali", "Laksa!", "IMG_2041", "12345", "฿100", "🍜🍜🍜🍜🍜🍜", "?!…—", "ไทย"])
def test_short_texts_say_nothing(text):
    assert found([text]) == ({}, {})


def test_four_letters_of_a_script_of_its_own_are_enough():
    assert found(["ข้าว", "ຕຳໝາກ", "ខ្មែរ", "မြန်မာ"], scripts_only=True)[1] == {0: "th", 1: "lo", 2: "km", 3: "my"}


def test_what_is_written_in_two_scripts_counts_by_its_share():
    # 6 letters of Thai and 7 of Latin
    countries, languages = found(["Pad Thai ผัดไทย"], scripts_only=True)
    assert languages == {0: "th"}
    assert countries[0]["THA"] == pytest.approx(6 / 13)


def test_an_english_caption_that_quotes_a_thai_name_is_english():
    assert found(["The famous stir-fried noodles of the old town, called ผัดไทย on every menu"])[1] == {0: "en"}


def test_few_short_words_are_not_taken_for_a_language_that_few_speak():
    # Heard as Xhosa and as Danish, which they are not.
    assert found(["Phi Ta Khon ghost masks, Dan Sai, Loei", "Kembang sakura ing Tokyo, Jepang"])[1] == {}


def test_without_the_detector_only_scripts_are_read():
    assert found([SENTENCES["vi"], SENTENCES["th"]], scripts_only=True)[1] == {1: "th"}


def test_bytes_that_are_no_unicode_controls_and_huge_texts_pass_through():
    english = SENTENCES["en"]
    broken = pa.array([b"\xed\xa0\x80" + english.encode(), b"\xff" * 50, english.encode() + b"\x00\x01 \xef\xbf\xbe", b"\xe0"]).view(
        pa.string()
    )
    assert found(broken)[1] == {0: "en", 2: "en"}
    assert found([english + " x" * 5_000_000, SENTENCES["th"] * 100_000])[1] == {0: "en", 1: "th"}


def test_of_a_list_every_text_speaks():
    column = pa.array([[SENTENCES["th"], None, SENTENCES["vi"]], None, [], [SENTENCES["km"]]])
    hits = find(column, "captions")
    assert list(zip(hits.row.tolist(), hits.value.to_pylist(), strict=True)) == [(0, "th"), (0, "vi"), (3, "km")]


@pytest.mark.parametrize(
    "column", [pa.nulls(2), pa.array([], pa.string()), pa.array([None], pa.string()), pa.chunked_array([], pa.string())]
)
def test_columns_without_a_text_have_no_hits(column):
    assert found(column) == ({}, {})


def test_a_column_of_numbers_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"'caption' holds double"):
        find(pa.array([1.0]), "caption")


def letters(text):
    return sum(character.isalpha() or "\u0e00" <= character <= "\u0e7f" for character in text)


@given(thai=st.text("กขคงจฉชซ", max_size=20), latin=st.text("abc XYZ-12", max_size=20), greek=st.text("αβγδ", max_size=10))
def test_the_share_of_a_script_is_counted_in_letters(thai, latin, greek):
    text = latin + thai + greek
    written = written_in(pa.array([text.encode()], pa.large_binary()))
    most = max(len(thai), len(greek))
    if most < 4:
        assert written.language.tolist() == [-1]
    else:
        assert written.share[0] == pytest.approx(most / letters(text))
        expected = {"th"} if len(thai) > len(greek) else {"el"} if len(greek) > len(thai) else {"th", "el"}
        assert script_languages()[written.language[0]] in expected


@given(cells=st.lists(st.one_of(st.none(), st.sampled_from([*SENTENCES.values()]), st.text(max_size=40)), max_size=20))
def test_rows_ascend_and_batches_do_not_matter(cells):
    column = pa.array(cells, pa.string())
    hits = find(column, "text")
    assert (np.diff(hits.row) >= 0).all()
    assert ((hits.confidence >= 0) & (hits.confidence <= 1)).all()
    countries, languages = found(column)
    for row in range(len(cells)):
        one = found(column.slice(row, 1))
        assert (one[0].get(0), one[1].get(0)) == (countries.get(row), languages.get(row))


def test_only_the_head_of_a_text_is_looked_at():
    late = "x" * SPAN + SENTENCES["th"]
    assert written_in(pa.array([late.encode()], pa.large_binary())).language.tolist() == [-1]


def test_the_detector_gives_codes_of_cldr_and_shares():
    texts = [SENTENCES["fil"], SENTENCES["jv"], "שלום לכולם, זה טקסט בעברית על השוק"]
    heard = heard_in(pa.array([text.encode() for text in texts], pa.large_binary()))
    assert [heard.languages[place] for place in heard.language] == ["fil", "jv", "he"]
    assert (heard.share > 0.9).all()
