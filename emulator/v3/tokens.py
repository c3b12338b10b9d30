"""The tokens of v3 (Smartcar's API reference, §8): one for the whole application, an hour long, without a refresh."""

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from emulator.clock import Clock
from emulator.config import EmulatorConfig
from emulator.errors import OAuthError, failure

LIFE = timedelta(hours=1)


class ApplicationTokens:
    """Gives out the application's tokens and knows them again, all on the emulator's clock."""

    def __init__(self, config: EmulatorConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._until: dict[str, datetime] = {}

    def new(self, form: Mapping[str, object]) -> dict[str, object]:
        """Answer a token request.

        Raises:
            OAuthError: 400 `invalid_request` if something is missing or not asked as v3 wants it, 401
                `invalid_client` if the credentials are not the application's.
        """
        if form.get("grant_type") != "client_credentials":
            raise OAuthError("invalid_request", "grant_type must be client_credentials.")
        given = str(form.get("client_id") or ""), str(form.get("client_secret") or "")
        if not all(given):
            raise OAuthError("invalid_request", "client_id and client_secret are needed.")
        self._check(given)
        token = secrets.token_urlsafe(24)
        self._until[token] = self._clock.now() + LIFE
        return {"access_token": token, "token_type": "Bearer", "expires_in": int(LIFE.total_seconds())}

    def _check(self, given: tuple[str, str]) -> None:
        expected = self._config.v3_client_id, self._config.v3_client_secret
        same = [hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, expected, strict=True)]
        if not all(same):
            raise OAuthError("invalid_client", "Invalid client credentials.", 401)

    def require(self, token: str) -> None:
        """Refuse with AUTHENTICATION what is no token of the application or too old."""
        until = self._until.get(token)
        if until is None or until < self._clock.now():
            raise failure("AUTHENTICATION")
