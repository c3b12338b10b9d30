"""What the signal of charge records tells, wherever it stands and however it is written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from landed_answers import read
from told_by_v3 import at, of_v3, polled, pushed, signal, signal_session

NOON = datetime(2026, 10, 8, 12, tzinfo=UTC)
AS_OF = datetime(2026, 10, 8, 14, tzinfo=UTC)


def one(answer):
    decoded = read(answer)
    assert decoded.quarantine.is_empty()
    return decoded.sessions.row(0, named=True)


def test_a_record_of_v3_is_a_session_with_its_place_and_percent():
    row = one(polled([signal_session()]))
    told = (
        "source",
        "source_record_id",
        "make",
        "started_at",
        "energy_kwh",
        "soc_start_pct",
        "soc_end_pct",
        "latitude",
    )
    assert [row[name] for name in told] == ["smartcar_v3", "CHG1", "BMW", NOON, 34.2, 57.0, 100.0, 52.5]
    assert (row["location_name"], row["address"], row["place"], row["status"]) == (
        "Home",
        "Main St 1",
        "public",
        "complete",
    )


@pytest.mark.parametrize("answer", [
    polled([signal_session()]),
    pushed([signal_session()]),
    of_v3(signal([signal_session()])),
    of_v3({"data": [{"attributes": {"code": "odometer"}}, {"attributes": signal([signal_session()])}]}),
    of_v3({"data": {"signals": [signal([signal_session()])]}}, stream="v3_events"),
])  # fmt: skip
def test_the_signal_is_found_wherever_it_stands(answer):
    assert one(answer)["source_record_id"] == "CHG1"


def test_amounts_of_v3_are_exact_decimals_beside_their_currency():
    cost = {"currency": "USD", "energyAmount": 10.5, "otherAmount": "2"}
    row = one(polled([signal_session(cost=cost)]))
    assert (row["billed_energy"], row["billed_other"], row["billed_total"], row["currency"]) == (
        Decimal("10.5"), Decimal(2), Decimal("12.5"), "USD",
    )  # fmt: skip


def test_a_session_without_a_cost_has_no_bill_which_is_not_0():
    assert one(polled([signal_session()]))["billed_total"] is None


@pytest.mark.parametrize("told", ["2026-10-08T12:00:00Z", "2026-10-08T14:00:00+02:00", 1791460800, 1791460800000])
def test_times_are_read_in_every_form(told):
    assert one(polled([signal_session(start=told)]))["started_at"] == NOON


@pytest.mark.parametrize("told", ["2026-10-08T14:00:00Z", 1791468000, 1791468000000])
def test_of_when_the_data_are_is_read_in_every_form(told):
    assert one(polled([signal_session()], told))["told_as_of"] == AS_OF


def test_where_the_maker_does_not_say_of_when_the_fetching_counts():
    body = signal([signal_session()], meta={"retrievedAt": "2026-10-08T14:00:00Z"})
    assert one(of_v3(body))["told_as_of"] == AS_OF


@pytest.mark.parametrize("odd", ["", "n/a", 0, True, {}, 1e300, "0001-01-01T00:00:00Z"])
def test_a_time_that_is_none_gives_way_to_the_next(odd):
    body = signal([signal_session()], meta={"oemUpdatedAt": odd, "retrievedAt": "2026-10-08T14:00:00Z"})
    assert one(of_v3(body))["told_as_of"] == AS_OF


def test_no_data_are_of_later_than_they_were_received():
    row = one(polled([signal_session()], "2031-01-01T00:00:00Z"))
    assert row["told_as_of"] == row["received_at"]


def test_without_any_instant_the_data_are_of_when_they_were_received():
    row = one(of_v3(signal([signal_session()], meta=None)))
    assert row["told_as_of"] == row["received_at"]


@pytest.mark.parametrize("status", ["ERROR", "UNAVAILABLE", {"value": "ERROR", "error": {"type": "UPSTREAM"}}])
def test_a_failed_signal_beside_good_ones_tells_nothing(status):
    decoded = read(polled(None, status=status, body=None), pushed([signal_session()], run=2))
    assert (decoded.received["v3_records"], decoded.sessions.height, decoded.quarantine.height) == (0, 1, 0)


@pytest.mark.parametrize("body", [{"data": []}, {"data": {"errors": [{"type": "X"}]}}, {"data": None}, {}])
def test_an_answer_without_the_signal_tells_nothing(body):
    decoded = read(of_v3(body))
    assert (decoded.received, decoded.quarantine.height) == ({"v3_records": 0}, 0)


@pytest.mark.parametrize("status", [None, {}, {"value": None}, {"value": ""}, {"value": "success"}])
def test_a_signal_that_does_not_say_that_it_failed_tells_its_records(status):
    """As the collector reads it, which takes its days for known."""
    assert one(pushed([signal_session()], status=status))["source_record_id"] == "CHG1"


@pytest.mark.parametrize("odd", [None, "x", [], {"code": "odometer", "attributes": 7}, {"code": 5, "meta": "x"}])
def test_an_odd_signal_beside_the_records_does_not_cost_them(odd):
    body = {"data": {"signals": [odd, signal([signal_session()], meta=odd)]}, "meta": odd}
    assert one(of_v3(body, stream="v3_events"))["source_record_id"] == "CHG1"


def test_a_signal_without_a_code_is_known_by_its_id():
    told = {"id": "charge-chargerecords", "attributes": signal([signal_session()], code=None)}
    assert one(of_v3({"data": told}))["source_record_id"] == "CHG1"


@pytest.mark.parametrize("body", [None, {}, {"values": 3}, {"values": {"a": 1}}])
def test_a_signal_that_promises_records_and_has_none_goes_to_quarantine(body):
    assert read(polled([], body=body)).quarantine["reason"].to_list() == ["unreadable_answer"]


def test_charging_type_in_place_of_the_connector_is_taken_for_what_it_says():
    spoken = signal_session(connectorType=None, chargingType="J1772")
    current = signal_session("2", connectorType=None, chargingType="DC_FAST")
    rows = read(polled([spoken, current])).sessions
    assert rows["connector_type"].to_list() == ["J1772", None]
    assert rows["charger_type"].to_list() == [None, "DC"]


def test_every_field_may_be_missing_but_the_start():
    decoded = read(polled([{"startTime": at(0)}, {"id": "x"}]))
    assert decoded.sessions["status"].to_list() == ["ongoing"]
    assert decoded.quarantine["reason"].to_list() == ["missing_field"]
    assert decoded.drift == {}


def test_unknown_fields_are_drift_at_every_depth():
    odd = signal_session(sparkle=1, location={"name": "x", "floor": 2}, cost={"currency": "USD", "tip": 1})
    notes = read(polled([odd])).drift["v3_records"]
    assert {note.partition(" (e.g.")[0] for note in notes} == {
        "unknown field: sparkle", "unknown field: location.floor", "unknown field: cost.tip",
    }  # fmt: skip


def test_a_state_of_charge_beyond_full_is_marked():
    row = one(polled([signal_session(endStateOfCharge=101)]))
    assert (row["soc_end_pct"], row["flags"]) == (None, ["soc_out_of_range"])


def test_what_is_no_object_at_all_goes_to_quarantine():
    assert read(of_v3([json.dumps(1)])).quarantine["reason"].to_list() == ["unreadable_answer"]
