"""What the commands share: opening the house, showing rows, and one clear line for what went wrong."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from flows.exits import Exit, Stop

if TYPE_CHECKING:
    from flows.house import House

A_VEHICLE: Final = "Smartcar's id of the vehicle, or its name on pages."

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
OneVehicle = Annotated[str, typer.Argument(metavar="VEHICLE", help=A_VEHICLE)]
RealIds = Annotated[bool, typer.Option("--real-ids", help="Show Smartcar's ids of vehicles, not their names on pages.")]


def configure_logging() -> None:
    """Log to standard error what `CHARGELAKE_LOG_LEVEL` asks for; errors alone by default."""
    level = os.environ.get("CHARGELAKE_LOG_LEVEL", "ERROR").upper()
    try:
        logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    except ValueError:
        raise Stop(Exit.USAGE, f"CHARGELAKE_LOG_LEVEL={level}: use DEBUG, INFO, WARNING or ERROR") from None


def open_house() -> House:
    """The house that the settings describe."""
    from flows.house import House
    from flows.settings import load_settings

    return House(load_settings())


@contextlib.contextmanager
def clear_errors() -> Iterator[None]:
    """Turn the rooms' own errors into one line and an exit code."""
    from collectors.errors import ApplicationMustAct, CollectError, OurBug, OwnerMustAct
    from lake.closed import ClosedDamaged
    from lake.raw import DamagedSegment
    from lake.state import StateUnusable
    from lake.store import HomeUnwritable
    from lake.tables import DamagedTable, SchemaMismatch
    from lake.vault import WrongKey

    try:
        yield
    except (DamagedTable, SchemaMismatch, DamagedSegment, ClosedDamaged) as error:
        raise Stop(Exit.FAULT, str(error)) from None
    except (WrongKey, StateUnusable, HomeUnwritable) as error:
        raise Stop(Exit.USAGE, str(error)) from None
    except OwnerMustAct as error:
        raise Stop(Exit.SOMEBODY_MUST_ACT, str(error)) from None
    except OurBug as error:
        raise Stop(Exit.USAGE, str(error)) from None
    except (ApplicationMustAct, CollectError) as error:
        raise Stop(Exit.NOTHING_COLLECTED, str(error)) from None
    except OSError as error:
        if error.filename is None:
            raise
        raise Stop(Exit.USAGE, f"{error.filename}: {error.strerror}") from None


def say(text: str) -> None:
    """Print to standard output; a reader that has seen enough (`| head`) is no error."""
    try:
        typer.echo(text)
    except BrokenPipeError:
        _close_output()


def say_bytes(content: bytes) -> None:
    """Print bytes as they are to standard output."""
    try:
        typer.echo(content, nl=False)
    except BrokenPipeError:
        _close_output()


def flush_output() -> None:
    """Write out what is left, before the interpreter ends and can no longer say that nobody reads."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _close_output()


def _close_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def show_json(value: Any) -> None:
    """Print JSON: instants in ISO 8601, money as text with its digits."""
    say(json.dumps(value, indent=2, default=_plain, ensure_ascii=False))


def show_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], *, as_json: bool, title: str = "") -> None:
    """Print rows as a table, or as a JSON list of objects."""
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(value)) for value in row))
    with (console := Console(width=None if os.isatty(1) else 160)).capture() as shown:
        console.print(table)
    say(shown.get().rstrip("\n"))


def day(text: str | None, option: str) -> date | None:
    """A day of an option.

    Raises:
        Stop: It is none (exit code 2).
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Stop(Exit.USAGE, f"{option} {text}: not a day such as 2026-10-31") from None


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, list | tuple):
        return ", ".join(_shown(each) for each in value)
    return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in str(value))


def _number(value: float | Decimal) -> str:
    """At most six decimals, without trailing zeros; a sum of money keeps two."""
    whole, _, decimals = f"{value:.6f}".partition(".")
    decimals = decimals.rstrip("0")
    if isinstance(value, Decimal):
        decimals = decimals.ljust(2, "0")
    return f"{whole}.{decimals}" if decimals else whole


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
