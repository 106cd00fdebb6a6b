"""Verdicts: the figures of all rounds in, a table and, for each thing that was asked, the number asked and the number found out."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from merge_programs import BETA, BETAS, PEER

Row = Mapping[str, Any]  # one run: dtype, round, program, wall, user, system, peak_mb, read_mb, written_mb, ...
_LINEAR: Final = ("ours", "ours + sha256", "ours, console", "ours, buffered", "ours, to memory", "ours, 4 betas")
_CORRECT_SHARE: Final = 0.9999


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that was asked. `values` are those of the rounds; the median is judged, and the best told beside it."""

    dtype: str
    asked: str
    bound: float
    most: bool  # the bound is an upper one
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of the rounds."""
        return statistics.median(self.values)

    @property
    def best(self) -> float:
        """Of the rounds."""
        return min(self.values) if self.most else max(self.values)

    @property
    def outcome(self) -> str:
        """PASS, PASS AT BEST (one round or more, not the median) or FALLS SHORT."""
        good = [self.holds(self.median), self.holds(self.best)]
        return "PASS" if all(good) else "PASS AT BEST" if any(good) else "FALLS SHORT"

    def holds(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        return value <= self.bound if self.most else value >= self.bound

    def line(self) -> str:
        """For the terminal."""
        sign = "<=" if self.most else ">="
        spread = f" ({min(self.values):.4g} to {max(self.values):.4g}, n = {len(self.values)})" if len(self.values) > 1 else ""
        return f"{self.outcome:13} {self.dtype:5} {self.asked:60} {sign} {self.bound:<8.4g} found {self.median:.4g}{spread}"

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        return {
            "dtype": self.dtype,
            "asked": self.asked,
            "bound": self.bound,
            "bound_is": "upper" if self.most else "lower",
            "values": list(self.values),
            "median": self.median,
            "best": self.best,
            "outcome": self.outcome,
        }


class Figures:
    """The rows of one dtype, and what is asked of them."""

    def __init__(self, rows: Iterable[Row], dtype: str, *, read: int, written: int) -> None:
        self._rows = [row for row in rows if row["dtype"] == dtype]
        self._dtype, self._read, self._written = dtype, read, written

    def programs(self) -> list[str]:
        """Names, the peer's first."""
        names = dict.fromkeys(row["program"] for row in self._rows)
        return sorted(names, key=lambda name: (not name.startswith(PEER), name))

    def by_round(self, program: str, key: str) -> dict[int, float]:
        """A figure of a program, where it ran."""
        return {row["round"]: row[key] for row in self._rows if row["program"] == program}

    def paired(self, above: str, below: str, key: str = "wall") -> tuple[float, ...]:
        """Ratios within a round, so that a busy minute burdens both."""
        over, under = self.by_round(above, key), self.by_round(below, key)
        return tuple(over[place] / max(under[place], 1e-3) for place in sorted(over.keys() & under.keys()))

    def four_peers(self) -> dict[int, float]:
        """Seconds of mergekit at the four β together, in the rounds in which it ran at all of them."""
        names = [PEER if beta == BETA else f"{PEER} {beta:g}" for beta in BETAS]
        walls = [self.by_round(name, "wall") for name in names]
        rounds = set[int].intersection(*(set(wall) for wall in walls))
        return {place: sum(wall[place] for wall in walls) for place in rounds}

    def bandwidth(self, what: str, key: str, *, one_stream: bool) -> float:
        """Best of the run, bytes a second; 0 for a way that this file system does not have."""
        names = [name for name in self.programs() if name.startswith(what) and (not one_stream or name.endswith(", 1"))]
        return max((row["bytes"] / row[key] for row in self._rows if row["program"] in names), default=0.0)

    def limit(self, *, one_stream: bool) -> float:
        """Seconds to read both inputs and write one output at the best bandwidths of the run."""
        reading = self.bandwidth("read", "seconds", one_stream=one_stream)
        # Buffered writes count when they are on the disk: before, they are copies in memory.
        writing = max(
            self.bandwidth("write direct", "seconds", one_stream=one_stream),
            self.bandwidth("write buffered", "synced", one_stream=one_stream),
        )
        return self._read / reading + self._written / writing

    def verdicts(self) -> list[Verdict]:
        """All that these figures can answer."""
        found = [*self._against_peer(), *self._against_limit(), *self._sweep(), *self._memory(), *self._methods(), *self._torch()]
        return [verdict for verdict in found if verdict.values]

    def _verdict(self, asked: str, bound: float, values: Iterable[float], *, most: bool) -> Verdict:
        return Verdict(self._dtype, asked, bound, most, tuple(values))

    def _against_peer(self) -> list[Verdict]:
        return [
            self._verdict(f"mergekit / {program}, {word}", 5, self.paired(PEER, program, key), most=False)
            for program in ("ours", "ours + sha256", "ours, console")
            for key, word in (("wall", "wall"), ("user", "user CPU"))
        ]

    def _against_limit(self) -> list[Verdict]:
        return [
            self._verdict(
                f"{program} / limit ({word})", bound, (wall / limit for wall in self.by_round(program, "wall").values()), most=True
            )
            for word, limit in (
                ("one stream, cat and dd", self.limit(one_stream=True)),
                ("best of all streams", self.limit(one_stream=False)),
            )
            for program, bound in (("ours", 2), ("ours + sha256", 3))
        ]

    def _sweep(self) -> list[Verdict]:
        four, ours = self.four_peers(), self.by_round("ours, 4 betas", "wall")
        together = (four[place] / ours[place] for place in sorted(four.keys() & ours.keys()))
        return [
            self._verdict("4 betas in one pass / one beta, wall", 2.5, self.paired("ours, 4 betas", "ours"), most=True),
            self._verdict("4 mergekit runs / 4 betas in one pass, wall", 10, together, most=False),
        ]

    def _memory(self) -> list[Verdict]:
        # A peak is a peak: no median of it.
        return [
            self._verdict(f"{name}: peak resident MB, most of the rounds", 300, peaks, most=True)
            for name in self.programs()
            if name in _LINEAR and (peaks := (max(self.by_round(name, "peak_mb").values()),))
        ]

    def _methods(self) -> list[Verdict]:
        # What the interpreter reads of its own modules is not part of the inputs.
        start = min(self.by_round("ours, start-up", "read_mb").values(), default=0.0)
        found: list[Verdict] = []
        for name in self.programs():
            if not name.startswith("ours, method "):
                continue
            rows = [row for row in self._rows if row["program"] == name]
            found.append(self._verdict(f"{name}: peak resident MB", 300, (max(row["peak_mb"] for row in rows),), most=True))
            # one digit: headers are read once more, whatever the method
            passes = [round((row["read_mb"] - start) * 1e6 / row["input_bytes"], 1) for row in rows]
            found.append(self._verdict(f"{name}: times every input is read", 2, passes, most=True))
        return found

    def _torch(self) -> list[Verdict]:
        loaded = [float(row["torch"]) for row in self._rows if row["program"] in _LINEAR and "torch" in row]
        return [self._verdict("ours, linear: runs that loaded torch (1: yes)", 0, [max(loaded)] if loaded else [], most=True)]

    def table(self) -> str:
        """One line a program."""
        head = f"{self._dtype + ', warm':34}{'n':>3}{'wall best':>11}{'median':>9}{'user':>8}{'system':>8}{'peak MB':>9}{'read MB':>9}"
        lines = [f"{head}{'in cache':>10}"]
        for name in self.programs():
            best, middle = (self._of(name, "wall", pick) for pick in (min, statistics.median))
            user, system, peak, read = (
                self._of(name, key, pick)
                for key, pick in (
                    ("user", statistics.median),
                    ("system", statistics.median),
                    ("peak_mb", max),
                    ("read_mb", statistics.median),
                )
            )
            cached = [row["cached"] for row in self._rows if row["program"] == name and row.get("cached") is not None]
            count = len(self.by_round(name, "wall"))
            lines.append(
                f"{name:34}{count:>3}{best:>11.2f}{middle:>9.2f}{user:>8.2f}{system:>8.2f}{peak:>9.0f}{read:>9.0f}"
                + (f"{statistics.median(cached):>10.2f}" if cached else "")
            )
        return "\n".join(lines)

    def _of(self, program: str, key: str, pick: Callable[[Sequence[float]], float]) -> float:
        return pick([*self.by_round(program, key).values()])


def same_bytes(rows: Iterable[Row], dtype: str) -> list[Verdict]:
    """Whether each way of ours to the same mix wrote the same bytes."""
    digests = {row["program"]: row["digest"] for row in rows if row["dtype"] == dtype and row.get("digest")}
    if "ours" not in digests:
        return []
    others = {name: digest for name, digest in digests.items() if name in _LINEAR and name != "ours"}
    return [
        Verdict(dtype, f"{name}: other bytes than ours (1: yes)", 0, True, (float(digest != digests["ours"]),))
        for name, digest in others.items()
    ]


def bits_verdicts(check: Mapping[str, Mapping[str, int]], dtype: str) -> list[Verdict]:
    """What was asked of the values themselves."""
    ours = check["ours"]
    if dtype == "bf16":
        share = 1 - ours["off"] / ours["values"]
        return [
            Verdict(dtype, "ours: share of correctly rounded values", _CORRECT_SHARE, False, (share,)),
            Verdict(dtype, "ours: furthest value, units in the last place", 1, True, (float(ours["furthest"]),)),
        ]
    bound = check["torch.lerp"]["off"] / check["torch.lerp"]["values"]
    return [Verdict(dtype, "ours: share off the float64 value (bound: torch.lerp's)", bound, True, (ours["off"] / ours["values"],))]
