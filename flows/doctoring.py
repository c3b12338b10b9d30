"""`doctor`: whether this machine and its settings can run chargelake, and what to do where they cannot."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from flows.collecting import application
from flows.exits import Stop
from flows.house import House
from lake.raw import segments
from lake.vault import WrongKey

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
        ("landed", _landed),
    )
    for about, check in checks:
        try:
            yield check(house)
        except Stop as stop:
            yield Finding(about, is_well=False, says=str(stop))


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
    found = application(house)
    return Finding("credentials", is_well=True, says=f"application {found.client_id}, mode {found.mode}")


def _vehicles(house: House) -> Finding:
    count = len(house.registry.vehicles())
    if not count:
        return Finding("vehicles", is_well=False, says="none connected: `chargelake connect`")
    return Finding("vehicles", is_well=True, says=f"{count} connected")


def _landed(house: House) -> Finding:
    waiting = len(set(segments(house.store)) - house.runs.taken_in())
    says = f"{waiting} segments wait for the next run" if waiting else "everything is in the tables"
    return Finding("landed", is_well=True, says=says)
