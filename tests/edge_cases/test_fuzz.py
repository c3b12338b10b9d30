"""Whatever comes is records or quarantine, a reading or an error of ours: never an exception that nobody handles."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import consent, failures
from collectors.calls import NotAsPromised
from collectors.errors import Circumstances, CollectError
from collectors.http import Response
from collectors.smartcar_v2 import auth, protocol
from collectors.smartcar_v3 import auth as v3_auth
from collectors.smartcar_v3 import protocol as v3
from collectors.smartcar_v3 import signals
from collectors.streams import STREAMS, V2
from lake.raw import Answer, encode_body
from lake.reference import currencies
from lake.schemas import CHARGE_DAYS, CHARGE_SESSIONS, QUARANTINE_REASONS
from tests.tries import tries
from transforms import wire
from transforms.decode import Decoded, decode

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
quick = tries(40)

numbers = st.integers() | st.floats() | st.sampled_from([1e308, -1e308, 10**30, 1696118400, 1696118400000, -0.0])
words = st.sampled_from(
    ["", " ", "2026-10-01T00:00:00Z", "0026-10-01T00:00:00Z", "9999-12-31T23:59:59Z", "inf", "NaN", "1e999", "٣",
     "\x00", "USD", "=1+1", "invalid_grant", "AUTHENTICATION", "BILLING", "true", "\ud800"]
)  # fmt: skip
scalars = st.none() | st.booleans() | numbers | words | st.text(max_size=12)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def documents(*names: str) -> st.SearchStrategy[Any]:
    """Objects with these fields, each of which may be missing or hold anything, and JSON of any other kind."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, anything)) | anything


def bodies(*names: str) -> st.SearchStrategy[bytes]:
    """JSON of such a document, whole or cut, or any bytes."""
    whole = documents(*names).map(lambda value: json.dumps(value).encode())
    return whole | st.tuples(whole, st.integers(0, 40)).map(lambda cut: cut[0][: cut[1]]) | st.binary(max_size=60)


def landed(stream: str, body: bytes) -> Answer:
    text, encoding, digest = encode_body(body)
    return Answer(
        source="smartcar_v2", stream=stream, run_id="run-1", asked_at=NOW, received_at=NOW, method="GET", path="/",
        status=200, body=text, sha256=digest, encoding=encoding, vehicle_id="v-1",
        ref="20261020T120000.000000Z-aa#00000",
    )  # fmt: skip


def is_accounted_for(decoded: Decoded) -> bool:
    """Every record received is an observation or a quarantine row with a known reason."""
    kept = decoded.sessions.height + decoded.days.height + decoded.quarantine.height
    return sum(decoded.received.values()) == kept and set(decoded.quarantine["reason"]) <= set(QUARANTINE_REASONS)


record_fields = sorted({"cost", "odd", *(name for stream in wire.STREAMS.values() for name in stream.fields)})
costs = st.fixed_dictionaries({}, optional=dict.fromkeys(["currency", "energy", "other", "tax"], anything))
records = st.fixed_dictionaries({}, optional=dict.fromkeys(record_fields, anything) | {"cost": costs | anything})


def telling(stream: str, told: list[Any], more: Any) -> bytes:
    """An answer or event of a stream with these records."""
    signal = {"code": v3.RECORDS, "status": {"value": "SUCCESS"}, "body": {"values": told}}
    envelopes = {
        "v3_records": {"data": {"id": v3.RECORDS, "attributes": signal, "meta": more}},
        "v3_events": {"eventType": "VEHICLE_STATE", "data": {"signals": [signal | {"meta": more}]}},
    }
    return json.dumps(envelopes.get(stream, {"records": told, "hasMoreData": more})).encode()


@pytest.mark.parametrize("stream", sorted(wire.STREAMS))
@quick
@given(told=st.lists(records | anything, max_size=6), more=anything)
def test_any_records_are_observed_or_quarantined(stream: str, told: list[Any], more: Any) -> None:
    decoded = decode([landed(stream, telling(stream, told, more))], currencies())
    assert decoded.received == {stream: max(len(told), 0)} or set(decoded.quarantine["reason"]) == {"unreadable_answer"}
    assert is_accounted_for(decoded)
    assert set(decoded.sessions.columns) >= {"started_at", "flags"} <= set(CHARGE_SESSIONS.schema)
    assert set(decoded.days.columns) & set(CHARGE_DAYS.schema)


@pytest.mark.parametrize("stream", sorted(wire.STREAMS))
@quick
@given(body=bodies("records", "hasMoreData"))
def test_any_body_is_read_or_quarantined(stream: str, body: bytes) -> None:
    assert is_accounted_for(decode([landed(stream, body)], currencies()))


@quick
@given(st.lists(st.tuples(st.sampled_from(sorted(wire.STREAMS)), bodies("records")), max_size=5))
def test_any_batch_is_accounted_for(told: list[tuple[str, bytes]]) -> None:
    assert is_accounted_for(decode([landed(*each) for each in told], currencies()))


def answers(*names: str) -> st.SearchStrategy[Response]:
    """Answers with any body, any status and odd headers."""
    waits = st.sampled_from(["", "-1", "7", "1e18", "soon", "nan", "Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 99 Foo"])
    headers = st.fixed_dictionaries(
        {}, optional={"retry-after": waits | st.text(max_size=8), "date": waits, "sc-request-id": st.text(max_size=8)}
    )
    return st.builds(
        lambda status, headers, body: Response(status=status, headers=headers, body=body),
        st.sampled_from([200, 204, 301, 400, 401, 403, 404, 409, 429, 430, 500, 501, 502]) | st.integers(100, 999),
        headers,
        bodies(*names),
    )


READERS = {
    "user": protocol.read_user,
    "vehicles": protocol.read_vehicles,
    "permissions": protocol.read_permissions,
    "attributes": protocol.read_attributes,
    "connections": protocol.read_connections,
    "disconnect": protocol.read_disconnect,
    **{
        stream.name: lambda answer, stream=stream: protocol.read_records(answer, stream)
        for stream in STREAMS
        if stream.interface == V2
    },
}
V3_READERS = {"connections": v3.read_connections, "stored": v3.read_stored}
ENVELOPES = (
    "id",
    "vehicles",
    "permissions",
    "paging",
    "make",
    "model",
    "year",
    "connections",
    "records",
    "hasMoreData",
)
connections = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["userId", "vehicleId", "connectedAt", "createdAt"], anything)
)


@pytest.mark.parametrize("name", sorted(READERS))
@quick
@given(answer=answers(*ENVELOPES))
def test_any_answer_of_the_api_is_read_or_not_as_promised(name: str, answer: Response) -> None:
    try:
        READERS[name](answer)
    except NotAsPromised:
        return


signal_parts = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(["code", "status", "body", "vehicle", "permissions", "connectedAt"], anything)
    | {"status": documents("value", "error") | anything, "body": documents("values") | anything},
)
resources = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from([v3.RECORDS, "v-1"]) | anything,
        "attributes": signal_parts | anything,
        "meta": documents("oemUpdatedAt", "retrievedAt", "fetchedAt") | anything,
        "relationships": documents("user", "vehicle") | anything,
    },
)


@pytest.mark.parametrize("name", sorted(V3_READERS))
@quick
@given(data=resources | st.lists(resources | anything, max_size=3) | anything, more=anything)
def test_any_answer_of_v3_is_read_or_not_as_promised(name: str, data: Any, more: Any) -> None:
    body = json.dumps({"data": data, "meta": more, "links": more}).encode()
    try:
        found = V3_READERS[name](Response(status=200, headers={}, body=body))
    except NotAsPromised:
        return
    if isinstance(found, v3.Stored) and found.signal is not None:
        problem = signals.problem(found.signal, Circumstances(call="GET /x"), NOW)
        assert problem is None or problem.what_to_do


@quick
@given(answers("access_token", "expires_in", "error", "errors", "type", "code"))
def test_any_answer_of_v3s_token_endpoint_is_a_token_or_an_error_of_ours(answer: Response) -> None:
    try:
        assert isinstance(v3_auth.read_token(answer, NOW).access, str)
    except CollectError as error:
        assert error.what_to_do  # noqa: PT017, either a token or this error


@quick
@given(st.lists(connections | anything, max_size=4), anything)
def test_any_connections_are_read(entries: list[Any], paging: Any) -> None:
    body = json.dumps({"connections": entries, "paging": paging}).encode()
    try:
        found = protocol.read_connections(Response(status=200, headers={}, body=body))
    except NotAsPromised:
        return
    assert all(isinstance(each.owner_id, str) and isinstance(each.vehicle_id, str) for each in found.entries)


@quick
@given(answers("access_token", "refresh_token", "expires_in", "error", "error_description", "type"))
def test_any_answer_of_the_token_endpoint_is_a_pair_or_an_error_of_ours(answer: Response) -> None:
    try:
        pair = auth.read_tokens(answer, NOW)
    except CollectError:
        return
    assert isinstance(pair.access, str)
    assert isinstance(pair.refresh, str)


@quick
@given(answers("type", "code", "description", "detail", "resolution", "errors", "error", "title", "requestId"))
def test_any_failure_is_an_error_of_ours_with_something_to_do(answer: Response) -> None:
    for meaning in (failures.failure, failures.unreadable):
        error = meaning(answer, call="GET /user", vehicle_id="v-1", now=NOW)
        assert isinstance(error, CollectError)
        assert error.what_to_do


@quick
@given(st.text(max_size=80) | documents("code", "state", "error").map(str), st.text(max_size=8))
def test_any_redirect_is_a_code_or_an_error_of_ours(tail: str, state: str) -> None:
    for url in (tail, f"http://127.0.0.1:8765/callback?{tail}"):
        try:
            assert isinstance(consent.read_redirect(url, state), str)
        except CollectError:
            continue
