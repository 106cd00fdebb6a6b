"""The table of what can be asked: method, path, name, and who may ask. One decorated function answers each."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, cast
from urllib.parse import unquote, urlencode

from local_hub.exchange import Answer, Asked, RefusedError, as_json
from local_hub.state import Kind, Person, Repo, State

# open: anybody. person: whoever has a token. read: whoever sees the repository. content: and was let in, where it is gated.
# propose: and has a token that writes. write: and may write there.
Access = Literal["open", "person", "read", "content", "propose", "write"]

_PARTS: Final[Mapping[str, str]] = {
    "kind": "(?P<kind>models|datasets|spaces)",
    "prefix": "(?:(?P<prefix>datasets|spaces)/)?",
    "repo": "(?P<repo>[^/]+(?:/[^/]+)?)",
    "revision": "(?P<revision>refs(?:/|%2F)(?:pr|convert|heads|tags)(?:/|%2F)[^/]+|[^/]+)",
    "rest": "(?P<rest>.+)",
    "num": r"(?P<num>\d+)",
    "sha256": "(?P<sha256>[0-9a-f]{64})",
}


@dataclass(frozen=True)
class Call:
    """A request at the function that answers it."""

    state: State
    asked: Asked
    person: Person | None
    words: Mapping[str, str]  # what the path names, no longer quoted

    @cached_property
    def kind(self) -> Kind:
        """Of the repository; an address without a prefix is a model's."""
        return cast("Kind", (self.words.get("kind") or self.words.get("prefix") or "models").removesuffix("s"))

    @cached_property
    def repo(self) -> Repo:
        """The repository that the path names."""
        return self.state.find(self.kind, self.words["repo"], self.person)

    @property
    def user(self) -> Person:
        """Who asks, where only somebody with a token may."""
        if self.person is None:
            raise RefusedError(401, "Invalid username or password.")
        return self.person

    def paged(self, items: list[dict[str, object]], size: int) -> Answer:
        """One page of a listing; the header Link names the next one."""
        start = int(self.asked.said("cursor", "0"))
        stop = start + size
        more = {name: values for name, values in self.asked.query.items() if name != "cursor"} | {"cursor": [str(stop)]}
        link = f'<{self.state.url}{self.asked.path}?{urlencode(more, doseq=True)}>; rel="next"'
        return as_json(items[start:stop], headers={"Link": link} if stop < len(items) else None)


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table."""

    method: str
    pattern: re.Pattern[str]
    name: str
    access: Access
    handler: Handler
    literal: int  # characters of the path that are not for something else


ROUTES: Final[list[Route]] = []


def route(method: str, path: str, name: str, access: Access) -> Callable[[Handler], Handler]:
    """Enter a function: `{word}` in the path stands for a part of `_PARTS`, any other word for what is between two slashes."""
    pattern = re.sub(r"\{(\w+)\}", lambda found: _PARTS.get(found[1], f"(?P<{found[1]}>[^/]+)"), path)

    def enter(handler: Handler) -> Handler:
        ROUTES.append(Route(method, re.compile(pattern), name, access, handler, len(re.sub(r"\{\w+\}", "", path))))
        return handler

    return enter


def find_route(asked: Asked) -> tuple[Route, Mapping[str, str]] | None:
    """The row that fits with most words of its own, and what the others stand for; HEAD is asked of what answers GET."""
    method = "GET" if asked.method == "HEAD" else asked.method
    fits = [(row, found) for row in ROUTES if row.method == method and (found := row.pattern.fullmatch(asked.path))]
    if not fits:
        return None
    # `gpt2/refs` may be a repository, but here it is the refs of one.
    row, found = max(fits, key=lambda fit: fit[0].literal)
    return row, {name: unquote(word) for name, word in found.groupdict().items() if word is not None}


def answer(state: State, asked: Asked) -> Answer:
    """Answer a request: with what its function says, or with the refusal."""
    try:
        found = find_route(asked)
        if found is None:
            raise RefusedError(404, f"Cannot {asked.method} {asked.path}")
        row, words = found
        call = Call(state, asked, None if words.get("sha256") else state.person(asked.headers.get("authorization")), words)
        _check(row.access, call)
        return row.handler(call)
    except RefusedError as refusal:
        return refusal.answer


def _check(access: Access, call: Call) -> None:
    if access == "open":
        return
    if access == "person":
        _ = call.user
        return
    repo = call.repo
    if access == "content":
        call.state.check_gate(repo, call.person)
    if access == "propose":
        call.state.check_gate(repo, call.person)
        if call.user.role != "write":
            raise RefusedError(403, "Forbidden: the token only reads")
    if access == "write":
        call.state.check_write(repo.namespace, call.person, "write")
