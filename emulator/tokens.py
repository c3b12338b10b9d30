"""Codes and tokens of v2.0 (Smartcar's API reference, §3), all on the emulator's clock.

A refresh token used again within the grace answers the SAME pair as the first time: an answer that was lost on the
way can be fetched once more, and two refreshes that race end with one pair instead of two that shut each other out.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from emulator.clock import Clock
from emulator.config import EmulatorConfig
from emulator.errors import OAuthError, failure

CODE_LIFE = timedelta(minutes=10)


@dataclass(slots=True)
class Grant:
    """What one owner allowed the application: the scopes, and the vehicles (ids) still connected."""

    user_id: str
    scopes: frozenset[str]
    mode: str
    vehicle_ids: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token and the refresh token that goes with it."""

    access: str
    refresh: str
    access_until: datetime

    def as_json(self, now: datetime) -> dict[str, object]:
        """Give the answer of the token endpoint."""
        return {
            "access_token": self.access,
            "token_type": "Bearer",
            "expires_in": max(int((self.access_until - now).total_seconds()), 0),
            "refresh_token": self.refresh,
        }


@dataclass(slots=True)
class _Refresh:
    grant: Grant
    until: datetime
    used_at: datetime | None = None
    successor: Pair | None = None


class TokenStore:
    """Gives out codes and pairs and says whose they are. Nothing here survives the emulator's end."""

    def __init__(self, config: EmulatorConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._codes: dict[str, tuple[Grant, str, datetime]] = {}
        self._access: dict[str, tuple[Grant, datetime]] = {}
        self._refresh: dict[str, _Refresh] = {}

    def new_code(self, grant: Grant, redirect_uri: str) -> str:
        """Give a code that can be exchanged once within ten minutes."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = (grant, redirect_uri, self._clock.now() + CODE_LIFE)
        return code

    def exchange(self, code: str, redirect_uri: str) -> Pair:
        """Give the first pair for a code, which dies of it."""
        grant, expected_uri, until = self._codes.pop(code, (None, "", self._clock.now()))
        if grant is None or until < self._clock.now():
            raise OAuthError("invalid_grant", "Invalid or expired authorization code.")
        if redirect_uri != expected_uri:
            raise OAuthError("invalid_grant", "The redirect_uri is not the one of the authorization request.")
        return self._new_pair(grant)

    def refresh(self, token: str) -> Pair:
        """Give the pair that follows a refresh token: a new one the first time, the same one within the grace."""
        now = self._clock.now()
        known = self._refresh.get(token)
        if known is None or known.until < now:
            raise OAuthError("invalid_grant", "Invalid or expired refresh token.")
        if known.successor is None:
            known.used_at, known.successor = now, self._new_pair(known.grant)
        elif known.used_at is None or now - known.used_at > self._config.refresh_grace:
            raise OAuthError("invalid_grant", "The refresh token has been used already.")
        return known.successor

    def grant_of(self, access_token: str) -> Grant:
        """Tell whose access token it is, or refuse with AUTHENTICATION."""
        grant, until = self._access.get(access_token, (None, self._clock.now()))
        if grant is None or until < self._clock.now() or not grant.vehicle_ids:
            raise failure("AUTHENTICATION")
        return grant

    def _new_pair(self, grant: Grant) -> Pair:
        now = self._clock.now()
        access_until = now + self._config.access_life
        pair = Pair(secrets.token_urlsafe(24), secrets.token_urlsafe(24), access_until)
        self._access[pair.access] = (grant, access_until)
        self._refresh[pair.refresh] = _Refresh(grant, now + self._config.refresh_life)
        return pair
