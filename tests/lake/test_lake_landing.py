"""Raw landing: what was told is kept, durable, in order, and read back as it came or not at all."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.raw import (
    Answer,
    DamagedSegment,
    Landing,
    encode_body,
    new_run_id,
    read_answers,
    read_segment,
    segment_path,
    segments,
)
from lake.store import LocalStore
from tests.tries import tries

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
RUN = "20261020T120000Z-a1b2c3"


def answer(content: bytes = b"{}", *, at: datetime = NOW, run_id: str = RUN, **told: object) -> Answer:
    body, encoding, digest = encode_body(content)
    fields = {"vehicle_id": "v-1", "make": "BMW", "query": {"startDate": "2026-10-01"}, "since": date(2026, 10, 1)}
    return Answer(
        source="smartcar_v2", stream="bmw_records", run_id=run_id, asked_at=at, received_at=at, method="GET",
        path="/vehicles/v-1/bmw/charge/records", status=200, body=body, encoding=encoding, sha256=digest,
        **fields | told,
    )  # fmt: skip


def land(store: LocalStore, *bodies: bytes, now: datetime = NOW, run_id: str = RUN) -> list[str]:
    """Land in a run of its own that starts at `now`."""
    return Landing(store, run_id, now).land_now([answer(body, at=now, run_id=run_id) for body in bodies])


def bodies(store: LocalStore) -> list[bytes]:
    return [each.content for each in read_answers(store, segments(store))]


def test_an_answer_is_read_back_with_all_that_was_asked(store: LocalStore) -> None:
    told = answer(b'{"records":[]}', page=2, request_id="r-1", headers={"x": "y"}, until=date(2026, 10, 20))
    (ref,) = Landing(store, RUN, NOW).land_now([told])
    (read,) = read_segment(store, segments(store)[0])
    assert read == msgspec.structs.replace(told, ref=ref)


def test_a_segment_stands_in_the_folder_of_its_day_under_its_stamp_and_run(store: LocalStore) -> None:
    refs = land(store, b"1", b"2")
    segment = "20261020T120000.000001Z-a1b2c3"
    assert store.list("raw") == [f"raw/2026-10-20/{segment}.jsonl.gz"]
    assert refs == [f"{segment}#00000", f"{segment}#00001"]


def test_an_answer_is_durable_when_its_ref_is_given(store: LocalStore) -> None:
    (ref,) = land(store, b"told")
    assert [each.content for each in read_segment(LocalStore(store.home), ref.split("#")[0])] == [b"told"]


def test_refs_sort_in_the_order_of_landing(store: LocalStore) -> None:
    landing = Landing(store, RUN, NOW)
    refs = [ref for number in range(20) for ref in landing.land_now([answer(str(number).encode())] * 2)]
    assert refs == sorted(refs)
    assert bodies(store) == [str(number).encode() for number in range(20) for _ in range(2)]


@pytest.mark.parametrize("back", [timedelta(0), timedelta(seconds=1), timedelta(days=1), timedelta(days=400)])
def test_a_later_run_lands_later_even_if_the_clock_was_set_back(store: LocalStore, back: timedelta) -> None:
    land(store, b"first")
    land(store, b"second", now=NOW - back, run_id="20251020T120000Z-000000")
    assert bodies(store) == [b"first", b"second"]


@given(st.lists(st.integers(-500_000, 500_000), min_size=1, max_size=6))
@tries(20)
def test_order_is_kept_whatever_the_clock_does(tmp_path_factory: pytest.TempPathFactory, seconds: list[int]) -> None:
    store = LocalStore(tmp_path_factory.mktemp("home"))
    for number, offset in enumerate(seconds):
        land(store, str(number).encode(), now=NOW + timedelta(seconds=offset))
    assert bodies(store) == [str(number).encode() for number in range(len(seconds))]


def test_a_clock_that_is_set_back_within_a_run_changes_no_order(store: LocalStore) -> None:
    landing = Landing(store, RUN, NOW)
    for number, at in enumerate((NOW, NOW + timedelta(hours=1), NOW - timedelta(days=3))):
        landing.land_now([answer(str(number).encode(), at=at)])
    assert bodies(store) == [b"0", b"1", b"2"]


def test_stamps_are_utc_whatever_zone_the_time_came_in(store: LocalStore) -> None:
    land(store, b"1", now=datetime.fromisoformat("2026-10-20T23:30:00-10:00"))
    assert segments(store)[0].startswith("20261021T093000")


async def test_those_who_land_together_share_a_segment_and_have_a_ref_each(store: LocalStore) -> None:
    async with Landing(store, RUN, NOW) as landing:
        refs = await asyncio.gather(*(landing.land(answer(str(number).encode())) for number in range(50)))
    landed = {each.ref: each.content for each in read_answers(store, segments(store))}
    assert [landed[ref] for ref in refs] == [str(number).encode() for number in range(50)]
    assert len(segments(store)) == 1


async def test_who_comes_while_a_segment_is_written_lands_in_the_next(store: LocalStore) -> None:
    writing, come = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    put = store.put

    def slow_put(path: str, content: bytes) -> None:
        loop.call_soon_threadsafe(writing.set)
        asyncio.run_coroutine_threadsafe(come.wait(), loop).result()
        put(path, content)

    store.put = slow_put  # type: ignore[method-assign]
    async with Landing(store, RUN, NOW) as landing:
        first = asyncio.create_task(landing.land(answer(b"first")))
        await writing.wait()
        late = [asyncio.create_task(landing.land(answer(b"late"))) for _ in range(3)]
        await asyncio.sleep(0)
        come.set()
        refs = [await first, *[await each for each in late]]
    assert len(segments(store)) == 2
    assert refs == sorted(set(refs))


async def test_a_failed_write_raises_in_every_caller(store: LocalStore) -> None:
    def full(_path: str, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    store.put = full  # type: ignore[method-assign]
    async with Landing(store, RUN, NOW) as landing:
        found = await asyncio.gather(*(landing.land(answer()) for _ in range(3)), return_exceptions=True)
    assert [str(each) for each in found] == ["[Errno 28] No space left on device"] * 3


async def test_after_a_failed_write_the_next_answer_lands(store: LocalStore) -> None:
    failures = [OSError(28, "No space left on device")]
    put = store.put

    def put_in_time(path: str, content: bytes) -> None:
        if failures:
            raise failures.pop()
        put(path, content)

    store.put = put_in_time  # type: ignore[method-assign]
    async with Landing(store, RUN, NOW) as landing:
        with pytest.raises(OSError, match="No space left"):
            await landing.land(answer(b"first"))
        await landing.land(answer(b"second"))
    assert bodies(store) == [b"second"]


async def test_an_answer_lands_even_if_who_brought_it_is_cancelled(store: LocalStore) -> None:
    async with Landing(store, RUN, NOW) as landing:
        bringing = asyncio.create_task(landing.land(answer(b"told")))
        await asyncio.sleep(0)
        bringing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bringing
    assert bodies(store) == [b"told"]


@given(st.lists(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: text.encode()), min_size=1, max_size=5))
@tries(25)
def test_any_bytes_come_back_as_they_were_told(tmp_path_factory: pytest.TempPathFactory, told: list[bytes]) -> None:
    store = LocalStore(tmp_path_factory.mktemp("home"))
    land(store, *told)
    assert bodies(store) == told


@pytest.mark.parametrize(
    "told",
    [b"", b"\xff\xfe", b"\xed\xa0\x80", b"a\r\nb\x0bc\x85", "\u2028\u0085\ufeff".encode(), b"\x00", "é🚗".encode()],
    ids=["empty", "no utf-8", "a lone surrogate", "line ends", "odd line ends", "nul", "beyond ascii"],
)
def test_odd_bodies_come_back_byte_for_byte(store: LocalStore, told: bytes) -> None:
    land(store, told)
    assert bodies(store) == [told]


def test_a_body_of_text_is_kept_as_text_and_any_other_as_base64() -> None:
    assert encode_body(b'{"a":1}')[:2] == ('{"a":1}', "utf-8")
    assert encode_body(b"\xff\x00")[:2] == ("/wA=", "base64")


def test_the_hash_is_of_the_bytes_that_came() -> None:
    assert encode_body(b"\xff\x00")[2] == hashlib.sha256(b"\xff\x00").hexdigest()


def test_a_segment_is_gzip_of_json_lines_that_zcat_shows(store: LocalStore) -> None:
    land(store, b'{"records":[1]}', '{"où":\n2}'.encode())
    command = [shutil.which("gzip") or "gzip", "-dc", store.uri(store.list("raw")[0])]
    shown = subprocess.run(command, capture_output=True, check=True).stdout
    assert [json.loads(line)["body"] for line in shown.splitlines()] == ['{"records":[1]}', '{"où":\n2}']


def test_equal_answers_make_equal_bytes(store: LocalStore, tmp_path: Path) -> None:
    other = LocalStore(tmp_path / "other")
    land(store, b"told")
    land(other, b"told")
    assert store.read(store.list("raw")[0]) == other.read(other.list("raw")[0])


def altered(store: LocalStore, change: Callable[[list[bytes]], list[bytes]]) -> str:
    """Land three answers, rewrite the segment's lines as good gzip, and give its name."""
    land(store, b"one", b"two", b"\xff")
    (name,) = segments(store)
    lines = gzip.decompress(store.read(segment_path(name))).splitlines(keepends=True)
    store.put(segment_path(name), gzip.compress(b"".join(change(lines))))
    return name


def damaged(store: LocalStore, name: str) -> str:
    with pytest.raises(DamagedSegment) as caught:
        read_segment(store, name)
    return str(caught.value)


def test_a_cut_segment_is_damaged_wherever_it_was_cut(store: LocalStore) -> None:
    land(store, b"one", b"two")
    (name,) = segments(store)
    content = store.read(segment_path(name))
    for length in range(len(content)):
        Path(store.uri(segment_path(name))).write_bytes(content[:length])
        assert damaged(store, name).startswith(f"raw/2026-10-20/{name}.jsonl.gz: ")


def test_a_segment_with_a_changed_byte_is_damaged_or_reads_as_it_was(store: LocalStore) -> None:
    land(store, b"one", b"two")
    (name,) = segments(store)
    content, whole = store.read(segment_path(name)), read_segment(store, name)
    for place in range(len(content)):
        flipped = content[:place] + bytes([content[place] ^ 0x40]) + content[place + 1 :]
        Path(store.uri(segment_path(name))).write_bytes(flipped)
        try:
            assert read_segment(store, name) == whole, "only gzip's own header says nothing of the content"
        except DamagedSegment as error:
            assert name in str(error)  # noqa: PT017, either of two outcomes is right


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [lines[0].replace(b'"one"', b'"two"'), *lines[1:]], "differs from its SHA-256"),
        (lambda lines: [*lines[:2], lines[2].replace(b'"/w=="', b'"/w="')], "padding"),
        (lambda lines: [lines[0].replace(b'"one"', b'"\xff"'), *lines[1:]], "utf-8"),
        (lambda lines: [lines[0][:40], *lines[1:]], ""),
        (lambda lines: [b"null\n", *lines], ""),
        (lambda lines: lines[1:], "other lines than it landed with"),
        (lambda lines: [*lines, lines[0]], "other lines than it landed with"),
        (lambda lines: lines[::-1], "other lines than it landed with"),
        (lambda _: [], "other lines than it landed with"),
    ],
    ids=["body", "base64", "no utf-8", "cut line", "no answer", "line gone", "line twice", "line order", "no line"],
)
def test_an_altered_segment_is_damaged(
    store: LocalStore, change: Callable[[list[bytes]], list[bytes]], said: str
) -> None:
    name = altered(store, change)
    assert said in damaged(store, name)


def test_a_segment_under_another_name_is_damaged(store: LocalStore) -> None:
    land(store, b"told")
    (name,) = segments(store)
    store.put(segment_path("20261021T000000.000000Z-a1b2c3"), store.read(segment_path(name)))
    assert "other lines" in damaged(store, "20261021T000000.000000Z-a1b2c3")


def test_a_segment_that_is_gone_is_damaged(store: LocalStore) -> None:
    assert "raw/2026-10-20/20261020T120000.000000Z-x.jsonl.gz" in damaged(store, "20261020T120000.000000Z-x")


def test_one_damaged_segment_spoils_no_other(store: LocalStore) -> None:
    land(store, b"one")
    land(store, b"two")
    first, second = segments(store)
    store.put(segment_path(first), b"")
    assert [each.content for each in read_segment(store, second)] == [b"two"]


def test_a_home_where_nothing_landed_has_no_segment(store: LocalStore) -> None:
    assert segments(store) == []


def test_run_ids_sort_by_start_and_differ_within_a_second() -> None:
    earlier, later, again = (new_run_id(NOW + timedelta(seconds=n)) for n in (0, 1, 1))
    assert earlier < min(later, again)
    assert later != again
    assert later.startswith("20261020T120001Z-")
