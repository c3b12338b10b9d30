"""`python -m benchmarks [NAME …]`: measure, and print one table."""

from __future__ import annotations

import argparse
import logging
from typing import Final

from benchmarks import collecting, costing, pacing, planner, transforming, webhooks
from benchmarks.harness import Figure, machine, table

_BENCHMARKS: Final = {module.NAME: module for module in (pacing, collecting, transforming, costing, planner, webhooks)}


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios, each measured in one run.")
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"which: {', '.join(_BENCHMARKS)} (default: all)")
    parser.add_argument("--small", action="store_true", help="only see that they work: seconds, no figure to believe")
    given = parser.parse_args(arguments)
    if unknown := set(given.name) - set(_BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    logging.getLogger("collectors").setLevel(logging.ERROR)  # cars that cannot tell are part of any fleet
    figures: list[Figure] = []
    for name in given.name or _BENCHMARKS:
        module = _BENCHMARKS[name]
        figures += module.run(module.SMALL if given.small else module.FULL)
    print(f"{machine()}\n\n{table(figures)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
