"""Engines: who judges Parquet files, as the caller says it, and the files in; their verdicts written and the report out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from hf_regional.errors import ConfigError
from hf_regional.filtering.copies import Copies
from hf_regional.filtering.parquet import filter_parquet
from hf_regional.filtering.parquet.running import Spread
from hf_regional.filtering.parquet.storage import File, is_uri
from hf_regional.filtering.plan import Plan, nearest
from hf_regional.filtering.report import FilterReport

Engine = Literal["datasets", "daft"]
Runner = Literal["native", "ray"]
_ENGINES: Final = ("daft", "datasets")
_RUNNERS: Final = ("native", "ray")


@dataclass(frozen=True, slots=True)
class Means:
    """Who judges. "datasets": processes of this machine. "daft": Daft's workers, of this machine or of the Ray cluster at `address`."""

    engine: Engine = "datasets"
    runner: Runner = "native"
    address: str | None = None
    processes: int | None = None

    def check(self, output: str | Path | None, is_files: bool) -> None:
        """Refuse what these means cannot do.

        Raises:
            ConfigError: an engine or a runner that is none, or one that the source or the output is not for.
        """
        for key, value, known in (("engine", self.engine, _ENGINES), ("runner", self.runner, _RUNNERS)):
            if value not in known:
                raise ConfigError(f"{key}={value!r} is none. {nearest(str(value), known)}", key)
        if self.engine == "datasets" and (self.runner != "native" or self.address is not None):
            raise ConfigError('runner= and address= are for engine="daft".', "runner")
        if self.runner == "native" and self.address is not None:
            raise ConfigError(f'address={self.address!r} is of a Ray cluster: add runner="ray".', "address")
        if self.engine == "daft" and not (is_files and output is not None):
            raise ConfigError(
                'engine="daft" goes from Parquet files to Parquet files: give paths or URIs as source, and output=. '
                "Of a dataset on the Hub the source is hf://datasets/OWNER/NAME/**/*.parquet.",
                "engine",
            )
        if self.engine == "datasets" and is_uri(output):
            raise ConfigError(f'output={output!r}: only engine="daft" writes to a URI; give a folder.', "output")
        if str(output).startswith("hf://"):
            raise ConfigError(f"output={output!r}: each file would be a commit. Write elsewhere, then: hf upload-large-folder.", "output")

    def spread(self) -> Spread | None:
        """Begin Daft, if it is Daft that judges. Errors as `cluster.starting.start`."""
        if self.engine == "datasets":
            return None
        from hf_regional.filtering.cluster.spreading import spread_by_daft

        return spread_by_daft(self.runner, self.address, self.processes)


def filter_files(
    files: Sequence[File], plan: Plan, output: str | Path, mode: str, means: Means, copies: Copies | None = None
) -> FilterReport:
    """Judge files into `output`, a folder or a URI. Errors as `filter_parquet` and `filter_into_storage`."""
    write = "all" if mode == "annotate" else "both"
    spread = means.spread()
    if spread and isinstance(output, str) and is_uri(output):
        from hf_regional.filtering.cluster.storing import filter_into_storage

        return filter_into_storage(files, plan, output, mode=mode, write=write, spread=spread, copies=copies)
    return filter_parquet(files, plan, Path(output), mode=mode, write=write, processes=means.processes or 1, spread=spread, copies=copies)
