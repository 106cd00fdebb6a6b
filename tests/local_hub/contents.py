"""Files listed, described and read; branches, tags and history."""

from typing import Any
from urllib.parse import quote, urlencode

from local_hub.about import describe_commit, describe_file, last_change
from local_hub.exchange import Answer, RefusedError, as_json, part_of
from local_hub.git_store import Commit, File, blob_oid, pointer
from local_hub.repositories import info
from local_hub.routing import Call, route
from local_hub.state import Repo


def _rows(repo: Repo, commit: Commit, below: str, recursive: bool, expand: bool) -> list[dict[str, Any]]:
    start = f"{below}/" if below else ""
    paths = [path for path in (*commit.files, *filter(None, commit.folders)) if path.startswith(start)]
    shown = sorted(path for path in paths if recursive or "/" not in path[len(start) :])
    return [_row(repo, commit, path, expand) for path in shown]


def _row(repo: Repo, commit: Commit, path: str, expand: bool) -> dict[str, Any]:
    folder: dict[str, Any] = {"type": "directory", "oid": commit.folders.get(path), "size": 0, "path": path}
    about = describe_file(path, commit.files[path]) if path in commit.files else folder
    return about | ({"lastCommit": last_change(repo.git.history(commit.oid), path)} if expand else {})


@route("GET", "/api/{kind}/{repo}/tree/{revision}(?:/{rest})?", "tree", "read")
def tree(call: Call) -> Answer:
    """What is in a folder, page by page: 1000 rows, 50 of them where each is told with its last commit."""
    commit, below = call.repo.commit_at(call.words["revision"]), call.words.get("rest", "").strip("/")
    if below not in commit.folders:
        raise RefusedError(404, f"{below} does not exist on {call.words['revision']!r}", "EntryNotFound", {"X-Repo-Commit": commit.oid})
    expand = call.asked.wants("expand")
    rows = _rows(call.repo, commit, below, call.asked.wants("recursive"), expand)
    size = min(int(call.asked.said("limit", str(call.state.page))), call.state.page)
    return call.paged(rows, min(size, 50) if expand else size)


@route("POST", "/api/{kind}/{repo}/paths-info/{rest}", "paths-info", "read")
def paths_info(call: Call) -> Answer:
    """What is at some paths; those that are not there are left out."""
    commit, wish = call.repo.commit_at(call.words["rest"]), call.asked.fields
    paths = [path.strip("/") for path in wish.get("paths", [])]
    expand = str(wish.get("expand", [""])[-1] if isinstance(wish.get("expand"), list) else wish.get("expand")).lower() == "true"
    there = [path for path in paths if path and (path in commit.files or path in commit.folders)]
    return as_json([_row(call.repo, commit, path, expand) for path in there])


@route("GET", "/{prefix}{repo}/resolve/{revision}/{rest}", "resolve", "content")
def resolve(call: Call) -> Answer:
    """A file: small ones here, large ones by an address of the storage, which is another host and asks for no token."""
    commit, path = call.repo.commit_at(call.words["revision"]), call.words["rest"]
    file = commit.files.get(path)
    if file is None:
        raise RefusedError(404, "Entry not found", "EntryNotFound", {"X-Repo-Commit": commit.oid})
    headers = {"X-Repo-Commit": commit.oid, "ETag": _etag(file), "Content-Disposition": _disposition(path)}
    if not file.sha256:
        answer = part_of(call.repo.git.read(file.oid), call.asked, headers)
    else:
        linked = {"X-Linked-Size": str(file.size), "X-Linked-Etag": _etag(file), "Location": storage_address(call, file.sha256, path)}
        answer = Answer(302, b"Found. Redirecting to the storage.", {**headers, **linked})
    answer.older_etag = _etag(_version_before(call.repo, commit, path))
    return answer


def storage_address(call: Call, sha256: str, path: str) -> str:
    """Where a large file can be fetched by whoever has the address."""
    return f"{call.state.cdn}/storage/{sha256}?{urlencode({'name': path.rpartition('/')[2], 'signature': call.state.sign(sha256)})}"


@route("GET", "/storage/{sha256}", "storage", "open")
def storage(call: Call) -> Answer:
    """A large file, or a range of it."""
    sha256 = call.words["sha256"]
    if call.asked.said("signature") != call.state.sign(sha256):
        raise RefusedError(403, "Access denied")
    headers = {"ETag": f'"{sha256}"', "Content-Disposition": _disposition(call.asked.said("name"))}
    return part_of(call.state.large_path(sha256), call.asked, headers)


@route("GET", "/{prefix}{repo}/raw/{revision}/{rest}", "raw", "content")
def raw(call: Call) -> Answer:
    """A file as git has it: of a large one the pointer."""
    commit = call.repo.commit_at(call.words["revision"])
    file = commit.files.get(call.words["rest"])
    if file is None:
        raise RefusedError(404, "Entry not found", "EntryNotFound", {"X-Repo-Commit": commit.oid})
    content = pointer(file.sha256, file.size) if file.sha256 else call.repo.git.read(file.oid)
    return part_of(content, call.asked, {"X-Repo-Commit": commit.oid, "ETag": f'"{file.oid}"'})


def _etag(file: File) -> str:
    return f'"{file.sha256 or file.oid}"'


def _disposition(path: str) -> str:
    name = path.rpartition("/")[2]
    plain = name.encode("ascii", "replace").decode().replace('"', "?")
    return f"inline; filename*=UTF-8''{quote(name)}; filename=\"{plain}\";"


def _version_before(repo: Repo, commit: Commit, path: str) -> File:
    """The file before its last change; one that never changed is taken to have been empty."""
    now = commit.files[path]
    before = (past.files[path] for past in repo.git.history(commit.oid) if path in past.files)
    return next((file for file in before if file != now), File(blob_oid(b""), 0))


@route("GET", "/api/{kind}/{repo}/commits/{rest}", "commits", "read")
def commits(call: Call) -> Answer:
    """The history, newest first."""
    history = call.repo.git.history(call.repo.commit_at(call.words["rest"]).oid)
    return call.paged([describe_commit(commit) for commit in history], min(50, call.state.page))


@route("GET", "/api/{kind}/{repo}/refs", "refs", "read")
def refs(call: Call) -> Answer:
    """Branches and tags, and pull requests where they are asked for."""
    known = call.repo.git.refs.items()
    places = {"branches": "refs/heads/", "tags": "refs/tags/", "converts": "refs/convert/"}
    found = {name: [_ref(ref, start, oid) for ref, oid in known if ref.startswith(start)] for name, start in places.items()}
    pulls = {"pullRequests": [_ref(ref, "refs/pr/", oid) for ref, oid in known if ref.startswith("refs/pr/")]}
    return as_json(found | (pulls if call.asked.wants("include_prs") else {}))


def _ref(ref: str, start: str, oid: str) -> dict[str, str]:
    return {"name": ref.removeprefix(start), "ref": ref, "targetCommit": oid}


@route("POST", "/api/{kind}/{repo}/branch/{rest}", "branch", "write")
def create_branch(call: Call) -> Answer:
    """A branch from a revision, from main if none is named."""
    start = call.repo.commit_at(call.asked.fields.get("startingPoint") or "main")
    return _new_ref(call, f"refs/heads/{call.words['rest'].removeprefix('refs/heads/')}", start.oid)


@route("POST", "/api/{kind}/{repo}/tag/{rest}", "tag", "write")
def create_tag(call: Call) -> Answer:
    """A tag at a revision."""
    return _new_ref(call, f"refs/tags/{call.asked.fields['tag']}", call.repo.commit_at(call.words["rest"]).oid)


def _new_ref(call: Call, ref: str, oid: str) -> Answer:
    if ref in call.repo.git.refs:
        raise RefusedError(409, f"Reference already exists: {ref}")
    call.repo.git.point(ref, oid)
    return as_json({}, 201)


@route("DELETE", "/api/{kind}/{repo}/branch/{rest}", "branch", "write")
def delete_branch(call: Call) -> Answer:
    """The branch is gone, its commits are not."""
    if call.words["rest"] == "main":
        raise RefusedError(403, "The branch main cannot be deleted")
    return _drop_ref(call, f"refs/heads/{call.words['rest']}")


@route("DELETE", "/api/{kind}/{repo}/tag/{rest}", "tag", "write")
def delete_tag(call: Call) -> Answer:
    """The tag is gone."""
    return _drop_ref(call, f"refs/tags/{call.words['rest']}")


def _drop_ref(call: Call, ref: str) -> Answer:
    if ref not in call.repo.git.refs:
        raise RefusedError(404, f"Reference not found: {ref}", "RevisionNotFound")
    call.repo.git.drop(ref)
    return as_json({})


@route("POST", "/api/{kind}/{repo}/super-squash/{rest}", "super-squash", "write")
def super_squash(call: Call) -> Answer:
    """One commit without a past in place of the branch's history."""
    ref = call.repo.branch(call.words["rest"])
    files = call.repo.git.commits[call.repo.git.refs[ref]].files
    call.repo.git.write(ref, files, (), str(call.asked.fields.get("message") or "Super-squash"), call.user.name)
    return as_json({})


@route("GET", "/api/{kind}/{repo}", "info", "read")
def info_of(call: Call) -> Answer:
    """The repository as it is now."""
    return info(call, "main")
