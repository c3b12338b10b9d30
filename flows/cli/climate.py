"""Commands over the climate of Teslas: climate show, climate start, climate stop."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.controls import Live, Send, VehicleId, carry_out, show
from flows.cli.frame import AsJson, clear_errors, open_house
from flows.exits import Exit, Stop

app = typer.Typer(help="Cabin, defroster and steering wheel of Teslas.", no_args_is_help=True)

Part = Annotated[str, typer.Argument(metavar="PART", help="cabin, defroster or steering_wheel.")]
Temperature = Annotated[float | None, typer.Option("--temperature", metavar="°C", help="Of the cabin.")]


@app.command("show", epilog="Example: chargelake climate show VEHICLE --live")
def show_climate(vehicle: VehicleId, live: Live = False, as_json: AsJson = False) -> None:
    """Show a vehicle's climate as it was last told."""
    from flows.controlling import settings_of
    from flows.leaving import known_vehicle

    house = open_house()
    with clear_errors():
        found = known_vehicle(house, vehicle)
        wanted = settings_of(found, "climate")
    show(house, found, wanted, live=live, as_json=as_json)


@app.command("start", epilog="Example: chargelake climate start VEHICLE cabin --temperature 21 --send")
def start(
    vehicle: VehicleId, part: Part = "cabin", temperature: Temperature = None, send: Send = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Switch a part on; shows what would be sent, and sends it with --send."""
    _switch(vehicle, part, on=True, temperature=temperature, send=send, as_json=as_json)


@app.command("stop", epilog="Example: chargelake climate stop VEHICLE cabin --send")
def stop(vehicle: VehicleId, part: Part = "cabin", send: Send = False, as_json: AsJson = False) -> None:
    """Switch a part off; shows what would be sent, and sends it with --send."""
    _switch(vehicle, part, on=False, temperature=None, send=send, as_json=as_json)


def _switch(vehicle: str, part: str, *, on: bool, temperature: float | None, send: bool, as_json: bool) -> None:
    from collectors.smartcar_v2.schedules import NotAllowed
    from flows.controlling import setting_of, standing
    from flows.leaving import known_vehicle
    from flows.orders import to_switch

    house = open_house()
    with clear_errors():
        found = known_vehicle(house, vehicle)
        snapshot = setting_of(found, "climate", part)
        try:
            known = standing(house, found, "climate")
            order = to_switch(found, snapshot, on=on, temperature=temperature, standing=known)
        except NotAllowed as error:
            raise Stop(Exit.USAGE, str(error)) from None
    carry_out(house, order, really=send, as_json=as_json)
