"""How answers become observations: typed, in the lake's units, with nothing guessed and nothing lost."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from landed_answers import answer, bill, cost, day, read, recorded, session

from lake.schemas import QUARANTINE
from transforms.decode import DAY_OBSERVATION, SESSION_OBSERVATION


def only(records, stream="bmw_records", **given):
    """The one observed session of these records."""
    return read(answer(stream, [records], **given)).sessions.row(0, named=True)


def test_a_bmw_session_has_percent_address_charger_and_place():
    row = only(session())
    told = {name: row[name] for name in ("soc_start_pct", "soc_end_pct", "charger_type", "address", "location_name")}
    assert told == {
        "soc_start_pct": 57.0, "soc_end_pct": 100.0, "charger_type": "DC",
        "address": "Cockfosters Road, Barnet, EN4 0", "location_name": None,
    }  # fmt: skip
    assert (row["place"], row["place_method"], row["is_public"]) == ("public", "is_public", True)


@pytest.mark.parametrize("is_public", [False, None])
def test_a_session_not_called_public_is_at_an_unknown_place(is_public):
    row = only(session(isPublic=is_public))
    assert (row["place"], row["place_method"], row["is_public"]) == ("unknown", None, is_public)


def test_a_bill_is_public_without_the_source_having_said_so():
    row = only(bill(), "tesla_billing")
    assert (row["place"], row["place_method"], row["is_public"]) == ("public", "billing", None)
    assert (row["location_name"], row["address"], row["source_record_id"]) == ("Los Gatos, CA", None, "GF22-1")


@pytest.mark.parametrize(("stream", "make"), [("bmw_records", "BMW"), ("mini_records", "MINI")])
def test_the_make_is_that_of_the_stream(stream, make):
    assert only(session(), stream)["make"] == make


def test_an_observation_says_where_it_comes_from():
    row = read(answer("bmw_records", [session(), session()], number=7, run=2)).sessions.row(1, named=True)
    assert row["raw_ref"].endswith("#7")
    assert (row["position"], row["run_id"], row["stream"]) == (1, "run-002", "bmw_records")


def test_without_an_end_a_session_is_ongoing():
    assert only(session(chargeEnd=None))["status"] == "ongoing"
    assert only(session())["status"] == "complete"


def test_money_is_exact_in_every_form_it_comes_in():
    told = read(answer("tesla_billing", recorded("tesla_billing_money_in_every_form.json"))).sessions
    money = told.select("source_record_id", "billed_energy", "billed_other", "billed_total", "currency").rows()
    assert money == [
        ("as text", Decimal(41), Decimal(41), Decimal(82), "USD"),
        ("as numbers", Decimal("0.1"), Decimal("0.2"), Decimal("0.3"), "USD"),
        ("odd but exact", Decimal(1200), Decimal(5), Decimal(1205), "JPY"),
        ("refund of one part", Decimal("-3.5"), None, None, "EUR"),
        ("free", Decimal(0), Decimal(0), Decimal(0), "EUR"),
        ("no bill yet", None, None, None, None),
    ]
    assert told["flags"].to_list() == [
        [], [], ["no_energy_told"], ["incomplete_bill", "negative_amount", "no_energy_told"], ["free_of_charge"], [],
    ]  # fmt: skip
    assert told["location_name"].to_list() == ["Los Gatos, CA", "Los Gatos, CA", None, None, "=1+1", "Zürich, CH"]


def test_a_currency_without_an_amount_is_left_out():
    row = only(bill(cost=cost("ZZZ", None, "")), "tesla_billing")
    assert (row["currency"], row["billed_energy"], row["billed_other"]) == (None, None, None)


def test_strange_sessions_that_can_be_true_are_kept_with_their_marks():
    told = read(answer("bmw_records", recorded("bmw_records_strange_but_true.json"))).sessions
    assert told["flags"].to_list() == [
        [],
        ["same_time", "zero_energy"],
        ["over_24_hours", "soc_mismatch", "unknown_charger_type"],
        ["implausible_power", "soc_out_of_range"],
        ["no_energy_told"],
    ]
    assert told["charger_type"].to_list() == ["DC", "AC", None, None, "DC"]
    assert told["energy_kwh"].to_list() == [6.889984130859375, 0, 11, 41, None]
    assert told["soc_start_pct"].to_list() == [57, 57, 90, None, 20]
    assert told["address"].to_list() == ["Cockfosters Road, Barnet, EN4 0", None, "Köln", None, None]


def test_a_rise_of_charge_without_energy_is_marked():
    assert only(session(energy=0))["flags"] == ["soc_mismatch", "zero_energy"]


def test_24_hours_to_the_second_are_not_over_24_hours():
    assert only(session("2026-10-01T12:00:00Z", "2026-10-02T12:00:00Z"))["flags"] == []


def test_days_come_as_instant_number_or_date_with_their_marks():
    told = read(answer("tesla_days", recorded("tesla_days_odd.json"))).days
    assert told["told_at"].to_list() == [
        datetime(2026, 10, 10, 15, 40, 27, tzinfo=UTC), datetime(2026, 10, 9, 23, 30, tzinfo=UTC), None, None, None,
    ]  # fmt: skip
    assert told["told_day"].to_list() == [None, None, date(2026, 10, 8), date(2026, 10, 7), date(2026, 10, 6)]
    assert told["flags"].to_list() == [[], ["all_zero"], ["parts_differ_from_total"], [], ["no_energy_told"]]


@pytest.mark.parametrize(
    "told",
    [
        "2026-10-10T15:40:00Z", "2026-10-10T15:40:00.000Z", "2026-10-10T17:40:00+02:00", "2026-10-10T17:40+0200",
        "2026-10-10T15:40:00", "2026-10-10 15:40", " 2026-10-10T15:40:00Z ", 1791646800, 1791646800.0, 1791646800000,
        "1791646800", "1791646800000", "1791646800.000",
    ],
)  # fmt: skip
def test_a_time_is_read_in_every_form_it_comes_in(told):
    row = only(bill(chargeStart=told, chargeEnd=None), "tesla_billing")
    assert row["started_at"] == datetime(2026, 10, 10, 15, 40, tzinfo=UTC)


def test_fractions_of_a_second_are_kept():
    row = only(bill(chargeStart="2026-10-10T15:40:00.123456789Z", chargeEnd=1791646801123), "tesla_billing")
    assert row["started_at"].microsecond == 123456
    assert row["ended_at"].microsecond == 123000


def test_numbers_written_as_text_are_read_as_numbers():
    row = only(session(energy="34.5", startPercentRemaining="0.5"))
    assert (row["energy_kwh"], row["soc_start_pct"]) == (34.5, 50.0)


def test_an_id_that_is_a_number_is_text():
    assert only(bill(recordId=123), "tesla_billing")["source_record_id"] == "123"


def test_unknown_fields_are_told_once_and_change_nothing():
    odd = bill(surprise={"a": 1}, cost=cost() | {"tax": 3})
    plain, drifted = read(answer("tesla_billing", [bill()])), read(answer("tesla_billing", [odd, odd]))
    assert drifted.sessions.drop("position").row(0) == plain.sessions.drop("position").row(0)
    assert drifted.drift == {
        "tesla_billing": {
            'unknown field: surprise (e.g. {"a": 1})',
            "unknown field: cost.tax (e.g. 3)",
            "missing field: answer.hasMoreData",
        }
    }


def test_missing_fields_are_told():
    record = bill(cost={"currency": "USD", "energy": "1"})
    del record["energyConsumed"]
    decoded = read(answer("tesla_billing", [record]))
    assert decoded.drift == {
        "tesla_billing": {
            "missing field: energyConsumed",
            "missing field: cost.other",
            "missing field: answer.hasMoreData",
        }
    }


def test_an_unknown_field_beside_the_records_is_told():
    assert read(answer("bmw_records", '{"records": [], "next": 1}')).drift == {
        "bmw_records": {"unknown field: answer.next (e.g. 1)"}
    }


def test_the_documented_shape_has_no_drift():
    paged = json.dumps({"records": [bill()], "hasMoreData": True})
    assert (
        read(answer("tesla_billing", paged), answer("tesla_days", [day()]), answer("mini_records", [session()])).drift
        == {}
    )


def test_a_character_cut_in_half_spoils_nothing():
    told = r'{"records": [RECORD]}'.replace("RECORD", json.dumps(bill(location="HERE")))
    place = read(answer("tesla_billing", told.replace("HERE", r"a \\ud800 \ud83d\ude00 \ud83d"))).sessions[
        "location_name"
    ]
    assert place.to_list() == ["a \\ud800 \N{GRINNING FACE} \N{REPLACEMENT CHARACTER}"]


def test_an_answer_other_than_200_and_of_other_streams_is_passed_over():
    decoded = read(answer("bmw_records", [session()], status=502), answer("attributes", {"id": "v"}))
    assert decoded.received == {}
    assert decoded.quarantine.is_empty()


def test_frames_have_their_schemas_with_and_without_rows():
    for decoded in (read(), read(answer("bmw_records", [session(), 3]), answer("tesla_days", [day()], 2))):
        assert decoded.sessions.schema == SESSION_OBSERVATION
        assert decoded.days.schema == DAY_OBSERVATION
        assert decoded.quarantine.schema == QUARANTINE.schema


def test_an_empty_list_is_no_record():
    assert read(answer("bmw_records", [])).received == {"bmw_records": 0}
