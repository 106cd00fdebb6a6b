"""The fixtures: a Hub that this process's libraries use, and clients that don't wait between two attempts."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from local_hub.hub import LocalHub
from local_hub.redirecting import redirected


@pytest.fixture
def local_hub(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """An empty Hub; `me` is logged in. Other processes use it with `env=local_hub.whole_environment`."""
    loops, new_loop = list[asyncio.AbstractEventLoop](), asyncio.new_event_loop

    def noted() -> asyncio.AbstractEventLoop:
        loops.append(new_loop())
        return loops[-1]

    # datasets 5.2 leaves the loop of a streamed `map` open; collected within another test, it would fail that one.
    monkeypatch.setattr(asyncio, "new_event_loop", noted)
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub, redirected(hub):
        yield hub
    for loop in loops:
        if not loop.is_running():
            loop.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients try again at once: they would wait 1, 2, 4, 8, 8 s, and a second longer than a 429 asks."""

    class Clock:
        def __getattr__(self, name: str) -> object:
            return getattr(time, name)

        def sleep(self, _: float) -> None:
            time.sleep(0.001)

    for module in ("huggingface_hub.utils._http", "huggingface_hub.file_download"):
        monkeypatch.setattr(f"{module}.time", Clock())
