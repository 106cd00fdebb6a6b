"""Pictures: a dataset with images and one encoder or several in; the features of every image under each, kept on disk, out.

features = image_features(dataset, {"clip": "openai/clip-vit-base-patch32", "siglip": "google/siglip-base-patch16-224"}, "features")
geo_similarity(features["clip"], dataset["topic"], dataset["country_iso3"], encoder="clip")
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from hf_regional.errors import ConfigError, MissingColumnError, NoRowsError
from hf_regional.protocols import HasPath
from hf_regional.records import IMAGE

Model = str | Path | HasPath
_SPLITS: Final = "It is a dictionary of splits: choose one, such as dataset['train']"
_STREAM: Final = "It is a stream, whose rows cannot be asked for twice: take the rows you need, Dataset.from_list(list(stream.take(n)))"


def image_features(
    dataset: Any,
    models: Model | Sequence[Model] | Mapping[str, Model],
    cache: str | Path,
    *,
    column: str = IMAGE,
    pooling: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    batch_size: int = 256,
) -> dict[str, np.ndarray]:
    """Encode the images of a dataset; those whose features are kept are not opened again.

    Args:
        dataset: a `datasets.Dataset` with a column of images; or a sequence of paths, of open PIL images, or of cells with bytes and path.
        models: folders or Hub ids of image models, alone, in a list, or by the names that the features shall have.
        cache: folder in which features are kept, by encoder and by the content of each image.
        column: the images' column.
        pooling: of models without a text side: "pooler" (the default), "cls" or "mean".
        device: as torch names it; by default the accelerator where there is one.
        dtype: "float32", "bfloat16", ...; by default what each checkpoint says.
        batch_size: images a forward pass.

    Returns:
        Name of the model -> (n, d) float32 features of unit norm, one row an image, in the order of the dataset.

    Raises:
        ConfigError: no model, two of one name, or a dataset of another kind.
        MissingColumnError: there is no such column.
        NoRowsError: there is no image.
        BadRowError: a picture cannot be opened; what was encoded before is kept.
    """
    from hf_regional.encoding.kept_features import KeptFeatures
    from hf_regional.encoding.vision import load_vision

    images = _cells(dataset, column)
    if len(images) == 0:
        raise NoRowsError("no images to encode: the dataset has no rows.")

    def encoded(model: Model) -> np.ndarray:  # one after the other, so that one model is in memory at a time
        encoder = load_vision(model, pooling=pooling, device=device, dtype=dtype, batch_size=batch_size)
        return KeptFeatures(cache).features(encoder, images)

    return {name: encoded(model) for name, model in _named(models).items()}


def _named(models: Model | Sequence[Model] | Mapping[str, Model]) -> dict[str, Model]:
    if isinstance(models, Mapping):
        named = dict(models)
    else:
        several = [models] if isinstance(models, str | Path | HasPath) else list(models)
        named = {str(model.path if isinstance(model, HasPath) else model): model for model in several}
        if len(named) < len(several):
            raise ConfigError(f"models: {len(several)} were given and {len(named)} differ. Name each once.", "models")
    if not named:
        raise ConfigError("models: none was given. Name one, such as 'openai/clip-vit-base-patch32'.", "models")
    return named


def _cells(dataset: Any, column: str) -> Sequence[Any]:
    """The images as cells that can be asked for one at a time, undecoded."""
    if not hasattr(dataset, "column_names"):
        return _Cells(dataset)
    from datasets import Dataset, Image

    if not isinstance(dataset, Dataset):
        advice = _SPLITS if isinstance(dataset, Mapping) else _STREAM
        raise ConfigError(f"dataset: {type(dataset).__name__} cannot be encoded. {advice}.", "dataset")
    if column not in dataset.column_names:
        found = f"the dataset has no column {column!r}; it has {', '.join(dataset.column_names)}"
        raise MissingColumnError(f"{found}. Name the images' with column=.", frozenset({column}))

    rows = dataset.select_columns([column])
    if isinstance(rows.features[column], Image):
        rows = rows.cast_column(column, Image(decode=False))
    return _Cells(rows.with_format(None), column)


class _Cells(Sequence[Any]):
    """Images of a sequence or of a dataset's column; a path becomes a cell."""

    def __init__(self, rows: Any, column: str | None = None) -> None:
        self._rows, self._column = rows, column

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        cell = self._rows[place] if self._column is None else self._rows[place][self._column]
        return {"bytes": None, "path": str(cell)} if isinstance(cell, str | Path) else cell
