"""`chargelake` and its commands.

Commands import what they need when they run, so that `chargelake --help` answers at once.
"""

from __future__ import annotations

import sys

import typer

from flows.cli import (
    climate,
    comparing,
    connecting,
    fleet,
    keeping,
    keys,
    leaving,
    planning,
    practising,
    quarantine,
    reading,
    reporting,
    running,
    schedule,
    webhooks,
)
from flows.cli.frame import configure_logging, flush_output
from flows.exits import Exit, Stop

INTERRUPTED = 130
"""What typer ends with after Ctrl-C."""

app = typer.Typer(
    name="chargelake",
    help="Collects electric-vehicle charging records and bills, and publishes Parquet to query and pay from.",
    epilog="Start with: chargelake demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(help=practising.DEMO_HELP, epilog="Example: chargelake demo --vehicles 40")(practising.demo)
app.command(
    help="Run a Smartcar to practise on, until Ctrl-C.",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
)(practising.emulator)
app.command(epilog="Example: chargelake connect --timezone Europe/Berlin")(connecting.connect)
app.command(epilog="Example: chargelake disconnect VEHICLE")(leaving.disconnect)
app.command(epilog="Example: chargelake forget VEHICLE")(leaving.forget)
app.command(epilog="Example: chargelake vehicles --json")(fleet.vehicles)
app.command(epilog="Example: chargelake plan --what-if vehicles=30000")(planning.plan)
app.command(epilog="Example: chargelake collect")(running.collect)
app.command(epilog="Example, from cron: 15 4 * * * chargelake run")(running.run)
app.command(epilog="Example: chargelake backfill --since 2026-01-01 --until 2026-06-30")(running.backfill)
app.command(epilog="Example: chargelake webhooks --host 127.0.0.1 --port 8770")(webhooks.webhooks)
app.command(epilog="Example: chargelake rebuild")(keeping.rebuild)
app.command(epilog="Example: chargelake verify --json")(keeping.verify)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(keys.app, name="key")
app.add_typer(reporting.app, name="report")
app.add_typer(schedule.app, name="schedule")
app.add_typer(climate.app, name="climate")
app.command(epilog='Example: chargelake query "SELECT make, sum(energy_kwh) FROM charge_sessions GROUP BY make"')(
    reading.query
)
app.command(epilog="Example: chargelake parity --html parity.html")(comparing.parity)
app.command(epilog="Example: chargelake doctor")(keeping.doctor)


def main() -> None:
    """Run the command line; ends the process with one of the exit codes of `flows.exits`."""
    try:
        configure_logging()
        code = app(standalone_mode=False)
        flush_output()
    except typer.TyperException as error:
        message = error.format_message()
        sys.stderr.write(f"{message}\n" if "\n" in message else f"chargelake: {message}\n")
        code = Exit.USAGE
    except Stop as stop:
        sys.stderr.write(f"chargelake: {stop}\n")
        code = stop.code
    if code == INTERRUPTED:
        sys.stderr.write("chargelake: interrupted; what was collected is kept, the next run goes on\n")
    sys.exit(code)
