"""Items: questions and the outputs of two models or more in; the same, checked to be whole and to betray no model, out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from hf_regional.errors import BadRowError, ConfigError, MismatchedScoresError, NoRowsError, UnknownNameError
from hf_regional.regions.countries import code_only
from hf_regional.regions.languages import language_code

# A file, encoded bytes, a cell of `datasets.Image`, or an open picture.
Picture = Path | bytes | Mapping[str, object] | Image.Image
# An answer in words, a generated picture, or pictures found; None where the model gave nothing.
Output = str | Picture | Sequence[Picture] | None
Outputs = Mapping[str, Mapping[str, Output]]

LABELS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FEWEST_LETTERS: Final = 3  # a model called "v2" or "a" is in every other answer


@dataclass(frozen=True, slots=True)
class RatedItem:
    """What is asked of every model.

    Attributes:
        id: any name, one an item. Raters never see it.
        language: the language its raters read, as any code or name (`regions.language_code`).
        country: ISO 3166-1 alpha-3 code, or None where the item is of no country.
        prompt: the question, or what a picture was asked to show.
        image: the picture that goes with the question.
    """

    id: str
    language: str
    country: str | None
    prompt: str
    image: Picture | None = None


def checked_items(items: Iterable[RatedItem]) -> dict[str, RatedItem]:
    """The items by their ids, in order.

    Raises:
        NoRowsError: there is none.
        BadRowError: two of one id, or a language or country that nobody knows.
    """
    found: dict[str, RatedItem] = {}
    for number, item in enumerate(items, start=1):
        if item.id in found:
            raise BadRowError(f"item {number}: the id {item.id!r} is taken already. Give each item an id of its own.")
        if language_code(item.language) is None:
            raise BadRowError(f"item {item.id!r}: no language {item.language!r}. Write a code such as 'th', or an English name.")
        if item.country is not None and code_only(item.country) != item.country:
            raise BadRowError(f"item {item.id!r}: {item.country!r} is no ISO 3166-1 alpha-3 code. Write one such as 'THA', or None.")
        found[item.id] = item
    if not found:
        raise NoRowsError("no items to rate. Give at least one.")
    return found


def language_of(item: RatedItem) -> str:
    """CLDR's code of an item's language: "tgl" is "fil"."""
    return language_code(item.language) or item.language


def check_outputs(items: Mapping[str, RatedItem], outputs: Outputs, *, allow_names: bool = False) -> None:
    """Require an output of every model for every item, and no answer that names the model it is of.

    Raises:
        ConfigError: fewer than two models, or more than there are letters.
        MismatchedScoresError: a model lacks an item; what it has beyond the items is refused too.
        BadRowError: an answer names a model; unless `allow_names`.
    """
    if not 2 <= len(outputs) <= len(LABELS):
        raise ConfigError(f"ratings compare 2 to {len(LABELS)} models, got {len(outputs)}.", "outputs")
    for model, given in outputs.items():
        _require_same_items(model, items, given)
    if not allow_names:
        _require_no_names(items, outputs)


def pictures_of(output: Output) -> list[Picture]:
    """The pictures of an output, none for words."""
    if output is None or isinstance(output, str):
        return []
    if isinstance(output, Path | bytes | Mapping | Image.Image):
        return [output]
    return list(output)


def require_model(name: str, models: Sequence[str]) -> None:
    """Raises UnknownNameError, listing the models, for a name that is not among them."""
    if name not in models:
        raise UnknownNameError(f"no model {name!r} in these ratings. There are: {', '.join(models)}.")


def _require_same_items(model: str, items: Mapping[str, RatedItem], given: Mapping[str, Output]) -> None:
    missing, extra = frozenset(items.keys() - given.keys()), frozenset(given.keys() - items.keys())
    if missing or extra:
        told = [f"lacks {_some(missing)}"] if missing else []
        told += [f"has {_some(extra)}, which no item is called"] if extra else []
        raise MismatchedScoresError(
            f"model {model!r} {' and '.join(told)}. Every model answers every item; write None where it gave nothing.",
            missing=missing,
            extra=extra,
        )


def _some(names: Iterable[str], most: int = 3) -> str:
    listed = sorted(names)
    return ", ".join(map(repr, listed[:most])) + (f" and {len(listed) - most} more" if listed[most:] else "")


def _require_no_names(items: Mapping[str, RatedItem], outputs: Outputs) -> None:
    names = {model: pattern for model in outputs if (pattern := _pattern_of(model))}
    for item in items:
        for answerer, given in outputs.items():
            answer = given[item]
            named = [model for model, pattern in names.items() if isinstance(answer, str) and pattern.search(answer)]
            if named:
                raise BadRowError(
                    f"item {item!r}: the answer of {answerer!r} holds the model name {named[0]!r}, which would give it away. "
                    "Call the model otherwise, leave the item out, or pass allow_names=True if the word is an ordinary one."
                )


def _pattern_of(model: str) -> re.Pattern[str] | None:
    """A model's whole name, or the last part of a path or Hub id, as words of their own in any case."""
    parts = {part for part in (model, re.split(r"[/\\]", model.rstrip("/\\"))[-1]) if len(part) >= _FEWEST_LETTERS}
    return re.compile("|".join(rf"(?<!\w){re.escape(part)}(?!\w)" for part in sorted(parts)), re.IGNORECASE) if parts else None
