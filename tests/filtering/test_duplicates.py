import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from planted import planted_copies

from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.filtering.duplicates import find_duplicates, find_neighbours, hash_images, links

NEAR, FAR = 0b111111, 0xFFFF0000  # 6 and 16 bits from 0


def found(hashes, countries=None, languages=None, **options):
    columns = [None if column is None else pa.array(column) for column in (countries, languages)]
    return find_duplicates(np.array(hashes, np.uint64), None, *columns, **options)


def test_of_near_pictures_of_one_country_one_stays():
    answer = found([0, NEAR, FAR], ["THA", "THA", "THA"])
    assert answer.keep.tolist() == [True, False, True]
    assert answer.group.tolist() == [0, 0, 2]
    assert answer.why.to_pylist() == [None, "duplicate:image", None]


def test_the_distance_itself_is_near_and_one_bit_more_is_not():
    assert found([0, 0xFF, 0x1FF << 32]).keep.tolist() == [True, False, True]
    assert found([0, 0xFF], distance=7).keep.all()


def test_what_is_alike_in_two_countries_is_not_taken_for_a_copy():
    assert found([0, NEAR], ["THA", "LAO"]).keep.all()


def test_between_countries_a_picture_must_be_much_nearer():
    answer = found([0, 0b11, 0b11111], ["THA", "LAO", "KHM"])
    assert answer.keep.tolist() == [True, False, True]
    assert answer.why.to_pylist()[1] == "duplicate:image-across"
    assert found([0, 0b11], ["THA", "LAO"], across=1).keep.all()
    assert not found([0, NEAR], ["THA", "LAO"], across=6).keep.all()


def test_between_countries_the_same_text_makes_a_copy_too():
    texts = pa.array(["Som tam!", "SOM TAM", "som tam thai", None, None])
    answer = find_duplicates(
        np.array([0, NEAR, NEAR << 8, FAR, FAR ^ NEAR], np.uint64), texts, pa.array(["THA", "LAO", "LAO", "THA", "LAO"])
    )
    assert answer.why.to_pylist() == [None, "duplicate:image+text", None, None, None]


def test_rows_that_share_one_of_several_countries_are_of_one_country():
    assert not found([0, NEAR], [["IDN", "MYS"], ["MYS", "SGP"]]).keep.all()
    assert found([0, NEAR], [["IDN", "MYS"], ["SGP"]]).keep.all()


def test_a_country_has_many_names():
    assert not found([0, NEAR], ["Viet Nam", "VNM"]).keep.all()
    assert not found([0, NEAR], ["Atlantis", "Atlantis"]).keep.all()


def test_rows_that_name_no_country_are_of_one_only_among_themselves():
    assert not found([0, NEAR], [None, None]).keep.all()
    assert not found([0, NEAR], [[], [None]]).keep.all()
    assert found([0, NEAR], [None, "THA"]).keep.all()


def test_the_row_of_the_rarer_country_stays_wherever_it_stands():
    hashes, countries = [0, 1, 3, FAR], ["THA", "LAO", "THA", "THA"]
    for order in ([0, 1, 2, 3], [2, 0, 3, 1], [1, 3, 2, 0]):
        answer = found([hashes[row] for row in order], [countries[row] for row in order])
        assert [countries[row] for row in np.array(order)[answer.keep]].count("LAO") == 1
        assert answer.keep.sum() == 2


def test_in_one_country_the_row_of_the_rarer_language_stays():
    answer = found([0, 1, FAR, FAR << 16], ["IDN"] * 4, ["id", "jv", "id", "id"])
    assert answer.keep.tolist() == [False, True, True, True]


def test_a_row_without_a_language_counts_as_the_commonest():
    assert found([0, 1, FAR], ["IDN"] * 3, [None, "id", "id"]).keep.tolist() == [False, True, True]


def test_of_equals_the_higher_quality_stays_and_none_is_the_worst():
    assert found([0, 1, 3], quality=np.array([0.5, 0.9, np.nan])).keep.tolist() == [False, True, False]
    assert found([0, 1, 3], quality=pa.array([None, -2, -3])).keep.tolist() == [False, True, False]


def test_then_the_larger_picture_and_then_the_first():
    small, large = planted_copies.picture(1), planted_copies.picture(1).resize((640, 480))
    files = [planted_copies.as_jpeg(image) for image in (small, large, large)]
    assert find_duplicates(pa.array(files)).keep.tolist() == [False, True, False]


def test_a_chain_is_not_one_group():
    # Each is six bits from the next, the last 18 from the first: of three in a row the ends stay, or the middle.
    chain = [0, 0b111111, 0b111111_111111, 0b111111_111111_111111]
    answer = found(chain)
    assert answer.keep.tolist() == [True, False, True, False]
    assert answer.group.tolist() == [0, 0, 2, 2]


def test_blank_pictures_are_one_group_and_are_reported():
    hashes = np.concatenate([np.full(5000, 1 << 63, np.uint64), np.array([FAR, FAR ^ NEAR], np.uint64)])
    answer = find_duplicates(hashes)
    assert answer.keep.sum() == 2
    assert answer.report.equal_images == (("8000000000000000", 5000),)
    assert answer.report.largest[0] == (0, 5000)


def test_one_pattern_in_other_colours_is_no_copy():
    def cloth(*colour):
        image = Image.new("RGB", (96, 96), (235, 235, 225))
        for place in range(0, 96, 24):
            image.paste(colour, (place, 0, place + 9, 96))
            image.paste(colour, (0, place, 96, place + 5))
        return planted_copies.as_jpeg(image)

    red, green, same_red = cloth(190, 30, 30), cloth(20, 108, 20), cloth(186, 34, 32)
    hashes = hash_images(pa.array([red, green, same_red])).hashes
    assert np.bitwise_count(hashes ^ hashes[0]).max() <= 8  # to the hash all three are one
    assert find_duplicates(pa.array([red, green, same_red])).keep.tolist() == [True, True, False]


def test_texts_decide_where_there_are_no_images():
    texts = [
        "Pasar terapung di Banjarmasin saat pagi hari",
        "pasar terapung di banjarmasin, saat pagi hari!",
        "Pasar terapung di Banjarmasin saat pagi harinya",
        "x",
    ]
    answer = find_duplicates(texts=pa.array([*texts, None, None]))
    assert answer.why.to_pylist() == [None, "duplicate:text", "duplicate:similar-text", None, None, None]
    assert answer.report.uncompared == 2


def test_between_countries_only_equal_texts_are_copies():
    text = "Pasar terapung di pagi hari yang cerah sekali"
    texts = pa.array([text, text, f"{text}!", f"{text}nya"])
    answer = find_duplicates(texts=texts, countries=pa.array(["IDN", "MYS", "BRN", "THA"]))
    assert answer.why.to_pylist() == [None, "duplicate:text", "duplicate:text", None]
    assert find_duplicates(texts=texts).why.to_pylist()[3] == "duplicate:similar-text"


def test_similar_texts_find_each_other_in_whatever_order_they_are_preferred():
    ends = ("", "nya")
    texts = [
        f"{dish} di pasar terapung pada pagi hari{end}" for dish in ("sate padang dan lontong", "pho bo", "som tam pu") for end in ends
    ]
    for quality in ([1, 2, 3, 4, 5, 6], [3, 5, 1, 6, 2, 4], [6, 1, 4, 2, 5, 3]):
        better = [max(pair, key=lambda row: quality[row]) for pair in ((0, 1), (2, 3), (4, 5))]
        answer = find_duplicates(texts=pa.array(texts), quality=np.array(quality), similarity=0.85)
        assert answer.group.tolist() == [row for row in better for _ in ends]


def test_a_caption_alone_makes_no_copy_of_another_picture_unless_asked():
    hashes, texts = np.array([0, FAR, FAR << 16], np.uint64), pa.array(["toothbrush", "toothbrush", "bed"])
    assert find_duplicates(hashes, texts).keep.all()
    assert find_duplicates(hashes, texts, captions=True).why.to_pylist() == [None, "duplicate:text", None]


def test_a_row_without_a_picture_is_compared_by_its_text_with_its_like():
    images = pa.array([planted_copies.as_jpeg(planted_copies.picture(1)), None, None], pa.binary())
    answer = find_duplicates(images, pa.array(["sate", "sate", "sate"]))
    assert answer.why.to_pylist() == [None, None, "duplicate:text"]


def test_a_row_whose_picture_cannot_be_read_goes_and_says_so():
    good = planted_copies.as_jpeg(planted_copies.picture(1))
    images = pa.array([good[:3000], good, b"", None, good], pa.binary())
    answer = find_duplicates(images, pa.array(["a", "a", "a", "a", "b"]))
    assert answer.why.to_pylist() == ["unreadable:unreadable", None, "unreadable:empty", None, "duplicate:image"]
    assert answer.keep.tolist() == [False, True, False, True, False]
    assert answer.report.reasons == {"duplicate:image": 1, "unreadable:empty": 1, "unreadable:unreadable": 1}


def test_the_report_counts_every_row_once_and_every_country_it_names():
    answer = found([0, 1, FAR, FAR << 16], [["IDN", "MYS"], ["IDN"], ["IDN"], None], ["id", "ms", "id", None])
    report = answer.report
    assert report.rows == 4 == report.kept + sum(report.reasons.values())
    assert {name: tuple(share) for name, share in report.countries.items()} == {"(none)": (1, 1), "IDN": (3, 2), "MYS": (1, 1)}
    assert {name: tuple(share) for name, share in report.languages.items()} == {"(none)": (1, 1), "id": (2, 2), "ms": (1, 0)}
    assert json.loads(json.dumps(report.as_dict()))["countries"]["IDN"] == {"rows": 3, "kept": 2}
    assert "(none)" not in found([0, FAR], ["IDN", "MYS"]).report.countries
    assert str(report).splitlines()[:2] == ["3 of 4 rows kept", "  duplicate:image: 1"]


def reference(hashes, sets, texts, order, distance, across):
    """The rule, row by row: (who stays in the place of each row)."""

    def is_copy(one, other):
        apart = (hashes[one] ^ hashes[other]).bit_count()
        home = bool(sets[one] & sets[other]) or sets[one] == sets[other]
        same = texts[one] is not None and texts[one] == texts[other]
        return apart <= across or (apart <= distance and (home or same))

    stays = {}
    for row in order:
        if row not in stays:
            stays |= {other: row for other in order if other not in stays and (other == row or is_copy(row, other))}
    return [stays[row] for row in range(len(hashes))]


ROWS = st.lists(
    st.tuples(
        st.sampled_from([0, 1 << 63]),
        st.sets(st.integers(0, 62), max_size=9),
        st.frozensets(st.sampled_from(["IDN", "MYS", "THA"]), max_size=2),
        st.sampled_from([None, "satay", "pho"]),
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(ROWS, st.integers(0, 8), st.integers(0, 8), st.booleans())
def test_any_rows_are_settled_as_by_comparing_all_with_all(rows, distance, across, crowded):
    distance, across = max(distance, across), min(distance, across)
    hashes = [base ^ sum(1 << bit for bit in bits) for base, bits, _, _ in rows]
    sets, texts = [names for _, _, names, _ in rows], [text for *_, text in rows]
    rows_of = Counter(name for names in sets for name in names)
    rarity = [min((rows_of[name] for name in names), default=len(rows) + 1) for names in sets]
    order = sorted(range(len(rows)), key=lambda row: (rarity[row], row))
    if crowded:  # no pair is listed: all are compared one by one when their turn comes
        original = links.find_neighbours
        links.find_neighbours = lambda *given, **named: find_neighbours(*given, **named, crowd=0)
    try:
        answer = find_duplicates(
            np.array(hashes, np.uint64),
            pa.array(texts, pa.string()),
            pa.array([sorted(names) for names in sets], pa.list_(pa.string())),
            distance=distance,
            across=across,
        )
    finally:
        if crowded:
            links.find_neighbours = original
    assert answer.group.tolist() == reference(hashes, sets, texts, order, distance, across)
    assert answer.keep.tolist() == [row == stays for row, stays in enumerate(answer.group.tolist())]
    assert [reason is None for reason in answer.why.to_pylist()] == answer.keep.tolist()


@given(st.permutations(range(12)))
def test_where_rows_differ_in_quality_their_order_changes_nothing(order):
    random = np.random.default_rng(0)
    hashes = np.concatenate([np.zeros(6, np.uint64), np.full(6, FAR, np.uint64)]) ^ (
        np.uint64(1) << random.integers(0, 16, 12).astype(np.uint64)
    )
    quality, rows = np.arange(12) / 12, np.array(order)
    straight = find_duplicates(hashes, quality=quality)
    turned = find_duplicates(hashes[rows], quality=quality[rows])
    assert (rows[turned.group] == straight.group[rows]).all()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "nothing to compare"),
        ({"countries": pa.array(["IDN"])}, "nothing to compare"),
        ({"texts": pa.array(["a", "b"]), "countries": pa.array(["IDN"])}, "texts 2, countries 1"),
        ({"texts": pa.array(["a"]), "countries": pa.array([{"a": 1}])}, "countries"),
        ({"texts": pa.array([1])}, "expected strings"),
        ({"images": np.zeros(3)}, "uint64"),
        ({"images": pa.array([1, 2])}, "struct<bytes, path>"),
        ({"texts": pa.array(["a"]), "quality": pa.array(["good"])}, "not numbers"),
    ],
)
def test_columns_that_cannot_be_used_are_named(columns, message):
    with pytest.raises(ConfigError, match=message):
        find_duplicates(**columns)


@pytest.mark.parametrize("options", [{"across": 9}, {"across": -1}, {"distance": 12}, {"distance": -1, "across": -1}, {"similarity": 0}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(OutOfRangeError):
        find_duplicates(np.zeros(2, np.uint64), pa.array(["a", "b"]), **options)


def test_no_rows_are_no_duplicates():
    answer = find_duplicates(pa.array([], pa.binary()), pa.array([], pa.string()), pa.array([], pa.string()), pa.array([], pa.string()))
    assert (len(answer.keep), answer.report.rows, answer.report.kept) == (0, 0, 0)


def test_importing_it_loads_neither_torch_nor_datasets():
    used = "import sys, hf_regional.filtering.duplicates as duplicates; duplicates.find_duplicates, duplicates.contaminated"
    program = f"{used}; print({{'torch', 'datasets'}} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


KINDS = ("recompress", "resize", "brighten", "all three")


@pytest.mark.parametrize("kind", KINDS)
def test_planted_copies_are_found(kind):
    originals = [planted_copies.picture(seed) for seed in range(40)]
    changes = [change for name, change in planted_copies.CHANGES.items() if name.startswith(kind)]
    copies = [change(image) for change in changes for image in originals]
    answer = find_duplicates(pa.array([planted_copies.as_jpeg(image) for image in [*originals, *copies]]))
    # In the place of every copy, or of its original, stays one of the two or another copy of it: one for each picture.
    pictures = np.tile(np.arange(40), 1 + len(changes))
    assert (pictures[answer.group] == pictures).all()  # never a copy of another picture
    assert answer.keep.sum() - 40 <= 0.02 * len(copies)


def test_planted_copies_of_photographs_are_found(shared):
    folder = shared / "data" / "dollar_street_sample" / "images"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    photographs = [Image.open(path).convert("RGB") for path in sorted(folder.iterdir())]
    files = [planted_copies.as_jpeg(image) for image in photographs]
    assert find_duplicates(pa.array(files)).keep.all()  # 29 beds and toothbrushes, none like another
    changes = list(planted_copies.CHANGES.values())
    copies = [planted_copies.as_jpeg(change(image)) for change in changes for image in photographs]
    answer = find_duplicates(pa.array(files + copies))
    pictures = np.tile(np.arange(len(files)), 1 + len(changes))
    assert (pictures[answer.group] == pictures).all()
    assert answer.keep.sum() - len(files) <= 0.02 * len(copies)
