"""What the words mean that stand in columns: flags, reasons, states."""

from __future__ import annotations

from typing import Final

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

COMPONENTS: Final = {
    "energy": "For energy.",
    "time": "For time plugged in, by the minute.",
    "session_fee": "A fee for each session.",
    "idle": "A fee by the minute for staying plugged in beyond what is free.",
    "congestion": "A fee for a busy place.",
    "other_unspecified": "Billed by the source as `other`: idling, congestion or parking, unspecified.",
    "tax": "Tax on net amounts of the same session and rule.",
    "credit": "An amount below 0 of a bill: a refund or a credit.",
    "monthly_base": "A base price a month, for each vehicle that charged by the tariff in it; of no session.",
    "flat_sum": "A flat sum a month by a policy; of no session.",
    "cap": "What a policy's cap a month takes away; of no session.",
}
"""Components of `session_costs`."""

UNPRICED_REASONS: Final = {
    "ongoing": "The session has not ended.",
    "end_not_told": "No end was told.",
    "energy_not_told": "No energy was told.",
    "no_tariff": "No bill, and no tariff for this place, vehicle and day.",
    "no_price": "The tariff has no price for this time.",
    "several_tariffs": "Several tariffs apply that are equally specific.",
    "several_prices": "Several rules of the tariff give this hour different prices.",
    "incomplete_bill": "One part of the bill has no amount.",
    "place_unknown": "The policy needs to know the place.",
    "cost_not_known": "The policy pays what it cost, and that is not known whole.",
    "evidence_missing": "What the policy demands as evidence is not there.",
    "several_policies": "Several policies would pay for it.",
    "other_currency": "The policy has a cap in another currency than it was billed in.",
    "no_distance": "The policy pays by distance, and none was told for the month.",
}
"""Reasons of lines of `session_costs` without an amount."""

PLACE_METHODS: Final = {
    "override": "Somebody said so of this session (`places-overrides.csv`).",
    "billing": "It has a Supercharger's bill.",
    "coordinates": "Its coordinates are inside the radius of a place of yours.",
    "address": "Its address or name fits a pattern of a place of yours.",
    "is_public": "The source called the charger public, or not.",
    "daily_split": "Tesla's energy of that day was of one kind of place alone.",
    "vehicle": "Nothing was told, and a place of yours is where this vehicle is kept.",
}
"""Methods by which `place` of `charge_sessions` was decided."""

RECONCILIATION_KINDS: Final = {
    "supercharger_day": "Tesla's Supercharger energy of a day against the bills of that local day; they may differ by "
    "2 kWh or 10 %. Days that a session joins over midnight are one row, of the first of them.",
    "home_day": "Tesla's energy at home of a day against the sessions at home that v3 tells; 2 kWh or 35 %.",
    "other_day": "Tesla's energy elsewhere of a day against the other sessions that v3 tells; 2 kWh or 35 %.",
    "energy_above_battery": "More than 1.25 times what the battery takes, by 5 or more of the vehicle's sessions of "
    "half a year that gained 20 % or more.",
    "soc_against_energy": "Energy and gain in state of charge are a quarter of that battery apart.",
    "overlapping_sessions": "Starts more than 5 minutes before the session before it has ended.",
    "two_places_at_once": "2 km or more from the session before it, which it overlaps or could be reached from only at "
    "more than 200 km/h.",
    "price_outlier": "Billed energy a kWh is 6 robust deviations, and half of the median, from the median of 20 "
    "or more bills of half a year in that currency and of that charger type. Fees by time do not count.",
    "currency_against_country": "Bills of a month in another currency than the country of the vehicle's zone has.",
    "free_charging": "Bills of a month of 0, for 1 kWh or more each.",
    "idle_fees": "What a driver was billed in a month for idling, congestion or parking; any amount above 0.",
}
"""Kinds of `reconciliation`, with how near is near enough, or from what on it is flagged."""
