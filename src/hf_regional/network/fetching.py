"""Fetching: one web address in; the picture there, where it has moved to, or why there is none, out. One request, no second attempt."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from hf_regional.errors import ConfigError, RefusedAddressError
from hf_regional.network.deadline import cut, within
from hf_regional.network.guard import Guard
from hf_regional.network.picture_kinds import HEAD, picture_kind
from hf_regional.network.retrying import TEMPORARY, retry_after_s
from hf_regional.network.routes import certificates
from hf_regional.network.weblinks import Weblink

_CHUNK: Final = 1 << 16
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

NOT_PUBLIC: Final = "the address is not public"
NO_HOST: Final = "there is no such host"
NO_CONNECTION: Final = "no connection"
TIMED_OUT: Final = "timed out"
BROKEN_OFF: Final = "the connection broke off"
UNTRUSTED: Final = "the certificate cannot be trusted"
TOO_LARGE: Final = "too large"
NOT_A_PICTURE: Final = "not a picture"
OPTED_OUT: Final = "opted out by X-Robots-Tag"
NO_ADDRESS: Final = "not an address on the web"


@dataclass(frozen=True, slots=True)
class Got:
    """A picture, byte for byte as it came."""

    content: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class Moved:
    """It lies elsewhere."""

    link: Weblink


@dataclass(frozen=True, slots=True)
class Fault:
    """There is none.

    Attributes:
        reason: in few words, the same for all of its kind, for counting.
        is_temporary: another attempt may help.
        is_lasting: no attempt will, in a later run either.
        wait_s: as the server asks.
        has_answered: no attempt to connect was in vain: the host is there, or need not be waited for.
    """

    reason: str
    is_temporary: bool = False
    is_lasting: bool = False
    wait_s: float | None = None
    has_answered: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer may cost.

    Attributes:
        timeout_s: seconds from the beginning of a request to the last byte of its answer.
        most_bytes: of a picture.
        refused_tags: words of the header `X-Robots-Tag` by which an owner says no.
    """

    timeout_s: float
    most_bytes: int
    refused_tags: frozenset[str]


class Fetcher:
    """Asks for pictures, one request a call; threads may share it."""

    def __init__(self, guard: Guard, headers: Mapping[str, str], limits: Limits) -> None:
        """Connect to nothing yet."""
        self.guard, self.headers, self.limits = guard, headers, limits
        self._lock = threading.Lock()
        self._busy: set[http.client.HTTPConnection] = set()
        self._is_closed = False

    def ask(self, link: Weblink) -> Got | Moved | Fault:
        """Send one request; no proxy is used, since one would look names up by itself, and nobody would check what it finds."""
        try:
            return self._ask(link)
        except RefusedAddressError:
            return Fault(NOT_PUBLIC)
        except socket.gaierror as error:
            is_temporary = error.errno == socket.EAI_AGAIN
            return Fault(NO_HOST, is_temporary=is_temporary, has_answered=not is_temporary)
        except ssl.SSLCertVerificationError:
            return Fault(UNTRUSTED)
        except TimeoutError:
            return Fault(TIMED_OUT, is_temporary=True, has_answered=False)
        except (OSError, http.client.HTTPException) as error:
            is_there = isinstance(error, http.client.HTTPException | ConnectionResetError)
            return Fault(BROKEN_OFF if is_there else NO_CONNECTION, is_temporary=True, has_answered=is_there)

    def close(self) -> None:
        """Cut what is under way; nothing is asked afterwards."""
        with self._lock:
            self._is_closed = True
            for connection in self._busy:
                cut(connection)

    def _ask(self, link: Weblink) -> Got | Moved | Fault:
        ends = time.monotonic() + self.limits.timeout_s
        connection = _connection(link, self.guard.addresses(link.host, link.port), ends)
        with self._lock:
            if self._is_closed:
                raise ConnectionAbortedError("closed")
            self._busy.add(connection)
        try:
            with within(connection, max(0.001, ends - time.monotonic())):
                connection.request("GET", link.target, headers={"Host": link.authority, "Connection": "close", **self.headers})
                return self._read(connection.getresponse(), link)
        finally:
            with self._lock:
                self._busy.discard(connection)
            connection.close()

    def _read(self, response: http.client.HTTPResponse, link: Weblink) -> Got | Moved | Fault:
        headers = {name.lower(): value for name, value in response.getheaders()}
        if response.status in _REDIRECTS and (location := headers.get("location")):
            return _moved(link, location)
        if response.status != http.client.OK:
            return _refusal(response.status, headers)
        if self.limits.refused_tags & _words(response.msg.get_all("X-Robots-Tag") or ()):
            return Fault(OPTED_OUT, is_lasting=True)
        return self._body(response)

    def _body(self, response: http.client.HTTPResponse) -> Got | Fault:
        expected, content, kind = response.length, bytearray(), None
        if expected is not None and expected > self.limits.most_bytes:
            return Fault(TOO_LARGE)
        while chunk := response.read1(_CHUNK):
            content += chunk
            if len(content) > self.limits.most_bytes:
                return Fault(TOO_LARGE)
            if kind is None and len(content) >= HEAD and (kind := picture_kind(bytes(content[:HEAD]))) is None:
                return Fault(NOT_A_PICTURE, is_lasting=True)  # the rest is not waited for
        if expected is not None and len(content) < expected:
            return Fault(BROKEN_OFF, is_temporary=True)
        kind = kind or picture_kind(bytes(content))
        return Got(bytes(content), kind) if kind else Fault(NOT_A_PICTURE, is_lasting=True)


class _Checked(http.client.HTTPConnection):
    """Connects to addresses that were looked up and checked before, and to nothing else."""

    def __init__(self, link: Weblink, addresses: tuple[str, ...], ends: float) -> None:
        super().__init__(link.host, link.port)
        self._addresses, self._ends = addresses, ends

    def connect(self) -> None:
        self.sock = _open(self._addresses, self.port, self._ends)


class _CheckedTls(http.client.HTTPSConnection):
    """The same by TLS; the certificate must be the name's, not the address's."""

    def __init__(self, link: Weblink, addresses: tuple[str, ...], ends: float) -> None:
        super().__init__(link.host, link.port, context=certificates())
        self._addresses, self._ends = addresses, ends

    def connect(self) -> None:
        self.sock = _open(self._addresses, self.port, self._ends)  # a name of its own at once: a handshake that hangs can be cut
        self.sock = certificates().wrap_socket(self.sock, server_hostname=self.host)


def _connection(link: Weblink, addresses: tuple[str, ...], ends: float) -> http.client.HTTPConnection:
    return (_CheckedTls if link.scheme == "https" else _Checked)(link, addresses, ends)


def _open(addresses: tuple[str, ...], port: int, ends: float) -> socket.socket:
    """Try the addresses of a host in turn, as anyone does: of two kinds, a machine often reaches one alone."""
    failure: OSError = ConnectionError("no address")
    for address in addresses:
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("no connection in time")
        try:
            return socket.create_connection((address, port), timeout=left)
        except OSError as error:
            failure = error
    raise failure


def _moved(link: Weblink, location: str) -> Moved | Fault:
    with suppress(UnicodeDecodeError):  # headers are read as Latin-1, and most sites write UTF-8 into them
        location = location.encode("latin-1").decode("utf-8")
    try:
        return Moved(link.joined(location))
    except ConfigError:
        return Fault(NO_ADDRESS, is_lasting=True)


def _refusal(status: int, headers: Mapping[str, str]) -> Fault:
    is_temporary = status in TEMPORARY
    wait_s = retry_after_s(headers, datetime.now(UTC)) if is_temporary else None
    return Fault(f"HTTP {status}", is_temporary=is_temporary, is_lasting=400 <= status < 500 and not is_temporary, wait_s=wait_s)


def _words(tags: list[str] | tuple[str, ...]) -> frozenset[str]:
    """The directives of all headers; to whom one is addressed ("somebot: noai") is not asked, as nowhere in the package."""
    return frozenset(word.strip().lower() for tag in tags for word in tag.replace(":", ",").split(","))
