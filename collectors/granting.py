"""What a token endpoint answers: tokens and how long they live, or an error of OAuth's.

Pure. Nothing here is landed or logged: the answers are secrets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from collectors.errors import ApplicationMustAct, Circumstances, CollectError, RetryNow, TokenRefused
from collectors.failures import error_body, failure
from collectors.http import Response

TokenErrors = Mapping[str, tuple[type[CollectError], str]]
"""What each error of a token endpoint is, by its name in RFC 6749, section 5.2; `invalid_client` is among them."""

_LONGEST_LIFE: Final = 30 * 86400
_TOKEN: Final = re.compile(r"[!-~]{1,4096}")


@dataclass(frozen=True, slots=True)
class Granted:
    """Tokens in the order in which they were wished for, and the life of the first."""

    tokens: tuple[str, ...] = field(repr=False)
    life: timedelta


def read_grant(response: Response, names: tuple[str, ...], *, call: str, usual_life: float) -> Granted:
    """The tokens in a success of a token endpoint.

    Args:
        response: The answer.
        names: Fields that hold a token.
        call: Method and path, for people.
        usual_life: Seconds that the first lives if the answer does not say.

    Raises:
        RetryNow: It cannot be read.
    """
    try:
        body: dict[str, Any] = orjson.loads(response.body)
        tokens = tuple(_token(body[name]) for name in names)
        life = timedelta(seconds=min(float(body.get("expires_in") or usual_life), _LONGEST_LIFE))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise RetryNow(Circumstances(call=call, status=200), "The answer cannot be read; it is asked again.") from None
    return Granted(tokens, life)


def token_failure(response: Response, errors: TokenErrors, *, call: str, now: datetime) -> CollectError:
    """The error that an answer of a token endpoint means; OAuth's own words come first.

    Args:
        response: An answer that is no success.
        errors: What each of OAuth's errors means here.
        call: Method and path, for people.
        now: When it was received (UTC).
    """
    body = error_body(response.body)
    said = next(
        (each.lower() for each in map(body.get, _SAID_IN) if isinstance(each, str) and each.lower() in errors), None
    )
    at = Circumstances(call=call, status=response.status, detail=said)
    if said is not None:
        kind, what = errors[said]
        return kind(at, what)
    if body:  # its sentences may repeat the code or the token that was sent
        response = replace(response, body=orjson.dumps({name: body.get(name) for name in ("type", "code")}))
    error = failure(response, call=call, vehicle_id=None, now=now)
    if isinstance(error, TokenRefused):  # here it is the client that was not let in, not an owner
        return ApplicationMustAct(error.at, errors["invalid_client"][1])
    return error


_SAID_IN: Final = ("error", "code", "type")


def _token(value: str) -> str:
    """A token that can stand in a header; anything else is a ValueError or a TypeError."""
    if not _TOKEN.fullmatch(value):
        raise ValueError
    return value
