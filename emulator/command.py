"""The command line of the emulator: its options, and a server that runs until SIGINT or SIGTERM."""

import argparse
import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from emulator.config import EmulatorConfig
from emulator.datasets import DATASETS
from emulator.oauth import ERROR_ACCOUNTS
from emulator.server import Emulator, running


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the emulator's options to a parser."""
    usual = EmulatorConfig()
    add = parser.add_argument
    add("--host", default=usual.host, help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=8470, help="port, 0 for a free one (default: %(default)s)")
    add("--seed", type=int, default=usual.seed, help="decides the generated fleet (default: %(default)s)")
    add("--dataset", type=Path, help="folder with real sets to serve, as in ../shared/data")
    add("--bucket", type=int, help="requests in the application's bucket (120; with --dataset 6000)")
    add("--refill-per-minute", type=float, help="requests that come back a minute (2; with --dataset 6000)")
    add("--vehicle-monthly", type=int, help="requests a vehicle has in a month (500)")
    add("--vehicle-spacing", type=float, help="seconds between requests of a vehicle (0.4; with --dataset 0)")
    add("--window-days", type=int, help="how far back BMW, MINI and v3 reach, 0: all (30; with --dataset 0)")
    add("--v3-clock-offset", type=float, default=usual.v3_clock_offset, help="most seconds v3's times are off (110)")
    add("--v3-meter-factor", type=float, default=usual.v3_meter_factor, help="largest share its kWh are off (0.03)")
    add("--now", type=_instant, help="ISO 8601 instant at which the clock starts (default: the real time)")
    add("--clock-rate", type=float, default=usual.clock_rate, help="how fast it runs, 0: not at all (1)")
    add("--history-days", type=int, default=usual.history_days, help="how long ago owners consented (120)")
    add("--fault", action="append", default=[], metavar="NAME[:KEY=VALUE,…]", help="turn a fault on")
    add("--env-file", type=Path, help="write the settings for chargelake as export lines to this file")


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO 8601 instant") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def config_from(arguments: argparse.Namespace) -> EmulatorConfig:
    """Make the settings from parsed options."""
    return EmulatorConfig(
        host=arguments.host,
        port=arguments.port,
        seed=arguments.seed,
        dataset=arguments.dataset,
        bucket=arguments.bucket,
        refill_per_minute=arguments.refill_per_minute,
        vehicle_monthly=arguments.vehicle_monthly,
        vehicle_spacing=arguments.vehicle_spacing,
        window_days=arguments.window_days,
        now=arguments.now,
        clock_rate=arguments.clock_rate,
        history_days=arguments.history_days,
        v3_clock_offset=arguments.v3_clock_offset,
        v3_meter_factor=arguments.v3_meter_factor,
        faults=tuple(arguments.fault),
    )


def write_environment(path: Path, environment: dict[str, str]) -> None:
    """Write `export NAME='value'` lines that only the owner of the file can read."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in export_lines(environment))


def export_lines(environment: dict[str, str]) -> list[str]:
    """Give the settings as lines for a shell."""
    quoted = {name: value.replace("'", r"'\''") for name, value in environment.items()}
    return [f"export {name}='{value}'" for name, value in quoted.items()]


async def serve(config: EmulatorConfig, env_file: Path | None = None) -> None:
    """Run an emulator until SIGINT or SIGTERM, and say on standard output how to reach it."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(config) as emulator:
        if env_file is not None:
            write_environment(env_file, emulator.environment())
        sys.stdout.write(_greeting(emulator, env_file))
        sys.stdout.flush()
        await stop.wait()


def _greeting(emulator: Emulator, env_file: Path | None) -> str:
    sets = DATASETS if emulator.config.dataset is not None else ()
    accounts = " ".join(f"{name}@smartcar.com" for name in ("<number>-vehicles", "<number>-other-vehicles", *sets))
    lines = [
        f"The emulator listens on {emulator.url}; its clock says {emulator.clock.now():%Y-%m-%d %H:%M:%S} UTC.",
        f"Accounts (any password): {accounts}",
        f"Accounts that end in an error: {' '.join(f'{name}@smartcar.com' for name in ERROR_ACCOUNTS)}",
        *([f"Settings for chargelake are in {env_file}: . {env_file}"] if env_file is not None else []),
        *export_lines(emulator.environment()),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when it was stopped, 2 when an option is wrong."""
    parser = argparse.ArgumentParser(prog="python -m emulator", description="A Smartcar to practise on.")
    add_arguments(parser)
    given = parser.parse_args(arguments)
    try:
        asyncio.run(serve(config_from(given), given.env_file))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"emulator: {error}\n")
        return 2
    return 0
