"""What is forgotten when a landed file is gone: days that only it told are unknown again, and asked again.

The ledger's days are a claim about what has landed. A damaged file that was moved aside takes its answers with it, so
a day stays known only if an answer that is still there covers it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from collectors.smartcar_v3.events import EVENTS
from collectors.streams import V3_RECORDS
from collectors.windows import whole_days
from flows.house import House
from flows.publishing import window_days
from flows.receiving import told_days
from lake.intervals import DayInterval, Intervals, subtract, union
from lake.ledger import StreamKey
from lake.raw import Answer, read_answers, segments, tag_of


def forget_what_is_gone(house: House) -> int:
    """Forget the days that no answer tells any more; gives how many, over all vehicles and streams.

    Looks only if a segment is gone whose records were taken in. The pages of bills count only where their run has
    lost no segment: the page that is gone may have been the last.
    """
    names = segments(house.store)
    gone = house.runs.taken_in() - set(names)
    if not gone:
        return 0
    told: dict[StreamKey, list[DayInterval]] = {}
    for key, window in _windows(house, names, {tag_of(name) for name in gone}):
        told.setdefault(key, []).append(window)
    forgotten = 0
    for key, known in house.ledger.all_coverage().items():
        unfounded = [gap for each in known for gap in subtract(each, union(told.get(key, ())))]
        forgotten += sum(gap.days for gap in unfounded)
        if unfounded:
            house.ledger.keep_only(*key, _without(known, unfounded))
    return forgotten


def _windows(house: House, names: list[str], torn: set[str]) -> Iterator[tuple[StreamKey, DayInterval]]:
    """The whole days that each answer tells, by vehicle and stream."""
    reach = window_days(house)
    consent = {each.vehicle_id: each.consented_at.date() for each in house.registry.vehicles()}
    for answer in read_answers(house.store, names):
        if answer.stream == EVENTS and answer.vehicle_id in consent:
            if told := told_days(answer, consent[answer.vehicle_id], house.settings.smartcar.window_days).days:
                yield (answer.vehicle_id, V3_RECORDS.name), told
            continue
        if answer.vehicle_id is None or answer.since is None or answer.until is None or not _is_told(answer):
            continue
        if answer.page is not None and tag_of(answer.run_id) in torn:
            continue
        asked = DayInterval(answer.since, answer.until)
        if days := whole_days(asked, answer.asked_at.date(), reach.get(answer.stream, 0)):
            yield (answer.vehicle_id, answer.stream), days


def _is_told(answer: Answer) -> bool:
    if answer.status != 200:  # noqa: PLR2004, HTTP's
        return False
    try:
        return isinstance(msgspec.json.decode(answer.content), dict)
    except msgspec.DecodeError:
        return False


def _without(known: Intervals, unfounded: list[DayInterval]) -> Intervals:
    return tuple(left for each in known for left in subtract(each, tuple(unfounded)))
