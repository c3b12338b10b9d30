"""Where sessions were, decided anew for the whole lake once the places that people wrote have changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from flows.house import House
from flows.rules import NO_RULES
from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS, SESSION_HISTORY
from lake.tables import Partition, Tables
from transforms import sessions
from transforms.months import Partition as MakeAndMonth

_FILE: Final = "state/places"


def standing(house: House, tables: Tables, published: set[MakeAndMonth]) -> pl.DataFrame:
    """The rows of `charge_sessions` of these partitions, from history, days and places: its columns and `month`."""
    return sessions.current(
        tables.read(SESSION_HISTORY, _partitions(sessions.months_to_read(published))),
        house.vehicles_frame(),
        house.settings.timezone,
        published,
        days=tables.read(CHARGE_DAYS, _partitions(sessions.days_to_read(published))),
        said=house.places.said,
    )


def have_changed(house: House) -> bool:
    """Whether the places are others than those by which the tables were made."""
    return house.places.digest != _kept(house)


def settle(house: House) -> None:
    """Decide all sessions anew if places have changed, one month (UTC) of all makes after the other."""
    if not have_changed(house):
        return
    months: dict[str, set[MakeAndMonth]] = {}
    for each in house.tables.partitions(CHARGE_SESSIONS):
        months.setdefault(str(each.month), set()).add((str(each.make), str(each.month)))
    for _, published in sorted(months.items()):
        rows = standing(house, house.tables, published)
        house.tables.publish_changed(CHARGE_SESSIONS, rows, _partitions(published))
    house.store.put(_FILE, house.places.digest.encode())


def _kept(house: House) -> str:
    return house.store.read(_FILE).decode() if house.store.exists(_FILE) else NO_RULES


def _partitions(pairs: Iterable[MakeAndMonth]) -> set[Partition]:
    return {Partition(make, month) for make, month in pairs}
