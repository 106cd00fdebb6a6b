"""A site with pictures on this machine: /7.jpg is picture 7, everything below /gone/ was deleted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from local_server import Asked, LocalServer, Told, serving
from miniatures.pictures import jpeg


def _answer(asked: Asked) -> Told:
    path = PurePosixPath(asked.target.partition("?")[0])
    match path.parts:
        case ("/", "gone", _):
            return Told(404)
        case _:
            return Told(body=jpeg(int(path.stem)), headers={"Content-Type": "image/jpeg"})


@contextmanager
def picture_site() -> Iterator[LocalServer]:
    with serving(_answer) as server:
        yield server


def allowance(site: LocalServer) -> dict[str, str]:
    """What `load_corpus` needs to ask it."""
    return {"operator": "Test, test@example.org", "allowed": site.url.partition("//")[2]}
