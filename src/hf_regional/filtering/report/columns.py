"""Columns: the names in a schema in; those by which rows are counted, and those that are shown of sampled rows, out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hf_regional.errors import ConfigError
from hf_regional.records import COUNTRY, IMAGE, LANGUAGE, LICENSE, SOURCE, TEXT

# Usual names, the likeliest first. The kind of evidence of that name goes before them.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "country": (COUNTRY, "country"),
    "language": (LANGUAGE, "lang", "language_code"),
    "source": (SOURCE, "source_name", "data_source", "dataset"),
    "licence": (LICENSE, "licence", "license_name"),
}
_TEXTS: Final = (TEXT, "caption", "title", "alt_text", "alt", "description", "content", "question", "prompt")
_URLS: Final = ("url", "image_url", "page_url", "source_url", "link")
PICTURES: Final = (IMAGE, "img", "picture", "photo", "jpg", "jpeg", "png", "webp")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many rows of each reason are sampled, from which seed, and the columns that are shown of them."""

    per_reason: int
    seed: int = 0
    texts: tuple[str, ...] = ()
    url: str | None = None
    picture: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are shown."""
        return tuple(dict.fromkeys((*self.texts, *(name for name in (self.url, self.picture) if name))))

    def as_dict(self) -> dict[str, object]:
        """JSON-able, for the settings in the report."""
        return {"per_reason": self.per_reason, "seed": self.seed, "pictures": self.picture}


def group_columns(present: Collection[str], mapped: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The column of each group that has one.

    >>> group_columns(["lang", "source", "text"], {"language": ()})
    {'language': 'lang', 'source': 'source'}
    """
    found = {group: _first(present, (*mapped.get(group, ()), *names)) for group, names in GROUPS.items()}
    return {group: name for group, name in found.items() if name}


def make_sampling(
    present: Collection[str], mapped: Mapping[str, Sequence[str]], *, samples: int, seed: int, pictures: bool, images: Sequence[str] = ()
) -> Sampling | None:
    """Check how many rows are to be sampled, and find the columns to show.

    Args:
        present: all columns.
        mapped: columns by kind of evidence; those of texts and addresses are shown.
        samples: rows of each reason; 0 for none.
        seed: of the choice.
        pictures: whether to show them.
        images: the columns that are known to hold pictures.

    Raises:
        ConfigError: a number of samples that is none, or pictures without samples or without a column of pictures.
    """
    if not isinstance(samples, int) or isinstance(samples, bool) or samples < 0:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigError(f"samples={samples!r} is no number of rows: give 0 for none, or how many of each reason.", "samples")
    if not samples:
        if pictures:
            raise ConfigError("pictures=True shows those of sampled rows: say how many of each reason with samples=.", "pictures")
        return None
    picture = _first(present, (*images, *PICTURES)) if pictures else None
    if pictures and picture is None:
        raise ConfigError(
            f"pictures=True, but no column holds pictures: looked for {', '.join(PICTURES)}, found {', '.join(present) or 'none'}.",
            "pictures",
        )
    texts = tuple(mapped.get("text", ())) or tuple(name for name in (_first(present, _TEXTS),) if name)
    return Sampling(samples, seed, texts, _first(present, (*mapped.get("url", ()), *_URLS)), picture)


def _first(present: Collection[str], names: Sequence[str]) -> str | None:
    return next((name for name in names if name in present), None)
