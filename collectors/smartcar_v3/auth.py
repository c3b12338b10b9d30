"""Authorization in v3 as pure functions: the application's credentials give one token for an hour (§8).

Nothing here is landed or logged: the answers are secrets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from collectors.errors import ApplicationMustAct, OwnerMustAct
from collectors.granting import TokenErrors, read_grant, token_failure
from collectors.http import Request, Response

TOKEN_CALL: Final = "POST /oauth2/token"  # noqa: S105, the name of a call
_LIFE_IF_UNTOLD: Final = 3600
_SETTINGS: Final = "CHARGELAKE_SMARTCAR__V3_CLIENT_ID and __V3_CLIENT_SECRET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The application's credentials for the API; Connect knows it by another id (`consent.ConnectPage`).

    Attributes:
        client_id: Begins with `client_`.
        client_secret: Its secret.
        token_url: Where they are exchanged for a token.
    """

    client_id: str
    client_secret: str = field(repr=False)
    token_url: str = "https://iam.smartcar.com/oauth2/token"  # noqa: S105, a URL


@dataclass(frozen=True, slots=True)
class AccessToken:
    """The application's token, and when it ends (UTC)."""

    access: str = field(repr=False)
    expires_at: datetime


_TOKEN_ERRORS: Final[TokenErrors] = {
    "invalid_client": (ApplicationMustAct, f"Client id and secret of v3 do not fit together: check {_SETTINGS}."),
    "invalid_request": (
        ApplicationMustAct,
        f"The token request was refused: check CHARGELAKE_SMARTCAR__V3_AUTH_URL, {_SETTINGS}.",
    ),
    "unauthorized_client": (ApplicationMustAct, "The application may not do this: check it in Smartcar's dashboard."),
}


def ask_token(application: Application) -> Request:
    """Exchange the application's credentials for a token."""
    form = {
        "grant_type": "client_credentials",
        "client_id": application.client_id,
        "client_secret": application.client_secret,
    }
    return Request(method="POST", url=application.token_url, call=TOKEN_CALL, form=form)


def read_token(response: Response, now: datetime) -> AccessToken:
    """The token in an answer of the token endpoint.

    Args:
        response: The answer.
        now: When it was received (UTC).

    Raises:
        ApplicationMustAct: The credentials are wrong, or were not asked for as the endpoint wants it.
        RetryNow: A failure of the server, or a success that cannot be read.
    """
    if response.status != 200:  # noqa: PLR2004, the status by its number
        error = token_failure(response, _TOKEN_ERRORS, call=TOKEN_CALL, now=now)
        if isinstance(error, OwnerMustAct):  # a refusal of whatever kind is about the application: no owner has a part
            raise ApplicationMustAct(error.at, _TOKEN_ERRORS["invalid_client"][1])
        raise error
    told = read_grant(response, ("access_token",), call=TOKEN_CALL, usual_life=_LIFE_IF_UNTOLD)
    return AccessToken(told.tokens[0], now + told.life)
