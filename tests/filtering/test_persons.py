"""What is hidden of persons, by the front door: the same in every kind of source, in the texts, the evidence and the report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import Dataset, DatasetDict, IterableDataset
from pyarrow import parquet

from hf_regional.filtering import filter_regional
from hf_regional.filtering.consent import ConsentPolicy, LicencePolicy
from hf_regional.regions import Region

SEA = Region("SEA")
ROWS = {
    "text": [
        "Write to somchai@example.com in Bangkok",
        "Temple in Bangkok",
        "Call +66 81 234 5678, Chiang Mai",
        "Market in Paris, ask a@b.fr",
    ],
    "annotator_id": ["w1", "w2", None, "w4"],
    "license": ["cc-by-4.0", "cc-by-nc-4.0", "cc0-1.0", None],
    "noai": [False, False, True, False],
}
MASKED = ["Write to [e-mail] in Bangkok", "Temple in Bangkok", "Call [phone], Chiang Mai", "Market in Paris, ask [e-mail]"]
KEPT, DROPPED = [0, 1], [2, 3]


def files(rows: Dataset, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    parquet.write_table(rows.with_format("arrow")[:], folder / "rows.parquet", row_group_size=2)
    return str(folder / "rows.parquet")


SOURCES: dict[str, Callable[[Dataset, Path], Any]] = {
    "Dataset": lambda rows, _: rows,
    "DatasetDict": lambda rows, _: DatasetDict({"train": rows}),
    "Table": lambda rows, _: rows.with_format("arrow")[:],
    "IterableDataset": lambda rows, _: rows.to_iterable_dataset(),
    "mapped IterableDataset": lambda rows, _: rows.to_iterable_dataset().map(lambda row: row),
    "generated IterableDataset": lambda rows, _: IterableDataset.from_generator(lambda: iter(rows), features=rows.features),
    "Parquet": files,
}


def listed(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, DatasetDict):
        part = part["train"]
    return part.to_pylist() if isinstance(part, pa.Table) else list(part)


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("write", [False, True])
def test_every_kind_of_source_hides_the_same(make: Callable[[Dataset, Path], Any], write: bool, tmp_path: Path) -> None:
    source = make(Dataset.from_dict(ROWS), tmp_path / "rows")
    if write and not isinstance(source, str):
        pytest.skip("only files are written")
    options: dict[str, Any] = {"output": tmp_path / "out"} if write else {}
    found = filter_regional(source, SEA, samples=2, **options)
    kept, dropped = listed(found.data), listed(found.dropped)
    assert [row["text"] for row in kept] == [MASKED[place] for place in KEPT]
    assert [row["text"] for row in dropped] == [MASKED[place] for place in DROPPED]
    assert "annotator_id" not in kept[0]
    assert found.report.hidden == {"text": {"e-mail": 2, "phone": 1}, "annotator_id": {"dropped": 3}}
    assert found.report.by_reason["opt-out:noai"] == 1
    assert "somchai" not in found.report.to_html() + found.report.to_markdown() + str(found.report.as_dict())


def test_places_of_evidence_are_those_in_the_masked_text() -> None:
    row = filter_regional(Dataset.from_dict(ROWS), SEA).data[0]
    (bangkok,) = (one for one in row["region_evidence"] if one["kind"] == "text")
    assert row["text"][bangkok["start"] : bangkok["end"]] == "Bangkok"


def test_columns_in_which_nothing_is_found_are_not_written_again() -> None:
    rows = Dataset.from_dict({"text": ["Temple in Bangkok", "Temple in Paris"]})
    data = filter_regional(rows, SEA).data
    assert data["text"][:] == ["Temple in Bangkok"]
    assert "hidden" not in str(filter_regional(rows, SEA).report)


def test_a_licence_that_is_not_allowed_takes_a_row_out_by_name() -> None:
    policy = ConsentPolicy(licences=LicencePolicy(use="commercial"))
    found = filter_regional(Dataset.from_dict(ROWS), SEA, consent=policy)
    assert [row["license"] for row in found.data] == ["cc-by-4.0"]
    assert found.report.by_reason["licence:cc-by-nc-4.0 not commercial"] == 1
    assert found.report.steps["licence"] == (4, 1)  # one of another's, one without commerce, one without a licence


def test_without_a_policy_everything_stays() -> None:
    found = filter_regional(Dataset.from_dict(ROWS), SEA, consent=None)
    assert [row["text"] for row in found.data] == ROWS["text"][:3]
    assert found.data["annotator_id"][:] == ["w1", "w2", None]
    assert found.report.hidden == {}
