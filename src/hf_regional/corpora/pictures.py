"""Pictures that lie beside a table: the name that a row gives in; the file, or its bytes out of a zip archive, out."""

import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Final

from hf_regional.corpora.repository import Folder, Store
from hf_regional.errors import DamagedFileError, MissingFileError

ENDINGS: Final = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")


# A file's name, or a member's and its archive's: ImageNet has 14 million of them, so what is looked up is kept small.
_Place = str | tuple[str, str]


@dataclass
class Pictures:
    """The pictures of a store, loose or in its zip archives, by the end of their paths.

    Archives are published in folders of their makers, so "assets/1/1.jpg" is found as "dataset_dollarstreet/assets/1/1.jpg" too, and a
    bare name wherever it stands once.

    Attributes:
        store: where they lie.
        streaming: read members of an archive where it lies, without fetching the whole of it.
    """

    store: Store
    streaming: bool = False
    _archives: dict[str, zipfile.ZipFile] = field(default_factory=dict[str, zipfile.ZipFile])
    _others: dict[str, list[_Place]] = field(default_factory=dict[str, list[_Place]])
    _closing: ExitStack = field(default_factory=ExitStack)

    def find(self, name: str) -> Any | None:
        """Find a picture by the name that a row gives it: a path, or {"bytes", "path"}; None where there is none of that name."""
        place = self._place(PurePosixPath(name.strip()))
        if place is None:
            return None
        if isinstance(place, tuple):
            member, archive = place
            return {"bytes": self._open(archive).read(member), "path": PurePosixPath(member).name}
        if self.streaming and not isinstance(self.store, Folder):
            with self.store.open(place) as file:
                return {"bytes": file.read(), "path": PurePosixPath(place).name}
        return str(self.store.path(place))

    def below(self, folder: str) -> tuple[str, ...]:
        """Every picture directly in a folder of that name, sorted; wherever the folder stands."""
        return tuple(sorted(self._by_folder.get(folder, ())))

    def any_below(self, folder: re.Pattern[str]) -> bool:
        """Whether there is a picture directly in a folder of such a name."""
        return any(folder.fullmatch(name) for name in self._by_folder)

    def require_any(self) -> None:
        """Check that there are pictures at all.

        Raises:
            MissingFileError: there is none.
        """
        if not self._by_name:
            raise MissingFileError(
                f"{self.store.origin} holds no picture ({', '.join(ENDINGS)}) and no zip archive with any: "
                "put the folder of pictures beside the table, as it was published."
            )

    def close(self) -> None:
        """Close the archives."""
        self._closing.close()
        self._archives.clear()

    @cached_property
    def _by_name(self) -> dict[str, _Place]:
        """The first picture of each bare name; the others of that name are in `_others`."""
        first: dict[str, _Place] = {}
        for place in self._places():
            name = PurePosixPath(_path(place)).name
            if first.setdefault(name, place) is not place:
                self._others.setdefault(name, []).append(place)
        return first

    @cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for place in self._places():
            found.setdefault(PurePosixPath(_path(place)).parent.name, []).append(_path(place))
        return found

    def _places(self) -> Iterator[_Place]:
        for name in self.store.names:
            if name.lower().endswith(ENDINGS):
                yield name
            elif name.lower().endswith(".zip"):
                yield from ((member, name) for member in self._open(name).namelist() if member.lower().endswith(ENDINGS))

    def _place(self, name: PurePosixPath) -> _Place | None:
        first = self._by_name.get(name.name)
        if first is None:
            return None
        places = [first, *self._others.get(name.name, ())]
        ending = [place for place in places if f"/{_path(place)}".endswith(f"/{name}")]
        exact = [place for place in ending if _path(place) == str(name)]
        return next((group[0] for group in (exact, ending, places) if len(group) == 1), None)

    def _open(self, archive: str) -> zipfile.ZipFile:
        if archive not in self._archives:
            lazily = self.streaming and not isinstance(self.store, Folder)
            source: Any = self.store.open(archive) if lazily else Path(self.store.path(archive))
            try:
                self._archives[archive] = self._closing.enter_context(zipfile.ZipFile(source))
            except zipfile.BadZipFile as error:
                raise DamagedFileError(f"{self.store.origin}/{archive} is no whole zip archive: {error}. Fetch it anew.") from error
        return self._archives[archive]


def _path(place: _Place) -> str:
    return place if isinstance(place, str) else place[0]
