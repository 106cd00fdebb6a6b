"""Files and what changes in them in; a bare git repository on disk out, with commits that git itself can read.

A large file is a pointer in git and lies elsewhere by its SHA-256, as with Git LFS: this module writes the pointer and no more.
"""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_POINTER: Final = "version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"


@dataclass(frozen=True, slots=True)
class File:
    """A file at one commit: `oid` names git's blob (SHA-1), which is a pointer where `sha256` is given."""

    oid: str
    size: int  # bytes of the content
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """A state of all files; `folders` are git's tree ids by path, "" being the top."""

    oid: str
    parents: tuple[str, ...]
    author: str
    date: datetime
    title: str
    description: str
    files: Mapping[str, File]
    folders: Mapping[str, str]


class BadPathError(Exception):
    """A path that git does not take, or a file where another path needs a folder."""


def blob_oid(content: bytes) -> str:
    """The name git gives to a content."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


def pointer(sha256: str, size: int) -> bytes:
    """What git keeps of a large file (git-lfs/docs/spec.md)."""
    return _POINTER.format(sha256=sha256, size=size).encode()


class GitStore:
    """One repository: objects, refs such as `refs/heads/main`, and the commits by id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commits: dict[str, Commit] = {}
        self.refs: dict[str, str] = {}
        (folder / "objects").mkdir(parents=True)
        (folder / "refs").mkdir()
        (folder / "HEAD").write_text("ref: refs/heads/main\n")
        (folder / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")

    def add(self, content: bytes) -> File:
        """Keep a content in git."""
        return File(self._put("blob", content), len(content))

    def add_pointer(self, sha256: str, size: int) -> File:
        """Keep the pointer to a content that lies elsewhere."""
        return File(self._put("blob", pointer(sha256, size)), size, sha256)

    def read(self, oid: str) -> bytes:
        """The blob of this name."""
        return zlib.decompress(self._path(oid).read_bytes()).partition(b"\0")[2]

    def point(self, ref: str, oid: str) -> None:
        """Let a ref name a commit."""
        self.refs[ref] = oid
        path = self.folder / ref
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{oid}\n")

    def drop(self, ref: str) -> None:
        """Forget a ref; its commits stay readable by their id."""
        del self.refs[ref]
        (self.folder / ref).unlink()

    def commit(self, ref: str, changes: Mapping[str, File | None], title: str, author: str, description: str = "") -> Commit:
        """Add a commit to a ref: `None` takes a path away."""
        parent = self.commits[self.refs[ref]] if ref in self.refs else None
        files = dict(parent.files) if parent else {}
        for path, file in changes.items():
            files.pop(path, None)
            if file is not None:
                files[path] = file
        return self.write(ref, files, (parent.oid,) if parent else (), title, author, description)

    def write(
        self, ref: str, files: Mapping[str, File], parents: tuple[str, ...], title: str, author: str, description: str = ""
    ) -> Commit:
        """Write a whole state as a commit with these parents, and let the ref name it."""
        _check_paths(files)
        folders = self._put_trees(files)
        date = datetime.now(UTC).replace(microsecond=0)
        person = f"{author} <{author}@hub.local> {int(date.timestamp())} +0000"
        lines = [f"tree {folders['']}", *(f"parent {parent}" for parent in parents), f"author {person}", f"committer {person}", ""]
        message = f"{title}\n\n{description}\n" if description else f"{title}\n"
        oid = self._put("commit", "\n".join([*lines, message]).encode())
        self.commits[oid] = Commit(oid, parents, author, date, title, description, files, folders)
        self.point(ref, oid)
        return self.commits[oid]

    def history(self, oid: str) -> list[Commit]:
        """The commit and those before it, newest first."""
        found = [self.commits[oid]]
        while found[-1].parents:
            found.append(self.commits[found[-1].parents[0]])
        return found

    def _put_trees(self, files: Mapping[str, File]) -> dict[str, str]:
        below: dict[str, dict[str, tuple[str, str]]] = {"": {}}
        for path, file in files.items():
            folder, _, name = path.rpartition("/")
            below.setdefault(folder, {})[name] = ("100644", file.oid)
            while folder:  # a folder of folders alone has no file of its own that would name it
                folder = folder.rpartition("/")[0]
                below.setdefault(folder, {})
        oids: dict[str, str] = {}
        for folder in sorted(below, key=lambda path: path.count("/") + bool(path), reverse=True):
            oids[folder] = self._put("tree", _tree(below[folder]))
            if folder:
                parent, _, name = folder.rpartition("/")
                below[parent][name] = ("40000", oids[folder])
        return oids

    def _put(self, kind: str, content: bytes) -> str:
        framed = f"{kind} {len(content)}\0".encode() + content
        oid = hashlib.sha1(framed).hexdigest()
        path = self._path(oid)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(zlib.compress(framed, 1))
        return oid

    def _path(self, oid: str) -> Path:
        return self.folder / "objects" / oid[:2] / oid[2:]


def _tree(entries: Mapping[str, tuple[str, str]]) -> bytes:
    # git sorts a folder as if its name ended in a slash.
    ordered = sorted(entries.items(), key=lambda entry: (entry[0] + "/" * (entry[1][0] == "40000")).encode())
    return b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(oid) for name, (mode, oid) in ordered)


def _check_paths(files: Mapping[str, File]) -> None:
    for path in files:
        parts = path.split("/")
        if not all(parts) or {".", "..", ".git"} & set(parts) or "\0" in path:
            raise BadPathError(f"the path {path!r} is not one that git takes")
        folders = ("/".join(parts[:end]) for end in range(1, len(parts)))
        if clash := next((folder for folder in folders if folder in files), None):
            raise BadPathError(f"{clash!r} is a file, so that {path!r} cannot lie below it")
