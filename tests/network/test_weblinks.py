"""Addresses as data sets write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError
from hf_regional.network.weblinks import read_weblink


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("http://ich.unesco.org/img/photo/thumb/09275.jpg", "ich.unesco.org", "/img/photo/thumb/09275.jpg"),
        (" https://upload.wikimedia.org/a%20b c.JPG?20121205?download ", "upload.wikimedia.org", "/a%20b%20c.JPG?20121205?download"),
        ("https://münchen.example:8443", "xn--mnchen-3ya.example:8443", "/"),
        ("http://[::1]:8080/a#b", "[::1]:8080", "/a"),
    ],
)
def test_an_address_is_read_as_it_is_meant(url, authority, target):
    link = read_weblink(url)
    assert (link.authority, link.target) == (authority, target)


@pytest.mark.parametrize(
    "url", ["", "//host/a", "ftp://host/a", "http://", "http://a b/", "http://a:b@c/", "http://h:99999/", "http://[::1/"]
)
def test_what_is_no_address_is_an_error(url):
    with pytest.raises(ConfigError, match="address on the web"):
        read_weblink(url)


@given(st.text(max_size=30))
def test_whatever_stands_in_a_path_the_first_line_of_a_request_holds_it_and_reading_it_again_changes_nothing(path):
    link = read_weblink(f"http://host.example/{path.replace('#', '')}")
    assert link.target.isascii()
    assert not any(letter.isspace() for letter in link.target)
    assert read_weblink(link.url) == link
