"""imagefolder+csv: the route for anyone's own pictures, a folder with pictures and a CSV beside them.

    load_corpus("imagefolder+csv", data_dir="photos")                    # photos/metadata.csv: file_name, text, language, country, ...
    load_corpus("imagefolder+csv", data_dir="photos", metadata="captions.csv", columns={"text": "caption", "country": "taken in"})

Countries may be names or codes and come out as alpha-3, languages as CLDR writes them. Other columns of the CSV come along as they
are, as numbers where all of their cells are. Where no split column stands, the bytes of a picture decide: 70 % train, 15 %
validation, 15 % test, the same for ever. A row that cannot be read is an error that names it; none is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import datasets
from datasets.utils import tqdm

from hf_regional import records
from hf_regional.corpora.csv_rows import Sheet, ids, read_sheet, splits, to_pair
from hf_regional.errors import ConfigError, MissingFileError

_VERSION: Final = datasets.Version("1.0.0")


@dataclass
class ImageFolderCsvConfig(datasets.BuilderConfig):
    """Which CSV of the folder, and under which headers its columns stand (our name -> header)."""

    metadata: str = "metadata.csv"
    columns: Mapping[str, str] | None = None


class ImageFolderCsv(datasets.GeneratorBasedBuilder):
    """Builder of the `pairs` view plus the CSV's other columns. Rows hold the paths of pictures, which stay where they are."""

    VERSION = _VERSION
    BUILDER_CONFIG_CLASS = ImageFolderCsvConfig
    BUILDER_CONFIGS = [ImageFolderCsvConfig(name="default", version=_VERSION)]  # noqa: RUF012 - the library's own way
    DEFAULT_CONFIG_NAME = "default"

    def __init__(self, *args: Any, data_dir: str | Path | None = None, **kwargs: Any) -> None:
        if data_dir is None:
            raise ConfigError("imagefolder+csv needs data_dir=, the folder that holds the pictures and their CSV.", "data_dir")
        folder = Path(data_dir).expanduser().absolute()
        if not folder.is_dir():
            raise MissingFileError(f"there is no folder {folder}. data_dir= names the one that holds the pictures and their CSV.")
        self._sheet: Sheet = read_sheet(folder / kwargs.get("metadata", ImageFolderCsvConfig.metadata), kwargs.get("columns"))
        # Without it an edited CSV would be answered from the cache of the old one.
        super().__init__(*args, data_dir=str(folder), hash=self._sheet.fingerprint()[:16], **kwargs)

    def _info(self) -> datasets.DatasetInfo:
        columns = dict.fromkeys(records.PAIRS, datasets.Value("string")) | {records.IMAGE: datasets.Image()}
        extras = {name: datasets.Value("float64" if numbers else "string") for name, numbers in self._sheet.extras.items()}
        return datasets.DatasetInfo(description=__doc__ or "", features=datasets.Features(columns | extras))

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        # All rows before the first is written: `datasets` would wrap an error from within the generator in one of its own.
        names, rows = ids(self._sheet), range(len(self._sheet.cells))
        pairs = [to_pair(self._sheet, row, names[row]) for row in tqdm(rows, desc="Checking rows", unit=" rows")]
        return [
            datasets.SplitGenerator(name=split, gen_kwargs={"pairs": {row: pairs[row] for row in chosen}})
            for split, chosen in splits(self._sheet).items()
        ]

    def _generate_examples(self, pairs: dict[int, dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        yield from pairs.items()
