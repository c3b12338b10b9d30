"""Token rotation as a machine of states: whatever is lost and whenever the process dies, no owner has to come back."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from collecting_rig import KEY, NOW, SettableClock
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from collectors.errors import NoAnswer, OwnerMustAct
from collectors.tokens import RefreshPolicy, TokenPair, TokenStore
from lake.registry import Owner, Registry
from lake.state import open_state
from lake.vault import Vault
from tests.tries import tries

GRACE = timedelta(minutes=1)
POLICY = RefreshPolicy(backoff=0.0001)
MOMENTS = ("before the request", "after the answer", "before the commit", "after the commit")


class Crash(BaseException):
    """The process ends here."""


class Smartcar:
    """Gives each pair once, and again within the grace to whoever sends the token that it replaced."""

    def __init__(self, clock: SettableClock) -> None:
        self._clock = clock
        self._given = 1
        self._replaced: dict[str, tuple[TokenPair, datetime]] = {}
        self.rotations = 0
        self.drops = 0
        self.crash_at: str | None = None

    def pair(self) -> TokenPair:
        now, number = self._clock.now(), self._given
        return TokenPair(
            access=f"access-{number}",
            refresh=f"refresh-{number}",
            expires_at=now + timedelta(hours=2),
            refreshed_at=now,
        )

    async def __call__(self, refresh_token: str) -> TokenPair:
        if self.crash_at == "before the request":
            raise Crash
        pair = self.exchange(refresh_token)
        await asyncio.sleep(0)
        if self.crash_at == "after the answer":
            raise Crash
        if self.drops:
            self.drops -= 1
            raise NoAnswer
        return pair

    def exchange(self, refresh_token: str) -> TokenPair:
        if not self.is_alive(refresh_token):
            raise OwnerMustAct
        if refresh_token not in self._replaced:
            self._given += 1
            self.rotations += 1
            self._replaced[refresh_token] = (self.pair(), self._clock.now())
        return self._replaced[refresh_token][0]

    def is_alive(self, refresh_token: str) -> bool:
        if refresh_token in self._replaced:
            return self._clock.now() - self._replaced[refresh_token][1] <= GRACE
        return refresh_token == f"refresh-{self._given}"


class Rotation(RuleBasedStateMachine):
    """One owner, whose process may die at any moment of a refresh and is started again within the grace."""

    @initialize()
    def connect(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = SettableClock(NOW)
        self.smartcar = Smartcar(self.clock)
        self.in_doubt = False
        self.start()
        self.registry.keep_owner(Owner("o-1", NOW))
        self.tokens().keep("o-1", self.smartcar.pair())

    def start(self) -> None:
        self.engine = open_state(f"sqlite:///{Path(self.folder.name) / 'chargelake.db'}")
        self.registry = Registry(self.engine)

    def tokens(self) -> TokenStore:
        return TokenStore(self.registry, Vault(KEY), self.clock, self.smartcar, POLICY)

    def teardown(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()

    @precondition(lambda self: not self.in_doubt)
    @rule(hours=st.integers(1, 300))
    def time_passes(self, hours: int) -> None:
        self.clock.advance(hours=hours)

    @rule(drops=st.integers(0, 2), tasks=st.integers(1, 3))
    def asks(self, drops: int, tasks: int) -> None:
        self.smartcar.drops, before = drops, self.smartcar.rotations
        told = asyncio.run(self.access(tasks))
        stored = self.stored()
        assert told == [stored.access] * tasks, "what is used is durable, and the same for all tasks"
        assert stored.expires_at > self.clock.now()
        assert self.smartcar.rotations <= before + 1
        self.smartcar.drops, self.in_doubt = 0, False

    @rule(moment=st.sampled_from(MOMENTS), drops=st.integers(0, 1))
    def dies(self, moment: str, drops: int) -> None:
        self.smartcar.drops, self.smartcar.crash_at = drops, moment
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.registry, "keep_tokens", self.dying(self.registry.keep_tokens, moment))
            if self.is_due():
                with pytest.raises(Crash):
                    asyncio.run(self.access(1))
                self.in_doubt = self.in_doubt or moment in {"after the answer", "before the commit"}
        self.smartcar.drops, self.smartcar.crash_at = 0, None
        self.engine.dispose()
        self.start()
        self.clock.advance(seconds=1)

    def dying(self, keep: Callable[..., Any], moment: str) -> Callable[..., Any]:
        """Die at the commit of the new pair; the first is the rehearsal with the old one."""
        calls = iter((False, True))

        def keep_or_die(*arguments: Any) -> None:
            is_new = next(calls)
            if is_new and moment == "before the commit":
                raise Crash
            keep(*arguments)
            if is_new and moment == "after the commit":
                raise Crash

        return keep_or_die

    async def access(self, tasks: int) -> list[str]:
        tokens = self.tokens()
        return list(await asyncio.gather(*(tokens.access("o-1") for _ in range(tasks))))

    def stored(self) -> TokenPair:
        return msgspec.json.decode(Vault(KEY).open(self.registry.sealed_tokens("o-1") or b""), type=TokenPair)

    def is_due(self) -> bool:
        return self.stored().expires_at <= self.clock.now() + POLICY.ahead

    @invariant()
    def the_stored_refresh_token_is_alive(self) -> None:
        assert self.smartcar.is_alive(self.stored().refresh)


TestRotation = Rotation.TestCase
TestRotation.settings = tries(15, stateful_step_count=15)
