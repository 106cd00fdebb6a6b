"""Collections: made, filled, ordered, read, taken away."""

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

from local_hub.about import moment
from local_hub.exchange import Answer, RefusedError, as_json
from local_hub.routing import Call, route

_SLUG = r"/api/collections/(?P<slug>[^/]+/[^/]+)"


def _touch(collection: dict[str, Any]) -> dict[str, Any]:
    collection["lastUpdated"] = moment(datetime.now(UTC))
    for position, item in enumerate(collection["items"]):
        item["position"] = position
    return collection


def _named(call: Call, to_write: bool = False) -> dict[str, Any]:
    found = call.state.collections.get(call.words["slug"])
    owner = call.words["slug"].partition("/")[0]
    own = call.person is not None and owner in (call.person.name, *call.person.orgs)
    if found is None or (found["private"] and not own):
        raise RefusedError(404, "Collection not found")
    if to_write:
        call.state.check_write(owner, call.person, "change a collection")
    return found


@route("POST", "/api/collections", "collection", "person")
def create(call: Call) -> Answer:
    """An empty collection; one of the same title is a conflict that tells its slug."""
    wish = call.asked.fields
    owner = wish.get("namespace") or call.user.name
    call.state.check_write(owner, call.person, "create a collection")
    words = re.sub(r"[^a-z0-9]+", "-", wish["title"].lower()).strip("-")
    slug = f"{owner}/{words}-{hashlib.sha1((owner + wish['title']).encode()).hexdigest()[:24]}"
    if slug in call.state.collections:
        raise RefusedError(409, "This collection already exists", more={"slug": slug})
    about = {"slug": slug, "title": wish["title"], "owner": owner, "items": [], "position": len(call.state.collections)}
    more = {"private": bool(wish.get("private")), "theme": "green", "upvotes": 0, "description": wish.get("description")}
    call.state.collections[slug] = about | more
    return as_json(_touch(call.state.collections[slug]))


@route("GET", "/api/collections", "collection", "open")
def listing(call: Call) -> Answer:
    """Those of an owner, or with an item such as `models/me/x`."""
    owner, item = call.asked.said("owner"), call.asked.said("item")
    mine = (call.person.name, *call.person.orgs) if call.person else ()
    found = [
        {name: value for name, value in each.items() if name != "position"}
        for each in call.state.collections.values()
        if owner in ("", each["owner"])
        and (not each["private"] or each["owner"] in mine)
        and (not item or item in [f"{part['type']}s/{part['id']}" for part in each["items"]])
    ]
    return call.paged(found, min(int(call.asked.said("limit", "100")), 100))


@route("GET", _SLUG, "collection", "open")
def read(call: Call) -> Answer:
    """The collection with what is in it."""
    return as_json(_named(call))


@route("PATCH", _SLUG, "collection", "person")
def change(call: Call) -> Answer:
    """Title, description, place, who sees it."""
    found = _named(call, to_write=True)
    found.update({name: value for name, value in call.asked.fields.items() if name in found and name not in ("items", "slug")})
    return as_json({"data": _touch(found)})


@route("DELETE", _SLUG, "collection", "person")
def drop(call: Call) -> Answer:
    """The collection is gone, what was in it is not."""
    _named(call, to_write=True)
    del call.state.collections[call.words["slug"]]
    return as_json({})


@route("POST", f"{_SLUG}/items?", "collection", "person")
def add_item(call: Call) -> Answer:
    """A repository, paper or collection joins; it cannot join twice."""
    found, item, note = _named(call, to_write=True), call.asked.fields["item"], call.asked.fields.get("note")
    if any((part["type"], part["id"]) == (item["type"], item["id"]) for part in found["items"]):
        raise RefusedError(409, "The item is in the collection already")
    if item["type"] in ("model", "dataset", "space"):
        call.state.find(item["type"], item["id"], call.person)
    mark = hashlib.sha1(f"{found['slug']} {item['type']} {item['id']}".encode()).hexdigest()[:24]
    found["items"].append({"_id": mark, "id": item["id"], "type": item["type"], "note": {"text": note} if note else None})
    return as_json(_touch(found))


def _item(call: Call, found: dict[str, Any]) -> dict[str, Any]:
    item = next((part for part in found["items"] if part["_id"] == call.words["item"]), None)
    if item is None:
        raise RefusedError(404, "Item not found")
    return item


@route("PATCH", f"{_SLUG}/items/{{item}}", "collection", "person")
def change_item(call: Call) -> Answer:
    """Another note or place."""
    found = _named(call, to_write=True)
    item, wish = _item(call, found), call.asked.fields
    if "note" in wish:
        item["note"] = {"text": wish["note"]}
    if "position" in wish:
        found["items"].remove(item)
        found["items"].insert(wish["position"], item)
    return as_json(_touch(found))


@route("DELETE", f"{_SLUG}/items/{{item}}", "collection", "person")
def drop_item(call: Call) -> Answer:
    """An item leaves."""
    found = _named(call, to_write=True)
    found["items"].remove(_item(call, found))
    return as_json(_touch(found))
