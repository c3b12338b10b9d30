"""Commands over the key that seals tokens: key rotate, key new."""

from __future__ import annotations

import typer

from flows.cli.frame import clear_errors, open_house, say

app = typer.Typer(help="The key that seals tokens at rest.", no_args_is_help=True)


@app.command("rotate", epilog="Example: chargelake key rotate")
def rotate() -> None:
    """Seal all tokens anew, with a new key in the key file or with the first of CHARGELAKE_SECRET_KEY."""
    house = open_house()
    with clear_errors(), house.held():
        resealed = house.rotate_key()
    say(f"the tokens of {resealed} owners are sealed with the new key")
    if house.settings.secret_key.get_secret_value():
        say("leave the first key alone in CHARGELAKE_SECRET_KEY now: nothing needs the others any more")
    else:
        say(f"it lies in {house.key_file}; copies of the old one open nothing that is stored from now on")


@app.command("new", epilog="Example: chargelake key new > new.key")
def new() -> None:
    """Print a fresh key for CHARGELAKE_SECRET_KEY; changes nothing."""
    from lake.vault import new_key

    say(new_key())
