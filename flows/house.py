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
from flows.rules import PlacesRead, Rules, load_places, load_rules
from flows.settings import Settings
from lake.budget import RequestBudget
from lake.capabilities import Capabilities
from lake.clock import Clock
from lake.forgotten import Forgotten, Guard
from lake.ledger import Ledger
from lake.lock import LakeHeld, hold
from lake.names import Namer, house_key, namer
from lake.raw import TURN
from lake.registry import Registry
from lake.runs import Runs
from lake.state import StateUnusable, open_state
from lake.store import HomeNotSupported, LocalStore, make_folder, open_store, sync_folder
from lake.tables import Tables
from lake.vault import Vault, WrongKey, load_or_make_key, new_key, write_keys


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
            return open_state(self.settings.state_url or f"sqlite:///{self._state_folder / 'chargelake.db'}")
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
    def receiver_lock(self) -> Path:
        """What the one receiver of webhooks on this home holds."""
        return self._state_folder / "receiver"

    @property
    def key_file(self) -> Path:
        """Where the key lies if it is not in the settings."""
        return self._state_folder / "secret.key"

    def rotate_key(self) -> int:
        """Seal all tokens anew: with a new key in the key file, or with the first key of the settings.

        A kill at any point leaves keys that open every token. The caller holds the lake.

        Returns:
            How many owners' tokens were sealed anew.

        Raises:
            WrongKey: A token does not open with the keys there are; nothing was changed.
            Stop: The settings hold one key alone (exit code 2).
        """
        configured = self.settings.secret_key.get_secret_value()
        if configured:
            return self._reseal_with_configured(configured)
        old = load_or_make_key(self.key_file, has_tokens=self.registry.has_tokens())
        new = new_key()
        keys = f"{new},{old}"
        self._check_tokens_open(Vault(old))
        write_keys(self.key_file, keys)
        resealed = self.registry.reseal_tokens(Vault(keys).reseal)
        write_keys(self.key_file, new)
        self.__dict__.pop("vault", None)
        return resealed

    def _reseal_with_configured(self, keys: str) -> int:
        if "," not in keys:
            line = "CHARGELAKE_SECRET_KEY holds the key: put a new one before it, as NEW,OLD, and rotate again"
            raise Stop(Exit.USAGE, f"{line} (`chargelake key new` prints one)")
        return self.registry.reseal_tokens(Vault(keys).reseal)

    def _check_tokens_open(self, vault: Vault) -> None:
        for owner in self.registry.owners():
            if sealed := self.registry.sealed_tokens(owner.owner_id):
                vault.open(sealed)

    @cached_property
    def _state_folder(self) -> Path:
        """The folder of state, keys and lock, made its owner's alone: who could write to it could replace the key."""
        folder = Path(self.store.uri("state"))
        try:
            make_folder(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(folder.parent)
            if folder.stat().st_mode & 0o077:
                folder.chmod(0o700)
        except OSError as error:
            raise Stop(Exit.USAGE, f"{folder} cannot be made this user's own: {error.strerror}") from None
        return folder

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
    def capabilities(self) -> Capabilities:
        """What Smartcar said that vehicles can give."""
        return Capabilities(self.engine)

    @cached_property
    def forgotten(self) -> Forgotten:
        """What was forgotten on purpose."""
        return Forgotten(self.engine)

    @cached_property
    def guard(self) -> Guard:
        """Keeps out what was forgotten; as it was when it was first used, or last renewed."""
        return self.forgotten.guard()

    def renew_guard(self) -> None:
        """Keep out what was forgotten meanwhile, too."""
        self.__dict__.pop("guard", None)

    def names(self) -> Namer:
        """What pages and exports call a vehicle instead of its id."""
        vehicles = [(each.vehicle_id, each.make) for each in self.registry.vehicles()]
        return namer(house_key(self.engine, "names"), vehicles)

    def ids_by_name(self) -> dict[str, str]:
        """Smartcar's ids of vehicles by the names that pages show."""
        called = self.names()
        return {called(each.vehicle_id): each.vehicle_id for each in self.registry.vehicles()}

    @property
    def rules_folder(self) -> Path:
        """The folder of rules; it need not exist."""
        return Path(self.settings.rules or self.store.uri("rules"))

    @cached_property
    def places(self) -> PlacesRead:
        """What people wrote of places."""
        return load_places(self.rules_folder, self.ids_by_name())

    @cached_property
    def rules(self) -> Rules:
        """What people wrote of tariffs, policies, assignments, rates and carbon."""
        return load_rules(self.rules_folder, self.ids_by_name())

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
            with hold(self._state_folder / "lock"):
                with self.store.in_turn(TURN):  # a receiver may be landing
                    self.store.sweep_staging()
                yield
        except LakeHeld as error:
            raise Stop(Exit.LAKE_HELD, str(error)) from None
