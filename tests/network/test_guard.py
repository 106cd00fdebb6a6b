"""Which addresses may be connected to."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import RefusedAddressError
from hf_regional.network.guard import Guard, is_public


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1", "192.168.1.1", "192.0.2.1",
        "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::a00:1",
        "64:ff9b:1::1", "2002:a00:1::", "2001:db8::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "localhost",
        "",
    ],
)  # fmt: skip
def test_what_is_not_on_the_public_internet_is_refused(address):
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_all_its_wrappings(address):
    number = int(address)
    wrapped = [ipaddress.IPv6Address((0xFFFF << 32) | number), ipaddress.IPv6Address((0x64FF9B << 96) | number)]
    wrapped.append(ipaddress.IPv6Address((0x2002 << 112) | (number << 80)))
    assert {is_public(str(each)) for each in wrapped} == {is_public(str(address))}


def test_one_private_address_among_public_ones_refuses_the_host():
    guard = Guard(resolve=lambda host, port: ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(RefusedAddressError, match=r"10\.0\.0\.1.*allowed='10\.0\.0\.1:80'"):
        guard.addresses("mixed.example", 80)


def test_an_allowance_is_for_one_port_of_one_address():
    guard = Guard(frozenset({"[::1]:8080"}), resolve=lambda host, port: ["::1"])
    assert guard.addresses("here.example", 8080) == ("::1",)
    with pytest.raises(RefusedAddressError):
        guard.addresses("here.example", 22)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "no-such-host.invalid"])
def test_a_name_without_an_address_is_an_error_of_the_resolver(host):
    with pytest.raises(socket.gaierror):
        Guard().addresses(host, 80)
