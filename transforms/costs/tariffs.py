"""Lines by tariff: which tariff prices which session, and its energy hour by hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from lake.schemas import MONEY, PARTS, PRICE
from transforms.costs import money, spread
from transforms.costs.fees import OF_A_TARIFF, fees, monthly_bases, taxes
from transforms.costs.grid import Scope, grid
from transforms.costs.lines import bases, joined, shaped
from transforms.rules.tariffs import Tariff

_ASKED: Final = ("place", "place_name", "vehicle_id", "cost_centre", "timezone")


def tariff_lines(
    sessions: pl.DataFrame, tariffs: Sequence[Tariff], curve: pl.DataFrame, digits: Mapping[str, int]
) -> pl.DataFrame:
    """What sessions without a bill cost by tariff.

    Energy has a line for each tariff and version that prices some of it, and one without an amount for each reason
    why some has no price. A fee by the minute, for the session or for the month is that of the tariff at the start.

    Args:
        sessions: Columns of `lake.schemas.CHARGE_SESSIONS`, driver and cost_centre.
        tariffs: All tariffs.
        curve: Power of vehicles (`transforms.costs.spread.CURVE`), as far as it is known.
        digits: Decimal digits by currency.

    Returns:
        Columns of `lake.schemas.COST_LINE`.
    """
    told = sessions.with_columns(_unpriceable().alias("reason"), money.nano_kwh("energy_kwh").alias("nano_kwh"))
    priceable = told.filter(pl.col("reason").is_null()).drop("reason")
    scoped, scopes = _scoped(priceable, tariffs)
    if scoped.is_empty():
        return _untold(told)
    pieces = spread.by_curve(scoped, curve) if curve.height else spread.even(scoped)
    priced = grid(scopes, tariffs, pieces["from"].min(), pieces["until"].max())  # type: ignore[arg-type]  # instants
    parts = spread.laid_over(pieces, priced).join(_of_tariffs(tariffs), on="tariff", how="left", maintain_order="left")
    energy = _energy(scoped, parts, digits)
    owed = joined([energy, fees(scoped, parts, tariffs, digits), monthly_bases(energy, tariffs, digits)])
    return joined([_untold(told), owed, taxes(owed, digits)])


def _unpriceable() -> pl.Expr:
    """Why a session cannot be laid over time; null if it can."""
    return (
        pl.when(pl.col("status") == "ongoing")
        .then(pl.lit("ongoing"))
        .when(pl.col("ended_at").is_null())
        .then(pl.lit("end_not_told"))
        .when(pl.col("energy_kwh").is_null())
        .then(pl.lit("energy_not_told"))
    )


def _untold(told: pl.DataFrame) -> pl.DataFrame:
    rows = told.filter(pl.col("reason").is_not_null())
    columns = rows.select(
        pl.lit("tariff").alias("basis"),
        pl.lit("energy").alias("component"),
        "reason",
        pl.lit(0.0).alias("kwh_priced"),
        pl.col("energy_kwh").alias("kwh_unpriced"),
    )
    return shaped(pl.concat([bases(rows), columns], how="horizontal"))


def _scoped(sessions: pl.DataFrame, tariffs: Sequence[Tariff]) -> tuple[pl.DataFrame, list[Scope]]:
    """Sessions with the number of their scope, and the scopes."""
    asked = sessions.select(_ASKED).unique().sort(_ASKED)
    numbers: dict[Scope, int] = {}
    found = [
        numbers.setdefault(Scope(_fitting(row, tariffs), row["timezone"]), len(numbers))
        for row in asked.iter_rows(named=True)
    ]
    numbered = asked.with_columns(pl.Series("scope", found, pl.Int64))
    scoped = sessions.join(numbered, on=_ASKED, how="left", nulls_equal=True, maintain_order="left")
    return scoped, list(numbers)


def _fitting(row: Mapping[str, str | None], tariffs: Sequence[Tariff]) -> tuple[int, ...]:
    """Numbers of the tariffs whose place, vehicles and cost centres fit; what a tariff does not name fits all."""

    def fits(named: tuple[str, ...], *values: str | None) -> bool:
        return not named or any(value in named for value in values if value is not None)

    return tuple(
        number
        for number, tariff in enumerate(tariffs)
        if fits(tariff.entry.places, row["place"], row["place_name"])
        and fits(tariff.entry.vehicles, row["vehicle_id"])
        and fits(tariff.entry.cost_centres, row["cost_centre"])
    )


def _of_tariffs(tariffs: Sequence[Tariff]) -> pl.DataFrame:
    """What a line has of its tariff, by the tariff's number."""
    rows = [
        (
            number,
            each.entry.id,
            each.entry.version,
            each.rule_name,
            each.entry.currency,
            each.entry.prices_are,
            each.entry.tax_pct,
        )
        for number, each in enumerate(tariffs)
    ]
    names = ("rule_id", "rule_version", "rule_name", "currency", "amount_is")
    schema = {"tariff": pl.Int64(), **dict.fromkeys(names, pl.String()), "tax_rate_pct": MONEY}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _energy(scoped: pl.DataFrame, parts: pl.DataFrame, digits: Mapping[str, int]) -> pl.DataFrame:
    """A line for each session and tariff, and one for each session and reason."""
    cost = pl.col("nano_kwh").cast(money.WIDE) * pl.col("price").cast(money.WIDE)
    tell = pl.struct(
        "from", "until", money.kwh("nano_kwh").alias("kwh"), "band",
        money.from_nano("price").cast(PRICE).alias("price_per_kwh"),
    )  # fmt: skip
    times = (pl.col("from").min().alias("priced_from"), pl.col("until").max().alias("priced_until"))
    priced = parts.filter(pl.col("reason").is_null())
    by_tariff = priced.group_by("session_id", *OF_A_TARIFF, maintain_order=True).agg(
        cost.sum().alias("cost"), pl.col("nano_kwh").sum(), tell.alias("parts"), *times
    )
    lines = by_tariff.with_columns(
        money.amount(pl.col("cost"), pl.lit(money.NANO).cast(money.WIDE) * money.NANO, "currency", digits).alias(
            "amount"
        ),
        money.kwh("nano_kwh").alias("kwh_priced"),
        pl.lit(0.0).alias("kwh_unpriced"),
        pl.col("parts").cast(PARTS),
    )
    told = pl.concat([lines.drop("cost", "nano_kwh"), _unpriced(parts, times)], how="diagonal")
    return _of_sessions(scoped, told)


def _unpriced(parts: pl.DataFrame, times: tuple[pl.Expr, ...]) -> pl.DataFrame:
    """Energy without a price, by session and reason; a stretch in which nothing was charged needs none."""
    charged = (pl.col("nano_kwh") > 0) | (pl.col("nano_kwh").sum().over("session_id") == 0)
    without = parts.filter(charged & pl.col("reason").is_not_null())
    return (
        without.group_by("session_id", "reason", maintain_order=True)
        .agg(pl.col("nano_kwh").sum(), *times)
        .with_columns(money.kwh("nano_kwh").alias("kwh_unpriced"), pl.lit(0.0).alias("kwh_priced"))
        .drop("nano_kwh")
    )


def _of_sessions(scoped: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Lines of energy with what they have of their sessions."""
    named = told.with_columns(pl.lit("tariff").alias("basis"), pl.lit("energy").alias("component"))
    return shaped(named.join(bases(scoped), on="session_id", how="left", maintain_order="left"))
