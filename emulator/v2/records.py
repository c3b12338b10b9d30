"""The charge records of v2.0: BMW's and MINI's sessions, Tesla's days, Tesla's bills (§5 of the API reference)."""

from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from emulator.errors import failure
from emulator.faults.billing import BILLING_FAULTS, cut_page
from emulator.faults.days import DAY_FAULTS
from emulator.faults.records import RECORD_FAULTS
from emulator.faults.rows import apply
from emulator.faults.shapes import SHAPE_FAULTS
from emulator.model import Vehicle
from emulator.v2.shapes import Record, Row, billing_row, day_rows, session_row
from emulator.v2.windows import Window, reachable, read_integer, read_window
from emulator.world import World

Query = Mapping[str, str]
SESSION_MAKES = ("bmw", "mini")
DAY = timedelta(days=1)
LAST_PAGE = 1_000_000


def charge_records(world: World, vehicle: Vehicle, make: str, query: Query) -> Record:
    """Answer `/{make}/charge/records`; the make must be written in lower case and be the vehicle's own."""
    if make != make.lower():
        raise failure("PERMISSION", detail=f"no permission is defined for the make {make!r}")
    if make not in (*SESSION_MAKES, "tesla"):
        raise failure("RESOURCE_NOT_FOUND", "PATH")
    require_make(vehicle, make)
    rows = tesla_days(world, vehicle, query) if make == "tesla" else sessions(world, vehicle, query)
    return {"records": [row.record for row in rows]}


def require_make(vehicle: Vehicle, make: str) -> None:
    """Refuse a call that is made for another make than the vehicle's."""
    if vehicle.make != make.upper():
        raise failure("COMPATIBILITY", "MAKE_NOT_COMPATIBLE")


def sessions(world: World, vehicle: Vehicle, query: Query) -> list[Row]:
    """Give a BMW's or MINI's sessions that start in the window, oldest first, as far back as one may see (§5.3)."""
    now = world.clock.now()
    window = read_window(query, vehicle, now)
    window = reachable(window, vehicle, now, world.throttle.limits.window_days)
    rows = [session_row(vehicle, each) for each in world.sessions(vehicle, window.since, window.until)]
    faults = world.faults.of("records", f"{vehicle.make.lower()}_records", vehicle.id)
    rows = apply(world.faults, RECORD_FAULTS, faults, rows, (vehicle, now))
    rows = _misshapen(world, f"{vehicle.make.lower()}_records", rows, vehicle)
    return sorted(rows, key=lambda row: row.when)


def tesla_days(world: World, vehicle: Vehicle, query: Query) -> list[Row]:
    """Give a Tesla's local days in the window; a car of the newer integration is not capable of it (§5.1)."""
    now = world.clock.now()
    window = read_window(query, vehicle, now)
    if vehicle.daily_records == "not_capable":
        raise failure("COMPATIBILITY", "VEHICLE_NOT_CAPABLE")
    if vehicle.daily_records == "empty":
        return []
    rows = [row for row in _days_around(world, vehicle, window) if _inside(row, vehicle, window)]
    faults = world.faults.of("days", "tesla_records", vehicle.id)
    rows = apply(world.faults, DAY_FAULTS, faults, rows, (vehicle, now))
    return _misshapen(world, "tesla_records", rows, vehicle)


def _misshapen(world: World, endpoint: str, rows: list[Row], vehicle: Vehicle) -> list[Row]:
    """Let the faults that any record can have change the rows, after those of its own kind."""
    faults = world.faults.of("shapes", endpoint, vehicle.id)
    return apply(world.faults, SHAPE_FAULTS, faults, rows, (vehicle, world.clock.now()))


def _days_around(world: World, vehicle: Vehicle, window: Window) -> list[Row]:
    """Give the days of a window and their neighbours: a local day lies partly in the UTC day beside it."""
    return day_rows(vehicle, world.sessions(vehicle, window.since - DAY, window.until + DAY))


def _inside(row: Row, vehicle: Vehicle, window: Window) -> bool:
    return window.first <= row.when.astimezone(ZoneInfo(vehicle.zone)).date() <= window.last


def tesla_billing(world: World, vehicle: Vehicle, query: Query) -> Record:
    """Give one page of a Tesla's bills that are posted by now, the most recent session first (§5.2)."""
    require_make(vehicle, "tesla")
    now = world.clock.now()
    window = read_window(query, vehicle, now)
    page = read_integer(query, "page", default=1, least=1, most=LAST_PAGE)
    rows = [
        billing_row(vehicle, each, now)
        for each in world.sessions(vehicle, window.since, window.until)
        if each.bill is not None and each.bill.posted_at <= now
    ]
    faults = world.faults.of("billing", "tesla_billing", vehicle.id)
    rows = apply(world.faults, BILLING_FAULTS, faults, rows, (vehicle, now))
    rows = _misshapen(world, "tesla_billing", rows, vehicle)
    rows.sort(key=lambda row: (row.when, row.key), reverse=True)
    paging = [
        fault for fault in world.faults.of("pages", "tesla_billing", vehicle.id) if world.faults.hits(fault, vehicle.id)
    ]
    inserted = [fault for fault in paging if fault.name == "inserted_while_paging" and page == 1]
    unread = all(world.faults.count(fault, vehicle.id) == 0 for fault in inserted)
    shown, more = cut_page(rows, page, world.config.billing_page_size, paging, unread=unread)
    return {"records": [row.record for row in shown], "hasMoreData": more}
