"""Repositories made, changed, described, listed and taken away; people; cards checked."""

import re
import shutil
from typing import Any, Final, cast

from local_hub.about import describe
from local_hub.cards import objections
from local_hub.exchange import Answer, RefusedError, as_json
from local_hub.routing import Call, route
from local_hub.state import PREFIXES, Gated, Kind, Repo

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_])?")


def _named(call: Call) -> tuple[Kind, str]:
    wish = call.asked.fields
    namespace, name = wish.get("organization") or call.user.name, str(wish.get("name", ""))
    if not _NAME.fullmatch(name) or "--" in name or ".." in name or name.endswith(".git"):
        raise RefusedError(400, f"{name!r} is no name for a repository")
    call.state.check_write(namespace, call.person, f"create a {wish.get('type') or 'model'}")
    return cast("Kind", wish.get("type") or "model"), f"{namespace}/{name}"


@route("POST", "/api/repos/create", "create", "person")
def create(call: Call) -> Answer:
    """A new repository; one that is there is a conflict, whose answer tells its address."""
    kind, repo_id = _named(call)
    wish = call.asked.fields
    about = {"url": f"{call.state.url}/{PREFIXES[kind]}{repo_id}", "name": repo_id, "id": repo_id}
    if (kind, repo_id) in call.state.repos:
        raise RefusedError(409, f"You already created this {kind} repo: {repo_id}", more=about)
    private = wish.get("visibility") == "private" or bool(wish.get("private"))
    repo = call.state.create(kind, repo_id, author=call.user.name, private=private, sdk=wish.get("sdk") or "gradio")
    for place, into in (("secrets", repo.space.secrets), ("variables", repo.space.variables)):
        into.update({item["key"]: item["value"] for item in wish.get(place) or []})
    repo.space.hardware = wish.get("hardware") or repo.space.hardware
    return as_json(about)


@route("DELETE", "/api/repos/delete", "delete", "person")
def delete(call: Call) -> Answer:
    """The repository is gone, its history and all."""
    kind, repo_id = _named(call)
    repo = call.state.find(kind, repo_id, call.person)
    del call.state.repos[kind, repo_id]
    shutil.rmtree(repo.git.folder)
    return as_json({})


@route("POST", "/api/repos/move", "move", "person")
def move(call: Call) -> Answer:
    """Another name; the old one is not followed."""
    wish = call.asked.fields
    kind, new = cast("Kind", wish.get("type") or "model"), str(wish["toRepo"])
    repo = call.state.find(kind, str(wish["fromRepo"]), call.person)
    for namespace in (repo.namespace, new.rpartition("/")[0]):
        call.state.check_write(namespace, call.person, "move a repository")
    if (kind, new) in call.state.repos:
        raise RefusedError(409, f"{new} is taken")
    call.state.repos[kind, new] = call.state.repos.pop((kind, repo.id))
    repo.id = new
    return as_json({})


@route("PUT", "/api/{kind}/{repo}/settings", "settings", "write")
def settings(call: Call) -> Answer:
    """Who sees it, who is let in."""
    wish = call.asked.fields
    if "gated" in wish:
        call.repo.gated = cast("Gated", wish["gated"])
    if "visibility" in wish or "private" in wish:
        call.repo.private = wish.get("visibility") == "private" or bool(wish.get("private"))
    return as_json({"private": call.repo.private, "gated": call.repo.gated})


@route("POST", "/api/{kind}/{repo}/user-access-request/{deed}", "access", "write")
def decide_access(call: Call) -> Answer:
    """Somebody is let into a gated repository, or no longer."""
    who, status = str(call.asked.fields["user"]), call.asked.fields.get("status")
    if call.words["deed"] == "grant" or status == "accepted":
        call.repo.granted.add(who)
    else:
        call.repo.granted.discard(who)
    return as_json({})


@route("GET", "/api/{kind}/{repo}/auth-check", "auth-check", "content")
def auth_check(call: Call) -> Answer:
    """Nothing, if the files can be read."""
    return as_json({})


@route("GET", "/api/{kind}/{repo}/auth-check/write", "auth-check", "write")
def auth_check_write(call: Call) -> Answer:
    """Nothing, if they can be written."""
    return as_json({})


@route("GET", "/api/whoami-v2", "whoami", "person")
def whoami(call: Call) -> Answer:
    """Whose token it is and what it may do."""
    person = call.user
    token = {"displayName": "test", "role": person.role, "createdAt": "2026-01-01T00:00:00.000Z"}
    orgs = [{"type": "org", "name": name, "fullname": name, "roleInOrg": "write"} for name in person.orgs]
    about = {"type": "user", "id": person.name, "name": person.name, "fullname": person.name, "email": f"{person.name}@hub.local"}
    return as_json({**about, "orgs": orgs, "auth": {"type": "access_token", "accessToken": token}})


@route("POST", "/api/validate-yaml", "validate-yaml", "open")
def validate_yaml(call: Call) -> Answer:
    """Whether the Hub takes a card."""
    wish = call.asked.fields
    errors, warnings = objections(str(wish.get("content", "")), cast("Kind", wish.get("repoType") or "model"))
    if errors and call.asked.headers.get("accept", "").startswith("text/plain"):
        return Answer(400, "\n".join(f"- Error: {said}" for said in errors).encode(), {"Content-Type": "text/plain; charset=utf-8"})
    found: dict[str, Any] = {"errors": [{"message": said} for said in errors], "warnings": [{"message": said} for said in warnings]}
    return as_json(found, 400 if errors else 200)


@route("GET", "/api/{kind}", "list", "open")
def listing(call: Call) -> Answer:
    """What there is, filtered and sorted; private repositories only to their own."""
    found = [describe(repo, repo.commit_at("main")) for repo in call.state.repos.values() if _is_listed(call, repo)]
    found = [about for about in found if _fits(call, about)]
    order = call.asked.said("sort")
    if order:
        found.sort(key=lambda about: about.get(order, 0), reverse=call.asked.said("direction", "-1") == "-1")
    whole = call.asked.wants("full") or "expand" in call.asked.query
    hidden = set() if whole else {"siblings", "cardData", "usedStorage"} - ({"cardData"} if call.asked.wants("cardData") else set())
    shown = [{name: value for name, value in about.items() if name not in hidden} for about in found]
    return call.paged(shown, min(int(call.asked.said("limit", "1000")), call.state.page))


def _is_listed(call: Call, repo: Repo) -> bool:
    mine = call.person is not None and call.state.is_member(call.person, repo)
    return repo.kind == call.kind and (mine or not repo.private)


def _fits(call: Call, about: dict[str, Any]) -> bool:
    asked = call.asked
    author, gated = asked.said("author"), asked.said("gated")
    wanted = {tag for values in asked.query.get("filter", []) for tag in values.split(",")} | set(asked.query.get("pipeline_tag", []))
    return (
        asked.said("search").lower() in about["id"].lower()
        and (not author or about["author"] == author)
        and (not gated or bool(about["gated"]) == asked.wants("gated"))
        and wanted <= set(about["tags"])
    )


def info(call: Call, revision: str) -> Answer:
    """The repository at a revision."""
    about = describe(call.repo, call.repo.commit_at(revision), with_blobs=call.asked.wants("blobs"))
    return as_json(about)


@route("GET", "/api/{kind}/{repo}/revision/{rest}", "info", "read")
def info_at(call: Call) -> Answer:
    """At the revision that is named."""
    return info(call, call.words["rest"])
