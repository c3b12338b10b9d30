"""What stands in the showroom: a car for each oddity of a record that one run is enough to see."""

from __future__ import annotations

from tests.edge_cases.showroom import Exhibit, in_america, in_europe, maker, tesla

LONG_DAY = {"start": "2026-10-24T22:00:00Z", "hours": 25, "kwh": 60}
DAYS = [
    tesla("parts_off"),
    tesla("parts far off", "parts_off", by=0.6),
    tesla("zero_days"),
    tesla("missing_day"),
    tesla("date_twice"),
    tesla("late in the west", "date_near_midnight", lives=in_america, at="23:45"),
    tesla("early in the east", "date_near_midnight", lives=in_europe, at="00:15"),
    tesla("day of 25 hours", "session_at", lives=in_europe, **LONG_DAY),
    tesla("date_epoch"),
    tesla("all_other"),
]
AMOUNTS = [
    tesla(name)
    for name in (
        "amount_text", "amount_number", "amount_null", "energy_absent", "energy_null", "other_fee", "free_energy",
        "by_the_minute", "refund", "zero_energy",
    )
]  # fmt: skip
BILLS = [
    *AMOUNTS,
    tesla("record_on_two_pages"),
    tesla("empty_page"),
    tesla("endless_pages"),
    tesla("plugged_in_again"),
    tesla("end_null"),
    tesla("id_time"),
    tesla("over midnight", "session_at", lives=in_europe, start="2026-10-29T22:30:00Z", hours=2),
    tesla("over a month's end", "session_at", start="2026-10-31T23:30:00Z", hours=2),
    Exhibit(
        "repeated hour",
        ("TESLA",),
        tuple(
            ("session_at", {"start": start, "hours": 0.5}) for start in ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")
        ),
        in_europe,
    ),
    Exhibit(
        "fee_by_time",
        ("TESLA",),
        (("session_at", {"start": "2026-10-30T08:00:00Z", "hours": 6}), ("fee_by_time", {})),
    ),
]
TEXTS = [maker(f"location {value}", "location", value=value) for value in ("null", "empty", "unicode", "commas")]
MAKERS = [
    maker("false_start"),
    maker("soc_one"),
    maker("soc_flat"),
    maker("float32_tail"),
    maker("AC_HIGH", "charging_type", value="AC_HIGH"),
    maker("PLASMA", "charging_type", value="PLASMA"),
    maker("no charging type", "charging_type", value=None),
    maker("is_public_null"),
    *TEXTS,
    maker("location formula", "location", value="formula"),
    maker("end_before_start"),
    maker("overlap"),
    maker("local_time_as_z", lives=in_america),
    maker("open_end"),
    maker("zero_length"),
    maker("end in local time, east", "end_local", lives=in_europe),
    maker("end in local time, west", "end_local", lives=in_america),
]
SHAPES = [
    tesla("short_year"),
    maker("day_first"),
    maker("minute_precision"),
    maker("decimal_comma"),
    maker("no start", "missing_field", field="chargeStart"),
    maker("no location", "missing_field", field="location"),
    maker("energy as text", "changed_type", field="energy"),
    maker("location as number", "changed_type", field="location"),
    maker("unknown_fields"),
]
EXHIBITS = [*DAYS, *BILLS, *MAKERS, *SHAPES]

SPRING = [
    Exhibit(
        "spring",
        ("TESLA",),
        (
            ("session_at", {"start": "2026-03-28T23:00:00Z", "hours": 23, "kwh": 23}),
            ("session_at", {"start": "2026-03-29T01:30:00Z", "hours": 0.5, "kwh": 7}),
        ),
        in_europe,
    ),
    maker("missing hour", "session_at", lives=in_europe, start="2026-03-29T02:30:00Z", hours=1.5),
]
"""Where the clocks go forward on 29 March 2026, at 01:00 UTC."""
