"""What the commands over schedules and climate share: what would be sent, what was answered, what stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.frame import clear_errors, open_house, say, show_json, show_rows
from flows.exits import Exit, Stop

if TYPE_CHECKING:
    import polars as pl

    from collectors.calls import Call
    from collectors.snapshots import Kind, Snapshot
    from flows.controlling import Done, Order
    from flows.house import House
    from lake.registry import Vehicle

    MakeOrder = Callable[[Vehicle, Snapshot, pl.DataFrame], Order]
    """Makes the order for a vehicle and what of it is set, from the rows that stand; raises `NotAllowed`."""

Live = Annotated[bool, typer.Option("--live", help="Ask the vehicle now, instead of what was collected last.")]
Send = Annotated[bool, typer.Option("--send", help="Send it; without this, only show what would be sent.")]

_SHOWN = {
    "schedule": (
        "kind", "enabled", "days", "start_time", "end_time", "over_midnight", "zone", "place", "latitude",
        "longitude", "charge_limit_pct", "source", "observed_at",
    ),
    "climate": ("part", "status", "temperature_c", "observed_at"),
}  # fmt: skip


def show(name: str, kind: Kind, *, live: bool, as_json: bool) -> None:
    """Show what stands for the vehicle of this id or name, after asking for it if `live`."""
    from flows.controlling import look, settings_of, standing, trouble
    from flows.leaving import known_vehicle

    house = open_house()
    with clear_errors():
        vehicle = known_vehicle(house, name)
        wanted = settings_of(vehicle, kind)
        if live:
            with house.held():
                look(house, vehicle, wanted)
        rows, why = standing(house, vehicle, kind), trouble(house, vehicle, wanted)
    if as_json:
        show_json(_facts(vehicle, kind, rows) | {"trouble": why})
        return
    _show_rows(kind, rows)
    if why:
        say(why)


def carry_out(
    name: str, kind: Kind, make_order: MakeOrder, *, part: str | None = None, really: bool, as_json: bool
) -> None:
    """Make an order for the vehicle of this id or name; send it and show what came of it, or what would be sent."""
    from flows.controlling import send, standing

    house = open_house()
    order = _order(house, name, kind, part, make_order)
    if not really or not order.calls:
        _show_order(order, as_json=as_json)
        return
    with clear_errors(), house.held():
        done = send(house, order)
        rows = standing(house, order.vehicle, order.snapshot.kind)
    if as_json:
        show_json(
            {"sent": True, "requests": [_request(call) for call in order.calls], "answers": list(done.answers)}
            | _facts(order.vehicle, order.snapshot.kind, rows)
            | {"read_back": done.read_back}
        )
    else:
        _show_done(order, done, rows)
    if any(answer.get("status") == "UNAVAILABLE" for answer in done.answers):
        raise Stop(Exit.USAGE, f"{order.vehicle.vehicle_id}: {order.snapshot.part} is not fitted (UNAVAILABLE)")


def _order(house: House, name: str, kind: Kind, part: str | None, make_order: MakeOrder) -> Order:
    from collectors.smartcar_v2.schedules import NotAllowed
    from flows.controlling import setting_of, standing
    from flows.leaving import known_vehicle

    with clear_errors():
        vehicle = known_vehicle(house, name)
        snapshot = setting_of(vehicle, kind, part)
        try:
            return make_order(vehicle, snapshot, standing(house, vehicle, kind))
        except NotAllowed as error:
            raise Stop(Exit.USAGE, str(error)) from None


def _show_order(order: Order, *, as_json: bool) -> None:
    if as_json:
        show_json({"sent": False, "requests": [_request(call) for call in order.calls]})
        return
    if not order.calls:
        say("nothing is set: there is nothing to clear")
        return
    say("\n".join([*map(_in_words, order.calls), "nothing was sent; --send sends it"]))


def _show_done(order: Order, done: Done, rows: pl.DataFrame) -> None:
    for call, answer in zip(order.calls, done.answers, strict=True):
        say(f"{_in_words(call)}\nanswered: {json.dumps(answer, ensure_ascii=False)}")
    if done.read_back:
        _show_rows(order.snapshot.kind, rows)
    else:
        say(f"not read back: the owner has not granted {order.snapshot.permission}")


def _show_rows(kind: Kind, rows: pl.DataFrame) -> None:
    if rows.is_empty():
        say("nothing is known yet; --live asks")
        return
    show_rows(_SHOWN[kind], rows.select(_SHOWN[kind]).iter_rows(), as_json=False)


def _facts(vehicle: Vehicle, kind: Kind, rows: pl.DataFrame) -> dict[str, Any]:
    return {"vehicle_id": vehicle.vehicle_id, "make": vehicle.make, kind: rows.select(_SHOWN[kind]).to_dicts()}


def _request(call: Call) -> dict[str, Any]:
    return {"method": call.method, "path": call.path, "query": dict(call.query), "body": call.body}


def _in_words(call: Call) -> str:
    query = "&".join(f"{name}={value}" for name, value in call.query)
    return f"{call.method} {call.path}{'?' if query else ''}{query}\n{json.dumps(call.body)}"
