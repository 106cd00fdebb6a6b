"""A request as it came in; an answer as it goes out; a refusal that becomes one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request; `target` is the path with its query, quoted as it was sent."""

    method: str
    target: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes = b""

    @cached_property
    def path(self) -> str:
        """The path, still quoted: `%2F` belongs to a name, `/` does not."""
        return urlsplit(self.target).path

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """What follows the question mark."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def said(self, name: str, default: str = "") -> str:
        """One value of the query."""
        return self.query.get(name, [default])[-1]

    def wants(self, name: str) -> bool:
        """Whether the query says yes."""
        return self.said(name).lower() in {"1", "true"}

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The body: JSON, or a form with its values in lists."""
        if "form-urlencoded" in self.headers.get("content-type", ""):
            return dict(parse_qs(self.body.decode(), keep_blank_values=True))
        try:
            read = json.loads(self.body or b"{}")
        except ValueError as error:
            raise RefusedError(400, f"the body is not JSON: {error}") from error
        if not isinstance(read, dict):
            raise RefusedError(400, "the body is not a JSON object")
        return read


@dataclass(frozen=True)
class Stretch:
    """Bytes of a file on disk, from `start` up to and without `stop`."""

    path: Path
    start: int
    stop: int

    def read(self) -> bytes:
        """The bytes."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(self.stop - self.start)


@dataclass
class Answer:
    """One answer."""

    status: int = 200
    body: bytes | Stretch = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    older_etag: str = ""  # of the version before, for the fault that tells a stale one

    @property
    def length(self) -> int:
        """Of the body, in bytes."""
        return self.body.stop - self.body.start if isinstance(self.body, Stretch) else len(self.body)

    def content(self) -> bytes:
        """The body, read."""
        return self.body.read() if isinstance(self.body, Stretch) else self.body


def as_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A value as an answer."""
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


class RefusedError(Exception):
    """An answer that says no. `code` is the Hub's X-Error-Code; `more` joins the error in the JSON of the body."""

    def __init__(
        self, status: int, message: str, code: str = "", headers: Mapping[str, str] | None = None, more: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        named = {"X-Error-Code": code} if code else {}
        # A header is one line of Latin-1.
        said = {"X-Error-Message": " ".join(message.split()).encode("latin-1", "replace").decode("latin-1")}
        self.answer = as_json({"error": message, **(more or {})}, status, {**named, **said, **(headers or {})})


def part_of(content: bytes | Path, asked: Asked, headers: Mapping[str, str]) -> Answer:
    """A content, or the range of it that was asked for (RFC 9110, 14.2): one range, others are answered in full."""
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    always = {"Accept-Ranges": "bytes", **headers}
    if asked.headers.get("if-none-match") and asked.headers["if-none-match"] == headers.get("ETag"):
        return Answer(304, b"", always)
    unit, _, wish = asked.headers.get("range", "").replace(" ", "").partition("=")
    first, dash, last = wish.partition("-")
    if unit != "bytes" or not dash or not (first + last).isdigit():
        return Answer(200, _cut(content, 0, size), always)
    start, stop = (int(first), min(int(last) + 1 if last else size, size)) if first else (max(size - int(last), 0), size)
    if start >= stop:
        return Answer(416, b"", {**always, "Content-Range": f"bytes */{size}"})
    return Answer(206, _cut(content, start, stop), {**always, "Content-Range": f"bytes {start}-{stop - 1}/{size}"})


def _cut(content: bytes | Path, start: int, stop: int) -> bytes | Stretch:
    return content[start:stop] if isinstance(content, bytes) else Stretch(content, start, stop)
