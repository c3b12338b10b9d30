"""The tables that come from the state or from rules as well as from raw: completeness, vehicles, runs, costs."""

from __future__ import annotations

from typing import Final

import polars as pl

from collectors import snapshots
from collectors.failures import NOT_CONNECTED
from collectors.streams import SOURCES, STREAMS, TESLA_BILLING, TESLA_DAYS, V2, V3, V3_RECORDS, streams_of
from flows.costing import publish_costs
from flows.house import House
from flows.reconciling import publish_reconciliation
from lake import schemas
from lake.registry import Vehicle
from lake.tables import with_month
from transforms.completeness import completeness
from transforms.reading import NO_MAKE
from transforms.sessions import standing
from transforms.vehicles import BLOCKED, REGISTERED, vehicles

_ASKED: Final = pl.Schema(
    {
        "vehicle_id": pl.String,
        "make": pl.String,
        "stream": pl.String,
        "consent_day": pl.Date,
        "window_days": pl.Int64,
        "blocked_state": pl.String,
    }
    | {"as_of": schemas.UTC}
)
_STARTS: Final = ("chargeStart", "startTime", "date")
_OF_TELLINGS: Final = ("session_id", "revision", "status", "vehicle_id", "make", "source", "started_at")
_KNOWN: Final = pl.Schema({"vehicle_id": pl.String, "stream": pl.String, "since": pl.Date, "until": pl.Date})


def publish_state(house: House, *, anew: bool = False) -> None:
    """Publish all that is not made from raw alone, writing only the files whose rows differ.

    Args:
        house: The house; the caller holds the lake.
        anew: Make costs and reconciliation anew, and not only where sessions or rules have changed.
    """
    known = with_month(schemas.COMPLETENESS, completeness_now(house))
    house.tables.replace_all(schemas.COMPLETENESS, known)
    house.tables.replace_all(schemas.VEHICLES, vehicles_now(house, known))
    publish_runs(house)
    publish_costs(house, anew=anew)  # late: a rule that cannot be used keeps nothing else from being published
    publish_reconciliation(house, anew=anew)


def publish_runs(house: House) -> None:
    """Publish `runs` alone, as after collecting what is not in the tables yet."""
    house.tables.replace_all(schemas.RUNS, with_month(schemas.RUNS, house.runs.table()))


def completeness_now(house: House) -> pl.DataFrame:
    """The completeness table as the ledger and the published records have it."""
    coverage = [(*key, each.since, each.until) for key, known in house.ledger.all_coverage().items() for each in known]
    today = house.clock.now().date()
    return completeness(_asked(house), pl.DataFrame(coverage, schema=_KNOWN, orient="row"), _record_days(house), today)


def vehicles_now(house: House, known: pl.DataFrame) -> pl.DataFrame:
    """The vehicles table, given the completeness table."""
    troubles = {owner.owner_id: owner.trouble for owner in house.registry.owners()}
    pushed = {vehicle_id for vehicle_id, stream in house.ledger.pushed() if stream == V3_RECORDS.name}
    registered = [
        (each.vehicle_id, each.make, each.model, each.year, each.timezone, each.owner_id, each.consented_at,
         _seen_by(each, is_pushed=each.vehicle_id in pushed),
         NOT_CONNECTED if each.disconnected_at else troubles.get(each.owner_id), each.disconnected_at)
        for each in house.registry.vehicles()
    ]  # fmt: skip
    blocked = [
        (*key, state.whose_move, state.blocked_detail)
        for key, state in house.ledger.states().items()
        if state.blocked_state is not None and key[1] not in snapshots.NAMES
    ]
    return vehicles(
        pl.DataFrame(registered, schema=REGISTERED, orient="row"),
        pl.DataFrame(blocked, schema=BLOCKED, orient="row"),
        known.select(schemas.COMPLETENESS.schema.names()),
        window_days(house),
        house.clock.now().date(),
    )


def _seen_by(vehicle: Vehicle, *, is_pushed: bool) -> list[str]:
    by_v3 = "v3 by webhook" if is_pushed else "v3 by poll"
    return sorted(by_v3 if each == V3 else each for each in vehicle.interfaces)


def window_days(house: House) -> dict[str, int]:
    """How far back each stream tells; 0: no limit."""
    window = house.settings.smartcar.window_days
    return {stream.name: window if stream.window_limited else 0 for stream in STREAMS}


def _asked(house: House) -> pl.DataFrame:
    states, windows = house.ledger.states(), window_days(house)
    rows: list[tuple[object, ...]] = []
    for vehicle in house.registry.vehicles():
        for stream in streams_of(vehicle):
            state = states.get((vehicle.vehicle_id, stream.name))
            rows.append(
                (
                    vehicle.vehicle_id,
                    vehicle.make or NO_MAKE,
                    stream.name,
                    vehicle.consented_at.date(),
                    windows[stream.name],
                    "owner_must_act" if vehicle.disconnected_at else state and state.blocked_state,
                    state and state.asked_at,
                )
            )
    return pl.DataFrame(rows, schema=_ASKED, orient="row")


def _record_days(house: House) -> pl.DataFrame:
    """The days (UTC) that have a record, by vehicle and stream: vehicle_id, stream, day."""
    by_make = {stream.make: stream.name for stream in STREAMS if stream.interface == V2 and stream is not TESLA_DAYS}
    history = house.tables.read(schemas.SESSION_HISTORY, columns=_OF_TELLINGS)
    days = house.tables.read(schemas.CHARGE_DAYS, columns=("vehicle_id", "day"))
    told = standing(history).select(
        "vehicle_id",
        pl.when(pl.col("source") == SOURCES[V3_RECORDS.interface])
        .then(pl.lit(V3_RECORDS.name))
        .otherwise(pl.col("make").replace_strict(by_make, default=TESLA_BILLING.name, return_dtype=pl.String))
        .alias("stream"),
        pl.col("started_at").dt.date().alias("day"),
    )
    daily = days.select("vehicle_id", pl.lit(TESLA_DAYS.name).alias("stream"), "day")
    return pl.concat([told, daily, _quarantined_days(house)]).unique()


def _quarantined_days(house: House) -> pl.DataFrame:
    """The days of records in quarantine, as far as they tell one: such a day is not known to be empty."""
    kept = house.tables.read(schemas.QUARANTINE, columns=("vehicle_id", "stream", "record"))
    told = pl.coalesce(pl.col("record").str.extract(rf'"{field}"\s*:\s*"(\d{{4}}-\d\d-\d\d)') for field in _STARTS)
    day = told.str.to_date("%Y-%m-%d", strict=False)
    stream = pl.col("stream").replace("v3_events", V3_RECORDS.name)  # an event tells what the poll would have
    return kept.select("vehicle_id", stream, day.alias("day")).drop_nulls()
