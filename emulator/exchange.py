"""One request on its way through the emulator: its id, whom it is about, and the log entry and headers it ends with."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from aiohttp import web

from emulator.errors import ApiError
from emulator.log import SECRET_PARAMETERS, LogEntry
from emulator.world import World

V3_PATHS = ("/v3/", "/oauth2/")


@dataclass(slots=True)
class Exchange:
    """What is known of a request so far; `endpoint` is the name that faults and the log use."""

    endpoint: str
    request_id: str
    v3: bool = False
    vehicle_id: str | None = None
    user_id: str | None = None
    fault: str | None = None
    error: ApiError | None = None

    def error_body(self, error: ApiError) -> dict[str, object]:
        """Give the body of an error in the words of the version that was asked."""
        return error.body_v3() if self.v3 else error.body(self.request_id)


_KEY = web.RequestKey("exchange", Exchange)


def begin(request: web.Request, endpoint: str) -> Exchange:
    """Open the exchange of a request; its id comes from the machine, as it means nothing to the world's seed."""
    v3 = request.path.startswith(V3_PATHS)
    exchange = Exchange(endpoint, str(uuid4()), v3, vehicle_id=request.match_info.get("vehicle_id"))
    request[_KEY] = exchange
    return exchange


def of(request: web.Request) -> Exchange:
    """Give the exchange of a request."""
    return request[_KEY]


def headers(world: World, request: web.Request, exchange: Exchange) -> dict[str, str]:
    """Give the headers that every answer of the API carries (Smartcar's API reference, §4)."""
    units = request.headers.get("sc-unit-system", "metric")
    return {
        "sc-request-id": exchange.request_id,
        "sc-data-age": world.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "sc-unit-system": units if units in ("metric", "imperial") else "metric",
    }


def write_log(world: World, request: web.Request, exchange: Exchange, status: int) -> None:
    """Put the exchange into the log, without anything secret in its query."""
    query = {key: "***" if key in SECRET_PARAMETERS else value for key, value in request.query.items()}
    error = exchange.error
    entry = LogEntry(
        number=world.log.next_number(),
        method=request.method,
        path=request.path,
        query=query,
        endpoint=exchange.endpoint,
        vehicle_id=exchange.vehicle_id,
        user_id=exchange.user_id,
        status=status,
        error_type=error.type if error else None,
        error_code=error.code if error else None,
        request_id=exchange.request_id,
        at=world.clock.now(),
        at_real=datetime.now(UTC),
        fault=exchange.fault,
    )
    world.log.add(entry)
