"""The rating sheet: items and the outputs of two models or more in; a folder for raters in which no model has a name, and its key, out.

sheet = write_rating_sheet(items, {"base": base_answers, "merged": merged_answers}, Path("rating"), raters=3, overlap=0.3)
print(sheet.raters)                  # ('id-1', 'id-2', 'id-3', 'th-1', ...)
"""

import random
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hf_regional.durable import atomic_folder, digest_of, require_new
from hf_regional.errors import ConfigError, UnknownNameError
from hf_regional.evaluating.human import folders
from hf_regional.evaluating.human.blinding import Turn, blind, opaque_name, rater_names, share_out
from hf_regional.evaluating.human.items import LABELS, Output, Outputs, RatedItem, check_outputs, checked_items, language_of, pictures_of
from hf_regional.evaluating.human.key import Key, Row
from hf_regional.evaluating.human.pictures import write_picture
from hf_regional.evaluating.human.tables import write_table
from hf_regional.evaluating.human.words import ENGLISH, LEVELS, words_for
from hf_regional.regions.countries import country_name

CRITERIA: Final = ("relevance", "correctness", "quality")


@dataclass(frozen=True, slots=True)
class RatingSheet:
    """What was written.

    Attributes:
        path: the folder; `path / "for-raters"` is what raters may have.
        raters: a name for each sheet, such as "th-1".
        items: how many items there are.
        answers: how many answers are to be rated, each rater's counted.
        in_english: languages we have no words in: their raters read the instructions in English.
    """

    path: Path
    raters: tuple[str, ...]
    items: int
    answers: int
    in_english: tuple[str, ...]


def write_rating_sheet(
    items: Iterable[RatedItem],
    outputs: Outputs,
    folder: Path,
    *,
    criteria: Sequence[str] = CRITERIA,
    raters: int | Mapping[str, int] = 1,
    overlap: float = 1.0,
    seed: int | None = None,
    words: Path | None = None,
    allow_names: bool = False,
) -> RatingSheet:
    """Write a blinded, order-randomised rating sheet, one for each rater, with its key kept apart.

    Each criterion has three levels, the "3-level likert" of the paper (arXiv 2604.11490, §5.4). Items come in another order for each
    rater, and letters hide the models anew at each item, each model behind each letter equally often.

    Args:
        items: what was asked; raters are given the items of one language.
        outputs: model -> item id -> its answer: words, a picture, a list of pictures found, or None where it gave nothing.
        folder: a new folder.
        criteria: "relevance", "correctness", "naturalness", "quality", or sections of `words`.
        raters: how many in each language, or by language.
        overlap: share in [0, 1] of a language's items that each of its raters rates; the others go to one rater each.
        seed: of all draws. None draws one, which the key holds: whoever knows it can un-blind the sheet.
        words: a folder of `<language>.toml` with words of your own; see `words_for`.
        allow_names: let an answer pass in which a model's name stands.

    Raises:
        NoRowsError, BadRowError, MismatchedScoresError, ConfigError, OutOfRangeError: what `checked_items`, `check_outputs`,
            `share_out` and `write_picture` say.
        OutputExistsError, CannotWriteError: the folder is not new, or cannot be written.
    """
    require_new(folder)
    asked = checked_items(items)
    check_outputs(asked, outputs, allow_names=allow_names)
    if not criteria or len(set(criteria)) < len(criteria):
        raise ConfigError(f"criteria must be one name or more, each once; got {', '.join(criteria) or 'none'}.", "criteria")
    seed = secrets.randbits(64) if seed is None else seed
    draw = random.Random(seed)
    languages = sorted({language_of(item) for item in asked.values()})
    spoken = words_for(languages, criteria, words)
    turns = _turns(asked, list(outputs), languages, raters, overlap, draw)
    with atomic_folder(folder) as partial:
        place = _empty(partial / folders.FOR_RATERS)
        shown, rows = _Shown(asked, outputs, place / folders.PICTURES, draw).sheets(turns)
        name = digest_of(shown)[:16]
        head = {"schema_version": folders.SCHEMA_VERSION, "sheet": name, "criteria": list(criteria), "levels": LEVELS}
        _write(place, {**head, "words": spoken, "countries": _countries(asked.values(), spoken), "raters": shown})
        Key(name, seed, overlap, tuple(outputs), rows).write(partial)
    return RatingSheet(folder, tuple(turns), len(asked), len(rows), tuple(language for language in languages if language not in spoken))


def _empty(place: Path) -> Path:
    for name in (folders.SHEETS, folders.PICTURES, folders.INSTRUCTIONS, folders.RATINGS):
        (place / name).mkdir(parents=True)
    return place


def _write(place: Path, sheet: dict[str, Any]) -> None:
    """Write what raters read: the sheet, each rater's part of it as a table, the instructions by language."""
    folders.write_json(place / folders.SHEET, sheet)
    for rater, own in sheet["raters"].items():
        countries = sheet["countries"].get(own["language"], sheet["countries"][ENGLISH])
        write_table(place / folders.SHEETS / f"{rater}.csv", own["turns"], sheet["criteria"], countries)
    for language, said in sheet["words"].items():
        (place / folders.INSTRUCTIONS / f"{language}.md").write_text(_instructions(said), encoding="utf-8")


def _turns(
    items: Mapping[str, RatedItem],
    models: Sequence[str],
    languages: Iterable[str],
    raters: int | Mapping[str, int],
    overlap: float,
    draw: random.Random,
) -> dict[str, list[Turn]]:
    """By rater, what comes in which order."""
    found: dict[str, list[Turn]] = {}
    for language in languages:
        own = [name for name, item in items.items() if language_of(item) == language]
        dealt = share_out(own, rater_names(language, raters), overlap, draw)
        found |= {rater: blind(listed, models, draw) for rater, listed in dealt.items()}
    return found


class _Shown:
    """Writes turns as raters see them, each picture once, under a name that says nothing."""

    def __init__(self, items: Mapping[str, RatedItem], outputs: Outputs, pictures: Path, draw: random.Random) -> None:
        self._items, self._outputs, self._pictures, self._draw = items, outputs, pictures, draw
        self._taken: set[str] = set()
        self._written: dict[tuple[str, str | None], list[str]] = {}

    def sheets(self, turns: Mapping[str, Sequence[Turn]]) -> tuple[dict[str, Any], dict[str, Row]]:
        """Sheets by rater, and what their rows are."""
        shown: dict[str, Any] = {}
        rows: dict[str, Row] = {}
        for rater, own in turns.items():
            listed = [self._turn(rater, turn, number, rows) for number, turn in enumerate(own, start=1)]
            shown[rater] = {"language": rater.rpartition("-")[0], "turns": listed}
        return shown, rows

    def _turn(self, rater: str, turn: Turn, number: int, rows: dict[str, Row]) -> dict[str, Any]:
        item = self._items[turn.item]
        image = [] if item.image is None else [item.image]
        names = self._names(turn.item, None, image)
        head = {"number": number, "language": language_of(item), "country": item.country, "prompt": item.prompt, "pictures": names}
        outputs: list[dict[str, Any]] = []
        for position, model in enumerate(turn.models):
            row = opaque_name(self._draw, self._taken)
            rows[row] = Row(rater, turn.item, language_of(item), item.country, position, model)
            given = self._outputs[model][turn.item]
            names = self._names(turn.item, model, pictures_of(given))
            outputs.append({"row": row, "label": LABELS[position], "text": _text(given), "pictures": names})
        return {**head, "outputs": outputs}

    def _names(self, item: str, model: str | None, pictures: Sequence[Any]) -> list[str]:
        if (item, model) not in self._written:
            names = [f"{opaque_name(self._draw, self._taken)}.jpg" for _ in pictures]
            whose = f"item {item!r}" + (f", model {model!r}" if model else "")
            for name, picture in zip(names, pictures, strict=True):
                write_picture(picture, self._pictures / name, whose=whose)
            self._written[item, model] = names
        return self._written[item, model]


def _countries(items: Iterable[RatedItem], languages: Iterable[str]) -> dict[str, dict[str, str]]:
    """Names of the items' countries by language; in English where nobody has told us another."""
    codes = sorted({item.country for item in items if item.country})
    return {language: {code: _country(code, language) for code in codes} for language in languages}


def _country(code: str, language: str) -> str:
    try:
        return country_name(code, language)
    except UnknownNameError:  # the locale: items name no unknown country
        return country_name(code)


def _text(output: Output) -> str | None:
    """The words of an output; None where it has none, be it a picture or nothing."""
    return output if isinstance(output, str) and output.strip() else None


def _instructions(words: Mapping[str, Any]) -> str:
    lines = [f"# {words['title']}", "", words["lead"], "", *(f"- {line}" for line in words["instructions"])]
    for name, criterion in words["criteria"].items():
        levels = " · ".join(f"{number} = {level}" for number, level in enumerate(criterion["levels"], start=1))
        lines += ["", f"## {criterion['name']} (`{name}`)", "", criterion["question"], "", f"{levels} · ? = {words['cannot_judge']}"]
    return "\n".join([*lines, "", words["in_the_table"], ""])
