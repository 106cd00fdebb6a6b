"""Client: a request in, the JSON that a server answers out; tried again where that helps, and a refusal that says why where not."""

import http.client
import json
import logging
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from hf_regional.errors import OutOfRangeError, ServerBusyError, ServerError
from hf_regional.network.connections import Connections, Reply
from hf_regional.network.retrying import TEMPORARY, Retry, retry_after_s
from hf_regional.network.routes import read_address

logger = logging.getLogger(__name__)

_QUOTED: Final = 300  # characters of a server's own words in an error
_OK: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why an attempt brought no answer."""

    what: str
    status: int | None = None
    is_temporary: bool = True
    may_be_charged: bool = False
    wait_s: float | None = None  # as the server asks


class HttpClient:
    """Asks servers for JSON. Threads may share it; it pickles without its connections.

    What is tried again: no connection, no answer in time, an answer that broke off or is no JSON, and the statuses of `TEMPORARY`.
    A server that says `Retry-After` is left alone by all threads for so long.
    """

    def __init__(self, *, timeout_s: float = 120.0, retry: Retry | None = None, secret: str | None = None, seed: int = 0) -> None:
        """Connect to nothing yet.

        Args:
            timeout_s: seconds from the beginning of a request to the last byte of its answer.
            retry: how often, and with what waits.
            secret: sent as a bearer token, and never shown.
            seed: of the chance in the waits.

        Raises:
            OutOfRangeError: the time is not above 0.
        """
        if not timeout_s > 0:
            raise OutOfRangeError(f"timeout_s must be above 0, got {timeout_s!r}.")
        self.timeout_s, self.retry, self.seed = timeout_s, retry or Retry(), seed
        self._secret = secret
        self._begin()

    def _begin(self) -> None:
        self._connections = Connections(self.timeout_s)
        self._chance = random.Random(self.seed)
        self._closed = threading.Event()
        self._not_before = 0.0  # on the monotonic clock

    def __getstate__(self) -> dict[str, Any]:
        return {"timeout_s": self.timeout_s, "retry": self.retry, "seed": self.seed, "_secret": self._secret}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._begin()

    def json(self, method: str, url: str, payload: object = None, *, lost: Callable[[], None] | None = None) -> Any:
        """Ask, and give the parsed answer.

        Args:
            method: "GET" or "POST".
            url: http or https.
            payload: JSON-able; null sends no body.
            lost: called for each attempt that the server may have worked on, and charged for, without a whole answer coming back.

        Raises:
            ServerError: a lasting refusal, or no answer after all attempts; its `status` is the last one.
            ServerBusyError: the server asks for a longer wait than `longest_wait_s`.
            ConfigError: the address is none.
        """
        read_address(url)
        body = None if payload is None else json.dumps(payload, allow_nan=False).encode()
        problem = _Problem("nothing was tried")
        for attempt in range(self.retry.attempts):
            self._wait_for_leave()
            answer = self._attempt(method, url, body)
            if not isinstance(answer, _Problem):
                return answer[0]
            problem = answer
            if problem.may_be_charged and lost:
                lost()
            if not problem.is_temporary or self._closed.is_set():
                break
            if attempt + 1 < self.retry.attempts:
                logger.info("%s Attempt %d of %d.", self._told(method, url, problem), attempt + 1, self.retry.attempts)
                self._pause(problem, attempt, url)
        tried = f" Gave up after {self.retry.attempts} attempts." if problem.is_temporary else ""
        raise ServerError(self._told(method, url, problem) + tried, status=problem.status)

    def close(self) -> None:
        """End what is under way, in whatever thread; nothing can be asked afterwards."""
        self._closed.set()
        self._connections.close()

    def _attempt(self, method: str, url: str, body: bytes | None) -> tuple[Any] | _Problem:
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body is not None else {})
        try:
            reply = self._connections.exchange(
                method, url, body, headers | ({"Authorization": f"Bearer {self._secret}"} if self._secret else {})
            )
        except (ConnectionRefusedError, socket.gaierror) as error:
            return _Problem(f"no server answers there ({error.strerror})")
        except ssl.SSLCertVerificationError as error:
            return _Problem(f"its certificate cannot be trusted ({error.verify_message})", is_temporary=False)
        except TimeoutError as error:
            return _Problem(str(error), may_be_charged=True)
        except (OSError, http.client.HTTPException) as error:
            return _Problem(f"the connection failed ({str(error) or type(error).__name__})", may_be_charged=True)
        return _read(reply)

    def _pause(self, problem: _Problem, attempt: int, url: str) -> None:
        """Wait before the next attempt; where the server named a time, the other threads wait too."""
        if problem.wait_s is None:
            self._closed.wait(self.retry.wait_s(attempt, self._chance.random()))
        elif problem.wait_s > self.retry.longest_wait_s:
            longest = f"longer than longest_wait_s={self.retry.longest_wait_s:g}"
            message = (
                f"{url}: {problem.what}, and to come back in {problem.wait_s:g} s, {longest}. Run again then: what was answered is kept."
            )
            raise ServerBusyError(message, status=problem.status)
        else:
            self._not_before = max(self._not_before, time.monotonic() + problem.wait_s)

    def _wait_for_leave(self) -> None:
        while not self._closed.is_set() and (left := self._not_before - time.monotonic()) > 0:
            self._closed.wait(left)
        if self._closed.is_set():
            raise ServerError("the client was closed while it waited.")

    def _told(self, method: str, url: str, problem: _Problem) -> str:
        text = f"{method} {url}: {problem.what}."
        return text.replace(self._secret, "***") if self._secret else text


def _read(reply: Reply) -> tuple[Any] | _Problem:
    """The parsed body in a tuple of its own, since JSON may be null, or what is wrong."""
    if reply.status in _OK:
        try:
            return (json.loads(reply.body),)
        except (ValueError, RecursionError) as error:
            return _Problem(f"the answer is no JSON ({error})", reply.status, may_be_charged=True)
    said = f"the server answers {reply.status} {http.client.responses.get(reply.status, '')}".rstrip()
    if reply.status in _REDIRECTS:
        return _Problem(
            f"{said}: name the address {reply.headers.get('location', 'that it is now at')} itself", reply.status, is_temporary=False
        )
    wait_s = retry_after_s(reply.headers, datetime.now(UTC)) if reply.status in TEMPORARY else None
    return _Problem(f"{said}{_words(reply.body)}", reply.status, reply.status in TEMPORARY, wait_s=wait_s)


def _words(body: bytes) -> str:
    """What a server says of an error, in the shape that OpenAI's has or in its own, in one short line."""
    text = body.decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):
        match json.loads(text):
            case {"error": {"message": str(text)}} | {"error": str(text)} | {"message": str(text)} | {"detail": str(text)}:
                pass
            case _:
                pass
    line = " ".join(text.split())
    return f": {line[:_QUOTED]}{'…' if len(line) > _QUOTED else ''}" if line else ""
