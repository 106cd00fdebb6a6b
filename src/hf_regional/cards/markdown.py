"""Text that comes from users, made harmless in Markdown: what is not marked as ours is escaped on its way into a card."""

import re
import unicodedata
from typing import Any, Final

LONGEST: Final = 600  # characters; a caption of 10 kB in a table serves nobody

# Backslashes for what Markdown reads, entities for what HTML, tables and KaTeX read: `\|` still splits some parsers' cells.
_BACKSLASHED: Final = set("\\`*_[]~^")
_ENTITIES: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;", "$": "&#36;", "{": "&#123;", "}": "&#125;"}
# A value may begin a line, where these would begin a heading, a list or a rule.
_LINE_START: Final = re.compile(r"^(\d+)?([#+=.)-])")
_PLAIN_CODE: Final = re.compile(r"[\w .,:;/@+=*()-]+", re.ASCII)
_NO_TEXT: Final = frozenset({"Cc", "Cs"})  # control characters, and lone surrogates, which UTF-8 cannot write
_UNSEEN: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


class Markdown(str):
    """Markdown that this package made and that goes into the card as it is."""

    __slots__ = ()


def one_line(text: str) -> str:
    """Text without control characters and direction marks, on one line, of at most `LONGEST` characters.

    >>> one_line("a\\n\\tb\u202e")
    'a b'
    """
    kept = "".join(" " if char.isspace() else char for char in text if char not in _UNSEEN and (char.isspace() or unicodedata.category(char) not in _NO_TEXT))
    line = " ".join(kept.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


def escaped(value: Any) -> Markdown:
    """Any value as Markdown that shows its characters and does nothing.

    >>> escaped("<b>|*x*")
    '&lt;b&gt;&#124;\\\\*x\\\\*'
    """
    if isinstance(value, Markdown):
        return value
    line = one_line(str(value))
    quiet = "".join(f"\\{char}" if char in _BACKSLASHED else _ENTITIES.get(char, char) for char in line)
    return Markdown(_LINE_START.sub(lambda found: f"{found[1] or ''}\\{found[2]}", quiet))


def code(value: Any) -> Markdown:
    """A value in code type; one that could end the code span is escaped text instead.

    >>> code("openai/clip"), code("a`b")
    ('`openai/clip`', 'a\\\\`b')
    """
    line = one_line(str(value))
    return Markdown(f"`{line}`") if _PLAIN_CODE.fullmatch(line) else escaped(line)


def fenced(text: str, language: str = "") -> Markdown:
    """A block of code, within a fence longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown(f"{fence}{language}\n{text.rstrip()}\n{fence}")


def python_literal(text: str) -> Markdown:
    """A text as a Python string literal on one line, in ASCII.

    >>> python_literal('me/"x"')
    '"me/\\\\"x\\\\""'
    """
    inner = "".join(rf"\{char}" if char in '"\\' else char for char in one_line(text))
    return Markdown('"' + inner.encode("ascii", "backslashreplace").decode() + '"')
