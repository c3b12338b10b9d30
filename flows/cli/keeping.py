"""Commands that keep the lake sound: rebuild, verify, doctor."""

from __future__ import annotations

import typer

from flows.cli.frame import AsJson, clear_errors, open_house, say, show_json, show_rows
from flows.exits import Exit


def rebuild() -> None:
    """Make the tables anew from everything that has landed, asking nobody."""
    from flows import descriptions, locating
    from flows.mending import forget_what_is_gone
    from flows.publishing import publish_state
    from flows.transforming import rebuild as make_anew

    house = open_house()
    with clear_errors(), house.held():
        differing = make_anew(house)
        forgotten = forget_what_is_gone(house)
        descriptions.keep(house)
        locating.settle(house)
        publish_state(house, anew=True)
    say(f"rebuilt from raw: {differing} files of the lake differed and were replaced")
    if forgotten:
        say(f"landed files are gone: {forgotten} days that only they told are unknown again; `chargelake run` asks")


def verify(as_json: AsJson = False) -> None:
    """Check every landed answer and every row of the lake; exit code 1 if there is a fault."""
    from flows.verifying import faults

    house = open_house()
    with clear_errors():
        found = list(faults(house))
    if as_json:
        show_json({"faults": found})
    else:
        say("\n".join(found) or "no fault found")
    raise typer.Exit(Exit.FAULT if found else Exit.DONE)


def doctor(as_json: AsJson = False) -> None:
    """Check the machine and the settings, and say what to do; exit code 2 if something has to be mended."""
    from flows.doctoring import findings

    house = open_house()
    with clear_errors():
        found = list(findings(house))
    rows = [(each.about, "ok" if each.is_well else "mend", each.says) for each in found]
    show_rows(("about", "state", "says"), rows, as_json=as_json)
    raise typer.Exit(Exit.DONE if all(each.is_well for each in found) else Exit.USAGE)
