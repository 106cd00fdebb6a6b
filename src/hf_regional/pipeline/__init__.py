"""The main job: a config in; a model that serves the region and kept the world, its report, plot and card out."""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.pipeline.config import Config as Config
    from hf_regional.pipeline.config import load_config as load_config
    from hf_regional.pipeline.forecasting import Forecast as Forecast
    from hf_regional.pipeline.forecasting import forecast as forecast
    from hf_regional.pipeline.job import Run as Run
    from hf_regional.pipeline.job import run as run

_HOMES = {
    "Config": "hf_regional.pipeline.config",
    "load_config": "hf_regional.pipeline.config",
    "Forecast": "hf_regional.pipeline.forecasting",
    "forecast": "hf_regional.pipeline.forecasting",
    "Run": "hf_regional.pipeline.job",
    "run": "hf_regional.pipeline.job",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)
