"""A model behind a server on this machine that answers by a book: what it says follows from what its prompt holds."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from chat_server import ChatServer, chat_server
from local_server import Told

NAME = "test/book"


@dataclass
class Book:
    """Where it is served, and what it was asked."""

    server: ChatServer

    @property
    def spec(self) -> str:
        return f"{self.server.url}#{NAME}"

    @property
    def prompts(self) -> list[str]:
        return [text_of(asked.json) for asked in self.server.completions]

    @property
    def pictures(self) -> list[int]:
        """How many came with each prompt."""
        return [sum(part["type"] == "image_url" for part in _parts(asked.json)) for asked in self.server.completions]


@contextmanager
def book(says: Mapping[str, str | Told], otherwise: str | Told = "I would rather not say.") -> Iterator[Book]:
    """The first entry of which a prompt holds the words gives the answer."""

    def verdict(request, _pictures):
        return next((said for words, said in says.items() if words in text_of(request)), otherwise)

    with chat_server((NAME,), verdict) as server:
        yield Book(server)


def text_of(request: dict) -> str:
    return "\n".join(part["text"] for part in _parts(request) if part["type"] == "text")


def _parts(request: dict) -> list[dict]:
    return [part for message in request["messages"] for part in message["content"]]
