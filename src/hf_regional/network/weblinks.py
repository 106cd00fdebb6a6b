"""Weblinks: an address as data sets write it in, spaces and all; what to connect to and what to ask there out."""

import re
import urllib.parse
from dataclasses import dataclass
from typing import Final

from hf_regional.errors import ConfigError

_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_PATH: Final = "/%:@!$&'()*+,;=~-._"
_QUERY: Final = f"{_PATH}?"


@dataclass(frozen=True, slots=True)
class Weblink:
    """One thing on the web.

    Attributes:
        scheme: "http" or "https".
        host: in ASCII; an IPv6 address without its brackets.
        port: as named, or the scheme's.
        target: path and query, as they stand in the first line of a request.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as the header `Host` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole, in ASCII."""
        return f"{self.scheme}://{self.authority}{self.target}"

    def joined(self, location: str) -> "Weblink":
        """Where a redirect leads to; errors as `read_weblink`."""
        try:
            return read_weblink(urllib.parse.urljoin(self.url, location))
        except ValueError as error:
            raise ConfigError(f"{location!r} is no address on the web.") from error


def read_weblink(url: str) -> Weblink:
    """Read an address; what must not stand in one is written as %XX, what lies behind # is left out.

    >>> read_weblink("https://upload.wikimedia.org/Nasi uduk é.jpg?20081205#top").url
    'https://upload.wikimedia.org/Nasi%20uduk%20%C3%A9.jpg?20081205'

    Raises:
        ConfigError: it is no http or https address, or it holds a name or a password.
    """
    try:
        parts = urllib.parse.urlsplit(url.strip())
        host = (parts.hostname or "").encode("ascii" if ":" in (parts.hostname or "") else "idna").decode("ascii")
        port = parts.port
    except ValueError as error:  # UnicodeError is one
        raise ConfigError(f"{url!r} is no address on the web: {error}.") from error
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host) or parts.username or parts.password:
        raise ConfigError(f"{url!r} is no address on the web; one begins with http:// or https://, and holds no password.")
    query = f"?{urllib.parse.quote(parts.query, _QUERY)}" if parts.query else ""
    return Weblink(
        parts.scheme, host, _PORTS[parts.scheme] if port is None else port, (urllib.parse.quote(parts.path, _PATH) or "/") + query
    )
