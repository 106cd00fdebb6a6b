import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError
from hf_regional.filtering import ANNOTATIONS, judge, make_plan
from hf_regional.regions import Region

SEA = Region("SEA")
CELLS = {
    "language": st.sampled_from([None, "", "id", "th", "en", "az", "kht", "klingon"]),
    "country": st.sampled_from([None, "Indonesia", "USA", "Laos, France", "Atlantis"]),
    "score": st.sampled_from([None, float("nan"), 0.0, 3.0, 3.5, 5.0]),
}
ROWS = st.lists(st.fixed_dictionaries(CELLS), max_size=40)
SCHEMA = pa.schema([("language", pa.string()), ("country", pa.string()), ("score", pa.float32())])


def plan_of(table, region=SEA, **settings):
    return make_plan(table.schema.names, region, **settings)


def verdicts(table, region=SEA, **settings):
    return judge(table, plan_of(table, region, **settings))[0]["region_verdict"].to_pylist()


@given(rows=ROWS)
def test_the_counts_add_up_to_the_rows_and_agree_with_the_column(rows):
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    plan = plan_of(table, quality="column:score", min_quality=3, exclude={"language": ["az"]})
    judged, counts = judge(table, plan)
    assert counts.outcomes.total() == len(rows)
    for verdict in ("kept", "other", "ambiguous", "none"):
        counted = sum(number for outcome, number in counts.outcomes.items() if outcome.verdict == verdict)
        assert counted == judged["region_verdict"].to_pylist().count(verdict)


@given(rows=ROWS, cut=st.integers(0, 40))
def test_a_row_is_judged_the_same_whatever_batch_it_comes_in(rows, cut):
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    plan = plan_of(table, quality="column:score", min_quality=3, exclude={"language": ["az"]})
    whole = judge(table, plan)[0]
    parts = [judge(table.slice(0, cut), plan)[0], judge(table.slice(cut), plan)[0]]
    assert pa.concat_tables(parts).select(ANNOTATIONS.names).equals(whole.select(ANNOTATIONS.names))


def test_a_batch_comes_back_as_a_batch_with_the_agreed_columns():
    batch = pa.record_batch({"language": ["id", None], "pixels": [b"\x00", b"\x01"]})
    judged, _ = judge(batch, plan_of(batch))
    assert isinstance(judged, pa.RecordBatch)
    assert judged.schema == pa.schema([*batch.schema, *ANNOTATIONS])
    assert judged.column("pixels").equals(batch.column("pixels"))
    assert judged["region_verdict"].to_pylist() == ["kept", "none"]
    assert judged["region_countries"].to_pylist() == [["IDN"], []]


def test_a_second_judgement_replaces_the_first():
    table = pa.table({"language": ["id", "ja"]})
    once, _ = judge(table, plan_of(table))
    twice, _ = judge(once, plan_of(once, Region("JPN")))
    assert twice.schema.names == once.schema.names
    assert twice["region_verdict"].to_pylist() == ["other", "kept"]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["id", None, "en"]).dictionary_encode(),
        pa.array(["id", None, "en"], pa.large_string()),
        pa.array(["id", None, "en"], pa.string_view()),
        pa.array([["id"], None, ["en", None]]),
        pa.array([["zh", "id"], [], ["en"]], pa.large_list(pa.string())),
        pa.chunked_array([["id"], [None, "en"]]),
        pa.chunked_array([pa.array(["id", None]).dictionary_encode(), pa.array(["en"]).dictionary_encode()]),
    ],
    ids=lambda column: str(column.type),
)
def test_texts_are_read_however_arrow_stores_them(column):
    assert verdicts(pa.table({"language": column})) == ["kept", "none", "other"]


def test_a_sliced_list_column_keeps_its_rows():
    table = pa.table({"language": pa.array([["en"], ["id", "en"], ["th"]])}).slice(1)
    assert verdicts(table) == ["kept", "kept"]


def test_a_column_of_nulls_is_no_evidence_and_no_error():
    assert verdicts(pa.table({"language": pa.nulls(2)})) == ["none", "none"]


def test_class_labels_are_read_by_name_and_minus_one_is_missing():
    table = pa.table({"language": [1, 0, -1]})
    assert verdicts(table, labels={"language": ("en", "id")}) == ["kept", "other", "none"]


def test_a_column_without_text_is_refused_by_name():
    with pytest.raises(ConfigError, match="column 'language' holds int64"):
        verdicts(pa.table({"language": [1, 2]}))


def test_quality_keeps_the_bound_itself_and_names_what_is_below_and_missing():
    table = pa.table({"language": ["id"] * 4 + ["en"], "score": [4.0, 3.9, None, float("nan"), 1.0]})
    judged, counts = judge(table, plan_of(table, quality="column:score", min_quality=4))
    assert judged["region_verdict"].to_pylist() == ["kept", "none", "none", "none", "other"]
    assert {outcome.reason: rows for outcome, rows in counts.outcomes.items()} == {
        "language:id": 1,
        "quality:below": 1,
        "quality:missing": 2,
        "language:en": 1,
    }
    assert judged["region_evidence"].to_pylist()[1][-1]["kind"] == "quality"


def test_quality_of_words_is_refused():
    with pytest.raises(ConfigError, match="quality column 'score' holds string"):
        verdicts(pa.table({"language": ["id"], "score": ["good"]}), quality="column:score", min_quality=1)


def test_excluded_rows_are_none_and_the_rest_of_the_world_is_other():
    table = pa.table({"language": ["az", "aze_Latn", "en", "id"]})
    judged, counts = judge(table, plan_of(table, exclude={"language": ["az"]}))
    assert judged["region_verdict"].to_pylist() == ["none", "none", "other", "kept"]
    assert ("none", "excluded:language=az", "language") in counts.outcomes
    assert judged["region_evidence"].to_pylist()[0][-1] | {"start": 0, "end": 0} == {
        "kind": "exclude",
        "value": "az",
        "country": None,
        "confidence": 1.0,
        "column": "language",
        "start": 0,
        "end": 0,
    }


def test_any_column_may_exclude_by_exact_value():
    table = pa.table({"language": ["id"] * 4, "source": ["a", "b", None, "b"], "year": [1, 2, 3, 4]})
    assert verdicts(table, exclude={"source": "b"}) == ["kept", "none", "kept", "none"]
    assert verdicts(table, exclude={"source": [None], "year": [4]}) == ["kept", "kept", "none", "none"]


def test_without_a_region_quality_alone_decides_and_no_evidence_is_read():
    table = pa.table({"score": [1, 5]})
    assert verdicts(table, None, quality="column:score", min_quality=2) == ["none", "kept"]


def test_combinations_beyond_64_bits_do_not_collide():
    # 12 columns of 200 values: the mixed radix would need 92 bits.
    rows = 200
    table = pa.table(
        {"language": ["id", "en"] * (rows // 2)} | {f"c{i}": [str((row * (i + 3)) % rows) for row in range(rows)] for i in range(12)}
    )
    exclude = {f"c{i}": ["no such value"] for i in range(12)}
    assert verdicts(table, exclude=exclude) == ["kept", "other"] * (rows // 2)


def texts_of(*cells):
    """A text column made of any bytes, as files from elsewhere hold it."""
    data = [b"" if cell is None else cell for cell in cells]
    offsets = pa.array([sum(map(len, data[:place])) for place in range(len(data) + 1)], pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), len(data), [None, offsets, pa.py_buffer(b"".join(data))])


@pytest.mark.parametrize("wrap", [pa.table, pa.record_batch], ids=["table", "batch"])
def test_a_text_that_is_no_utf8_sets_its_row_aside_and_no_other(wrap):
    half_a_pair, latin = b"\xed\xa0\x80", "Phở".encode("utf-16")
    rows = wrap({"language": texts_of(b"id", half_a_pair, b"th", latin), "score": pa.array([5, 5, 5, 5])})
    judged, counts = judge(rows, plan_of(rows, quality="column:score", min_quality=1))
    assert judged["region_verdict"].to_pylist() == ["kept", "none", "kept", "none"]
    assert counts.outcomes["none", "unreadable:language", "language"] == 2
    assert judged["region_evidence"].to_pylist()[1][0]["kind"] == "unreadable"
    assert judged["language"].equals(rows["language"])  # the row itself is left as it came


def test_lists_and_dictionaries_with_such_texts_are_set_aside_too():
    texts = texts_of(b"id", b"\xff")
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), texts)
    for column in (lists, pa.DictionaryArray.from_arrays(pa.array([0, 1]), texts)):
        assert verdicts(pa.table({"language": column})) == ["kept", "none"]
