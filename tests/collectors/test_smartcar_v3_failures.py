"""Every row of §10 in v3's bodies: as an answer of its own, and as the error of a stored signal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from collecting_rig import NOW
from recorded import names, recorded
from test_smartcar_failures import CALL, TABLE, VEHICLE

from collectors import errors
from collectors.errors import Circumstances, CollectError
from collectors.failures import failure, unreadable
from collectors.http import Response
from collectors.smartcar_v3 import signals
from collectors.smartcar_v3.protocol import Signal

SOURCE = "smartcar_v3"
# As in v2.0, but for a wrong parameter, which has another name, and a 404 that says what was not found.
ROWS = {name: row for name, row in TABLE.items() if name != "validation-parameter"} | {
    "validation-missing_parameter": TABLE["validation-parameter"],
    "resource_not_found-vehicle_not_found": (errors.OwnerMustAct, "owner_must_act", None),
    "resource_not_found-signal_not_found": (errors.OurBug, "upstream_error", None),
}
ODD: dict[str, type[CollectError]] = {
    "unknown-type-400": errors.OurBug,
    "unknown-type-400-reauthenticate": errors.OwnerMustAct,
    "unknown-type-503": errors.RetryNow,
    "unknown-code-of-billing": errors.PlanMustGrow,
    "no-errors-in-the-list": errors.EveryoneWaits,
    "errors-are-texts": errors.RetryNow,
    "resolution-is-a-text": errors.RetryLater,
    "a-secret-in-the-detail": errors.TokenRefused,
}
# What the same error means where a stored signal tells it: of one vehicle alone, and not worth asking again at once.
OF_A_SIGNAL: dict[type[CollectError], type[CollectError]] = {
    errors.RetryNow: errors.RetryLater,
    errors.EveryoneWaits: errors.RetryLater,
    errors.OurBug: errors.RetryLater,
    errors.TokenRefused: errors.OwnerMustAct,
    errors.ApplicationMustAct: errors.PlanMustGrow,
}


def deciphered(name: str) -> CollectError:
    return failure(recorded(f"errors/{name}", SOURCE), call=CALL, vehicle_id=VEHICLE, now=NOW)


def told(name: str) -> Mapping[str, Any]:
    error: Mapping[str, Any] = orjson.loads(recorded(f"errors/{name}", SOURCE).body)["errors"][0]
    return error


def test_every_recorded_error_has_a_row() -> None:
    assert names("errors", SOURCE) == sorted(ROWS)
    assert names("errors/odd", SOURCE) == sorted(ODD)


@pytest.mark.parametrize("name", ROWS)
def test_each_row_of_the_reference_says_whose_move_is_next(name: str) -> None:
    error = deciphered(name)
    assert (type(error), error.state, error.until) == ROWS[name]


@pytest.mark.parametrize("name", ODD)
def test_what_nobody_foresaw_falls_back_on_the_status(name: str) -> None:
    assert type(deciphered(f"odd/{name}")) is ODD[name]


@pytest.mark.parametrize("name", [*ROWS, *(f"odd/{name}" for name in ODD)])
def test_an_error_says_which_call_which_vehicle_and_what_to_do_and_no_secret(name: str) -> None:
    error = deciphered(name)
    assert (error.at.vehicle_id, error.at.call) == (VEHICLE, CALL)
    assert error.what_to_do.endswith(".")
    for secret in ("jane.doe", "5YJ3E1EA7KF317000", "eyJhbGciOi"):
        assert secret not in str(error) + repr(error)


@pytest.mark.parametrize("name", ROWS)
def test_the_error_of_a_stored_signal_never_stops_the_others(name: str) -> None:
    at = Circumstances(call=CALL, vehicle_id=VEHICLE, status=200, request_id="r-1")
    error = signals.problem(Signal("ERROR", told(name), None, NOW), at, NOW)
    direct = ROWS[name][0]
    assert type(error) is OF_A_SIGNAL.get(direct, direct)
    assert not isinstance(error, errors.RetryNow | errors.ApplicationMustAct | errors.TokenRefused)
    assert (error.at.status, error.at.request_id) == (200, "r-1")
    assert error.at.type == told(name)["type"]


def test_only_a_404_of_the_signal_itself_is_worth_a_look_at_the_store() -> None:
    assert signals.is_absent(deciphered("resource_not_found-signal_not_found"))
    for name in ("vehicle_not_found", "path", "version"):
        assert not signals.is_absent(deciphered(f"resource_not_found-{name}"))
    assert not signals.is_absent(deciphered("permission"))


def test_a_success_with_an_errors_body_is_that_error_and_a_damaged_resource_is_asked_again() -> None:
    disguised = Response(status=200, headers={}, body=recorded("errors/vehicle_state-asleep", SOURCE).body)
    assert type(unreadable(disguised, call=CALL, vehicle_id=VEHICLE, now=NOW)) is errors.RetryLater
    resource = Response(status=200, headers={}, body=b'{"id":"charge-chargerecords","type":"signal","attributes":{}}')
    assert type(unreadable(resource, call=CALL, vehicle_id=VEHICLE, now=NOW)) is errors.RetryNow
