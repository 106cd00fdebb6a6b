"""Spreading: what is to be done with each part, and the parts, in; their counts out, as Daft's workers finish them.

A part may be done twice (Ray begins anew what a lost machine had in hand) and is counted once: its counts are the answer to the one row
that stands for it, and its files replace those of an earlier try whole.
"""

import importlib
import os
import pickle
import platform
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from hf_regional.errors import CannotWriteError, ConfigError, RegionalError
from hf_regional.filtering.cluster.starting import start
from hf_regional.filtering.cluster.trying import Work, limited
from hf_regional.filtering.engines import Runner
from hf_regional.filtering.parquet.parts import Part
from hf_regional.filtering.parquet.running import Spread
from hf_regional.filtering.parquet.storage import File, inside
from hf_regional.filtering.parquet.workers import Done
from hf_regional.filtering.report import Counts
from hf_regional.version import __version__

_NUMBER: Final = "number"


class PartJudge:
    """What each worker of Daft holds: it reads the plan once and does part after part."""

    def __init__(self, work: bytes, version: str) -> None:
        """Take the pickled work, which is opened with the first part."""
        self._pickled, self._version = work, version

    @cached_property
    def _work(self) -> Work:
        return pickle.loads(self._pickled)

    def judge(self, parts: Any) -> list[bytes]:
        """Do the parts of a batch, a Daft series of pickles; answers are counts, or errors of ours, pickled."""
        return [pickle.dumps(self._judged(pickle.loads(part))) for part in parts.to_pylist()]

    def _judged(self, part: Part) -> Counts | RegionalError:
        if self._version != __version__:
            return ConfigError(
                f"{platform.node()} has hf-regional {__version__}, and {self._version} asks it to judge. Install one version everywhere."
            )
        try:
            return self._work(part)
        except RegionalError as error:
            return error


def spread_by_daft(runner: Runner, address: str | None, processes: int | None) -> Spread:
    """Give the function that has parts judged by Daft.

    Args:
        runner: "native" for processes of this machine, "ray" for a cluster.
        address: of a Ray cluster, "local" for one of its own; null for the one that is running or a new one.
        processes: how many judge at a time; by default one for each core, of the machine or of the cluster.

    Raises:
        ConfigError, MissingExtraError: as `start`, now.
    """
    daft = start(runner, address)

    def spread(work: Work, parts: Sequence[Part], beside: File) -> Iterator[Done]:
        tried = limited(work, inside(beside, f"tries-{uuid.uuid4().hex[:8]}"))
        return _spread(daft, tried, parts, runner, processes or _cores(runner))

    return spread


def _spread(daft: Any, work: Work, parts: Sequence[Part], runner: Runner, processes: int) -> Iterator[Done]:
    """Yield parts as they are done. One that fails leaves the others to be finished; the first failure is raised at the end.

    Raises:
        RegionalError: what the work raised.
        CannotWriteError: a worker was killed, or Daft gave up.
    """
    if not parts:
        return
    failed: list[RegionalError] = []
    for number, answer in _answers(daft, work, parts, runner, min(processes, len(parts))):
        if isinstance(answer, RegionalError):
            failed.append(answer)
        else:
            yield parts[number], answer
    if failed:
        # One error for all: the others are most often of the same kind.
        failed[0].add_note(f"{len(failed):,} of {len(parts):,} parts could not be judged.")
        raise failed[0]


def _answers(daft: Any, work: Work, parts: Sequence[Part], runner: Runner, processes: int) -> Iterator[tuple[int, Any]]:
    judge = daft.method.batch(return_dtype=daft.DataType.binary(), batch_size=1)(PartJudge.judge)
    on_ray = runner == "ray"
    # Processes, since Python threads would judge one at a time; Ray's workers are processes already.
    judges = daft.cls(PartJudge, cpus=1, max_concurrency=processes, use_process=None if on_ray else True)
    rows = daft.from_pydict({_NUMBER: [*range(len(parts))], "part": [pickle.dumps(_anywhere(part)) for part in parts]})
    if on_ray:  # a task each: what shares a partition goes to one machine
        rows = rows.into_partitions(len(parts))
    # Daft's pickle takes functions of the caller's script along, which `locate` may be; the standard one reads it.
    judging = getattr(judges(importlib.import_module("daft.pickle").dumps(work), __version__), judge.__name__)
    rows = rows.select(rows[_NUMBER], judging(rows["part"]).alias("answer"))
    try:
        # In whatever order they come: kept in order, a slow part would leave the other workers idle.
        with daft.execution_config_ctx(maintain_order=False):
            for row in rows.iter_rows(results_buffer_size=None):
                yield row[_NUMBER], pickle.loads(row["answer"])
    except (RuntimeError, daft.exceptions.DaftCoreException, OSError) as error:
        raise CannotWriteError(
            f"Daft stopped: {error}. A worker that ended most often lacked memory, or lacks this package; try fewer processes."
        ) from error


def _anywhere(part: Part) -> Part:
    """Name a part's file so that a worker with another working folder finds it."""
    return replace(part, file=part.file.absolute()) if isinstance(part.file, Path) else part


def _cores(runner: Runner) -> int:
    if runner == "native":
        return len(os.sched_getaffinity(0))
    return max(1, int(importlib.import_module("ray").cluster_resources().get("CPU", 1)))
