"""Tables made of what has landed: sessions, days, their histories, and what vehicles are set to."""

from __future__ import annotations

from typing import Final

import polars as pl

from lake.schemas.columns import MONEY, TEXTS, UTC, VEHICLE, Column, Table

_PROVENANCE = (
    Column("revision", pl.Int32, "1 for the row as first told; one more each time its source told it otherwise."),
    Column("first_seen_at", UTC, "When the first answer with this row was received."),
    Column("last_changed_at", UTC, "When the answer that made this revision was received."),
    Column("run_id", pl.String, "The run that collected the answer of this revision."),
    Column(
        "raw_ref",
        pl.String,
        "The landed record of this revision: segment, line, place: `SEGMENT#LINE/POSITION`. Of what vanished: a place "
        "after the records of the last answer that did not tell it any more.",
    ),
)

_SESSION = (
    Column("session_id", pl.String, "Stable over re-collection, rebuild and later completion."),
    *VEHICLE,
    Column("model", pl.String, "Model as the vehicle's attributes tell it."),
    Column("started_at", UTC, "Start of the session."),
    Column("ended_at", UTC, "End of the session; null while it is ongoing or was never told."),
    Column("timezone", pl.String, "IANA zone of the vehicle, or the configured default where its own is unknown."),
    Column("local_date", pl.Date, "The day the session started in `timezone`."),
    Column("energy_kwh", pl.Float64, "Energy in kWh as told; null if not told, which is not 0."),
    Column("soc_start_pct", pl.Float64, "State of charge at the start, percent 0..100."),
    Column("soc_end_pct", pl.Float64, "State of charge at the end, percent 0..100."),
    Column("charger_type", pl.String, "`AC`, `DC` or null."),
    Column("connector_type", pl.String, "Connector as told, or null."),
    Column("is_public", pl.Boolean, "Whether the source called the charger public; null if it did not say."),
    Column("place", pl.String, "`home`, `work`, `public` or `unknown`."),
    Column("place_method", pl.String, "How `place` was decided; each is explained below. Null where unknown."),
    Column("location_name", pl.String, "Name of the place as told; empty text is null."),
    Column("address", pl.String, "Street address as told; empty text is null."),
    Column("latitude", pl.Float64, "Degrees north, or null."),
    Column("longitude", pl.Float64, "Degrees east, or null."),
    Column("billed_energy", MONEY, "Billed for energy; null if there is no bill, which is not 0."),
    Column("billed_other", MONEY, "Billed for idling, congestion or parking, unspecified by the source."),
    Column("billed_total", MONEY, "Sum of the two; null unless both are known."),
    Column("currency", pl.String, "ISO 4217 code of the amounts; null only where there is no amount."),
    Column(
        "status", pl.String, "`complete`, `ongoing` (no end told) or `vanished` (no longer told: leave it out of sums)."
    ),
    Column("flags", TEXTS, "Data-quality marks, sorted; each is explained below."),
    Column("source", pl.String, "Interface that told its start and end: `smartcar_v2`, `smartcar_v3`."),
    Column("source_record_id", pl.String, "That source's own id, or null where it has none (v2.0: BMW, MINI)."),
)
_TOLD_BY = (
    Column("sources", TEXTS, "All interfaces that tell it, sorted."),
    Column("tellings", TEXTS, "The session_id in `session_history` of each of them, in the same order."),
)
_PLACE = (
    Column("place_name", pl.String, "Name of the place of yours (`places.toml`) it was at; null if of none."),
    Column("place_confidence", pl.String, "`high`, `medium` or `low`; null where `place` is unknown."),
)
_TOLD_AS_OF = Column(
    "told_as_of", UTC, "The latest instant of which the source's data told this; null where it does not say (v2.0)."
)

CHARGE_SESSIONS: Final = Table(
    "charge_sessions",
    "One row a physical charging session, by whichever interfaces it was told: Tesla's bills, BMW's and MINI's charge "
    "records, the charge records of v3.",
    (*_SESSION, *_PLACE, *_TOLD_BY, *_PROVENANCE),
    ("make", "month"),
    "started_at",
    ("vehicle_id", "started_at", "session_id"),
)
SESSION_HISTORY: Final = Table(
    "session_history",
    "One row a revision of a session as one interface tells it. `status` may also be `moved`: the session went on in "
    "another month's file. `model`, `timezone` and `local_date` are told of the vehicle and null here, the marks "
    "`overlaps` and `sources_differ` are left out.",
    (*_SESSION, _TOLD_AS_OF, *_PROVENANCE),
    ("make", "month"),
    "started_at",
    ("vehicle_id", "session_id", "revision"),
)

_DAY = (
    *VEHICLE,
    Column("day", pl.Date, "The day, in the vehicle's zone."),
    Column(
        "home_kwh", pl.Float64, "Charged at home, kWh. Without a home address set in the car: 0, all in `other_kwh`."
    ),
    Column("other_kwh", pl.Float64, "Charged elsewhere, kWh."),
    Column("supercharger_kwh", pl.Float64, "Charged at Superchargers, kWh."),
    Column("total_kwh", pl.Float64, "The day's total as told, kWh."),
    Column("flags", TEXTS, "Data-quality marks, sorted; each is explained below."),
    *_PROVENANCE,
)

CHARGE_DAYS: Final = Table(
    "charge_days",
    "One row a vehicle and day: Tesla's daily energy by kind of place.",
    _DAY,
    ("make", "month"),
    "day",
    ("vehicle_id", "day"),
)
CHARGE_DAY_HISTORY: Final = Table(
    "charge_day_history",
    "One row a revision of a day.",
    _DAY,
    ("make", "month"),
    "day",
    ("vehicle_id", "day", "revision"),
)

_STANDING = (
    Column("observed_at", UTC, "When the first answer that told this was received."),
    Column("superseded_at", UTC, "When an answer that told otherwise was received; null for what stands."),
    Column("revision", pl.Int32, "1 for what was first told; one more each time the vehicle was set otherwise."),
    Column("run_id", pl.String, "The run that collected the answer of this revision."),
    Column("raw_ref", pl.String, "The landed answer of this revision: `SEGMENT#LINE/0`."),
)

CHARGE_SCHEDULES: Final = Table(
    "charge_schedules",
    "One row a window of a vehicle's charge schedule and revision of it. `WHERE superseded_at IS NULL` is what stands; "
    "the others are what was set before.",
    (
        *VEHICLE,
        Column("source", pl.String, "Interface that told it: `smartcar_v2`, `smartcar_v3`."),
        Column("window_no", pl.Int32, "Number of the row within its revision, from 1."),
        Column(
            "kind", pl.String,
            "`window`; `any_time` (none is set); Tesla: `start_time`, `departure_time`; `none`: no place was told.",
        ),
        Column("enabled", pl.Boolean, "Whether it is on; of a Tesla's two times at most one is."),
        Column("days", TEXTS, "Days on which it starts, as `MONDAY`; null where the source knows no days (Tesla)."),
        Column("start_time", pl.String, "`HH:MM` at which charging may start; null if not told."),
        Column("end_time", pl.String, "`HH:MM` at which it ends, or of a departure by which it shall be done."),
        Column("over_midnight", pl.Boolean, "Whether it ends on the day after; null where it is no window."),
        Column(
            "zone", pl.String,
            "Of the times: `UTC` (Nissan), `vehicle` (a Tesla's own clock), `place` (the clock there: Ford, "
            "Lincoln); null where it is not told (v3).",
        ),
        Column("place", pl.String, "Name or address of the place it is for, if told (v3)."),
        Column("latitude", pl.Float64, "Degrees north of the place it is for; null: any place."),
        Column("longitude", pl.Float64, "Degrees east of it; null: any place."),
        Column("connector_type", pl.String, "The connector it is for, if told (v3); null: any."),
        Column("maker_optimises", pl.Boolean, "Whether the maker may shift charging; null if not told (v2.0)."),
        Column("charge_limit_pct", pl.Float64, "State of charge at which it stops, percent 0..100; null if not told."),
        *_STANDING,
    ),
    ("make",),
    None,
    ("vehicle_id", "source", "revision", "window_no"),
)  # fmt: skip
CLIMATE_STATES: Final = Table(
    "climate_states",
    "One row a part of a vehicle's climate and revision of it. `WHERE superseded_at IS NULL` is what stood when it was "
    "last asked.",
    (
        *VEHICLE,
        Column("source", pl.String, "Interface that told it: `smartcar_v2`."),
        Column("part", pl.String, "`cabin`, `defroster` or `steering_wheel`."),
        Column("status", pl.String, "As told: `ON`, `OFF`, or `UNAVAILABLE` where it is not fitted."),
        Column("temperature_c", pl.Float64, "Of the cabin, °C; null if not told."),
        *_STANDING,
    ),
    ("make",),
    None,
    ("vehicle_id", "source", "part", "revision"),
)
