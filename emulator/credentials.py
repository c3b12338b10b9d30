"""Who is asking: Basic credentials of the application, the management token, and the Bearer token of an owner."""

import hmac
from base64 import b64decode

from aiohttp import web

from emulator.config import EmulatorConfig
from emulator.errors import OAuthError, failure
from emulator.tokens import Grant, TokenStore


def basic(request: web.Request) -> tuple[str, str]:
    """Read Basic credentials; two empty texts if there are none."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, secret


def require_client(request: web.Request, config: EmulatorConfig) -> None:
    """Refuse a token request whose client credentials are wrong, in the shape of OAuth."""
    if not _same(basic(request), (config.client_id, config.client_secret)):
        raise OAuthError("invalid_client", "Invalid or missing client credentials.", 401)


def is_client(request: web.Request, config: EmulatorConfig) -> bool:
    """Say whether the application's own credentials were given."""
    return _same(basic(request), (config.client_id, config.client_secret))


def is_manager(request: web.Request, config: EmulatorConfig) -> bool:
    """Say whether the application's management token was given (Smartcar's API reference, §7)."""
    return _same(basic(request), ("default", config.management_token))


def owner(request: web.Request, tokens: TokenStore) -> Grant:
    """Give the grant of the Bearer token, or refuse with AUTHENTICATION."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise failure("AUTHENTICATION")
    return tokens.grant_of(token)


def _same(given: tuple[str, str], expected: tuple[str, str]) -> bool:
    return all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, expected, strict=True))
