"""`PublishedCorpus`: what a builder of a published corpus has in common: files found, schemas compared, views made, odd rows counted."""

import io
import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Final, cast

import datasets
from PIL import Image

from hf_regional import records
from hf_regional.corpora import seacrowd, views
from hf_regional.corpora.listing import Corpus, catalogue
from hf_regional.corpora.persons import of_persons
from hf_regional.corpora.repository import Folder, HubRepository, Store, matching
from hf_regional.corpora.schema import compare, require_columns
from hf_regional.corpora.shrinking import shrink_rows
from hf_regional.corpora.tabular import read_columns, read_rows
from hf_regional.errors import ConfigError, NoRowsError, NotBuiltYetError, UnknownNameError
from hf_regional.filtering import RegionalFilter
from hf_regional.filtering.pictures import is_cut_short
from hf_regional.nearest import did_you_mean
from hf_regional.network import Shelf

_log: Final = logging.getLogger(__name__)
LEFT_OUT: Final = "left_out.json"  # beside the Arrow files of the cache, so that a second load can say it too
BROKEN: Final = "pictures that cannot be opened"
CUT_SHORT: Final = "pictures that are cut short"
MISSING: Final = "pictures that are not there"
SILENT: Final = "rows without a text"


@dataclass
class PublishedConfig(datasets.BuilderConfig):
    """A configuration as published, and how its rows are to be seen."""

    view: views.View = "pairs"
    on_unknown: views.OnUnknown = "error"
    revision: str = "main"
    origin: str | None = None  # a folder with the published files, in place of the Hub
    longest_side: int | None = None  # pixels to which larger pictures are shrunk while the rows are built
    only: str | None = None  # the one split that is asked for; all of them where left out
    pictures: str | None = None  # a folder for pictures that must be files, in place of ours in the assets cache of the Hub's library


class PublishedCorpus(RegionalFilter, datasets.GeneratorBasedBuilder):
    """Builder of a corpus from its published files. A subclass is a file of tables and one or two short methods.

    Class attributes:
        NAME: in the catalogue.
        RAW: the published columns.
        NEEDED: those without which no view but `raw` can be made; all of them where left out.
        OPTIONAL: those that a file may lack and still be as described, such as keys that only some rows of a JSON file have.
        FILES: configuration -> split -> patterns of its files.
        EXTRAS: columns of the view `pairs` after the eight that all corpora have.
        VQA_EXTRAS: the same for the view `vqa`.
    """

    NAME: ClassVar[str]
    RAW: ClassVar[datasets.Features]
    NEEDED: ClassVar[tuple[str, ...]] = ()
    OPTIONAL: ClassVar[tuple[str, ...]] = ()
    FILES: ClassVar[Mapping[str, Mapping[str, tuple[str, ...]]]]
    EXTRAS: ClassVar[Mapping[str, Any]] = {}
    VQA_EXTRAS: ClassVar[Mapping[str, Any]] = {}
    VIEWS: ClassVar[tuple[views.View, ...]] = ("raw", "pairs")
    BUILDER_CONFIG_CLASS = PublishedConfig
    VERSION = datasets.Version("1.0.0")

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "FILES" in cls.__dict__:
            cls.BUILDER_CONFIGS = [cls.BUILDER_CONFIG_CLASS(name=name, version=cls.VERSION) for name in cls.FILES]
            cls.DEFAULT_CONFIG_NAME = next(iter(cls.FILES))

    def __init__(self, *args: Any, view: str = "pairs", data_dir: str | Path | None = None, only: str | None = None, **kwargs: Any) -> None:
        if view not in self.VIEWS:
            raise NotBuiltYetError(f"{self.NAME} has no view {view!r}: its views are {', '.join(map(repr, self.VIEWS))}.")
        name = kwargs.get("config_name")
        if name is not None and name not in self.FILES:
            raise UnknownNameError(
                f"{self.NAME} has no configuration {name!r}.{did_you_mean(name, self.FILES)} There are: {', '.join(self.FILES)}."
            )
        _require_side(kwargs.get("longest_side"), view)
        splits = self.FILES[name or next(iter(self.FILES))]
        if only is not None and only not in splits:
            raise UnknownNameError(f"{self.NAME} has no split {only!r}.{did_you_mean(only, splits)} There are: {', '.join(splits)}.")
        self.left_out: Counter[str] = Counter()
        self._store = self._find_store(data_dir, kwargs.get("revision", "main"))
        folder = None if data_dir is None else str(Path(data_dir).expanduser().absolute())
        # The state of the files is part of the key of the cache: what was pushed since, or changed in the folder, is built anew.
        # One split of one is all there is: the cache has it once, however it was asked for.
        chosen = {"only": only} if only is not None and len(splits) > 1 else {}
        super().__init__(*args, view=view, origin=folder, hash=self._state()[:16], **chosen, **kwargs)

    @property
    def corpus(self) -> Corpus:
        """Its row of the catalogue."""
        return catalogue()[self.NAME]

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:
        """The rows of `pairs` that a published row becomes; `at` names it in messages."""
        raise NotImplementedError

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:
        """The rows of `vqa` that a published row becomes."""
        raise NotImplementedError

    @classmethod
    def features_of(cls, view: str) -> datasets.Features:
        """The columns of a view, as long as the files are as described."""
        match view:
            case "raw":
                return cls.RAW
            case "vqa":
                return datasets.Features({**views.VQA, **cls.VQA_EXTRAS})
            case "imtext" | "imqa":
                return seacrowd.FEATURES[view]
            case _:
                return datasets.Features({**views.PAIRS, **cls.EXTRAS})

    def files(self) -> Mapping[str, tuple[str, ...]]:
        """The patterns of the files of each split that is asked for. Override it where options choose among them."""
        only = self._chosen.only
        return {split: patterns for split, patterns in self.FILES[self.config.name].items() if only in {None, split}}

    def country(self, text: object, at: str) -> str | None:
        """The alpha-3 code of what a cell names; see `views.to_country`."""
        return views.to_country(text, at, self._chosen.on_unknown)

    def countries(self, cell: object, at: str) -> list[str]:
        """The codes of all the countries that a cell names; see `views.to_countries`."""
        return views.to_countries(cell, at, self._chosen.on_unknown)

    def language(self, text: object, at: str) -> str | None:
        """The code of the language that a cell names."""
        return views.to_language(text, at, self._chosen.on_unknown)

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The published rows of one file. Override it where rows are not those of a table."""
        with self._open(name) as file:
            yield from read_rows(file, f"{store.origin}/{name}")

    def numbered_rows(self, store: Store, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The same with the place of each in its file, by which messages name it."""
        yield from enumerate(self.rows_of(store, name))

    @property
    def published(self) -> datasets.Features:
        """The published columns of the chosen configuration."""
        return self.RAW

    @cached_property
    def _shelf(self) -> Shelf:
        """Where pictures that must be files go."""
        return Shelf(pictures_home(self._chosen.pictures))

    @cached_property
    def _image_columns(self) -> tuple[str, ...]:
        """The columns of the view that are pictures, all of which must be whole: a row may show two beside its own."""
        told = {records.IMAGE: datasets.Image(), **self.features_of(self._chosen.view)}
        return tuple(name for name, feature in told.items() if isinstance(feature, datasets.Image))

    @property
    def _needed(self) -> tuple[str, ...]:
        return self.NEEDED or tuple(self.published)

    @property
    def _chosen(self) -> PublishedConfig:
        config = self.config
        assert isinstance(config, PublishedConfig)
        return config

    def _find_store(self, data_dir: str | Path | None, revision: str) -> Store:
        if data_dir is not None:
            folder = Path(data_dir).expanduser().absolute()
            if not folder.is_dir():
                raise ConfigError(f"{self.NAME}: there is no folder {folder}; data_dir= names one with the published files.", "data_dir")
            return Folder(folder)
        if not self.corpus.hub_id:
            raise ConfigError(
                f"{self.NAME} does not lie on the Hub: download it from its makers, and name the folder by data_dir=.", "data_dir"
            )
        return HubRepository(self.corpus.hub_id, revision)

    def _state(self) -> str:
        """What names the state of all files that rows are made from."""
        return self._store.fingerprint

    def _info(self) -> datasets.DatasetInfo:
        corpus = self.corpus
        return datasets.DatasetInfo(
            description=f"{corpus.title} ({self._store.origin})",
            citation=corpus.citation,
            license=corpus.license,
            features=self.published if self._chosen.view == "raw" else self.features_of(self._chosen.view),
        )

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        self._streaming = bool(dl_manager.is_streaming)
        files = {split: matching(self._store, patterns, f"split {split!r}") for split, patterns in self.files().items()}
        self._compare(next(iter(files.values()))[0])
        return [datasets.SplitGenerator(name=split, gen_kwargs={"files": [*names]}) for split, names in files.items()]

    def _compare(self, name: str) -> None:
        """Say what the files have that the schema has not; the view `raw` gets those columns too."""
        found = self._columns(name)
        persons = of_persons(name for name in found if name not in self.published)
        found = tuple(name for name in found if name not in persons)
        needed = () if self._chosen.view == "raw" else self._needed
        declared = {column: feature for column, feature in self.published.items() if column in found or column not in self.OPTIONAL}
        if differences := compare(declared, found, needed, f"{self._store.origin}/{name}"):
            _log.warning("%s differs from the schema that is known of %s:\n%s", name, self.NAME, differences.table())
        if self._chosen.view == "raw" and differences.extra:
            self.info.features = datasets.Features({**self.published, **{name: _JSON for name in differences.extra}})

    def _columns(self, name: str) -> tuple[str, ...]:
        """The columns of a file, and those that `rows_of` adds to them."""
        with self._open(name) as file:
            return read_columns(file, f"{self._store.origin}/{name}")

    def _generate_examples(self, files: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        rows = self._keyed(files)
        match self._chosen.view:
            case "raw":
                yield from rows
            case "imtext" | "imqa" as view:
                yield from seacrowd.seen(self._pictured(rows), view, self._shelf)
            case _ if self.corpus.pictures:
                yield from self._pictured(rows)
            case _:
                yield from rows
        if self._streaming:  # a prepared dataset says it once for all splits, and keeps it
            self._said_left_out()

    def _keyed(self, files: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        for name in files:
            rows = self.numbered_rows(self._store, name)
            for place, row in rows if self._chosen.view == "raw" else self._complete(rows, name):
                for part, seen in enumerate(self._seen(row, f"{self._store.origin}/{name}, row {place}")):
                    yield f"{name}/{place}/{part}", seen

    def _complete(self, rows: Iterator[tuple[int, dict[str, Any]]], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The rows of a file, once the first shows that it has the columns that are needed: the schema of no other file was compared."""
        needed = [column for column in self._needed if column not in self.OPTIONAL]
        for number, (place, row) in enumerate(rows):
            if number == 0:
                require_columns(needed, row, f"{self._store.origin}/{name}")
            yield place, row

    def _seen(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:
        match self._chosen.view:
            case "raw":
                yield {name: _plain(row.get(name), feature) for name, feature in (self.info.features or {}).items()}
            case "pairs" | "imtext":
                yield from self.to_pairs(row, at)
            case _:
                yield from self.to_vqa(row, at)

    def _pictured(self, rows: Iterator[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The rows whose picture can be opened, shrunk where that is asked for; the others are counted."""
        there = self._there(rows)
        if side := self._chosen.longest_side:
            there = shrink_rows(there, records.IMAGE, side)
        for key, row in there:
            faults = (fault_of(row[name]) for name in self._image_columns if name == records.IMAGE or row.get(name) is not None)
            if fault := next(filter(None, faults), None):
                self.left_out[fault] += 1
            else:
                yield key, row

    def _there(self, rows: Iterator[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, dict[str, Any]]]:
        for key, row in rows:
            if row[records.IMAGE] is None:
                self.left_out[MISSING] += 1
            else:
                yield key, row

    def _prepare_split(self, *args: Any, **kwargs: Any) -> None:
        super()._prepare_split(*args, **kwargs)
        if self._said_left_out():
            (Path(self._output_dir) / LEFT_OUT).write_text(json.dumps(self.left_out), encoding="utf-8")  # pyright: ignore[reportArgumentType]

    def _said_left_out(self) -> bool:
        self.left_out = +self.left_out  # without what was counted and found none
        if self.left_out:
            _log.warning("%s: left out %s.", self.NAME, self._told())
        return bool(self.left_out)

    def as_dataset(self, *args: Any, **kwargs: Any) -> Any:
        """Return the prepared dataset; what was left out when it was built is in `left_out`.

        Raises:
            NoRowsError: every row was left out.
        """
        kept = Path(self._cache_dir) / LEFT_OUT
        if kept.is_file():
            self.left_out = Counter(json.loads(kept.read_text(encoding="utf-8")))
        splits = {str(name): int(split.num_examples) for name, split in (self.info.splits or {}).items()}
        if splits and not any(splits.values()):
            raise NoRowsError(
                f"{self.NAME}: no row is left of {', '.join(splits)}. Left out: {self._told() or 'nothing, the files are empty'}."
            )
        if args or kwargs or all(splits.values()):
            return super().as_dataset(*args, **kwargs)
        # `datasets` refuses to read a split without rows
        load = super().as_dataset
        found: Any = {name: load(split=name) if rows else _empty(self.info.features) for name, rows in splits.items()}
        return datasets.DatasetDict(found)

    def _told(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in self.left_out.items())

    def _open(self, name: str) -> Any:
        return self._store.open(name) if self._streaming else self._store.path(name).open("rb")


_JSON: Final = datasets.Value("string")  # columns that nobody declared are kept as they are, in JSON where they are no text


def _require_side(side: int | None, view: str) -> None:
    if side is None:
        return
    if view == "raw":
        raise ConfigError("longest_side= shrinks pictures, and the view 'raw' is as published: take 'pairs' or 'vqa'.", "longest_side")
    if side < 1:
        raise ConfigError(f"longest_side must be a number of pixels, 1 or more, got {side}.", "longest_side")


def _plain(cell: Any, feature: Any) -> Any:
    # A declared text may hold a list in some rows of a JSON file; as a text it is JSON too, and not Python's way to write it.
    is_text = feature is _JSON or (feature == _JSON and isinstance(cell, list | dict))
    if is_text and cell is not None and not isinstance(cell, str):
        return json.dumps(cell, ensure_ascii=False, default=repr)
    return cell


def _empty(features: Any) -> datasets.Dataset:
    return datasets.Dataset.from_dict({name: [] for name in features}, features=features)


def pictures_home(folder: str | Path | None) -> Path:
    """Where pictures are kept: the folder, or ours in the assets cache of `huggingface_hub` (HF_ASSETS_CACHE)."""
    if folder is not None:
        return Path(folder).expanduser().absolute()
    from huggingface_hub import cached_assets_path

    return Path(cached_assets_path("hf_regional", "pictures")).parent


def fault_of(cell: Any) -> str | None:
    """What is wrong with a picture ({"bytes", "path"}, bytes or a path), as it is counted; None where nothing is.

    Its header is read, and its end: whether its pixels can be read is known to who decodes them.

    >>> fault_of({"bytes": b"no picture", "path": None})
    'pictures that cannot be opened'
    """
    match cell:
        case {"bytes": bytes(data)} | bytes(data):
            source: Any = io.BytesIO(data)
        case {"path": str(path)} | str(path):
            source = path
        case _:
            return BROKEN
    try:
        with Image.open(source) as picture:
            return CUT_SHORT if is_cut_short(cast("BinaryIO", picture.fp), picture.format) else None
    except (OSError, ValueError, Image.DecompressionBombError):
        return BROKEN
