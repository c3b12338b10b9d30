"""The HTTP face of v3: tokens, connections, vehicles and signals (Smartcar's API reference, §8).

Order of the checks: faults, token (401), application's bucket (429), `sc-user-id` (400), vehicle (404, 403), permission
(403), spacing (429) and month (430) of the vehicle, then the call itself.
"""

from functools import partial

from aiohttp import web

from emulator import exchange
from emulator.api import answer, serve
from emulator.connections import Connection
from emulator.encoding import decode
from emulator.errors import OAuthError, failure
from emulator.faults.switchboard import Fault
from emulator.model import Vehicle
from emulator.tokens import Grant
from emulator.v2.vehicles import granted
from emulator.v3 import reading, shapes
from emulator.v3.signals import SIGNALS
from emulator.world import World

USER_HEADER = "sc-user-id"


async def token(world: World, request: web.Request) -> web.Response:
    """Answer `POST /oauth2/token`, as JSON or as a form."""
    response = answer(world.v3_tokens.new(await _form(request)))
    response.headers["Cache-Control"] = "no-store"
    return response


async def _form(request: web.Request) -> dict[str, object]:
    if request.content_type != "application/json":
        return dict(await request.post())
    try:
        value = decode(await request.read())
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise OAuthError("invalid_request", "The body must be a JSON object.")
    return value


def _application(world: World, request: web.Request) -> str | None:
    """Let the application's request in, count it, and give the user it speaks of."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise failure("AUTHENTICATION")
    world.v3_tokens.require(token)
    world.throttle.take_from_bucket()
    user_id = request.headers.get(USER_HEADER)
    exchange.of(request).user_id = user_id
    return user_id


def _vehicle(world: World, request: web.Request) -> tuple[Vehicle, Grant]:
    """Find the vehicle of a call among those of the user it names."""
    user_id = _application(world, request)
    if not user_id:
        raise failure("VALIDATION", "MISSING_PARAMETER", detail="missing userId")
    vehicle_id = request.match_info["vehicle_id"]
    connected = world.v3_connections.select(vehicle_id=vehicle_id)
    vehicle = world.fleet.vehicle(vehicle_id)
    if not connected or vehicle is None:
        raise failure("RESOURCE_NOT_FOUND", "VEHICLE_NOT_FOUND")
    grant = world.v3_connections.grant_of(user_id)
    if grant is None or vehicle_id not in grant.vehicle_ids:
        raise failure("PERMISSION", detail="the vehicle is not connected by this user")
    return vehicle, grant


async def vehicle(world: World, request: web.Request) -> web.Response:
    """Answer `GET /vehicles/{id}`."""
    found, grant = _vehicle(world, request)
    world.throttle.check_vehicle(found.id)
    return answer({"data": shapes.vehicle_resource(found, grant.mode), "links": {"self": request.path}})


async def signals(world: World, request: web.Request) -> web.Response:
    """Answer `GET /vehicles/{id}/signals`: what the store knows, in pages; nothing at all if it was never filled."""
    found, grant = _vehicle(world, request)
    world.throttle.check_vehicle(found.id)
    held = granted(world, grant, found.id)
    told = [shapes.signal(found, each) for each in reading.stored(world, found, held, "v3_signals")]
    data, rest = shapes.page(request, told, _link_faults(world, "v3_signals", found.id))
    return answer({"data": data, **rest, "included": {"vehicle": shapes.vehicle_resource(found, grant.mode)}})


async def signal(world: World, request: web.Request) -> web.Response:
    """Answer `GET /vehicles/{id}/signals/{code}`: 404 if the store knows nothing of it."""
    found, grant = _vehicle(world, request)
    code = request.match_info["code"]
    if code not in SIGNALS:
        raise failure("RESOURCE_NOT_FOUND", "PATH")
    held = granted(world, grant, found.id)
    if SIGNALS[code].permission not in held:
        raise failure("PERMISSION", detail=f"the permission {SIGNALS[code].permission} was not granted")
    world.throttle.check_vehicle(found.id)
    told = [each for each in reading.stored(world, found, held, "v3_signal") if each.code == code]
    if not told:
        raise failure("RESOURCE_NOT_FOUND", "SIGNAL_NOT_FOUND")
    resource = shapes.signal(found, told[0])
    included = {"vehicle": shapes.vehicle_resource(found, grant.mode)}
    return answer(resource if told[0].bare else {"data": resource, "included": included})


async def connections(world: World, request: web.Request) -> web.Response:
    """Answer `GET /connections`, narrowed by the filters and by `sc-user-id`."""
    user_id = _application(world, request)
    query = request.query
    wanted = query.get("filter[userId]", user_id)
    found = world.v3_connections.select(wanted, query.get("filter[vehicleId]"), query.get("filter[vehicle.mode]"))
    if user_id:
        found = [each for each in found if each.user_id == user_id]
    data, rest = shapes.page(request, found, _link_faults(world, "v3_connections", None))
    return answer({"data": [_connection(world, each) for each in data if isinstance(each, Connection)], **rest})


def _connection(world: World, told: Connection) -> shapes.Resource:
    vehicle = world.fleet.vehicle(told.vehicle_id)
    grant = world.v3_connections.grant_of(told.user_id)
    if vehicle is None or grant is None:
        raise failure("RESOURCE_NOT_FOUND", "CONNECTION_NOT_FOUND")
    return shapes.connection(told, vehicle, sorted(granted(world, grant, vehicle.id)))


def _find_connection(world: World, request: web.Request) -> Connection:
    _application(world, request)
    for each in world.v3_connections.select():
        if shapes.connection_id(each) == request.match_info["connection_id"]:
            return each
    raise failure("RESOURCE_NOT_FOUND", "CONNECTION_NOT_FOUND")


async def connection(world: World, request: web.Request) -> web.Response:
    """Answer `GET /connections/{id}`."""
    return answer({"data": _connection(world, _find_connection(world, request))})


async def disconnect(world: World, request: web.Request) -> web.Response:
    """Answer `DELETE /connections/{id}`: the vehicle is no longer reached through v3."""
    gone = _find_connection(world, request)
    world.v3_connections.disconnect(gone.user_id, gone.vehicle_id)
    return web.Response(status=204)


async def remove_user(world: World, request: web.Request) -> web.Response:
    """Answer `DELETE /users/{id}`: all of the user's connections are removed."""
    _application(world, request)
    if not world.v3_connections.disconnect(request.match_info["user_id"], None):
        raise failure("RESOURCE_NOT_FOUND", "USER_NOT_FOUND")
    return web.Response(status=204)


def _link_faults(world: World, endpoint: str, vehicle_id: str | None) -> dict[str, Fault]:
    return {fault.name: fault for fault in world.faults.of("links", endpoint, vehicle_id)}


def add_routes(app: web.Application, world: World) -> None:
    """Put the paths of v3 into the application."""
    for method, path, endpoint, handler in (
        ("POST", "/oauth2/token", "v3_token", token),
        ("GET", "/v3/connections", "v3_connections", connections),
        ("GET", "/v3/connections/{connection_id}", "v3_connections", connection),
        ("DELETE", "/v3/connections/{connection_id}", "v3_connections", disconnect),
        ("DELETE", "/v3/users/{user_id}", "v3_connections", remove_user),
        ("GET", "/v3/vehicles/{vehicle_id}", "v3_vehicle", vehicle),
        ("GET", "/v3/vehicles/{vehicle_id}/signals", "v3_signals", signals),
        ("GET", "/v3/vehicles/{vehicle_id}/signals/{code}", "v3_signal", signal),
    ):
        app.router.add_route(method, path, partial(serve, world, endpoint, handler))
