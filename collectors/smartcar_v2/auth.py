"""Authorization in v2.0 as pure functions: codes and refresh tokens become pairs of tokens.

Smartcar's API reference, §3. Nothing here is landed or logged: the answers are secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from collectors.consent import ConnectPage
from collectors.errors import ApplicationMustAct, OurBug, OwnerMustAct
from collectors.granting import TokenErrors, read_grant, token_failure
from collectors.http import Request, Response
from collectors.smartcar_v2.protocol import basic
from collectors.tokens import TokenPair

_TOKEN_CALL: Final = "POST /oauth/token"  # noqa: S105, the name of a call
_LIFE_IF_UNTOLD: Final = 7200
_RECONNECT: Final = "The vehicle's owner must connect again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(ConnectPage):
    """The application as it is registered with Smartcar.

    Attributes:
        client_secret: Its secret.
        token_url: Where codes and refresh tokens are exchanged.
    """

    client_secret: str = field(repr=False)
    token_url: str = "https://auth.smartcar.com/oauth/token"  # noqa: S105, a URL


def exchange_code(application: Application, code: str) -> Request:
    """Exchange a code for the first pair of tokens."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": application.redirect_uri}
    return _token_request(application, form)


def refresh(application: Application, refresh_token: str) -> Request:
    """Exchange a refresh token, which dies shortly after, for a new pair."""
    return _token_request(application, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def read_tokens(response: Response, now: datetime) -> TokenPair:
    """The pair in an answer of the token endpoint.

    Args:
        response: The answer.
        now: When it was received (UTC).

    Raises:
        OwnerMustAct: `invalid_grant`: code or refresh token are used up or expired.
        ApplicationMustAct: The client's credentials are wrong.
        RetryNow: A failure of the server, or a success that cannot be read.
    """
    if response.status != 200:  # noqa: PLR2004, the status by its number
        raise token_failure(response, _TOKEN_ERRORS, call=_TOKEN_CALL, now=now)
    told = read_grant(response, ("access_token", "refresh_token"), call=_TOKEN_CALL, usual_life=_LIFE_IF_UNTOLD)
    access, fresh = told.tokens
    return TokenPair(access=access, refresh=fresh, expires_at=now + told.life, refreshed_at=now)


_TOKEN_ERRORS: Final[TokenErrors] = {
    "invalid_grant": (OwnerMustAct, _RECONNECT),
    "invalid_client": (
        ApplicationMustAct,
        "Client id and secret do not fit together: check CHARGELAKE_SMARTCAR__CLIENT_ID and __CLIENT_SECRET.",
    ),
    "unauthorized_client": (ApplicationMustAct, "The application may not do this: check it in Smartcar's dashboard."),
    "invalid_request": (OurBug, "The token request was wrong: check the redirect URI, then report it as a bug."),
    "unsupported_grant_type": (OurBug, "The token request was wrong: report it as a bug."),
}


def _token_request(application: Application, form: Mapping[str, str]) -> Request:
    headers = {"authorization": basic(application.client_id, application.client_secret)}
    return Request(method="POST", url=application.token_url, call=_TOKEN_CALL, headers=headers, form=form)
