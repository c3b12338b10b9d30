"""Every fault by name: what it does, where it strikes and which options it takes, with their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "error", "request", "answer", "token", "permission", "session", "days", "billing", "pages", "records", "shapes",
    "signals", "links", "webhook"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One fault of the catalog; `kind` is the part of the emulator that carries it out."""

    kind: Kind
    meaning: str
    options: Mapping[str, object] = field(default_factory=dict)


# Smartcar's API reference, §10: the name of the fault, then the error's type and code.
ERRORS: dict[str, tuple[str, str | None]] = {
    "authentication": ("AUTHENTICATION", None),
    "permission": ("PERMISSION", None),
    "invalid_plan": ("BILLING", "INVALID_PLAN"),
    "account_suspended": ("BILLING", "ACCOUNT_SUSPENDED"),
    "vehicle_limit": ("BILLING", "VEHICLE_LIMIT"),
    "vehicle_request_limit": ("BILLING", "VEHICLE_REQUEST_LIMIT"),
    "make_not_compatible": ("COMPATIBILITY", "MAKE_NOT_COMPATIBLE"),
    "smartcar_not_capable": ("COMPATIBILITY", "SMARTCAR_NOT_CAPABLE"),
    "vehicle_not_capable": ("COMPATIBILITY", "VEHICLE_NOT_CAPABLE"),
    "account_issue": ("CONNECTED_SERVICES_ACCOUNT", "ACCOUNT_ISSUE"),
    "authentication_failed": ("CONNECTED_SERVICES_ACCOUNT", "AUTHENTICATION_FAILED"),
    "no_vehicles": ("CONNECTED_SERVICES_ACCOUNT", "NO_VEHICLES"),
    "account_permission": ("CONNECTED_SERVICES_ACCOUNT", "PERMISSION"),
    "subscription": ("CONNECTED_SERVICES_ACCOUNT", "SUBSCRIPTION"),
    "vehicle_missing": ("CONNECTED_SERVICES_ACCOUNT", "VEHICLE_MISSING"),
    "virtual_key_required": ("CONNECTED_SERVICES_ACCOUNT", "VIRTUAL_KEY_REQUIRED"),
    "rate_limit_api": ("RATE_LIMIT", "SMARTCAR_API"),
    "rate_limit_vehicle": ("RATE_LIMIT", "VEHICLE"),
    "not_found": ("RESOURCE_NOT_FOUND", "PATH"),
    "version_not_found": ("RESOURCE_NOT_FOUND", "VERSION"),
    "server_internal": ("SERVER", "INTERNAL"),
    "record_not_found": ("SERVER", "RECORD_NOT_FOUND"),
    "multiple_records_found": ("SERVER", "MULTIPLE_RECORDS_FOUND"),
    "upstream_invalid_data": ("UPSTREAM", "INVALID_DATA"),
    "upstream_known_issue": ("UPSTREAM", "KNOWN_ISSUE"),
    "upstream_no_response": ("UPSTREAM", "NO_RESPONSE"),
    "upstream_rate_limit": ("UPSTREAM", "RATE_LIMIT"),
    "upstream_unknown_issue": ("UPSTREAM", "UNKNOWN_ISSUE"),
    "validation": ("VALIDATION", None),
    "validation_parameter": ("VALIDATION", "PARAMETER"),
    "asleep": ("VEHICLE_STATE", "ASLEEP"),
    "unreachable": ("VEHICLE_STATE", "UNREACHABLE"),
    "remote_access_disabled": ("VEHICLE_STATE", "REMOTE_ACCESS_DISABLED"),
    "charging_in_progress": ("VEHICLE_STATE", "CHARGING_IN_PROGRESS"),
}

# `retry_after`: seconds, or "date" (an HTTP date so many `seconds` ahead), "hours" (two of them), "absent".
RETRY = {"retry_after": "absent", "seconds": 30}
_RETRY_SOON = RETRY | {"retry_after": 1}

_HTTP: dict[str, Entry] = {
    "error": Entry(
        "error",
        "any error by `type`, `code` and `status`",
        RETRY | {"type": "SERVER", "code": "INTERNAL", "status": None},
    ),
    "hang": Entry("request", "no answer for `wait` real seconds, then the true one", {"wait": 300}),
    "reset": Entry("request", "the connection is reset before an answer"),
    "truncated": Entry("answer", "only the first `part` of the body, which ends in the middle", {"part": 0.5}),
    "html": Entry("answer", "an HTML page with `status` in place of the answer", {"status": 502}),
    "empty_body": Entry("answer", "no body, with `status`", {"status": 200}),
    "error_with_200": Entry("answer", "an error body (SERVER:INTERNAL) with status 200"),
    "unknown_fields": Entry("answer", "fields that nobody documented, in the body and in each record"),
    "huge_body": Entry("answer", "the answer after `megabytes` of white space", {"megabytes": 50}),
    "slow_drip": Entry("answer", "`bytes` of the body every `wait` seconds", {"bytes": 16, "wait": 0.05}),
    "refresh_answer_lost": Entry("token", "tokens are rotated, then the connection is reset"),
    "invalid_grant": Entry("token", "the token endpoint answers invalid_grant"),
    "withhold_permission": Entry("permission", "`scope` is not granted", {"scope": "read_charge_records"}),
}

_SESSION: dict[str, Entry] = {
    "session_at": Entry(
        "session",
        "one more session from `start` (ISO 8601) for `hours` with `kwh`: over midnight, a month's end, a clock change",
        {"start": "2026-10-25T00:30:00Z", "hours": 1.5, "kwh": 11.5},
    ),
}

_DAYS: dict[str, Entry] = {
    "parts_off": Entry("days", "the total is `by` kWh more than its parts", {"by": 0.03}),
    "zero_days": Entry("days", "days without charging have a row of zeros"),
    "missing_day": Entry("days", "days are left out"),
    "revised_day": Entry("days", "a day shows `part` of its energy until `days` later", {"part": 0.6, "days": 2}),
    "date_twice": Entry("days", "days come twice"),
    "date_near_midnight": Entry(
        "days",
        "the stamp is `at` local time: west of UTC 23:45 is another day there, east of it 00:15",
        {"at": "23:45"},
    ),
    "date_epoch": Entry("days", "the date is epoch seconds"),
    "all_other": Entry("days", "everything is under `other`"),
}

_BILLING: dict[str, Entry] = {
    "amount_null": Entry("billing", "both amounts are null"),
    "amount_text": Entry("billing", "both amounts are text"),
    "amount_number": Entry("billing", "both amounts are numbers"),
    "energy_absent": Entry("billing", "energyConsumed is missing"),
    "energy_null": Entry("billing", "energyConsumed is null"),
    "other_fee": Entry("billing", "`amount` of idle, congestion or parking fees", {"amount": "12.50"}),
    "free_energy": Entry("billing", 'the energy costs "0" although there are kWh'),
    "by_the_minute": Entry("billing", "billed by the minute at `rate`: a cost, no kWh", {"rate": "0.26"}),
    "refund": Entry("billing", "the energy's cost is negative"),
    "currency": Entry("billing", "another `currency` for the same amounts", {"currency": "JPY"}),
    "many_currencies": Entry(
        "billing", "each vehicle pays in one of USD, EUR, CHF, NOK, JPY, HUF and COP, with amounts of that currency"
    ),
    "zero_energy": Entry("billing", "0 kWh, and the bill stays: a fee without charging"),
    "fee_by_time": Entry(
        "billing",
        "the energy is free, `rate` an hour beyond `free` hours is under `other`",
        {"rate": "2.00", "free": 4},
    ),
    "plugged_in_again": Entry("billing", "a second id, `minutes` after the end", {"minutes": 3}),
    "end_null": Entry("billing", "chargeEnd is null"),
    "posted_late": Entry("billing", "bills appear `days` after the session's end", {"days": 14}),
    "new_cost": Entry("billing", "the same id with a cost `by` higher", {"by": "1.00"}),
    "record_gone": Entry("billing", "records are no longer there"),
    "id_time": Entry("billing", "the id contains a time which is not the session's"),
}

_PAGES: dict[str, Entry] = {
    "record_on_two_pages": Entry("pages", "each page begins with the last record of the one before"),
    "inserted_while_paging": Entry(
        "pages", "the newest record appears only after page 1 was first read, and shifts the others"
    ),
    "empty_page": Entry("pages", "page `page` is empty with hasMoreData true", {"page": 1}),
    "endless_pages": Entry("pages", "hasMoreData is true for ever"),
}

_RECORDS: dict[str, Entry] = {
    "times_off": Entry("records", "every second answer has times `seconds` later", {"seconds": 5}),
    "false_start": Entry("records", "a zero-energy session ends two minutes before the real one"),
    "soc_flat": Entry("records", "the state of charge does not move although there is energy"),
    "soc_one": Entry("records", "the state of charge ends at the whole number 1"),
    "float32_tail": Entry("records", "energies are 32-bit floats"),
    "charging_type": Entry("records", "chargingType is `value`", {"value": None}),
    "is_public_null": Entry("records", "isPublic is null"),
    "location": Entry("records", "location is `value`: null, empty, unicode, commas, formula", {"value": "formula"}),
    "window_cut": Entry("records", "what is older than `days` is cut without a word", {"days": 10}),
    "end_before_start": Entry("records", "start and end are exchanged"),
    "overlap": Entry("records", "another session begins in the middle of the session"),
    "local_time_as_z": Entry("records", "local times are marked Z"),
    "end_local": Entry("records", "the start is in UTC, the end in local time, both marked Z"),
    "open_end": Entry("records", "chargeEnd is null"),
    "zero_length": Entry("records", "the session ends at the instant it starts"),
}

_SHAPES: dict[str, Entry] = {
    "missing_field": Entry("shapes", "`field` is not there", {"field": "location"}),
    "changed_type": Entry(
        "shapes", "`field` is text where it was a number, and a number where it was text", {"field": ""}
    ),
    "short_year": Entry("shapes", "the century is lost: 0026 for 2026"),
    "day_first": Entry("shapes", "times are written day first: 31/10/2026 16:05"),
    "minute_precision": Entry("shapes", "times have no seconds: 2026-10-31T16:05Z"),
    "decimal_comma": Entry("shapes", "numbers are text with a decimal comma"),
}


RECORDS_SIGNAL = {"signal": "charge-chargerecords"}
_SIGNALS: dict[str, Entry] = {
    "empty_store": Entry("signals", "nothing is stored of the vehicle: 200 with an empty list, 404 for one signal"),
    "signal_missing": Entry("signals", "`signal` is not stored: 404, while the others are there", RECORDS_SIGNAL),
    "signal_error": Entry(
        "signals",
        "`signal` has the status ERROR with `type` and `code`, and no body",
        RECORDS_SIGNAL | {"type": "UPSTREAM", "code": "NO_RESPONSE"},
    ),
    "signal_unavailable": Entry("signals", "`signal` has the status UNAVAILABLE and no body", RECORDS_SIGNAL),
    "signal_without_status": Entry("signals", "`signal` has no status", RECORDS_SIGNAL),
    "signal_bare": Entry("signals", "a single signal stands at the top level, without `data` around it"),
    "signal_times": Entry(
        "signals",
        "times are written as `form`: iso, seconds or milliseconds of the epoch; `where`: meta, records or all",
        {"form": "seconds", "where": "all"},
    ),
    "charging_type_named": Entry("signals", "records have chargingType in place of connectorType"),
}

_LINKS: dict[str, Entry] = {
    "next_elsewhere": Entry("links", "`links.next` points to another host", {"host": "http://example.invalid"}),
    "next_for_ever": Entry("links", "there is always a next page"),
}

_WEBHOOKS: dict[str, Entry] = {
    "webhook_twice": Entry("webhook", "what was received is delivered again, with another deliveryId"),
    "webhook_disorder": Entry("webhook", "what is due is delivered newest first"),
    "webhook_lost": Entry("webhook", "an attempt never arrives, and counts as one"),
    "webhook_first_delivery": Entry("webhook", "the trigger is FIRST_DELIVERY"),
    "webhook_old_challenge": Entry("webhook", "the challenge of VERIFY is under `payload`"),
    "webhook_old_triggers": Entry("webhook", "the triggers are at the top level"),
    "webhook_wrong_signature": Entry("webhook", "SC-Signature was made with another token"),
    "webhook_unsigned": Entry("webhook", "there is no SC-Signature"),
}


def _error_entry(name: str) -> Entry:
    kind, code = ERRORS[name]
    options = _RETRY_SOON if kind == "RATE_LIMIT" else RETRY
    return Entry("error", f"{kind}:{code}" if code else kind, options)


CATALOG: dict[str, Entry] = {
    **{name: _error_entry(name) for name in ERRORS},
    **_HTTP,
    **_SESSION,
    **_DAYS,
    **_BILLING,
    **_PAGES,
    **_RECORDS,
    **_SHAPES,
    **_SIGNALS,
    **_LINKS,
    **_WEBHOOKS,
}
