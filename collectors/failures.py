"""What an answer that is no success means, and whose move is next (Smartcar's API reference, §10).

Pure: status, headers and body in, an error of the tree out. A type or code that nobody knows yet, a page of HTML, an
empty or truncated body fall back on what the status says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from collectors.errors import (
    ApplicationMustAct,
    Circumstances,
    CollectError,
    EveryoneWaits,
    MakerWaits,
    NotCapable,
    NotPermitted,
    OurBug,
    OwnerMustAct,
    PlanMustGrow,
    RetryLater,
    RetryNow,
    TokenRefused,
    VehicleWaits,
    scrub,
)
from collectors.http import Response
from collectors.waits import first_of_next_month, retry_after

Until = Callable[[datetime], datetime]


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which error, what a person should do, and how long to wait where the answer does not say."""

    error: type[CollectError]
    what_to_do: str
    until: Until | None = None


def _after(**delay: float) -> Until:
    return lambda now: now + timedelta(**delay)


def _in_a_few_days(now: datetime) -> datetime:
    """Three days on, as the plan may be raised, or the first of the next month if that is sooner."""
    return min(now + timedelta(days=3), first_of_next_month(now))


_AGAIN = "Nothing to do: it will be asked again."
_DASHBOARD = "The owner of the Smartcar application must"
_OWNER = "The vehicle's owner must"
_BUG = "This is a bug of chargelake: report it with the request id."
_GONE = (
    "If the vehicle was disconnected, forget it; otherwise this is a bug of chargelake: report it with the request id."
)

NOT_CONNECTED: Final = "The vehicle is no longer connected at Smartcar: its owner must connect it again, or forget it."

_RULES: Final[Mapping[tuple[str, str | None], _Rule]] = {
    ("AUTHENTICATION", None): _Rule(TokenRefused, f"{_OWNER} connect again."),
    ("BILLING", "INVALID_PLAN"): _Rule(ApplicationMustAct, f"{_DASHBOARD} choose a plan that includes this API."),
    ("BILLING", "ACCOUNT_SUSPENDED"): _Rule(ApplicationMustAct, f"{_DASHBOARD} settle the suspended account."),
    ("BILLING", "VEHICLE_LIMIT"): _Rule(
        PlanMustGrow, f"{_DASHBOARD} raise the plan's number of vehicles.", _after(days=3)
    ),
    ("BILLING", "VEHICLE_REQUEST_LIMIT"): _Rule(
        VehicleWaits,
        "Nothing to do: the vehicle's requests of this month are used up; it is asked again in a few days.",
        _in_a_few_days,
    ),
    ("BILLING", None): _Rule(
        PlanMustGrow, f"{_DASHBOARD} look at the plan; it is asked again tomorrow.", _after(days=1)
    ),
    ("COMPATIBILITY", None): _Rule(
        NotCapable, "Nothing to do: this vehicle cannot give these records.", _after(days=30)
    ),
    ("CONNECTED_SERVICES_ACCOUNT", "ACCOUNT_ISSUE"): _Rule(
        OwnerMustAct, f"{_OWNER} sign in to the maker's app and settle what it asks for."
    ),
    ("CONNECTED_SERVICES_ACCOUNT", "AUTHENTICATION_FAILED"): _Rule(
        OwnerMustAct, f"{_OWNER} connect again: the maker's account no longer lets Smartcar in."
    ),
    ("CONNECTED_SERVICES_ACCOUNT", "NO_VEHICLES"): _Rule(
        OwnerMustAct, f"{_OWNER} add the vehicle to the maker's account."
    ),
    ("CONNECTED_SERVICES_ACCOUNT", "PERMISSION"): _Rule(
        OwnerMustAct, f"{_OWNER} allow this in the maker's account, as its primary user."
    ),
    ("CONNECTED_SERVICES_ACCOUNT", "SUBSCRIPTION"): _Rule(
        OwnerMustAct,
        f"{_OWNER} renew the maker's connected services, or drive the vehicle: its data is over a month old.",
    ),
    ("CONNECTED_SERVICES_ACCOUNT", "VEHICLE_MISSING"): _Rule(
        OwnerMustAct, f"{_OWNER} add the vehicle to the maker's account again."
    ),
    ("CONNECTED_SERVICES_ACCOUNT", "VIRTUAL_KEY_REQUIRED"): _Rule(
        OwnerMustAct, f"{_OWNER} add the virtual key in the maker's app."
    ),
    ("CONNECTED_SERVICES_ACCOUNT", None): _Rule(
        OwnerMustAct, f"{_OWNER} look at the vehicle in the maker's app and connect again."
    ),
    ("PERMISSION", None): _Rule(NotPermitted, f"{_OWNER} connect again and grant the permission."),
    ("RATE_LIMIT", "VEHICLE"): _Rule(
        VehicleWaits, "Nothing to do: this vehicle was asked too often and waits.", _after(minutes=30)
    ),
    ("RATE_LIMIT", None): _Rule(EveryoneWaits, "Nothing to do: all requests pause, then go on.", _after(minutes=15)),
    ("RESOURCE_NOT_FOUND", "VERSION"): _Rule(
        OurBug,
        "This version of the API is not served at the URL: check CHARGELAKE_SMARTCAR__API_URL or __V3_API_URL.",
    ),
    ("RESOURCE_NOT_FOUND", "VEHICLE_NOT_FOUND"): _Rule(OwnerMustAct, NOT_CONNECTED),
    ("RESOURCE_NOT_FOUND", None): _Rule(OurBug, _GONE),
    ("SERVER", None): _Rule(RetryNow, _AGAIN),
    ("UPSTREAM", "RATE_LIMIT"): _Rule(
        MakerWaits,
        "Nothing to do: the maker's API had enough; the vehicle is left alone for half a day.",
        _after(hours=12),
    ),
    ("UPSTREAM", None): _Rule(RetryNow, _AGAIN),
    ("VALIDATION", None): _Rule(OurBug, _BUG),
    ("VEHICLE_STATE", "REMOTE_ACCESS_DISABLED"): _Rule(
        OwnerMustAct, f"{_OWNER} switch on mobile access in the car; the next run asks again."
    ),
    ("VEHICLE_STATE", None): _Rule(
        RetryLater, "Nothing to do: the vehicle cannot answer now; the next run asks again."
    ),
}

_BY_RESOLUTION: Final = {
    "REAUTHENTICATE": _RULES["CONNECTED_SERVICES_ACCOUNT", None],
    "RETRY_LATER": _RULES["VEHICLE_STATE", None],
}

_BY_STATUS: Final = {
    401: _RULES["AUTHENTICATION", None],
    403: _RULES["PERMISSION", None],
    404: _RULES["RESOURCE_NOT_FOUND", None],
    408: _RULES["SERVER", None],
    409: _RULES["VEHICLE_STATE", None],
    425: _RULES["SERVER", None],
    429: _RULES["RATE_LIMIT", None],
    430: _RULES["BILLING", None],
    501: _RULES["COMPATIBILITY", None],
}
_REDIRECT = _Rule(OurBug, "The configured URL sends elsewhere: correct the setting.")
_IN_BETWEEN = _Rule(
    RetryLater, "Something between here and Smartcar refused the call (a proxy?); the next run asks again."
)


def failure(response: Response, *, call: str, vehicle_id: str | None, now: datetime) -> CollectError:
    """The error that an answer means.

    Args:
        response: An answer that is no success, or whose body says it is none.
        call: Method and path template.
        vehicle_id: The vehicle it was about, if any.
        now: When the answer was received (UTC); waits are reckoned from it.
    """
    body = error_body(response.body)
    kind, code = _upper(body.get("type")), _upper(body.get("code"))
    at = Circumstances(
        call=call,
        vehicle_id=vehicle_id,
        status=response.status,
        type=kind,
        code=code,
        request_id=_text(response.headers.get("sc-request-id") or body.get("requestId")),
        detail=_detail(body, response),
    )
    rule = _rule(kind, code, _resolution(body), response)
    return _error(rule, at, retry_after(response.headers, now), now)


def unreadable(response: Response, *, call: str, vehicle_id: str | None, now: datetime) -> CollectError:
    """The error of a 200 whose body is not what the call promises: an error in disguise, or a damaged answer."""
    body = error_body(response.body)
    if "type" in body and "attributes" not in body:  # v3's resources have a type as well
        return failure(response, call=call, vehicle_id=vehicle_id, now=now)
    at = Circumstances(
        call=call,
        vehicle_id=vehicle_id,
        status=response.status,
        request_id=_text(response.headers.get("sc-request-id")),
        detail=_shape(response),
    )
    return RetryNow(at, _AGAIN)


def error_body(body: bytes) -> dict[str, Any]:
    """The error in a body, whichever of the known shapes it has; empty if there is none.

    v2.0 has it at the top, v3 as the first of `errors`.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(found, dict):
        return {}
    errors = found.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return errors[0]
    return found


def _rule(kind: str | None, code: str | None, resolution: str | None, response: Response) -> _Rule:
    if kind is not None:
        known = _RULES.get((kind, code)) or _RULES.get((kind, None))
        if known is not None:
            return known
    status = response.status
    if status in _BY_STATUS:
        through_a_proxy = status == 403 and _is_html(response)  # noqa: PLR2004, the status by its number
        return _IN_BETWEEN if through_a_proxy else _BY_STATUS[status]
    if status >= 500:  # noqa: PLR2004, the class of statuses by its number
        return _RULES["SERVER", None]
    if resolution in _BY_RESOLUTION:
        return _BY_RESOLUTION[resolution]
    return _REDIRECT if 300 <= status < 400 else _RULES["VALIDATION", None]  # noqa: PLR2004, as above


def _error(rule: _Rule, at: Circumstances, wait: float | None, now: datetime) -> CollectError:
    until = None if rule.until is None else rule.until(now)
    if wait is not None and rule.error in (VehicleWaits, MakerWaits):
        told = now + timedelta(seconds=min(wait, timedelta(days=62).total_seconds()))
        # The maker's limit is not Smartcar's: half a day is waited even if Smartcar's answer names less.
        until = max(told, until or told) if rule.error is MakerWaits else told
    return rule.error(at, rule.what_to_do, until=until, retry_after=wait)


def _detail(body: dict[str, Any], response: Response) -> str:
    if not any(key in body for key in ("type", "description", "detail", "title", "error")):
        return _shape(response)
    said = [body.get("description") or body.get("title") or body.get("error_description") or body.get("error")]
    detail = body.get("detail")
    said.append(detail if isinstance(detail, str) else detail and orjson.dumps(detail).decode())
    return scrub("; ".join(str(part) for part in said if part))


def _shape(response: Response) -> str:
    """What kind of body it was instead of its content, which could be anything."""
    if not response.body:
        return "an empty body"
    kind = scrub(response.headers.get("content-type", "of no content type"))
    return f"{len(response.body)} bytes that are not the documented JSON ({kind})"


def _is_html(response: Response) -> bool:
    start = response.body.lstrip()[:1]
    return start == b"<" or "html" in response.headers.get("content-type", "")


def _resolution(body: dict[str, Any]) -> str | None:
    found = body.get("resolution")
    return _upper(found.get("type") if isinstance(found, dict) else found)


def _upper(value: Any) -> str | None:
    return scrub(value).upper() if isinstance(value, str) and value else None


def _text(value: Any) -> str | None:
    return scrub(value) if isinstance(value, str) and value else None
