"""Commands over records that cannot be true: quarantine list, quarantine show, quarantine replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.frame import AsJson, clear_errors, open_house, say, show_json, show_rows
from flows.exits import Exit, Stop

if TYPE_CHECKING:
    from flows.quarantining import Replayed

app = typer.Typer(help="Records that cannot be true, and why.", no_args_is_help=True)

Reason = Annotated[str | None, typer.Option("--reason", metavar="REASON", help="Only this reason.")]
RawRef = Annotated[
    str, typer.Argument(metavar="RAW_REF", help="raw_ref of the record, as `quarantine list --json` gives it.")
]


@app.command("list", epilog="Example: chargelake quarantine list")
def list_records(reason: Reason = None, as_json: AsJson = False) -> None:
    """Count the quarantined records by stream and reason; with --reason or --json, one row each."""
    import polars as pl

    from flows.quarantining import check_reason
    from lake.schemas import QUARANTINE

    check_reason(reason)
    house = open_house()
    with clear_errors():
        found = house.tables.read(QUARANTINE).sort(QUARANTINE.sort_by)
    if reason is None and not as_json:
        counted = found.group_by("stream", "reason").len("records").sort("stream", "reason")
        show_rows(counted.columns, counted.iter_rows(), as_json=False)
        return
    chosen = found if reason is None else found.filter(pl.col("reason") == reason)
    columns = ("received_at", "stream", "vehicle_id", "reason", "detail", "raw_ref")
    show_rows(columns, chosen.select(columns).iter_rows(), as_json=as_json)


@app.command("show", epilog="Example: chargelake quarantine show '20261123T075432.000001Z-5f3a9c#00000/3'")
def show_record(raw_ref: RawRef, as_json: AsJson = False) -> None:
    """Show one quarantined record as it came."""
    import polars as pl

    from lake.schemas import QUARANTINE

    house = open_house()
    with clear_errors():
        found = house.tables.read(QUARANTINE).filter(pl.col("raw_ref") == raw_ref).drop("month")
    if found.is_empty():
        raise Stop(Exit.USAGE, f"{raw_ref}: no such record in quarantine; `chargelake quarantine list --json` has them")
    if as_json:
        show_rows(found.columns, found.iter_rows(), as_json=True)
        return
    show_rows(("field", "value"), found.row(0, named=True).items(), as_json=False)


@app.command("replay", epilog="Example: chargelake quarantine replay --reason energy_too_high")
def replay_records(reason: Reason = None, as_json: AsJson = False) -> None:
    """Judge quarantined records again, asking nobody; those that pass today's rules move into the tables."""
    from flows.quarantining import replay

    house = open_house()
    with clear_errors(), house.held():
        replayed = replay(house, reason)
    if as_json:
        show_json(_as_facts(replayed, reason))
    else:
        say("\n".join(_in_words(replayed)))


def _as_facts(replayed: Replayed, reason: str | None) -> dict[str, object]:
    return {
        "reason": reason,
        "moved": replayed.moved.total(),
        "stayed": replayed.stayed.total(),
        "moved_by_reason": dict(sorted(replayed.moved.items())),
        "stayed_by_reason": dict(sorted(replayed.stayed.items())),
        "also_moved": replayed.also_moved,
        "files_replaced": replayed.files,
    }


def _in_words(replayed: Replayed) -> list[str]:
    moved, stayed = replayed.moved, replayed.stayed
    lines = [f"{moved.total()} records moved into the tables, {stayed.total()} stay in quarantine"]
    lines += [f"moved: {count} × {reason}" for reason, count in sorted(moved.items())]
    lines += [f"stays: {count} × {reason}" for reason, count in sorted(stayed.items())]
    if replayed.also_moved:
        lines.append(f"moved as well: {replayed.also_moved} with other reasons, which pass today's rules too")
    return lines
