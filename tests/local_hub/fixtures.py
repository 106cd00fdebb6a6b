"""The fixtures: a Hub that this process's libraries use, and clients that don't wait between two attempts."""

import gc
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_hub.hub import LocalHub
from local_hub.redirecting import redirected


@pytest.fixture
def local_hub(tmp_path: Path) -> Iterator[LocalHub]:
    """An empty Hub; `me` is logged in. Other processes use it with `env=local_hub.whole_environment`."""
    with LocalHub(tmp_path / "hub") as hub, redirected(hub):
        yield hub
    # What a streamed dataset left open is found now, and not within another test, which would be blamed.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients try again at once: they would wait 1, 2, 4, 8, 8 s, and a second longer than a 429 asks."""
    from huggingface_hub import file_download
    from huggingface_hub.utils import _http

    class Clock:
        def __getattr__(self, name: str) -> object:
            return getattr(time, name)

        def sleep(self, _: float) -> None:
            time.sleep(0.001)

    monkeypatch.setattr(_http, "time", Clock())
    monkeypatch.setattr(file_download, "time", Clock())
