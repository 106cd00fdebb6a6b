"""`NestedCorpus`: builder of a corpus whose rows do not stand one by one in a file, but within one JSON object."""

import json
from collections.abc import Iterator
from typing import Any

from hf_regional.corpora.linked import LinkedCorpus
from hf_regional.corpora.repository import Store
from hf_regional.corpora.tabular import named
from hf_regional.errors import DamagedFileError


class NestedCorpus(LinkedCorpus):
    """Builder of a corpus that is published as JSON objects, small enough to be held in memory."""

    def unfold(self, held: Any, name: str) -> Iterator[dict[str, Any]]:
        """The rows in what a file holds; `name` is the file's."""
        raise NotImplementedError

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The rows of one file.

        Raises:
            DamagedFileError: it is no JSON, or not built as described.
        """
        where = f"{store.origin}/{name}"
        with self._open(name) as file, named(where):
            held = json.load(file)
        try:
            yield from self.unfold(held, name)
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise DamagedFileError(
                f"{where} is not built as it was described ({error!r}). Pin an older revision=, or ask its makers."
            ) from error

    def _columns(self, name: str) -> tuple[str, ...]:
        return tuple(next(self.rows_of(self._store, name), {}))
