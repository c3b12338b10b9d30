"""What the benchmarks share: measuring wall, CPU and memory, taking medians, printing figures."""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_HEADER: Final = ("benchmark", "figure", "median", "least", "most", "unit", "n")
_VERSIONS: Final = ("polars", "aiohttp", "orjson", "msgspec", "sqlalchemy", "asyncio-throttle")


@dataclass(slots=True)
class Spent:
    """What a piece of work took.

    Attributes:
        wall: Seconds on the clock.
        cpu: Seconds of CPU of this process, all threads, user and system.
        peak_mib: Highest resident memory of the process so far, in MiB.
    """

    wall: float = 0.0
    cpu: float = 0.0
    peak_mib: float = 0.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: the same thing measured a number of times."""

    benchmark: str
    what: str
    values: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    def cells(self) -> tuple[str, ...]:
        """The line as text: the median, and how far the rounds lie apart."""
        numbers = (_short(each) for each in (self.median, min(self.values), max(self.values)))
        return (self.benchmark, self.what, *numbers, self.unit, str(len(self.values)))


@contextlib.contextmanager
def measured() -> Iterator[Spent]:
    """Measure a block; what is given is filled in when the block ends."""
    spent = Spent()
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        yield spent
    finally:
        spent.wall = time.perf_counter() - wall
        spent.cpu = time.process_time() - cpu
        spent.peak_mib = _peak_mib()


def in_child(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a module's function in a fresh process, so that memory is its own; the arguments must be picklable."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args, **kwargs).result()


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """Ours ÷ theirs, round by round: the two of a round were measured one right after the other."""
    return tuple(mine / other for mine, other in zip(ours, theirs, strict=True))


def table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = [_HEADER, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """What it was measured on, in one line."""
    versions = ", ".join(f"{name} {version(name)}" for name in _VERSIONS)
    python = ".".join(str(part) for part in sys.version_info[:3])
    return f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} cores, Python {python}, {versions}"


def _peak_mib() -> float:
    """The kernel's high-water mark of this process; `ru_maxrss` of a child begins with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(each for each in status.read_text("ascii").splitlines() if each.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    per_mib = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_mib


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
