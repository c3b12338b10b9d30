from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from collecting_rig import NOW
from recorded import names, recorded

from collectors import errors
from collectors.errors import CollectError, scrub
from collectors.failures import failure, unreadable
from collectors.http import Response

CALL = "GET /vehicles/{id}/bmw/charge/records"
VEHICLE = "36ab27d0-fd9d-4455-823a-ce30af709ffc"

# Smartcar's API reference, §10: every row, with whose move is next, what the ledger says and until when one waits.
TABLE: dict[str, tuple[type[CollectError], str | None, datetime | None]] = {
    "authentication": (errors.TokenRefused, "owner_must_act", None),
    "billing-invalid_plan": (errors.ApplicationMustAct, "not_asked", None),
    "billing-account_suspended": (errors.ApplicationMustAct, "not_asked", None),
    "billing-vehicle_limit": (errors.PlanMustGrow, "over_budget", NOW + timedelta(days=3)),
    "billing-vehicle_request_limit": (errors.VehicleWaits, "over_budget", NOW + timedelta(days=3)),
    "compatibility-make_not_compatible": (errors.NotCapable, "not_capable", NOW + timedelta(days=30)),
    "compatibility-smartcar_not_capable": (errors.NotCapable, "not_capable", NOW + timedelta(days=30)),
    "compatibility-vehicle_not_capable": (errors.NotCapable, "not_capable", NOW + timedelta(days=30)),
    "connected_services_account-account_issue": (errors.OwnerMustAct, "owner_must_act", None),
    "connected_services_account-authentication_failed": (errors.OwnerMustAct, "owner_must_act", None),
    "connected_services_account-no_vehicles": (errors.OwnerMustAct, "owner_must_act", None),
    "connected_services_account-permission": (errors.OwnerMustAct, "owner_must_act", None),
    "connected_services_account-subscription": (errors.OwnerMustAct, "owner_must_act", None),
    "connected_services_account-vehicle_missing": (errors.OwnerMustAct, "owner_must_act", None),
    "connected_services_account-virtual_key_required": (errors.OwnerMustAct, "owner_must_act", None),
    "permission": (errors.NotPermitted, "no_permission", None),
    "rate_limit-smartcar_api": (errors.EveryoneWaits, "over_budget", NOW + timedelta(minutes=15)),
    "rate_limit-vehicle": (errors.VehicleWaits, "over_budget", NOW + timedelta(seconds=90)),
    "resource_not_found-path": (errors.OurBug, "upstream_error", None),
    "resource_not_found-version": (errors.OurBug, "upstream_error", None),
    "server-internal": (errors.RetryNow, "upstream_error", None),
    "server-record_not_found": (errors.RetryNow, "upstream_error", None),
    "server-multiple_records_found": (errors.RetryNow, "upstream_error", None),
    "upstream-invalid_data": (errors.RetryNow, "upstream_error", None),
    "upstream-known_issue": (errors.RetryNow, "upstream_error", None),
    "upstream-no_response": (errors.RetryNow, "upstream_error", None),
    "upstream-rate_limit": (errors.MakerWaits, "upstream_error", NOW + timedelta(hours=12)),
    "upstream-unknown_issue": (errors.RetryNow, "upstream_error", None),
    "validation": (errors.OurBug, "upstream_error", None),
    "validation-parameter": (errors.OurBug, "upstream_error", None),
    "vehicle_state-asleep": (errors.RetryLater, "upstream_error", None),
    "vehicle_state-unreachable": (errors.RetryLater, "upstream_error", None),
    "vehicle_state-remote_access_disabled": (errors.OwnerMustAct, "owner_must_act", None),
    "vehicle_state-charging_in_progress": (errors.RetryLater, "upstream_error", None),
    "vehicle_state-busy_with_something_new": (errors.RetryLater, "upstream_error", None),
}

ODD: dict[str, type[CollectError]] = {
    "unknown-type-400": errors.OurBug,
    "unknown-type-400-reauthenticate": errors.OwnerMustAct,
    "unknown-type-400-retry-later": errors.RetryLater,
    "unknown-type-599": errors.RetryNow,
    "unknown-code-of-billing": errors.PlanMustGrow,
    "unknown-code-of-rate_limit": errors.EveryoneWaits,
    "unknown-code-of-upstream": errors.RetryNow,
    "shape-of-v3": errors.VehicleWaits,
    "type-is-a-number": errors.RetryNow,
    "a-list": errors.RetryNow,
    "oauth-shape-401": errors.TokenRefused,
    "html-502": errors.RetryNow,
    "html-403-of-a-proxy": errors.RetryLater,
    "html-404": errors.OurBug,
    "empty-503": errors.RetryNow,
    "empty-401": errors.TokenRefused,
    "empty-403": errors.NotPermitted,
    "empty-429": errors.EveryoneWaits,
    "empty-430": errors.PlanMustGrow,
    "empty-501": errors.NotCapable,
    "empty-302": errors.OurBug,
    "truncated-500": errors.RetryNow,
    "truncated-409": errors.RetryLater,
    "not-utf-8": errors.RetryNow,
}


def deciphered(name: str) -> CollectError:
    return failure(recorded(f"errors/{name}"), call=CALL, vehicle_id=VEHICLE, now=NOW)


def test_every_recorded_error_has_a_row() -> None:
    assert names("errors") == sorted(TABLE)
    assert names("errors/odd") == sorted(ODD)


@pytest.mark.parametrize("name", TABLE)
def test_each_row_of_the_reference_says_whose_move_is_next(name: str) -> None:
    kind, state, until = TABLE[name]
    error = deciphered(name)
    assert type(error) is kind
    assert error.state == state
    assert error.until == until


@pytest.mark.parametrize("name", ODD)
def test_what_nobody_foresaw_falls_back_on_the_status(name: str) -> None:
    assert type(deciphered(f"odd/{name}")) is ODD[name]


@pytest.mark.parametrize("name", [*TABLE, *(f"odd/{name}" for name in ODD)])
def test_an_error_says_which_call_which_vehicle_and_what_to_do_and_no_secret(name: str) -> None:
    error = deciphered(name)
    assert error.at.vehicle_id == VEHICLE
    assert error.at.call == CALL
    assert error.at.status == recorded(f"errors/{name}").status
    assert error.what_to_do.endswith((".", "API_URL."))
    for text in (str(error), repr(error), str(error.args), str(error.at)):
        assert "jane.doe" not in text
        assert "5YJ3E1EA7KF317000" not in text


def test_type_code_and_request_id_are_kept_for_support() -> None:
    error = deciphered("upstream-known_issue")
    assert (error.at.type, error.at.code) == ("UPSTREAM", "KNOWN_ISSUE")
    assert error.at.request_id in str(error)
    assert "startDate lies after endDate" in str(deciphered("validation-parameter"))


def test_a_wait_is_read_as_seconds_or_as_a_date() -> None:
    assert deciphered("rate_limit-smartcar_api").retry_after == 90
    assert deciphered("odd/empty-429").retry_after == 90


def test_a_vehicle_told_to_wait_without_a_time_waits_half_an_hour() -> None:
    told = recorded("errors/rate_limit-vehicle")
    silent = Response(status=429, headers={}, body=told.body)
    error = failure(silent, call=CALL, vehicle_id=VEHICLE, now=NOW)
    assert error.until == NOW + timedelta(minutes=30)


def test_a_wait_of_centuries_is_no_error_of_arithmetic() -> None:
    told = recorded("errors/rate_limit-vehicle")
    absurd = Response(status=429, headers={"retry-after": "99999999999999"}, body=told.body)
    error = failure(absurd, call=CALL, vehicle_id=VEHICLE, now=NOW)
    assert error.until == NOW + timedelta(days=62)


def test_a_success_with_an_errors_body_is_that_error() -> None:
    disguised = Response(status=200, headers={}, body=recorded("errors/vehicle_state-asleep").body)
    assert type(unreadable(disguised, call=CALL, vehicle_id=VEHICLE, now=NOW)) is errors.RetryLater


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"records":[{"ch', b"[]", b"null"])
def test_a_success_that_cannot_be_read_is_asked_again(body: bytes) -> None:
    damaged = Response(status=200, headers={}, body=body)
    assert type(unreadable(damaged, call=CALL, vehicle_id=VEHICLE, now=NOW)) is errors.RetryNow


@pytest.mark.parametrize(
    "secret",
    [
        "jane.doe+car@mail.example.com",
        "Bearer eyJhbGciOi.J9.abc-_",
        "Basic ZGVmYXVsdDpzZWNyZXQ=",
        "WBY1Z2C54FV556566",
        "refresh_token=3e565aed-d4b2",
        "code=abc123",
        "client_secret=hush",
    ],
)
def test_scrubbing_leaves_no_secret(secret: str) -> None:
    clean = scrub(f"it said {secret} and went on")
    assert clean.startswith("it said ")
    assert clean.endswith("and went on")
    assert re.split("[ =]", secret.rstrip("="))[-1] not in clean


def test_scrubbing_keeps_ids_and_shortens() -> None:
    assert scrub(VEHICLE) == VEHICLE
    assert len(scrub("long " * 1000)) == 300
