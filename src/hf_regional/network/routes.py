"""Routes: an address in, where to connect for it and what to ask there out, through the proxy that the environment names."""

import base64
import http.client
import ssl
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from hf_regional.errors import ConfigError

_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Route:
    """Where one connection leads to. Requests with equal routes may share connections."""

    scheme: str
    host: str
    port: int
    proxy: str | None = None

    def open(self, timeout_s: float) -> http.client.HTTPConnection:
        """A connection that connects when it is first used."""
        via = urllib.parse.urlsplit(self.proxy) if self.proxy else None
        host, port = (via.hostname or "", via.port or _PORTS["http"]) if via else (self.host, self.port)
        if self.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=timeout_s)
        connection = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=certificates())
        if via:
            connection.set_tunnel(self.host, self.port, _login(via))
        return connection


@dataclass(frozen=True, slots=True)
class Address:
    """One thing to ask for: the route, what stands in the request's first line, and headers that the route asks for."""

    route: Route
    target: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def read_address(url: str) -> Address:
    """Read an address.

    >>> read_address("http://localhost:8000/v1/models")
    Address(route=Route(scheme='http', host='localhost', port=8000, proxy=None), target='/v1/models', headers={})

    Raises:
        ConfigError: it is not of the form http://host/path, or holds a password.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{url!r} is no address: {error}.") from error
    if parts.scheme not in _PORTS or not parts.hostname or not url.isascii() or any(map(str.isspace, url)):
        raise ConfigError(f"{url!r} is no address; give one such as http://localhost:8000/v1.")
    if parts.username or parts.password:  # it would be written into logs and reports
        raise ConfigError(f"the address of {parts.hostname} holds a name or a password; leave them out and give the key apart.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _routed(Route(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], _proxy(parts.scheme, parts.hostname)), url, target)


def _routed(route: Route, url: str, target: str) -> Address:
    if route.proxy and route.scheme == "http":  # a proxy is asked for the whole address; TLS goes through a tunnel
        return Address(route, url, _login(urllib.parse.urlsplit(route.proxy)))
    return Address(route, target)


def _proxy(scheme: str, host: str) -> str | None:
    # A proxy of the cluster knows nothing of a server on this very machine, and NO_PROXY is easily forgotten.
    if host in _LOOPBACK or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(scheme)


def _login(via: urllib.parse.SplitResult) -> dict[str, str]:
    if not via.username:
        return {}
    pair = f"{urllib.parse.unquote(via.username)}:{urllib.parse.unquote(via.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


@cache
def certificates() -> ssl.SSLContext:
    """Whom to trust: the system's store, or what SSL_CERT_FILE names."""
    return ssl.create_default_context()
