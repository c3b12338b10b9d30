"""`python -m tests.rooms coverage.json`: branches that tests take, by room."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path


def by_room(report: dict[str, dict[str, dict[str, dict[str, int]]]]) -> dict[str, tuple[int, int]]:
    """Branches taken and branches there are, of each room."""
    taken: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for file, found in report["files"].items():
        room = Path(file).parts[0]
        taken[room] += found["summary"]["covered_branches"]
        there[room] += found["summary"]["num_branches"]
    return {room: (taken[room], there[room]) for room in sorted(there)}


def main(file: str) -> None:
    rooms = by_room(json.loads(Path(file).read_text("utf-8")))
    lines = [
        f"| `{room}` | {there} | {taken} | {taken / there:.1%} |" for room, (taken, there) in rooms.items() if there
    ]
    sys.stdout.write("\n".join(["| room | branches | taken | |", "|---|---|---|---|", *lines]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
