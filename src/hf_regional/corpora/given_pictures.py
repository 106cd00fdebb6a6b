"""`GivenPictures`: a builder for tables that name pictures, and pictures that whoever asks has in a folder of their own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hf_regional.corpora.pictures import Pictures
from hf_regional.corpora.published import PublishedConfig, PublishedCorpus
from hf_regional.corpora.repository import Folder
from hf_regional.durable import digest_of
from hf_regional.errors import ConfigError

ABSENT: Final = "rows whose picture is not in the folder"


@dataclass
class GivenPicturesConfig(PublishedConfig):
    """A configuration, and the folder of the pictures; that of the tables where left out."""

    images: str | None = None


class GivenPictures(PublishedCorpus):
    """Builder of a corpus whose pictures lie apart. Rows without their picture are counted under `ABSENT`; `raw` needs no pictures."""

    BUILDER_CONFIG_CLASS = GivenPicturesConfig

    def __init__(
        self, *args: Any, view: str = "pairs", data_dir: str | Path | None = None, images: str | Path | None = None, **kwargs: Any
    ) -> None:
        place = images if images is not None else data_dir
        if place is None and view != "raw":
            raise ConfigError(f"{self.NAME} needs images=, the folder that holds its pictures: they are not published with it.", "images")
        folder = None if place is None else Path(place).expanduser().absolute()
        if folder is not None and not folder.is_dir():
            raise ConfigError(f"{self.NAME}: there is no folder {folder}; images= names the one that holds the pictures.", "images")
        self._given = None if folder is None or view == "raw" else Pictures(Folder(folder))
        super().__init__(*args, view=view, data_dir=data_dir, images=None if images is None else str(folder), **kwargs)

    def picture(self, *names: str) -> Any | None:
        """The picture of one of some names, the first that is there; where there is none the row is counted, and is to be left out.

        Raises:
            MissingFileError: the folder holds no picture at all.
        """
        assert self._given is not None
        self._given.require_any()
        found = next((picture for name in names if (picture := self._given.find(name)) is not None), None)
        if found is None:
            self.left_out[ABSENT] += 1
        return found

    def _state(self) -> str:
        if self._given is None:
            return super()._state()
        return digest_of([super()._state(), self._given.store.fingerprint])
