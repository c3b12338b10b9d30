"""Tables of what is known of it all: completeness, quarantine, vehicles, runs."""

from __future__ import annotations

from typing import Final

import polars as pl

from lake.schemas.columns import TEXTS, UTC, VEHICLE, Column, Table

COMPLETENESS: Final = Table(
    "completeness",
    "One row a vehicle, stream and whole day (UTC) from consent to yesterday: what is known of that day, and why not.",
    (
        *VEHICLE,
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
        *VEHICLE,
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
