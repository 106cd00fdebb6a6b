"""The Hub as a test holds it: repositories put in and looked at, people, faults, limits, and what was asked of it."""

import importlib
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, cast

from local_hub import committing
from local_hub.exchange import Answer, Asked, RefusedError
from local_hub.faults import FAULTS, Fault, FaultRule, Faults
from local_hub.git_store import Commit, File
from local_hub.routing import answer, find_route
from local_hub.serving import Sending, Server
from local_hub.state import Gated, Kind, Person, Repo, State

# Their rows of the table are entered when they are imported.
for _room in ("collecting", "contents", "discussing", "repositories", "spaces"):
    importlib.import_module(f"local_hub.{_room}")

OWNER: Final = Person("me", "hf_me", "write", ("our-lab",))


@dataclass(frozen=True, slots=True)
class Served:
    """One request that came: `endpoint` is its name in the table, `status` 0 where no answer was sent."""

    method: str
    path: str
    endpoint: str
    status: int
    fault: Fault | None
    headers: Mapping[str, str]
    received: int  # bytes of the request's body
    sent: int  # bytes of the answer's body


class LocalHub:
    """A Hub on this machine, in `folder`; serves until `close` or the end of the block."""

    def __init__(self, folder: Path, home: Path | None = None) -> None:
        self.state = State(folder)
        self.home = home or folder / "home"  # of the clients: their caches
        self.requests: list[Served] = []
        self.rules = Faults()
        self._limit: tuple[int, float] | None = None
        self._window: tuple[float, int] = (0.0, 0)
        self._lock = threading.RLock()
        self.state.people[OWNER.name] = OWNER
        self._server = Server(self._decide)
        self.url = self.state.url = f"http://127.0.0.1:{self._server.server_port}"
        # Large files come from another host, as on the real Hub: clients must not send it the token.
        self.state.cdn = f"http://localhost:{self._server.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    # What is in it.

    def add_repo(
        self,
        kind: Kind,
        repo_id: str,
        files: Mapping[str, bytes | Path] | None = None,
        *,
        private: bool = False,
        gated: Gated = False,
        revision: str = "main",
        message: str = "Upload files",
    ) -> str:
        """Put a repository in, or a commit onto one that is there, whoever owns it; gives the commit's id.

        Args:
            kind: model, dataset or space.
            repo_id: owner/name; a name alone is taken too.
            files: contents, or where they are, by path in the repository.
            private: only its owner sees it.
            gated: only who was let in reads its files; "auto" or "manual" say how the Hub would decide.
            revision: the branch; made from main if it is not there.
            message: title of the commit.
        """
        with self._lock:
            repo = self.state.repos.get((kind, repo_id))
            if repo is None:
                repo = self.state.create(kind, repo_id, author=repo_id.partition("/")[0])
            repo.private, repo.gated = private, gated
            if f"refs/heads/{revision}" not in repo.git.refs:
                repo.git.point(f"refs/heads/{revision}", repo.git.refs["refs/heads/main"])
            changes = {path: self._file(repo, path, content) for path, content in (files or {}).items()}
            if changes:
                repo.git.commit(f"refs/heads/{revision}", changes, message, repo.namespace or repo_id)
            return repo.commit_at(revision).oid

    def _file(self, repo: Repo, path: str, source: bytes | Path) -> File:
        content = source if isinstance(source, bytes) else source.read_bytes()
        if content and committing.belongs_to_large(repo, path, content):
            return repo.git.add_pointer(self.state.keep_large(repo, content), len(content))
        return repo.git.add(content)

    def repo(self, path: str) -> Repo:
        """The repository at `owner/name`, `datasets/owner/name` or `spaces/owner/name`."""
        kinds: dict[str, Kind] = {"datasets": "dataset", "spaces": "space", "models": "model"}
        start, _, rest = path.partition("/")
        key = (kinds[start], rest) if start in kinds and rest else (cast("Kind", "model"), path)
        return self.state.repos[key]

    def files(self, path: str, revision: str = "main") -> dict[str, bytes]:
        """All files of a repository with their contents, `.gitattributes` among them, which each repository starts with."""
        repo = self.repo(path)
        contents_ = {name: self.state.content(repo, file) for name, file in repo.commit_at(revision).files.items()}
        return {name: content if isinstance(content, bytes) else content.read_bytes() for name, content in contents_.items()}

    def commits(self, path: str, revision: str = "main") -> list[Commit]:
        """The history, newest first."""
        repo = self.repo(path)
        return repo.git.history(repo.commit_at(revision).oid)

    def refs(self, path: str) -> dict[str, str]:
        """Commits by full name of the ref: `refs/heads/main`, `refs/tags/v1`, `refs/pr/1`."""
        return dict(self.repo(path).git.refs)

    # Who uses it.

    def add_user(self, name: str, *, orgs: Sequence[str] = (), role: Literal["read", "write"] = "write") -> str:
        """Somebody else; gives their token."""
        self.state.people[name] = Person(name, f"hf_{name}", role, tuple(orgs))
        return self.state.people[name].token

    def grant(self, path: str, user: str) -> None:
        """Let somebody into a gated repository."""
        self.repo(path).granted.add(user)

    @property
    def token(self) -> str:
        """Of the user `me`, who may write below `me` and `our-lab`."""
        return OWNER.token

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which another process uses this Hub, and caches of its own; to be put over `os.environ`."""
        homes = {"HF_HUB_CACHE": "hub", "HF_ASSETS_CACHE": "assets", "HF_DATASETS_CACHE": "datasets", "HF_MODULES_CACHE": "modules"}
        online = {"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "0", "HF_DATASETS_OFFLINE": "0", "HF_EVALUATE_OFFLINE": "0"}
        quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        direct = {name: "127.0.0.1,localhost" for name in ("NO_PROXY", "no_proxy")}
        here = {"HF_ENDPOINT": self.url, "HF_TOKEN": self.token, "HF_HOME": str(self.home), "HF_TOKEN_PATH": str(self.home / "token")}
        return {
            **here,
            **{name: str(self.home / place) for name, place in homes.items()},
            **online,
            **quiet,
            **direct,
            "HF_HUB_DISABLE_XET": "1",
        }

    @property
    def whole_environment(self) -> dict[str, str]:
        """`os.environ` with `environment` over it."""
        return {**os.environ, **self.environment}

    # What goes wrong.

    def faults(
        self,
        share: float = 1.0,
        kinds: Sequence[Fault] = ("503",),
        *,
        seed: int = 0,
        path: str = "*",
        endpoint: str = "*",
        method: str = "*",
        times: int | None = None,
        retry_after_s: int = 0,
        delay_s: float = 0.2,
    ) -> FaultRule:
        """Let requests go wrong from now on, or within a `with` block.

        Args:
            share: of the requests that fit, [0, 1].
            kinds: one is drawn each time. A status: answered instead of doing anything. "drop": the connection is closed instead of doing
                anything. "lost": it is done, and the connection closed without the answer. "truncated": done, and half of the answer's body
                sent. "slow": done, and the answer takes `delay_s`. "stale_etag": a file is told with the ETag of its version before.
            seed: another one draws others.
            path: pattern of fnmatch for the path, still quoted.
            endpoint: pattern for the endpoint's name: resolve, storage, commit, upload, ...; they are listed in README.md.
            method: pattern for the method.
            times: at most so often in all.
            retry_after_s: what a 429 asks to wait; clients add a second.
            delay_s: how long a slow answer takes, half of it before the first byte.
        """
        if not 0 <= share <= 1 or not kinds or set(kinds) - FAULTS:
            raise ValueError(f"share is in [0, 1] and kinds are among {sorted(FAULTS)}; got {share} and {list(kinds)}")
        rule = FaultRule(self.rules, share, tuple(kinds), seed, path, endpoint, method, times, retry_after_s, delay_s)
        self.rules.rules.append(rule)
        return rule

    def limit(self, requests: int | None, per_s: float = 300) -> None:
        """Answer so many requests in a window of time, then 429 with the seconds left of it; None ends it."""
        self._limit, self._window = (None if requests is None else (requests, per_s)), (time.monotonic(), 0)

    # What was asked.

    def asked(self, endpoint: str = "*", *, method: str = "*", path: str = "*") -> list[Served]:
        """The requests that fit the patterns, in order."""
        return [
            served
            for served in list(self.requests)
            if fnmatch(served.endpoint, endpoint) and fnmatch(served.method, method) and fnmatch(served.path, path)
        ]

    def count(self, endpoint: str = "*", *, method: str = "*", path: str = "*") -> int:
        """How many requests fit."""
        return len(self.asked(endpoint, method=method, path=path))

    def counts(self) -> Counter[str]:
        """Requests by method and endpoint: `GET resolve`."""
        return Counter(f"{served.method} {served.endpoint}" for served in list(self.requests))

    def forget(self) -> None:
        """Begin to count anew."""
        self.requests.clear()

    # How it answers.

    def _decide(self, asked: Asked) -> Sending:
        found = find_route(asked)
        endpoint = found[0].name if found else "unknown"
        picked = self.rules.pick(asked, endpoint)
        fault, rule = picked or (None, None)
        sending = self._refuse_more() or self._with(fault, rule, asked)
        sent = sending.answer
        count = 0 if sent is None or asked.method == "HEAD" else sent.length // (1 + sending.truncated)
        self.requests.append(
            Served(asked.method, asked.path, endpoint, sent.status if sent else 0, fault, asked.headers, len(asked.body), count)
        )
        return sending

    def _with(self, fault: Fault | None, rule: FaultRule | None, asked: Asked) -> Sending:
        if fault == "drop":
            return Sending(None)
        if fault and rule and fault.isdigit():
            return Sending(_failure(int(fault), rule.retry_after_s))
        with self._lock:
            done = answer(self.state, asked)
        if fault == "lost":
            return Sending(None)
        if fault == "stale_etag" and done.older_etag:
            done.headers |= {name: done.older_etag for name in ("ETag", "X-Linked-Etag") if name in done.headers}
        return Sending(done, rule.delay_s if fault == "slow" and rule else 0.0, fault == "truncated")

    def _refuse_more(self) -> Sending | None:
        if self._limit is None:
            return None
        most, per_s = self._limit
        with self._lock:
            start, count = self._window
            now = time.monotonic()
            start, count = (now, 1) if now - start >= per_s else (start, count + 1)
            self._window = (start, count)
        return Sending(_failure(429, math.ceil(start + per_s - now), most, per_s)) if count > most else None


def _failure(status: int, wait_s: int, most: int = 500, per_s: float = 300) -> Answer:
    waits = {
        "Retry-After": str(wait_s),
        "RateLimit": f'"api";r=0;t={wait_s}',
        "RateLimit-Policy": f'"fixed window";"api";q={most};w={math.ceil(per_s)}',
    }
    said = {429: "We had to rate limit your IP. To continue using our service, create a HF account or login to your existing account"}
    return RefusedError(
        status,
        said.get(status, "Internal Error - We're working hard to fix this as soon as possible!"),
        headers=waits if status == 429 else None,
    ).answer
