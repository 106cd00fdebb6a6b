"""E-mail addresses: a text in, where addresses stand in it out.

Every "@" is looked at by itself, a bounded stretch to each side, so that the time grows with the text and not with its square.
"""

import re
from collections.abc import Iterator
from typing import Final

# Latin alone, with its diacritics: Thai, Chinese or Burmese text runs into an address without a blank.
_LATIN: Final = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ\u0300-\u036f"
_AT: Final = re.compile(r"[@＠]|\s?[\[({<]\s?(?:at|AT|@)\s?[\])}>]\s?")
_LOCAL: Final = re.compile(rf"[{_LATIN}0-9](?:[{_LATIN}0-9.+_'%\-]*[{_LATIN}0-9_+\-])?\Z")
_DOT: Final = r"(?:\.|\s?[\[({]\s?(?:dot|DOT)\s?[\])}]\s?)"
_LABEL: Final = rf"[{_LATIN}0-9](?:[{_LATIN}0-9\-]{{0,61}}[{_LATIN}0-9])?"
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}{_DOT}){{1,8}}(?P<top>[{_LATIN}]{{2,24}})(?![{_LATIN}0-9_])")
_LOCAL_MOST, _DOMAIN_MOST = 64, 255  # characters, RFC 5321 §4.5.3.1
# "icon@2x.png", "sprite@3x.webp": a picture at twice the resolution is no mailbox
_FILES: Final = frozenset(
    {"png", "jpg", "jpeg", "gif", "webp", "svg", "bmp", "tif", "tiff", "heic", "avif", "mp4", "pdf", "css", "js", "json", "html"}
)

PREFILTER: Final = r"[@＠]|[\[({<]\s?(?:at|AT)\s?[\])}>]"


def find_emails(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each address, in the order of the text, `end` exclusive.

    "jane [at] example [dot] org" is one; "git@github.com" is nobody's.

    >>> list(find_emails("write to budi@example.com!"))
    [(9, 25)]
    """
    end = 0
    for sign in _AT.finditer(text):
        before = text[max(end, sign.start() - _LOCAL_MOST) : sign.start()]
        local = _LOCAL.search(before)
        domain = _DOMAIN.match(text, sign.end(), sign.end() + _DOMAIN_MOST)
        if local is None or domain is None or local[0] == "git" or domain["top"].lower() in _FILES:
            continue
        end = domain.end()
        yield sign.start() - len(local[0]), end
