"""The HTTP face of v2.0: who may ask, what it counts against, and which function of `emulator.v2` answers.

Order of the checks: faults, token (401), application's bucket (429), vehicle (403, 404), permission (403), spacing
(429) and month (430) of the vehicle, then the call itself.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from emulator import credentials, exchange
from emulator.encoding import decode, encode
from emulator.errors import ApiError, OAuthError, bad_parameter, failure
from emulator.faults import http
from emulator.model import Vehicle
from emulator.tokens import Grant
from emulator.v2 import management, vehicles
from emulator.world import World

Handler = Callable[[World, web.Request], Awaitable[web.Response]]


def answer(value: object, status: int = 200) -> web.Response:
    """Give JSON."""
    return web.Response(status=status, body=encode(value), content_type="application/json")


async def serve(
    world: World, endpoint: str | Callable[[web.Request], str], handler: Handler, request: web.Request
) -> web.StreamResponse:
    """Take one request from its faults to its log entry."""
    name = endpoint if isinstance(endpoint, str) else endpoint(request)
    seen = exchange.begin(request, name)
    status = 0
    try:
        response = await _answer(world, handler, request, seen)
        response.headers.update(exchange.headers(world, request, seen))
        fault = world.faults.strikes(("answer",), name, seen.vehicle_id)
        final: web.StreamResponse = response
        if fault is not None:
            seen.fault = fault.name
            refusal = seen.error_body(failure("SERVER", "INTERNAL"))
            final = await http.spoil(fault, request, response, refusal)
            if not final.prepared:
                final.headers.update(exchange.headers(world, request, seen))
        status = 0 if request.transport is None or request.transport.is_closing() else final.status
        return final
    finally:
        exchange.write_log(world, request, seen, status)


async def _answer(world: World, handler: Handler, request: web.Request, seen: exchange.Exchange) -> web.Response:
    try:
        await _strike(world, request, seen)
        return await handler(world, request)
    except ApiError as error:
        seen.error = error
        response = answer(seen.error_body(error), error.status)
        response.headers.update(error.headers)
        return response
    except OAuthError as error:
        seen.error = ApiError("OAUTH", error.error, error.status, error.description)
        return answer({"error": error.error, "error_description": error.description}, error.status)


async def _strike(world: World, request: web.Request, seen: exchange.Exchange) -> None:
    """Let a fault on requests happen before anything else is looked at."""
    fault = world.faults.strikes(("request", "error"), seen.endpoint, seen.vehicle_id)
    if fault is None:
        return
    seen.fault = fault.name
    if fault.name == "reset":
        http.reset(request)
    elif fault.name == "hang":
        await http.hang(fault)
    else:
        raise http.error_of(fault, world.clock.now())


def _owner(world: World, request: web.Request) -> Grant:
    """Let an owner's request in and count it for the application."""
    grant = credentials.owner(request, world.tokens)
    exchange.of(request).user_id = grant.user_id
    world.throttle.take_from_bucket()
    return grant


def _vehicle(world: World, grant: Grant, vehicle_id: str) -> Vehicle:
    vehicle = world.fleet.vehicle(vehicle_id)
    if vehicle is None:
        raise failure("RESOURCE_NOT_FOUND", "PATH")
    if vehicle_id not in grant.vehicle_ids:
        raise failure("PERMISSION", detail="the vehicle is not connected to this token")
    return vehicle


def _permit(world: World, grant: Grant, vehicle_id: str, permission: str) -> None:
    if permission not in vehicles.granted(world, grant, vehicle_id):
        raise failure("PERMISSION", detail=f"the permission {permission} was not granted")


async def user(world: World, request: web.Request) -> web.Response:
    """Answer `GET /user`."""
    return answer(vehicles.user(_owner(world, request)))


async def vehicle_list(world: World, request: web.Request) -> web.Response:
    """Answer `GET /vehicles`."""
    return answer(vehicles.vehicles(_owner(world, request), request.query))


async def permission_list(world: World, request: web.Request) -> web.Response:
    """Answer `GET /vehicles/{id}/permissions`."""
    grant, vehicle_id = _owner(world, request), request.match_info["vehicle_id"]
    _vehicle(world, grant, vehicle_id)
    world.throttle.check_vehicle(vehicle_id)
    return answer(vehicles.permissions(world, grant, vehicle_id, request.query))


async def vehicle_call(permission: str, call: vehicles.VehicleCall, world: World, request: web.Request) -> web.Response:
    """Answer a call for one vehicle that needs a permission."""
    grant, vehicle_id = _owner(world, request), request.match_info["vehicle_id"]
    vehicle = _vehicle(world, grant, vehicle_id)
    _permit(world, grant, vehicle_id, permission)
    world.throttle.check_vehicle(vehicle_id)
    return answer(call(world, vehicle, request.match_info, request.query))


async def control_call(permission: str, call: vehicles.ControlCall, world: World, request: web.Request) -> web.Response:
    """Answer a call that sets something of one vehicle."""
    grant, vehicle_id = _owner(world, request), request.match_info["vehicle_id"]
    vehicle = _vehicle(world, grant, vehicle_id)
    _permit(world, grant, vehicle_id, permission)
    world.throttle.check_vehicle(vehicle_id)
    try:
        body = decode(await request.read())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise bad_parameter("body", "must be a JSON object")
    return answer(call(world, vehicle, request.match_info, request.query, body))


async def batch(world: World, request: web.Request) -> web.Response:
    """Answer `POST /vehicles/{id}/batch`: one request of the application, each path one of the vehicle."""
    grant, vehicle_id = _owner(world, request), request.match_info["vehicle_id"]
    vehicle = _vehicle(world, grant, vehicle_id)
    try:
        paths = vehicles.batch_paths(decode(await request.read()))
    except ValueError:
        raise bad_parameter("body", "must be JSON") from None
    world.throttle.check_vehicle(vehicle_id, requests=len(paths))
    responses = [_batched(world, grant, vehicle, path, exchange.of(request)) for path in paths]
    return answer({"responses": responses})


def _batched(world: World, grant: Grant, vehicle: Vehicle, path: str, seen: exchange.Exchange) -> dict[str, object]:
    result: dict[str, object] = {"path": path, "headers": {"sc-unit-system": "metric"}}
    try:
        permission, call, match = vehicles.call_for(path)
        _permit(world, grant, vehicle.id, permission)
        return result | {"code": 200, "body": call(world, vehicle, match, {})}
    except ApiError as error:
        return result | {"code": error.status, "body": error.body(seen.request_id)}


async def disconnect(world: World, request: web.Request) -> web.Response:
    """Answer `DELETE /vehicles/{id}/application`, asked by the owner's token or the management token."""
    vehicle_id = request.match_info["vehicle_id"]
    if not credentials.is_manager(request, world.config):
        grant = credentials.owner(request, world.tokens)
        exchange.of(request).user_id = grant.user_id
        _vehicle(world, grant, vehicle_id)
    if not world.connections.disconnect(None, vehicle_id):
        raise failure("RESOURCE_NOT_FOUND", "PATH")
    return answer({"status": "success"})


async def compatibility(world: World, request: web.Request) -> web.Response:
    """Answer `GET /compatibility`, asked with the application's credentials."""
    if not credentials.is_client(request, world.config):
        raise failure("AUTHENTICATION")
    return answer(management.compatibility(world, request.query))


async def connections(world: World, request: web.Request) -> web.Response:
    """Answer `GET` and `DELETE /management/connections`."""
    if not credentials.is_manager(request, world.config):
        raise failure("AUTHENTICATION")
    act = management.disconnect if request.method == "DELETE" else management.connections
    return answer(act(world, request.query))


async def nowhere(world: World, request: web.Request) -> web.Response:
    """Refuse a path or a version that does not exist."""
    del world
    raise failure("RESOURCE_NOT_FOUND", "PATH" if request.path.startswith(("/v2.0/", "/v3/")) else "VERSION")


def add_routes(app: web.Application, world: World) -> None:
    """Put the paths of v2.0 into the application."""

    def route(method: str, path: str, endpoint: str | Callable[[web.Request], str], handler: Handler) -> None:
        app.router.add_route(method, path, partial(serve, world, endpoint, handler))

    base = "/v2.0/vehicles/{vehicle_id}"
    route("GET", "/v2.0/user", "user", user)
    route("GET", "/v2.0/vehicles", "vehicles", vehicle_list)
    route("GET", f"{base}/permissions", "permissions", permission_list)
    route("POST", f"{base}/batch", "batch", batch)
    route("DELETE", f"{base}/application", "disconnect", disconnect)
    route("GET", "/v2.0/compatibility", "compatibility", compatibility)
    route("GET", "/v2.0/management/connections", "connections", connections)
    route("DELETE", "/v2.0/management/connections", "connections", connections)
    for path, permission, call in vehicles.VEHICLE_CALLS:
        route("GET", base + path, _endpoint_name(path), partial(vehicle_call, permission, call))
    for method, path, permission, control in vehicles.CONTROL_CALLS:
        route(method, base + path, _endpoint_name(path, "_set"), partial(control_call, permission, control))
    route("*", "/v{version}/{path:.*}", "nowhere", nowhere)


def _endpoint_name(path: str, end: str = "") -> Callable[[web.Request], str]:
    return lambda request: vehicles.endpoint_of(path, request.match_info.get("make", "")) + end
