"""What is to be uploaded and how; large files, whole and in parts; commits and the pull requests they open."""

import base64
import binascii
import json
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from local_hub.about import text_of
from local_hub.cards import objections
from local_hub.discussing import add_commit_event, open_pull_request
from local_hub.exchange import Answer, RefusedError, as_json
from local_hub.git_store import BadPathError, Commit, File
from local_hub.routing import Call, route
from local_hub.state import Repo

REGULAR_BYTES: Final = 10 * 1024**2  # a larger file has to go to the large ones
Changes = dict[str, File | None]


@route("POST", "/api/{kind}/{repo}/preupload/{rest}", "preupload", "propose")
def preupload(call: Call) -> Answer:
    """For each file: into git or to the large ones, ignored or not, and what is there now."""
    _check_may_commit(call)
    commit = call.repo.commit_at(call.words["rest"])
    attributes = text_of(call.repo, commit, ".gitattributes")
    ignored = call.asked.fields.get("gitIgnore") or text_of(call.repo, commit, ".gitignore")
    return as_json({"files": [_plan(file, commit, attributes, ignored) for file in call.asked.fields["files"]]})


def belongs_to_large(repo: Repo, path: str, content: bytes) -> bool:
    """Whether a content would be uploaded as a large file."""
    return _is_large(path, len(content), content[:512], text_of(repo, repo.commit_at("main"), ".gitattributes"))


def _plan(file: Mapping[str, Any], commit: Commit, attributes: str, ignored: str) -> dict[str, Any]:
    there = commit.files.get(file["path"])
    large = _is_large(file["path"], file["size"], base64.b64decode(file.get("sample", "")), attributes)
    about = {"path": file["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": _is_ignored(file["path"], ignored)}
    return about | {"oid": (there.sha256 or there.oid) if there else None}


def _is_large(path: str, size: int, sample: bytes, attributes: str) -> bool:
    patterns = [line.split()[0] for line in attributes.splitlines() if "filter=lfs" in line]
    named = any(fnmatch(path.rpartition("/")[2], pattern) or fnmatch(path, pattern) for pattern in patterns)
    return named or size > REGULAR_BYTES or _is_binary(sample)


def _is_binary(sample: bytes) -> bool:
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        return error.end < len(sample)  # a sample may end within a character
    return b"\0" in sample


def _is_ignored(path: str, ignored: str) -> bool:
    patterns = [line.strip().strip("/") for line in ignored.splitlines() if line.strip() and not line.startswith("#")]
    parts = path.split("/")
    return any(fnmatch(path, pattern) or any(fnmatch(part, pattern) for part in parts) for pattern in patterns)


@route("POST", "/{prefix}{repo}\\.git/info/lfs/objects/batch", "lfs-batch", "propose")
def lfs_batch(call: Call) -> Answer:
    """Addresses to upload large files to; none for what this repository has (git-lfs/docs/api/batch.md)."""
    size = call.state.multipart_bytes if "multipart" in call.asked.fields.get("transfers", []) else None
    rows = [_upload(call, row["oid"], row["size"], size) for row in call.asked.fields["objects"]]
    return as_json(
        {"transfer": "multipart" if size else "basic", "objects": rows}, headers={"Content-Type": "application/vnd.git-lfs+json"}
    )


def _upload(call: Call, sha256: str, size: int, part: int | None) -> dict[str, Any]:
    row: dict[str, Any] = {"oid": sha256, "size": size}
    if sha256 in call.repo.large:
        return row
    whole = f"/upload/{call.repo.kind}s/{call.repo.id}/{sha256}/{size}"
    verify = {"href": f"{call.state.url}/{call.repo.path}.git/info/lfs/verify"}
    if part is None or size <= part:
        return row | {"actions": {"upload": {"href": _signed(call, whole, call.state.cdn)}, "verify": verify}}
    count = -(-size // part)
    parts = {str(number): _signed(call, f"{whole}/{number}", call.state.cdn) for number in range(1, count + 1)}
    upload = {"href": _signed(call, f"{whole}/complete", call.state.url), "header": {"chunk_size": str(part), **parts}}
    return row | {"actions": {"upload": upload, "verify": verify}}


def _signed(call: Call, path: str, host: str) -> str:
    return f"{host}{path}?signature={call.state.sign(path)}"


def _check_signature(call: Call) -> Repo:
    if call.asked.said("signature") != call.state.sign(call.asked.path):
        raise RefusedError(403, "SignatureDoesNotMatch")
    return call.state.repos[call.kind, call.words["repo"]]


def _keep(call: Call, repo: Repo, content: bytes) -> Answer:
    if len(content) != int(call.words["size"]) or call.state.keep_large(repo, content) != call.words["sha256"]:
        raise RefusedError(400, f"what arrived for {call.words['sha256']} is another content, {len(content)} bytes")
    return Answer(200, b"", {"ETag": f'"{call.words["sha256"][:32]}"'})


@route("PUT", "/upload/{kind}/{repo}/{sha256}/{size}", "upload", "open")
def upload(call: Call) -> Answer:
    """A large file in one piece."""
    return _keep(call, _check_signature(call), call.asked.body)


@route("PUT", "/upload/{kind}/{repo}/{sha256}/{size}/{num}", "upload-part", "open")
def upload_part(call: Call) -> Answer:
    """A part of a large file."""
    _check_signature(call)
    path = _part(call, int(call.words["num"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(call.asked.body)
    return Answer(200, b"", {"ETag": f'"part-{call.words["num"]}"'})


def _part(call: Call, number: int) -> Path:
    return call.state.folder / "parts" / call.words["sha256"] / str(number)


@route("POST", "/upload/{kind}/{repo}/{sha256}/{size}/complete", "upload-complete", "open")
def upload_complete(call: Call) -> Answer:
    """The parts are the file."""
    repo = _check_signature(call)
    paths = [_part(call, part["partNumber"]) for part in call.asked.fields["parts"]]
    if missing := next((path for path in paths if not path.exists()), None):
        raise RefusedError(400, f"part {missing.name} never arrived")
    return _keep(call, repo, b"".join(path.read_bytes() for path in paths))


@route("POST", "/{prefix}{repo}\\.git/info/lfs/verify", "lfs-verify", "propose")
def lfs_verify(call: Call) -> Answer:
    """Whether a large file has arrived."""
    if call.asked.fields["oid"] not in call.repo.large:
        raise RefusedError(404, "object not found")
    return as_json({})


@route("POST", "/api/{kind}/{repo}/lfs-files/duplicate", "lfs-duplicate", "content")
def lfs_duplicate(call: Call) -> Answer:
    """Large files of one repository become another's, so that a commit can name them."""
    wish = call.asked.fields
    target = call.state.find(wish["target"]["type"], wish["target"]["name"], call.person)
    call.state.check_write(target.namespace, call.person, "write")
    hashes = [file["sha256"] for file in wish["files"]]
    target.large.update(call.repo.large.intersection(hashes))
    failed = [{"sha256": sha256, "error": "not found"} for sha256 in hashes if sha256 not in call.repo.large]
    return as_json({"succeeded": [{"sha256": sha256} for sha256 in hashes if sha256 in call.repo.large], "failed": failed})


@route("POST", "/api/{kind}/{repo}/commit/{rest}", "commit", "propose")
def commit(call: Call) -> Answer:
    """All changes or none: onto the branch, or as a pull request that leaves it as it is."""
    _check_may_commit(call)
    repo = call.repo
    header, *lines = _lines(call.asked.body)
    base = repo.commit_at(call.words["rest"])
    if header["value"].get("parentCommit", base.oid) != base.oid:
        raise RefusedError(412, "A commit has happened since. Please refresh and try again.")
    changes: Changes = {}
    for line in lines:
        _OPERATIONS[line["key"]](call, base, line["value"], changes)
    _check_card(call, changes)
    title, description = header["value"]["summary"], header["value"].get("description", "")
    pull = open_pull_request(call, title, description, base) if call.asked.wants("create_pr") else None
    ref = f"refs/pr/{pull.num}" if pull else repo.branch(call.words["rest"])
    try:
        made = repo.git.commit(ref, changes, title, call.user.name, description)
    except BadPathError as error:
        raise RefusedError(400, str(error)) from error
    add_commit_event(repo, ref, made)
    said = {"success": True, "commitOid": made.oid, "commitUrl": f"{call.state.url}/{repo.path}/commit/{made.oid}", "hookOutput": ""}
    return as_json(said | ({"pullRequestUrl": f"{call.state.url}/{repo.path}/discussions/{pull.num}"} if pull else {}))


def _check_may_commit(call: Call) -> None:
    """Whoever reads may propose; onto a pull request also whoever opened it; onto a branch only who may write."""
    number = call.words["rest"].removeprefix("refs/pr/")
    opened = call.repo.discussions.get(int(number)) if number.isdigit() and number != call.words["rest"] else None
    if call.asked.wants("create_pr") or (opened and opened.author == call.user.name):
        return
    call.state.check_write(call.repo.namespace, call.person, "commit (pass `create_pr=1` to propose it)")


def _lines(body: bytes) -> list[dict[str, Any]]:
    try:
        lines: list[dict[str, Any]] = [json.loads(line) for line in body.splitlines()]
    except ValueError as error:
        raise RefusedError(400, f"a line of the commit is not JSON: {error}") from error
    if not lines or lines[0].get("key") != "header" or not lines[0]["value"].get("summary"):
        raise RefusedError(400, "the commit has no header with a summary")
    if unknown := next((line["key"] for line in lines[1:] if line.get("key") not in _OPERATIONS), None):
        raise RefusedError(400, f"the commit has a line {unknown!r}, which is no operation")
    return lines


def _put_file(call: Call, base: Commit, value: Mapping[str, Any], changes: Changes) -> None:
    try:
        content = base64.b64decode(value["content"], validate=True) if value.get("encoding") == "base64" else value["content"].encode()
    except binascii.Error as error:
        raise RefusedError(400, f"{value['path']}: the content is not base64: {error}") from error
    if len(content) > REGULAR_BYTES:
        raise RefusedError(400, f"{value['path']} has {len(content)} bytes; files of more than {REGULAR_BYTES} have to go through LFS")
    changes[value["path"]] = call.repo.git.add(content)


def _put_large(call: Call, base: Commit, value: Mapping[str, Any], changes: Changes) -> None:
    if value["oid"] not in call.repo.large:
        raise RefusedError(400, f"LFS pointer pointed to a file that does not exist: {value['path']}, {value['oid']}")
    changes[value["path"]] = call.repo.git.add_pointer(value["oid"], call.state.large_path(value["oid"]).stat().st_size)


def _delete_file(call: Call, base: Commit, value: Mapping[str, Any], changes: Changes) -> None:
    if value["path"] not in base.files:
        raise RefusedError(404, f"A file with the name {value['path']!r} does not exist", "EntryNotFound")
    changes[value["path"]] = None


def _delete_folder(call: Call, base: Commit, value: Mapping[str, Any], changes: Changes) -> None:
    below = [path for path in base.files if path.startswith(f"{value['path'].strip('/')}/")]
    if not below:
        raise RefusedError(404, f"A folder with the name {value['path']!r} does not exist", "EntryNotFound")
    # A file may be put back by a line before this one.
    changes.update({path: changes.get(path) for path in below})


def _copy_file(call: Call, base: Commit, value: Mapping[str, Any], changes: Changes) -> None:
    source = call.repo.commit_at(value.get("srcRevision") or call.words["rest"]).files.get(value["srcPath"])
    if source is None:
        raise RefusedError(404, f"A file with the name {value['srcPath']!r} does not exist", "EntryNotFound")
    changes[value["path"]] = source


_OPERATIONS: Final = {
    "file": _put_file,
    "lfsFile": _put_large,
    "deletedFile": _delete_file,
    "deletedFolder": _delete_folder,
    "copyFile": _copy_file,
}


def _check_card(call: Call, changes: Changes) -> None:
    card = changes.get("README.md")
    errors, _ = objections(call.repo.git.read(card.oid).decode(errors="replace"), call.kind) if card and not card.sha256 else ([], [])
    if errors and not (call.kind == "space" and errors[0].startswith("Missing configuration")):
        said = "\n".join(f"- {error}" for error in errors)
        raise RefusedError(400, f"Invalid metadata in README.md.\n{said}", more={"errors": [{"message": error} for error in errors]})
