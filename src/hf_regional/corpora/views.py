"""Views: what a published row says in; the same under the names of `pairs` or `vqa`, places and languages as codes, out."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, cast

import datasets

from hf_regional import records
from hf_regional.errors import BadRowError
from hf_regional.filtering.evidence.cells import split, whole
from hf_regional.regions import country_code, language_code

View = Literal["raw", "pairs", "vqa", "imtext", "imqa"]
OnUnknown = Literal["error", "keep"]

_STRING: Final = datasets.Value("string")
_AND: Final = re.compile(r"\s(?:and|&)\s")
PAIRS: Final = datasets.Features(dict.fromkeys(records.PAIRS, _STRING) | {records.IMAGE: datasets.Image()})
VQA: Final = datasets.Features(
    dict.fromkeys(records.VQA, _STRING)
    | {
        records.IMAGE: datasets.Image(),
        records.OPTIONS: datasets.List(_STRING),
        records.ANSWER: datasets.Value("int32"),
        records.ANSWERS: datasets.List(_STRING),
    }
)


def to_country(text: object, at: str, on_unknown: OnUnknown = "error") -> str | None:
    """The alpha-3 code of a country's name, code or alias; None for an empty cell.

    Args:
        text: the cell.
        at: the row, for the message.
        on_unknown: "keep" gives None for a name that nobody knows.

    Raises:
        BadRowError: the text names no country.
    """
    return _coded(country_code, text, at, on_unknown, "country")


def to_countries(cell: object, at: str, on_unknown: OnUnknown = "error") -> list[str]:
    """All countries that a cell names, a text ("Laos, Thailand") or a list of texts, as alpha-3 codes in its order; [] for an empty one.

    The whole text comes first ("Korea, Republic of" is one country), then its parts between commas, semicolons, bars and slashes, and
    last theirs on both sides of "and" ("Trinidad and Tobago" is one).
    Arguments and errors as in `to_country`; "keep" leaves out the names that nobody knows.

    >>> to_countries("Indonesia; Malaysia / Viet Nam", "row 0"), to_countries("Korea, Republic of", "row 1")
    (['IDN', 'MYS', 'VNM'], ['KOR'])
    """
    texts = cell if isinstance(cell, str) else tuple(str(text) for text in cast("Iterable[object]", cell or ()) if text is not None)
    parts = (part.text for piece in whole(texts) for part in ((piece,) if country_code(piece.text) else split(piece)))
    names = (name for part in parts for name in ((part,) if country_code(part) else _AND.split(part)))
    codes = (to_country(name, at, on_unknown) for name in names)
    return [*dict.fromkeys(code for code in codes if code)]


def only_one(codes: Sequence[str]) -> str | None:
    """The one code of a list of one: a row of several countries is of none of them alone.

    >>> only_one(["THA"]), only_one(["LAO", "THA"])
    ('THA', None)
    """
    return codes[0] if len(codes) == 1 else None


def to_language(text: object, at: str, on_unknown: OnUnknown = "error") -> str | None:
    """The code of a language's name or code, as CLDR writes it; arguments and errors as in `to_country`."""
    return _coded(language_code, text, at, on_unknown, "language")


def pair(
    *, image: Any, text: str | None, language: str | None, country: str | None, identifier: str,
    topic: str | None = None, source: str | None = None, license: str | None,
) -> dict[str, Any]:  # fmt: skip
    """One row of `pairs`."""
    return {
        records.IMAGE: image, records.TEXT: text, records.LANGUAGE: language, records.COUNTRY: country,
        records.TOPIC: topic, records.SOURCE: source, records.LICENSE: license, records.ID: identifier,
    }  # fmt: skip


def question(
    *, image: Any, text: str, options: Sequence[str] = (), answer: int | None = None, answers: Sequence[str] = (),
    language: str | None, country: str | None, identifier: str,
    topic: str | None = None, source: str | None = None, license: str | None,
) -> dict[str, Any]:  # fmt: skip
    """One row of `vqa`: with options, of which `answer` is the place of the right one, or open, with the accepted `answers`.

    Raises:
        BadRowError: the answer is no place among the options.
    """
    if answer is not None and not 0 <= answer < len(options):
        raise BadRowError(f"row {identifier}: the answer is option {answer} of {len(options)}. Mend the row or leave it out.")
    right = [options[answer]] if answer is not None else [*answers]
    return {
        records.IMAGE: image, records.QUESTION: text, records.OPTIONS: [*options], records.ANSWER: answer, records.ANSWERS: right,
        records.LANGUAGE: language, records.COUNTRY: country,
        records.TOPIC: topic, records.SOURCE: source, records.LICENSE: license, records.ID: identifier,
    }  # fmt: skip


def _coded(coder: Any, text: object, at: str, on_unknown: OnUnknown, kind: str) -> str | None:
    if text is None or not str(text).strip():
        return None
    code = coder(str(text))
    if code is None and on_unknown == "error":
        raise BadRowError(f"{at}: {text!r} names no {kind} that is known here. Load with on_unknown='keep' to keep such rows without one.")
    return code
