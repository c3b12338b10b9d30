"""The command line: `chargelake`, one module for each kind of command."""

from flows.cli.app import main

__all__ = ["main"]
