"""`PicturedCorpus`: a builder for rows in a table and pictures in files beside; each published layout is a configuration."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import datasets

from hf_regional import records
from hf_regional.corpora.pictures import Pictures
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.corpora.repository import HubRepository, Store, found
from hf_regional.corpora.tabular import read_rows
from hf_regional.errors import ConfigError

Split = tuple[str, ...]
_OWN: Final = records.IMAGE


@dataclass(frozen=True, slots=True)
class Layout:
    """One way in which a corpus lies.

    Attributes:
        files: split -> patterns of its files.
        raw: the published columns.
        picture: the column that names the file of a picture; empty where the table holds the pictures themselves.
        hub_id: of its repository; empty where the archive is downloaded from its makers.
        also: patterns of further files, one of each at least, without which it is not this layout.
    """

    files: Mapping[str, Split]
    raw: datasets.Features
    picture: str = ""
    hub_id: str = ""
    also: tuple[Split, ...] = ()

    def fits(self, store: Store) -> bool:
        """Whether a store holds all that the layout is made of."""
        return all(found(store, patterns) for patterns in (*self.files.values(), *self.also))


class PicturedCorpus(PublishedCorpus):
    """Builder of a corpus in one of several layouts. Where none is asked for, the first of `LAYOUTS` that fits the files is taken."""

    LAYOUTS: ClassVar[Mapping[str, Layout]]

    def __init_subclass__(cls) -> None:
        if "LAYOUTS" in cls.__dict__:
            cls.FILES = {name: layout.files for name, layout in cls.LAYOUTS.items()}
            cls.RAW = _with_picture(next(iter(cls.LAYOUTS.values())))
        super().__init_subclass__()

    def __init__(self, *args: Any, data_dir: str | Path | None = None, **kwargs: Any) -> None:
        self._asked: str | None = kwargs.get("config_name")
        if self._asked is None:
            kwargs["config_name"] = self._fitting(self._find_store(data_dir, kwargs.get("revision", "main")))
        super().__init__(*args, data_dir=data_dir, **kwargs)

    @property
    def layout(self) -> Layout:
        """The chosen one."""
        return self.LAYOUTS[self.config.name]

    @property
    def published(self) -> datasets.Features:
        """The published columns of the layout, and the picture."""
        return _with_picture(self.layout)

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The rows of a table, each with its picture under `image`."""
        column = self.layout.picture
        if not column:
            yield from super().rows_of(store, name)
            return
        with closing(Pictures(store, self._streaming)) as pictures, self._open(name) as file:
            pictures.require_any()
            for row in read_rows(file, f"{store.origin}/{name}"):
                yield {**row, _OWN: pictures.find(row.get(column) or "")}

    def _find_store(self, data_dir: str | Path | None, revision: str) -> Store:
        if data_dir is not None or self._asked is None:
            return super()._find_store(data_dir, revision)
        hub_id = self.LAYOUTS[self._asked].hub_id
        if not hub_id:
            raise ConfigError(
                f"{self.NAME}, configuration {self._asked!r}, does not lie on the Hub: download the archive from its makers, and name its "
                "folder by data_dir=.",
                "data_dir",
            )
        return HubRepository(hub_id, revision)

    def _fitting(self, store: Store) -> str | None:
        return next((name for name, layout in self.LAYOUTS.items() if layout.fits(store)), None)

    def _columns(self, name: str) -> tuple[str, ...]:
        columns = super()._columns(name)
        return (_OWN, *columns) if self.layout.picture and _OWN not in columns else columns

    @property
    def _needed(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*super()._needed, _OWN)))


def _with_picture(layout: Layout) -> datasets.Features:
    return datasets.Features({_OWN: datasets.Image(), **layout.raw})
