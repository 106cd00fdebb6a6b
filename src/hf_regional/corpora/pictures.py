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


@dataclass(frozen=True, slots=True)
class _Place:
    name: str  # of the file, or of the member in the archive
    archive: str | None = None


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
    _closing: ExitStack = field(default_factory=ExitStack)

    def find(self, name: str) -> Any | None:
        """Find a picture by the name that a row gives it: a path, or {"bytes", "path"}; None where there is none of that name."""
        place = self._place(PurePosixPath(name.strip()))
        if place is None:
            return None
        if place.archive is not None:
            return {"bytes": self._open(place.archive).read(place.name), "path": PurePosixPath(place.name).name}
        if self.streaming and not isinstance(self.store, Folder):
            with self.store.open(place.name) as file:
                return {"bytes": file.read(), "path": PurePosixPath(place.name).name}
        return str(self.store.path(place.name))

    def below(self, folder: str) -> tuple[str, ...]:
        """Every picture directly in a folder of that name, sorted; wherever the folder stands."""
        return tuple(sorted(place.name for place in self._by_folder.get(folder, ())))

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
    def _by_name(self) -> dict[str, list[_Place]]:
        found: dict[str, list[_Place]] = {}
        for place in self._places():
            found.setdefault(PurePosixPath(place.name).name, []).append(place)
        return found

    @cached_property
    def _by_folder(self) -> dict[str, list[_Place]]:
        found: dict[str, list[_Place]] = {}
        for place in self._places():
            found.setdefault(PurePosixPath(place.name).parent.name, []).append(place)
        return found

    def _places(self) -> Iterator[_Place]:
        for name in self.store.names:
            if name.lower().endswith(ENDINGS):
                yield _Place(name)
            elif name.lower().endswith(".zip"):
                yield from (_Place(member, name) for member in self._open(name).namelist() if member.lower().endswith(ENDINGS))

    def _place(self, name: PurePosixPath) -> _Place | None:
        places = self._by_name.get(name.name, [])
        for place in places:
            if place.name == str(name) or place.name.endswith(f"/{name}"):
                return place
        return places[0] if len(places) == 1 else None

    def _open(self, archive: str) -> zipfile.ZipFile:
        if archive not in self._archives:
            lazily = self.streaming and not isinstance(self.store, Folder)
            source: Any = self.store.open(archive) if lazily else Path(self.store.path(archive))
            try:
                self._archives[archive] = self._closing.enter_context(zipfile.ZipFile(source))
            except zipfile.BadZipFile as error:
                raise DamagedFileError(f"{self.store.origin}/{archive} is no whole zip archive: {error}. Fetch it anew.") from error
        return self._archives[archive]
