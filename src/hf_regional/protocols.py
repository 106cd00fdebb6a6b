"""Protocols that two rooms or more call, so that a lower room can meet what a higher one made."""

from pathlib import Path
from typing import Protocol, runtime_checkable


@runtime_checkable
class HasPath(Protocol):
    """Something that stands for a checkpoint folder, such as `Adapted`."""

    @property
    def path(self) -> Path: ...
