"""From landed answers to observations: each record typed, judged, and kept with where it came from.

In: answers as they landed. Out: observations of sessions and of days, the records that cannot be true, and what
became of every record received. Nothing is dropped in silence: received = observations + quarantined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import polars as pl

from lake.raw import Answer
from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS, MONEY, QUARANTINE, UTC
from transforms import checks
from transforms.exact import EARLIEST, amounts, instants
from transforms.reading import Reading
from transforms.sweeps import REFUSED, Page
from transforms.wire import STREAMS

Columns: TypeAlias = list[tuple[str, pl.DataType | type[pl.DataType]]]

SESSION_CONTENT: Final = (
    "started_at", "ended_at", "energy_kwh", "soc_start_pct", "soc_end_pct", "charger_type", "connector_type",
    "is_public", "place", "place_method", "location_name", "address", "latitude", "longitude", "billed_energy",
    "billed_other", "billed_total", "currency", "status", "flags",
)  # fmt: skip
"""What a record tells of a session: a change of any of these is a revision."""

DAY_CONTENT: Final = (*checks.DAY_ENERGIES, "flags")
"""What a record tells of a day: a change of any of these is a revision."""


def _typed(dtype: pl.DataType | type[pl.DataType], *names: str) -> Columns:
    return [(name, dtype) for name in names]


_PLACE: Final = (
    *_typed(pl.String, "stream"),
    *_typed(UTC, "received_at", "told_as_of"),
    *_typed(pl.String, "run_id", "raw_ref"),
    *_typed(pl.Int64, "position"),
)

SESSION_OBSERVATION: Final = pl.Schema(
    [
        *_typed(pl.String, "source", "vehicle_id", "make", "source_record_id"),
        *((name, CHARGE_SESSIONS.schema[name]) for name in SESSION_CONTENT),
        *_PLACE,
    ]
)
"""Columns of an observed session: its content, its answer (`raw_ref`) and its position in it."""

DAY_OBSERVATION: Final = pl.Schema(
    [
        *_typed(pl.String, "source", "vehicle_id", "make"),
        *_typed(UTC, "told_at"),
        *_typed(pl.Date, "told_day"),
        *((name, CHARGE_DAYS.schema[name]) for name in DAY_CONTENT),
        *_PLACE,
    ]
)
"""Columns of an observed day: either an instant of the day (`told_at`) or the plain date (`told_day`) is told."""

_PLAIN_DATE: Final = r"^\d{4}-\d{2}-\d{2}$"
_PERCENT_DIGITS: Final = 6
_CHARGER: Final = r"(?i)^\s*(AC|DC)"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a batch of answers tells.

    Attributes:
        sessions: One row a session record (`SESSION_OBSERVATION`): kWh, percent 0..100, UTC.
        days: One row a day record (`DAY_OBSERVATION`): kWh.
        quarantine: One row a record that cannot be true (`lake.schemas.QUARANTINE`).
        received: Records received, a stream; an unreadable answer counts as one.
        drift: What a stream told otherwise than documented, as `transforms.drift` words it.
        pages: The answers that could be read, to find the sweeps in.
        refused: One row a session record that cannot be true (`transforms.sweeps.REFUSED`).
    """

    sessions: pl.DataFrame
    days: pl.DataFrame
    quarantine: pl.DataFrame
    received: dict[str, int]
    drift: dict[str, set[str]]
    pages: tuple[Page, ...]
    refused: pl.DataFrame


def decode(answers: Sequence[Answer], currencies: frozenset[str]) -> Decoded:
    """Read the records of all 200 answers of the record streams; any other answer is passed over.

    Args:
        answers: Landed answers, in any order.
        currencies: The codes of ISO 4217, upper case.

    Returns:
        Observations, quarantine, counts and drift. Nothing an answer may hold raises.
    """
    reading = Reading([a for a in answers if a.status == 200 and a.stream in STREAMS])  # noqa: PLR2004 (HTTP OK)
    makers = [_maker_sessions(reading, stream) for stream in ("bmw_records", "mini_records")]
    signals = [_signal_sessions(reading, stream, currencies) for stream in ("v3_records", "v3_events")]
    told = pl.concat([_bills(reading, currencies), *makers, *signals])
    sessions, bad_sessions = _judged(told, checks.session_rules(), checks.session_flags(), SESSION_OBSERVATION)
    days, bad_days = _judged(_days(reading), checks.day_rules(), checks.day_flags(), DAY_OBSERVATION)
    bad = [reading.unreadable(), reading.refused(bad_sessions), reading.refused(bad_days)]
    return Decoded(
        sessions,
        days,
        pl.concat(bad).sort(QUARANTINE.sort_by),
        dict(reading.received),
        reading.drift.notes(),
        reading.pages({*_telling_nothing(bad_sessions), *bad_days["answer"]}),
        bad_sessions.select(REFUSED.names()),
    )


def _telling_nothing(bad: pl.DataFrame) -> pl.Series:
    """The numbers of answers with a record that has neither an id nor a time to know it by."""
    nothing = pl.all_horizontal(pl.col("source_record_id", "started_at", "ended_at").is_null())
    return bad.filter(nothing)["answer"]


def _judged(
    told: pl.DataFrame, rules: Sequence[checks.Rule], flags: Mapping[str, pl.Expr], schema: pl.Schema
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Observations with their marks, and the records that cannot be true with their reason."""
    judged = told.with_columns(checks.fault(rules))
    good = judged.filter(pl.col("reason").is_null()).with_columns(checks.marks(flags)).select(schema.names())
    return good, judged.filter(pl.col("reason").is_not_null())


def _days(reading: Reading) -> pl.DataFrame:
    """Days of Teslas, kWh; `date` is an instant of the day or the plain date (API reference, §5.1)."""
    columns = reading.columns("tesla_days")
    dates = columns.texts("date").str.strip_chars()
    days = dates.set(~dates.str.contains(_PLAIN_DATE).fill_null(value=False), None).str.to_date(
        "%Y-%m-%d", strict=False
    )
    return columns.places().with_columns(
        dates.alias("date_text"),
        instants(dates).alias("told_at"),
        days.set((days < EARLIEST.date()).fill_null(value=False), None).alias("told_day"),
        columns.numbers("home").alias("home_kwh"),
        columns.numbers("other").alias("other_kwh"),
        columns.numbers("super_charger").alias("supercharger_kwh"),
        columns.numbers("total").alias("total_kwh"),
    )


def _bills(reading: Reading, currencies: frozenset[str]) -> pl.DataFrame:
    """Paid sessions of Teslas (API reference, §5.2): a place, a bill, no state of charge."""
    columns = reading.columns("tesla_billing")
    energy, other, currency = columns.costs()
    told = columns.places().with_columns(
        columns.texts("charge_start").alias("start_text"),
        columns.texts("charge_end").alias("end_text"),
        columns.numbers("energy_consumed").alias("energy_kwh"),
        columns.texts("record_id").alias("source_record_id"),
        columns.texts("location").alias("location_name"),
        energy.alias("energy_amount"),
        other.alias("other_amount"),
        currency.alias("currency_text"),
        pl.lit("public").alias("place"),
        pl.lit("billing").alias("place_method"),
    )
    return _session_columns(told, currencies)


def _maker_sessions(reading: Reading, stream: str) -> pl.DataFrame:
    """Sessions of BMW and MINI (API reference, §5.3): an address, states of charge 0..1, no id and no bill."""
    columns = reading.columns(stream)
    told = columns.places().with_columns(
        columns.texts("charge_start").alias("start_text"),
        columns.texts("charge_end").alias("end_text"),
        columns.numbers("energy").alias("energy_kwh"),
        columns.texts("location").alias("address"),
        columns.texts("charging_type").alias("charging_type"),
        columns.numbers("start_percent_remaining").alias("soc_start"),
        columns.numbers("end_percent_remaining").alias("soc_end"),
        columns.truths("is_public").alias("is_public"),
    )
    return _session_columns(_public_if_told(told), frozenset())


def _signal_sessions(reading: Reading, stream: str, currencies: frozenset[str]) -> pl.DataFrame:
    """Sessions of any make in v3 (API reference, §8): states of charge 0..100, and of when it is told."""
    columns = reading.columns(stream)
    energy, other, currency = columns.costs()
    name, address, latitude, longitude = columns.location()
    kind, connector = columns.texts("charging_type"), columns.texts("connector_type")
    is_current = kind.str.contains(_CHARGER).fill_null(value=True)
    told = columns.places().with_columns(
        columns.texts("start_time").alias("start_text"),
        columns.texts("end_time").alias("end_text"),
        columns.numbers("energy_added").alias("energy_kwh"),
        columns.texts("id").alias("source_record_id"),
        name.alias("location_name"),
        address.alias("address"),
        latitude.alias("latitude"),
        longitude.alias("longitude"),
        energy.alias("energy_amount"),
        other.alias("other_amount"),
        currency.alias("currency_text"),
        kind.set(~is_current, None).alias("charging_type"),
        pl.coalesce(connector, kind.set(is_current, None)).alias("connector_type"),
        columns.numbers("start_state_of_charge").alias("soc_start"),
        columns.numbers("end_state_of_charge").alias("soc_end"),
        columns.truths("is_public_charger").alias("is_public"),
        pl.lit(100.0).alias("soc_full"),
    )
    return _session_columns(_public_if_told(told), currencies)


def _public_if_told(told: pl.DataFrame) -> pl.DataFrame:
    """With the place of sessions of which only `is_public` says anything."""
    place = pl.when("is_public").then(pl.lit("public")).otherwise(pl.lit("unknown"))
    method = pl.when("is_public").then(pl.lit("is_public"))
    return told.with_columns(place.alias("place"), method.alias("place_method"))


_TOLD_SESSION: Final = pl.Schema(
    [
        *_typed(pl.Int64, "answer", "position"),
        *_typed(pl.String, "source", "vehicle_id", "make", "stream", "run_id", "raw_ref"),
        *_typed(UTC, "received_at", "told_as_of"),
        *_typed(pl.String, "start_text", "end_text", "source_record_id", "location_name", "address"),
        *_typed(pl.String, "place", "place_method", "charging_type", "connector_type"),
        *_typed(pl.String, "energy_amount", "other_amount", "currency_text"),
        *_typed(pl.Float64, "energy_kwh", "soc_start", "soc_end", "soc_full", "latitude", "longitude"),
        *_typed(pl.Boolean, "is_public"),
    ]
)
"""What any source may tell of a session, as told; what one does not tell is null.

`soc_full` is what a full battery is in the states of charge beside it: 100, or 1 where it is null.
"""


def _session_columns(told: pl.DataFrame, currencies: frozenset[str]) -> pl.DataFrame:
    """Typed columns of sessions, whatever their source: instants, money, percent, charger type, status."""
    told = told.match_to_schema(_TOLD_SESSION, missing_columns="insert")
    billed_energy, energy_fault = amounts(told["energy_amount"])
    billed_other, other_fault = amounts(told["other_amount"])
    return told.with_columns(
        instants(told["start_text"]).alias("started_at"),
        instants(told["end_text"]).alias("ended_at"),
        billed_energy.alias("billed_energy"),
        billed_other.alias("billed_other"),
        energy_fault.alias("energy_fault"),
        other_fault.alias("other_fault"),
        (billed_energy + billed_other).cast(MONEY, strict=False).alias("billed_total"),
        _currency(currencies).alias("currency"),
        _percent("soc_start").alias("soc_start_pct"),
        _percent("soc_end").alias("soc_end_pct"),
        pl.col("charging_type").str.extract(_CHARGER).str.to_uppercase().alias("charger_type"),
        pl.when(pl.col("end_text").is_null()).then(pl.lit("ongoing")).otherwise(pl.lit("complete")).alias("status"),
    )


def _currency(currencies: frozenset[str]) -> pl.Expr:
    """The code in upper case where there is an amount and ISO 4217 has it, else null."""
    code = pl.col("currency_text").str.strip_chars().str.to_uppercase()
    amount = pl.col("energy_amount").is_not_null() | pl.col("other_amount").is_not_null()
    return pl.when(amount & code.is_in(sorted(currencies))).then(code)


def _percent(charge: str) -> pl.Expr:
    """Percent 0..100, whatever full is where it was told, without the tail of binary floats; null outside."""
    told, full = pl.col(charge), pl.col("soc_full").fill_null(1)
    return pl.when(told.is_between(0, full)).then((told * (100 / full)).round(_PERCENT_DIGITS))
