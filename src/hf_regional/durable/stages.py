"""Stages: named steps of work in, one finished folder each out; what is finished is not made again."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hf_regional.durable.appearing import atomic_folder
from hf_regional.durable.digests import digest_of

_MANIFEST: Final = "stage.json"


@dataclass(frozen=True, slots=True)
class Stages:
    """A row of named steps, each a folder that is made once; what is finished is not made again.

    A stage is finished when its folder exists under its final name, its recorded key equals the one asked for, and no file
    in it was cut or lost since. A stage with another key is made anew, and so are all that follow, because their keys contain
    the digest of what they read.
    """

    root: Path

    def run(self, name: str, key: object, work: Callable[[Path], None]) -> Path:
        """The folder of stage `name`; calls `work(folder)` only where no finished one with this JSON-able `key` is there."""
        final, digest = self.root / name, digest_of(key)
        if self.is_done(name, digest):
            return final
        with atomic_folder(final, overwrite=True) as folder:
            work(folder)
            (folder / _MANIFEST).write_bytes(_manifest(folder, digest))
        return final

    def is_done(self, name: str, digest: str) -> bool:
        """Whether stage `name` is finished with the key of this digest, and all its files still have their length."""
        folder = self.root / name
        manifest = folder / _MANIFEST
        return manifest.is_file() and manifest.read_bytes() == _manifest(folder, digest)

    def forget(self) -> None:
        """Remove every stage and what killed runs left."""
        shutil.rmtree(self.root, ignore_errors=True)


def _manifest(folder: Path, digest: str) -> bytes:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / _MANIFEST)
    return json.dumps({"key": digest, "bytes": {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}}).encode()
