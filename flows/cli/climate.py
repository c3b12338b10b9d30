"""Commands over the climate of Teslas: climate show, climate start, climate stop."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from flows.cli.controls import Live, Send, carry_out, show
from flows.cli.frame import AsJson, OneVehicle

app = typer.Typer(help="Cabin, defroster and steering wheel of Teslas.", no_args_is_help=True)

Part = Annotated[str, typer.Argument(metavar="PART", help="cabin, defroster or steering_wheel.")]
Temperature = Annotated[float | None, typer.Option("--temperature", metavar="°C", help="Of the cabin.")]


@app.command("show", epilog="Example: chargelake climate show VEHICLE --live")
def show_climate(vehicle: OneVehicle, live: Live = False, as_json: AsJson = False) -> None:
    """Show a vehicle's climate as it was last told."""
    show(vehicle, "climate", live=live, as_json=as_json)


@app.command("start", epilog="Example: chargelake climate start VEHICLE cabin --temperature 21 --send")
def start(
    vehicle: OneVehicle, part: Part = "cabin", temperature: Temperature = None, send: Send = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Switch a part on; shows what would be sent, and sends it with --send."""
    _switch(vehicle, part, on=True, temperature=temperature, send=send, as_json=as_json)


@app.command("stop", epilog="Example: chargelake climate stop VEHICLE cabin --send")
def stop(vehicle: OneVehicle, part: Part = "cabin", send: Send = False, as_json: AsJson = False) -> None:
    """Switch a part off; shows what would be sent, and sends it with --send."""
    _switch(vehicle, part, on=False, temperature=None, send=send, as_json=as_json)


def _switch(vehicle: str, part: str, *, on: bool, temperature: float | None, send: bool, as_json: bool) -> None:
    from flows.orders import to_switch

    order = partial(to_switch, on=on, temperature=temperature)
    carry_out(vehicle, "climate", order, part=part, really=send, as_json=as_json)
