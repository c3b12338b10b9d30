"""`python -m tests.chaos`: kills hundreds of runs, and prints what came of it; exit code 1 if a zero is not one."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.nursery import nursery
from tests.chaos.tally import is_well, table
from tests.chaos.trial import Verdict, at_random, chosen, try_kill
from tests.chaos.world import stages, world


def main() -> int:
    given = _arguments()
    started = time.monotonic()
    verdicts: list[Verdict] = []
    with contextlib.suppress(KeyboardInterrupt):  # the table then has what was tried by then
        _try_all(given, verdicts)
    sys.stdout.write("\n".join(table(verdicts, time.monotonic() - started)) + "\n")
    return 0 if verdicts and is_well(verdicts) else 1


def _try_all(given: argparse.Namespace, verdicts: list[Verdict]) -> None:
    with tempfile.TemporaryDirectory() as folder, nursery() as ready, world(ready, Path(folder)) as there:
        begun = stages(there)
        kills = [
            *chosen(begun, given.chosen, seed=given.seed),
            *at_random(begun, given.random, seed=given.seed + 1),
        ]
        for kill in kills:
            verdicts.append(try_kill(there, kill))
            _show_progress(len(verdicts), len(kills), verdicts[-1])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Kill runs and judge what is left.")
    parser.add_argument("--chosen", type=int, default=200, help="kills at durable steps (default: %(default)s)")
    parser.add_argument("--random", type=int, default=100, help="kills at random moments (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="decides moments and faults (default: %(default)s)")
    return parser.parse_args()


def _show_progress(place: int, all_of_them: int, verdict: Verdict) -> None:
    if not verdict.survived:
        sys.stderr.write(f"\n{verdict.kill}: {'; '.join(verdict.says)}\n")
    sys.stderr.write(f"\r{place} of {all_of_them} ")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
