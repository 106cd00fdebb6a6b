"""Where a published corpus lies: a repository of the Hub at a pinned revision, or a folder with the same files; files by pattern out."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, cast

from hf_regional.durable import digest_of
from hf_regional.errors import MissingFileError

_OWN: Final = (".*", "README*", "LICENSE*")  # a repository's own files, which hold no rows


class Store(Protocol):
    """Files by name, wherever they lie."""

    @property
    def origin(self) -> str:
        """Where from, for provenance and messages: "owner/name@sha", or the folder."""
        ...

    @property
    def fingerprint(self) -> str:
        """What names this state of the files in the cache of `datasets`."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Every file, sorted, as a path from the top with forward slashes."""
        ...

    def path(self, name: str) -> Path:
        """The file on this disk, fetched where it has to be."""
        ...

    def open(self, name: str) -> BinaryIO:
        """The file, read where it lies, without fetching the whole of it."""
        ...


def found(store: Store, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Name the files of some patterns, as `matching` does; none where there is none."""
    return tuple(name for name in store.names if any(fnmatchcase(name, pattern) for pattern in patterns))


def matching(store: Store, patterns: tuple[str, ...], what: str) -> tuple[str, ...]:
    """Find the files of some patterns (fnmatch; "*" crosses slashes), sorted.

    Raises:
        MissingFileError: there is none; the message says what there is.
    """
    if names := found(store, patterns):
        return names
    there = [name for name in store.names if not any(fnmatchcase(name, own) for own in _OWN)]
    shown = ", ".join(there[:12]) + (f" and {len(there) - 12} more" if len(there) > 12 else "")
    raise MissingFileError(
        f"{store.origin} has no file {' or '.join(patterns)}, where {what} is expected; it holds: {shown or 'nothing'}. "
        "Its makers may have moved files: pin an older revision=."
    )


@dataclass(frozen=True)
class HubRepository:
    """A dataset's repository. Each download is `huggingface_hub`'s own: cached, resumed, checked, offline where that is asked for."""

    hub_id: str
    revision: str = "main"

    @property
    def origin(self) -> str:  # noqa: D102 - see Store
        return f"{self.hub_id}@{self.sha}"

    @property
    def fingerprint(self) -> str:  # noqa: D102
        return self.sha

    @cached_property
    def sha(self) -> str:
        """The commit behind the revision: all files are read at this one, whatever is pushed meanwhile."""
        return self._listed[0]

    @property
    def names(self) -> tuple[str, ...]:  # noqa: D102
        return self._listed[1]

    def path(self, name: str) -> Path:  # noqa: D102
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(self.hub_id, name, repo_type="dataset", revision=self.sha))

    def open(self, name: str) -> BinaryIO:  # noqa: D102
        from huggingface_hub import HfFileSystem

        return cast("BinaryIO", HfFileSystem().open(f"datasets/{self.hub_id}@{self.sha}/{name}", "rb"))

    @cached_property
    def _listed(self) -> tuple[str, tuple[str, ...]]:
        from huggingface_hub import HfApi, constants

        if constants.HF_HUB_OFFLINE:
            return self._kept()
        info: Any = HfApi().dataset_info(self.hub_id, revision=self.revision)
        return str(info.sha), tuple(sorted(str(file.rfilename) for file in info.siblings))

    def _kept(self) -> tuple[str, tuple[str, ...]]:
        """What an earlier load left in the cache."""
        from huggingface_hub import snapshot_download

        folder = Path(snapshot_download(self.hub_id, repo_type="dataset", revision=self.revision, local_files_only=True))
        return folder.name, Folder(folder).names


@dataclass(frozen=True)
class Folder:
    """A folder that someone downloaded, with the files under their published names."""

    folder: Path

    @property
    def names(self) -> tuple[str, ...]:  # noqa: D102
        return self._listed

    @property
    def origin(self) -> str:  # noqa: D102
        return str(self.folder)

    @property
    def fingerprint(self) -> str:  # noqa: D102
        # One at a time: the results of a hundred thousand stat calls are 40 MB.
        return digest_of([[name, (stat := self.path(name).stat()).st_size, stat.st_mtime_ns] for name in self.names])

    @cached_property
    def _listed(self) -> tuple[str, ...]:
        return tuple(sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()))

    def path(self, name: str) -> Path:  # noqa: D102
        return self.folder / name

    def open(self, name: str) -> BinaryIO:  # noqa: D102
        return self.path(name).open("rb")
