import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.corpora import json_rows
from hf_regional.corpora.json_rows import in_array, in_lines
from hf_regional.corpora.tabular import read_columns, read_rows
from hf_regional.errors import DamagedFileError

LEAVES = st.none() | st.booleans() | st.integers() | st.text()
ROWS = st.lists(st.dictionaries(st.text(), st.recursive(LEAVES, st.lists, max_leaves=4), max_size=4), max_size=6)


@given(ROWS, st.booleans(), st.sampled_from([None, 2]), st.integers(1, 40))
def test_an_array_is_read_as_json_reads_it_in_chunks_of_any_size_and_every_row_is_found_again_in_its_bytes(rows, ascii_only, indent, chunk):
    data = json.dumps(rows, ensure_ascii=ascii_only, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_rows, "_CHUNK", chunk)
        found = [*in_array(io.BytesIO(data))]
    assert [each.row for each in found] == rows
    assert [json.loads(data[each.start : each.start + each.length]) for each in found] == rows


@given(ROWS)
def test_lines_are_found_again_in_their_bytes_and_empty_ones_are_passed_over(rows):
    data = "".join(json.dumps(row, ensure_ascii=True) + "\n\n" for row in rows).encode()
    found = [*in_lines(io.BytesIO(data))]
    assert [each.row for each in found] == rows == [json.loads(data[each.start : each.start + each.length]) for each in found]


def test_rows_before_the_end_of_the_file_are_given_before_the_end_is_read():
    file = io.BytesIO(b"[" + b",".join(b'{"n": %d, "said": "%s"}' % (n, b"x" * 1000) for n in range(10_000)) + b"]")
    assert next(in_array(file)).row["n"] == 0
    assert file.tell() <= json_rows._CHUNK < 10_000_000


@pytest.mark.parametrize("cut", [b"", b"{}", b"[{}", b"[{},", b'[{"a": 1} {"a": 2}]', b'[{"a": "'])
def test_a_file_that_is_no_array_or_is_cut_off_is_damaged_and_named(cut):
    with pytest.raises(DamagedFileError, match=r"^rows\.json cannot be read: .*Fetch it anew"):
        list(read_rows(io.BytesIO(cut), "rows.json"))


def test_the_columns_are_those_of_the_first_row():
    assert read_columns(io.BytesIO(b'[{"id": 1, "image": "a.jpg"}, {"id": 2}]'), "rows.json") == ("id", "image")
