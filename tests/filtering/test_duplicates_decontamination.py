from dataclasses import replace

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from planted import planted_copies

from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError, OutOfRangeError
from hf_regional.filtering.duplicates import contaminated, find_duplicates, fingerprint, read_hashes, write_hashes

PICTURES = [planted_copies.picture(seed) for seed in range(8)]
FILES = [planted_copies.as_jpeg(image) for image in PICTURES]
QUESTIONS = [
    "Which ingredient gives this Padang dish its dark brown colour?",
    "Apa nama alat musik bambu yang dimainkan oleh anak-anak di Bandung ini?",
    "What is this?",
    None,
]

DATASET = datasets.Dataset.from_dict({"text": QUESTIONS})


def the_set(name="cvqa", **columns):
    given = {"images": pa.array(FILES[:4]), "texts": pa.array(QUESTIONS)} | columns
    return fingerprint(name, **given, source="afaji/cvqa@1234567")


def test_a_picture_of_a_test_is_found_recompressed_and_resized():
    copies = [planted_copies.as_jpeg(planted_copies.resized(PICTURES[place], 0.5), 60) for place in (2, 7)]
    answer = contaminated(pa.array([FILES[5], *copies]), evaluation_sets={"cvqa": the_set()})
    assert answer.keep.tolist() == [True, False, True]
    assert answer.why.to_pylist() == [None, "contaminated:cvqa", None]
    assert answer.matches.select(["row", "set", "item", "kind"]).to_pylist() == [{"row": 1, "set": "cvqa", "item": 2, "kind": "image"}]


def test_a_question_of_a_test_is_found_as_it_is_and_slightly_changed():
    texts = [
        "WHICH ingredient gives this Padang dish its dark brown colour",
        "Which ingredient gives this Padang dish its darkest brown colour?",
        "Apa nama alat musik bambu yang dimainkan anak-anak di Bandung ini?",
        "Which musical instrument is this?",
        None,
    ]
    answer = contaminated(texts=pa.array(texts), evaluation_sets={"cvqa": the_set()})
    assert answer.keep.tolist() == [False, False, False, True, True]
    kinds = [(match["row"], match["item"], match["kind"]) for match in answer.matches.to_pylist()]
    assert kinds == [(0, 0, "text"), (1, 0, "similar-text"), (2, 1, "similar-text")]
    assert answer.matches["score"].to_pylist()[0] == 1
    assert 0.8 <= answer.matches["score"].to_pylist()[1] < 1


def test_what_everybody_asks_gives_no_test_away_and_is_counted():
    answer = contaminated(texts=pa.array(["What is this?", "what is this", "why?"]), evaluation_sets={"cvqa": the_set()})
    assert answer.keep.all()
    assert answer.sets["cvqa"].short_texts == 2
    assert contaminated(texts=pa.array(["What is this?"]), evaluation_sets={"cvqa": the_set()}, shortest=5).keep.tolist() == [False]


def test_thirteen_letters_of_thai_are_a_text():
    question = pa.array(["อาหารจานนี้ชื่ออะไร"])  # 19 letters, 57 bytes
    assert not contaminated(texts=question, evaluation_sets={"thai": fingerprint("thai", texts=question)}).keep.any()


def test_every_set_has_its_own_counts_and_the_first_is_the_reason():
    sets = {"a": the_set("a"), "b": the_set("b", images=pa.array([FILES[4], FILES[0], FILES[0], None]))}
    rows = pa.array([FILES[0], FILES[0], FILES[4], FILES[6], None], pa.binary())
    texts = pa.array([None, QUESTIONS[0], None, None, QUESTIONS[1]])
    answer = contaminated(rows, texts, evaluation_sets=sets)
    assert answer.why.to_pylist() == ["contaminated:a", "contaminated:a", "contaminated:b", None, "contaminated:a"]
    a, b = answer.sets["a"], answer.sets["b"]
    assert (a.items, a.found, a.rows, a.by_kind) == (4, 2, 3, {"image": 2, "text": 2, "similar-text": 0})
    assert (b.items, b.found, b.rows, b.by_kind) == (4, 2, 4, {"image": 3, "text": 2, "similar-text": 0})
    assert list(contaminated(rows, texts, evaluation_sets=dict(reversed(sets.items()))).sets) == ["b", "a"]


def with_images(hashes):
    """A set of items with these hashes and no texts."""
    count = len(hashes)
    columns = {"image": pa.array(hashes, pa.uint64()), "text": pa.nulls(count, pa.uint64()), "minima": pa.nulls(count, pa.binary(320))}
    return replace(the_set(), items=pa.table(columns))


def test_the_nearest_item_is_named_and_of_equally_near_ones_the_first():
    items = with_images([0b111, 0b1, 1 << 40 | 0xFFFFF, 0b10])
    rows = np.array([0, 0b1, 0b111, 0xFFFF0000], np.uint64)
    answer = contaminated(rows, evaluation_sets={"x": items})
    assert [(one["row"], one["item"], one["score"]) for one in answer.matches.to_pylist()] == [(0, 1, 1), (1, 1, 0), (2, 0, 0)]
    assert answer.sets["cvqa"].found == 2


def test_countries_play_no_part():
    flag = fingerprint("flags", pa.array(FILES[:1]))
    (hash_,), _ = flag.images()
    near = np.array([hash_ ^ np.uint64(0xFF)])
    assert not contaminated(near, evaluation_sets={"flags": flag}).keep.any()


def test_a_file_gives_the_answers_of_the_set(tmp_path):
    path = tmp_path / "cvqa.hashes.parquet"
    fingerprints = the_set(images=pa.array([*FILES[:2], b"broken", None], pa.binary()))
    write_hashes(path, fingerprints)
    read = read_hashes(path)
    assert read.items.equals(fingerprints.items)
    assert (read.name, read.source, read.unreadable, read.sha256) == ("cvqa", "afaji/cvqa@1234567", 1, fingerprints.sha256)
    assert (read.signatures() == fingerprints.signatures()).all()
    rows, texts = pa.array(FILES), pa.array([QUESTIONS[0] + "?", *QUESTIONS, *QUESTIONS[:3]])
    answers = [contaminated(rows, texts, evaluation_sets={"cvqa": given}) for given in (fingerprints, path, str(path))]
    for answer in answers[1:]:
        assert answer.matches.equals(answers[0].matches)
        assert answer.why.equals(answers[0].why)
        assert answer.sets == answers[0].sets
    assert answers[0].sets["cvqa"].unreadable == 1


def test_a_file_of_ten_thousand_pictures_is_small(tmp_path):
    hashes = np.random.default_rng(0).integers(0, 1 << 64, 10_000, dtype=np.uint64)
    write_hashes(tmp_path / "x", with_images(hashes))
    assert (tmp_path / "x").stat().st_size < 110_000  # 80,000 bytes are the hashes themselves


def test_the_digest_is_of_the_content_and_not_of_the_chunks():
    images = pa.array(FILES[:4])
    chunked = pa.chunked_array([images[:1], images[1:]])
    structs = pa.array([{"bytes": file, "path": "a.jpg"} for file in FILES[:4]])
    assert the_set(images=chunked).sha256 == the_set().sha256 == the_set(images=structs).sha256
    assert the_set(texts=pa.array(["x", *QUESTIONS[1:]])).sha256 != the_set().sha256
    # A length stands before each cell: what moves from one to the next changes the digest.
    one, other = (fingerprint("x", texts=pa.array(texts)).sha256 for texts in (["ab", "c"], ["a", "bc"]))
    assert one != other


def test_a_dataset_or_a_table_is_a_set():
    dataset = datasets.Dataset.from_dict(
        {"image": [{"bytes": file, "path": None} for file in FILES[:3]], "text": QUESTIONS[:3], "answer": ["a", "b", "c"]},
        features=datasets.Features({"image": datasets.Image(), "text": datasets.Value("string"), "answer": datasets.Value("string")}),
    )
    rows = pa.array(FILES)
    for given in (dataset, dataset.with_format("arrow")[:], dataset.select([2, 0, 1]), dataset.remove_columns("text")):
        assert contaminated(rows, evaluation_sets={"x": given}).keep.tolist() == [False] * 3 + [True] * 5
    assert contaminated(texts=pa.array(QUESTIONS), evaluation_sets={"x": dataset.remove_columns("image")}).keep.tolist() == [
        False,
        False,
        True,
        True,
    ]


def test_a_row_whose_picture_cannot_be_compared_goes_and_says_so():
    answer = contaminated(pa.array([FILES[7], b"broken", None]), evaluation_sets={"cvqa": the_set()})
    assert answer.why.to_pylist() == [None, "unreadable:unreadable", None]


def test_no_sets_and_no_rows_take_nothing_away():
    assert contaminated(pa.array(FILES), pa.array(["x"] * 8), evaluation_sets={}).keep.all()
    answer = contaminated(pa.array([], pa.binary()), pa.array([], pa.string()), evaluation_sets={"cvqa": the_set()})
    assert (len(answer.keep), answer.sets["cvqa"].rows, answer.sets["cvqa"].items) == (0, 0, 4)


def test_broken_text_is_read_and_compared():
    broken = pa.array([b"\xff\xfe", QUESTIONS[0].encode(), b"\xed\xa0\x80"], pa.binary()).view(pa.string())
    assert contaminated(texts=broken, evaluation_sets={"cvqa": the_set()}).keep.tolist() == [True, False, True]
    assert len(fingerprint("x", texts=broken).texts()[0]) == 3


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_bytes(b"PAR1 no"), "no file of fingerprints"),
        (lambda path: pq.write_table(pa.table({"a": [1]}), path), r"holds no fingerprints, but \['a'\]"),
        (lambda path: newer(path), "version 2, this release reads 1"),
    ],
)
def test_a_file_that_is_something_else_says_what(tmp_path, write, message):
    write(tmp_path / "file")
    with pytest.raises(DamagedFileError, match=message):
        read_hashes(tmp_path / "file")


def newer(path):
    write_hashes(path, the_set())
    table = pq.read_table(path)
    metadata = {key: value.replace(b'"version": 1', b'"version": 2') for key, value in table.schema.metadata.items()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="gone"):
        contaminated(texts=pa.array(["a"]), evaluation_sets={"x": tmp_path / "gone"})


@pytest.mark.parametrize(
    ("columns", "given", "message"),
    [
        ({}, {}, "nothing to compare"),
        ({"images": np.zeros(2, np.uint64), "texts": pa.array(["a"])}, {}, "images 2, texts 1"),
        ({"texts": pa.array(["a"])}, {"x": pa.table({"question": ["a"]})}, r"evaluation set 'x'.*\['question'\]"),
        ({"texts": pa.array(["a"])}, {"x": 3}, "evaluation set 'x'.*int"),
        ({"texts": pa.array(["a"])}, {"x": datasets.DatasetDict(test=DATASET)}, "evaluation set 'x'.*got DatasetDict"),
        ({"texts": pa.array(["a"])}, {"x": DATASET.to_iterable_dataset()}, "evaluation set 'x'.*got IterableDataset"),
    ],
)
def test_what_cannot_be_compared_is_named(columns, given, message):
    with pytest.raises(ConfigError, match=message):
        contaminated(**columns, evaluation_sets=given)


@pytest.mark.parametrize("columns", [{}, {"images": pa.array(FILES), "texts": pa.array(["a"])}])
def test_a_set_needs_columns_of_one_length(columns):
    with pytest.raises(ConfigError, match="evaluation set 'x'"):
        fingerprint("x", **columns)


@pytest.mark.parametrize("options", [{"distance": 12}, {"similarity": 2}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(OutOfRangeError):
        contaminated(pa.array(FILES[:1]), evaluation_sets={"x": the_set()}, **options)


def test_what_is_left_after_decontamination_and_deduplication_is_clean():
    rows = pa.array([planted_copies.as_jpeg(change(image)) for change in list(planted_copies.CHANGES.values())[:4] for image in PICTURES])
    kept = rows.filter(pa.array(contaminated(rows, evaluation_sets={"cvqa": the_set()}).keep))
    assert len(kept) == 16  # four pictures are the set's
    left = kept.filter(pa.array(find_duplicates(kept).keep))
    assert len(left) == 4
    assert find_duplicates(left).keep.all()
