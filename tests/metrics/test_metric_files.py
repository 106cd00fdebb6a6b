import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hf_regional.errors import DamagedFileError, MissingColumnError, MissingFileError
from hf_regional.metrics.reading import chosen_columns, read_columns

ANSWERS = ["predictions", "references", "groups"]


def written(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_the_same_rows_come_out_of_every_form(tmp_path):
    rows = [{"prediction": "A", "reference": "B"}, {"prediction": "C", "reference": "C"}]
    columns = {"prediction": ["A", "C"], "reference": ["B", "C"]}
    files = [
        written(tmp_path, "rows.json", json.dumps(rows)),
        written(tmp_path, "columns.json", json.dumps(columns)),
        written(tmp_path, "rows.jsonl", "\n".join(map(json.dumps, rows)) + "\n\n"),
        written(tmp_path, "rows.csv", "\ufeffprediction,reference\nA,B\nC,C\n"),
        written(tmp_path, "rows.TSV", "prediction\treference\nA\tB\nC\tC\n"),
        tmp_path / "rows.parquet",
    ]
    pq.write_table(pa.table(columns), files[-1])
    for file in files:
        assert chosen_columns(read_columns(file), ANSWERS) == {"predictions": ["A", "C"], "references": ["B", "C"]}
    np.savez(tmp_path / "arrays.npz", features=np.eye(2))
    assert np.array_equal(read_columns(tmp_path / "arrays.npz")["features"], np.eye(2))


def test_entries_of_csv_are_numbers_lists_or_words_as_the_whole_column_is(tmp_path):
    file = written(tmp_path, "rows.csv", 'predictions,references,rating,scores,item,country\n1,1,3,"[0.5, 1]",007,NA\n,B,2.5,"[1, 0]",8,\n')
    found = chosen_columns(read_columns(file), [*ANSWERS, "ratings", "scores", "items"], by=["country"])
    assert found == {
        "predictions": ["1", None],  # compared with B, so no number
        "references": ["1", "B"],
        "ratings": [3.0, 2.5],
        "scores": [[0.5, 1], [1, 0]],
        "items": ["007", "8"],
        "groups": {"country": ["NA", None]},  # Namibia, and nothing
    }


def test_predictions_and_references_that_are_all_numbers_become_numbers(tmp_path):
    file = written(tmp_path, "rows.csv", "answer,gold\n1,1\n2,\n")
    found = chosen_columns(read_columns(file), ANSWERS, names={"predictions": "answer", "references": "gold"})
    assert found == {"predictions": [1, 2], "references": [1, None]}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("rows.csv", "a,b\n1,2\n3\n", r"rows\.csv: line 3 has 1 entries, the header 2"),
        ("rows.csv", 'a\n"open\n', r"rows\.csv: line \d: unexpected end of data"),
        ("rows.json", "{", r"rows\.json: cannot be read as json"),
        ("rows.json", "[1]", "neither an object of columns nor a list of rows"),
        ("rows.jsonl", "{}\n[1]\n", "line 2 is no object"),
        ("rows.parquet", "no", "cannot be read as parquet"),
        ("rows.npz", "no", "cannot be read as npz"),
        ("rows.xls", "no", r"\.xls says nothing about the form\. Known: \.json"),
    ],
)
def test_files_that_are_not_what_they_say_are_named(tmp_path, name, text, message):
    with pytest.raises(DamagedFileError, match=message):
        read_columns(written(tmp_path, name, text))


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"none\.csv: there is no such file"):
        read_columns(tmp_path / "none.csv")
    with pytest.raises(MissingColumnError, match=r"no column 'contry'\. Did you mean 'country'\? There are: answer, country"):
        chosen_columns({"answer": [1], "country": ["IDN"]}, ANSWERS, names={"predictions": "answer"}, by=["contry"])
    with pytest.raises(MissingColumnError, match=r"the file has the columns answer; the metric takes .* --columns predictions=COLUMN"):
        chosen_columns({"answer": [1]}, ANSWERS)
