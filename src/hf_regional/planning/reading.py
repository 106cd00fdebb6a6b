"""Reading: a table of similarities, a file of features, a folder of photographs or a corpus in; what a plan stands on out.

source = read_source("features.npz")                                   # arrays features, topics, countries
source = read_source("photos", model="openai/clip-vit-base-patch32")   # metadata.csv with file_name, topic, country
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hf_regional.errors import BadRowError, ConfigError, DamagedFileError, MissingColumnError, MissingFileError
from hf_regional.planning.record import Similarity
from hf_regional.planning.similarity import geo_similarity
from hf_regional.planning.tables import read_csv
from hf_regional.records import COUNTRY, TOPIC

_SPELLINGS: Final = {
    "topics": ("topics", TOPIC, "object", "category"),
    "countries": ("countries", COUNTRY, "country", "country_code"),
    "features": ("features", "embeddings", "embedding", "feature"),
}
_FILE: Final = "file_name"
_SHEET: Final = "metadata.csv"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Similarities, with what they were computed from where that is known.

    Attributes:
        similarity: of the countries, topic by topic; None where no topic has two countries: then `counts` alone make the plan.
        counts: topic, country, n (images), of all groups, small ones too; None for a table of similarities.
        features: (n, d), or None.
        topics, countries: (n,) labels, or None.
        images: (n,) paths or cells, or None.
        credits: (n,) whose photograph each is, or None.
    """

    similarity: Similarity | None
    counts: pd.DataFrame | None = None
    features: npt.NDArray[Any] | None = None
    topics: Sequence[str] | None = None
    countries: Sequence[str] | None = None
    images: Sequence[Any] | None = None
    credits: Sequence[str] | None = None


def read_source(
    name: str | Path,
    *,
    model: str | None = None,
    cache: str | Path = "features",
    average: str = "centroid",
    min_n: int = 10,
    split: str = "train",
    device: str | None = None,
) -> Source:
    """Read what a plan is made from.

    Args:
        name: a CSV of similarities (ours or a published one), .npz or .parquet of features with topics and countries, a folder with
            metadata.csv (file_name, topic, country) and its photographs, or the name of a corpus.
        model: image model that encodes photographs; needed for a folder and a corpus.
        cache: folder in which features of photographs are kept.
        average: as in `geo_similarity`.
        min_n: as in `geo_similarity`.
        split: of a corpus.
        device: of the model.

    Raises:
        MissingFileError, MissingColumnError, DamagedFileError, ConfigError: nothing there can be read, or a model is needed.
    """
    path = Path(name)
    if path.suffix.lower() == ".csv":
        return Source(Similarity.from_csv(path))
    if path.suffix.lower() in (".npz", ".parquet"):
        columns = _arrays(path)
        features, topics, countries = (_column(columns, kind, path) for kind in ("features", "topics", "countries"))
        return _computed(_matrix(features, path), topics, countries, average, min_n)
    topics, countries, images, credits = _photographs(path) if path.is_dir() else _corpus(str(name), split)
    if model is None:
        raise ConfigError(
            f"{name} holds pictures: name the image model that is to compare them, --model openai/clip-vit-base-patch32.", "model"
        )
    from hf_regional.planning.pictures import image_features

    features = next(iter(image_features(images, model, cache, device=device).values()))
    return _computed(features, topics, countries, average, min_n, images, credits, encoder=model)


def _computed(
    features: npt.NDArray[Any],
    topics: Sequence[Any],
    countries: Sequence[Any],
    average: str,
    min_n: int,
    images: Sequence[Any] | None = None,
    credits: Sequence[str] | None = None,
    encoder: str = "",
) -> Source:
    labels = pd.DataFrame({"topic": list(topics), "country": list(countries)})
    counts = labels.dropna().groupby(["topic", "country"]).size().rename("n").reset_index()
    large = counts[counts["n"] >= min_n]
    shared = bool(large["topic"].duplicated().any())
    similarity = geo_similarity(features, topics, countries, average=average, min_n=min_n, encoder=encoder) if shared else None
    return Source(similarity, counts, features, list(topics), list(countries), images, credits)


def _arrays(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise MissingFileError(f"{path} is no file.")
    try:
        if path.suffix.lower() == ".npz":
            with np.load(path, allow_pickle=False) as held:
                return {key: held[key] for key in held.files}
        table = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise DamagedFileError(f"{path} cannot be read: {error}. Arrays of texts must be of numpy's str type, not objects.") from error
    return {str(key): table[key].to_numpy() for key in table.columns}


def _column(columns: dict[str, Any], kind: str, path: Path) -> Any:
    name = next((name for name in _SPELLINGS[kind] if name in columns), None)
    if name is None:
        known = ", ".join(map(repr, columns))
        raise MissingColumnError(f"{path} has no {kind} ({' or '.join(_SPELLINGS[kind])}); it has {known}.", frozenset({kind}))
    return columns[name] if kind == "features" else [None if value is None or value != value else str(value) for value in columns[name]]


def _matrix(features: Any, path: Path) -> npt.NDArray[Any]:
    """Features (n, d), from a column of lists too."""
    try:
        return features if features.ndim == 2 else np.stack([np.asarray(row, np.float32) for row in features])
    except ValueError as error:
        raise BadRowError(f"{path}: the rows of the features differ in length. Encode all images with one model.") from error


def _photographs(folder: Path) -> tuple[list[str], list[str], list[Any], list[str] | None]:
    sheet = folder / _SHEET
    table = read_csv(sheet, "photographs")
    columns = {str(name): table[name].to_numpy() for name in table.columns}
    topics, countries = (_column(columns, kind, sheet) for kind in ("topics", "countries"))
    if _FILE not in table:
        raise MissingColumnError(f"{sheet} has no column {_FILE!r}: it names the photographs.", frozenset({_FILE}))
    files = [folder / str(file) for file in table[_FILE]]
    if missing := [line for line, file in enumerate(files, start=2) if not file.is_file()]:
        raise MissingFileError(f"{sheet}, line {missing[0]}: {files[missing[0] - 2]} is not there ({len(missing)} such lines).")
    credits = [_credit(row) for row in table.to_dict("records")] if "photographer" in table else None
    return topics, countries, files, credits


def _credit(row: dict[Any, Any]) -> str:
    return ", ".join(str(row[name]) for name in ("photographer", "year", "license") if row.get(name))


def _corpus(name: str, split: str) -> tuple[list[Any], list[Any], Any, None]:
    from hf_regional.corpora import load_corpus

    rows = load_corpus(name, split=split)
    missing = [column for column in (TOPIC, COUNTRY) if column not in rows.column_names]
    if missing:
        raise MissingColumnError(f"{name} has no column {missing[0]!r}: nothing tells its groups apart.", frozenset(missing))
    return list(rows[TOPIC]), list(rows[COUNTRY]), rows, None
