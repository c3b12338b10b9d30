"""Where a session was: at home, at work, in public, or nobody knows; decided by rules, never guessed.

What is asked, the first that answers counts (the reasons stand in docs/places.md and docs/decisions/0016-places.md):

1. `override`: somebody said so of this session.
2. `billing`: a Supercharger's bill. Its location is a town, and would fit the pattern of a home there.
3. `coordinates`: inside the radius of a place of yours; of several the nearest. A place with coordinates is not looked
   for by its address where the session tells coordinates as well: they say that it was elsewhere.
4. `address`: a pattern of a place of yours fits the address or the name of the location.
5. `is_public`: the source calls the charger public. That it is not public is neither home nor work.
6. `daily_split`: all energy of a Tesla's days that the session touches was at home, or at Superchargers.
7. `vehicle`: no location was told, and a place of yours says that this vehicle is kept there.

Of several places that fit equally, those that name the vehicle come first. Where they are of different kinds still, the
place is unknown whatever else is told; where they are of one kind, it is that, without a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from lake.schemas import CHARGE_DAYS
from transforms import zones
from transforms.merging import ENERGY_KWH, ENERGY_SHARE
from transforms.rules.places import RADIUS_M, Place, Places

NOTHING_SAID: Final = Places()
EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius of the earth, in metres (IUGG)."""
LONGEST_SPLIT: Final = timedelta(days=2)
"""A session whose last local day lies further from its first is not decided by the days between."""

DECIDED: Final = ("place", "place_name", "place_method", "place_confidence")
"""The columns that are decided here."""
_SPOT: Final = ("vehicle_id", "address", "location_name", "latitude", "longitude")
_UNSOUND_DAY: Final = ("no_longer_told", "parts_differ_from_total")
_PLACES: Final = pl.Schema(
    {"place_no": pl.Int64, "kind": pl.String, "name": pl.String, "is_own": pl.Boolean}
    | {"valid_from": pl.Date, "valid_to": pl.Date}
)
_FITTING: Final = pl.Schema({"spot": pl.UInt32, "place_no": pl.Int64, "distance_m": pl.Float64})

Decision = tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr, pl.Expr]
"""When it holds, and then place, name, method and confidence."""


def decided(sessions: pl.DataFrame, days: pl.DataFrame, places: Places) -> pl.DataFrame:
    """The sessions with where each was.

    Args:
        sessions: Columns vehicle_id, session_id, tellings, started_at, ended_at, timezone, local_date, energy_kwh,
            is_public, location_name, address, latitude, longitude, and place_method as told (`billing` or not).
        days: `lake.schemas.CHARGE_DAYS` of the days that the sessions touch; more do not matter.
        places: Places of yours with ids of vehicles, and what people said of sessions.

    Returns:
        The same rows and columns, in the same order, with place, place_name, place_method and place_confidence.
    """
    told = sessions.with_row_index("_row")
    found = _with(told, _overridden(told, places), _found(told, places.places), _kept_at(told, places.places))
    both = _with(found, _split(told, days), _own_homes(told, places.places))
    chosen = _chosen(_decisions())
    return both.with_columns(**chosen).select(*sessions.columns, *(n for n in DECIDED if n not in sessions.columns))


def distance_m(latitude: pl.Expr, longitude: pl.Expr, to_latitude: pl.Expr, to_longitude: pl.Expr) -> pl.Expr:
    """Great-circle distance in metres between two points in degrees, by the haversine formula (R. W. Sinnott, 1984)."""
    north = (to_latitude - latitude).radians() / 2
    east = (to_longitude - longitude).radians() / 2
    chord = north.sin().pow(2) + latitude.radians().cos() * to_latitude.radians().cos() * east.sin().pow(2)
    return chord.clip(0, 1).sqrt().arcsin() * (2 * EARTH_RADIUS_M)


def pattern_regex(patterns: Iterable[str]) -> str:
    """A regular expression that fits where one of the patterns does: whole words, whatever their case and spaces."""
    return "(?is)" + "|".join(_regex(unicodedata.normalize("NFC", pattern.strip())) for pattern in patterns)


def _regex(pattern: str) -> str:
    wild = {"*": ".*", "?": "."}
    parts = (wild.get(part) or r"\s+".join(re.escape(word) for word in re.split(r"\s+", part))
             for part in re.split(r"([*?])", pattern))  # fmt: skip
    before = r"(?:^|\W)" if re.match(r"\w", pattern) else ""
    after = r"(?:\W|$)" if re.search(r"\w$", pattern) else ""
    return f"{before}{''.join(parts)}{after}"


def _with(sessions: pl.DataFrame, *told: pl.DataFrame) -> pl.DataFrame:
    for frame in told:
        sessions = sessions.join(frame, on="_row", how="left", maintain_order="left")
    return sessions


def _decisions() -> list[Decision]:
    """What decides, in order of precedence."""
    nothing, col = pl.lit(None, pl.String), pl.col
    contradicted = (col("found_kind") == "public") != col("is_public")  # null where the source does not say
    doubts = contradicted.fill_null(value=False).cast(pl.Int8) + (col("found_method") == "address").cast(pl.Int8)
    certain = doubts.replace_strict({0: "high", 1: "medium", 2: "low"}, return_dtype=pl.String)
    own_public = pl.when(col("found_kind") == "public").then("found_name")
    supercharged = (col("split_kind") == "public") & (col("is_public").fill_null(value=True))
    told_apart = pl.when(col("is_public").is_null()).then(pl.lit("low")).otherwise(pl.lit("medium"))
    unknown = pl.lit("unknown")
    return [
        (col("said_place").is_not_null(), col("said_place"), col("said_name"), pl.lit("override"),
         pl.when(col("said_place") != "unknown").then(pl.lit("high"))),
        (col("place_method") == "billing", pl.lit("public"), own_public, pl.lit("billing"), pl.lit("high")),
        (col("found_equal") > 1, unknown, nothing, nothing, nothing),
        (col("found_kind").is_not_null(), col("found_kind"), col("found_name"), col("found_method"), certain),
        (col("is_public"), pl.lit("public"), nothing, pl.lit("is_public"), pl.lit("medium")),
        ((col("split_kind") == "home") | supercharged, col("split_kind"),
         pl.when(col("split_kind") == "home").then("home_name"), pl.lit("daily_split"), col("split_confidence")),
        (col("kept_kind").is_not_null(), col("kept_kind"), col("kept_name"), pl.lit("vehicle"), told_apart),
    ]  # fmt: skip


def _chosen(decisions: list[Decision]) -> dict[str, pl.Expr]:
    otherwise = (pl.lit("unknown"), *(pl.lit(None, pl.String) for _ in DECIDED[1:]))
    chosen: dict[str, pl.Expr] = {}
    for number, name in enumerate(DECIDED):
        expression: pl.Expr = otherwise[number]
        for decision in reversed(decisions):
            expression = pl.when(decision[0]).then(decision[number + 1]).otherwise(expression)
        chosen[name] = expression
    return chosen


def _overridden(told: pl.DataFrame, places: Places) -> pl.DataFrame:
    """What people said: columns _row, said_place, said_name.

    A session may be named by any of its tellings; its own name comes first, then what was said last.
    """
    said = pl.DataFrame(
        [(each.session_id, each.place, each.place_name, each.said_on) for each in places.overrides],
        schema={"telling": pl.String, "said_place": pl.String, "said_name": pl.String, "said_on": pl.Date},
        orient="row",
    )
    names = told.select("_row", "session_id", pl.concat_list("session_id", "tellings").alias("telling"))
    named = names.explode("telling").unique().join(said, on="telling")
    is_another = pl.col("telling") != pl.col("session_id")
    ordered = named.sort("_row", is_another, pl.col("said_on"), "telling", descending=[False, False, True, False])
    return ordered.unique("_row", keep="first").select("_row", "said_place", "said_name")


def _found(told: pl.DataFrame, places: tuple[Place, ...]) -> pl.DataFrame:
    """The places of yours that fit best, by row: _row, found_kind, found_name, found_method, found_equal (kinds)."""
    located = told.filter(pl.any_horizontal(pl.col(*_SPOT[1:]).is_not_null()))
    spots = located.select(_SPOT).unique().with_row_index("spot")
    fitting = _fitting(spots, places)
    at = located.select("_row", "local_date", *_SPOT).join(spots, on=_SPOT, nulls_equal=True)
    pairs = at.select("_row", "local_date", "spot").join(fitting, on="spot").join(_frame(places), on="place_no")
    valid = pairs.filter(_is_valid())
    by_position = pl.col("distance_m").is_not_null()
    best = valid.filter(by_position | ~by_position.any().over("_row"))
    nearest = best.filter(pl.col("distance_m").eq_missing(pl.col("distance_m").min().over("_row")))
    own = nearest.filter(pl.col("is_own") | ~pl.col("is_own").any().over("_row"))
    method = pl.when(by_position.any()).then(pl.lit("coordinates")).otherwise(pl.lit("address"))
    return _agreed(own, "found", method.alias("found_method"))


def _agreed(fitting: pl.DataFrame, prefix: str, *more: pl.Expr) -> pl.DataFrame:
    """One row a session: the kind that all its places share, and the name where there is one place alone."""
    return fitting.group_by("_row").agg(
        pl.when(pl.col("kind").n_unique() == 1).then(pl.col("kind").min()).alias(f"{prefix}_kind"),
        pl.when(pl.len() == 1).then(pl.col("name").min()).alias(f"{prefix}_name"),
        pl.col("kind").n_unique().alias(f"{prefix}_equal"),
        *more,
    )


def _fitting(spots: pl.DataFrame, places: tuple[Place, ...]) -> pl.DataFrame:
    """Which places fit which spots: spot, place_no, distance_m (null where it fits by address)."""
    by_vehicle = spots.partition_by("vehicle_id", as_dict=True) if any(each.vehicles for each in places) else {}
    made = [pl.DataFrame(schema=_FITTING)]
    for number, place in enumerate(places):
        if place.is_kept_at:
            continue
        made += [_fits(near, place, number) for near in _spots_of(place, spots, by_vehicle)]
    return pl.concat(made)


def _spots_of(
    place: Place, spots: pl.DataFrame, by_vehicle: Mapping[tuple[object, ...], pl.DataFrame]
) -> list[pl.DataFrame]:
    if not place.vehicles:
        return [spots]
    return [by_vehicle[vehicle,] for vehicle in sorted(set(place.vehicles)) if (vehicle,) in by_vehicle]


def _fits(spots: pl.DataFrame, place: Place, number: int) -> pl.DataFrame:
    away, near = pl.lit(None, pl.Float64), pl.lit(value=False)
    if place.latitude is not None and place.longitude is not None:
        away = distance_m(pl.col("latitude"), pl.col("longitude"), pl.lit(place.latitude), pl.lit(place.longitude))
        near = away <= (place.radius_m or RADIUS_M)
    by_text = pl.lit(value=False)
    if place.address:
        regex = pattern_regex(place.address)
        texts = (pl.col(name).str.normalize("NFC").str.contains(regex) for name in ("address", "location_name"))
        by_text = pl.any_horizontal(*(text.fill_null(value=False) for text in texts)) & away.is_null()
    fitting = spots.filter(near.fill_null(value=False) | by_text)
    return fitting.select("spot", pl.lit(number, pl.Int64).alias("place_no"), away.alias("distance_m"))


def _frame(places: Iterable[Place]) -> pl.DataFrame:
    rows = [
        (number, each.kind, each.name, bool(each.vehicles), each.valid_from, each.valid_to)
        for number, each in enumerate(places)
    ]
    return pl.DataFrame(rows, schema=_PLACES, orient="row")


def _is_valid() -> pl.Expr:
    """Whether a place counts on the local day that the session started; both ends are included."""
    begun = (pl.col("valid_from") <= pl.col("local_date")).fill_null(value=True)
    return begun & (pl.col("local_date") <= pl.col("valid_to")).fill_null(value=True)


def _of_vehicles(told: pl.DataFrame, places: tuple[Place, ...], numbers: Iterable[int]) -> pl.DataFrame:
    """The rows with each valid place of these numbers that names their vehicle."""
    pairs = [(vehicle, number) for number in numbers for vehicle in sorted(set(places[number].vehicles))]
    named = pl.DataFrame(pairs, schema={"vehicle_id": pl.String, "place_no": pl.Int64}, orient="row")
    wanted = told.select("_row", "vehicle_id", "local_date", "is_public")
    return wanted.join(named, on="vehicle_id").join(_frame(places), on="place_no").filter(_is_valid())


def _kept_at(told: pl.DataFrame, places: tuple[Place, ...]) -> pl.DataFrame:
    """Where vehicles are kept whose sessions tell no location: _row, kept_kind, kept_name, kept_equal."""
    nowhere = told.filter(pl.all_horizontal(pl.col(*_SPOT[1:]).is_null()))
    kept = _of_vehicles(nowhere, places, [number for number, each in enumerate(places) if each.is_kept_at])
    return _agreed(kept.filter((pl.col("kind") != "public") | pl.col("is_public").is_null()), "kept")


def _own_homes(told: pl.DataFrame, places: tuple[Place, ...]) -> pl.DataFrame:
    """The name of the one home of yours that names the vehicle: _row, home_name."""
    homes = _of_vehicles(told, places, [number for number, each in enumerate(places) if each.kind == "home"])
    return _agreed(homes, "home").select("_row", "home_name")


def _split(told: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The kind of place of the days that a session touches: _row, split_kind, split_confidence.

    A session that charged something, on days whose energy is known and of one kind, and not much more of it than they
    have. Where one of its days was not told the confidence is low: its energy may have been there.
    """
    charged = told.filter(pl.col("vehicle_id").is_in(days["vehicle_id"].unique().implode()), pl.col("energy_kwh") > 0)
    until = charged.with_columns(zones.local_date(charged, "ended_at").alias("last_day"))
    short = until.filter(pl.col("last_day") - pl.col("local_date") <= LONGEST_SPLIT)
    touched = short.select(
        "_row", "vehicle_id", "energy_kwh", pl.date_ranges("local_date", "last_day").alias("day")
    ).explode("day")
    kwh = ("home_kwh", "other_kwh", "supercharger_kwh")
    wanted = days.select("vehicle_id", "day", *kwh, _is_sound(kwh).alias("sound"))
    joined = touched.join(wanted, on=["vehicle_id", "day"], how="left")
    summed = joined.group_by("_row").agg(
        pl.col("energy_kwh").first(),
        pl.col(*kwh).sum(),
        pl.col("sound").all(),
        pl.col("sound").is_null().sum().alias("gaps"),
    )
    return summed.filter("sound").select("_row", _kind_of_day(), _confidence_of_split()).drop_nulls()


def _is_sound(kwh: Iterable[str]) -> pl.Expr:
    marks = pl.col("flags").list.set_intersection(list(_UNSOUND_DAY)).list.len()
    return pl.all_horizontal(pl.col(name).is_not_null() for name in kwh) & (marks == 0)


def _kind_of_day() -> pl.Expr:
    home, other, fast = (pl.col(name) for name in ("home_kwh", "other_kwh", "supercharger_kwh"))
    enough = pl.col("energy_kwh") - (home + fast) <= pl.max_horizontal(
        pl.col("energy_kwh") * ENERGY_SHARE, pl.lit(ENERGY_KWH)
    )
    only_home = (home > 0) & (other <= 0) & (fast <= 0) & enough
    only_fast = (fast > 0) & (other <= 0) & (home <= 0) & enough
    return pl.when(only_home).then(pl.lit("home")).when(only_fast).then(pl.lit("public")).alias("split_kind")


def _confidence_of_split() -> pl.Expr:
    told = pl.when(pl.col("gaps") == 0).then(pl.lit("medium")).otherwise(pl.lit("low"))
    return told.alias("split_confidence")


NO_DAYS: Final = CHARGE_DAYS.empty()
