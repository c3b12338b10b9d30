"""The jobs as plain functions that need no server: collect, transform, check.

`flows.running` strings them together in this process; `flows.prefect_flows` wraps each in a task.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from collectors import snapshots
from collectors.collect import Outcome
from collectors.connections import Changes
from collectors.errors import (
    ApplicationMustAct,
    BudgetSpent,
    CollectError,
    EveryoneWaits,
    NotCapable,
    NothingYet,
    OurBug,
)
from collectors.failures import NOT_CONNECTED
from collectors.streams import V2, V3
from flows import descriptions, locating
from flows.collecting import NO_VEHICLE
from flows.exits import Exit, Stop
from flows.forgetting import finish_erasing
from flows.house import House
from flows.publishing import publish_runs, publish_state
from flows.transforming import Counts, hear, rebuild, take_in_new
from lake.raw import new_run_id
from lake.runs import StreamCount, add_counts

MOST_BATCHES = 16
"""Batches of vehicles in a run: each is one Prefect task, and a task costs a fixed time."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run that has begun.

    Attributes:
        command: `collect`, `run` or `backfill`.
        since: First day to know (UTC); None: the day of consent.
        until: Last day to know; None: today.
    """

    run_id: str
    command: str
    since: date | None = None
    until: date | None = None


@dataclass(slots=True)
class Result:
    """What a run did.

    Attributes:
        tasks: Streams of vehicles that were due.
        answered: Those whose window was answered whole.
        requests: Requests sent.
        records: Records received.
        errors: Those not answered, by kind of error.
        failed: Those of them that could have been answered.
        bugs: Those of them that are bugs of ours.
        stopped: What ended the asking before its end, if anything did.
        counts: What became of the records, by stream; empty until they are transformed.
        waiting_for: Sentences for people whose move it is, with the number of vehicles.
        changes: What has changed among the connections.
    """

    job: Job
    tasks: int = 0
    answered: int = 0
    requests: int = 0
    records: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    bugs: int = 0
    stopped: CollectError | None = None
    counts: Counts = field(default_factory=dict)
    waiting_for: dict[str, int] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)

    @property
    def exit(self) -> Exit:
        """How the command ends."""
        if self.bugs:
            return Exit.FAULT
        if isinstance(self.stopped, BudgetSpent | EveryoneWaits):
            return Exit.BUDGET_SPENT
        if self.waiting_for and (self.answered or self.stopped is None):
            return Exit.SOMEBODY_MUST_ACT
        if self.failed and not self.answered:
            return Exit.NOTHING_COLLECTED
        return Exit.DONE if self.stopped is None else Exit.SOMEBODY_MUST_ACT

    @property
    def resume_at(self) -> datetime | None:
        """When to run again, after the budget was spent."""
        return self.stopped.until if self.stopped is not None else None

    def total(self) -> StreamCount:
        """What became of all records."""
        return sum(self.counts.values(), StreamCount())


def begin(house: House, command: str, *, since: date | None = None, until: date | None = None) -> Job:
    """Begin a run.

    Raises:
        Stop: No vehicle is connected (exit code 5). With v3 alone, the run itself finds out which there are.
    """
    finish_erasing(house)
    if not house.registry.vehicles() and house.settings.smartcar.interfaces != (V3,):
        raise Stop(Exit.NOTHING_COLLECTED, NO_VEHICLE)
    now = house.clock.now()
    job = Job(new_run_id(now), command, since, until)
    house.runs.begin(job.run_id, command, now)
    house.budget.forget_before(house.real_now())
    hear(house)
    return job


def add_outcomes(house: House, result: Result, outcomes: Iterable[Outcome]) -> None:
    """Take note of a batch's outcomes, here and in the `runs` table."""
    sent: Counts = {}
    for outcome in outcomes:
        result.tasks += 1
        result.answered += outcome.answered
        result.requests += outcome.requests
        result.records += outcome.records
        sent = add_counts(sent, {outcome.task.stream.name: StreamCount(requests=outcome.requests)})
        if outcome.error is not None:
            result.errors[type(outcome.error).__name__] += 1
            result.failed += not isinstance(outcome.error, NotCapable | NothingYet)
            result.bugs += isinstance(outcome.error, OurBug)
            if isinstance(outcome.error, BudgetSpent | EveryoneWaits):
                result.stopped = outcome.error
            elif isinstance(outcome.error, ApplicationMustAct):
                # of one interface; a budget is of both, and says until when
                result.stopped = result.stopped or outcome.error
    house.runs.add(result.job.run_id, sent)


def transform(house: House, result: Result) -> None:
    """Take in what has landed, and take note of what became of the records.

    Where a vehicle's zone, model or make has changed, also by what an event told, the tables are made anew.
    """
    if descriptions.have_changed(house):
        rebuild(house)
    descriptions.keep(house)
    result.counts = add_counts(result.counts, take_in_new(house))
    if descriptions.have_changed(house):
        rebuild(house)
        descriptions.keep(house)
    locating.settle(house)


def check(house: House, result: Result, *, of_records: bool = True) -> None:
    """End the run, publish what the state says, and check that every record received has become exactly one thing.

    Args:
        house: The house.
        result: What the run did.
        of_records: Whether it was about charge records; if not, nothing but `runs` has anything new to say.

    Raises:
        Stop: The sum is off (exit code 1), a bug of ours.
    """
    result.waiting_for = whose_move(house)
    if result.changes.gone:  # told once: from then on the vehicles table says so
        result.waiting_for[NOT_CONNECTED] = len(result.changes.gone)
    counts = (house.runs.counts(result.job.run_id), result.counts)  # its own, and all that it took in
    off = sorted({name for each in counts for name, count in each.items() if not count.is_conserved})
    outcome = "not conserved" if off else result.exit.name.lower()
    house.runs.finish(result.job.run_id, outcome, house.clock.now())
    if result.job.command == "collect" or not of_records:
        publish_runs(house)  # what landed is not in the tables yet: a day without rows is not known to be empty
    else:
        publish_state(house)
    if off:
        raise Stop(
            Exit.FAULT, f"run {result.job.run_id}: records of {', '.join(off)} went missing on the way; report it"
        )


def whose_move(house: House) -> dict[str, int]:
    """What owners and the application's owner have to do, in sentences, with the number of vehicles each is about.

    Vehicles that are no longer connected are left out: the run that found it has said so, and the vehicles table does.
    """
    connected = {vehicle.vehicle_id for vehicle in house.registry.connected()}
    owners = {owner.owner_id: owner.trouble for owner in house.registry.owners() if owner.trouble}
    about: dict[str, set[str]] = {}
    for vehicle in house.registry.connected():
        if trouble := owners.get(vehicle.owner_id):
            about.setdefault(trouble, set()).add(vehicle.vehicle_id)
    for (vehicle_id, stream), state in house.ledger.states().items():
        if (
            vehicle_id in connected
            and stream not in snapshots.NAMES
            and state.whose_move in {"owner", "application_owner"}
            and state.blocked_detail
        ):
            about.setdefault(state.blocked_detail, set()).add(vehicle_id)
    for vehicle_id, sentence in _not_configured(house):
        about.setdefault(sentence, set()).add(vehicle_id)
    return {sentence: len(vehicles) for sentence, vehicles in sorted(about.items())}


def _not_configured(house: House) -> Iterator[tuple[str, str]]:
    """Vehicles that are seen through an interface without credentials, with a sentence for the application's owner."""
    configured = house.settings.smartcar.interfaces
    for vehicle in house.registry.connected():
        for name in vehicle.interfaces if configured else ():
            if name not in configured:
                yield vehicle.vehicle_id, f"Set {_CREDENTIALS[name]}: these vehicles are seen through {name}."


_CREDENTIALS: Final = {
    V2: "CHARGELAKE_SMARTCAR__CLIENT_ID and __CLIENT_SECRET",
    V3: "CHARGELAKE_SMARTCAR__V3_CLIENT_ID and __V3_CLIENT_SECRET",
}
