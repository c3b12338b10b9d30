"""Commands over charge schedules: schedule show, schedule set, schedule clear."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from flows.cli.controls import Live, Send, carry_out, show
from flows.cli.frame import AsJson, OneVehicle
from flows.exits import Exit, Stop

app = typer.Typer(help="When vehicles are to charge: Tesla, Nissan, Ford, Lincoln.", no_args_is_help=True)

_Time = Annotated[str | None, typer.Option(metavar="HH:MM", help="Tesla, on the vehicle's own clock.")]
_Windows = Annotated[
    list[str] | None,
    typer.Option("--window", metavar="DAYS HH:MM-HH:MM", help="Nissan, UTC: 'MON-FRI 22:00-06:00'; at most three."),
]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="LAT,LON", help="Ford and Lincoln: for which place, as `schedule show` has it."),
]
_Limit = Annotated[float | None, typer.Option("--limit", help="Ford and Lincoln: where charging ends, 0.5 to 1.")]
_Part = Annotated[
    list[str] | None, typer.Option(metavar="HH:MM-HH:MM", help="Ford and Lincoln: whole hours; repeatable.")
]
_AnyTime = Annotated[
    list[str] | None,
    typer.Option("--any-time", metavar="PART", help="Ford and Lincoln: no window at weekday or weekend; repeatable."),
]
_OnPlugin = Annotated[
    bool | None, typer.Option("--charge-on-plugin/--no-charge-on-plugin", help="Ford and Lincoln.", show_default=False)
]


@app.command("show", epilog="Example: chargelake schedule show VEHICLE --live")
def show_schedule(vehicle: OneVehicle, live: Live = False, as_json: AsJson = False) -> None:
    """Show a vehicle's charge schedule as it was last told."""
    show(vehicle, "schedule", live=live, as_json=as_json)


@app.command("set", epilog="Example: chargelake schedule set VEHICLE --start-time 23:30 --send")
def set_schedule(
    vehicle: OneVehicle,
    start_time: _Time = None,
    departure_time: _Time = None,
    window: _Windows = None,
    at: At = None,
    limit: _Limit = None,
    weekday: _Part = None,
    weekend: _Part = None,
    any_time: _AnyTime = None,
    charge_on_plugin: _OnPlugin = None,
    send: Send = False,
    as_json: AsJson = False,
) -> None:
    """Set a vehicle's charge schedule; shows what would be sent, and sends it with --send."""
    from flows.orders import Wish, to_set

    parts = _parts(weekday, weekend, any_time)
    wish = Wish(
        start_time=start_time, departure_time=departure_time, windows=_given(window), at=at, limit=limit,
        weekday=parts["weekday"], weekend=parts["weekend"], on_plugin=charge_on_plugin,
    )  # fmt: skip
    carry_out(vehicle, "schedule", partial(to_set, wish=wish), really=send, as_json=as_json)


@app.command("clear", epilog="Example: chargelake schedule clear VEHICLE --send")
def clear_schedule(vehicle: OneVehicle, at: At = None, send: Send = False, as_json: AsJson = False) -> None:
    """Let a vehicle charge at any time; shows what would be sent, and sends it with --send."""
    from flows.orders import to_clear

    carry_out(vehicle, "schedule", partial(to_clear, at=at), really=send, as_json=as_json)


def _given(texts: list[str] | None) -> tuple[str, ...] | None:
    """What was written; typer gives an empty list where an option was left out."""
    return tuple(texts) if texts else None


def _parts(
    weekday: list[str] | None, weekend: list[str] | None, any_time: list[str] | None
) -> dict[str, tuple[str, ...] | None]:
    parts = {"weekday": _given(weekday), "weekend": _given(weekend)}
    for name in any_time or ():
        if name not in parts:
            raise Stop(Exit.USAGE, f"--any-time {name}: weekday or weekend")
        if parts[name]:
            raise Stop(Exit.USAGE, f"--any-time {name} and --{name} exclude each other")
        parts[name] = ()
    return parts
