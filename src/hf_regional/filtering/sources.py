"""Sources: what a user calls a source in; Parquet files, or an object of `datasets`, out."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from datasets import Features, IterableDataset, load_dataset, load_from_disk

from hf_regional.errors import ConfigError, MissingFileError
from hf_regional.filtering.parquet import find_files
from hf_regional.filtering.parquet.parts import schema_of
from hf_regional.filtering.parquet.storage import File, is_uri, opened

_SAVED = ("dataset_info.json", "dataset_dict.json")


def files_of(source: object) -> list[File]:
    """The Parquet files that a source names; none if it is an object, a folder of something else, or an id on the Hub.

    Raises:
        MissingFileError: a pattern or a list names no file.
    """
    if isinstance(source, list | tuple) and all(isinstance(one, str | Path) for one in cast("Sequence[object]", source)):
        return find_files(cast("Sequence[str | Path]", source))
    if not isinstance(source, str | Path):
        return []
    if is_uri(source):
        return find_files(source)
    path = Path(source)
    if path.is_dir():
        return [] if any((path / name).exists() for name in _SAVED) else sorted(path.rglob("*.parquet"))
    is_pattern = "*" in str(source) or "?" in str(source)
    return find_files(source) if is_pattern or path.suffix == ".parquet" else []


def stream_of(files: Sequence[File]) -> IterableDataset:
    """The rows of Parquet files, read lazily."""
    if any(is_uri(file) for file in files):  # `datasets` would ask for a package for each kind of storage
        features = Features.from_arrow_schema(schema_of(files[0]))
        return IterableDataset.from_generator(_rows, features=features, gen_kwargs={"files": [*files]})
    return load_dataset("parquet", data_files=[str(file) for file in files], split="train", streaming=True)


def loaded(source: Any) -> Any:
    """The object that a path or a Hub id stands for; an object stays as it is.

    Raises:
        MissingFileError: there is neither such a path nor such a dataset.
        ConfigError: a single file that is no Parquet.
    """
    if not isinstance(source, str | Path):
        return source
    path = Path(source)
    if path.is_file():
        raise ConfigError(f"source {str(source)!r} is no Parquet file. Load it with datasets.load_dataset first.", "source")
    if path.is_dir() and any((path / name).exists() for name in _SAVED):
        return load_from_disk(str(path))
    try:
        return load_dataset(str(source))
    except (FileNotFoundError, ConnectionError, ValueError) as error:
        raise MissingFileError(f"source {str(source)!r}: there is no such file, and no dataset of that name: {error}") from error


def _rows(files: list[File]) -> Iterator[dict[str, Any]]:
    for file in files:
        with opened(file) as found:
            for batch in found.iter_batches():
                yield from batch.to_pylist()
