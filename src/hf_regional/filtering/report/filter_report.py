"""The report: the counts of all batches in; how many rows were kept, dropped, why, and at whose cost, out. The counts add up to the rows.

filtered.report.losses             # parts of the corpus that a step took far more from than from the others
filtered.report.write("looked-at") # report.json, report.md, report.html
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from hf_regional.durable import atomic_file
from hf_regional.filtering.report.comparing import comparison
from hf_regional.filtering.report.counts import Counts, Outcome
from hf_regional.filtering.report.losses import Loss, Passage, losses, passages
from hf_regional.filtering.report.samples import Sample
from hf_regional.filtering.report.steps import STEPS, step_of
from hf_regional.filtering.report.tally import Tally
from hf_regional.filtering.verdict import KEPT

Key = TypeVar("Key", str, tuple[str, str], Outcome)

VERDICTS: Final = (KEPT, "other", "ambiguous", "none")
JSON, MARKDOWN, HTML = "report.json", "report.md", "report.html"
_SHOWN: Final = 10  # values that could not be read, in the printed table; `as_dict` has them all


@dataclass(frozen=True, slots=True)
class FilterReport:
    """What a filter did. For a stream it grows while the stream is read, and is complete after one whole pass."""

    region: str
    settings: Mapping[str, object]
    tally: Tally
    splits: tuple[str, ...] = ()
    split: str | None = None

    @property
    def rows(self) -> int:
        """Rows judged so far."""
        return self._counts().outcomes.total()

    @property
    def kept(self) -> int:
        """Rows kept so far."""
        return self.by_verdict[KEPT]

    @property
    def outcomes(self) -> dict[Outcome, int]:
        """Rows by verdict, reason and the column that decided: verdict by verdict, most first."""
        found = _most_first(self._counts().outcomes)
        return dict(sorted(found, key=lambda item: VERDICTS.index(item[0].verdict)))  # stable

    @property
    def by_verdict(self) -> dict[str, int]:
        """Rows by verdict; all four are there."""
        return dict.fromkeys(VERDICTS, 0) | self._by(lambda outcome: outcome.verdict)

    @property
    def by_reason(self) -> dict[str, int]:
        """Rows by reason, most first; an exclusion that met no row is there with 0."""
        return self._by(lambda outcome: outcome.reason)

    @property
    def by_column(self) -> dict[str, int]:
        """Rows by the column that decided, most first."""
        return self._by(lambda outcome: outcome.column)

    @property
    def unknown(self) -> dict[str, dict[str, int]]:
        """Rows by text that could not be read, by column; a row may still have been decided by something else."""
        found: dict[str, dict[str, int]] = {}
        for (column, text), rows in _most_first(self._counts().unknown):
            found.setdefault(column, {})[text] = rows
        return found

    @property
    def hidden(self) -> dict[str, dict[str, int]]:
        """What was hidden of persons, by column: contacts masked, by kind, or values of a column that was dropped."""
        found: dict[str, dict[str, int]] = {}
        for (column, kind), number in _most_first(self._counts().hidden):
            found.setdefault(column, {})[kind] = number
        return found

    @property
    def steps(self) -> dict[str, tuple[int, int]]:
        """The rows that came to each step and those that passed it, in the order of the steps."""
        lost: Counter[str] = Counter()
        for outcome, rows in self._counts().outcomes.items():
            lost[step_of(outcome.reason)] += rows if outcome.verdict != KEPT else 0
        left, found = self.rows, dict[str, tuple[int, int]]()
        for step in STEPS:
            found[step.name] = left, left - lost[step.name]
            left -= lost[step.name]
        return found

    @property
    def groups(self) -> dict[str, dict[str, dict[str, Passage]]]:
        """What each step did to each part of the corpus: {"language": {"lo": {"quality": Passage}}}, most rows first.

        A row is in one part of each group, so that the parts add up to `rows`. Of several countries the first counts.
        """
        return passages(self._counts().crosses)

    @property
    def losses(self) -> list[Loss]:
        """The parts of the corpus that a step took far more from than from all others of their group, worst first.

        See `losses.py` for the test. The region step is asked for its own countries and languages alone, and an exclusion not for
        what it was told to leave out.
        """
        return losses(self.groups, comparison(self.settings))

    @property
    def samples(self) -> list[Sample]:
        """The sampled rows, kept ones first, by reason, most frequent first, and by number; of splits one after the other."""
        order = {reason: place for place, reason in enumerate(self.by_reason)}
        found = [(split, sample) for split, chosen in self.tally.sampled().items() for sample in chosen if self.split in (None, split)]
        found.sort(key=lambda one: (VERDICTS.index(one[1].verdict), order.get(one[1].reason, len(order)), one[0], one[1].row))
        return [sample for _, sample in found]

    def of_split(self, split: str) -> "FilterReport":
        """Give the report of one split alone."""
        return FilterReport(self.region, self.settings, self.tally, split=split)

    def as_dict(self) -> dict[str, object]:
        """Everything as JSON-able values, as it stands now: rows, kept, `counts` by verdict, `reasons`, `columns`, what was not read;
        `steps`, `groups`, `losses` and `samples`, see the properties of these names.

        The counts by verdict, by reason and by column and those of each group add up to `rows`.
        """  # noqa: D205
        return {
            "region": self.region,
            "settings": dict(self.settings),
            "rows": self.rows,
            "kept": self.kept,
            "counts": self.by_verdict,
            "reasons": self.by_reason,
            "columns": self.by_column,
            "unknown": self.unknown,
            "hidden": self.hidden,
            "steps": {step: {"came": came, "passed": passed} for step, (came, passed) in self.steps.items()},
            "groups": {group: {value: _told(followed) for value, followed in values.items()} for group, values in self.groups.items()},
            "losses": [_loss(loss) for loss in self.losses],
            "samples": [sample.as_dict() for sample in self.samples],
            **({"splits": {split: self.of_split(split).by_verdict for split in self.splits}} if self.splits else {}),
        }

    def to_markdown(self) -> str:
        """The report to read in a terminal, an issue or a repository: what stands out, steps, parts, reasons, and some rows."""
        from hf_regional.filtering.report.markdown import render_markdown

        return render_markdown(self)

    def to_html(self) -> str:
        """The report as one page that needs nothing else: no script, font or picture is fetched."""
        from hf_regional.filtering.report.page import render_page

        return render_page(self)

    def write(self, folder: str | Path) -> Path:
        """Write `report.json`, `report.md` and `report.html` into a folder, which is made where it is missing, and return it.

        Raises:
            CannotWriteError: no space or permission.
        """
        texts = {
            JSON: json.dumps(self.as_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n",
            MARKDOWN: self.to_markdown(),
            HTML: self.to_html(),
        }
        for name, text in texts.items():
            with atomic_file(Path(folder) / name) as path:
                path.write_text(text, encoding="utf-8")
        return Path(folder)

    def __str__(self) -> str:
        lines = [(*outcome, f"{rows:,}", f"{rows / max(self.rows, 1):.1%}") for outcome, rows in self.outcomes.items()]
        table = _aligned([("verdict", "reason", "column", "rows", "share"), *lines])
        notes = [*self._standing_out(), *self._veiled(), *self._unread()]
        return "\n".join([f"{self.region}: {self.kept:,} of {self.rows:,} rows kept", *table, *notes])

    def _standing_out(self) -> list[str]:
        from hf_regional.filtering.report.wording import label, sentence

        return [f"{label(loss.passage.group, loss.passage.value)}, {loss.passage.step}: {sentence(loss)}" for loss in self.losses]

    def _unread(self) -> list[str]:
        found = [(column, text, rows) for column, texts in self.unknown.items() for text, rows in texts.items()]
        named = [f"not read: {column} {text!r} in {rows:,} rows" for column, text, rows in found[:_SHOWN]]
        return named + ([f"not read: {len(found) - _SHOWN:,} more values"] if len(found) > _SHOWN else [])

    def _veiled(self) -> list[str]:
        found = [(column, kind, number) for column, kinds in self.hidden.items() for kind, number in kinds.items()]
        return [f"hidden: {column} {kind} ({number:,})" for column, kind, number in found]

    def _by(self, part: Callable[[Outcome], str]) -> dict[str, int]:
        sums: Counter[str] = Counter()
        for outcome, rows in self._counts().outcomes.items():
            sums[part(outcome)] += rows
        return dict(_most_first(sums))

    def _counts(self) -> Counts:
        return self.tally.total(self.split)


def _told(followed: Mapping[str, Passage]) -> dict[str, object]:
    steps = [*followed.values()]
    lost = {passage.step: passage.lost for passage in steps if passage.lost}
    return {"rows": steps[0].came, "kept": steps[-1].passed, "lost": lost}


def _loss(loss: Loss) -> dict[str, object]:
    passage = loss.passage
    return {
        "group": passage.group,
        "value": passage.value,
        "step": passage.step,
        "came": passage.came,
        "passed": passage.passed,
        "interval": list(loss.interval),
        "others": {"came": loss.others_came, "passed": loss.others_passed, "interval": list(loss.others_interval)},
        "erased": loss.is_erased,
    }


def _most_first(counter: Counter[Key]) -> list[tuple[Key, int]]:
    # Ties by name: the order must not depend on which batch came first.
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def _aligned(table: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(_padded(cell, width, right=place > 2) for place, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in table
    ]


def _padded(cell: str, width: int, *, right: bool) -> str:
    return cell.rjust(width) if right else cell.ljust(width)
