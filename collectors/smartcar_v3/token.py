"""The application's one token: in memory alone, fetched when it is needed, by one task at a time.

There is no refresh token (Smartcar's API reference, §8): the next is had for the same credentials. Fetching it is no
part of the API's request budget.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

import stamina

from collectors.calls import bearer
from collectors.errors import ApplicationMustAct, CollectError, RetryLater, RetryNow, TokenRefused
from collectors.http import Transport
from collectors.smartcar_v3 import auth
from collectors.tokens import RefreshPolicy
from lake.clock import Clock

_TIMEOUT: Final = 15.0
_REFUSED: Final = (
    "Smartcar refuses the application's own token: check CHARGELAKE_SMARTCAR__V3_CLIENT_ID, __V3_CLIENT_SECRET and "
    "__V3_API_URL, and the application in Smartcar's dashboard."
)
_LATER: Final = "Nothing to do: the application's token could not be had; the next run tries again."


class ApplicationToken:
    """Credentials of the application. Make one within the running event loop, and share it.

    Args:
        application: Who asks.
        transport: Sends.
        clock: What time it is for expiry.
        policy: How long before its end a token is replaced, and how often that is tried.
    """

    def __init__(
        self, application: auth.Application, transport: Transport, clock: Clock, policy: RefreshPolicy | None = None
    ) -> None:
        self._application = application
        self._transport = transport
        self._clock = clock
        self._policy = policy or RefreshPolicy()
        self._lock = asyncio.Lock()
        self._token: auth.AccessToken | None = None
        self._failed: CollectError | None = None

    async def header(self) -> str:
        """The Authorization header of a token that lives on for a while.

        Raises:
            ApplicationMustAct: The credentials are wrong.
            RetryLater: The token endpoint gave no usable answer.
        """
        async with self._lock:
            token = self._token
            if token is None or token.expires_at <= self._clock.now() + self._policy.ahead:
                token = await self._fetch()
            return bearer(token.access)

    async def after_refusal(self, refused: str, error: TokenRefused) -> str:
        """The header of another token than the refused one; fetches it unless that has happened meanwhile."""
        del error
        async with self._lock:
            token = self._token
            if token is None or bearer(token.access) == refused:
                token = await self._fetch()
            return bearer(token.access)

    def given_up(self, error: TokenRefused) -> CollectError:
        """A fresh token was refused as well: no owner can help."""
        return ApplicationMustAct(error.at, _REFUSED)

    async def _fetch(self) -> auth.AccessToken:
        if self._failed is not None:  # each vehicle would try as long again
            raise self._failed
        try:
            self._token = await self._ask()
        except RetryNow as error:
            self._failed = RetryLater(error.at, _LATER)
        except CollectError as error:
            self._failed = error
        if self._failed is not None or self._token is None:
            raise self._failed or RetryLater(what_to_do=_LATER)
        return self._token

    async def _ask(self) -> auth.AccessToken:
        request = replace(auth.ask_token(self._application), timeout=_TIMEOUT)
        policy = self._policy
        attempts = stamina.retry_context(
            on=RetryNow, attempts=policy.attempts, timeout=policy.grace, wait_initial=policy.backoff, wait_jitter=0.1
        )
        async for attempt in attempts:
            with attempt:
                return auth.read_token(await self._transport.send(request), self._clock.now())
        raise AssertionError("stamina ends with a result or an error")
