"""Tiny random towers, made once a session and never changed."""

from pathlib import Path

import pytest

from tiny_towers import FAMILIES, save_towers


@pytest.fixture(scope="session", params=FAMILIES)
def towers(request, tmp_path_factory) -> Path:
    """A folder of each family in turn."""
    return save_towers(request.param, tmp_path_factory.mktemp(request.param))
