"""Regional adaptation of global vision-language models: filter, fine-tune, merge back, choose by parity, publish with evidence.

>>> from hf_regional import Region
>>> len(Region("SEA").countries)
11
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hf_regional.metrics import grp as grp
    from hf_regional.metrics import load_metric as load_metric
    from hf_regional.metrics import retention as retention
    from hf_regional.regions import Region as Region
    from hf_regional.regions import alpha as alpha

__version__ = "0.1.0"

# The one table of public names: it feeds the lazy lookup, __all__ and __dir__, so that importing the package loads nothing else.
_HOMES = {
    "Region": "hf_regional.regions",
    "alpha": "hf_regional.regions",
    "grp": "hf_regional.metrics",
    "load_metric": "hf_regional.metrics",
    "retention": "hf_regional.metrics",
}

__all__ = ["__version__", *_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
