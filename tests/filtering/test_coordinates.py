import io
import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from hf_regional.errors import BadRowError, ConfigError
from hf_regional.filtering.evidence import outlines
from hf_regional.filtering.evidence.coordinates import find, find_in
from hf_regional.filtering.evidence.exif import exif_position, strip_position
from hf_regional.filtering.evidence.locating import locate
from hf_regional.filtering.evidence.outlines import NOBODYS
from hf_regional.filtering.evidence.question import Question
from hf_regional.filtering.hits import NOWHERE, country_codes
from hf_regional.filtering.opinions import ANSWERS
from hf_regional.regions import Region

CODES = (*country_codes(), None)  # so that place -1 is null

# Latitude and longitude of places in towns, as gazetteers give them.
PLACES = {
    "Bangkok": (13.7563, 100.5018, "THA"),
    "Singapore, city hall": (1.2931, 103.8520, "SGP"),
    "Singapore, Woodlands": (1.4382, 103.7890, "SGP"),
    "Singapore, Changi airport": (1.3644, 103.9915, "SGP"),
    "Singapore, Tuas": (1.3210, 103.6368, "SGP"),
    "Singapore, Sentosa": (1.2494, 103.8303, "SGP"),
    "Johor Bahru": (1.4655, 103.7578, "MYS"),
    "Johor Bahru, Sentral": (1.4627, 103.7645, "MYS"),
    "Batam": (1.1301, 104.0529, "IDN"),
    "Bandar Seri Begawan": (4.9031, 114.9398, "BRN"),
    "Kuala Belait": (4.5828, 114.1931, "BRN"),
    "Bangar, Temburong": (4.7087, 115.0717, "BRN"),
    "Limbang": (4.7548, 115.0086, "MYS"),
    "Lawas": (4.8548, 115.4046, "MYS"),
    "Miri": (4.3995, 113.9914, "MYS"),
    "Dili": (-8.5569, 125.5603, "TLS"),
    "Oecusse": (-9.2033, 124.3633, "TLS"),
    "Balibo": (-8.9686, 125.0422, "TLS"),
    "Atauro": (-8.2422, 125.5847, "TLS"),
    "Atambua": (-9.1061, 124.8925, "IDN"),
    "Kupang": (-10.1772, 123.6070, "IDN"),
    "Aranyaprathet": (13.6927, 102.5019, "THA"),
    "Nong Khai": (17.8783, 102.7413, "THA"),
    "Vientiane": (17.9757, 102.6331, "LAO"),
    "Mae Sot": (16.7131, 98.5707, "THA"),
    "Hà Giang": (22.8233, 104.9836, "VNM"),
    "Phú Quốc": (10.2899, 103.9840, "VNM"),
    "Côn Đảo": (8.6927, 106.6099, "VNM"),
    "El Nido": (11.1956, 119.4075, "PHL"),
    "Tawau": (4.2448, 117.8911, "MYS"),
    "Nunukan": (4.1406, 117.6600, "IDN"),
    "Jayapura": (-2.5337, 140.7181, "IDN"),
    "Vanimo": (-2.6817, 141.3020, "PNG"),
    "Kuta, on the beach": (-8.7184, 115.1686, "IDN"),
    "Taipei": (25.0339, 121.5645, "TWN"),
    "Macau": (22.1987, 113.5439, "MAC"),
    "Cayenne": (4.9224, -52.3135, "GUF"),
    "Longyearbyen": (78.2232, 15.6267, "SJM"),
    "Flying Fish Cove": (-10.4290, 105.6700, "CXR"),
    "Vatican": (41.9029, 12.4534, "VAT"),
    "Suva": (-18.1416, 178.4419, "FJI"),
}


def placed(latitude, longitude):
    """[(row, country, confidence)] and what was set aside."""
    found = find([pa.array(latitude), pa.array(longitude)], ["lat", "lon"])
    hits = found.hits
    rows = [(row, CODES[country], float(sure)) for row, country, sure in zip(hits.row.tolist(), hits.country, hits.confidence, strict=True)]
    return rows, dict(found.unknown)


@pytest.mark.parametrize("place", PLACES)
def test_a_place_lies_in_its_country(place):
    latitude, longitude, country = PLACES[place]
    rows, unknown = placed([latitude], [longitude])
    assert unknown == {}
    assert max(rows, key=lambda row: row[2])[1] == country


def test_all_places_at_once_are_as_one_by_one():
    places = np.array([place[:2] for place in PLACES.values()])
    assert [CODES[country] for country in locate(places[:, 0], places[:, 1]).country] == [place[2] for place in PLACES.values()]


def test_the_nearer_the_border_the_less_sure_and_the_neighbour_gets_the_rest():
    # St. Peter's stands 0.25 km from the southern wall, 41.9002 N: 0.0021 degrees of 111.2 km.
    rows, _ = placed([41.9023], [12.4520])
    (_, country, sure), (_, other, rest) = rows
    assert (country, other) == ("VAT", "ITA")
    assert sure == pytest.approx(0.5 + 0.0021 * 111.2 / 2 / 2, abs=0.01)
    assert sure + rest == pytest.approx(1)
    assert placed([PLACES["Bangkok"][0]], [PLACES["Bangkok"][1]])[0] == [(0, "THA", 1.0)]


def test_points_at_sea_go_to_the_coast_within_sixteen_kilometres_and_less_surely():
    # South of Phuket's cape at 7.76 N; a minute of latitude is 1.852 km.
    at = [7.76 - minutes / 60 for minutes in (3, 6, 60)]
    rows, unknown = placed(at, [98.305] * 3)
    assert [country for _, country, _ in rows] == ["THA", "THA"]
    assert 1 > rows[0][2] > rows[1][2] >= 0.5
    assert unknown == {("lat,lon", "no country within reach"): 1}


@pytest.mark.parametrize(
    ("latitude", "longitude", "what"),
    [
        (0.0, 0.0, "0, 0"),
        (100.5018, 13.7563, "swapped"),
        (13.7563, 200.0, "beyond 180"),
        (-91.0, 120.0, "latitude|beyond"),
        (999.0, 999.0, "beyond"),
        (float("inf"), 100.0, "no number"),
        (13.7563, None, "one of two"),
        (float("nan"), 100.5, "one of two"),
        (-40.0, -130.0, "no country"),
        (42.66, 21.16, "no country"),
    ],
)
def test_what_is_no_measurement_is_set_aside_by_what_is_wrong_with_it(latitude, longitude, what):
    rows, unknown = placed([latitude, 13.7563], [longitude, 100.5018])
    assert rows == [(1, "THA", 1.0)]
    ((column, said), count), *rest = unknown.items()
    assert (column, count, rest) == ("lat,lon", 1, [])
    assert any(word in said for word in what.split("|"))


def test_rows_that_say_nothing_are_not_counted():
    assert placed(pa.array([None, float("nan")]), pa.array([None, float("nan")])) == ([], {})
    assert placed(["", " ", None], [None, "", " "]) == ([], {})
    assert placed(pa.nulls(2), pa.nulls(2)) == ([], {})


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [("13.7563", "100.5018"), (" 13.7563° N ", "100.5018 E"), ("13,7563", "100,5018"), ("+13.7563", "1.005018e2")]
)  # fmt: skip
def test_texts_are_read_as_people_write_degrees(latitude, longitude):
    assert placed([latitude], [longitude]) == ([(0, "THA", 1.0)], {})


def test_south_and_west_count_downwards():
    assert placed(["33.8688 S", "-33.8688", "12.0464S"], ["151.2093 E", "151.2093", "77.0428w"])[0][0][1] == "AUS"
    assert [country for _, country, _ in placed(["33.8688 S", "-33.8688", "12.0464S"], ["151.2", "151.2", "77.04w"])[0]] == [
        "AUS",
        "AUS",
        "PER",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "13.7563, 100.5018",
        "(13.7563 100.5018)",
        "[13.7563;100.5018]",
        "geo:13.7563,100.5018",
        "13.7563N 100.5018E",
        "POINT(100.5018 13.7563)",
        "SRID=4326;point (100.5018 13.7563)",
    ],
)
def test_one_column_of_texts_holds_both(text):
    found = find([pa.array([text, None, "Bangkok"])], ["geo"])
    assert [CODES[country] for country in found.hits.country] == ["THA"]
    assert found.unknown == {("geo", "no number"): 1}
    assert found.hits.value.to_pylist() == ["13.76,100.5"]


def test_one_column_of_structs_holds_both():
    cells = [{"lng": 100.5018, "lat": 13.7563}, None, {"lng": None, "lat": None}, {"lng": 1.0, "lat": None}]
    found = find([pa.array(cells)], ["place"])
    assert [CODES[country] for country in found.hits.country] == ["THA"]
    assert found.unknown == {("place", "one of two is missing"): 1}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ([pa.array([True]), pa.array([1.0])], "'a' holds bool"),
        ([pa.array([[1.0, 2.0]])], "'a' holds list"),
        ([pa.array([1.0])], "'a' holds double"),
        ([pa.array([{"east": 1.0}])], "'a' holds struct"),
    ],
)
def test_columns_without_coordinates_are_refused_by_name(columns, said):
    with pytest.raises(ConfigError, match=said):
        find(columns, ["a", "b"][: len(columns)])


def test_integers_decimals_dictionaries_and_chunks_are_read():
    decimals = pa.array(["13.75", "18.79"]).cast(pa.decimal128(6, 2))
    chunks = pa.chunked_array([pa.array(["100.50"]).dictionary_encode(), pa.array(["98.98"]).dictionary_encode()])
    found = find([decimals, chunks], ["lat", "lon"])
    assert [CODES[country] for country in found.hits.country] == ["THA", "THA"]
    assert placed([14], [101])[0] == [(0, "THA", 1.0)]


def test_what_goes_into_the_evidence_is_rounded_to_a_kilometre():
    found = find([pa.array([13.756331]), pa.array([100.501765])], ["lat", "lon"])
    assert found.hits.value.to_pylist() == ["13.76,100.5"]


def test_a_batch_is_judged_by_the_points_in_it():
    rows = pa.table({"y": [13.7563, 48.8566, 0.0, None, 1.4382], "x": [100.5018, 2.3522, 0.0, None, 103.7890]})
    found = find_in(rows, ("y", "x"), Question(Region("SEA")))
    assert [ANSWERS[answer] for answer in found.opinions.answer] == ["kept", "other", "none", "none", "kept"]
    assert [found.opinions.reasons[found.opinions.reason[row]] for row in (0, 1, 4)] == [
        "coordinates:THA",
        "coordinates:FRA",
        "coordinates:SGP",
    ]
    assert found.unknown == {("y,x", "0, 0: the place where files put what they do not know"): 1}


def all_to_the_west(x, y):
    """What lies at a point, by brute force: east of the last of all pieces that a line from the far west crosses."""
    pieces = outlines.read()
    low, high = np.minimum(pieces.y, pieces.y + pieces.dy), np.maximum(pieces.y, pieces.y + pieces.dy)
    met = np.flatnonzero((low <= y) & (y < high))
    at = pieces.x[met] + (y - pieces.y[met]) / pieces.dy[met] * pieces.dx[met]
    before = np.flatnonzero(at < x)
    if not len(before):
        return NOWHERE
    last = met[before[at[before].argmax()]]
    return int(pieces.right[last] if pieces.dy[last] > 0 else pieces.left[last])


@given(longitude=st.floats(94, 142), latitude=st.floats(-11, 29))
def test_a_point_on_land_lies_where_all_lines_to_its_west_say(longitude, latitude):
    expected = all_to_the_west(longitude, latitude)
    found = locate(np.array([latitude]), np.array([longitude]))
    if expected == NOBODYS:
        assert found.country[0] == NOWHERE
    elif expected != NOWHERE:
        assert CODES[found.country[0]] == CODES[expected]
        assert found.off[0] == 0


@pytest.mark.parametrize("seed", range(3))
def test_thousands_of_points_anywhere_lie_where_all_lines_to_their_west_say(seed):
    random = np.random.default_rng(seed)
    towns = np.array([place[:2] for place in PLACES.values()])
    points = np.concatenate([
        np.column_stack([random.uniform(-80, 80, 300), random.uniform(-179, 179, 300)]),
        towns[random.integers(0, len(towns), 300)] + random.normal(0, 0.1, (300, 2)),
    ])  # fmt: skip
    country = locate(points[:, 0], points[:, 1]).country
    for (latitude, longitude), found in zip(points, country, strict=True):
        expected = all_to_the_west(longitude, latitude)
        assert expected == NOWHERE or found == max(expected, NOWHERE), (latitude, longitude)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_no_point_on_earth_is_refused(latitude, longitude):
    found = locate(np.array([latitude]), np.array([longitude]))
    assert NOWHERE <= found.country[0] < len(CODES) - 1
    assert 0 <= found.off[0] <= outlines.REACH_KM
    assert found.rival[0] != found.country[0] or found.country[0] == NOWHERE


# Pictures ---------------------------------------------------------------------------------------------------------------------------

GPS = {1: "S", 2: (8.0, 43.0, 6.24), 3: "E", 4: (115.0, 10.0, 6.96)}  # Kuta: 8 + 43/60 + 6.24/3600 = 8.7184


def picture(form="JPEG", gps=GPS, orientation=None, **extra):
    """A small picture with a position."""
    image = Image.new("RGB", (24, 16), "white")
    image.paste((200, 30, 30), (0, 0, 12, 8))
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    exif[0x013B] = "Somchai"  # the artist
    if gps:
        exif.get_ifd(0x8825).update(gps)
    out = io.BytesIO()
    image.save(out, form, exif=exif, **({"lossless": True} if form == "WEBP" else {}), **extra)
    return out.getvalue()


def pixels(content):
    with Image.open(io.BytesIO(content)) as image:
        return image.convert("RGB").tobytes()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_picture_tells_where_it_was_taken(form):
    assert exif_position(picture(form)) == pytest.approx((-8.7184, 115.1686))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", [None, 1, 6, 8])
def test_stripped_of_its_position_a_picture_keeps_every_pixel_and_which_way_is_up(form, orientation):
    content = picture(form, orientation=orientation)
    stripped = strip_position(content)
    assert exif_position(stripped) is None
    assert b"Somchai" in content
    assert b"Somchai" not in stripped
    assert pixels(stripped) == pixels(content)
    with Image.open(io.BytesIO(stripped)) as image:
        assert image.getexif().get(0x0112, 1) == (orientation or 1)
    assert strip_position(stripped) == stripped


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_colour_profile_stays(form):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    stripped = strip_position(picture(form, icc_profile=profile))
    with Image.open(io.BytesIO(stripped)) as image:
        assert image.info["icc_profile"] == profile


def test_progressive_pictures_and_restart_markers_survive():
    for extra in ({"progressive": True, "quality": 95}, {"restart_marker_blocks": 1}):
        content = picture(**extra)
        assert pixels(strip_position(content)) == pixels(content)


def test_what_follows_a_picture_goes_with_its_own_exif():
    content = picture()
    assert strip_position(content + content) == strip_position(content)
    assert strip_position(picture("PNG") + b"GPS 8.7184") == strip_position(picture("PNG"))


def test_xmp_and_iptc_go_too():
    content = picture(gps=None)
    segments = b"".join(
        marker + struct.pack(">H", len(body) + 2) + body
        for marker, body in [(b"\xff\xe1", b"http://ns.adobe.com/xap/1.0/\0exif:GPSLatitude=8,43S"), (b"\xff\xed", b"Photoshop 3.0\0Kuta")]
    )
    stripped = strip_position(content[:2] + segments + content[2:])
    assert b"GPSLatitude" not in stripped
    assert b"Kuta" not in stripped
    assert pixels(stripped) == pixels(content)


@pytest.mark.parametrize("gps", [None, {}, {1: "S", 2: (8.0, 43.0, 6.24)}, GPS | {2: (98.0, 0.0, 0.0)}])
def test_positions_that_are_incomplete_or_off_the_earth_are_none(gps):
    assert exif_position(picture(gps=gps)) is None


@pytest.mark.parametrize(
    ("said", "broken"),
    [(struct.pack(">LL", 8, 1), struct.pack(">LL", 8, 0)), (struct.pack(">HHL", 2, 5, 3), struct.pack(">HHL", 2, 2, 3))],
    ids=["eight divided by nothing", "a text for a number"],
)
def test_positions_that_are_no_numbers_are_none(said, broken):
    content = picture()
    assert content.count(said) == 1
    assert exif_position(content.replace(said, broken)) is None


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"no picture", b"\x89PNG\r\n\x1a\n", b"RIFF\x04\0\0\0WEBP", b"GIF89a"])
def test_bytes_that_are_no_picture_tell_nothing_and_pass(content):
    assert exif_position(content) is None
    assert len(strip_position(content)) <= max(len(content), 12)


@given(data=st.data(), form=st.sampled_from(["JPEG", "PNG", "WEBP"]))
def test_damaged_files_never_crash_and_never_tell_a_position_afterwards(data, form):
    content = bytearray(picture(form, orientation=6))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, min(len(content) - 1, 300)))] = data.draw(st.integers(0, 255))
    content = bytes(content[: data.draw(st.integers(0, len(content)))])
    exif_position(content)
    try:
        stripped = strip_position(content)
    except BadRowError:
        return
    assert exif_position(stripped) is None


def test_a_position_in_another_kind_of_file_is_refused_rather_than_passed_on():
    with pytest.raises(BadRowError, match="neither JPEG nor PNG nor WebP"):
        strip_position(picture("AVIF"))
    nowhere = picture("AVIF", gps=None)
    assert strip_position(nowhere) == nowhere
