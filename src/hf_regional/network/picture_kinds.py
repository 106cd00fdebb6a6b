"""Picture kinds: the first bytes of a file in, which kind of picture it is out. What a server says of a file is not asked."""

from typing import Final

HEAD: Final = 16  # bytes that tell
_BRANDS: Final = frozenset({b"avif", b"avis"})
_STARTS: Final = (
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tif"),
    (b"MM\0*", "tif"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
)


def picture_kind(head: bytes) -> str | None:
    r"""Name the kind of picture that a file begins like, as its name would end; None for anything else.

    Args:
        head: its first `HEAD` bytes, or all where it is shorter.

    >>> picture_kind(b"RIFF\x24\0\0\0WEBPVP8 "), picture_kind(b"<!doctype html>")
    ('webp', None)
    """
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return "avif"
    if head[:2] == b"BM" and head[6:10] == bytes(4):  # two letters alone begin many a text
        return "bmp"
    return None
