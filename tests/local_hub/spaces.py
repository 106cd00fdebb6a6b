"""What Spaces have beside files: secrets, variables, hardware, and whether they run. Nothing is built or started here."""

from typing import Any

from local_hub.about import runtime
from local_hub.exchange import Answer, as_json
from local_hub.routing import Call, route


@route("GET", "/api/(?P<kind>spaces)/{repo}/runtime", "space", "read")
def get_runtime(call: Call) -> Answer:
    """Stage and hardware."""
    return as_json(runtime(call.repo))


@route("GET", "/api/(?P<kind>spaces)/{repo}/secrets", "space", "write")
def get_secrets(call: Call) -> Answer:
    """Names; the values are never told."""
    return as_json({key: {"key": key} for key in call.repo.space.secrets})


@route("GET", "/api/(?P<kind>spaces)/{repo}/variables", "space", "write")
def get_variables(call: Call) -> Answer:
    """Names and values."""
    return as_json(_variables(call))


@route("POST", "/api/(?P<kind>spaces)/{repo}/(?P<place>secrets|variables)", "space", "write")
def put(call: Call) -> Answer:
    """Add or replace one."""
    _place(call)[call.asked.fields["key"]] = call.asked.fields["value"]
    return as_json(_variables(call))


@route("DELETE", "/api/(?P<kind>spaces)/{repo}/(?P<place>secrets|variables)", "space", "write")
def drop(call: Call) -> Answer:
    """Take one away."""
    _place(call).pop(call.asked.fields["key"], None)
    return as_json(_variables(call))


def _place(call: Call) -> dict[str, str]:
    return call.repo.space.secrets if call.words["place"] == "secrets" else call.repo.space.variables


def _variables(call: Call) -> dict[str, Any]:
    return {key: {"key": key, "value": value} for key, value in call.repo.space.variables.items()}


@route("POST", "/api/(?P<kind>spaces)/{repo}/(?P<deed>hardware|sleeptime|pause|restart)", "space", "write")
def steer(call: Call) -> Answer:
    """Other hardware, another time to sleep after, a pause, a start."""
    space, wish, deed = call.repo.space, call.asked.fields, call.words["deed"]
    space.hardware = wish.get("flavor", space.hardware)
    space.sleep_s = wish.get("seconds", wish.get("sleepTimeSeconds", space.sleep_s))
    space.paused = deed == "pause" or (space.paused and deed != "restart")
    return as_json(runtime(call.repo))
