"""Registry: a scorer as people write it in, the scorer out; a name that is unknown is answered with the known ones.

make_scorer("column:avg_cultural_relevance")
make_scorer("unifiedreward:http://localhost:8000/v1#CodeGoat24/UnifiedReward-qwen-7b")
make_scorer({"scorer": "siglip", "model": "google/siglip2-base-patch16-224", "image": "photo", "batch_size": 128})
make_scorer(MyScorer())                     # anything with `name`, `reads` and `score`
"""

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Final

from hf_regional.errors import ConfigError, UnknownNameError
from hf_regional.filtering.quality.scores import Scorer
from hf_regional.generating.choosing import make_record
from hf_regional.nearest import did_you_mean

Spec = str | Mapping[str, Any] | Scorer

_HERE: Final = "hf_regional.filtering.quality"


@dataclass(frozen=True, slots=True)
class Known:
    """A scorer by its name: the class, which of its fields stands behind the colon, and what it measures."""

    home: str
    argument: str | None
    measures: str
    example: str
    is_required: bool = False
    fixed: Mapping[str, Any] = field(default_factory=dict[str, Any])


# One row a scorer; its class is loaded when it is asked for.
SCORERS: Final[dict[str, Known]] = {
    "column": Known(f"{_HERE}.column:ColumnScorer", "column", "a column that holds a score", "column:NAME", is_required=True),
    "unifiedreward": Known(
        f"{_HERE}.unifiedreward:UnifiedRewardScorer", "model", "a reward model, 1 to 5", "unifiedreward:http://host:8000/v1#MODEL"
    ),
    "clip": Known(f"{_HERE}.similarity:SimilarityScorer", "model", "cosine of picture and text", "clip:MODEL", True, {"kind": "clip"}),
    "siglip": Known(
        f"{_HERE}.similarity:SimilarityScorer", "model", "cosine of picture and text", "siglip:MODEL", True, {"kind": "siglip"}
    ),
    "resolution": Known(f"{_HERE}.resolution:ResolutionScorer", "measure", "shorter side in pixels, pixels or aspect", "resolution:pixels"),
    "length": Known(f"{_HERE}.length:LengthScorer", None, "length of the text in English letters", "length"),
    "language": Known(f"{_HERE}.language:LanguageScorer", "languages", "share of the text that is in its language", "language:th,lo"),
}


def make_scorer(spec: Spec | object) -> Scorer:
    """A scorer from "name", "name:argument", a mapping {"scorer": name, **fields}, or as it is.

    Raises:
        UnknownNameError: no scorer has that name; the message lists them, and the nearest.
        ConfigError: an argument is missing or one too many, a field is unknown or of the wrong type.
    """
    if isinstance(spec, str):
        name, colon, argument = spec.partition(":")
        return _made(name.strip().casefold(), {}, argument.strip() if colon else None, spec)
    if isinstance(spec, Mapping):
        values = dict(spec)
        name = values.pop("scorer", None)
        if not isinstance(name, str):
            raise ConfigError(f"quality={spec!r} names no scorer: add scorer=. {known_scorers()}", "quality")
        return _made(name.strip().casefold(), values, None, name)
    if isinstance(spec, Scorer):
        return spec
    raise ConfigError(f"quality={spec!r} is no scorer: a {type(spec).__name__} without name, reads or score. {known_scorers()}", "quality")


def known_scorers() -> str:
    """All scorers in a sentence, as they are written.

    >>> known_scorers()[:80]
    'Known: column:NAME (a column that holds a score), unifiedreward:http://host:8000'
    """
    return f"Known: {', '.join(f'{known.example} ({known.measures})' for known in SCORERS.values())}."


def settings_of(scorer: Scorer) -> dict[str, Any]:
    """What a scorer was set to, as JSON-able values, for reports: its fields, and those without a word in JSON by their `repr`."""
    found = {one.name: getattr(scorer, one.name) for one in fields(scorer)} if is_dataclass(scorer) else {}
    return {"scorer": scorer.name, **{name: _plain(value) for name, value in found.items()}}


def _made(name: str, values: Mapping[str, Any], argument: str | None, written: str) -> Scorer:
    if name not in SCORERS:
        near = did_you_mean(name, SCORERS) or f" A column of scores is written {'column:' + written!r}."
        raise UnknownNameError(f"there is no scorer {name!r}.{near} {known_scorers()}")
    known = SCORERS[name]
    given = {**values, **_argument(name, known, argument)}
    if known.is_required and not given.get(known.argument or ""):
        raise ConfigError(f"quality={written!r} lacks what stands behind the colon: write {known.example}.", "quality")
    for key in known.fixed.keys() & values.keys():
        raise ConfigError(f"quality: {name!r} sets {key!r} itself; leave it out.", "quality")
    module, _, kind = known.home.partition(":")
    made: Scorer = make_record(getattr(importlib.import_module(module), kind), {**given, **known.fixed}, f"quality {name!r}")
    return made


def _argument(name: str, known: Known, argument: str | None) -> dict[str, Any]:
    if argument is None:
        return {}
    if known.argument is None or not argument:
        raise ConfigError(f"quality={name + ':' + argument!r}: write {known.example}.", "quality")
    if known.argument == "languages":
        return {"languages": tuple(part.strip() for part in argument.split(",") if part.strip())}
    return {known.argument: argument}


def _plain(value: object) -> object:
    match value:
        case float() if not math.isfinite(value):
            return None
        case None | bool() | int() | float() | str():
            return value
        case tuple() | list():
            return [_plain(one) for one in value]
        case _:
            return repr(value)
