"""How a command ends: exit codes that cron jobs and schedulers rely on, and the one line that explains them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes; higher numbers are not worse."""

    DONE = 0
    FAULT = 1
    """A bug of ours, or `verify` found a fault."""
    USAGE = 2
    """Bad usage or configuration."""
    SOMEBODY_MUST_ACT = 3
    """Done, but some vehicles need somebody to act."""
    BUDGET_SPENT = 4
    """Stopped at the request budget; says when to resume."""
    NOTHING_COLLECTED = 5
    """Nothing could be collected: credentials or plan."""
    LAKE_HELD = 6
    """Another run holds the lake."""


class Stop(Exception):
    """Ends the command with a code and one clear line."""

    def __init__(self, code: Exit, line: str) -> None:
        """End with `code`, saying `line`."""
        self.code = code
        super().__init__(line)
