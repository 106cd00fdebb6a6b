"""Looking: what was drawn from each part in, once all are judged; which rows of which parts are copies, and their counts, out.

Parts are judged twice only where a copy was found in them; the second time their files are replaced.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyarrow import parquet

from hf_regional.filtering.copies import Compared, Copies, compared, held_among, joined, key_of_copies, with_sets_read
from hf_regional.filtering.held import NOTHING, Held
from hf_regional.filtering.kernel import ANNOTATIONS
from hf_regional.filtering.parquet.parts import schema_of
from hf_regional.filtering.parquet.storage import File
from hf_regional.filtering.plan import Plan


@dataclass(frozen=True, slots=True)
class Look:
    """How to look for copies among files: `copies` with its evaluation sets read, and the columns that are compared."""

    copies: Copies
    columns: Compared

    @property
    def key(self) -> object:
        """What decides which rows go."""
        return key_of_copies(self.copies)

    def held(self, drawn: Iterable[Path]) -> Held:
        """Look through what was drawn from all parts; all of it is in memory. Raises the errors of `held_among`."""
        tables = [parquet.read_table(file) for file in drawn]
        return held_among(joined(tables), self.copies) if tables else NOTHING


def plan_look(files: Sequence[File], plan: Plan, copies: Copies | None) -> Look | None:
    """Check what is to be compared, and read the evaluation sets.

    Raises:
        ConfigError, MissingFileError, DamagedFileError: as `compared` and `with_sets_read`.
    """
    if copies is None:
        return None
    schema = schema_of(files[0])
    for field in ANNOTATIONS:  # a judgement of before is replaced
        if field.name in schema.names:
            schema = schema.remove(schema.get_field_index(field.name))
    return Look(with_sets_read(copies), compared(schema, plan, copies))
