"""The main job: a config in; a model that serves the region and kept the world, its report, plot and card out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hf_regional.pipeline.config import Config, load_config
    from hf_regional.pipeline.forecasting import Forecast, forecast
    from hf_regional.pipeline.job import Run, run

_HOMES = {
    "Config": "hf_regional.pipeline.config",
    "load_config": "hf_regional.pipeline.config",
    "Forecast": "hf_regional.pipeline.forecasting",
    "forecast": "hf_regional.pipeline.forecasting",
    "Run": "hf_regional.pipeline.job",
    "run": "hf_regional.pipeline.job",
}

__all__ = ["Config", "Forecast", "Run", "forecast", "load_config", "run"]


def __getattr__(name: str) -> object:
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
