"""What `filter_engines.py` measures: a name, files and an output in; files written, and one line of JSON out. A process each.

    python filter_programs.py NAME ROWS OUTPUT KINDS MOST PROCESSES

`re` in a loop and `datasets.filter` with it know the terms of the lexicon as one alternation between word boundaries with
`re.IGNORECASE`, the country domains, and the two columns, and give a mask: no evidence, no reasons. They take the first MOST rows. Beside
them are a loop without boundaries, which finds "Male" in "female", and one that casefolds texts in place of the flag, which is quicker.
"""

import json
import multiprocessing
import re
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from hf_regional.filtering import filter_regional, judge, make_plan, only
from hf_regional.filtering.consent import ConsentPolicy
from hf_regional.filtering.plan import Plan
from hf_regional.regions import Region

SIDE: Final = "region_verdict"
CONSENT: Final = "consent"  # no kind of evidence, and yet a look at every text
Told = dict[str, Any]
_BATCH: Final = 1 << 16  # as the driver's


def parquet_driver(rows: Path, output: Path, kinds: tuple[str, ...], processes: int) -> Told:
    """The default engine."""
    return _told(filter_regional(rows, "SEA", output=output, num_proc=processes, **_asked(kinds)))


def daft_native(rows: Path, output: Path, kinds: tuple[str, ...], processes: int) -> Told:
    """Daft on this machine."""
    return _told(filter_regional(rows, "SEA", output=output, num_proc=processes, engine="daft", **_asked(kinds)))


def daft_on_ray(rows: Path, output: Path, kinds: tuple[str, ...], processes: int) -> Told:
    """Daft on a Ray cluster of its own, started and stopped within the time."""
    import ray  # pyright: ignore[reportMissingImports]

    ray.init(address="local", num_cpus=processes, include_dashboard=False, log_to_driver=False)
    found = filter_regional(rows, "SEA", output=output, num_proc=processes, engine="daft", runner="ray", **_asked(kinds))
    ray.shutdown()
    return _told(found)


def rows_through_daft(rows: Path, output: Path, kinds: tuple[str, ...], processes: int) -> Told:
    """What `engine="daft"` does not do: Daft reads, asks the kernel for batches of rows, and writes, parted by the verdict."""
    import daft  # pyright: ignore[reportMissingImports]

    plan = _plan(kinds)
    frame = daft.read_parquet(f"{rows}/*.parquet")
    judged = daft.cls(_RowJudge, use_process=True, max_concurrency=processes)(plan).judge
    said = judged(*(frame[name] for name in plan.reads))
    frame = frame.with_column("said", said)
    names = ("region_countries", SIDE, "region_evidence")
    frame = frame.with_columns({name: frame["said"][name] for name in names}).exclude("said")
    frame.with_column("side", frame[SIDE] == "kept").write_parquet(str(output), partition_cols=["side"])
    return {}


def mask_only(rows: Path, output: Path, kinds: tuple[str, ...], processes: int) -> Told:
    """The same files, parts, kernel and processes; of what it says a column of booleans is written, and no other."""
    from hf_regional.filtering.parquet.parts import cut, find_files

    output.mkdir()
    parts = cut(find_files(rows))
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        kept = sum(pool.imap_unordered(partial(_mask_part, _plan(kinds), output), parts))
    return {"rows": sum(part.rows for part in parts), "kept": kept}


def dataset(rows: Path, output: Path, kinds: tuple[str, ...], processes: int) -> Told:
    """A `Dataset`, filtered in this process and written."""
    from datasets import load_dataset

    source = load_dataset("parquet", data_dir=str(rows), split="train", cache_dir=str(output / "cache"))
    found: Any = filter_regional(source, "SEA", **_asked(kinds))
    for side, part in (("kept", found.data), ("dropped", found.dropped)):
        part.to_parquet(output / f"{side}.parquet")
    return _told(found)


def stream(rows: Path, output: Path, kinds: tuple[str, ...], processes: int) -> Told:
    """An `IterableDataset`, its kept rows written as they come."""
    from pyarrow import parquet

    found = filter_regional(rows, "SEA", **_asked(kinds))
    writer = None
    for batch in found.data.with_format("arrow").iter(10_000):
        writer = writer or parquet.ParquetWriter(output / "kept.parquet", batch.schema)
        writer.write_table(batch)
    return _told(found)


def loop_with_re(rows: Path, output: Path, kinds: tuple[str, ...], most: int, form: tuple[str, re.RegexFlag]) -> Told:
    """A loop over rows as Python dicts."""
    import pyarrow as pa
    from pyarrow import parquet

    is_kept = _by_re(kinds, *form)
    with parquet.ParquetFile(sorted(rows.glob("*.parquet"))[0]) as file:
        table = pa.Table.from_batches([next(file.iter_batches(most))])
    begun = time.perf_counter()
    mask = [is_kept(row) for row in table.to_pylist()]
    parquet.write_table(table.filter(pa.array(mask)), output / "kept.parquet")
    return {"rows": table.num_rows, "kept": sum(mask), "seconds": time.perf_counter() - begun}


def filter_with_re(rows: Path, output: Path, kinds: tuple[str, ...], most: int, processes: int) -> Told:
    """`datasets.filter`, in several processes."""
    from datasets import load_dataset

    is_kept = _by_re(kinds, *LOOPS["loop with re"])
    source = load_dataset("parquet", data_files=str(sorted(rows.glob("*.parquet"))[0]), split="train", cache_dir=str(output / "cache"))
    begun = time.perf_counter()
    kept = source.select(range(most)).filter(is_kept, num_proc=processes)
    kept.to_parquet(output / "kept.parquet")
    return {"rows": most, "kept": len(kept), "seconds": time.perf_counter() - begun}


WHOLE: Final[Mapping[str, Callable[[Path, Path, tuple[str, ...], int], Told]]] = {
    "parquet driver": parquet_driver,
    "mask only": mask_only,
    "daft, native": daft_native,
    "daft, ray": daft_on_ray,
    "rows through daft": rows_through_daft,
    "Dataset": dataset,
    "IterableDataset": stream,
}


LOOPS: Final[Mapping[str, tuple[str, re.RegexFlag]]] = {
    "loop with re": (r"\b", re.IGNORECASE),
    "loop with re, no edges": ("", re.IGNORECASE),
    "loop with re, casefolded": (r"\b", re.NOFLAG),
}


class _RowJudge:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def judge(self, *columns: Any) -> Any:
        import pyarrow as pa

        table = pa.table({name: column.to_arrow() for name, column in zip(self._plan.reads, columns, strict=True)})
        judged, _ = judge(table, self._plan)
        return pa.StructArray.from_arrays(
            [judged[name].combine_chunks() for name in judged.column_names[-3:]], fields=[*judged.schema][-3:]
        )


def _mark_for_daft() -> None:
    import daft  # pyright: ignore[reportMissingImports]

    from hf_regional.filtering import ANNOTATIONS

    kind = daft.DataType.struct({field.name: daft.DataType.from_arrow_type(field.type) for field in ANNOTATIONS})
    daft.method.batch(return_dtype=kind)(_RowJudge.judge)


def _mask_part(plan: Plan, output: Path, part: Any) -> int:
    import pyarrow as pa
    from pyarrow import compute, parquet

    kept, schema, equal = 0, pa.schema([("kept", pa.bool_())]), vars(compute)["equal"]
    groups = [*range(part.first, part.last)]
    with parquet.ParquetFile(part.file, memory_map=True) as file, parquet.ParquetWriter(output / part.name, schema) as writer:
        for batch in file.iter_batches(_BATCH, row_groups=groups, columns=[*plan.reads], use_threads=False):
            mask = equal(judge(batch, plan)[0].column(SIDE), "kept")
            kept += mask.true_count
            writer.write_batch(pa.record_batch([mask], schema=schema))
    return kept


def _by_re(kinds: tuple[str, ...], edge: str, flags: re.RegexFlag) -> Callable[[dict[str, Any]], bool]:
    from hf_regional.filtering.lexicon import load_terms

    region = Region("SEA")
    terms = load_terms()
    named = sorted({text.casefold() for text, country in zip(terms.text, terms.country, strict=True) if country in region.countries})
    others = sorted({text.casefold() for text in terms.text} - {*named})
    inside = frozenset(named)
    alternation = "|".join(map(re.escape, sorted([*named, *others], key=len, reverse=True)))
    words = re.compile(f"{edge}(?:{alternation}){edge}", flags)
    domain = re.compile(r"^https?://[^/]+\.(?:id|th|vn|my|ph|sg|mm|kh|la|bn|tl)(?:/|$)")

    def is_kept(row: dict[str, Any]) -> bool:
        if "country" in kinds and row["country"]:
            return row["country"] in {"ID", "TH", "VN", "MY", "PH", "SG", "MM", "KH", "LA", "BN", "TL"}
        if "text" in kinds and (found := words.findall(row["text"] if flags else row["text"].casefold())):
            return any(word.casefold() in inside for word in found)
        if "url" in kinds and domain.match(row["url"]):
            return True
        return "language" in kinds and row["language"] in {"id", "ms", "th", "vi", "fil", "tl", "my", "km", "lo", "jv", "ceb"}

    return is_kept


def _plan(kinds: tuple[str, ...]) -> Plan:
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("text", "url", "language", "country")]
    schema = pa.schema([("id", pa.int64()), *texts, ("width", pa.int32())])
    return make_plan(schema.names, Region("SEA"), schema=schema, **_asked(kinds))


def _asked(kinds: tuple[str, ...]) -> Any:
    """Switch off what is not asked for; what is left is found under its usual names."""
    return {"columns": only(*(kind for kind in kinds if kind != CONSENT)), "consent": ConsentPolicy() if CONSENT in kinds else None}


def _told(found: Any) -> Told:
    return {"rows": found.report.rows, "kept": found.report.kept}


def main() -> None:
    name, rows, output, kinds, most, processes = sys.argv[1:]
    folder, asked = Path(output), tuple(kinds.split(","))
    if name in LOOPS:
        folder.mkdir()
        told = loop_with_re(Path(rows), folder, asked, int(most), LOOPS[name])
    elif name == "datasets.filter with re":
        folder.mkdir()
        told = filter_with_re(Path(rows), folder, asked, int(most), int(processes))
    else:
        if name in ("Dataset", "IterableDataset"):
            folder.mkdir()
        if name == "rows through daft":
            _mark_for_daft()
        told = WHOLE[name](Path(rows), folder, asked, int(processes))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
