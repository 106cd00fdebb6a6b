"""A server that speaks OpenAI's chat completions as vLLM does: it checks what it is asked, and judges a picture by its colour."""

import base64
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from PIL import Image

from local_server import Asked, LocalServer, Told, serving, told

MODEL = "test/judge-7b"
VERDICTS = ("It is red, as asked.\nFinal Score: 5", "I would rather not say.", "It is blue.\nFinal Score: 1")  # by the strongest of r, g, b


@dataclass
class ChatServer:
    """What a test sets and sees."""

    http: LocalServer
    models: list[str]
    before: list[Told] = field(default_factory=list)  # what comes before real answers, used up one by one
    lock: threading.Lock = field(default_factory=threading.Lock)
    under_way: int = 0
    most_under_way: int = 0

    @property
    def url(self) -> str:
        return f"{self.http.url}/v1"

    @property
    def completions(self) -> list[Asked]:
        return [asked for asked in self.http.asked if asked.target == "/v1/chat/completions"]


@contextmanager
def chat_server(models=(MODEL,), verdict: Callable[[dict, list[Image.Image]], Told | str] | None = None) -> Iterator[ChatServer]:
    """Serve; `verdict` gives a text, or a whole answer, for a request and its pictures."""
    state: ChatServer

    def answer(asked: Asked) -> Told:
        with state.lock:
            state.under_way += 1
            state.most_under_way = max(state.most_under_way, state.under_way)
            first = state.before.pop(0) if state.before and asked.method == "POST" else None
        try:
            return first or _answer(asked, state, verdict or by_colour)
        finally:
            with state.lock:
                state.under_way -= 1

    with serving(answer) as http:
        state = ChatServer(http, list(models))
        yield state


def by_colour(_: dict, pictures: list[Image.Image]) -> str:
    if not pictures:
        return "There is no picture."
    pixel = pictures[-1].getpixel((0, 0))
    return VERDICTS[pixel.index(max(pixel))]


def completion(text: str | None, *, finish: str = "stop", usage: dict | None = None, **message) -> Told:
    """An answer as vLLM gives it."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "logprobs": None, "finish_reason": finish}
    counted = usage or {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    return told({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice], "usage": counted})


def error(status: int, message: str, **how) -> Told:
    """An error as vLLM gives it."""
    return told({"error": {"message": message, "type": "BadRequestError", "param": None, "code": status}}, status, **how)


def _answer(asked: Asked, state: ChatServer, verdict: Callable[[dict, list[Image.Image]], Told | str]) -> Told:
    if (asked.method, asked.target) == ("GET", "/v1/models"):
        return told(
            {"object": "list", "data": [{"id": name, "object": "model", "created": 1, "owned_by": "vllm"} for name in state.models]}
        )
    if (asked.method, asked.target) != ("POST", "/v1/chat/completions"):
        return told({"detail": "Not Found"}, 404)
    request = asked.json
    if request.get("model") not in state.models:
        return error(404, f"The model `{request.get('model')}` does not exist.")
    parts = [part for message in request["messages"] if isinstance(message["content"], list) for part in message["content"]]
    try:
        pictures = [_picture(part["image_url"]["url"]) for part in parts if part["type"] == "image_url"]
    except (KeyError, ValueError, OSError) as wrong:
        return error(400, f"an image could not be read: {wrong}")
    said = verdict(request, pictures)
    return completion(said) if isinstance(said, str) else said


def _picture(url: str) -> Image.Image:
    head, _, content = url.partition(",")
    if head not in {"data:image/png;base64", "data:image/jpeg;base64"}:
        raise ValueError(f"unknown form {head!r}")
    with Image.open(io.BytesIO(base64.b64decode(content, validate=True))) as image:
        image.load()
        if image.getexif() or not set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}:
            raise ValueError(f"metadata came along: {image.info}")
        return image.copy()
