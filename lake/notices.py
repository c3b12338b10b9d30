"""Notices: what was told of a vehicle's stream without being asked for, and what follows for its state.

The newest of each kind is kept, whatever order they come in and however often. What asking found stays beside them in
the table of streams; `in_view_of` is a pure function of both, so the order between asking and being told does not
matter either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, insert, select, update

from lake import state

ANSWERED: Final = ""
"""The kind of a notice that the stream was told well: what was told before stands in its way no more."""
RETOLD_WITHIN: Final = timedelta(minutes=5)
"""How late a notice may be told anew. Smartcar's last attempt is 175 seconds after its first (API reference, §9)."""


@dataclass(frozen=True, slots=True)
class StreamState:
    """What the ledger says of one stream of one vehicle, beside its days.

    Attributes:
        asked_at: When it was last asked, or told of.
        blocked_state: Why it cannot be asked or was not answered: a state of the completeness table; None if it was.
        blocked_detail: The same for a person.
        blocked_until: Not to be asked again before this instant; None: the next run may.
        whose_move: Who has to do something first: `owner`, `application_owner`, `chargelake`, `nobody`; None where
            it was answered.
    """

    asked_at: datetime
    blocked_state: str | None = None
    blocked_detail: str | None = None
    blocked_until: datetime | None = None
    whose_move: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that was told of a stream.

    Attributes:
        kind: What it is about, as `CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION`; `ANSWERED` for a good answer.
        at: The instant as of which it is told (UTC).
        stands: Whether it stands in the way; False: no longer.
        sequence: Its place in the order in which its sender made such notices, if told.
        blocked_state: As in `StreamState`, also where it no longer stands; so are the next three.
    """

    kind: str
    at: datetime
    stands: bool
    sequence: int | None = None
    blocked_state: str | None = None
    blocked_detail: str | None = None
    blocked_until: datetime | None = None
    whose_move: str | None = None


def answered(at: datetime, sequence: int | None = None) -> Notice:
    """The notice of a good answer."""
    return Notice(kind=ANSWERED, at=at, stands=False, sequence=sequence)


def newest(notices: Iterable[Notice]) -> dict[str, Notice]:
    """The newest of each kind."""
    found: dict[str, Notice] = {}
    for notice in notices:
        known = found.get(notice.kind)
        if known is None or _is_newer(notice, known):
            found[notice.kind] = notice
    return found


def _is_newer(one: Notice, other: Notice) -> bool:
    """By its time, and of one time the one that no longer stands: an error is told before its end.

    A delivery that failed is told anew with a later time, so of two that are near each other the sequence decides. Far
    from each other it does not, since a sender may begin to count anew.
    """
    if one.sequence is not None and other.sequence is not None and abs(one.at - other.at) <= RETOLD_WITHIN:
        return one.sequence > other.sequence
    return (one.at, not one.stands) > (other.at, not other.stands)


def in_view_of(asked: StreamState | None, notices: Sequence[Notice]) -> StreamState | None:
    """A stream's state, given what asking found and the newest notice of each kind; None if nothing is known.

    The newest notice that stands and is newer than the last good answer blocks the stream, unless asking has found
    something else in its way since. A notice that one no longer stands takes back what asking found of the same state
    before it, and a good answer takes back whatever is older.
    """
    good = [notice for notice in notices if notice.kind == ANSWERED]
    if asked is not None and _is_answered(asked):
        good.append(answered(asked.asked_at))
    last_good = max((each.at for each in good), default=None)
    standing = [each for each in notices if each.stands and all(_is_newer(each, one) for one in good)]
    blocking = max(standing, key=lambda each: (each.at, each.kind), default=None)
    lifted = _lifted(asked, notices, last_good)
    if blocking is not None and (asked is None or lifted is not None or blocking.at > asked.asked_at):
        return _blocked(blocking)
    return lifted or asked


def is_pushed(asked: StreamState | None, notices: Iterable[Notice]) -> bool:
    """Whether the latest good news of a stream was told and not asked for, given what asking found."""
    told = max((notice.at for notice in notices if notice.kind == ANSWERED), default=None)
    return told is not None and (asked is None or not _is_answered(asked) or asked.asked_at <= told)


def _lifted(asked: StreamState | None, notices: Sequence[Notice], last_good: datetime | None) -> StreamState | None:
    """The state in which nothing stands in the way as far as asking knows; None if something does.

    After a good answer it was answered; after the end of what asking found, it is to be asked again.
    """
    if asked is None or _is_answered(asked):
        return None if last_good is None else StreamState(last_good)
    if last_good is not None and last_good > asked.asked_at:
        return StreamState(last_good)
    ends = [each.at for each in notices if not each.stands and each.blocked_state == asked.blocked_state]
    ended = max((at for at in ends if at > asked.asked_at), default=None)
    return None if ended is None else StreamState(ended, whose_move="chargelake")


def _is_answered(asked: StreamState) -> bool:
    """Whether asking was answered; a block that was lifted since is none, and no answer either."""
    return asked.blocked_state is None and asked.whose_move is None


def _blocked(notice: Notice) -> StreamState:
    return StreamState(notice.at, notice.blocked_state, notice.blocked_detail, notice.blocked_until, notice.whose_move)


def keep_newer(connection: Connection, vehicle_id: str, stream: str, notices: Iterable[Notice]) -> None:
    """Keep those that are newer than what is kept of their kind."""
    table = state.notices
    known = notices_of(connection, vehicle_id).get((vehicle_id, stream), ())
    kept = {notice.kind: notice for notice in known}
    for kind, notice in newest((*known, *notices)).items():
        if notice == kept.get(kind):
            continue
        where = and_(table.c.vehicle_id == vehicle_id, table.c.stream == stream, table.c.kind == kind)
        values = asdict(notice)
        if not connection.execute(update(table).where(where).values(values)).rowcount:
            connection.execute(insert(table).values(vehicle_id=vehicle_id, stream=stream, **values))


def notices_of(connection: Connection, vehicle_id: str | None = None) -> dict[tuple[str, str], tuple[Notice, ...]]:
    """The notices that are kept, of one vehicle or of all, by vehicle and stream."""
    table = state.notices
    query = select(table) if vehicle_id is None else select(table).where(table.c.vehicle_id == vehicle_id)
    found: dict[tuple[str, str], tuple[Notice, ...]] = {}
    for row in connection.execute(query.order_by(table.c.kind)):
        key = (row.vehicle_id, row.stream)
        found[key] = (*found.get(key, ()), _notice(row))
    return found


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        kind=row.kind,
        at=row.at,
        stands=row.stands,
        sequence=row.sequence,
        blocked_state=row.blocked_state,
        blocked_detail=row.blocked_detail,
        blocked_until=row.blocked_until,
        whose_move=row.whose_move,
    )
