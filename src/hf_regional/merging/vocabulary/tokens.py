"""Tokens: a folder in, the row of every token of its tokenizer out. Reads JSON and text; no tokenizer is built."""

import filecmp
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np

from hf_regional.errors import DamagedFileError

# What a tokenizer is saved as; a checkpoint that takes another's tokenizer takes all of these and keeps none of its own.
TOKENIZER_FILES: Final = (
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.*",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "*.model",
    "*.tiktoken",
    "tekken.json",
    "chat_template.*",
    "additional_chat_templates/*",
)
Pairs = Iterable[tuple[str, int]]  # token, row
# The merges of a BPE tell no row, and are half a million lists: left in, a file of 25 MB takes 190 MB to parse in place of 65.
_STRING: Final = r'"(?:[^"\\]++|\\.)*+"'
_MERGES: Final = re.compile(rf'("merges"\s*:\s*)\[(?:[^"\[\]]++|{_STRING}|\[(?:[^"\[\]]++|{_STRING})*+\])*+\]')


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens of one checkpoint. Rows without a token are padding."""

    folder: Path
    ids: Mapping[str, int]  # token -> row, no row twice
    rows: int | None = None  # of the tensors that tokens index; None where nothing says it

    def within(self, rows: int) -> "Vocabulary":
        """The same over tensors of so many rows; tokens beyond them have no row and are left out."""
        ids = self.ids if self.last < rows else {token: row for token, row in self.ids.items() if row < rows}
        return replace(self, ids=ids, rows=rows)

    @property
    def last(self) -> int:
        """The highest row that has a token; -1 where none has."""
        return max(self.ids.values(), default=-1)


def has_vocabulary(folder: Path) -> bool:
    """Whether a folder has a file that `read_vocabulary` can take tokens from."""
    return any((folder / name).is_file() for name in _WHOLE)


def read_vocabulary(folder: Path) -> Vocabulary | None:
    """Read token -> row from the files of a tokenizer, and the number of rows from the configuration beside it.

    A bare SentencePiece model (`*.model`) does not do: some of the classes that read it shift its ids, XLM-R's by 1, Pegasus' by
    103, and no part of the file says so.

    Returns:
        None where the folder has none of tokenizer.json, vocab.json and vocab.txt.

    Raises:
        DamagedFileError: a file cannot be read, a row has two tokens, or two files disagree about a token.
    """
    if not has_vocabulary(folder):
        return None
    ids: dict[str, int] = {}
    for name in (name for name in _READERS if (folder / name).is_file()):
        for token, row in _READERS[name](folder / name):
            if ids.setdefault(token, row) != row:
                raise _contradiction(folder, token, ids[token], name, row)
    _require_one_token_a_row(folder, ids)
    return Vocabulary(folder, ids, max(vocabulary_sizes(json_object(folder / "config.json")), default=None))


def _contradiction(folder: Path, token: str, row: int, name: str, other: int) -> DamagedFileError:
    first = next(one for one in _READERS if (folder / one).is_file() and (token, row) in _READERS[one](folder / one))
    return DamagedFileError(
        f"{folder}: token {token!r} is row {row} in {first} and {other} in {name}. Remove the file that is out of date, or save the "
        "tokenizer again."
    )


def same_tokenizer(folder: Path, other: Path) -> bool:
    """Whether two folders hold the same files of those that tell a token's row, byte for byte."""
    ours, theirs = ([name for name in _READERS if (one / name).is_file()] for one in (folder, other))
    # Parsing the 30 MB of a large tokenizer.json takes a second and 200 MB; comparing them takes neither.
    return ours == theirs and all(filecmp.cmp(folder / name, other / name, shallow=False) for name in ours)


def tokenizer_files(folder: Path) -> list[Path]:
    """The files of a folder that belong to its tokenizer, relative to it."""
    return sorted({file.relative_to(folder) for pattern in TOKENIZER_FILES for file in folder.glob(pattern) if file.is_file()})


def vocabulary_sizes(config: Mapping[str, Any]) -> frozenset[int]:
    """Every number under a key with "vocab_size" in it, whatever it is nested in.

    >>> sorted(vocabulary_sizes({"text_config": {"vocab_size": 300, "type_vocab_size": 2}}))
    [2, 300]
    """
    nested = (vocabulary_sizes(value) for value in config.values() if isinstance(value, dict))
    return frozenset(chain((value for key, value in config.items() if "vocab_size" in key and type(value) is int), *nested))


def json_object(file: Path, emptied: re.Pattern[str] | None = None) -> dict[str, Any]:
    """What a JSON file holds; nothing where there is none.

    Args:
        file: the file.
        emptied: a list whose items are not wanted; what stands before it is the pattern's first group.

    Raises:
        DamagedFileError: it is no JSON, no object, or has a name twice.
    """
    if not file.is_file():
        return {}
    try:
        text = file.read_text(encoding="utf-8")
        value = json.loads(emptied.sub(r"\1[]", text, count=1) if emptied else text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"{file} cannot be read as JSON: {error}. Download or save it again.") from error
    if not isinstance(value, dict):
        raise _senseless(file)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("a name stands in it twice")
    return entries


def _tokenizer_json(file: Path) -> Iterator[tuple[str, int]]:
    content = json_object(file, _MERGES)
    match content.get("model"):
        case {"vocab": {**table}}:
            yield from _checked(file, table.items())
        case {"vocab": [*pieces]} if all(isinstance(piece, list) and piece for piece in pieces):
            # A Unigram model: piece and score, in the order of the rows.
            yield from _checked(file, ((piece[0], row) for row, piece in enumerate(pieces)))
        case _:
            raise _senseless(file)
    yield from _checked(file, _added(file, content.get("added_tokens")))


def _added(file: Path, entries: Any) -> Iterator[tuple[Any, Any]]:
    for entry in entries or []:
        match entry:
            case {"content": token, "id": row}:
                yield token, row
            case _:
                raise _senseless(file)


def _json_table(file: Path) -> Iterator[tuple[str, int]]:
    return _checked(file, json_object(file).items())


def _lines(file: Path) -> Iterator[tuple[str, int]]:
    # Not splitlines(): it cuts at separators that are tokens themselves.
    with file.open(encoding="utf-8") as lines:
        yield from ((line.rstrip("\n"), row) for row, line in enumerate(lines))


def _tokenizer_config(file: Path) -> Iterator[tuple[str, int]]:
    for row, entry in (json_object(file).get("added_tokens_decoder") or {}).items():
        match entry:
            case {"content": str(token)} if row.isdecimal():
                yield token, int(row)
            case _:
                raise _senseless(file)


def _checked(file: Path, pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, int]]:
    for token, row in pairs:
        if type(token) is not str or type(row) is not int or row < 0:
            raise _senseless(file)
        yield token, row


def _senseless(file: Path) -> DamagedFileError:
    return DamagedFileError(f"{file} holds no table of tokens that we know. Save the tokenizer again: `tokenizer.save_pretrained(folder)`.")


def _require_one_token_a_row(folder: Path, ids: Mapping[str, int]) -> None:
    found, counts = np.unique(np.fromiter(ids.values(), np.int64, len(ids)), return_counts=True)
    if (counts > 1).any():
        twice = int(found[counts > 1][0])
        owners = [token for token, row in ids.items() if row == twice]
        raise DamagedFileError(
            f"{folder}: row {twice} belongs to two tokens, {owners[0]!r} and {owners[1]!r}. Save the tokenizer again, or repair its files."
        )


_WHOLE: Final = ("tokenizer.json", "vocab.json", "vocab.txt")  # the others hold only what was added
_READERS: Final[dict[str, Callable[[Path], Pairs]]] = {
    "tokenizer.json": _tokenizer_json,
    "vocab.json": _json_table,
    "vocab.txt": _lines,
    "added_tokens.json": _json_table,
    "tokenizer_config.json": _tokenizer_config,
}
