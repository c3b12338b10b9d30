"""The house, opened: everything a command works with, made from the settings in one place."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from flows.exits import Exit, Stop
from flows.settings import Settings
from lake.budget import RequestBudget
from lake.clock import Clock
from lake.ledger import Ledger
from lake.lock import LakeHeld, hold
from lake.registry import Registry
from lake.runs import Runs
from lake.state import StateUnusable, open_state
from lake.store import HomeNotSupported, LocalStore, open_store
from lake.tables import Tables
from lake.vault import Vault, WrongKey, load_or_make_key


class House:
    """What is kept under `CHARGELAKE_HOME`, and the ways to it. Each part is opened when it is first used."""

    def __init__(self, settings: Settings) -> None:
        """Open the house that `settings` describe."""
        self.settings = settings

    @property
    def clock(self) -> Clock:
        """What time it is."""
        return self.settings.clock

    def real_now(self) -> datetime:
        """The machine's time in UTC: request limits are real, whatever time a run pretends it is."""
        return datetime.now(UTC)

    @cached_property
    def store(self) -> LocalStore:
        """Files."""
        try:
            return open_store(self.settings.home)
        except HomeNotSupported as error:
            raise Stop(Exit.USAGE, str(error)) from None

    @cached_property
    def engine(self) -> Engine:
        """The state database."""
        try:
            return open_state(self.settings.state_url or f"sqlite:///{self.store.uri('state/chargelake.db')}")
        except StateUnusable as error:
            raise Stop(Exit.USAGE, str(error)) from None

    @cached_property
    def vault(self) -> Vault:
        """Seals tokens; the key is made with the first one."""
        try:
            configured = self.settings.secret_key.get_secret_value()
            return Vault(configured or load_or_make_key(self.key_file, has_tokens=self.registry.has_tokens()))
        except WrongKey as error:
            raise Stop(Exit.USAGE, str(error)) from None

    @property
    def key_file(self) -> Path:
        """Where the key lies if it is not in the settings."""
        return Path(self.store.uri("state/secret.key"))

    @cached_property
    def registry(self) -> Registry:
        """Owners and vehicles."""
        return Registry(self.engine)

    @cached_property
    def ledger(self) -> Ledger:
        """What is known complete."""
        return Ledger(self.engine)

    @cached_property
    def budget(self) -> RequestBudget:
        """What was spent."""
        return RequestBudget(self.engine)

    @cached_property
    def runs(self) -> Runs:
        """What ran."""
        return Runs(self.engine)

    @cached_property
    def tables(self) -> Tables:
        """The published tables."""
        return Tables(self.store)

    def vehicles_frame(self) -> pl.DataFrame:
        """The connected vehicles: vehicle_id, make, model, timezone (text; null where unknown)."""
        rows = [(each.vehicle_id, each.make, each.model, each.timezone) for each in self.registry.vehicles()]
        columns = ("vehicle_id", "make", "model", "timezone")
        return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lake for a run that writes, and clear away what a killed one left half written."""
        try:
            with hold(Path(self.store.uri("state/lock"))):
                self.store.sweep_staging()
                yield
        except LakeHeld as error:
            raise Stop(Exit.LAKE_HELD, str(error)) from None
