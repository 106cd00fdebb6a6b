"""Seconds by stage, kept on disk beside the stages, so that a resumed run still knows what its first part took."""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clock:
    """A file of one line a finished piece of work."""

    record: Path

    @contextmanager
    def timed(self, stage: str) -> Generator[None]:
        """Add what the block took to a stage; a block that fails adds nothing."""
        began = time.monotonic()
        yield
        self.record.parent.mkdir(parents=True, exist_ok=True)
        with self.record.open("a", encoding="utf-8") as file:
            # A line begins with its own end of line: one that a full disk cut short does not swallow the next.
            file.write("\n" + json.dumps({"stage": stage, "seconds": time.monotonic() - began}))

    def seconds(self) -> dict[str, float]:
        """Stage -> seconds, and their total."""
        out: dict[str, float] = {}
        for line in self.record.read_text(encoding="utf-8").splitlines() if self.record.is_file() else []:
            if not line.endswith("}"):
                continue
            entry = json.loads(line)
            out[entry["stage"]] = out.get(entry["stage"], 0.0) + entry["seconds"]
        return {stage: round(taken, 2) for stage, taken in [*out.items(), ("total", sum(out.values()))]}
