"""A Hub in; this process's libraries use it and caches of its own, until the end of the block.

The libraries read address, offline mode and folders from the environment when they are imported, and copy them from one another. So the
environment is set, for what is imported from now on, and what was imported already is searched for the old values. What a library imported
meanwhile has copied is put back by the same search, the other way round.
"""

import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

from local_hub.hub import LocalHub

_LIBRARIES: Final = ("huggingface_hub", "transformers", "datasets", "diffusers", "peft", "evaluate", "accelerate", "hf_regional")
_SWITCHES: Final = {"HF_HUB_OFFLINE": False, "HF_DATASETS_OFFLINE": False, "HF_EVALUATE_OFFLINE": False, "HF_HUB_DISABLE_XET": True}
# Modules that the libraries write below their cache and import from there.
_WRITTEN: Final = ("datasets_modules", "evaluate_modules", "transformers_modules", "diffusers_modules")


@contextmanager
def redirected(hub: LocalHub) -> Generator[None]:
    """Let the libraries in this process use a Hub."""
    environment = dict(os.environ)
    constants = _constants()
    there, here = (constants.ENDPOINT, constants.HF_HOME), (hub.url, str(hub.home))
    switched = _switch()
    os.environ.update(hub.environment)
    _replace(dict(zip(there, here, strict=True)))
    _forget_answers()
    try:
        yield
    finally:
        _replace(dict(zip(here, there, strict=True)))
        _switch_back(switched)
        _forget_answers()
        _forget_written(hub.home)
        os.environ.clear()
        os.environ.update(environment)


def _constants() -> Any:
    from huggingface_hub import constants

    return constants


def _modules() -> list[ModuleType]:
    return [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in _LIBRARIES]


def _replace(new: Mapping[str, str]) -> None:
    """Exchange addresses and folders, alone or at the beginning of a longer text, wherever a module holds one."""
    from huggingface_hub import HfApi

    for module in _modules():
        ours = module.__name__.partition(".")[0] == "hf_regional"
        for name, value in list(vars(module).items()):
            if ours and isinstance(value, frozenset):
                continue  # our sets of hosts are of this machine's own names, which the way back would take for the Hub's
            changed = _changed(value, new)
            if changed is not value:
                setattr(module, name, changed)
            if isinstance(value, FunctionType) and value.__defaults__:
                value.__defaults__ = tuple(_changed(default, new) for default in value.__defaults__)
            if isinstance(value, HfApi):  # behind every function such as `create_repo`; transformers keeps one of its own
                value.endpoint = _changed(value.endpoint, new)
                vars(value)["_whoami_cache"].clear()


def _changed(value: Any, new: Mapping[str, str]) -> Any:
    if isinstance(value, str | Path):
        found = next((old for old in new if str(value).startswith(old)), None)
        return value if found is None else type(value)(new[found] + str(value)[len(found) :])
    if isinstance(value, frozenset):  # hosts and origins that may see the token
        old_hosts = {_origin(old)[1]: _origin(now)[1] for old, now in new.items() if "://" in old}
        old_origins = {_origin(old): _origin(now) for old, now in new.items() if "://" in old}
        known: dict[Any, Any] = {**old_hosts, **old_origins}
        return frozenset(known.get(each, each) for each in value) if known.keys() & value else value
    return value


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]


def _switch() -> list[tuple[ModuleType, str, bool]]:
    found = [(module, name, vars(module).get(name)) for module in _modules() for name in _SWITCHES]
    held = [(module, name, value) for module, name, value in found if isinstance(value, bool)]
    for module, name, _ in held:
        setattr(module, name, _SWITCHES[name])
    return held


def _switch_back(held: list[tuple[ModuleType, str, bool]]) -> None:
    before = {name: value for _, name, value in held}
    known = {(id(module), name) for module, name, _ in held}
    late = [(module, name) for module in _modules() for name in before if name in vars(module) and (id(module), name) not in known]
    for module, name, value in [*held, *((module, name, before[name]) for module, name in late)]:
        setattr(module, name, value)


def _forget_answers() -> None:
    """Close connections; forget what file systems remember of the Hub before."""
    from huggingface_hub import HfFileSystem, close_session

    close_session()
    HfFileSystem.clear_instance_cache()


def _forget_written(home: Path) -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] in _WRITTEN:
            del sys.modules[name]
    sys.path[:] = [place for place in sys.path if not place.startswith(str(home))]
