"""What is reimbursed: lines of basis `policy`, beside what the sessions cost and never added to it.

A session is paid by one rule of one policy. What cannot be paid yet stands there without an amount and with its reason;
what a cap takes away stands there as a line of its own, so that a reader sees what was cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

import polars as pl

from transforms.costs import money
from transforms.costs.distances import with_distance
from transforms.costs.evidence import is_missing
from transforms.costs.fees import of_no_session
from transforms.costs.lines import COST_SIDE, bases, joined, shaped
from transforms.months import month_of
from transforms.rules.policies import Distance, Policy, Rule

_MONTH: Final = "month"
_OF_A_DRIVER: Final = ("rule_id", "rule_name", "driver", _MONTH)
"""What a flat sum is for, once a vehicle."""
_OF_A_CAP: Final = (*_OF_A_DRIVER, "currency")
"""What a cap is for: versions of a policy may pay in two currencies in one month."""


def policy_lines(
    sessions: pl.DataFrame,
    cost_lines: pl.DataFrame,
    policies: Sequence[Policy],
    distances: Sequence[Distance],
    known_days: pl.DataFrame,
    digits: Mapping[str, int],
) -> pl.DataFrame:
    """The lines of all policies: one a session and rule, caps, and flat sums.

    Args:
        sessions: Columns of `lake.schemas.CHARGE_SESSIONS`, driver and cost_centre; whole local months. Those without a
            driver are nobody's to be paid for.
        cost_lines: Columns of `lake.schemas.COST_LINE`: what these sessions cost.
        policies: All policies and versions (`transforms.rules.policies.checked`).
        distances: What was told of distances.
        known_days: Columns of `transforms.costs.evidence.KNOWN_DAYS`.
        digits: Decimal digits by currency.

    Returns:
        Columns of `lake.schemas.COST_LINE`. Each amount of a session is rounded once, to the digits of its currency, a
        half away from zero, before a cap cuts their sum.
    """
    told = _prepared(sessions, known_days)
    costs = _costs(cost_lines)
    paid, owed = [], []
    for policy in policies:
        mine = _in_force(told, policy)
        if mine.is_empty():
            continue
        of_sessions = [_by_session(policy, rule, mine, told, costs, distances) for rule in _of_sessions(policy)]
        if of_sessions:
            paid.append(pl.concat(of_sessions).unique("session_id", keep="first", maintain_order=True))
        owed += [_by_month(policy, rule, mine) for rule in policy.rule if rule.kind == "flat_sum"]
    return joined(_finished(paid, owed, digits))


def _finished(
    paid: Sequence[pl.DataFrame], owed: Sequence[pl.DataFrame], digits: Mapping[str, int]
) -> Iterator[pl.DataFrame]:
    if paid:
        lines = _paid_once(_rounded(pl.concat(paid), digits))
        yield shaped(lines)
        yield shaped(of_no_session(_cuts(lines)))
    if owed:
        firsts = pl.concat(owed).sort("started_at", "session_id", maintain_order=True)
        of_a_month = firsts.unique([*_OF_A_DRIVER, "vehicle_id"], keep="first", maintain_order=True)
        yield shaped(of_no_session(_rounded(of_a_month, digits).with_columns(_first_day())))


def _prepared(sessions: pl.DataFrame, known_days: pl.DataFrame) -> pl.DataFrame:
    """Sessions with nano_kwh, month (text, local) and the known days of it."""
    told = sessions.filter(pl.col("status") != "vanished").with_columns(
        money.nano_kwh("energy_kwh").alias("nano_kwh"), month_of("local_date").alias(_MONTH)
    )
    return told.join(known_days, on=["vehicle_id", _MONTH], how="left", maintain_order="left")


def _in_force(told: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Sessions of the policy's days and people."""
    mine = pl.col("driver").is_not_null() & (pl.col("local_date") >= policy.valid_from)
    if policy.valid_to is not None:
        mine &= pl.col("local_date") <= policy.valid_to
    lists = {"driver": policy.who.drivers, "cost_centre": policy.who.cost_centres, "vehicle_id": policy.who.vehicles}
    for column, names in lists.items():
        if names:
            mine &= pl.col(column).is_in(names)
    return told.filter(mine)


def _of_sessions(policy: Policy) -> list[Rule]:
    return [rule for rule in policy.rule if rule.kind != "flat_sum"]


def _qualifying(rule: Rule, mine: pl.DataFrame) -> pl.DataFrame:
    """Sessions at the places of a rule, and those whose place is not known where that matters: `no_place` says so."""
    unknown = (pl.col("place").is_null() | (pl.col("place") == "unknown")) & rule.needs_place
    at = pl.lit(value=True)
    if rule.places:
        at &= pl.col("place").is_in(rule.places)
    if rule.place_names:
        at &= pl.col("place_name").is_in(rule.place_names)
    return mine.with_columns(unknown.alias("no_place")).filter(pl.col("no_place") | at.fill_null(value=False))


def _named(policy: Policy, rule: Rule, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        pl.lit("policy").alias("basis"),
        pl.lit(policy.id).alias("rule_id"),
        pl.lit(policy.version).alias("rule_version"),
        pl.lit(rule.name).alias("rule_name"),
        pl.lit(_nano(rule.cap_per_month), pl.Int64).alias("cap"),
        is_missing(policy).alias("no_evidence"),
    )


def _by_session(
    policy: Policy,
    rule: Rule,
    mine: pl.DataFrame,
    told: pl.DataFrame,
    costs: pl.DataFrame,
    distances: Sequence[Distance],
) -> pl.DataFrame:
    """Rows of a rule that pays by the session: what `_rounded` takes."""
    rows = _named(policy, rule, _qualifying(rule, mine))
    priced = {
        "rate_per_kwh": lambda: _by_rate(policy, rule, rows),
        "rate_per_distance": lambda: _by_distance(policy, rule, with_distance(rows, told, distances, rule.unit)),
        "actual_tariff": lambda: _by_cost(policy, rule, rows, costs, "tariff"),
        "actual_bill": lambda: _by_cost(policy, rule, rows, costs, "billed"),
    }[rule.kind]()
    reason = (
        pl.when("no_place").then(pl.lit("place_unknown"))
        .when(pl.col("status") == "ongoing").then(pl.lit("ongoing"))
        .when("no_evidence").then(pl.lit("evidence_missing"))
        .otherwise("not_priced")
    )  # fmt: skip
    return _columns(priced.with_columns(pl.lit("energy").alias("component"), reason.alias("reason")))


def _by_rate(policy: Policy, rule: Rule, rows: pl.DataFrame) -> pl.DataFrame:
    untold = pl.when(pl.col("nano_kwh").is_null()).then(pl.lit("energy_not_told"))
    owed = pl.col("nano_kwh").cast(money.WIDE) * _nano(rule.rate)
    return _priced(rows, untold, owed, pl.lit(money.NANO**2).cast(money.WIDE), policy.currency)


def _by_distance(policy: Policy, rule: Rule, rows: pl.DataFrame) -> pl.DataFrame:
    """The distance of the month, by the share that the session has of its energy."""
    unshared = pl.col("month_nano_kwh").fill_null(0) <= 0
    missing = (
        pl.when(pl.col("thousandths").is_null()).then(pl.lit("no_distance"))
        .when(unshared).then(pl.lit("energy_not_told"))
    )  # fmt: skip
    owed = pl.col("thousandths").cast(money.WIDE) * _nano(rule.rate) * pl.col("nano_kwh").cast(money.WIDE)
    whole = pl.when(~unshared).then("month_nano_kwh").cast(money.WIDE) * (1000 * money.NANO)
    return _priced(rows, missing, owed, whole, policy.currency)


def _by_cost(policy: Policy, rule: Rule, rows: pl.DataFrame, costs: pl.DataFrame, basis: str) -> pl.DataFrame:
    """What the session cost, if that is known whole and in one currency."""
    joined_rows = rows.drop("currency").join(
        costs.filter(pl.col("of") == basis), on="session_id", how="left", maintain_order="left"
    )
    other = pl.lit(value=rule.cap_per_month is not None) & (pl.col("currency") != policy.currency)
    missing = (
        pl.when(pl.col("millionths").is_null()).then(pl.lit("cost_not_known"))
        .when(other).then(pl.lit("other_currency"))
    )  # fmt: skip
    return joined_rows.with_columns(
        missing.alias("not_priced"),
        pl.col("millionths").alias("numerator"),
        pl.lit(10**money.DECIMALS).cast(money.WIDE).alias("denominator"),
    )


def _priced(
    rows: pl.DataFrame, missing: pl.Expr, numerator: pl.Expr, denominator: pl.Expr, currency: str
) -> pl.DataFrame:
    return rows.with_columns(
        missing.alias("not_priced"),
        numerator.alias("numerator"),
        denominator.alias("denominator"),
        pl.lit(currency).alias("currency"),
        pl.lit(None, pl.String).alias("amount_is"),
    )


def _by_month(policy: Policy, rule: Rule, mine: pl.DataFrame) -> pl.DataFrame:
    """Rows of a flat sum: the first session of each driver, vehicle and month that earns it, or one that does not."""
    rows = _named(policy, rule, _qualifying(rule, mine))
    missing = (
        pl.when("no_place").then(pl.lit("place_unknown")).when("no_evidence").then(pl.lit("evidence_missing"))
    )  # fmt: skip
    owed = pl.lit(_nano(rule.amount)).cast(money.WIDE)
    priced = _priced(rows, missing, owed, pl.lit(money.NANO).cast(money.WIDE), policy.currency).with_columns(
        pl.lit("flat_sum").alias("component"), pl.col("not_priced").alias("reason"), pl.lit(0.0).alias("energy_kwh")
    )
    ranked = _columns(priced).sort(pl.col("reason").is_not_null(), "started_at", "session_id")
    return ranked.unique([*_OF_A_DRIVER, "vehicle_id"], keep="first", maintain_order=True)


def _columns(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with what is asked of them until they are lines."""
    more = (
        "basis", "component", "rule_id", "rule_version", "rule_name", "cap", "currency", "amount_is", "numerator",
        "denominator", "reason",
    )  # fmt: skip
    whole = rows.with_columns(pl.col("numerator").cast(money.WIDE))
    told = bases(whole).with_columns(*(whole[name] for name in (*more, _MONTH, "energy_kwh")))
    return told.with_columns(pl.col("reason").cast(pl.String))


def _rounded(rows: pl.DataFrame, digits: Mapping[str, int]) -> pl.DataFrame:
    """Rows with their amounts; those with a reason have none."""
    unpaid = pl.col("reason").is_not_null()
    owed = money.amount(pl.col("numerator"), pl.col("denominator"), "currency", digits)
    priced = rows.with_columns(pl.when(~unpaid).then(owed).alias("amount"))
    return _with_energy(priced)


def _with_energy(rows: pl.DataFrame) -> pl.DataFrame:
    unpaid, told = pl.col("reason").is_not_null(), pl.col("energy_kwh")
    return rows.with_columns(
        pl.when(unpaid).then(pl.lit(0.0)).otherwise(told).alias("kwh_priced"),
        pl.when(unpaid).then(told).otherwise(pl.lit(0.0)).alias("kwh_unpriced"),
        pl.when(~unpaid).then("currency").alias("currency"),
        pl.when(~unpaid).then("amount_is").alias("amount_is"),
    )


def _paid_once(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines without an amount where several policies would pay for one session."""
    payers = pl.when(pl.col("amount").is_not_null()).then("rule_id").n_unique().over("session_id")
    unpaid = pl.when(pl.col("amount").is_null()).then(1).otherwise(0).max().over("session_id")
    several = pl.col("amount").is_not_null() & (payers - unpaid > 1)
    marked = lines.with_columns(several.alias("_several")).with_columns(
        pl.when("_several").then(pl.lit("several_policies")).otherwise("reason").alias("reason"),
        pl.when(~pl.col("_several")).then("amount").alias("amount"),
    )
    return _with_energy(marked.drop("_several"))


def _cuts(lines: pl.DataFrame) -> pl.DataFrame:
    """What caps take away: rows by driver, vehicle, local month and currency, with a negative amount.

    A month's amounts are paid in the order of their sessions until the cap is reached, credits before all others, so
    what is cut off is never more than what the sessions of a vehicle would have been paid.
    """
    paid = lines.filter(pl.col("amount").is_not_null()).with_columns(money.millionths("amount").alias("_amount"))
    in_order = paid.sort("started_at", "session_id").with_columns(pl.col("cap").last().over(_OF_A_CAP))
    capped = in_order.filter(pl.col("cap").is_not_null()).sort(pl.col("_amount") >= 0, maintain_order=True)
    most = pl.col("cap").cast(money.WIDE) // 10 ** (9 - money.DECIMALS)
    until = pl.col("_amount").cum_sum().over(_OF_A_CAP)
    over = pl.max_horizontal(until - most, pl.lit(0).cast(money.WIDE))
    before = pl.max_horizontal(until - pl.col("_amount") - most, pl.lit(0).cast(money.WIDE))
    cut = capped.with_columns((over - before).alias("_cut")).sort("started_at", "session_id")
    summed = cut.group_by([*_OF_A_CAP, "vehicle_id"], maintain_order=True).agg(
        pl.all().exclude("_cut").last(), pl.col("_cut").sum()
    )
    return summed.filter(pl.col("_cut") > 0).with_columns(
        money.from_millionths(pl.col("_cut") * -1).alias("amount"),
        pl.lit("cap").alias("component"),
        pl.lit(0.0).alias("kwh_priced"),
        pl.lit(0.0).alias("kwh_unpriced"),
        _first_day(),
    )


def _first_day() -> pl.Expr:
    return pl.col("local_date").dt.truncate("1mo").alias(_MONTH)


def _costs(cost_lines: pl.DataFrame) -> pl.DataFrame:
    """What sessions cost that are priced whole, on one basis and in one currency: session_id, of, millionths, ….

    Columns:
        of: `billed` or `tariff`.
        millionths: Sum of all lines, whole millionths of currency.
        amount_is: `gross`, `net`, or null.
    """
    side = cost_lines.filter(pl.col("session_id").is_not_null() & pl.col("basis").is_in(COST_SIDE))
    kinds = pl.col("amount_is").fill_null("")
    has_tax, all_net = (kinds == "tax").any(), kinds.is_in(["net", "tax"]).all()
    summed = side.group_by("session_id").agg(
        pl.col("basis").first().alias("of"),
        money.millionths("amount").sum().alias("millionths"),
        pl.col("currency").first(),
        pl.when((kinds == "gross").all() | (all_net & has_tax)).then(pl.lit("gross"))
        .when((kinds == "net").all()).then(pl.lit("net")).alias("amount_is"),
        (
            pl.col("amount").is_not_null().all() & (pl.col("basis").n_unique() == 1)
            & (pl.col("currency").n_unique() == 1) & (pl.col("kwh_unpriced").fill_null(1) == 0).all()
        ).alias("_whole"),
    )  # fmt: skip
    return summed.filter("_whole").drop("_whole")


def _nano(figure: Decimal | None) -> int | None:
    """A figure in nano units; it has at most nine decimals (`transforms.rules.policies.parse`)."""
    return None if figure is None else int(figure * money.NANO)
