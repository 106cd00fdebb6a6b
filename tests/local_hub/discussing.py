"""Discussions and pull requests: opened, talked about, closed, merged."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local_hub.about import moment
from local_hub.exchange import Answer, RefusedError, as_json
from local_hub.git_store import Commit, File
from local_hub.routing import Call, route
from local_hub.state import Discussion, Repo


def _open(call: Call, title: str, text: str, is_pull_request: bool, status: str, base: str = "") -> Discussion:
    known = call.repo.discussions
    made = Discussion(len(known) + 1, title, call.user.name, is_pull_request, datetime.now(UTC), status, base)
    known[made.num] = made
    if text:
        _note(made, call.user.name, "comment", _comment(text))
    return made


def open_pull_request(call: Call, title: str, text: str, base: Commit, status: str = "open") -> Discussion:
    """A pull request whose ref is where it leaves from."""
    made = _open(call, title, text, True, status, base.oid)
    call.repo.git.point(f"refs/pr/{made.num}", base.oid)
    return made


def add_commit_event(repo: Repo, ref: str, commit: Commit) -> None:
    """Tell of a commit where it belongs to a pull request."""
    if ref.startswith("refs/pr/"):
        about = {"subject": commit.title, "oid": commit.oid}
        _note(repo.discussions[int(ref.removeprefix("refs/pr/"))], commit.author, "commit", about)


def _comment(text: str) -> dict[str, Any]:
    latest = {"raw": text, "html": text, "updatedAt": moment(datetime.now(UTC))}
    return {"edited": False, "hidden": False, "latest": latest, "history": []}


def _note(discussion: Discussion, author: str, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    event = {"id": f"{discussion.num:012x}{len(discussion.events):012x}", "type": kind, "author": {"name": author}, "data": dict(data)}
    discussion.events.append(event | {"createdAt": moment(datetime.now(UTC))})
    return discussion.events[-1]


def _about(repo: Repo, discussion: Discussion) -> dict[str, Any]:
    return {
        "num": discussion.num,
        "title": discussion.title,
        "author": {"name": discussion.author},
        "createdAt": moment(discussion.created),
        "status": discussion.status,
        "isPullRequest": discussion.is_pull_request,
        "repo": {"name": repo.id, "type": repo.kind},
    }


def _named(call: Call) -> Discussion:
    found = call.repo.discussions.get(int(call.words["num"]))
    if found is None:
        raise RefusedError(404, f"no discussion {call.words['num']}")
    return found


@route("GET", "/api/{kind}/{repo}/discussions", "discussions", "read")
def listing(call: Call) -> Answer:
    """Newest first."""
    wanted, status, author = (call.asked.said(name) for name in ("type", "status", "author"))
    found = [
        _about(call.repo, each)
        for each in reversed(call.repo.discussions.values())
        if wanted in ("", "all", "pull_request" if each.is_pull_request else "discussion")
        and status in ("", "all", "open" if each.status in ("open", "draft") else "closed")
        and author in ("", each.author)
    ]
    return as_json({"discussions": found, "count": len(found), "start": 0})


@route("POST", "/api/{kind}/{repo}/discussions", "discussions", "propose")
def create(call: Call) -> Answer:
    """A discussion, or a pull request without a commit yet, which is a draft."""
    wish = call.asked.fields
    if wish.get("pullRequest"):
        made = open_pull_request(call, wish["title"], wish.get("description", ""), call.repo.commit_at("main"), "draft")
    else:
        made = _open(call, wish["title"], wish.get("description", ""), False, "open")
    return as_json(_about(call.repo, made))


@route("GET", "/api/{kind}/{repo}/discussions/{num}", "discussions", "read")
def details(call: Call) -> Answer:
    """All that was said and done; the textual difference is left empty."""
    found = _named(call)
    about = _about(call.repo, found) | {"events": found.events, "diff": ""}
    if not found.is_pull_request:
        return as_json(about)
    conflicts = [] if found.merged else _merged(call.repo, found)[1]
    changes = {"base": "refs/heads/main", "mergeCommitId": found.merged or None}
    return as_json(about | {"changes": changes, "filesWithConflicts": conflicts})


@route("POST", "/api/{kind}/{repo}/discussions/{num}/comment", "discussions", "propose")
def comment(call: Call) -> Answer:
    """A comment."""
    return as_json({"newMessage": _note(_named(call), call.user.name, "comment", _comment(call.asked.fields["comment"]))})


@route("POST", "/api/{kind}/{repo}/discussions/{num}/title", "discussions", "propose")
def rename(call: Call) -> Answer:
    """Another title."""
    found = _named(call)
    old, found.title = found.title, call.asked.fields["title"]
    return as_json({"newTitle": _note(found, call.user.name, "title-change", {"from": old, "to": found.title})})


@route("POST", "/api/{kind}/{repo}/discussions/{num}/status", "discussions", "propose")
def change_status(call: Call) -> Answer:
    """Open or closed."""
    found = _named(call)
    if found.status == "merged":
        raise RefusedError(403, "a merged pull request stays merged")
    found.status = call.asked.fields["status"]
    return as_json({"newStatus": _note(found, call.user.name, "status-change", {"status": found.status})})


def _merged(repo: Repo, pull: Discussion) -> tuple[dict[str, File | None], list[str]]:
    """What the pull request changes since it left main, and which of it main changed otherwise."""
    refs = repo.git.refs
    states = (pull.base, refs["refs/heads/main"], refs[f"refs/pr/{pull.num}"])
    base, main, head = (repo.git.commits[oid].files for oid in states)
    changes = {path: head.get(path) for path in base.keys() | head.keys() if base.get(path) != head.get(path)}
    return changes, sorted(path for path, file in changes.items() if main.get(path) not in (base.get(path), file))


@route("POST", "/api/{kind}/{repo}/discussions/{num}/merge", "discussions", "write")
def merge(call: Call) -> Answer:
    """One commit on main with what the pull request changed; where main has changed it otherwise, nothing happens."""
    repo, pull = call.repo, _named(call)
    if not pull.is_pull_request or pull.status not in ("open", "draft"):
        raise RefusedError(409, f"{pull.num} is not an open pull request")
    changes, conflicts = _merged(repo, pull)
    if conflicts:
        raise RefusedError(409, f"Merge conflict in {', '.join(conflicts)}", more={"filesWithConflicts": conflicts})
    made = repo.git.commit("refs/heads/main", changes, f"{pull.title} (#{pull.num})", call.user.name)
    pull.status, pull.merged = "merged", made.oid
    return as_json({"newStatus": _note(pull, call.user.name, "status-change", {"status": "merged"})})
