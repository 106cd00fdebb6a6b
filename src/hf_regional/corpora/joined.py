"""`JoinedCorpus`: builder of a corpus whose rows stand in JSON tables and whose pictures lie in archives beside them.

Rows come in the order of the archives, which are never unpacked. In streaming mode the tables are fetched, since the rows of a picture
may stand anywhere in one, and only the archives are read where they lie.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, ClassVar, Final

from hf_regional.corpora.archives import members
from hf_regional.corpora.published import PublishedConfig, PublishedCorpus
from hf_regional.corpora.repository import Store, matching
from hf_regional.corpora.row_index import RowIndex

PICTURE: Final = "picture"  # what a joined row has besides its own columns: the picture,
PLACE: Final = "place"  # the row's place in its table,
TABLE: Final = "table"  # and the table's name

_COUNTED: Final = {"none": "rows without a picture", "several": "rows of several pictures"}
_NOWHERE: Final = "rows whose picture is in none of the archives"


@dataclass
class JoinedConfig(PublishedConfig):
    """A configuration, and which of its archives to read: patterns between commas; all of them where left out."""

    archives: str | None = None


class JoinedCorpus(PublishedCorpus):
    """Builder of a corpus of tables and archives; the view `raw` has the tables alone.

    Class attributes:
        ARCHIVES: configuration -> patterns of its archives.
    """

    ARCHIVES: ClassVar[Mapping[str, tuple[str, ...]]]
    BUILDER_CONFIG_CLASS = JoinedConfig

    def pictures_of(self, row: dict[str, Any]) -> Sequence[str]:
        """The pictures that a row names, as `member_key` writes them."""
        raise NotImplementedError

    def member_key(self, member: str) -> str:
        """What rows call a member of an archive: its whole path, where this is not overridden."""
        return str(PurePosixPath(member))

    def archives_of(self, table: str) -> tuple[str, ...]:
        """The archives that a table's pictures are in: all of the configuration's, where this is not overridden."""
        return matching(self._store, self.ARCHIVES[self.config.name], f"the pictures of {table}")

    def numbered_rows(self, store: Store, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The rows of a table, each with its picture."""
        if self._chosen.view == "raw":
            yield from super().numbered_rows(store, name)
            return
        index = RowIndex(store.path(name), f"{store.origin}/{name}", self.pictures_of)
        try:
            self.left_out.update({what: index.counts[kind] for kind, what in _COUNTED.items()})
            for archive in self._asked(self.archives_of(name)):
                yield from self._joined(archive, index, name)
            self.left_out.update({_NOWHERE: index.unread})
        finally:
            index.close()

    def _joined(self, archive: str, index: RowIndex, table: str) -> Iterator[tuple[int, dict[str, Any]]]:
        with self._open(archive) as file:
            for member in members(file, f"{self._store.origin}/{archive}", lambda name: index.names(self.member_key(name))):
                picture = {"bytes": member.data, "path": PurePosixPath(member.name).name}
                for place, row in index.read(self.member_key(member.name)):
                    yield place, {**row, PICTURE: picture, PLACE: place, TABLE: table}

    def _asked(self, archives: tuple[str, ...]) -> tuple[str, ...]:
        assert isinstance(self.config, JoinedConfig)
        if not self.config.archives:
            return archives
        patterns = tuple(part.strip() for part in self.config.archives.split(","))
        found = tuple(name for name in archives if any(fnmatchcase(name, pattern) for pattern in patterns))
        return found or matching(self._store, patterns, "archives=")  # which says what there is
