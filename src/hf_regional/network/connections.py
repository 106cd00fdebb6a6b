"""Connections: one HTTP request in, the whole answer out within a time limit; connections are kept and used again.

By the standard library: huggingface_hub brings httpx or httpx2, depending on its version, and neither is ours to rely on.
"""

import http.client
import socket
import threading
import weakref
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from hf_regional.network.routes import Address, Route, read_address

_MOST_BYTES: Final = 64 << 20  # of an answer: one that never ends would fill the memory
# What a kept connection answers whose server has closed it in the meantime.
_STALE: Final = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whole; the headers' names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connections:
    """Kept connections, shared by threads: one that is free is used again, a new one is opened where none is."""

    def __init__(self, timeout_s: float) -> None:
        """Set the seconds that a request may take from its beginning to the last byte of its answer."""
        self.timeout_s = timeout_s
        self._lock = threading.Lock()
        self._free: dict[Route, list[http.client.HTTPConnection]] = {}
        self._busy: set[http.client.HTTPConnection] = set()
        weakref.finalize(self, _close_all, self._free)  # a socket that nobody closes is a warning at its end

    def exchange(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        """Send a request and read its answer, whatever its status; redirects are not followed.

        Raises:
            TimeoutError: the answer was not there in time.
            OSError, http.client.HTTPException: there was no answer, or it broke off.
            ConfigError: the address is none.
        """
        address = read_address(url)
        while True:
            connection, is_kept = self._take(address.route)
            try:
                return self._round_trip(connection, address, method, body, headers)
            except _STALE:
                if not is_kept:
                    raise

    def close(self) -> None:
        """Cut all connections; what is being asked ends with an error."""
        with self._lock:
            for connection in self._busy:
                _cut(connection)
            _close_all(self._free)

    def _take(self, route: Route) -> tuple[http.client.HTTPConnection, bool]:
        with self._lock:
            kept = self._free.get(route)
            connection = kept.pop() if kept else route.open(self.timeout_s)
            self._busy.add(connection)
        return connection, connection.sock is not None

    def _round_trip(
        self, connection: http.client.HTTPConnection, address: Address, method: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        is_reusable = False
        try:
            with _within(connection, self.timeout_s):
                connection.request(method, address.target, body, {**headers, **address.headers})
                response = connection.getresponse()
                content = response.read(_MOST_BYTES + 1)
            if response.length:  # `read` with a limit does not say that a body broke off
                raise http.client.IncompleteRead(content, response.length)
            if len(content) > _MOST_BYTES:
                raise http.client.HTTPException(f"the answer is longer than {_MOST_BYTES >> 20} MB")
            is_reusable = response.isclosed() and not response.will_close
            return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
        finally:
            self._put_back(connection, address.route if is_reusable else None)

    def _put_back(self, connection: http.client.HTTPConnection, route: Route | None) -> None:
        with self._lock:
            self._busy.discard(connection)
            if route:
                self._free.setdefault(route, []).append(connection)
        if not route:
            connection.close()


@contextmanager
def _within(connection: http.client.HTTPConnection, seconds: float) -> Generator[None]:
    """Cut a connection whose answer is not there in time: a socket's own timeout begins anew with every byte that trickles in."""
    is_over = threading.Event()

    def end() -> None:
        is_over.set()
        _cut(connection)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, ValueError, AttributeError, http.client.HTTPException) as error:  # whatever a cut connection comes to
        if is_over.is_set() or isinstance(error, TimeoutError):
            raise _too_late(seconds) from error
        raise
    finally:
        timer.cancel()
    if is_over.is_set():  # cut just behind the last byte, or in the middle of a body without a length
        raise _too_late(seconds)


def _close_all(free: dict[Route, list[http.client.HTTPConnection]]) -> None:
    for connections in free.values():
        while connections:
            connections.pop().close()


def _too_late(seconds: float) -> TimeoutError:
    return TimeoutError(f"no whole answer within {seconds:g} s")


def _cut(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        with suppress(OSError):  # closed already
            # The plain socket's: that of TLS would wait for the other side.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
