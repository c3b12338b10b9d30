"""What the months of a table were made of, so that a month is made anew when that has changed, and only then.

Beside it stands what came of it: a file that is gone, or is not the one that was made, is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TypeAlias

from flows.house import House
from lake.schemas import Table

Digests: TypeAlias = Mapping[str, list[str]]
"""By month: the hash of what it is made of, and of what it is now."""


def files(house: House, table: Table) -> dict[str, list[str]]:
    """The files of a table by month, each by its own digest."""
    found: dict[str, list[str]] = {}
    for each in house.tables.partitions(table):
        found.setdefault(str(each.month), []).append(f"{each.make}={house.tables.digest(table, each)}")
    return found


def digest(*values: object) -> str:
    """A hash of values that write themselves the same if they are the same."""
    return hashlib.sha256(repr(values).encode()).hexdigest()


def due(house: House, file: str, now: Digests, *, anew: bool = False) -> list[str]:
    """The months that have to be made: all that differ from what was kept, or all there are."""
    kept = {} if anew else _kept(house, file)
    return sorted(month for month in now.keys() | kept.keys() if now.get(month) != kept.get(month))


def settled(house: House, file: str, now: Digests) -> list[str]:
    """The months that were made of what there is now, whatever their files have become since."""
    kept = _kept(house, file)
    return sorted(month for month, (of, _) in now.items() if kept.get(month, [None])[0] == of)


def keep(house: House, file: str, now: Digests) -> None:
    """Note what the months were made of, after they have been published."""
    house.store.put(file, json.dumps(now, sort_keys=True).encode())


def _kept(house: House, file: str) -> dict[str, list[str]]:
    if not house.store.exists(file):
        return {}
    kept: dict[str, list[str]] = json.loads(house.store.read(file))
    return kept
