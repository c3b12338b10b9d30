"""Webhook events as plain values: who may send them, what they say, what must not land."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.smartcar_v3.discretion import discreet
from collectors.smartcar_v3.events import (
    NotAnEvent,
    ToldSignal,
    is_signed,
    read_event,
    records_signals,
    told_errors,
    verification,
)
from collectors.smartcar_v3.notices import told
from lake.intervals import DayInterval
from lake.raw import Answer, encode_body

NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
CONSENT = date(2026, 8, 1)
MS = int(NOON.timestamp() * 1000)


def state(*signals: dict[str, Any], **data: Any) -> dict[str, Any]:
    vehicle = {"id": "v-1", "make": "bmw"}
    return {
        "eventId": "e-1", "eventType": "VEHICLE_STATE",
        "data": {"user": {"id": "u-1"}, "vehicle": vehicle, "signals": list(signals), **data},
        "meta": {"deliveredAt": MS},
    }  # fmt: skip


def records(as_of: object = MS, **more: Any) -> dict[str, Any]:
    return {"code": "charge-chargerecords", "body": {"values": []}, "meta": {"oemUpdatedAt": as_of}} | more


def failing(kind: str, code: str | None, tells: str = "ERROR", **more: Any) -> dict[str, Any]:
    error = {"type": kind, "code": code, "state": tells, "description": "it is so"} | more
    return {**state(errors=[error]), "eventType": "VEHICLE_ERROR"}


def packed(event: object) -> bytes:
    return json.dumps(event).encode()


def landed(event: object, received: datetime = NOON) -> Answer:
    body, encoding, digest = encode_body(packed(event))
    return Answer(
        source="smartcar_v3", stream="v3_events", run_id="r", asked_at=received, received_at=received, method="POST",
        path="/webhook", status=200, body=body, encoding=encoding, sha256=digest, vehicle_id="v-1",
    )  # fmt: skip


def test_a_challenge_is_answered_with_its_signature() -> None:
    expected = hmac.new(b"token", b"abc-1", hashlib.sha256).hexdigest()
    assert json.loads(verification("abc-1", "token")) == {"challenge": expected}


@pytest.mark.parametrize("place", ["data", "payload"])
def test_the_challenge_is_found_in_the_new_place_and_in_the_old(place: str) -> None:
    assert read_event(packed({"eventType": "VERIFY", place: {"challenge": "abc-1"}})).challenge == "abc-1"


@pytest.mark.parametrize("challenge", ['{"eventType":"VEHICLE_STATE"}', " x", "[1]", "", "x" * 257, 7, None])
def test_a_challenge_that_could_be_an_event_is_not_signed(challenge: object) -> None:
    assert read_event(packed({"eventType": "VERIFY", "data": {"challenge": challenge}})).challenge is None


def test_a_signature_by_any_of_the_tokens_is_good_and_no_other() -> None:
    body = b'{"a":1}'
    good = hmac.new(b"old", body, hashlib.sha256).hexdigest()
    assert is_signed(body, good.upper(), ["new", "old"])
    assert not is_signed(body + b" ", good, ["new", "old"])
    assert not is_signed(body, "schlüssel", ["new", "old"])
    assert not is_signed(body, good, ["new"])


def test_an_envelope_tells_vehicle_make_and_time() -> None:
    event = read_event(packed(state()))
    assert (event.event_id, event.vehicle_id, event.make, event.delivered_at) == ("e-1", "v-1", "BMW", NOON)


def test_the_vehicle_may_stand_at_the_top() -> None:
    assert read_event(packed({"eventType": "VEHICLE_STATE", "vehicleId": "v-2"})).vehicle_id == "v-2"


@pytest.mark.parametrize("vehicle_id", ["../../etc", "a b", "", 7, None, {"x": 1}, "v" * 129])
def test_an_id_that_is_none_is_no_vehicle(vehicle_id: object) -> None:
    event = state()
    event["data"]["vehicle"]["id"] = vehicle_id
    assert read_event(packed(event)).vehicle_id is None


HOSTILE = {
    "empty": b"",
    "no JSON": b"<html>",
    "a list": b"[]",
    "null": b"null",
    "cut": packed(state())[:-5],
    "not UTF-8": b'{"eventType":"\xff"}',
    "deep": b'{"eventType":"VEHICLE_STATE","data":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "deep lists": b"[" * 200_000,
    "no type": b"{}",
    "type is a number": b'{"eventType":7}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_event_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(NotAnEvent):
        read_event(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(["eventId", "vehicleId", "data", "payload", "meta"]), json_values))
def test_any_types_in_an_envelope_are_read_without_a_fault(parts: dict[str, Any]) -> None:
    body = packed({**parts, "eventType": "VEHICLE_STATE"})
    assert read_event(body).kind == "VEHICLE_STATE"
    assert (records_signals(body), told_errors(body)) == ([], [])


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(["code", "status", "body", "meta"]), json_values), json_values)
def test_any_types_in_signals_and_errors_are_read_without_a_fault(signal: dict[str, Any], error: Any) -> None:
    event = state({"code": "charge-chargerecords", **signal}, errors=[error])
    for kind in ("VEHICLE_STATE", "VEHICLE_ERROR"):
        told(landed({**event, "eventType": kind}), CONSENT, 30)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-10-20T14:00:00+02:00", NOON),
        (NOON.timestamp(), NOON),
        (MS, NOON),
        ("soon", None),
        (1e300, None),
        ([], None),
    ],
)
def test_the_time_of_a_delivery_comes_in_all_its_forms(value: object, expected: datetime | None) -> None:
    assert read_event(packed({**state(), "meta": {"deliveredAt": value}})).delivered_at == expected


# What an event tells the ledger


def test_a_good_signal_tells_the_thirty_days_before_it() -> None:
    found = told(landed(state(records())), CONSENT, 30)
    assert found.days == DayInterval(date(2026, 9, 21), date(2026, 10, 19))
    assert [(notice.kind, notice.at) for notice in found.notices] == [("", NOON)]


def test_no_day_before_consent_is_told_and_without_a_limit_all_since() -> None:
    assert told(landed(state(records())), date(2026, 10, 10), 30).days == DayInterval(
        date(2026, 10, 10), date(2026, 10, 19)
    )
    assert told(landed(state(records())), CONSENT, 0).days == DayInterval(CONSENT, date(2026, 10, 19))
    assert told(landed(state(records())), date(2026, 10, 20), 30).days is None


def test_the_days_are_those_before_the_data_not_before_the_delivery() -> None:
    data_from = "2026-10-17T23:00:00Z"
    found = told(landed(state(records(data_from))), CONSENT, 30).days
    assert found is not None
    assert found.until == date(2026, 10, 16)


@pytest.mark.parametrize(
    "signal",
    [
        records(status={"value": "ERROR"}, body=None),
        records(status={"value": "UNAVAILABLE"}),
        records(status="ERROR"),
        records(body=None),
        {**records(), "code": "charge-ischarging"},
    ],
)
def test_a_signal_that_failed_or_is_another_tells_nothing(signal: dict[str, Any]) -> None:
    assert told(landed(state(signal)), CONSENT, 30) == told(landed({"eventType": "OTHER"}), CONSENT, 30)


@pytest.mark.parametrize("value", [[], {}, 7, None, "", "success"])
def test_a_status_of_another_kind_stops_nothing(value: object) -> None:
    assert told(landed(state(records(status={"value": value}))), CONSENT, 30).days is not None


def test_a_signal_without_a_time_tells_no_day() -> None:
    signal = records()
    del signal["meta"]
    assert records_signals(packed(state(signal))) == [ToldSignal(True, None)]
    assert told(landed(state(signal)), CONSENT, 30).days is None


@pytest.mark.parametrize(
    ("kind", "code", "state_of_days", "mover"),
    [
        ("CONNECTED_SERVICES_ACCOUNT", "SUBSCRIPTION", "owner_must_act", "owner"),
        ("PERMISSION", None, "no_permission", "owner"),
        ("COMPATIBILITY", "VEHICLE_NOT_CAPABLE", "not_capable", "nobody"),
        ("UPSTREAM", "NO_RESPONSE", "upstream_error", "chargelake"),
        ("BILLING", "VEHICLE_LIMIT", "over_budget", "application_owner"),
        ("WHO_KNOWS", "WHAT", "upstream_error", "chargelake"),
    ],
)
def test_an_error_blocks_by_its_type(kind: str, code: str | None, state_of_days: str, mover: str) -> None:
    (notice,) = told(landed(failing(kind, code)), CONSENT, 30).notices
    assert (notice.stands, notice.blocked_state, notice.whose_move, notice.at) == (True, state_of_days, mover, NOON)


def test_an_unknown_error_goes_by_its_resolution() -> None:
    (notice,) = told(landed(failing("WHO_KNOWS", None, resolution={"type": "REAUTHENTICATE"})), CONSENT, 30).notices
    assert notice.blocked_state == "owner_must_act"


def test_an_error_that_is_the_applications_blocks_no_vehicle() -> None:
    assert told(landed(failing("BILLING", "INVALID_PLAN")), CONSENT, 30).notices == ()


def test_an_error_of_other_signals_is_not_about_charge_records() -> None:
    event = failing("PERMISSION", None, signals=["odometer-traveleddistance"])
    assert told(landed(event), CONSENT, 30).notices == ()
    event = failing("PERMISSION", None, signals=[{"code": "charge-chargerecords"}])
    assert len(told(landed(event), CONSENT, 30).notices) == 1


def test_an_error_from_the_future_is_as_of_when_it_came() -> None:
    event = failing("PERMISSION", None)
    event["meta"]["deliveredAt"] = MS * 2
    assert [notice.at for notice in told(landed(event), CONSENT, 30).notices] == [NOON]


# What must not land

VIN = "WBA3A5C51DF123456"


def test_an_event_without_secrets_lands_as_it_came() -> None:
    body = b'{"eventType" : "VEHICLE_STATE", "n": 1.500, "x": "A-7"}'
    assert discreet(body) is body


def test_vins_e_mails_and_credentials_do_not_land() -> None:
    said = {"vin": VIN, "to": "o@example.com", "token": "abc", "note": "Bearer eyJhbGciOi", "me@example.com": 1}
    kept = discreet(packed(state(records(), {"code": "vehicleidentification-vin", "body": said}))).decode()
    assert [word for word in (VIN, "example.com", "abc", "eyJhb") if word in kept] == []


def test_an_escaped_e_mail_does_not_land() -> None:
    assert b"example" not in discreet(b'{"to":"o\\u0040example.com"}')


def test_the_ids_of_charge_records_stay_whatever_they_look_like() -> None:
    body = {"values": [{"id": VIN, "location": {"name": VIN}}]}
    kept = json.loads(discreet(packed(state(records(body=body)))))
    (record,) = kept["data"]["signals"][0]["body"]["values"]
    assert record == {"id": VIN, "location": {"name": "…"}}


def test_numbers_keep_their_digits_where_something_is_taken_out() -> None:
    assert discreet(b'{"e":"a@b.co","cost":10.500,"n":12345678901234567890,"f":1E-7}') == (
        '{"e":"…","cost":10.500,"n":12345678901234567890,"f":1E-7}'.encode()
    )


def test_an_event_with_half_a_character_is_cleaned_all_the_same() -> None:
    assert discreet(b'{"e":"a@b.co","name":"\\ud800"}') == '{"e":"…","name":"\\ud800"}'.encode()
