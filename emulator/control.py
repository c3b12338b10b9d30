"""The emulator's own endpoints under `/emulator/`: clock, faults, log, truth, environment. They are never logged."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from aiohttp import web

from emulator.api import answer
from emulator.encoding import decode
from emulator.faults import CATALOG, Fault
from emulator.truth import truth
from emulator.world import World

UNITS = ("days", "hours", "minutes", "seconds")


async def body_of(request: web.Request) -> Mapping[str, object]:
    """Read the JSON object that a control request must carry."""
    try:
        value = decode(await request.read())
    except ValueError:
        raise web.HTTPBadRequest(text="the body must be JSON") from None
    if not isinstance(value, dict):
        raise web.HTTPBadRequest(text="the body must be an object")
    return value


def _instant(text: str, name: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise web.HTTPBadRequest(text=f"{name} must be an ISO 8601 instant") from None
    if instant.tzinfo is None:
        raise web.HTTPBadRequest(text=f"{name} must carry its zone")
    return instant


def _number(value: object, name: str) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise web.HTTPBadRequest(text=f"{name} must be a number") from None


def _clock(world: World) -> web.Response:
    return answer({"now": world.clock.now(), "rate": world.clock.rate})


async def show_clock(world: World, request: web.Request) -> web.Response:
    """Answer `GET /emulator/clock`."""
    del request
    return _clock(world)


async def set_clock(world: World, request: web.Request) -> web.Response:
    """Answer `PUT /emulator/clock` with `{"now": instant, "rate": number}`, either or both."""
    body = await body_of(request)
    if "now" in body:
        world.clock.set(_instant(str(body["now"]), "now"))
    if "rate" in body:
        world.clock.rate = _number(body["rate"], "rate")
    return _clock(world)


async def advance_clock(world: World, request: web.Request) -> web.Response:
    """Answer `POST /emulator/clock/advance` with any of `days`, `hours`, `minutes`, `seconds`."""
    body = await body_of(request)
    if unknown := set(body) - set(UNITS):
        raise web.HTTPBadRequest(text=f"unknown unit {', '.join(sorted(unknown))}")
    world.clock.advance(timedelta(**{unit: _number(value, unit) for unit, value in body.items()}))
    return _clock(world)


def _fault(fault: Fault) -> dict[str, object]:
    return {
        "id": fault.id,
        "name": fault.name,
        "vehicle": fault.vehicle,
        "endpoint": fault.endpoint,
        "share": fault.share,
        "times": fault.times,
        **fault.options,
    }


async def list_faults(world: World, request: web.Request) -> web.Response:
    """Answer `GET /emulator/faults`: what is on, and what there is."""
    del request
    known = {name: {"meaning": each.meaning, "options": each.options} for name, each in CATALOG.items()}
    return answer({"faults": [_fault(fault) for fault in world.faults.active], "known": known})


async def add_fault(world: World, request: web.Request) -> web.Response:
    """Answer `POST /emulator/faults` with `{"name", "vehicle"?, "endpoint"?, "share"?, "times"?, options…}`."""
    try:
        fault = world.faults.add_mapping(await body_of(request))
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    return answer(_fault(fault), status=201)


async def remove_faults(world: World, request: web.Request) -> web.Response:
    """Answer `DELETE /emulator/faults`, or one by `/emulator/faults/{id}`."""
    if "fault_id" not in request.match_info:
        world.faults.clear()
    elif not world.faults.remove(int(request.match_info["fault_id"])):
        raise web.HTTPNotFound(text="no such fault is on")
    return answer({"status": "success"})


async def show_log(world: World, request: web.Request) -> web.Response:
    """Answer `GET /emulator/log`: entries with a number above `since`, oldest first."""
    since = int(_number(request.query.get("since", "0"), "since"))
    return answer({"entries": [entry.as_json() for entry in world.log.since(since)]})


async def clear_log(world: World, request: web.Request) -> web.Response:
    """Answer `DELETE /emulator/log`."""
    del request
    world.log.clear()
    return answer({"status": "success"})


async def show_truth(world: World, request: web.Request) -> web.Response:
    """Answer `GET /emulator/truth?vehicle_id=&since=&until=&ongoing=`: what really happened to connected vehicles."""
    query = request.query
    since, until = (_instant(query[name], name) if name in query else None for name in ("since", "until"))
    ongoing = query.get("ongoing") == "true"
    found = truth(world, query.get("vehicle_id"), since, until, ongoing=ongoing)
    return answer({"sessions": [each.as_json() for each in found]})


async def show_environment(world: World, request: web.Request) -> web.Response:
    """Answer `GET /emulator/environment`: the settings that point chargelake here."""
    return answer(world.config.environment(f"{request.scheme}://{request.host}"))


def add_routes(app: web.Application, world: World) -> None:
    """Put the control endpoints into the application."""
    for method, path, handler in (
        ("GET", "clock", show_clock),
        ("PUT", "clock", set_clock),
        ("POST", "clock/advance", advance_clock),
        ("GET", "faults", list_faults),
        ("POST", "faults", add_fault),
        ("DELETE", "faults", remove_faults),
        ("DELETE", r"faults/{fault_id:\d+}", remove_faults),
        ("GET", "log", show_log),
        ("DELETE", "log", clear_log),
        ("GET", "truth", show_truth),
        ("GET", "environment", show_environment),
    ):
        app.router.add_route(method, f"/emulator/{path}", partial(handler, world))
