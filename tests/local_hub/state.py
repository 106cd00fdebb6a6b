"""What the Hub holds: people and their tokens, repositories, large files, collections. And who may do what with them."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from local_hub.exchange import RefusedError
from local_hub.git_store import Commit, File, GitStore

Kind = Literal["model", "dataset", "space"]
Gated = Literal["auto", "manual", False]

PREFIXES: Final[Mapping[Kind, str]] = {"model": "", "dataset": "datasets/", "space": "spaces/"}
_LARGE: Final = (
    "7z",
    "arrow",
    "bin",
    "bz2",
    "ckpt",
    "ftz",
    "gz",
    "h5",
    "joblib",
    "model",
    "msgpack",
    "npy",
    "npz",
    "onnx",
    "ot",
    "parquet",
)
_LARGE_TOO: Final = ("pb", "pickle", "pkl", "pt", "pth", "rar", "safetensors", "tar", "tflite", "tgz", "wasm", "xz", "zip", "zst")
ATTRIBUTES: Final = "".join(f"*.{end} filter=lfs diff=lfs merge=lfs -text\n" for end in (*_LARGE, *_LARGE_TOO, "tfevents*"))
SPACE_CARD: Final = "---\ntitle: {name}\nemoji: 📈\ncolorFrom: blue\ncolorTo: gray\nsdk: {sdk}\npinned: false\n---\n"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a token; may write to repositories of their own and of `orgs` unless the token only reads."""

    name: str
    token: str
    role: Literal["read", "write"] = "write"
    orgs: tuple[str, ...] = ()

    def writes_to(self, namespace: str) -> bool:
        """Whether repositories there are theirs to change."""
        return self.role == "write" and namespace in (self.name, *self.orgs)


@dataclass
class Space:
    """What a Space has beside its files."""

    secrets: dict[str, str] = field(default_factory=dict[str, str])
    variables: dict[str, str] = field(default_factory=dict[str, str])
    hardware: str = "cpu-basic"
    sleep_s: int | None = None
    paused: bool = False


@dataclass
class Discussion:
    """A discussion, or a pull request, whose commits are at `refs/pr/<num>`."""

    num: int
    title: str
    author: str
    is_pull_request: bool
    created: datetime
    status: str
    base: str = ""  # the commit of main that a pull request left from
    merged: str = ""  # the commit that it became
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@dataclass
class Repo:
    """A repository: files and history in `git`, the rest here."""

    kind: Kind
    id: str
    git: GitStore
    private: bool = False
    gated: Gated = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    granted: set[str] = field(default_factory=set[str])  # who was let into a gated repository
    large: set[str] = field(default_factory=set[str])  # SHA-256 of what was uploaded here
    discussions: dict[int, Discussion] = field(default_factory=dict[int, Discussion])
    space: Space = field(default_factory=Space)

    @property
    def namespace(self) -> str:
        """Who owns it; nobody where the name has no slash."""
        return self.id.rpartition("/")[0]

    @property
    def path(self) -> str:
        """Where it is in the Hub's addresses: `datasets/owner/name`."""
        return PREFIXES[self.kind] + self.id

    def commit_at(self, revision: str) -> Commit:
        """The commit that a branch, a tag, a ref or (the beginning of) a commit's id names."""
        for ref in (f"refs/heads/{revision}", f"refs/tags/{revision}", revision):
            if ref in self.git.refs:
                return self.git.commits[self.git.refs[ref]]
        found = [oid for oid in self.git.commits if oid.startswith(revision)] if len(revision) >= 7 else []
        if len(found) != 1:
            raise RefusedError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return self.git.commits[found[0]]

    def branch(self, revision: str) -> str:
        """The ref that commits to this revision move: only a branch or a pull request can be committed to."""
        for ref in (f"refs/heads/{revision}", revision):
            if ref in self.git.refs and ref.startswith(("refs/heads/", "refs/pr/")):
                return ref
        raise RefusedError(404, f"Invalid rev id: {revision}", "RevisionNotFound")


class State:
    """Everything, and where it lies on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self.cdn = ""  # the same server by another name of the machine
        self.people: dict[str, Person] = {}
        self.repos: dict[tuple[Kind, str], Repo] = {}
        self.collections: dict[str, dict[str, Any]] = {}
        self.page = 1000  # entries of a listing
        self.multipart_bytes: int | None = None  # larger files are uploaded in parts of this size
        self._secret = secrets.token_hex(16)
        (folder / "large").mkdir(parents=True)

    def create(self, kind: Kind, repo_id: str, *, author: str, private: bool = False, gated: Gated = False, sdk: str = "gradio") -> Repo:
        """Make a repository with the first commit that the Hub makes."""
        git = GitStore(self.folder / "repositories" / kind / f"{repo_id}.git")
        repo = self.repos[kind, repo_id] = Repo(kind, repo_id, git, private, gated)
        first = {".gitattributes": git.add(ATTRIBUTES.encode())}
        if kind == "space":
            first["README.md"] = git.add(SPACE_CARD.format(name=repo_id.rpartition("/")[2], sdk=sdk).encode())
        git.commit("refs/heads/main", first, "initial commit", author)
        return repo

    def find(self, kind: Kind, repo_id: str, person: Person | None) -> Repo:
        """The repository, if it is there for this person; a private one of somebody else is said not to be."""
        repo = self.repos.get((kind, repo_id))
        if repo and (not repo.private or (person and self.is_member(person, repo))):
            return repo
        if person is None:  # the Hub does not tell whoever has no token what there is
            raise RefusedError(401, "Invalid username or password.", "RepoNotFound")
        raise RefusedError(404, "Repository not found", "RepoNotFound")

    def is_member(self, person: Person, repo: Repo) -> bool:
        """Whether the repository is their own or of an organisation of theirs."""
        return repo.namespace in (person.name, *person.orgs)

    def check_gate(self, repo: Repo, person: Person | None) -> None:
        """A gated repository shows its files, not what is in them, to whoever was not let in."""
        if not repo.gated or (person and (self.is_member(person, repo) or person.name in repo.granted)):
            return
        where = f"Access to {repo.kind} {repo.id} is restricted"
        if person is None:
            message = f"{where}. You must have access to it and be authenticated to access it. Please log in."
            raise RefusedError(401, message, "GatedRepo")
        message = f"{where} and you are not in the authorized list. Visit {self.url}/{repo.path} to ask for access."
        raise RefusedError(403, message, "GatedRepo")

    def check_write(self, namespace: str, person: Person | None, deed: str) -> Person:
        """Whether they may change what is in the namespace."""
        if person is None:
            raise RefusedError(401, "Invalid username or password.")
        if not person.writes_to(namespace):
            raise RefusedError(403, f"{person.name} has no right to {deed} under the namespace {namespace!r}, or the token only reads")
        return person

    def person(self, authorization: str | None) -> Person | None:
        """Whose token it is."""
        if not authorization:
            return None
        token = authorization.removeprefix("Bearer ").strip()
        if found := next((person for person in self.people.values() if secrets.compare_digest(person.token, token)), None):
            return found
        raise RefusedError(401, "Invalid credentials in Authorization header")

    def sign(self, target: str) -> str:
        """A mark that makes an address usable by whoever has it, as storage with signed addresses does."""
        return hashlib.sha256((self._secret + target).encode()).hexdigest()[:32]

    def large_path(self, sha256: str) -> Path:
        """Where a large file lies."""
        return self.folder / "large" / sha256[:2] / sha256

    def keep_large(self, repo: Repo, content: bytes) -> str:
        """Keep a large file and note that this repository has it; gives its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.large_path(sha256)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        repo.large.add(sha256)
        return sha256

    def content(self, repo: Repo, file: File) -> bytes | Path:
        """What is in a file: bytes, or where they lie if it is a large one."""
        return self.large_path(file.sha256) if file.sha256 else repo.git.read(file.oid)
