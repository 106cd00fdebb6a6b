"""Words: a language code in; what a rater reads in that language, or in English where we have no better, out."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError
from hf_regional.nearest import did_you_mean

OURS: Final = Path(__file__).parent / "words"
ENGLISH: Final = "en"
LEVELS: Final = 3  # the paper's "3-level likert" (arXiv 2604.11490, §5.4)
_NOT_SENTENCES: Final = ("criteria", "instructions")

Words = Mapping[str, Any]


def words_for(languages: Iterable[str], criteria: Iterable[str], own: Path | None = None) -> dict[str, Words]:
    """The words by language: English first, then those of `languages` that there are, each whole (English fills what one lacks).

    Args:
        languages: codes as CLDR writes them ("th"); one without words is left out, and its raters read English.
        criteria: names of the criteria to keep, in their order.
        own: a folder of further `<language>.toml`, which may replace or add languages, sentences and criteria.

    Raises:
        MissingFileError: `own` is no folder.
        DamagedFileError: a file is no TOML, or a criterion in it has not three levels.
        ConfigError: a criterion that English has no words for.

    >>> words_for(["th", "km"], ["quality"]).keys()
    dict_keys(['en', 'th'])
    """
    if own is not None and not own.is_dir():
        raise MissingFileError(f"no folder {own} with words for raters. It holds one <language>.toml a language; ours are in {OURS}.")
    english, wanted = _words(ENGLISH, own), list(criteria)
    _require_known(wanted, english["criteria"])
    found = {language: _words(language, own) for language in dict.fromkeys([ENGLISH, *languages]) if _files(language, own)}
    return {language: _whole(words, english, wanted) for language, words in found.items()}


def languages_with_words() -> tuple[str, ...]:
    """Codes of the languages that come with words, sorted.

    >>> languages_with_words()
    ('en', 'id', 'th', 'vi')
    """
    return tuple(sorted(file.stem for file in OURS.glob("*.toml")))


def _require_known(criteria: Iterable[str], known: Mapping[str, Any]) -> None:
    for name in criteria:
        if name not in known:
            raise ConfigError(
                f"no words for the criterion {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}. "
                f"One of your own is a section [criteria.{name}] with name, question and {LEVELS} levels in en.toml of the folder words=.",
                "criteria",
            )


def _files(language: str, own: Path | None) -> list[Path]:
    return [file for folder in (OURS, own) if folder and (file := folder / f"{language}.toml").is_file()]


def _words(language: str, own: Path | None) -> dict[str, Any]:
    merged: dict[str, Any] = {"criteria": {}}
    for file in _files(language, own):
        read = _read(file)
        merged = {**merged, **read, "criteria": {**merged["criteria"], **cast("dict[str, Any]", read.get("criteria", {}))}}
    return merged


@cache
def _read(file: Path) -> dict[str, Any]:
    try:
        words = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DamagedFileError(f"{file} is no TOML in UTF-8: {error}.") from error
    for name, criterion in words.get("criteria", {}).items():
        if {"name", "question", "levels"} - criterion.keys() or len(criterion["levels"]) != LEVELS:
            raise DamagedFileError(f"{file}: [criteria.{name}] needs a name, a question and {LEVELS} levels, the worst first.")
    return words


def _whole(words: Mapping[str, Any], english: Mapping[str, Any], criteria: Iterable[str]) -> Words:
    """The words with English in the gaps, and of the criteria those that are asked."""
    sentences = {name: words.get(name, english[name]) for name in english if name not in _NOT_SENTENCES}
    instructions: list[str] = list(words.get("instructions", english["instructions"]))
    asked = {name: dict(words["criteria"].get(name, english["criteria"][name])) for name in criteria}
    return {**sentences, "instructions": instructions, "criteria": asked}
