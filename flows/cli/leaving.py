"""Commands for a vehicle that leaves: disconnect, forget."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.frame import A_VEHICLE, AsJson, OneVehicle, clear_errors, open_house, say, show_json
from flows.exits import Exit, Stop

if TYPE_CHECKING:
    from flows.house import House
    from lake.forgotten import Ending

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether that is meant.")]
Keep = Annotated[bool, typer.Option("--keep-connection", help="Erase here, and leave the connection at Smartcar.")]
EvenIf = Annotated[bool, typer.Option("--even-if-connected", help="Erase even if the connection cannot be ended.")]
Undo = Annotated[bool, typer.Option("--undo", help="Let a forgotten vehicle be connected again; brings nothing back.")]
OfOwner = Annotated[str | None, typer.Option("--owner", metavar="USER", help="All vehicles of this owner.")]
ThisVehicle = Annotated[str | None, typer.Argument(metavar="VEHICLE", help=A_VEHICLE)]


def disconnect(vehicle: ThisVehicle = None, owner: OfOwner = None, as_json: AsJson = False) -> None:
    """Give up the access to a vehicle, or to all of an owner; what was collected stays."""
    from flows.leaving import disconnect_owner, disconnect_vehicle

    house = open_house()
    if (vehicle is None) == (owner is None):
        raise Stop(Exit.USAGE, "name a VEHICLE, or its owner with --owner USER")
    with clear_errors(), house.held():
        if owner is not None:
            gone = asyncio.run(disconnect_owner(house, owner))
        else:
            gone = (asyncio.run(disconnect_vehicle(house, str(vehicle))),)
    if as_json:
        show_json({"disconnected": list(gone)})
    else:
        say(f"{len(gone)} vehicles disconnected; what was collected stays, `chargelake forget` erases it")


def forget(
    vehicle: OneVehicle,
    yes: Yes = False,
    keep_connection: Keep = False,
    even_if_connected: EvenIf = False,
    undo: Undo = False,
    as_json: AsJson = False,
) -> None:
    """Erase a vehicle from everything here, disconnect it, and keep it from coming back."""
    from flows.leaving import forget_vehicle, may_come_back

    house = open_house()
    if keep_connection and even_if_connected:
        raise Stop(Exit.USAGE, "--keep-connection and --even-if-connected exclude each other")
    if undo:
        with clear_errors(), house.held():
            may_come_back(house, vehicle)
        if as_json:
            show_json({"forgotten": False})
        else:
            say("it may be connected again: `chargelake connect`; what was erased does not come back")
        return
    _confirm(house, vehicle, yes=yes)
    ending: Ending = "keep" if keep_connection else "may_stay" if even_if_connected else "must_end"
    with clear_errors(), house.held():
        note = asyncio.run(forget_vehicle(house, vehicle, ending))
    if as_json:
        show_json({"forgotten": True, "note": note})
    else:
        left = "forgotten: no byte of it is left under the home"
        say(
            "\n".join(
                filter(None, [f"{left}, closed months apart" if note and "closed months" in note else left, note])
            )
        )


def _confirm(house: House, vehicle: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Stop(Exit.USAGE, "forget erases for good: say --yes where nobody can be asked")
    typer.echo(f"Everything of {vehicle} under {house.store.home} will be erased for good.", err=True)
    if not typer.confirm("Go on?", err=True):
        raise Stop(Exit.USAGE, "nothing was erased")
