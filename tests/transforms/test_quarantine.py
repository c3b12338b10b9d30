"""What cannot be true, with its reason; the rest of the answer goes on."""

from __future__ import annotations

import json

import pytest
from landed_answers import answer, bill, cost, day, lake_of, read, session

from lake.schemas import FLAGS, QUARANTINE_REASONS
from transforms.vanishing import NO_LONGER_TOLD

LATER = "2026-10-20T07:15:02Z"  # the answers are received at 07:00:01

BAD_SESSIONS = [
    ("not_a_record", 3),
    ("not_a_record", [session()]),
    ("not_a_record", None),
    ("missing_field", {}),
    ("missing_field", session() | {"chargeStart": None}),
    ("missing_field", session() | {"chargeStart": ""}),
    ("bad_type", session() | {"chargeStart": True}),
    ("bad_type", session(energy="a lot")),
    ("bad_type", session(energy="nan")),
    ("bad_type", session(startPercentRemaining="inf")),
    ("bad_type", session(location=["Barnet"])),
    ("bad_time", session() | {"chargeStart": "yesterday"}),
    ("bad_time", session() | {"chargeStart": "2026-02-30T00:00:00Z"}),
    ("bad_time", session() | {"chargeStart": "2026-10-08"}),
    ("bad_time", session() | {"chargeStart": 0}),
    ("bad_time", session() | {"chargeStart": "0014-11-18T15:40:26Z"}),
    ("bad_time", session() | {"chargeStart": 10**30}),
    ("bad_time", session() | {"chargeEnd": "soon"}),
    ("end_before_start", session(end="2026-10-08T12:54:43Z")),
    ("start_in_future", session(LATER)),
    ("negative_energy", session(energy=-0.1)),
    ("energy_too_high", session(energy=300.1)),
]
BAD_BILLS = [
    ("missing_field", bill(chargeStart=None)),
    ("bad_type", bill(cost="41 USD")),
    ("bad_type", bill(recordId=["a"])),
    ("unknown_currency", bill(cost=cost("ZZZ"))),
    ("unknown_currency", bill(cost=cost(None))),
    ("unknown_currency", bill(cost=cost("", None))),
    ("amount_not_a_number", bill(cost=cost(energy="41,5"))),
    ("amount_not_a_number", bill(cost=cost(other="NaN"))),
    ("amount_not_a_number", bill(cost=cost(other="1_000"))),
    ("amount_not_a_number", bill(cost=cost(other="٣"))),
    ("amount_not_a_number", bill(cost=cost(energy=True))),
    ("amount_not_a_number", bill(cost=cost(energy={"value": 3}))),
    ("amount_out_of_range", bill(cost=cost(energy="0.0000001"))),
    ("amount_out_of_range", bill(cost=cost(energy=1e12))),
    ("amount_out_of_range", bill(cost=cost(energy="1e999999999999999999999"))),
    ("amount_out_of_range", bill(cost=cost(other="1" * 200))),
    ("amount_out_of_range", bill(cost=cost(energy="999999999999", other="1"))),
]
BAD_DAYS = [
    ("not_a_record", "2026-10-10"),
    ("missing_field", {"home": 3}),
    ("bad_type", day(home=[])),
    ("bad_time", day("10.10.2026")),
    ("bad_time", day("2026-02-30")),
    ("bad_time", day("1999-12-31")),
    ("start_in_future", day("2026-10-22")),
    ("start_in_future", day("2026-10-21T07:00:02Z")),
    ("negative_energy", day(home=-1)),
    ("energy_too_high", day(total=1500.1)),
]
UNREADABLE = [
    "", "<html>Bad gateway</html>", "[]", "null", "3", '{"type": "SERVER", "code": "INTERNAL"}', '{"records": null}',
    '{"records": {}}', '{"records": [{"chargeStart":', '{"records": [1 2]}', b"\xff\xfe", '{"a":' * 5000, "[" * 5000,
]  # fmt: skip
EVERY_BAD = [
    *(("bmw_records", *each) for each in BAD_SESSIONS),
    *(("tesla_billing", *each) for each in BAD_BILLS),
    *(("tesla_days", *each) for each in BAD_DAYS),
]


@pytest.mark.parametrize(("stream", "reason", "record"), EVERY_BAD)
def test_a_record_that_cannot_be_true_goes_to_quarantine_and_its_neighbours_go_on(stream, reason, record):
    good = {"bmw_records": session(), "tesla_billing": bill(), "tesla_days": day()}[stream]
    decoded = read(answer(stream, [good, record, good]))
    row = decoded.quarantine.row(0, named=True)
    assert row["reason"] == reason
    assert json.loads(row["record"]) == record
    assert row["raw_ref"].endswith("#1/1")
    assert row["detail"]
    assert decoded.sessions.height + decoded.days.height == 2


@pytest.mark.parametrize("body", UNREADABLE)
def test_a_200_that_is_no_list_of_records_counts_as_one_and_is_quarantined(body):
    decoded = read(answer("bmw_records", body))
    assert decoded.received == {"bmw_records": 1}
    assert decoded.quarantine["reason"].to_list() == ["unreadable_answer"]


def test_of_an_unreadable_answer_only_the_start_is_kept():
    decoded = read(answer("bmw_records", "<p>" + "x" * 5000))
    assert decoded.quarantine["record"].str.len_chars().to_list() == [1000]


def test_bytes_that_are_no_text_spoil_their_record_alone():
    records = json.dumps([bill(), bill(location="HERE")]).encode().replace(b"HERE", b"\xff")
    decoded = read(answer("tesla_billing", b'{"records": ' + records + b"}"))
    assert decoded.sessions.height == decoded.quarantine.height == 1


def test_a_clock_ahead_by_a_quarter_of_an_hour_is_no_future():
    assert read(answer("bmw_records", [session("2026-10-20T07:15:01Z")])).quarantine.is_empty()


def test_the_day_of_the_furthest_zone_is_no_future():
    assert read(answer("tesla_days", [day("2026-10-21")])).quarantine.is_empty()


def test_every_reason_is_given_to_some_record():
    given = {reason for _, reason, _ in EVERY_BAD} | {"unreadable_answer"}
    assert given == set(QUARANTINE_REASONS)


EVERY_MARK = [
    answer(
        "bmw_records",
        [
            session("2026-10-01T12:00:00Z", energy=0),
            session("2026-10-02T12:00:00Z", "2026-10-02T12:00:00Z", startPercentRemaining=7),
            session("2026-10-03T12:00:00Z", "2026-10-05T12:00:00Z", chargingType="MAGIC"),
            session("2026-10-04T12:00:00Z", "2026-10-04T12:01:00Z", energy=None),
            session("2026-10-06T12:00:00Z", "2026-10-06T12:01:00Z"),
        ],
    ),
    answer(
        "tesla_billing",
        [
            bill(recordId="a", chargeEnd=None, cost=cost(energy="-1", other=None)),
            bill(recordId="b", chargeEnd=None, cost=cost(energy="0")),
        ],
        number=2,
    ),
    answer("tesla_days", [day(total=60), day("2026-10-11", home=0, other=0, superCharger=0, total=0)], number=3),
]


def test_every_mark_is_given_to_some_row():
    lake = lake_of([EVERY_MARK])
    marks = lake.sessions()["flags"].explode().to_list() + lake.days()["flags"].explode().to_list()
    of_no_record = {NO_LONGER_TOLD, "sources_differ"}
    assert set(marks) - {None} == set(FLAGS) - of_no_record


def test_marks_are_sorted_names():
    lake = lake_of([EVERY_MARK])
    assert all(flags == sorted(flags) for flags in lake.sessions()["flags"].to_list())
