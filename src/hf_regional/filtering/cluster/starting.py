"""Starting: the name of a runner in, Daft set to it out. A process can choose once."""

import importlib
import os
from typing import Any

from hf_regional.errors import ConfigError, MissingExtraError
from hf_regional.filtering.engines import Runner


def require_daft() -> Any:
    """Daft's module.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return importlib.import_module("daft")
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f'engine="daft" needs a package that is not installed ({error.name}). Install it: pip install "hf-regional[cluster]"'
        ) from error


def start(runner: Runner, address: str | None) -> Any:
    """Set Daft's runner, unless it is set to this one, and give its module.

    Raises:
        ConfigError: this process runs Daft, or Ray, in another way already.
        MissingExtraError: Daft or Ray is not installed.
    """
    daft = require_daft()
    os.environ.setdefault("DAFT_PROGRESS_BAR", "0")  # it counts parts; ours counts rows
    if runner == "ray":
        _refuse_other_cluster(address)
    try:
        if runner == "ray":
            daft.set_runner_ray(address, noop_if_initialized=True)
        else:
            daft.set_runner_native()
    except daft.exceptions.DaftCoreException as error:
        running = daft.get_or_infer_runner_type()
        if running != runner:
            raise ConfigError(
                f'runner="{runner}": this process runs Daft as "{running}" already, and it can choose once. Start a new process.', "runner"
            ) from error
    return daft


def _refuse_other_cluster(address: str | None) -> None:
    """Ray would keep its first cluster and ignore another address without an error."""
    try:
        ray: Any = importlib.import_module("ray")
    except ModuleNotFoundError as error:
        raise MissingExtraError('runner="ray" needs Ray. Install it: pip install "hf-regional[cluster]"') from error
    if not ray.is_initialized() or address in (None, "auto", "local"):
        return
    here = ray.get_runtime_context().gcs_address
    if address != here and not str(address).startswith("ray://"):
        raise ConfigError(f"address={address!r}: this process is connected to the Ray cluster at {here}. Start a new process.", "address")
