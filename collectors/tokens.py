"""Token pairs: sealed at rest, one refresh at a time per owner, durable before they are used.

A refresh token dies shortly after its first use (Smartcar's API reference, §3): within a grace of one to ten minutes it
still answers, later it does not, and the owner has to go through Connect again. So the old pair stays stored until the
new one is, and a refresh whose answer was lost is tried again with the same refresh token, at once and, if the process
died, by the next run.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NoReturn

import msgspec
import stamina

from collectors.errors import ApplicationMustAct, Circumstances, CollectError, OwnerMustAct, RetryLater, RetryNow
from lake.clock import Clock
from lake.registry import Registry
from lake.vault import Vault, WrongKey

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """An owner's tokens. Their `repr` shows the times alone.

    Attributes:
        access: Opens the API until `expires_at`, two hours in v2.0.
        refresh: Gives the next pair, once, within 60 days.
        expires_at: When `access` ends (UTC).
        refreshed_at: When the pair was received (UTC).
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime
    refreshed_at: datetime


Refresher = Callable[[str], Awaitable[TokenPair]]
"""Sends a refresh token, gives the new pair; raises `RetryNow` where trying the same token again may help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPolicy:
    """When to refresh, and how long to try.

    Attributes:
        ahead: An access token with less life than this is refreshed before it is used.
        grace: Seconds in which a used refresh token still answers; the older documentation's minute is the safe one.
        attempts: Tries within the grace.
        backoff: Seconds before the second try; doubles.
    """

    ahead: timedelta = timedelta(minutes=5)
    grace: float = 60
    attempts: int = 4
    backoff: float = 1


class TokenStore:
    """The tokens of all owners. Make one within the running event loop, and share it.

    Args:
        registry: Where sealed pairs and owners are kept.
        vault: Seals and opens.
        clock: What time it is for expiry.
        refresher: Sends a refresh token to the source.
        policy: When to refresh.
    """

    def __init__(
        self,
        registry: Registry,
        vault: Vault,
        clock: Clock,
        refresher: Refresher,
        policy: RefreshPolicy | None = None,
    ) -> None:
        self._registry = registry
        self._vault = vault
        self._clock = clock
        self._refresher = refresher
        self._policy = policy or RefreshPolicy()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._opened: dict[str, tuple[bytes, TokenPair]] = {}
        self._given_up: dict[str, tuple[str, CollectError]] = {}

    async def access(self, owner_id: str) -> str:
        """An access token that lives on for a while, refreshed first if need be.

        Raises:
            OwnerMustAct: There are no tokens, or the refresh token is used up or expired.
            RetryLater: The token endpoint gave no usable answer within the grace.
            ApplicationMustAct: The client's credentials are wrong, or the stored tokens do not open with this key.
        """
        pair = self._stored(owner_id)
        if self._is_fresh(pair):
            return pair.access
        async with self._locks[owner_id]:
            pair = self._stored(owner_id)  # another task may have refreshed meanwhile
            return pair.access if self._is_fresh(pair) else (await self._refresh(owner_id, pair)).access

    async def renewed(self, owner_id: str, refused: str) -> str:
        """Another access token than the one that was refused; refreshes unless that has happened meanwhile.

        Raises as `access` does.
        """
        async with self._locks[owner_id]:
            pair = self._stored(owner_id)
            if pair.access != refused:
                return pair.access
            return (await self._refresh(owner_id, pair)).access

    def keep(self, owner_id: str, pair: TokenPair) -> None:
        """Seal and store a pair; it is durable when this returns. The owner must be in the registry."""
        self._registry.keep_tokens(owner_id, self._vault.seal(msgspec.json.encode(pair)), pair.refreshed_at)

    async def keep_alive(self, idle: timedelta = timedelta(days=30)) -> dict[str, CollectError | None]:
        """Refresh the pairs not refreshed for `idle`: unused for 60 days they would end.

        Returns:
            Per refreshed owner the error, or None where all is well.
        """
        due: dict[str, CollectError | None] = {}
        for owner in self._registry.owners():
            if self._registry.sealed_tokens(owner.owner_id) is None:
                continue
            pair = self._stored(owner.owner_id)
            if pair.refreshed_at <= self._clock.now() - idle:
                due[owner.owner_id] = await self._try_renewing(owner.owner_id, pair.access)
        return due

    async def _try_renewing(self, owner_id: str, access: str) -> CollectError | None:
        try:
            await self.renewed(owner_id, access)
        except CollectError as error:
            return error
        return None

    async def _refresh(self, owner_id: str, old: TokenPair) -> TokenPair:
        refused = self._given_up.get(owner_id)
        if refused is not None and refused[0] == old.refresh:
            raise refused[1]
        self.keep(owner_id, old)  # a state without room must say so before the refresh uses the old pair up
        try:
            new = await self._ask(old.refresh)
        except OwnerMustAct as error:
            return self._kept_by_another(owner_id, old, error)
        except RetryNow as error:
            self._leave_for_next_run(owner_id, old, error)
        self.keep(owner_id, new)  # before anybody uses it
        self._set_trouble(owner_id, None)
        _log.info("tokens refreshed", extra={"owner_id": owner_id, "expires_at": new.expires_at.isoformat()})
        return new

    async def _ask(self, refresh_token: str) -> TokenPair:
        """Try within the grace; the same refresh token is the only one there is until its answer arrives."""
        policy = self._policy
        attempts = stamina.retry_context(
            on=RetryNow, attempts=policy.attempts, timeout=policy.grace, wait_initial=policy.backoff, wait_jitter=0.1
        )
        async for attempt in attempts:
            with attempt:
                return await self._refresher(refresh_token)
        raise AssertionError("stamina ends with a result or an error")

    def _leave_for_next_run(self, owner_id: str, old: TokenPair, error: RetryNow) -> NoReturn:
        """Each of the owner's streams would try as long again, one after the other."""
        later = RetryLater(error.at, "Nothing to do: the tokens could not be refreshed; the next run tries again.")
        self._given_up[owner_id] = (old.refresh, later)
        raise later from None

    def _kept_by_another(self, owner_id: str, old: TokenPair, error: OwnerMustAct) -> TokenPair:
        """The pair that another process stored meanwhile; if there is none, it is the owner's move."""
        now_stored = self._stored(owner_id)
        if now_stored.refresh != old.refresh:
            return now_stored
        self._given_up[owner_id] = (old.refresh, error)
        self._set_trouble(owner_id, error.what_to_do)
        raise error

    def _set_trouble(self, owner_id: str, trouble: str | None) -> None:
        for owner in self._registry.owners():
            if owner.owner_id == owner_id and owner.trouble != trouble:
                self._registry.keep_owner(replace(owner, trouble=trouble))

    def _stored(self, owner_id: str) -> TokenPair:
        sealed = self._registry.sealed_tokens(owner_id)
        if sealed is None:
            at = Circumstances(call="tokens", detail=f"owner {owner_id} has none")
            raise OwnerMustAct(at, "The vehicle's owner must connect again.")
        known = self._opened.get(owner_id)
        if known is None or known[0] != sealed:
            known = self._opened[owner_id] = (sealed, self._open(sealed))
        return known[1]

    def _open(self, sealed: bytes) -> TokenPair:
        try:
            return msgspec.json.decode(self._vault.open(sealed), type=TokenPair)
        except WrongKey as error:
            what = str(error)
        raise ApplicationMustAct(Circumstances(call="tokens"), what)

    def _is_fresh(self, pair: TokenPair) -> bool:
        return pair.expires_at > self._clock.now() + self._policy.ahead
