"""Text that comes from users, made harmless in Markdown: what is not marked as ours is escaped on its way into a card."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

LONGEST: Final = 600  # characters; a caption of 10 kB in a table serves nobody

# Backslashes for what Markdown reads, entities for what HTML, tables and KaTeX read: `\|` still splits some parsers' cells.
_BACKSLASHED: Final = set("\\`*_[]~^")
_ENTITIES: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;", "$": "&#36;", "{": "&#123;", "}": "&#125;"}
# A value may begin a line, where these would begin a heading, a list or a rule.
_LINE_START: Final = re.compile(r"^(\d{0,9})([.)#=+-])(?=[#=-]*(\s|$))")
_PLAIN_CODE: Final = re.compile(r"[\w .,:;/@+=*()-]+", re.ASCII)
_NO_TEXT: Final = frozenset({"Cc", "Cs"})  # control characters, and lone surrogates, which UTF-8 cannot write
_DIRECTIONS: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


class Markdown(str):
    """Markdown that this package made and that goes into the card as it is."""

    __slots__ = ()


def one_line(text: str) -> str:
    r"""Text without control characters and direction marks, on one line, of at most `LONGEST` characters.

    >>> one_line("a\n\tb\u202e")
    'a b'
    """
    line = " ".join(_visible(text).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


def _visible(text: str) -> str:
    return "".join(char for char in text if char.isspace() or (char not in _DIRECTIONS and unicodedata.category(char) not in _NO_TEXT))


def escaped(value: Any) -> Markdown:
    r"""Any value as Markdown that shows its characters and does nothing.

    >>> print(escaped("<b>|*x*"))
    &lt;b&gt;&#124;\*x\*
    """
    if isinstance(value, Markdown):
        return value
    line = one_line(str(value))
    quiet = "".join(f"\\{char}" if char in _BACKSLASHED else _ENTITIES.get(char, char) for char in line)
    return Markdown(_LINE_START.sub(lambda found: f"{found[1]}\\{found[2]}", quiet))


def listed(values: Any) -> Markdown:
    """The members of a list, each escaped; a single value is a list of one.

    >>> listed(["a", "b|c"])
    'a, b&#124;c'
    """
    members = cast("Sequence[Any]", values) if isinstance(values, Sequence) and not isinstance(values, str) else [values]
    return Markdown(", ".join(map(escaped, members)))


def code(value: Any) -> Markdown:
    r"""A value in code type; one that could end the code span is escaped text instead.

    >>> print(code("openai/clip"), code("a`b"))
    `openai/clip` a\`b
    """
    line = one_line(str(value))
    return Markdown(f"`{line}`") if _PLAIN_CODE.fullmatch(line) else escaped(line)


def fenced(text: str, language: str = "") -> Markdown:
    """A block of code, within a fence longer than any run of backticks in it.

    >>> print(fenced("echo hi", "bash"))
    ```bash
    echo hi
    ```
    """
    # No comment is opened: a line of code that looks like a marker of ours would be taken for one.
    lines = "\n".join(_visible(line) for line in text.splitlines()).replace("<!--", "<! --").strip("\n")
    longest = max((len(run) for run in re.findall(r"`+", lines)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown(f"{fence}{language}\n{lines}\n{fence}")


def python_literal(value: Any) -> Markdown:
    r"""A JSON value as a Python literal on one line, in ASCII.

    >>> print(python_literal(["a", {'"b"': 0.4}, None]))
    ["a", {"\"b\"": 0.4}, None]
    """
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return Markdown("{" + ", ".join(f"{python_literal(key)}: {python_literal(content)}" for key, content in pairs) + "}")
    if isinstance(value, list | tuple):
        return Markdown("[" + ", ".join(map(python_literal, cast("Sequence[Any]", value))) + "]")
    if not isinstance(value, str):
        return Markdown(repr(value))
    inner = "".join(rf"\{char}" if char in '"\\' else char for char in one_line(value))
    return Markdown('"' + inner.encode("ascii", "backslashreplace").decode() + '"')
