import pickle
import unicodedata
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import BadRowError, ConfigError, MissingColumnError, UnknownNameError
from hf_regional.filtering.evidence.text import Matcher, Rules, find
from hf_regional.filtering.evidence.text.folding import fold_text
from hf_regional.filtering.evidence.text.readings import Readings
from hf_regional.filtering.evidence.text.scripts import endings_of, may_go_on
from hf_regional.filtering.hits import country_codes


@dataclass(frozen=True)
class Terms:
    text: list[str]
    country: list[str]
    category: list[str]
    weight: list[float]


TERMS = """
Thailand THA country .95 | Bangkok THA capital .95 | Thai THA demonym .9 | ไทย THA country .9 | กรุงเทพ THA capital .95 | ปาย THA city .6
Phuket THA province .9 | pad thai THA dish .8 | ภูเก็ต THA province .9 | เชียงใหม่ THA city .95 | タイ THA country .95 | 泰国 THA country .95
曼谷 THA capital .95 | Таиланд THA country .95 | தாய்லாந்து THA country .95 | تايلاند THA country .95 | 태국 THA country .95
Vietnam VNM country .95 | Hà Nội VNM capital .95 | Hanoi VNM capital .95 | Đà Nẵng VNM city .95 | Huế VNM city .9 | phở VNM dish .7
Vietnamese VNM demonym .9 | Myanmar MMR country .95 | မြန်မာ MMR country .95 | ရန်ကုန် MMR capital .95 | Burmese MMR demonym .9
Singapore SGP country .95 | 新加坡 SGP country .95 | Malaysia MYS country .95 | Kuala Lumpur MYS capital .95 | Phnom Penh KHM capital .95
Cambodia KHM country .95 | ភ្នំពេញ KHM capital .95
Indonesia IDN country .95 | Bali IDN province .95 | Balinese IDN demonym .8
Java IDN province .95
Philippines PHL country .95 | Manila PHL capital .95 | Pinoy PHL demonym .85 | ລາວ LAO country .9 | Laos LAO country .95
ສະຫວັນນະເຂດ LAO province .95 | London GBR capital .9 | Paris FRA capital .9 | Sydney AUS city .9 | Turkey TUR country .95
Istanbul TUR city .95 | Jordan JOR country .95 | Amman JOR capital .95 | Georgia GEO country .95 | Guinea GIN country .95
Papua New Guinea PNG country .95 | Niger NER country .95 | Nigeria NGA country .95 | San José CRI capital .4 | San José USA city .5
Costa Rica CRI country .95 | Melaka MYS province .9 | Kelantan MYS province .9 | 日本 JPN country .95 | 東京 JPN capital .95
"""


def terms_of(table):
    rows = [entry.split() for line in table.strip().splitlines() for entry in line.split("|")]
    names, countries, categories, weights = zip(*((" ".join(row[:-3]), *row[-3:]) for row in rows), strict=True)
    return Terms([*names], [*countries], [*categories], [float(weight) for weight in weights])


MATCHER = Matcher.build(terms_of(TERMS))


def hits_of(*texts):
    return find(pa.array(texts, pa.string()), "caption", MATCHER)


def sure(text, matcher=MATCHER):
    """The countries that a text is evidence of, as codes with a blank between."""
    hits = find(pa.array([text], pa.string()), "caption", matcher)
    return " ".join(sorted({country_codes()[place] for place in hits.country[hits.confidence >= 0.5]}))


def entries(hits):
    codes = [country_codes()[place] for place in hits.country]
    return list(zip(hits.row.tolist(), hits.value.to_pylist(), codes, hits.start.tolist(), hits.end.tolist(), strict=True))


def test_a_hit_names_its_row_its_words_its_country_and_where_they_stand():
    hits = hits_of("a cat", None, "", "Sunset in Đà Nẵng!", "From Bali to Phuket")
    assert entries(hits) == [(3, "Đà Nẵng", "VNM", 10, 17), (4, "Bali", "IDN", 5, 9), (4, "Phuket", "THA", 13, 19)]
    assert (hits.kind, hits.columns, hits.column.tolist()) == ("text", ("caption",), [0, 0, 0])
    assert (hits.row.dtype, hits.country.dtype, hits.confidence.dtype, hits.start.dtype) == (np.int64, np.int16, np.float32, np.int32)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("in KUALA   LUMPUR today", "KUALA   LUMPUR"),
        ("near Phnom-Penh", "Phnom-Penh"),
        ("Ｂａｎｇｋｏｋ", "Ｂａｎｇｋｏｋ"),
        ("da nang bridge", "da nang"),
        (unicodedata.normalize("NFD", "ở Đà Nẵng"), unicodedata.normalize("NFD", "Đà Nẵng")),
        ("Bang\u200bkok by night", "Bang\u200bkok"),
        ("#VisitSingapore now", "Singapore"),
        ("#visitsingapore now", "singapore"),
        ("#BangkokStreetFood", "Bangkok"),
        ("#pinoytravel", "pinoy"),
        ("Bangkok's canals", "Bangkok"),
        ("pantai Phuketnya indah", "Phuketnya"),
        ("two Balinese dancers", "Balinese"),
        ("отдых в Таиланде", "Таиланде"),
        ("தாய்லாந்தில் கோயில்", "தாய்லாந்தில்"),
        ("السفر إلى تايلاند", "تايلاند"),
        ("태국에서 먹은", "태국에서"),
        ("วัดในกรุงเทพมหานคร", "กรุงเทพ"),
        ("夜晚的曼谷街头", "曼谷"),
        ("ျမန္မာႏိုင္ငံ", "ျမန္မာ"),
    ],
)
def test_a_name_is_found_however_it_is_written_and_its_place_is_that_of_the_original(text, words):
    hits = hits_of(text)
    assert hits.value.to_pylist() == [words]
    assert text[hits.start[0] : hits.end[0]] == words


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("javascript and Manilow", "Latin words"),
        ("冬用タイヤの交換方法", "a katakana word goes on"),
        ("เปายก", "a vowel before the first letter"),
        ("ปายา", "a vowel behind the last letter"),
        ("ปายั", "a vowel sign belongs to the last letter"),
        ("thaiboxing", "no ending of a name"),
    ],
)
def test_a_part_of_a_longer_word_is_no_name(text, inside):
    assert entries(hits_of(text)) == [], inside


def test_only_what_begins_no_ending_is_passed_over_without_a_look():
    last, following = (column.ravel() for column in np.meshgrid(np.arange(0x100), np.arange(0x100)))
    for before, after, may in zip(last.tolist(), following.tolist(), may_go_on(last, following).tolist(), strict=True):
        allowed = endings_of(chr(before))
        assert may or (allowed is not None and not any(ending.startswith(chr(after)) for ending in allowed))
    assert not may_go_on(np.array([ord("a")]), np.array([ord("g")]))[0]  # "vinta" in "vintage"


def test_the_longest_name_wins():
    assert sure("Papua New Guinea") == "PNG"
    assert sure("Nigeria") == "NGA"


@pytest.mark.parametrize(
    ("text", "countries"),
    [
        # What is called after a place is not there.
        ("Leftover turkey sandwich with cranberry sauce", ""),
        ("Air Jordan sneakers", ""),
        ("Java programming for beginners", ""),
        ("A4 manila envelopes", ""),
        ("Guinea pig in a cage", ""),
        ("Balinese cat on a sofa", ""),
        ("Jordan Peterson on stage", ""),
        ("Thai restaurant, open daily", ""),
        # Where the text names the real place, that is the answer.
        ("Thai restaurant in London", "GBR"),
        ("Singapore noodles in London", "GBR"),
        ("pho in Paris", "FRA"),
        ("Ristorante vietnamita... Vietnamese food in Sydney", "AUS"),
        ("Terraced houses on Bangkok Street, London", "GBR"),
        ("Little Manila in Sydney", "AUS"),
        ("Balloons over Cappadocia, Turkey", "TUR"),
        ("A mosque in Turkey", "TUR"),
        ("Desert camp near Amman, Jordan", "JOR"),
        # Several real places all count.
        ("From Singapore to Sydney", "AUS SGP"),
        ("in Thailand, Malaysia and Cambodia", "KHM MYS THA"),
        # The country settles which city it is.
        ("San José, Costa Rica", "CRI"),
        ("Cotton gin in Manila, Arkansas", "USA"),
        ("泰国曼谷的寺庙", "THA"),
        # What comes from a culture counts where no place is named.
        ("A plate of pad thai", "THA"),
        ("Thai fishermen mending nets", "THA"),
        ("home at last 🇵🇭", "PHL"),
        # In the languages of the region.
        ("Restoran Thailand di Kuala Lumpur", "MYS"),
        ("Quán phở ở Paris", "FRA"),
        ("ร้านอาหารไทยในซิดนีย์", ""),
        ("東京の日本料理", "JPN"),
    ],
)
def test_context_tells_a_place_from_what_is_called_after_it(text, countries):
    assert sure(text) == countries


def test_a_homograph_alone_is_weak_and_another_name_of_its_country_makes_it_sure():
    alone = hits_of("Java at night")
    assert 0 < alone.confidence.max() < 0.5
    assert hits_of("Java and Bali at night").confidence.min() >= 0.5


def test_a_text_in_small_letters_says_as_much_as_one_with_capitals_and_a_small_name_among_capitals_says_less():
    small, mixed = hits_of("street food bali"), hits_of("Street Food from some bali")
    assert small.confidence[0] > mixed.confidence[0]


names = st.sampled_from(["Thailand", "Hà Nội", "Kuala Lumpur", "กรุงเทพ", "ភ្នំពេញ", "新加坡", "ရန်ကုန်", "Таиланд", "Đà Nẵng", "ລາວ", "Huế"])
fillers = st.text(st.sampled_from("abzé ,.!#-(แกမ中の🌅\u200b\n"), max_size=12)
captions = st.lists(st.tuples(fillers, names, fillers), max_size=4).map(lambda parts: "".join(" ".join(part) for part in parts))
cells = st.one_of(st.none(), st.just(""), captions)


@given(st.lists(cells, max_size=12))
def test_what_is_reported_stands_where_it_is_said_to_stand(texts):
    hits = hits_of(*texts)
    assert (np.diff(hits.row) >= 0).all()
    for row, value, _, start, end in entries(hits):
        assert texts[row][start:end] == value
        assert fold_text(value).startswith(tuple(entry.text[:-1] for entry in MATCHER.entries))
    assert ((hits.confidence >= 0) & (hits.confidence <= 1)).all()


@given(st.lists(cells, max_size=10), st.integers(0, 10))
def test_cutting_a_column_changes_nothing(texts, cut):
    column = pa.array(texts, pa.string())
    whole, parts = (
        find(one, "caption", MATCHER) for one in (column, pa.chunked_array([column.slice(0, cut), column.slice(cut)], pa.string()))
    )
    assert entries(whole) == entries(parts)
    assert np.array_equal(whole.confidence, parts.confidence)


plain_captions = st.lists(
    st.sampled_from(["in Bali", "Kuala Lumpur", "Huế", "Jordan", "a cat", "Thai food", "#VisitHanoi", "ไทย"]), max_size=3
)


@given(st.lists(plain_captions.map(", ".join), max_size=9))
def test_a_cell_says_the_same_whatever_stands_beside_it(texts):
    whole = hits_of(*texts)
    alone = [(row, *entry[1:]) for row, text in enumerate(texts) for entry in entries(hits_of(text))]
    assert entries(whole) == alone
    sure_ones = [hits_of(text).confidence for text in texts] or [np.zeros(0, np.float32)]
    assert np.array_equal(whole.confidence, np.concatenate(sure_ones))


@given(st.lists(captions, max_size=6))
def test_what_is_remembered_of_names_changes_no_answer(texts):
    first, fresh = (
        hits_of(*texts),
        Matcher.build(terms_of("Bali IDN province .95 | Huế VNM city .9 | ไทย THA country .9 | Thai THA demonym .9")),
    )
    assert entries(hits_of(*texts)) == entries(first)
    column = pa.array(texts, pa.string())
    once, again = find(column, "caption", fresh), find(column, "caption", fresh)
    assert entries(once) == entries(again)
    assert np.array_equal(once.confidence, again.confidence)


def test_few_readings_are_remembered_and_those_forgotten_come_out_the_same():
    matcher = Matcher.build(terms_of(TERMS))
    texts = ["in Bali", "Bali", "BALI", "Jordan shoes", "Jordan", "Thai food in Paris", "Turkey", "near Java", "Java programming"]
    find(pa.array(texts), "caption", matcher)
    few = Readings(matcher.entries, matcher.rules, most=2)
    assert len(matcher.readings) > len(texts) - 2
    for key, reading in [*matcher.readings.items()] * 2:
        assert few[key] == reading
        assert len(few) <= 2


def test_a_name_with_thousands_of_blanks_within_is_found_and_not_remembered():
    matcher = Matcher.build(terms_of(TERMS))
    hits = find(pa.array(["Kuala" + " " * 5000 + "Lumpur"]), "caption", matcher)
    assert (hits.start[0], hits.end[0], len(matcher.readings)) == (0, 5011, 0)


@pytest.mark.parametrize(
    "change", [str.upper, str.lower, lambda text: unicodedata.normalize("NFD", text), lambda text: text.replace(" ", "\u00a0 ")]
)
@given(names, names)
def test_case_composition_and_blanks_do_not_matter(change, first, second):
    text = f"in {first} , {second}"
    assert sure(change(text)) == sure(text) != ""


@given(st.lists(st.one_of(st.none(), st.binary(max_size=40), captions.map(lambda text: text.encode())), max_size=8))
def test_bytes_that_are_no_text_are_read_past(texts):
    hits = find(pa.array(texts, pa.binary()), "caption", MATCHER)
    assert hits.row.max(initial=0) < max(len(texts), 1)


def test_one_bad_cell_leaves_its_neighbours_their_places():
    hits = find(pa.array([b"in Hanoi", b"\xff\xfe in Bali", b"\xed\xa0\x80", "ở Huế".encode()], pa.binary()), "caption", MATCHER)
    assert entries(hits) == [(0, "Hanoi", "VNM", 3, 8), (1, "Bali", "IDN", 6, 10), (3, "Huế", "VNM", 2, 5)]


def test_lists_of_texts_are_read_text_by_text_and_have_no_places():
    hits = find(pa.array([["in Bali", None], None, [], ["x", "Hanoi", "Bangkok"]]), "tags", MATCHER)
    assert entries(hits) == [(0, "Bali", "IDN", -1, -1), (3, "Hanoi", "VNM", -1, -1), (3, "Bangkok", "THA", -1, -1)]


def test_the_texts_of_a_list_keep_their_order_whatever_script_they_are_in():
    hits = find(pa.array([["in Bali", "ở Huế", "in Hanoi"], ["ไทย", "Bangkok"]]), "tags", MATCHER)
    assert hits.value.to_pylist() == ["Bali", "Huế", "Hanoi", "ไทย", "Bangkok"]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()), pa.large_binary()])
def test_every_type_of_text_is_read(kind):
    texts = pa.array(["in Bali", None, "in Hanoi"]).cast(kind)
    assert [entry[2] for entry in entries(find(texts, "caption", MATCHER))] == ["IDN", "VNM"]


def test_a_column_that_holds_no_text_is_refused_by_name():
    with pytest.raises(ConfigError, match="'width' holds int64"):
        find(pa.array([1, 2]), "width", MATCHER)
    assert len(find(pa.nulls(3), "caption", MATCHER).row) == 0


@pytest.mark.parametrize(
    "cell", ["Bangkok, Thailand in " * 50_000, "\u1031" * 300_000, "\u0301" * 300_000, "#visitbali" * 50_000, ", " * 400_000]
)
def test_a_cell_of_megabytes_is_read_without_harm_to_the_next(cell):
    assert entries(hits_of(cell, "in Hanoi"))[-1] == (1, "Hanoi", "VNM", 3, 8)


def test_a_matcher_is_pickled_and_finds_the_same():
    again = pickle.loads(pickle.dumps(MATCHER))
    assert sure("Thai restaurant in London", again) == "GBR"


def test_a_lexicon_without_terms_finds_only_what_the_rules_add():
    empty = Matcher.build(Terms([], [], [], []))
    assert sure("in Bangkok", empty) == ""
    assert sure("in California", empty) == "USA"


def test_rules_of_the_users_own_are_added():
    own = Rules.read({"heads.tsv": "language\tclass\tside\twords\nen\tgoods\tafter\twidgets"})
    matcher = Matcher.build(terms_of(TERMS), own)
    assert (sure("Bali widgets"), sure("Bali widgets", matcher)) == ("IDN", "")
    assert sure("Thai restaurant in London", matcher) == "GBR"


@pytest.mark.parametrize(
    ("tables", "error", "message"),
    [
        ({"haeds.tsv": ""}, UnknownNameError, "Did you mean 'heads.tsv'"),
        ({"heads.tsv": "language\tside\twords\nen\tafter\tx"}, MissingColumnError, "class"),
        ({"heads.tsv": "language\tclass\tside\twords\nen\tgodos\tafter\tx"}, BadRowError, "'godos'"),
        ({"phrases.tsv": "phrases\tcountry\tweight\nBali Hai\tXXX\t.9"}, BadRowError, "'XXX'"),
        ({"elsewhere.tsv": "texts\tcountry\tcategory\tweight\nYork\tGBR\tcity\thigh"}, BadRowError, "'high'"),
    ],
)
def test_a_wrong_table_of_the_users_own_is_refused_by_name(tables, error, message):
    with pytest.raises(error, match=message):
        Rules.read(tables)
