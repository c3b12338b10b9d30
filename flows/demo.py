"""The demo: everything on this machine against the emulator, from connecting a fleet to a page to look at."""

from __future__ import annotations

import asyncio
import os
import webbrowser
from pathlib import Path
from typing import Final

from rich.console import Console

from flows.demo_fleet import DemoFleet, connect_fleet, make_trouble
from flows.demo_rules import write_demo_rules
from flows.exits import Exit, Stop
from flows.house import House
from flows.practice import Practice, emulator_process, spent
from flows.progress import do_watched
from flows.settings import load_settings
from flows.summary import show_summary
from lake import names as lake_names
from reports.figures import summarize
from reports.overview import overview

_PLAN: Final = ("--bucket", "60", "--refill-per-minute", "900", "--vehicle-spacing", "0.2", "--history-days", "90")
"""A plan that a demo's patience allows: Smartcar's default of 2 requests a minute would take more than an hour."""

_MARK: Final = "state/demo"
_PAGE: Final = "reports/overview.html"


def run_demo(vehicles: int, seed: int, *, open_page: bool, real_ids: bool = False) -> House:
    """Connect a fleet, collect it through the rate limit, publish, and show what came of it.

    Args:
        vehicles: Size of the fleet.
        seed: Which fleet; the same seed has the same vehicles and sessions.
        open_page: Whether to open the page in a browser at the end.
        real_ids: Whether the page shows vehicles by Smartcar's ids instead of names that stand for them.

    Returns:
        The house, to report on.

    Raises:
        Stop: The home holds a real fleet (exit code 2), or as the run ends.
    """
    os.environ.pop("CHARGELAKE_RULES", None)  # the demo has rules of its own
    console = Console()
    now = load_settings().now
    begins = ("--now", now.isoformat()) if now else ()
    with emulator_process((*_PLAN, "--seed", str(seed), *begins)) as practice:
        os.environ.update(practice.environment)
        house = House(load_settings())
        with house.held():
            again = _claim_home(house)
            console.print(f"An emulator of Smartcar listens on {practice.url}. Connecting the fleet …")
            fleet = asyncio.run(_connect(house, practice, vehicles))
            write_demo_rules(house.store, fleet.vehicles, house.clock.now())
            console.print(_connected(house, fleet))
            page = Path(house.store.uri(_PAGE))
            result = do_watched(house, "run", page=page.as_uri())
            named = lake_names.real_ids if real_ids else house.names()
            house.store.put(_PAGE, overview(house.tables, house.clock.now(), "The demo fleet", named).encode())
        smartcar = house.settings.smartcar
        budget = spent(asyncio.run(practice.asked()), smartcar.bucket, smartcar.refill_per_minute)
    show_summary(console, summarize(house.tables), result, budget, lake=house.store.uri("lake"), page=page, again=again)
    if open_page:
        webbrowser.open(page.as_uri())
    if result.exit not in {Exit.DONE, Exit.SOMEBODY_MUST_ACT}:
        raise Stop(result.exit, str(result.stopped))
    return house


def _claim_home(house: House) -> bool:
    """Whether an earlier demo ran here; marks the home for the next.

    Raises:
        Stop: Vehicles are connected here, and not by a demo.
    """
    again = house.store.exists(_MARK)
    if not again and house.registry.vehicles():
        line = f"{house.store.home} holds a real fleet; set CHARGELAKE_HOME to another folder for the demo"
        raise Stop(Exit.USAGE, line)
    house.store.put(_MARK, b"This home belongs to `chargelake demo`.\n")
    return again


async def _connect(house: House, practice: Practice, vehicles: int) -> DemoFleet:
    fleet = await connect_fleet(house, practice, vehicles)
    await make_trouble(practice, fleet.vehicles)
    return fleet


def _connected(house: House, fleet: DemoFleet) -> str:
    connected = f"{len(fleet.vehicles)} vehicles of {len(house.registry.owners())} owners are connected"
    told = f", {fleet.delivered} webhook events received" if fleet.delivered else ""
    return f"{connected}{told}. Collecting …"
