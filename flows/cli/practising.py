"""Commands to practise with: the emulator, and the demo of everything on this machine."""

from __future__ import annotations

import argparse
import asyncio
from typing import Annotated

import typer

from flows.cli.costs import show_fleet
from flows.cli.frame import RealIds, clear_errors, say
from flows.exits import Exit, Stop

DEMO_HELP = (
    "Show everything on this machine against the emulator: connect a fleet, collect, publish, a page and a cost report."
)

Vehicles = Annotated[int, typer.Option("--vehicles", min=1, max=2000, help="Size of the fleet.")]
Seed = Annotated[int, typer.Option("--seed", help="Which fleet.")]
OpenPage = Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser at the end.")]


def demo(vehicles: Vehicles = 40, seed: Seed = 1, open_page: OpenPage = False, real_ids: RealIds = False) -> None:
    """Show everything on this machine."""
    from flows.demo import run_demo

    with clear_errors():
        house = run_demo(vehicles, seed, open_page=open_page, real_ids=real_ids)
        say("\nThe same fleet's cost report, made by `chargelake report cost`:\n")
        show_fleet(house, with_real_ids=real_ids)


def emulator(context: typer.Context) -> None:
    """Run a Smartcar to practise on."""
    from emulator import add_arguments, config_from, serve

    parser = argparse.ArgumentParser(
        prog="chargelake emulator",
        description="Run a Smartcar to practise on, until Ctrl-C.",
        epilog="Example: chargelake emulator --dataset ../shared/data --env-file emulator.env",
    )
    add_arguments(parser)
    arguments = parser.parse_args(context.args)
    try:
        asyncio.run(serve(config_from(arguments), arguments.env_file))
    except (ValueError, OSError) as error:
        raise Stop(Exit.USAGE, f"emulator: {error}") from None
