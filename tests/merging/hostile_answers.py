"""What every refusal of a hostile file must be: prompt, and of use to who reads it."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hostile_headers import entry, file_of

from hf_regional.errors import DamagedFileError, RegionalError
from hf_regional.merging.header import read_shard

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
ONE = entry("F32", [2], 0)


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail rather than wait for ever."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"still waiting after {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def refused(file: Path, match: str, error: type[RegionalError] = DamagedFileError) -> None:
    with within(20), pytest.raises(error, match=match) as caught:
        read_shard(file)
    require_useful(caught.value, file)


def require_useful(error: RegionalError, file: Path) -> None:
    """What the user reads: the file, no more than a screen, an advice, and nothing that a terminal cannot print."""
    message = str(error)
    assert str(file) in message
    assert len(message) < 1000 + len(str(file))
    assert message.encode().decode().endswith(".")
    assert message.replace("\n", "").isprintable(), message


def write(tmp_path: Path, header: Any, data: bytes = bytes(8)) -> Path:
    """A file with this header: text, or what json.dumps makes of it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    file = tmp_path / "hostile.safetensors"
    file.write_bytes(file_of(text, data))
    return file
