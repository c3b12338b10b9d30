"""Webhooks: 1,000 deliveries a second offered to one receiver, and the same with the receiver killed meanwhile.

Receiver and sender are processes of their own and share this machine's cores. An answer is reckoned from the instant
its event was due. After the kill the journal is sealed as a run does it, and each event that was answered 2xx is looked
for.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.delivering import Sent, send
from benchmarks.harness import Figure, in_child
from lake.journal import seal_left
from lake.raw import read_answers, segments
from lake.store import LocalStore

NAME: Final = "webhooks"
TOKEN: Final = "a-token-to-measure-with"  # noqa: S105, of no application
_ROOT: Final = Path(__file__).parents[1]
_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured.

    Attributes:
        per_second: Deliveries offered a second.
        seconds: For how long.
        kill_after: Seconds after which the receiver is killed in the second part.
        rounds: How often all is done.
    """

    per_second: float = 1000
    seconds: float = 10
    kill_after: float = 5
    rounds: int = 3


FULL: Final = Size()
SMALL: Final = Size(per_second=100, seconds=1, kill_after=0.6, rounds=1)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver in its own process."""

    url: str
    process: subprocess.Popen[str]

    def cpu(self) -> float:
        """Seconds of CPU that it took so far, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(size: Size = FULL) -> list[Figure]:
    """Measure; the receiver is the command itself."""
    lines: dict[tuple[str, str], list[float]] = {}
    for _ in range(size.rounds):
        for what, value, unit in (*_offered(size), *_killed(size)):
            lines.setdefault((what, unit), []).append(value)
    return [Figure(NAME, what, tuple(values), unit) for (what, unit), values in lines.items()]


@contextlib.contextmanager
def receiver(home: Path) -> Iterator[Receiver]:
    """`chargelake webhooks` on `home` and a free port; told to end with the block, if it has not."""
    settings = {"HOME": str(home), "SMARTCAR__MANAGEMENT_TOKEN": TOKEN}
    environment = os.environ | {f"CHARGELAKE_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "flows", "webhooks", "--port", "0"]
    with subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603, our own words
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield Receiver(line.removeprefix("receiving at ").partition(";")[0], process)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
            process.kill()


def accepted(sent: Sequence[Sent]) -> set[str]:
    """The ids of the events that were answered 2xx."""
    return {each.event_id for each in sent if 200 <= each.status < 300}


def landed(home: Path) -> list[str]:
    """The ids of the events in raw, once what a killed receiver left is sealed."""
    store = LocalStore(home)
    for _ in seal_left(store):
        pass
    return [answer.request_id or "" for answer in read_answers(store, segments(store))]


def _offered(size: Size) -> list[tuple[str, float, str]]:
    count = round(size.per_second * size.seconds)
    with tempfile.TemporaryDirectory() as folder:
        with receiver(Path(folder)) as running:
            in_child(send, running.url, TOKEN, 50, 50.0)  # its first requests import what they need
            before = running.cpu()
            sent = in_child(send, running.url, TOKEN, count, size.per_second)
            cpu = running.cpu() - before
        lost = accepted(sent) - set(landed(Path(folder)))
    times = statistics.quantiles([each.seconds * 1000 for each in sent], n=100)
    plan = f"{size.per_second:g}/s"
    return [
        (f"accepted ÷ offered, {plan}", len(accepted(sent)) / count, "ratio"),
        (f"answer, median, {plan}", times[49], "ms"),
        (f"answer, 99 of 100, {plan}", times[98], "ms"),
        (f"answer, longest, {plan}", max(each.seconds for each in sent) * 1000, "ms"),
        (f"CPU ÷ time, {plan}", cpu / size.seconds, "ratio"),
        ("accepted and lost", float(len(lost)), "requests"),
    ]


def _killed(size: Size) -> list[tuple[str, float, str]]:
    count = round(size.per_second * size.seconds)
    with tempfile.TemporaryDirectory() as folder:
        with receiver(Path(folder)) as running:
            in_child(send, running.url, TOKEN, 1, 50.0)
            kill = threading.Timer(size.kill_after, running.process.send_signal, (signal.SIGKILL,))
            sent = _send_until_killed(running, kill, count, size.per_second)
        lost = accepted(sent) - set(landed(Path(folder)))
    return [
        ("accepted until killed", float(len(accepted(sent))), "requests"),
        ("accepted, then killed, and lost", float(len(lost)), "requests"),
    ]


def _send_until_killed(running: Receiver, kill: threading.Timer, count: int, per_second: float) -> list[Sent]:
    """In this process, so that the time of the kill is reckoned from the first event."""
    kill.start()
    try:
        return send(running.url, TOKEN, count, per_second)
    finally:
        kill.cancel()
