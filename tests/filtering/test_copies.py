"""Copies, by the front door: what is a copy of a better row goes, and what stands in an evaluation set, each counted by name."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from datasets import Dataset, DatasetDict, Features, Value
from datasets import Image as ImageFeature
from PIL import Image

from hf_regional.errors import ConfigError
from hf_regional.filtering import Copies, filter_regional
from hf_regional.filtering.duplicates import fingerprint, write_hashes
from hf_regional.regions import Region

SEA = Region("SEA")


def picture(seed: int, quality: int = 95) -> dict[str, Any]:
    """A picture of soft blobs, the same for a seed."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((96, 96), Image.Resampling.BICUBIC).save(file, "jpeg", quality=quality)
    return {"bytes": file.getvalue(), "path": None}


@pytest.fixture
def rows() -> Dataset:
    """Row 1 is row 0 saved again; row 2 is elsewhere; row 3 is a copy of row 2, in the region; row 5 is no picture."""
    pictures = [picture(0), picture(0, 40), picture(1), picture(1, 60), picture(2), {"bytes": b"broken", "path": None}]
    return Dataset.from_dict(
        {"image": pictures, "language": ["th", "th", "fr", "th", "id", "id"], "number": [0, 1, 2, 3, 4, 5]},
        features=Features({"image": ImageFeature(), "language": Value("string"), "number": Value("int64")}),
    )


def numbers(part: Any) -> list[int]:
    return [row["number"] for row in part.to_list()] if isinstance(part, Dataset) else part["number"].to_pylist()


@pytest.mark.parametrize("table", [False, True], ids=["Dataset", "Table"])
def test_of_copies_in_the_region_one_stays(rows: Dataset, table: bool) -> None:
    found = filter_regional(
        rows.with_format("arrow")[:] if table else rows.cast_column("image", ImageFeature(decode=False)), SEA, copies=Copies()
    )
    assert numbers(found.data) == [0, 3, 4]
    assert found.report.by_reason["duplicate:image"] == 1
    assert found.report.by_reason["unreadable:unreadable"] == 1
    assert found.report.by_verdict == {"kept": 3, "other": 1, "ambiguous": 0, "none": 2}
    assert found.report.as_dict()["settings"]["copies"]["distance"] == 8  # pyright: ignore[reportIndexIssue]


def test_what_stands_in_an_evaluation_set_goes_and_the_set_is_named(rows: Dataset, tmp_path: Path) -> None:
    held_out = pa.table({"image": [picture(2, 30)]})
    rows = rows.cast_column("image", ImageFeature(decode=False))
    found = filter_regional(rows, SEA, copies=Copies(duplicates=False, evaluation_sets={"cvqa": held_out}))
    assert 4 not in numbers(found.data)
    assert found.report.by_reason["contaminated:cvqa"] == 1
    write_hashes(tmp_path / "cvqa.parquet", fingerprint("cvqa", held_out["image"]))
    again = filter_regional(rows, SEA, copies=Copies(duplicates=False, evaluation_sets={"cvqa": tmp_path / "cvqa.parquet"}))
    assert numbers(again.data) == numbers(found.data)


def test_captions_alone_make_copies_where_there_are_no_pictures() -> None:
    texts = ["Morning market by the river in Bangkok"] * 2 + ["Temple at dusk in Bangkok, seen from the river"]
    found = filter_regional(DatasetDict({"train": Dataset.from_dict({"text": texts})}), SEA, copies=Copies())
    assert len(found.data["train"]) == 2
    assert found.report.by_reason["duplicate:text"] == 1


def test_a_stream_does_not_have_all_rows(rows: Dataset) -> None:
    with pytest.raises(ConfigError, match="needs all rows at once"):
        filter_regional(rows.to_iterable_dataset(), SEA, copies=Copies())
    with pytest.raises(ConfigError, match="no column 'picture' and no text"):
        filter_regional(rows, SEA, copies=Copies(image="picture"))
