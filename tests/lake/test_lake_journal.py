"""The journal: what was appended is in raw exactly once, whatever is killed, torn, damaged or done at the same time."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lake import journal
from lake.journal import FOLDER, Journal, Sealed, left, seal_left
from lake.raw import Answer, Landing, encode_body, landed_so_far, read_answers, segments, strays
from lake.store import HomeUnwritable, LocalStore

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
RUN = "20261020T120000Z-h1b2c3"


class Killed(BaseException):
    """What a kill looks like from inside: nothing more is done."""


def event(number: int, at: datetime = NOW) -> Answer:
    body, encoding, digest = encode_body(b'{"n":%d}' % number)
    return Answer(
        source="smartcar_v3", stream="v3_events", run_id=RUN, asked_at=at, received_at=at, method="POST",
        path="/webhook", status=200, body=body, encoding=encoding, sha256=digest, vehicle_id="v-1",
        request_id=f"e-{number}",
    )  # fmt: skip


def written(store: LocalStore, count: int, *, number: int = 1) -> Path:
    """A journal with so many events whose writer is gone."""
    writing = Journal(store, RUN, number)
    writing.append([event(each) for each in range(count)])
    writing.close()
    return store.home / left(store)[-1]


def in_raw(store: LocalStore) -> list[str | None]:
    return [answer.request_id for answer in read_answers(store, segments(store))]


def seal(store: LocalStore) -> list[Sealed]:
    return list(seal_left(store))


def ids(count: int) -> list[str | None]:
    return [f"e-{number}" for number in range(count)]


def test_a_journal_becomes_one_segment_in_its_order(store: LocalStore) -> None:
    written(store, 3)
    (sealed,) = seal(store)
    assert (in_raw(store), segments(store), left(store)) == (ids(3), [sealed.segment], [])


def test_a_journal_is_its_owners_alone_and_no_stray(store: LocalStore) -> None:
    file = written(store, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert strays(store) == []


def test_a_journal_that_is_written_is_not_sealed(store: LocalStore) -> None:
    writing = Journal(store, RUN, 1)
    writing.append([event(0)])
    assert seal(store) == []
    writing.append([event(1)])
    writing.close()
    seal(store)
    assert in_raw(store) == ids(2)


def test_an_empty_journal_is_removed_without_a_segment(store: LocalStore) -> None:
    Journal(store, RUN, 1).close()
    assert [sealed.segment for sealed in seal(store)] == [None]
    assert (segments(store), left(store)) == ([], [])


def test_sealing_again_changes_nothing(store: LocalStore) -> None:
    written(store, 2)
    seal(store)
    assert seal(store) == []
    assert in_raw(store) == ids(2)


STEPS = ("rename", "put", "unlink")


def seal_until(store: LocalStore, step: str, *, after: bool = True) -> None:
    """Seal, and be killed before or after a step, if it comes to that."""
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
        kill_at(patch, step, after=after)
        seal(store)


def kill_at(patch: pytest.MonkeyPatch, step: str, *, after: bool) -> None:

    def killing(do: Callable[..., Any]) -> Callable[..., Any]:
        def killed(*arguments: Any, **named: Any) -> None:
            if after:
                do(*arguments, **named)
            raise Killed

        return killed

    if step == "put":
        patch.setattr(journal, "put_segment", killing(journal.put_segment))
    else:
        patch.setattr(Path, step, killing(getattr(Path, step)))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_of_sealing_neither_loses_nor_doubles(store: LocalStore, step: str, moment: str) -> None:
    written(store, 3)
    seal_until(store, step, after=moment == "after")
    assert len(left(store)) == 1 or (step, moment) == ("unlink", "after")
    seal(store)
    assert (in_raw(store), left(store)) == (ids(3), [])


@pytest.mark.parametrize(("first", "second"), list(itertools.product(STEPS, STEPS)))
def test_two_kills_in_a_row_neither_lose_nor_double(store: LocalStore, first: str, second: str) -> None:
    written(store, 3)
    seal_until(store, first)
    seal_until(store, second)
    seal(store)
    assert (in_raw(store), left(store)) == (ids(3), [])


def test_what_lands_between_a_kill_and_the_next_sealing_stays_before_it(store: LocalStore) -> None:
    written(store, 1)
    seal_until(store, "rename")
    before = Landing(store, "20261020T120000Z-aaaaaa", NOW).land_now([event(7, NOW + timedelta(hours=1))])
    seal(store)
    assert in_raw(store) == ["e-7", "e-0"], f"{before} may be in the tables already"


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_torn_last_line_is_dropped_with_a_note(store: LocalStore, cut: int) -> None:
    file = written(store, 3)
    file.write_bytes(file.read_bytes()[:-cut])
    (sealed,) = seal(store)
    whole = 3 if cut == 1 else 2  # all but the end of the line is there
    assert (in_raw(store), sealed.torn > 0) == (ids(whole), cut > 1)


def test_zeros_after_a_power_cut_are_dropped(store: LocalStore) -> None:
    file = written(store, 2)
    file.write_bytes(file.read_bytes() + bytes(4096))
    (sealed,) = seal(store)
    assert (in_raw(store), sealed.torn, left(store)) == (ids(2), 4096, [])


def test_a_line_damaged_in_the_middle_keeps_the_file_and_costs_no_other(store: LocalStore) -> None:
    file = written(store, 3)
    file.write_bytes(file.read_bytes().replace(b'{\\"n\\":1}', b'{\\"n\\":9}'))
    (sealed,) = seal(store)
    assert in_raw(store) == ["e-0", "e-2"]
    assert sealed.damaged is not None
    assert strays(store) == [f"{FOLDER}/{Path(sealed.damaged).name}"]
    assert seal(store) == []


def test_a_failed_write_is_an_error_and_leaves_what_was_there(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = Journal(store, RUN, 1)
    writing.append([event(0)])
    write = os.write

    def full(handle: int, content: Any) -> int:
        if len(content) > 10:
            return write(handle, content[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(HomeUnwritable, match="No space left"):
            writing.append([event(1)])
    writing.append([event(2)])
    writing.close()
    seal(store)
    assert in_raw(store) == ["e-0", "e-2"]


def test_a_run_and_a_receiver_side_by_side_never_give_a_name_that_sorts_before_one_that_is_there(
    store: LocalStore,
) -> None:
    """The clocks of both are set apart; names must follow the order in which the segments appear."""

    def run() -> None:
        landing = Landing(store, "20261020T120000Z-aaaaaa", NOW + timedelta(seconds=30))
        for number in range(20):
            landing.land_now([event(100 + number)])

    def receive() -> None:
        for number in range(20):
            written(store, 1, number=number)
            seal(store)

    seen: list[list[str]] = []
    threads = [threading.Thread(target=each) for each in (run, receive)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen.append(landed_so_far(store))
    for thread in threads:
        thread.join()
    final = segments(store)
    assert len(final) == 40
    assert all(names == final[: len(names)] for names in seen), "a later name sorts behind all that were there"
