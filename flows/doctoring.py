"""`doctor`: whether this machine and its settings can run chargelake, and what to do where they cannot."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Final

import polars as pl

from collectors.streams import V2, V3
from flows import locating
from flows.collecting import require_credentials
from flows.exits import Stop
from flows.house import House
from flows.receiving import receiver
from flows.rules import OVERRIDES, PLACES
from lake.digest import is_intact
from lake.journal import left
from lake.raw import DamagedSegment, read_segment, segment_path, segments
from lake.schemas import CHARGE_SESSIONS, SESSION_COSTS, TABLES
from lake.state import StateUnusable, damage
from lake.tables import DamagedTable, SchemaMismatch
from lake.vault import WrongKey
from transforms.rules.rates import LOOK_BACK

_LOW_DISK: Final = 2**30
_OWNER_ONLY: Final = 0o077
_BELOW: Final = {
    "fastapi": ((0, 151), "Prefect's in-process server breaks"),
    "sqlalchemy": ((2, 1), "Prefect's schedules stop firing"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, and what is or what to do."""

    about: str
    is_well: bool
    says: str


def findings(house: House) -> Iterator[Finding]:
    """Look at everything, in the order in which one would mend it."""
    checks: tuple[tuple[str, Callable[[House], Finding]], ...] = (
        ("python", _python),
        ("libraries", _libraries),
        ("home", _home),
        ("state", _state),
        ("key", _key),
        ("credentials", _credentials),
        ("vehicles", _vehicles),
        ("receiver", _receiver),
        ("landed", _landed),
        ("tables", _tables),
        ("places", _places),
        ("rules", _rules),
        ("rates", _rates),
    )
    for about, check in checks:
        try:
            yield check(house)
        except (Stop, StateUnusable) as error:
            yield Finding(about, is_well=False, says=str(error))


def _python(_: House) -> Finding:
    return Finding("python", is_well=True, says=sys.version.split()[0])


def _libraries(_: House) -> Finding:
    for name, (limit, why) in _BELOW.items():
        found = version(name)
        if tuple(int(part) for part in found.split(".")[:2]) >= limit:
            below = ".".join(map(str, limit))
            return Finding("libraries", is_well=False, says=f"{name} {found}: {why} from {below} on; run `make setup`")
    return Finding("libraries", is_well=True, says=f"prefect {version('prefect')}, polars {version('polars')}")


def _home(house: House) -> Finding:
    home = Path(house.store.uri(""))
    existing = next(folder for folder in (home, *home.parents) if folder.is_dir())
    if not os.access(existing, os.W_OK):
        return Finding(
            "home", is_well=False, says=f"{existing} cannot be written to: change its mode, or CHARGELAKE_HOME"
        )
    free = shutil.disk_usage(existing).free
    if free < _LOW_DISK:
        return Finding("home", is_well=False, says=f"{home}: only {free // 2**20} MiB free")
    return Finding("home", is_well=True, says=f"{home}, {free // 2**30} GiB free")


def _state(house: House) -> Finding:
    owners = len(house.registry.owners())
    if fault := damage(house.engine):
        return Finding("state", is_well=False, says=fault)
    return Finding("state", is_well=True, says=f"{house.engine.url.render_as_string()}, {owners} owners")


def _key(house: House) -> Finding:
    file = house.key_file
    if not house.settings.secret_key.get_secret_value() and file.exists() and file.stat().st_mode & _OWNER_ONLY:
        return Finding("key", is_well=False, says=f"others can read {file}: chmod 600 {file}")
    for owner in house.registry.owners():
        sealed = house.registry.sealed_tokens(owner.owner_id)
        try:
            if sealed is not None:
                house.vault.open(sealed)
        except WrongKey as error:
            return Finding("key", is_well=False, says=str(error))
    return Finding(
        "key", is_well=True, says="opens the stored tokens" if house.registry.has_tokens() else "not needed yet"
    )


def _credentials(house: House) -> Finding:
    smartcar = house.settings.smartcar
    ids = {V2: smartcar.client_id, V3: smartcar.v3_client_id}
    require_credentials(house)
    if half := [name for name, client_id in ids.items() if client_id and name not in smartcar.interfaces]:
        return Finding("credentials", is_well=False, says=f"the client id of {half[0]} has no client secret")
    names = ", ".join(f"{ids[name]} ({name})" for name in smartcar.interfaces)
    return Finding("credentials", is_well=True, says=f"application {names}, mode {smartcar.mode}")


def _vehicles(house: House) -> Finding:
    count = len(house.registry.vehicles())
    if not count:
        return Finding("vehicles", is_well=False, says="none connected: `chargelake connect`")
    if begun := house.forgotten.under_way():
        says = f"{len(begun)} are not forgotten yet: the next run goes on, `chargelake forget` says what is left"
        return Finding("vehicles", is_well=False, says=says)
    return Finding("vehicles", is_well=True, says=f"{count} connected")


def _receiver(house: House) -> Finding:
    waiting = len(left(house.store))
    if process := receiver(house):
        return Finding("receiver", is_well=True, says=f"process {process} receives webhooks")
    says = f"none receives webhooks; the next run seals {waiting} journals" if waiting else "none receives webhooks"
    return Finding("receiver", is_well=True, says=says)


def _landed(house: House) -> Finding:
    names = segments(house.store)
    if damaged := [name for name in names if _is_damaged(house, name)]:
        first = house.store.uri(segment_path(damaged[0]))
        line = (
            f"{len(damaged)} landed files cannot be read, the first is {first}: bring back a copy of each, or move it "
            "out of raw/, run `chargelake rebuild` and then `chargelake run`, which asks again for what only it told"
        )
        return Finding("landed", is_well=False, says=line)
    waiting = len(set(names) - house.runs.taken_in())
    says = f"{waiting} segments wait for the next run" if waiting else "everything is in the tables"
    return Finding("landed", is_well=True, says=says)


def _is_damaged(house: House, name: str) -> bool:
    try:
        read_segment(house.store, name)
    except DamagedSegment:
        return True
    return False


def _tables(house: House) -> Finding:
    paths = [partition.path(table) for table in TABLES for partition in house.tables.partitions(table)]
    damaged = [path for path in paths if not is_intact(house.store.read(path))]
    if damaged:
        line = f"{len(damaged)} files are not as they were published, the first is {damaged[0]}: `chargelake rebuild`"
        return Finding("tables", is_well=False, says=f"{line} makes them anew")
    return Finding("tables", is_well=True, says=f"{len(paths)} files are as they were published")


def _places(house: House) -> Finding:
    """Whether places can be read, and whether what they name is there."""
    said, connected = house.places.said, {each.vehicle_id for each in house.registry.vehicles()}
    strangers = sorted({name for each in said.places for name in each.vehicles} - connected)
    if strangers:
        line = f"{PLACES} names {len(strangers)} vehicles that are not connected, the first is {strangers[0]}"
        return Finding("places", is_well=False, says=line)
    named = {each.session_id for each in said.overrides}
    try:
        lost = sorted(named - _session_ids(house)) if named else []
    except (DamagedTable, SchemaMismatch) as error:
        return Finding("places", is_well=False, says=str(error))
    if lost:
        line = f"{OVERRIDES} names {len(lost)} sessions that are not there, the first is {lost[0]}"
        return Finding("places", is_well=False, says=line)
    later = "; the next run decides by them" if locating.have_changed(house) else ""
    return Finding("places", is_well=True, says=f"{len(said.places)} places, {len(named)} overrides{later}")


def _session_ids(house: House) -> set[str]:
    """All sessions, by their own ids and those of their tellings."""
    told = house.tables.read(CHARGE_SESSIONS, columns=("session_id", "tellings"))
    return {*told["session_id"], *told["tellings"].explode()}


def _rules(house: House) -> Finding:
    """Whether the rules can be used, and name vehicles that there are."""
    rules = house.rules
    counts = {"tariffs": rules.tariffs, "policies": rules.policies}
    says = ", ".join(f"{len(each)} {name}" for name, each in counts.items())
    lists = [
        [each.vehicle_id for each in rules.assignments],
        *(each.entry.vehicles for each in rules.tariffs),
        *(each.who.vehicles for each in rules.policies),
    ]
    named = {vehicle for each in lists for vehicle in each}
    if strangers := sorted(named - {each.vehicle_id for each in house.registry.vehicles()}):
        line = f"{len(strangers)} vehicles that they name are not connected here, the first is {strangers[0]}"
        return Finding("rules", is_well=False, says=f"{line}: look for a typing error")
    return Finding("rules", is_well=True, says=f"{house.rules_folder}: {says}, {len(rules.assignments)} assignments")


def _rates(house: House) -> Finding:
    """Whether costs are converted, and whether newer rates would convert more of them."""
    newest = house.rules.rates.told["day"].max()
    if not isinstance(newest, date):
        return Finding("rates", is_well=True, says="none: costs stay in their own currencies alone")
    try:
        costs = house.tables.read(SESSION_COSTS, columns=("local_date", "amount", "currency", "reporting_amount"))
    except (DamagedTable, SchemaMismatch) as error:
        return Finding("rates", is_well=False, says=str(error))
    without = costs.filter(pl.col("amount").is_not_null() & pl.col("reporting_amount").is_null())
    waiting = without.filter(pl.col("local_date") > newest).height
    if waiting and house.clock.now().date() - newest > LOOK_BACK:
        says = (
            f"the newest are of {newest}, and {waiting} cost lines wait for newer ones: put the ECB's file into rates/"
        )
        return Finding("rates", is_well=False, says=says)
    named = ", ".join(without["currency"].unique().sort())
    said = f"; {without.height} cost lines in {named} have none" if named else ""
    return Finding("rates", is_well=True, says=f"the newest are of {newest}{said}")
