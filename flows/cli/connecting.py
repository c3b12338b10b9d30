"""The command that connects an owner's vehicles."""

from __future__ import annotations

import asyncio
import webbrowser
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.frame import AsJson, clear_errors, open_house, say, show_json
from flows.exits import Exit, Stop

if TYPE_CHECKING:
    from collectors.consent import Connected
    from flows.house import House

TestAccount = Annotated[
    str | None,
    typer.Option("--test-account", metavar="EMAIL", help="Connect a test-mode account without a browser (emulator)."),
]
Code = Annotated[str | None, typer.Option("--code", metavar="CODE", help="A code that was obtained elsewhere.")]
Zone = Annotated[
    str | None, typer.Option("--timezone", metavar="ZONE", help="IANA time zone of the vehicles, as Europe/Berlin.")
]
V3 = Annotated[
    bool,
    typer.Option("--v3", help="Connect through v3; without it through v2.0, if its credentials are set."),
]
Scopes = Annotated[
    str | None,
    typer.Option("--scopes", metavar="WORDS", help="Ask for more: schedules, climate, vin; several by comma."),
]
Open = Annotated[bool, typer.Option("--open/--no-open", help="Open the Connect page in a browser.")]


def connect(
    test_account: TestAccount = None,
    code: Code = None,
    timezone: Zone = None,
    scopes: Scopes = None,
    v3: V3 = False,
    open_page: Open = False,
    as_json: AsJson = False,
) -> None:
    """Connect an owner's vehicles through Smartcar Connect."""
    from flows.connecting import connect_owner

    house = open_house()
    wanted = _scopes(scopes)
    through_v3 = v3 or house.settings.smartcar.interfaces == ("v3",)
    _check(house, test_account, code, timezone, through_v3=through_v3)
    with clear_errors(), house.held():
        connected = asyncio.run(
            connect_owner(
                house,
                test_account=test_account,
                code=code,
                timezone=timezone,
                scopes=wanted,
                show=_shower(open_page=open_page),
                v3=through_v3,
            )
        )
    _show(connected, as_json=as_json)
    if connected.failed:
        raise typer.Exit(Exit.SOMEBODY_MUST_ACT)


def _scopes(words: str | None) -> tuple[str, ...]:
    """The permissions to ask for: those for records, and those of each word."""
    from collectors import snapshots
    from collectors.consent import READ_VIN, SCOPES

    known = snapshots.SCOPES | {"vin": (READ_VIN,)}
    found = list(SCOPES)
    for word in words.split(",") if words else ():
        if word.strip() not in known:
            raise Stop(Exit.USAGE, f"--scopes {word}: there are {', '.join(known)}")
        found += known[word.strip()]
    return tuple(found)


def _check(house: House, test_account: str | None, code: str | None, timezone: str | None, *, through_v3: bool) -> None:
    from zoneinfo import available_timezones

    if test_account and code:
        raise Stop(Exit.USAGE, "--test-account and --code exclude each other")
    if code and through_v3:
        raise Stop(Exit.USAGE, "--code is of v2.0: in v3 Connect comes back with nothing to exchange")
    if test_account and house.settings.smartcar.mode == "live":
        raise Stop(Exit.USAGE, "--test-account needs CHARGELAKE_SMARTCAR__MODE=test (or simulated)")
    if timezone and timezone not in available_timezones():
        raise Stop(Exit.USAGE, f"--timezone {timezone}: not an IANA time zone such as Europe/Berlin")


def _shower(*, open_page: bool) -> Callable[[str], None]:
    def show(url: str) -> None:
        typer.echo(f"Open this page to grant access, then come back here:\n\n  {url}\n", err=True)
        if open_page:
            webbrowser.open(url)

    return show


def _show(connected: Connected, *, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "owner_id": connected.owner_id,
                "vehicles": [
                    {"vehicle_id": each.vehicle_id, "make": each.make, "model": each.model, "year": each.year}
                    for each in connected.vehicles
                ],
                "failed": {vehicle_id: str(error) for vehicle_id, error in connected.failed.items()},
            }
        )
        return
    say(f"{len(connected.vehicles)} vehicles connected")
    for vehicle_id, error in connected.failed.items():
        typer.echo(f"vehicle {vehicle_id} could not be read: {error}", err=True)
