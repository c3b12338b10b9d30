"""What v3's calls are, and how its answers are read, on recorded answers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from collecting_rig import NOW, v3_application
from recorded import names, recorded

from collectors import errors
from collectors.calls import Attributes, NotAsPromised
from collectors.errors import CollectError
from collectors.http import Response
from collectors.smartcar_v3 import auth, protocol, signals
from collectors.smartcar_v3.protocol import Stored

SOURCE = "smartcar_v3"
AT = errors.Circumstances(call="GET /vehicles/{id}/signals/charge-chargerecords", vehicle_id="v-1", status=200)
SIX = datetime(2026, 10, 20, 6, tzinfo=UTC)
READ: dict[str, tuple[int, datetime | None]] = {
    "documented": (1, SIX),
    "bare": (1, SIX),
    "in-a-list-of-signals": (1, SIX),
    "no-sessions": (0, SIX),
    "ongoing": (2, SIX),
    "times-are-epoch-milliseconds": (1, datetime(2026, 10, 20, 6, 0, tzinfo=UTC)),
    "times-are-epoch-seconds": (1, datetime(2026, 10, 20, 6, 0, tzinfo=UTC)),
    "fetched-at-alone": (1, SIX),
    "oem-time-was-never-set": (1, SIX),
    "no-time": (1, None),
    "no-status": (1, SIX),
    "status-is-a-text": (1, SIX),
}
NOT_READ: dict[str, tuple[type[CollectError], str]] = {
    "success-without-a-body": (errors.NotThisSignalYet, "signal_not_found"),
    "unavailable": (errors.SignalUnavailable, "signal_unavailable"),
    "unavailable-not-capable": (errors.NotCapable, "not_capable"),
    "error-upstream": (errors.RetryLater, "upstream_error"),
    "error-without-an-error": (errors.RetryLater, "upstream_error"),
    "status-nobody-knows": (errors.RetryLater, "upstream_error"),
}


def stored(name: str) -> Stored:
    return protocol.read_stored(recorded(name, SOURCE))


def test_every_recorded_signal_has_a_row() -> None:
    assert names("charge_records", SOURCE) == sorted([*READ, *NOT_READ])


@pytest.mark.parametrize("name", READ)
def test_a_signal_is_read_in_each_of_its_forms(name: str) -> None:
    signal = stored(f"charge_records/{name}").signal
    assert signal is not None
    assert signals.problem(signal, AT, NOW) is None
    assert (signal.records, signal.as_of) == READ[name]


@pytest.mark.parametrize("name", NOT_READ)
def test_a_signal_that_tells_no_records_says_why_and_whose_move_it_is(name: str) -> None:
    signal = stored(f"charge_records/{name}").signal
    assert signal is not None
    problem = signals.problem(signal, AT, NOW)
    assert problem is not None
    assert (type(problem), problem.state) == NOT_READ[name]
    assert problem.what_to_do.endswith(".")
    assert problem.at.vehicle_id == "v-1"


def test_a_store_without_the_signal_says_whether_it_knows_anything_else() -> None:
    nothing = signals.absence(stored("signals/empty-store"), AT, NOW)
    others = signals.absence(stored("signals/others-alone"), AT, NOW)
    meanwhile = signals.absence(stored("charge_records/in-a-list-of-signals"), AT, NOW)
    assert [nothing.state, others.state, meanwhile.state] == ["empty_store", "signal_not_found", "upstream_error"]
    assert len({nothing.what_to_do, others.what_to_do, meanwhile.what_to_do}) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b"null", b"<p>", b"\xff", b'{"data":5}', b'{"data":{"id":"odometer-traveleddistance"}}',
        b'{"data":{"attributes":{"body":{}}}}', b'{"data":{"attributes":{"body":{"values":{}}}}}', b'{"data":null}',
    ],
)  # fmt: skip
def test_an_answer_that_is_not_the_documented_one_is_never_taken_for_empty(body: bytes) -> None:
    with pytest.raises(NotAsPromised):
        protocol.read_stored(Response(status=200, headers={}, body=body))


def test_a_vehicles_call_names_its_owner_and_no_days() -> None:
    request = protocol.ask_records("v/1", "u-1").request("https://api.example/v3/", "Bearer t")
    assert request.url == "https://api.example/v3/vehicles/v%2F1/signals/charge-chargerecords"
    assert request.headers["sc-user-id"] == "u-1"
    assert request.query == {}
    assert "Bearer" not in repr(request)


def test_connections_are_asked_by_pages_that_we_number() -> None:
    request = protocol.ask_connections(3).request("https://api.example/v3", "Bearer t")
    assert request.query == {"page[size]": "100", "page[number]": "3"}
    assert "sc-user-id" not in request.headers
    assert protocol.ask_connections(owner_id="u-1").request("x", "y").headers["sc-user-id"] == "u-1"


def test_connections_tell_whose_a_vehicle_is_and_what_was_granted() -> None:
    page = protocol.read_connections(recorded("connections/documented", SOURCE))
    assert (page.told, page.total, page.has_next) == (1, 2, True)
    assert page.entries[0] == protocol.Connection(
        "c-1", "u-1", "v-1", Attributes("BMW", "iX", 2025), ("read_vehicle_info", "read_charge_records"), "live", None
    )
    (told,) = protocol.read_connections(recorded("connections/consent-told", SOURCE)).entries
    assert told.connected_at is not None
    assert told.connected_at.date() == date(2026, 6, 22)


def test_odd_connections_are_read_as_far_as_they_can_be_true() -> None:
    page = protocol.read_connections(recorded("connections/odd-entries", SOURCE))
    assert (page.told, page.total, page.has_next) == (5, None, False)
    first, last = page.entries
    assert (first.about, first.mode) == (Attributes("BMW", None, None), "test")
    assert (last.about, last.permissions, last.mode) == (Attributes(None, None, None), ("read_charge_records",), None)
    with pytest.raises(NotAsPromised):
        protocol.read_connections(recorded("token/documented", SOURCE))


def test_the_credentials_are_exchanged_for_a_token_and_shown_nowhere() -> None:
    application = v3_application("https://x.example")
    request = auth.ask_token(application)
    assert request.form == {
        "grant_type": "client_credentials",
        "client_id": application.client_id,
        "client_secret": application.client_secret,
    }
    token = auth.read_token(recorded("token/documented", SOURCE), NOW)
    assert (token.expires_at - NOW).total_seconds() == 3600
    assert auth.read_token(recorded("token/no-life-told", SOURCE), NOW).expires_at == token.expires_at
    for text in map(repr, (application, request, token)):
        assert application.client_secret not in text
        assert token.access not in text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("invalid-client", errors.ApplicationMustAct),
        ("invalid-request", errors.ApplicationMustAct),
        ("invalid-client-as-an-error-of-v3", errors.ApplicationMustAct),
        ("empty-401", errors.ApplicationMustAct),
        ("html-502", errors.RetryNow),
        ("success-without-a-token", errors.RetryNow),
    ],
)
def test_a_refused_token_request_is_the_applications_move(name: str, kind: type[CollectError]) -> None:
    with pytest.raises(CollectError) as caught:
        auth.read_token(recorded(f"token/{name}", SOURCE), NOW)
    assert type(caught.value) is kind
