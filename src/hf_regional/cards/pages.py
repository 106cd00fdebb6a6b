"""Pages: a template in the top folder `cards/` and what it is filled with in; a card, harmless and with what was written by hand, out."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
import yaml

from hf_regional.assets import asset_folder
from hf_regional.cards import markdown, places, scores, tables
from hf_regional.cards.figures import count, short
from hf_regional.durable import atomic_file
from hf_regional.errors import DamagedFileError, OutputExistsError

CARD: Final = "README.md"
KEEP_START: Final = "<!-- hf-regional:keep -->"
KEEP_END: Final = "<!-- /hf-regional:keep -->"
# Only on a line of its own is it a marker: a recorded name may hold the same text.
_START: Final = re.compile(rf"^{re.escape(KEEP_START)}[ \t]*$", re.MULTILINE)
_END: Final = re.compile(rf"^{re.escape(KEEP_END)}[ \t]*$", re.MULTILINE)


def filled(template: str, front_matter: str, context: Mapping[str, Any], kept: str = "") -> str:
    """A whole card.

    Args:
        template: its name; it holds both markers, each on a line of its own.
        front_matter: YAML.
        context: what the template prints; whatever is not `Markdown` is escaped.
        kept: Markdown written by hand, put between the markers as it is.
    """
    body = _templates().get_template(template).render(context, has_notes=bool(kept.strip()))
    before, after = _START.split(_tidied(body))
    return f"---\n{front_matter}\n---\n\n{before}{KEEP_START}{kept or after[:1]}{after.lstrip()}"


def hand_written(text: str, where: str | Path, *, overwrite: bool = False) -> str:
    """What stands between the markers of a card, with its line ends; empty where there is no card yet.

    Args:
        text: the card that is there, empty for none.
        where: it lies, for messages.
        overwrite: whether one may be replaced that this package did not write.

    Raises:
        DamagedFileError: a marker has lost its partner.
        OutputExistsError: there are no markers, so the text is somebody's own.
    """
    start, end = _START.search(text), _END.search(text)
    if start and end and start.end() < end.start():
        return text[start.end() : end.start()]
    if start or end:
        raise DamagedFileError(
            f"{where}: a marker of the hand-written section is missing; write both {KEEP_START} and {KEEP_END}, in this order."
        )
    if text and not overwrite:
        raise OutputExistsError(
            f"{where} was not written by hf-regional (no {KEEP_START} in it). Move it away, or pass overwrite=True to replace it."
        )
    return ""


def read_card(folder: Path) -> str:
    """The card of a folder; empty where there is none."""
    path = folder / CARD
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def put_card(folder: Path, text: str) -> Path:
    """Write the card of a folder, whole or not at all, and return its path."""
    with atomic_file(folder / CARD) as partial:
        partial.write_text(text, encoding="utf-8")
    return folder / CARD


def as_yaml(content: Any) -> str:
    """Recorded content as YAML, empty for none."""
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True) if content else ""


@cache
def _templates() -> jinja2.Environment:
    # Jinja's own autoescape knows HTML only; `finalize` sees every value that the template prints.
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(asset_folder("cards")),
        finalize=_shown,
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    templates.filters |= {
        "code": markdown.code,
        "fenced": markdown.fenced,
        "python": markdown.python_literal,
        "count": count,
        "short": short,
        "listed": markdown.listed,
    }
    templates.globals.update({"tables": tables, "scores": scores, "places": places})  # pyright: ignore[reportCallIssue, reportArgumentType]
    return templates


def _shown(value: Any) -> str:
    return "" if value is None or isinstance(value, jinja2.Undefined) else markdown.escaped(value)


def _tidied(body: str) -> str:
    lines = "\n".join(line.rstrip() for line in body.strip().splitlines())
    while "\n\n\n" in lines:
        lines = lines.replace("\n\n\n", "\n\n")
    return lines + "\n"
