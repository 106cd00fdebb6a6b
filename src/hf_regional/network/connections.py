"""Connections: one HTTP request in, the whole answer out within a time limit; connections are kept and used again.

By the standard library: huggingface_hub brings httpx or httpx2, depending on its version, and neither is ours to rely on.
"""

import http.client
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hf_regional.network.deadline import cut, within
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
                cut(connection)
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
            with within(connection, self.timeout_s):
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


def _close_all(free: dict[Route, list[http.client.HTTPConnection]]) -> None:
    for connections in free.values():
        while connections:
            connections.pop().close()
