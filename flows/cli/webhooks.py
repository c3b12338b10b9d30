"""The command that receives Smartcar's webhooks."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.frame import clear_errors, open_house, say

Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on; put TLS in front of it.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Path = Annotated[str, typer.Option("--path", metavar="PATH", help="Path that Smartcar posts to.")]


def webhooks(host: Host = "127.0.0.1", port: Port = 8770, path: Path = "/webhook") -> None:
    """Receive Smartcar's webhooks until Ctrl-C: each event is on disk before it is answered.

    Runs go on beside it and take into the tables what it has landed. docs/webhooks.md has the runbook.
    """
    import sys

    from flows.webhooks import Address, serve

    def announce(url: str) -> None:
        say(f"receiving at {url}; /health and /ready say how it is")
        sys.stdout.flush()

    with clear_errors():
        serve(open_house(), Address(host, port, path), announce)
