"""Miniatures: for each published corpus a function that writes a tiny archive in its exact published layout.

A miniature is a module named as the corpus's builder, with `write(folder: Path) -> None`: it writes the files of the repository (or of
the archive that one downloads), with the published names, columns, types and nested texts, a handful of rows, and real little pictures.
Where a corpus is published as addresses of pictures, `write(folder, site)` writes addresses on that site, see `picture_site`.
"""

import importlib
import inspect
import pkgutil
from pathlib import Path


def miniature_modules() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in {"archives", "pictures"}))


def write_miniature(module: str, folder: Path, site: str = "https://example.org") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write = importlib.import_module(f"{__name__}.{module}").write
    write(folder, **({"site": site} if "site" in inspect.signature(write).parameters else {}))
    return folder
