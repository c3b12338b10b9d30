"""The command that compares what two interfaces tell: parity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.frame import A_VEHICLE, AsJson, RealIds, clear_errors, day, open_house, say, show_json, show_rows
from flows.exits import Exit, Stop

OnlyVehicle = Annotated[str | None, typer.Option("--vehicle", metavar="VEHICLE", help=f"This one alone. {A_VEHICLE}")]
Since = Annotated[str | None, typer.Option("--since", metavar="DAY", help="Sessions from this day (UTC) on.")]
Until = Annotated[str | None, typer.Option("--until", metavar="DAY", help="Sessions to this day (UTC).")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page to read, mail and print.")]


def parity(
    vehicle: OnlyVehicle = None,
    since: Since = None,
    until: Until = None,
    html: Html = None,
    real_ids: RealIds = False,
    as_json: AsJson = False,
) -> None:
    """Compare what v2.0 and v3 tell of the vehicles that are seen through both, to switch a fleet with proof."""
    from flows.comparing import parity as compare
    from lake.names import real_ids as by_id
    from reports import parity_page, verdicts

    house = open_house()
    first, last = day(since, "--since"), day(until, "--until")
    if first and last and first > last:
        raise Stop(Exit.USAGE, f"--since {first} is after --until {last}")
    with clear_errors():
        makes = compare(house, by_id if real_ids else house.names(), vehicle, first, last)
        if html is not None:
            title = "From v2.0 to v3"
            html.write_text(parity_page.page(makes, house.clock.now(), title, first, last), encoding="utf-8")
    if as_json:
        show_json({"generated_at": house.clock.now(), "since": first, "until": last, "makes": verdicts.as_json(makes)})
        return
    if not makes:
        say(parity_page.NOBODY)
        return
    sessions = parity_page.sessions(makes)
    show_rows([heading for heading, _ in sessions.columns], sessions.rows, as_json=False)
    show_rows(["Make", "Verdict"], [(each.make, verdicts.verdict(each)) for each in makes], as_json=False)
    say(f"Lists and fields are on the page: {html}" if html else "Lists and fields: --html FILE for a page, or --json")
