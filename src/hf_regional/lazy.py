"""Names that are looked up on first use, so that importing a room loads no library that the caller does not need.

_HOMES = {"adapt": "hf_regional.adapting.stages"}
__all__ = [*_HOMES]
__getattr__ = lookup(__name__, _HOMES)
"""

import importlib
from collections.abc import Callable, Mapping


def lookup(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Make a package's `__getattr__` from the table of its names and the modules that hold them (PEP 562).

    Args:
        package: its `__name__`, for the error.
        homes: public name -> module.
    """

    def __getattr__(name: str) -> object:  # noqa: N807 - what it becomes
        if name in homes:
            return getattr(importlib.import_module(homes[name]), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__
