import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import EmptyRegionError, UnknownNameError
from hf_regional.regions import Region
from hf_regional.regions.countries import countries
from hf_regional.regions.folding import fold
from hf_regional.regions.groups import find
from hf_regional.regions.tables import table

SEA = {"BRN", "IDN", "KHM", "LAO", "MMR", "MYS", "PHL", "SGP", "THA", "TLS", "VNM"}

codes = st.sampled_from(sorted(SEA | {"AUS", "FRA", "CIV"}))
regions = st.sets(codes, min_size=1).map(lambda some: Region(*some))


def combined(a, symbol, b):
    """What the operator gives, with an empty frozenset for the region that cannot be."""
    try:
        return {"|": a.__or__, "&": a.__and__, "-": a.__sub__, "^": a.__xor__}[symbol](b).countries
    except EmptyRegionError:
        return frozenset()


def test_southeast_asia_is_the_eleven():
    assert Region("SEA").countries == frozenset(SEA)
    assert Region("SEA").name == "SEA"
    assert len(Region("SEA")) == 11


@pytest.mark.parametrize("name", ["sea", "UN:035", "un:35", "035", "Southeast Asia", "SOUTHEAST ASIA", "South-eastern Asia", "ASEAN"])
def test_southeast_asia_has_many_names(name):
    assert Region(name) == Region("SEA")
    assert hash(Region(name)) == hash(Region("SEA"))


def test_asean_before_october_2025_had_no_timor_leste():
    assert Region("SEA") - Region("ASEAN-10") == Region("TLS")


def test_parts_of_every_kind_make_one_region():
    assert Region("IDN", "mys", "Viet Nam", "UN:702", Region("THA")).countries == {"IDN", "MYS", "VNM", "SGP", "THA"}
    assert Region("IDN", languages=["az"]).countries == {"IDN", "AZE", "IRN"}


def test_a_language_stands_for_the_countries_where_it_is_official_or_at_home():
    # CLDR: 63 % of the speakers of Azerbaijani live in Iran, 31 % in Azerbaijan, 4 % in Turkey.
    assert Region(languages=["az"]).countries == {"AZE", "IRN"}
    assert Region(languages="aze") == Region(languages=["azj"]) == Region("language:Azerbaijani")
    # Official in Brunei, Malaysia and Singapore, a third of the speakers in Indonesia.
    assert Region(languages=["ms"]).countries == {"BRN", "IDN", "MYS", "SGP"}


def test_the_languages_of_southeast_asia():
    languages = Region("SEA").languages
    assert {"id", "ms", "th", "vi", "my", "km", "lo", "fil", "jv", "su", "tet"} <= set(languages)
    assert not {"en", "zh", "ta", "pt", "az"} & set(languages)
    assert list(languages) == sorted(languages)


@given(regions, regions)
def test_operators_are_those_of_sets(a, b):
    for symbol, expected in {"|": a.countries | b.countries, "&": a.countries & b.countries, "-": a.countries - b.countries}.items():
        assert combined(a, symbol, b) == expected
    assert combined(a, "^", b) == a.countries ^ b.countries
    assert (a <= b) == (a.countries <= b.countries)
    assert a.isdisjoint(b) == a.countries.isdisjoint(b.countries)


@given(regions, regions, regions)
def test_union_commutes_associates_and_absorbs(a, b, c):
    assert a | b == b | a
    assert (a | b) | c == a | (b | c)
    assert a | a == a
    assert a & (a | b) == a
    assert combined(a, "-", b) | combined(a, "&", b) == a.countries


@given(regions, regions)
def test_equal_regions_have_equal_hashes(a, b):
    assert (a == b) == (a.countries == b.countries)
    assert a != b or hash(a) == hash(b)
    assert a == a.countries


@given(regions, regions, st.sampled_from("|&-^"))
def test_the_repr_can_be_pasted_back(a, b, symbol):
    made = combined(a, symbol, b)
    if made:
        region = {"|": a.__or__, "&": a.__and__, "-": a.__sub__, "^": a.__xor__}[symbol](b)
        for one in (a, region):
            back = eval(repr(one), {"Region": Region})
            assert (back.countries, back.name) == (one.countries, one.name)


def test_names_follow_the_algebra():
    sea, singapore = Region("SEA"), Region("SGP")
    assert (sea - singapore).name == "SEA - SGP"
    assert (sea | Region("AUS")).name == "SEA | AUS"
    assert (sea | singapore).name == "SEA"
    assert ((sea | Region("AUS")) - singapore).name == "(SEA | AUS) - SGP"
    assert repr(sea | Region("AUS")) == 'Region("SEA", "AUS")'
    assert repr(Region("IDN", name='my "own"')) == r'Region("IDN", name="my \"own\"")'
    assert Region(*sorted(Region("world"))).name == "249 countries"


def test_membership_iteration_and_size():
    region = Region("MYS", "IDN")
    assert "IDN" in region
    assert "idn" not in region
    assert list(region) == ["IDN", "MYS"]


def test_sets_of_codes_combine_with_regions_from_either_side():
    assert Region("SEA") & {"IDN", "FRA"} == Region("IDN")
    assert frozenset({"FRA"}) | Region("IDN") == Region("FRA", "IDN")
    with pytest.raises(TypeError):
        Region("SEA") - "SGP"  # pyright: ignore[reportOperatorIssue]


def test_nothing_is_no_region():
    with pytest.raises(EmptyRegionError, match="nothing was named"):
        Region()
    with pytest.raises(EmptyRegionError, match="SEA - ASEAN"):
        Region("SEA") - Region("ASEAN")
    with pytest.raises(EmptyRegionError, match="'sux'"):
        Region(languages=["sux"])  # Sumerian: a language, and nobody speaks it


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SAE", "'SEA'"),
        ("Sout East Asia", "'South East Asia'"),
        ("Indonezia", "'Indonesia'"),
        ("id", "'IDN'"),
        ("language:indonesain", "'Indonesian'"),
        ("", "Known"),
        ("planet:IDN", "Known"),
        ("Congo", "Did you mean"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, hint):
    with pytest.raises(UnknownNameError, match=hint):
        Region(name)


def test_a_list_must_be_unpacked():
    with pytest.raises(TypeError, match=r"Region\(\*codes\)"):
        Region(["IDN", "MYS"])  # pyright: ignore[reportArgumentType]


def test_a_region_cannot_be_changed():
    with pytest.raises(AttributeError):
        Region("SEA").countries = frozenset()  # pyright: ignore[reportAttributeAccessIssue]


def test_a_pickled_region_comes_back_the_same():
    region = Region("SEA") - Region("SGP")
    back = pickle.loads(pickle.dumps(region))
    assert (back, back.name) == (region, "SEA - SGP")


def test_labels_are_cldrs_where_it_has_one():
    assert Region("SEA").label() == "Southeast Asia"
    assert Region("SEA").label("id") == "Asia Tenggara"
    assert Region("VNM").label("vi") == "Việt Nam"
    assert (Region("SEA") - Region("SGP")).label("id") == "SEA - SGP"
    with pytest.raises(UnknownNameError, match="'xx'"):
        Region("SEA").label("xx")


@pytest.mark.parametrize("row", table("region_aliases.csv"), ids=lambda row: row["alias"])
def test_every_alias_is_made_of_known_parts_and_hides_no_country(row):
    assert Region(row["alias"]).countries == Region(*row["parts"].split()).countries
    assert row["source"]
    assert fold(row["alias"]) not in {fold(country["name"]) for country in table("countries.csv")} | {fold(code) for code in countries()}


def test_every_group_of_cldr_is_found_by_code_and_by_name():
    for row in table("groups.csv"):
        members = frozenset(row["members"].split())
        assert find(row["code"])[1] == find(row["name"])[1] == members
        assert members <= countries()


def test_m49_divides_the_world_without_rest_or_overlap():
    continents = [Region(f"UN:{code}") for code in ("002", "019", "142", "150", "009")]
    assert sum(map(len, continents)) == len(Region("world")) == 249
