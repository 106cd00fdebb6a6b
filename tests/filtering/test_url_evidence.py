from urllib.parse import urlsplit

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError
from hf_regional.filtering.evidence.domains import domains
from hf_regional.filtering.evidence.url import find
from hf_regional.filtering.hits import country_codes, evidence_of
from hf_regional.regions import Region, country_code

SEA = Region("SEA").countries


def found(cells):
    """A list of (row, value, country, confidence) of some cells."""
    hits = find(cells if isinstance(cells, pa.Array | pa.ChunkedArray) else pa.array(cells, pa.string()), "url")
    codes = country_codes()
    return [
        (row, value, codes[country], round(float(sure), 2))
        for row, value, country, sure in zip(hits.row, hits.value.to_pylist(), hits.country, hits.confidence, strict=True)
    ]


def said(address):
    """(country, confidence) of one address, or null."""
    hits = found([address])
    return hits[0][2:] if hits else None


@pytest.mark.parametrize(
    ("host", "country"),
    [
        ("www.moh.gov.my", "MYS"),
        ("www.mcdonalds.com.my", "MYS"),
        ("um.edu.my", "MYS"),
        ("chula.ac.th", "THA"),
        ("shop.co.th", "THA"),
        ("dla.go.th", "THA"),
        ("tokopedia.co.id", "IDN"),
        ("kemdikbud.go.id", "IDN"),
        ("ui.ac.id", "IDN"),
        ("sman1.sch.id", "IDN"),
        ("warung.web.id", "IDN"),
        ("batik.my.id", "IDN"),
        ("fpt.com.vn", "VNM"),
        ("hust.edu.vn", "VNM"),
        ("moh.gov.vn", "VNM"),
        ("jollibee.com.ph", "PHL"),
        ("doh.gov.ph", "PHL"),
        ("upd.edu.ph", "PHL"),
        ("angkor.com.kh", "KHM"),
        ("moc.gov.kh", "KHM"),
        ("rupp.edu.kh", "KHM"),
        ("frontier.com.mm", "MMR"),
        ("vientiane.com.la", "LAO"),
        ("moic.gov.la", "LAO"),
        ("nuol.edu.la", "LAO"),
        ("dbs.com.sg", "SGP"),
        ("nus.edu.sg", "SGP"),
        ("ica.gov.sg", "SGP"),
        ("bibd.com.bn", "BRN"),
        ("moh.gov.bn", "BRN"),
        ("timor-leste.gov.tl", "TLS"),
    ],
)
def test_names_below_a_national_second_level_are_strong(host, country):
    assert said(f"https://{host}/page") == (country, pytest.approx(0.93, abs=0.06))


@pytest.mark.parametrize(
    ("host", "country"),
    [
        ("vnexpress.vn", "VNM"),
        ("dek-d.th", "THA"),
        ("sabay.kh", "KHM"),
        ("mpt.mm", "MMR"),
        ("kompas.id", "IDN"),
        ("rappler.ph", "PHL"),
        ("mothership.sg", "SGP"),
        ("borneobulletin.bn", "BRN"),
        ("tatoli.tl", "TLS"),
    ],
)
def test_plain_names_of_southeast_asia_are_fairly_strong(host, country):
    assert said(f"http://{host}/") == (country, pytest.approx(0.83, abs=0.1))


def test_plain_names_under_my_are_weaker_and_those_under_la_alone_count_for_nothing():
    assert said("https://malaysiakini.my/news") == ("MYS", 0.6)
    assert said("https://thebroad.la/visit") == ("LAO", 0.3)


@pytest.mark.parametrize(
    "address",
    [
        "https://bit.la/3xY",
        "https://shop.my/",
        "https://www.visit.my/",
        "http://youtu.be/dQw4w9WgXcQ",
        "https://goo.gl/maps/1",
        "https://t.co/x",
        "https://id.me",
        "https://fit.id",
        "https://get.my/app",
        "https://about.me/jane",
        "https://my.la",
        "https://x.id/1",
        "https://andro.id",
        "https://www.google.co.th/search?q=x",
        "https://lagu.blogspot.co.id/2014/01",
        "https://twitch.tv",
        "https://github.io",
        "https://openai.ai",
    ],
)
def test_sold_domains_short_links_and_the_readers_own_country_name_no_country(address):
    country_and_confidence = said(address)
    assert country_and_confidence is None or country_and_confidence[1] < 0.5


def test_a_national_second_level_makes_up_for_a_domain_that_is_sold():
    assert said("https://www.bancolombia.com.co/") == ("COL", 0.92)
    assert said("https://tempo.co/") == ("COL", 0.3)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        " ",
        "no address",
        "visit example.th today",
        "http://",
        "http:///a.th",
        "http://.th",
        "http://a..",
        "data:image/png;base64,a.th//",
        "th",
        "mailto:somchai@chula.ac.th",
        "http://[2001:db8::1]:80/x.th",
        "http://127.0.0.1/",
        "file:///home/a.th",
        "https://a.com/?next=http://b.co.th",
        "readme.md",
        "train.py",
        "https://europa.eu",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin1"),
        "a@b.co.th",
    ],
)
def test_what_is_no_address_with_a_country_gives_nothing(cell):
    assert found([cell]) == []


@pytest.mark.parametrize(
    ("address", "domain", "start"),
    [
        ("HTTP://USER:pw@WWW.Example.CO.TH:8080/a?b=c.vn", "co.th", 27),
        ("  https://www.example.vn./", "vn", 22),
        ("//cdn.example.com.vn", "com.vn", 14),
        ("www.example.ph/x", "ph", 12),
        ("kompas.id", "id", 7),
        ("http://ü@bücher.com.sg:", "com.sg", 16),
        ("http://ตัวอย่าง.ไทย/หน้า", "ไทย", 16),
        ("http://a.xn--o3cw4h/", "xn--o3cw4h", 9),
        ("http://a.新加坡", "新加坡", 9),
        ("https://www.shop.my/", "shop.my", 12),
        ("http://x.com@evil.kh/", "kh", 18),
        ("https:\\\\a.kh", None, 0),
        ("http://a.kh\\b.th", "kh", 9),
    ],
)
def test_the_hit_tells_where_the_domain_stands_in_characters(address, domain, start):
    hits = find(pa.array([address]), "url")
    if domain is None:
        assert not len(hits.row)
        return
    assert (hits.value.to_pylist(), hits.start.tolist(), hits.end.tolist()) == ([domain], [start], [start + len(domain)])
    assert address[start : start + len(domain)].lower() == domain


LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=3, max_size=12)
DOMAIN = st.sampled_from(["th", "co.th", "vn", "com", "org", "my", "uk", "co.uk", "io", "th.com", "zz", "ไทย"])
ADDRESS = st.builds(
    lambda user, sub, label, domain, port, path: f"https://{user}{sub}{label}.{domain}{port}{path}",
    st.sampled_from(["", "me@", "a:b@"]),
    st.sampled_from(["", "www.", "ü.", "a.b."]),
    LABEL,
    DOMAIN,
    st.sampled_from(["", ":80", ".", ".:443"]),
    st.sampled_from(["", "/", "/x.vn", "?u=//a.my", "#.kh", "/ü/é.th"]),
)


@given(address=ADDRESS)
def test_the_country_is_that_of_the_host_which_the_standard_library_reads(address):
    host = (urlsplit(address).hostname or "").rstrip(".")
    ending = host.rsplit(".", 1)[-1]
    expected = {"uk": "GBR", "ไทย": "THA"}.get(ending) or (country_code(ending) if len(ending) == 2 and ending != "zz" else None)
    hits = found([address])
    assert [country for _, _, country, _ in hits] in ([expected] if expected else [], [])
    if expected in {"THA", "VNM", "GBR"}:
        assert hits


@given(cells=st.lists(st.one_of(ADDRESS, st.none(), st.text(max_size=30)), max_size=30))
def test_rows_ascend_values_stand_where_they_are_said_to_and_batches_do_not_matter(cells):
    column = pa.array(cells, pa.string())
    hits = find(column, "url")
    assert hits.row.tolist() == sorted(set(hits.row.tolist()))
    for row, value, start, end in zip(hits.row, hits.value.to_pylist(), hits.start, hits.end, strict=True):
        cell = cells[row]
        assert cell is not None
        assert cell[start:end].lower() == value
    one_by_one = [hit for row in range(len(cells)) for hit in [(row, *rest) for _, *rest in found(column.slice(row, 1))]]
    assert found(column) == one_by_one


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["http://a.th", None, "http://b.com"], pa.large_string()),
        pa.array(["http://a.th", None, "http://b.com"], pa.string_view()),
        pa.array(["http://a.th", None, "http://b.com"]).dictionary_encode(),
        pa.chunked_array([pa.array(["http://a.th", None]).dictionary_encode(), pa.array(["http://b.com"]).dictionary_encode()]),
        pa.chunked_array([["http://a.th"], [None, "http://b.com"]]),
        pa.array(["x", "http://a.th", None, "http://b.com"]).slice(1),
    ],
    ids=lambda column: str(column.type),
)
def test_addresses_are_read_however_arrow_stores_them(column):
    assert found(column) == [(0, "th", "THA", 0.92)]


def test_of_a_list_every_address_counts_and_no_place_is_told():
    column = pa.array([["http://a.th", None, "http://b.com", "http://c.vn"], None, [], ["http://d.com.kh"]])
    assert [hit[:3] for hit in found(column)] == [(0, "th", "THA"), (0, "vn", "VNM"), (3, "com.kh", "KHM")]
    assert set(find(column, "url").start.tolist()) == {-1}


@pytest.mark.parametrize(
    "column", [pa.chunked_array([], pa.string()), pa.nulls(3), pa.array([], pa.string()), pa.array([None], pa.string())]
)
def test_columns_without_a_text_have_no_hits(column):
    assert found(column) == []


def test_a_column_of_numbers_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"'links' holds int64"):
        find(pa.array([1]), "links")


def test_bytes_that_are_no_unicode_and_huge_cells_pass_through():
    broken = pa.array([b"http://\xed\xa0\x80.co.th/", b"\xff\xfe", b"http://a.th/\xed\xa0\x80", b"http://\xff\xfe.my"]).view(pa.string())
    assert [hit[:2] for hit in found(broken)] == [(0, "co.th"), (2, "th"), (3, "my")]
    huge = ["x" * 10_000_000, "http://a.th/" + "y" * 10_000_000, "http://" + "a." * 100_000 + "th"]
    assert [hit[:2] for hit in found(huge)] == [(1, "th"), (2, "th")]


def test_hits_become_the_evidence_of_their_rows():
    column = pa.array(["http://a.co.th", "http://a.com", "http://b.vn"])
    evidence = evidence_of([find(column, "page")], 3).to_pylist()
    assert evidence[1] == []
    confidence = pytest.approx(0.97)
    expected = {"kind": "url", "value": "co.th", "country": "THA", "confidence": confidence, "column": "page", "start": 9, "end": 14}
    assert evidence[0] == [expected]


def test_every_country_has_its_domain_and_official_names_below_it_are_surer():
    table = domains()
    assert {country_codes()[country] for country in table.country} == set(country_codes())
    assert ((table.plain > 0) & (table.plain <= table.national) & (table.national < 1)).all()
    assert len(set(table.name.to_pylist())) == len(table.name)


def test_internationalised_domains_are_those_of_the_root_zone():
    # As in IANA's root zone database, https://www.iana.org/domains/root/db
    root = {"xn--o3cw4h": "THA", "xn--yfro4i67o": "SGP", "xn--clchc0ea0b2g2a9gcd": "SGP", "xn--mgbx4cd0ab": "MYS", "xn--q7ce6a": "LAO"}
    root |= {"xn--fiqs8s": "CHN", "xn--p1ai": "RUS", "xn--3e0b707e": "KOR", "xn--j6w193g": "HKG", "xn--h2brj9c": "IND"}
    for name, country in root.items():
        assert said(f"http://example.{name}/") == (country, pytest.approx(0.9, abs=0.06))
