"""The tables of the lake: columns, types, units and what each value means.

This is the one place where a table's shape is written down. `docs/tables.md` is printed from it, the publisher
refuses a frame that differs from it, and every other room takes its column types from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

SCHEMA_VERSION: Final = 2
"""Raised whenever a published column changes; written into the metadata of each Parquet file."""

UTC: Final = pl.Datetime("us", "UTC")
MONEY: Final = pl.Decimal(18, 6)
TEXTS: Final = pl.List(pl.String)

PartitionKey = Literal["make", "month"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its name, its Polars type, and what it says."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    doc: str


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: one Parquet file for each combination of its partition keys.

    Attributes:
        name: Folder under `lake/`.
        doc: One row is what.
        columns: In the order of the file.
        partition_by: Keys in the folder names. `make` is kept in the file as well; `month` (text, `YYYY-MM`)
            stands in the path alone.
        month_of: Column whose month (UTC for instants) is the partition's month.
        sort_by: The order of rows inside a file.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    partition_by: tuple[PartitionKey, ...]
    month_of: str | None
    sort_by: tuple[str, ...]

    @property
    def schema(self) -> pl.Schema:
        """Column names and Polars types, in the order of the file."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def empty(self) -> pl.DataFrame:
        """A frame of this table's schema without rows."""
        return pl.DataFrame(schema=self.schema)


_VEHICLE = (
    Column("vehicle_id", pl.String, "Smartcar's id of the vehicle."),
    Column("make", pl.String, "Make in upper case: `TESLA`, `BMW`, `MINI`."),
)
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
    *_VEHICLE,
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
    Column("place_method", pl.String, "How `place` was decided: `is_public`, `billing`; null where unknown."),
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
_TOLD_AS_OF = Column(
    "told_as_of", UTC, "The latest instant of which the source's data told this; null where it does not say (v2.0)."
)

CHARGE_SESSIONS: Final = Table(
    "charge_sessions",
    "One row a physical charging session, by whichever interfaces it was told: Tesla's bills, BMW's and MINI's charge "
    "records, the charge records of v3.",
    (*_SESSION, *_TOLD_BY, *_PROVENANCE),
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
    *_VEHICLE,
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

COMPLETENESS: Final = Table(
    "completeness",
    "One row a vehicle, stream and whole day (UTC) from consent to yesterday: what is known of that day, and why not.",
    (
        *_VEHICLE,
        Column(
            "stream",
            pl.String,
            "`tesla_days`, `tesla_billing`, `bmw_records`, `mini_records` of v2.0, or `v3_records`.",
        ),
        Column("day", pl.Date, "The day, UTC."),
        Column("state", pl.String, "One of the states explained below."),
        Column("as_of", UTC, "When the stream was last asked; null if never."),
    ),
    ("make", "month"),
    "day",
    ("vehicle_id", "stream", "day"),
)

QUARANTINE: Final = Table(
    "quarantine",
    "One row a record that cannot be true, with the reason, as it came.",
    (
        Column("received_at", UTC, "When the answer was received."),
        Column("run_id", pl.String, "The run that received it."),
        Column("source", pl.String, "Interface that told it: `smartcar_v2`."),
        Column("stream", pl.String, "What was asked."),
        Column("vehicle_id", pl.String, "Smartcar's id of the vehicle."),
        Column("reason", pl.String, "One of the reasons explained below."),
        Column("detail", pl.String, "What is wrong, for a person."),
        Column("record", pl.String, "The record's JSON as it came."),
        Column("raw_ref", pl.String, "The landed answer and the record's place in it: `SEGMENT#LINE/POSITION`."),
    ),
    ("month",),
    "received_at",
    ("received_at", "raw_ref"),
)

VEHICLES: Final = Table(
    "vehicles",
    "One row a connected vehicle: what it is and whose move is next.",
    (
        *_VEHICLE,
        Column("model", pl.String, "Model as told."),
        Column("year", pl.Int32, "Model year as told."),
        Column("timezone", pl.String, "IANA zone given at `connect --timezone`; null if none was."),
        Column("owner_id", pl.String, "Smartcar's id of the owner's account."),
        Column("consented_at", UTC, "When access was granted."),
        Column("disconnected_at", UTC, "When it was found, or made, to be connected no more; null while it is."),
        Column(
            "interfaces", TEXTS,
            "How it is seen, sorted: `v2.0`, `v3 by poll`, `v3 by webhook`; of the last two the one that told last.",
        ),
        Column("last_good_day", pl.Date, "The last day known on every stream that can be asked; null if none."),
        Column("days_known", pl.Int32, "Vehicle × stream × days since consent that are known."),
        Column("days_unknown", pl.Int32, "Vehicle × stream × days since consent that are not known."),
        Column(
            "days_at_risk",
            pl.Int32,
            "Days not known that BMW or MINI will stop telling within 7 days; 0 where the source has no limit.",
        ),
        Column("lost_on", pl.Date, "The day (UTC) from which the next unknown day is lost; null if none will be."),
        Column(
            "whose_move", pl.String, "`nobody`, `chargelake` (next run asks again), `owner` or `application_owner`."
        ),
        Column("what_to_do", pl.String, "One sentence for the person whose move it is; null for nobody."),
    ),
    (),
    None,
    ("make", "vehicle_id"),
)  # fmt: skip

RUNS: Final = Table(
    "runs",
    "One row a run and stream: what was asked and what became of each record received.",
    (
        Column("run_id", pl.String, "Identifies the run; sorts by start."),
        Column("command", pl.String, "What was run: `run`, `collect`, `backfill`."),
        Column("started_at", UTC, "Start of the run."),
        Column("finished_at", UTC, "End of the run; null while it runs, or if it was killed."),
        Column("stream", pl.String, "What was asked."),
        Column("requests", pl.Int64, "Requests sent for this stream."),
        Column("records_received", pl.Int64, "= new + changed + unchanged + quarantined, or the run fails."),
        Column("records_new", pl.Int64, "Sessions or days first told."),
        Column("records_changed", pl.Int64, "Records that made a new revision."),
        Column("records_unchanged", pl.Int64, "Records already known as they are."),
        Column("records_quarantined", pl.Int64, "Records that cannot be true."),
        Column("drift", TEXTS, "What it told otherwise than documented, and known records it told no more."),
    ),
    ("month",),
    "started_at",
    ("run_id", "stream"),
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
        *_VEHICLE,
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
        *_VEHICLE,
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

TABLES: Final = (
    CHARGE_SESSIONS, SESSION_HISTORY, CHARGE_DAYS, CHARGE_DAY_HISTORY, COMPLETENESS, QUARANTINE, VEHICLES, RUNS,
    CHARGE_SCHEDULES, CLIMATE_STATES,
)  # fmt: skip

FLAGS: Final = {
    "zero_energy": "0 kWh were told: a false start, or a fee without charging.",
    "same_time": "Start and end are the same instant.",
    "over_24_hours": "Plugged in for more than 24 hours.",
    "no_energy_told": "The record has no energy; null is not 0.",
    "incomplete_bill": "One part of the bill has no amount, so `billed_total` is null.",
    "negative_amount": "An amount is below zero: a refund or a credit.",
    "free_of_charge": "Energy above 0 with a bill of 0.",
    "sources_differ": "Its sources tell energies more than 10 % and 0.5 kWh apart.",
    "overlaps": "Starts before an earlier session of the same vehicle has ended (one of at most 28 days).",
    "implausible_power": "Mean power above 400 kW over the session.",
    "soc_mismatch": "State of charge fell although energy was charged, or rose without any.",
    "soc_out_of_range": "A state of charge outside 0..100 % was told; it is null here.",
    "unknown_charger_type": "The source's charging type is neither AC nor DC; it is null here.",
    "parts_differ_from_total": "Home, other and Supercharger energy do not add up to the total (more than 0.5 kWh).",
    "all_zero": "A day of zeros.",
    "no_longer_told": "A day that its source no longer tells, kept as last told: leave it out of sums.",
}

QUARANTINE_REASONS: Final = {
    "not_a_record": "The entry is no JSON object.",
    "missing_field": "A required field (start, date) is missing or null.",
    "bad_type": "A field holds a type that cannot be read.",
    "bad_time": "A time that cannot be read, or an instant before the year 2000: a clock that was never set.",
    "end_before_start": "The session ends before it starts.",
    "start_in_future": "The session starts later than the answer was received.",
    "negative_energy": "Energy below zero.",
    "energy_too_high": "More energy than any car holds (over 300 kWh a session, 1,500 kWh a day).",
    "unknown_currency": "Amounts without a currency, or with a code that ISO 4217 does not have.",
    "amount_not_a_number": "An amount that is no decimal number.",
    "amount_out_of_range": "An amount that decimal(18,6) cannot hold exactly.",
    "unreadable_answer": "A 200 answer whose body is not the documented shape; the record is the start of its body.",
}

COMPLETENESS_STATES: Final = {
    "collected": "Answered, with at least one record, in the tables or in quarantine.",
    "confirmed_empty": "Answered, without a record.",
    "not_asked": "Not asked yet; the next run will.",
    "outside_window": "Not known, and no longer told by the source.",
    "before_consent": "Before the owner granted access.",
    "no_permission": "The owner has not granted the permission.",
    "not_capable": "The vehicle cannot give this stream.",
    "owner_must_act": "The vehicle's owner has to do something first.",
    "over_budget": "The request budget was spent.",
    "upstream_error": "Asked, and Smartcar or the maker failed.",
    "empty_store": "Smartcar has stored nothing of this vehicle yet (v3); it does once the vehicle has told something.",
    "signal_not_found": "Smartcar has other signals of this vehicle, and no charge records yet (v3).",
    "signal_unavailable": "The vehicle or its maker does not offer charge records now (v3).",
}
