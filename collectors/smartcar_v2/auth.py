"""Authorization in v2.0 as pure functions: the Connect URL, the redirect back, codes and refresh tokens.

Smartcar's API reference, §3. Nothing here is landed or logged: the answers are secrets.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson

from collectors.errors import (
    ApplicationMustAct,
    Circumstances,
    CollectError,
    OurBug,
    OwnerMustAct,
    RetryLater,
    RetryNow,
    TokenRefused,
)
from collectors.http import Request, Response
from collectors.smartcar_v2.failures import error_body, failure
from collectors.tokens import TokenPair

SCOPES: Final = ("read_vehicle_info", "read_charge_records")
_TOKEN_CALL: Final = "POST /oauth/token"  # noqa: S105, the name of a call
_LIFE_IF_UNTOLD: Final = 7200
_LONGEST_LIFE: Final = 30 * 86400
_TOKEN: Final = re.compile(r"[!-~]{1,4096}")
_RECONNECT: Final = "The vehicle's owner must connect again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The application as it is registered with Smartcar.

    Attributes:
        client_id: Identifies the application.
        client_secret: Its secret.
        redirect_uri: Where Connect sends the browser back to.
        mode: `live`, `test` or `simulated`.
        connect_url: Where a person grants access.
        token_url: Where codes and refresh tokens are exchanged.
    """

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    mode: str = "live"
    connect_url: str = "https://connect.smartcar.com/oauth/authorize"
    token_url: str = "https://auth.smartcar.com/oauth/token"  # noqa: S105, a URL


_CONNECT_ERRORS: Final[Mapping[str, tuple[type[CollectError], str]]] = {
    "access_denied": (OwnerMustAct, "The owner said no: open the link again and press Allow."),
    "invalid_subscription": (
        OwnerMustAct,
        "The maker's connected services are inactive or expired: the owner must renew them, then connect again.",
    ),
    "vehicle_incompatible": (OwnerMustAct, "This vehicle does not work with Smartcar: connect another one."),
    "no_vehicles": (OwnerMustAct, "The maker's account has no vehicle: the owner must add it, then connect again."),
    "configuration_error": (
        ApplicationMustAct,
        "Connect showed an error page: check client id, redirect URI and permissions in Smartcar's dashboard.",
    ),
    "server_error": (RetryLater, "Smartcar had a problem of its own: connect again in a few minutes."),
}


def new_state() -> str:
    """A fresh `state`: what comes back with another was not asked for here."""
    return secrets.token_urlsafe(24)


def authorize_url(
    application: Application, state: str, *, scopes: tuple[str, ...] = SCOPES, make: str | None = None
) -> str:
    """Where the owner's browser goes to grant access.

    Args:
        application: Who asks.
        state: Comes back with the answer.
        scopes: The permissions to ask for.
        make: Skips the page on which the owner chooses the maker.
    """
    query = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uri,
        "scope": " ".join(scopes),
        "mode": application.mode,
        "state": state,
        "approval_prompt": "force",
    }
    return f"{application.connect_url}?{urlencode(query | ({'make': make} if make else {}))}"


def read_redirect(url: str, state: str) -> str:
    """The code in the URL that Connect sends the browser back to.

    Raises:
        OwnerMustAct, ApplicationMustAct, RetryLater: Connect gave an error; the sentence explains it.
        OurBug: `state` is not the one that was sent, or there is no code.
    """
    query = dict(parse_qsl(urlsplit(url).query))
    if not secrets.compare_digest(query.get("state", "").encode(), state.encode()):
        at = Circumstances(call="redirect from Connect")
        raise OurBug(
            at, "The answer does not belong to this request (its state differs): start again with the new link."
        )
    if "error" in query:
        raise connect_error(query["error"])
    if not query.get("code"):
        raise OurBug(
            Circumstances(call="redirect from Connect"), "Connect sent neither a code nor an error: start again."
        )
    return query["code"]


def connect_error(name: str) -> CollectError:
    """The error of Connect by its name (§3); a name that nobody knows is the owner's to look at."""
    kind, what = _CONNECT_ERRORS.get(name, (OwnerMustAct, "Connect did not finish: open the link again."))
    shown = name if name in _CONNECT_ERRORS else "an unknown error"
    return kind(Circumstances(call="Connect", detail=shown), what)


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
        raise token_failure(response, now)
    try:
        body: dict[str, Any] = orjson.loads(response.body)
        access, fresh = _token(body["access_token"]), _token(body["refresh_token"])
        life = min(float(body.get("expires_in") or _LIFE_IF_UNTOLD), _LONGEST_LIFE)
        expires_at = now + timedelta(seconds=life)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise RetryNow(
            Circumstances(call=_TOKEN_CALL, status=200), "The answer cannot be read; it is asked again."
        ) from None
    return TokenPair(access=access, refresh=fresh, expires_at=expires_at, refreshed_at=now)


def token_failure(response: Response, now: datetime) -> CollectError:
    """The error that an answer of the token endpoint means; its own words (RFC 6749, section 5.2) come first."""
    body = error_body(response.body)
    said = body["error"] if isinstance(body.get("error"), str) else None
    at = Circumstances(call=_TOKEN_CALL, status=response.status, detail=said if said in _TOKEN_ERRORS else None)
    if said in _TOKEN_ERRORS:
        kind, what = _TOKEN_ERRORS[said]
        return kind(at, what)
    if body:  # its sentences may repeat the code or the refresh token that was sent
        response = replace(response, body=orjson.dumps({name: body.get(name) for name in ("type", "code")}))
    error = failure(response, call=_TOKEN_CALL, vehicle_id=None, now=now)
    if isinstance(error, TokenRefused):  # here it is the client that was not let in, not an owner
        return ApplicationMustAct(error.at, _TOKEN_ERRORS["invalid_client"][1])
    return error


_TOKEN_ERRORS: Final[Mapping[Any, tuple[type[CollectError], str]]] = {
    "invalid_grant": (OwnerMustAct, _RECONNECT),
    "invalid_client": (
        ApplicationMustAct,
        "Client id and secret do not fit together: check CHARGELAKE_SMARTCAR__CLIENT_ID and __CLIENT_SECRET.",
    ),
    "unauthorized_client": (ApplicationMustAct, "The application may not do this: check it in Smartcar's dashboard."),
    "invalid_request": (OurBug, "The token request was wrong: check the redirect URI, then report it as a bug."),
    "unsupported_grant_type": (OurBug, "The token request was wrong: report it as a bug."),
}


def _token(value: str) -> str:
    """A token that can stand in a header; anything else is a ValueError or a TypeError."""
    if not _TOKEN.fullmatch(value):
        raise ValueError
    return value


def _token_request(application: Application, form: Mapping[str, str]) -> Request:
    pair = f"{application.client_id}:{application.client_secret}".encode()
    headers = {"authorization": "Basic " + base64.b64encode(pair).decode("ascii")}
    return Request(method="POST", url=application.token_url, call=_TOKEN_CALL, headers=headers, form=form)
