"""The command over the connected vehicles: what is known of them, who is connected, what they can give."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.frame import AsJson, clear_errors, open_house, say, show_json, show_rows
from flows.exits import Exit, Stop

if TYPE_CHECKING:
    from flows.house import House

_COLUMNS = (
    "vehicle_id", "make", "model", "year", "timezone", "interfaces", "last_good_day", "days_known", "days_unknown",
    "days_at_risk", "lost_on", "disconnected_at", "whose_move", "what_to_do",
)  # fmt: skip
_OF_CAPABILITY = ("vehicle_id", "make", "stream", "can", "why", "since", "until")

Chosen = Annotated[list[str] | None, typer.Argument(metavar="[VEHICLE]...", help="Vehicles to switch, with --use.")]
Sync = Annotated[bool, typer.Option("--sync", help="Read first who is connected at Smartcar, as each run does.")]
Believe = Annotated[bool, typer.Option("--believe", help="With --sync: mark what is gone even if it is most of all.")]
Use = Annotated[
    str | None, typer.Option("--use", metavar="v2.0|v3|both", help="Ask these vehicles by this version of the API.")
]
Capabilities = Annotated[bool, typer.Option("--capabilities", help="Show what each vehicle can give; asks nobody.")]
Check = Annotated[bool, typer.Option("--check", help="With --capabilities: ask Smartcar, where read_vin is granted.")]
Country = Annotated[
    str | None, typer.Option("--country", metavar="CODE", help="With --check: where the vehicles are, as DE.")
]


def vehicles(
    chosen: Chosen = None,
    sync: Sync = False,
    believe: Believe = False,
    use: Use = None,
    capabilities: Capabilities = False,
    check: Check = False,
    country: Country = None,
    as_json: AsJson = False,
) -> None:
    """Show the connected vehicles, how far each is known, and whose move is next."""
    house = open_house()
    _agree(chosen, sync=sync, believe=believe, use=use, capabilities=capabilities, check=check, country=country)
    if use is not None:
        _switch(house, use, chosen or [])
    if sync:
        _sync(house, believe=believe)
    if capabilities:
        _show_capabilities(house, check=check, country=country, as_json=as_json)
    else:
        _show(house, as_json=as_json)


def _agree(
    chosen: list[str] | None, *, sync: bool, believe: bool, use: str | None, capabilities: bool, check: bool,
    country: str | None,
) -> None:  # fmt: skip
    """Refuse options that say nothing without another."""
    for given, name, with_ in (
        (believe and not sync, "--believe", "--sync"),
        (check and not capabilities, "--check", "--capabilities"),
        (country and not check, "--country", "--check"),
        (chosen and use is None, "a VEHICLE", "--use"),
    ):
        if given:
            raise Stop(Exit.USAGE, f"{name} goes with {with_}")
    if use is not None and not chosen:
        raise Stop(Exit.USAGE, f"--use {use}: name the vehicles to switch")


def _show(house: House, *, as_json: bool) -> None:
    from flows.publishing import completeness_now, vehicles_now

    with clear_errors():
        frame = vehicles_now(house, completeness_now(house))
    columns = (*_COLUMNS, "owner_id") if as_json else _COLUMNS
    show_rows(columns, frame.select(columns).iter_rows(), as_json=as_json)


def _switch(house: House, choice: str, names: list[str]) -> None:
    from flows.switching import use

    with clear_errors(), house.held():
        switched = use(house, choice, names)
    typer.echo(f"{len(switched)} vehicles are asked by {choice} from now on", err=True)


def _sync(house: House, *, believe: bool) -> None:
    from flows.leaving import sync

    with clear_errors(), house.held():
        changes = asyncio.run(sync(house, believe=believe))
    typer.echo("\n".join(changes.in_words()) or "the connections are as they were", err=True)


def _show_capabilities(house: House, *, check: bool, country: str | None, as_json: bool) -> None:
    from flows.capabilities import capabilities
    from flows.capabilities import check as ask

    with clear_errors():
        failed: dict[str, str] = {}
        if check:
            with house.held():
                failed = asyncio.run(ask(house, country))
        found = list(capabilities(house))
    if as_json:
        show_json({"capabilities": [asdict(each) for each in found], "not_checked": failed})
        return
    show_rows(_OF_CAPABILITY, (tuple(asdict(each).values()) for each in found), as_json=False)
    for vehicle_id, why in failed.items():
        say(f"vehicle {vehicle_id} was not checked: {why}")
