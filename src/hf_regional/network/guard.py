"""Guard: a host and a port in, the addresses that may be connected to out; what is not on the public internet is refused.

An address in a data set is a stranger's word: it may name this machine, the cluster's own services, or a name whose owner changes what it
stands for between the check and the connection. So a name is looked up once, every address that it stands for is checked, and the
connection is made to a checked address, not to the name. The same happens anew at each redirect.
"""

import ipaddress
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from hf_regional.errors import RefusedAddressError

Resolve = Callable[[str, int], Collection[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_UNICAST_6: Final = ipaddress.ip_network("2000::/3")  # all that is given out of IPv6; the rest is local, reserved or withdrawn
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def look_up(host: str, port: int) -> tuple[str, ...]:
    """Ask the system for all addresses of a name, in the order in which it would try them.

    Raises:
        socket.gaierror: the name stands for none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is empty or longer than 63 characters
        raise socket.gaierror(socket.EAI_NONAME, f"{host!r} is no name of a host") from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Guard:
    """Which addresses may be connected to.

    Attributes:
        allowed: "address:port" of servers that are not public and yet may be asked: a mirror in one's own network, a test's server.
            "[::1]:8080" for IPv6. An address without its port allows nothing: other services share the machine.
        resolve: looks a name up.
    """

    allowed: frozenset[str] = frozenset()
    resolve: Resolve = look_up

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """Look a host up, once, and give its addresses if one may connect to every single one of them.

        Raises:
            RefusedAddressError: one of them is not public. All are refused then: which one is taken is left to chance otherwise.
            socket.gaierror: there are none.
        """
        found = tuple(self.resolve(host, port))
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, f"{host!r} has no address")
        for address in found:
            if not self.may_connect(address, port):
                raise RefusedAddressError(
                    f"{host} stands for {address}, which is not on the public internet, and was not asked. "
                    f"If the server is meant, allow it: allowed={_named(address, port)!r}."
                )
        return found

    def may_connect(self, address: str, port: int) -> bool:
        """Whether an address, as digits, may be connected to.

        >>> [Guard().may_connect(address, 80) for address in ("93.184.215.14", "127.0.0.1", "::ffff:10.0.0.1", "100.64.0.1")]
        [True, False, False, False]
        >>> Guard(frozenset({"127.0.0.1:8080"})).may_connect("127.0.0.1", 8080)
        True
        """
        return _named(address, port) in self.allowed or is_public(address)


def is_public(address: str) -> bool:
    """Whether an address lies on the public internet; those that wrap an IPv4 address are judged by what they wrap.

    >>> [is_public(address) for address in ("169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "fd00::1", "224.0.0.1")]
    [False, False, False, False, False, False]
    >>> is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c"), is_public("64:ff9b::5db8:d70e")
    (True, True)
    """
    try:
        found = _unwrapped(ipaddress.ip_address(address))
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found not in _UNICAST_6:
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _named(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
