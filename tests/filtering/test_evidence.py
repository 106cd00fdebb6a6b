import pytest

from hf_regional.filtering.evidence import country, language
from hf_regional.filtering.evidence.cells import Piece, split, whole
from hf_regional.filtering.verdict import Reading, Verdict
from hf_regional.regions import Region

SEA = Region("SEA")


def reading_of(language_code, region=SEA):
    return language.read((("language", language_code),), region)


@pytest.mark.parametrize("code", ["id", "ms", "th", "vi", "my", "km", "lo", "fil", "jv"])
def test_a_language_whose_speakers_live_in_southeast_asia_selects_it(code):
    assert reading_of(code).opinion.verdict == "kept"
    assert reading_of(code).opinion.reason == f"language:{code}"


@pytest.mark.parametrize("code", ["en", "zh", "ta", "pt", "az"])
def test_a_language_of_the_world_alone_never_selects_southeast_asia(code):
    assert reading_of(code).opinion.verdict == "other"


def test_a_language_spoken_in_the_region_by_a_third_is_ambiguous():
    # 32 % of the speakers of Malay live in Indonesia, 64 % in Malaysia (CLDR).
    malay = reading_of("ms", Region("IDN")).opinion
    assert (malay.verdict, malay.reason, round(malay.confidence, 2)) == ("ambiguous", "language:ms", 0.32)
    assert reading_of("ms", Region("MYS")).opinion.verdict == "kept"


@pytest.mark.parametrize(("share", "answer"), [(0.5, "kept"), (0.4999, "ambiguous"), (0.2, "ambiguous"), (0.1999, "other")])
def test_the_bounds_belong_to_the_answer_nearer_to_the_region(share, answer):
    assert language.answer_of(share)[0] == answer


def test_a_language_lists_the_countries_of_its_speakers_and_claims_only_a_majority():
    malay = reading_of("ms")
    assert [(one.country, round(one.confidence, 2)) for one in malay.evidence] == [("MYS", 0.64), ("IDN", 0.32)]
    assert malay.opinion.countries == ("MYS",)


def test_language_tags_names_and_lists_are_read():
    assert reading_of("ind_Latn").opinion.reason == "language:id"
    assert reading_of("Filipino").opinion.reason == "language:fil"
    assert reading_of(("en", "vi")).opinion.reason == "language:vi"
    assert reading_of((" ", "")).opinion is None


def test_a_language_that_no_table_knows_is_named_and_has_no_opinion():
    assert reading_of("klingon") == Reading("language", unknown=(("language", "klingon"),))


def test_any_country_inside_keeps_the_row_and_all_countries_are_reported():
    both = country.read((("country", "Indonesia, France"),), SEA)
    assert both.opinion == Verdict("kept", "country:IDN", 0.5, ("FRA", "IDN"), "country")
    assert [(one.value, one.start, one.end) for one in both.evidence] == [("Indonesia", 0, 9), ("France", 11, 17)]


def test_countries_in_two_columns_are_pooled():
    pooled = country.read((("country_iso3", "FRA"), ("country", "Viet Nam")), SEA)
    assert pooled.opinion == Verdict("kept", "country:VNM", 0.5, ("FRA", "VNM"), "country")


def test_a_name_with_a_comma_is_one_country():
    assert country.read((("country", "Korea, Republic of"),), SEA).opinion.countries == ("KOR",)


def test_a_country_that_cannot_be_read_is_named_beside_the_one_that_can():
    half = country.read((("country", "Atlantis; Laos"),), SEA)
    assert half.opinion.reason == "country:LAO"
    assert half.unknown == (("country", "Atlantis"),)


def test_pieces_keep_their_place_in_the_cell():
    assert list(whole("  Laos ")) == [Piece("Laos", 2, 6)]
    assert list(split(Piece("a | b,,c", 10, 18))) == [Piece("a", 10, 11), Piece("b", 14, 15), Piece("c", 17, 18)]
    assert list(whole(("x ", None or "", "y"))) == [Piece("x", None, None), Piece("y", None, None)]
