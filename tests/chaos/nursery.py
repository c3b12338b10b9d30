"""Commands as processes of their own that start at once: forked from one that has imported the house already.

The nursery itself does nothing but fork and wait, so that it has one thread. It reads an order a line from its
input, and answers with how the process ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import flows.cli.running
import flows.progress
import flows.publishing
import flows.running
import flows.transforming  # noqa: F401, what commands import while they run, once for all of them
from flows.cli.app import main
from tests.chaos.patience import shorten_waits
from tests.chaos.steps import Steps

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command to run.

    Attributes:
        arguments: As after `chargelake`.
        environment: All of the process's environment.
        folder: Where it runs; its output goes to `out` in there.
        kill_at: Step at which it kills itself.
        kill_after: Seconds after which it is killed from outside.
        note_steps: File that gets the steps it passes.
    """

    arguments: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    folder: str
    kill_at: str | None = None
    kill_after: float | None = None
    note_steps: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """How it ended: its exit code, or None if it was killed; its largest memory and its time."""

    code: int | None
    peak_mib: float
    seconds: float
    out: str = field(repr=False)


class Nursery:
    """Runs one command at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, order: Order) -> End:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return End(**answer, out=Path(order.folder, "out").read_text("utf-8", "replace"))


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    command = [sys.executable, "-m", "tests.chaos.nursery"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        yield Nursery(process)


def _serve() -> None:
    for line in sys.stdin:
        order = Order(**json.loads(line))
        started = time.monotonic()
        child = os.fork()
        if not child:
            _become(order)
        if order.kill_after is not None:
            time.sleep(order.kill_after)
            os.kill(child, signal.SIGKILL)  # a child that has ended already waits to be reaped: its id is its own
        _, status, usage = os.wait4(child, 0)
        code = None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        answer = {"code": code, "peak_mib": usage.ru_maxrss / 1024, "seconds": time.monotonic() - started}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _become(order: Order) -> None:
    """Be the command; never returns."""
    os.chdir(order.folder)
    handle = os.open("out", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(handle, number)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv = ["chargelake", *order.arguments]
    os._exit(_ended(order))


def _ended(order: Order) -> int:
    shorten_waits()
    if order.kill_at or order.note_steps:
        Steps(order.kill_at, Path(order.note_steps) if order.note_steps else None).wrap_everything()
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:  # noqa: BLE001, what the interpreter does at the end of a process
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    _serve()
