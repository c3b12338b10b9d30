"""Commands that write reports: report overview, cost, reconciliation, statement and close."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli import costs, reconciling, stating
from flows.cli.frame import RealIds, clear_errors, open_house, say
from flows.cli.reading import AsOf

app = typer.Typer(help="Pages made of the tables.", no_args_is_help=True)

Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Where to write; by default reports/overview.html in the home."
    ),
]
Title = Annotated[str, typer.Option("--title", help="Heading of the page.")]


@app.command("overview", epilog="Example: chargelake report overview --as-of 2026-10-31T00:00:00Z -o october.html")
def overview(
    output: Output = None, title: Title = "The fleet's charging", as_of: AsOf = None, real_ids: RealIds = False
) -> None:
    """Write a page with the figures and charts of the lake, as it is or as it was known at an instant."""
    from flows.querying import instant
    from flows.reporting import write_overview

    house = open_house()
    with clear_errors():
        known_at = instant(house, as_of, "--as-of")
        say(str(write_overview(house, output, as_of=known_at, title=title, with_real_ids=real_ids)))


app.command("statement", epilog="Example: chargelake report statement --month 2026-10 --driver Ada")(stating.statement)
app.command("close", epilog="Example: chargelake report close --month 2026-10")(stating.close)
app.command("cost", epilog="Example: chargelake report cost --month 2026-10 --by place -o october.xlsx")(costs.cost)
app.command("reconciliation", epilog="Example: chargelake report reconciliation --older-than 14")(
    reconciling.reconciliation
)
