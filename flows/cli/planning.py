"""The command that looks ahead: plan. It asks nobody and changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.frame import AsJson, clear_errors, day, open_house, say, show_json, show_rows
from flows.exits import Exit, Stop

if TYPE_CHECKING:
    from flows.dues import Planned
    from flows.house import House
    from flows.planning import Agenda
    from flows.whatif import Supposed

_SHOWN = 3
_COLUMNS = ("day", "stream", "why", "vehicles", "requests", "done by (UTC)", "data lost from")

Since = Annotated[str | None, typer.Option("--since", metavar="DAY", help="Plan a backfill from this day (UTC).")]
Until = Annotated[str | None, typer.Option("--until", metavar="DAY", help="Plan a backfill to this day.")]
WhatIf = Annotated[
    list[str] | None,
    typer.Option(
        "--what-if", metavar="NAME=NUMBER", help="Suppose vehicles=30000, bucket=120 or refill=2 instead; repeatable."
    ),
]


def plan(since: Since = None, until: Until = None, what_if: WhatIf = None, as_json: AsJson = False) -> None:
    """Show what would be asked, in which order, how many requests, and what cannot be kept; asks nothing."""
    from flows.whatif import suppose

    house = open_house()
    if what_if and (since or until):
        raise Stop(Exit.USAGE, "--what-if supposes another fleet; it has no --since and no --until")
    with clear_errors():
        if what_if:
            _suppose(suppose(house, what_if), as_json=as_json)
        else:
            _plan(house, day(since, "--since"), day(until, "--until"), as_json=as_json)


def _plan(house: House, since: date | None, until: date | None, *, as_json: bool) -> None:
    from flows.observing import to_observe
    from flows.planning import agenda
    from flows.whatif import suppose

    due, needed = agenda(house, since=since, until=until), suppose(house)
    observed = to_observe(house, due) if since is None and until is None else []
    if as_json:
        besides = [{"vehicle_id": vehicle.vehicle_id, "stream": each.name} for vehicle, each in observed]
        show_json(_as_facts(due) | {"observed": besides, "fleet": _need_facts(needed)})
        return
    rows = list(_groups(due.tasks))
    if rows:
        show_rows(_COLUMNS, rows, as_json=False)
    say("\n".join(_in_words(due)))
    if observed:
        say(f"after all that, schedules and climate with what the budget has left: {len(observed)} requests")
    if not needed.need.is_whole:
        say(_verdict(needed))


def _suppose(supposed: Supposed, *, as_json: bool) -> None:
    if as_json:
        show_json(_need_facts(supposed))
        return
    need = supposed.need
    rows = [
        ("no record of BMW and MINI is lost", need.to_be_whole, need.allowed, need.whole_up_to),
        ("and a report of each month has everything", need.for_reports, need.allowed, need.reports_up_to),
        ("everything is asked every day", need.daily, need.allowed, need.daily_up_to),
    ]
    parts = ", ".join(f"{part.share:.0%} {part.make}" for part in supposed.mix)
    say(f"{need.vehicles:,} vehicles ({parts}), {_budget(supposed)}")
    columns = ("so that", "requests a day needed", "allowed", "fleets of up to")
    show_rows(columns, [(what, *map(_whole, figures)) for what, *figures in rows], as_json=False)
    say(_verdict(supposed))


def _budget(supposed: Supposed) -> str:
    limits = supposed.limits
    return f"a bucket of {limits.bucket} that refills at {limits.refill_per_minute:g} a minute"


def _verdict(supposed: Supposed) -> str:
    need = supposed.need
    if need.months_too_small:
        makes = ", ".join(need.months_too_small)
        return f"cannot be kept whole: a vehicle's month of {supposed.limits.vehicle_monthly} is too small for {makes}"
    if not need.is_whole:
        beyond = need.vehicles - (need.whole_up_to or 0)
        return (
            f"cannot be kept whole: {need.to_be_whole:,.0f} requests a day are needed, {need.allowed:,.0f} come back; "
            f"from {(need.whole_up_to or 0) + 1:,} vehicles of this mix on records are lost whatever the order, "
            f"here of {beyond:,}"
        )
    if not need.serves_reports:
        return f"can be kept whole, but not asked in time for each month's report: that ends at {need.reports_up_to:,}"
    return f"can be kept whole; a round through everything takes {max(need.round_days, 0):.1f} days of requests"


def _in_words(due: Agenda) -> Iterator[str]:
    """The sums, what cannot be kept, and what to do about it."""
    by_stream = Counter(each.task.stream.name for each in due.tasks)
    parts = ", ".join(f"{count} × {name}" for name, count in sorted(by_stream.items())) or "nothing"
    yield f"due: {parts}; {due.requests} requests, bills with as many pages as they had before"
    yield (
        f"done by {due.done_at:%Y-%m-%d %H:%M} UTC if it starts now; {len(due.later)} streams are left for later runs, "
        f"{len(due.waiting)} are left alone"
    )
    if due.a_run is not None and due.requests > due.a_run:
        yield (
            f"a run sends {due.a_run} requests and stops (exit 4): run again when it says, or let it wait with "
            "CHARGELAKE_MAX_WAIT_SECONDS=3600"
        )
    yield from _losses(due)


def _losses(due: Agenda) -> Iterator[str]:
    lost = [(each.task.vehicle.vehicle_id, reason) for each, reason in due.not_whole()]
    if lost:
        first = "; ".join(f"{vehicle_id}: {reason}" for vehicle_id, reason in lost[:_SHOWN])
        yield f"{len(lost)} vehicles cannot be kept whole within this budget ({first})"
    if slow := due.not_whole_by_runs():
        yield f"{len(slow)} vehicles lose records unless there are more runs a day than lately: the budget has room"


def _groups(tasks: Iterable[Planned]) -> Iterator[tuple[object, ...]]:
    """The order in groups of day, stream and reason, each where its first request is."""
    groups: dict[tuple[date, str, str], list[Planned]] = {}
    for each in tasks:
        if each.step is not None:
            groups.setdefault((each.step.at.date(), each.task.stream.name, str(each.step.why)), []).append(each)
    for (on, stream, why), members in groups.items():
        requests = sum(each.due.cost for each in members)
        done = max(each.step.done_at for each in members if each.step is not None)
        lost = min(each.lost_on for each in members)
        yield on, stream, why, len(members), requests, f"{done:%Y-%m-%d %H:%M}", _lost_on(lost) or "no limit"


def _lost_on(lost: date) -> date | None:
    return None if lost == date.max else lost


def _whole(number: float | None) -> str:
    return "any" if number is None else f"{number:,.0f}"


def _as_facts(due: Agenda) -> dict[str, object]:
    return {
        "requests": due.requests,
        "done_at": due.done_at,
        "requests_of_a_run": due.a_run,
        "tasks": [_task_facts(each) for each in due.tasks],
        "later": [_task_facts(each) | {"reason": each.later} for each in due.later],
        "not_whole": [
            {"vehicle_id": each.due.vehicle_id, "stream": each.due.stream, "lost_on": each.lost_on, "reason": reason}
            for each, reason in due.not_whole()
        ],
        "not_whole_unless_more_runs": [each.due.vehicle_id for each in due.not_whole_by_runs()],
        "waiting": [
            {
                "vehicle_id": vehicle.vehicle_id,
                "stream": stream.name,
                "state": state.blocked_state,
                "until": state.blocked_until,
            }
            for vehicle, stream, state in due.waiting
        ],
    }


def _task_facts(each: Planned) -> dict[str, object]:
    return {
        "vehicle_id": each.due.vehicle_id,
        "stream": each.due.stream,
        "since": each.task.window.since,
        "until": each.task.window.until,
        "requests": each.due.cost,
        "lost_on": _lost_on(each.lost_on),
        "wanted_by": each.due.wanted_by,
        "last_asked": each.due.asked_at,
        "why": each.step.why if each.step else None,
        "at": each.step.at if each.step else None,
        "done_at": each.step.done_at if each.step else None,
    }


def _need_facts(supposed: Supposed) -> dict[str, object]:
    need = supposed.need
    return {
        "vehicles": need.vehicles,
        "mix": {part.make: part.share for part in supposed.mix},
        "requests_a_day": {
            "to_be_whole": need.to_be_whole,
            "for_monthly_reports": need.for_reports,
            "for_everything_daily": need.daily,
            "allowed": need.allowed,
        },
        "days_for_a_round": need.round_days,
        "is_whole": need.is_whole,
        "serves_reports": need.serves_reports,
        "whole_up_to": need.whole_up_to,
        "reports_up_to": need.reports_up_to,
        "daily_up_to": need.daily_up_to,
        "in_words": _verdict(supposed),
    }
