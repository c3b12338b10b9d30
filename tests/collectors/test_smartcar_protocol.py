from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from collecting_rig import NOW, application
from recorded import recorded

from collectors import consent, errors
from collectors.calls import Attributes, NotAsPromised, read_instant
from collectors.http import Response
from collectors.smartcar_v2 import auth, protocol
from collectors.streams import STREAMS, TESLA_DAYS, V2, Stream, streams_of
from lake.intervals import DayInterval
from lake.registry import Vehicle

WINDOW = DayInterval(date(2026, 9, 21), date(2026, 10, 20))
OF_V2 = [stream for stream in STREAMS if stream.interface == V2]
ANSWERS = {
    "tesla_days/documented": (1, False),
    "tesla_days/date-is-epoch-seconds": (1, False),
    "tesla_days/no-records": (0, False),
    "tesla_billing/documented": (1, False),
    "tesla_billing/more-follows": (1, True),
    "tesla_billing/empty-page-and-more-follows": (0, True),
    "tesla_billing/says-nothing-of-more": (0, False),
    "bmw_records/documented": (1, False),
    "mini_records/unknown-fields": (1, False),
}


@pytest.mark.parametrize("stream", OF_V2, ids=lambda stream: stream.name)
def test_the_make_in_a_path_is_lower_case(stream: Stream) -> None:
    call = protocol.ask_records(stream, "v-1", WINDOW)
    assert call.path == call.path.lower()
    assert f"/{(stream.make or '').lower()}/charge/records" in call.path


@pytest.mark.parametrize("stream", OF_V2, ids=lambda stream: stream.name)
def test_a_request_names_both_days_of_the_window(stream: Stream) -> None:
    request = protocol.ask_records(stream, "v-1", WINDOW, 3).request("https://api.example/v2.0/", "Bearer t")
    assert request.url.startswith("https://api.example/v2.0/vehicles/v-1/")
    paged = {"page": "3"} if stream.paged else {}
    assert request.query == {"startDate": "2026-09-21", "endDate": "2026-10-20"} | paged
    assert request.headers["authorization"] == "Bearer t"
    assert request.headers["sc-unit-system"] == "metric"
    assert "Bearer" not in repr(request)


def test_an_id_cannot_leave_its_place_in_the_path() -> None:
    assert protocol.ask_attributes("../user?x=1#").path == "/vehicles/..%2Fuser%3Fx%3D1%23"


@pytest.mark.parametrize("name", ANSWERS)
def test_only_has_more_data_says_whether_a_page_follows(name: str) -> None:
    stream = next(each for each in STREAMS if each.name == name.split("/", maxsplit=1)[0])
    page = protocol.read_records(recorded(name), stream)
    assert (page.records, page.has_more) == ANSWERS[name]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b'{"records":{}}', b'{"records":null}', b"\xff", b"<p>"])
def test_an_answer_that_is_not_the_documented_one_is_never_taken_for_empty(body: bytes) -> None:
    with pytest.raises(NotAsPromised):
        protocol.read_records(Response(status=200, headers={}, body=body), TESLA_DAYS)


def test_the_account_calls_are_read() -> None:
    assert protocol.read_user(recorded("user/documented")) == "e0514ef4-5226-11e8-8c13-8f6e8f02e27e"
    assert protocol.read_vehicles(recorded("vehicles/documented")).total == 2
    assert protocol.read_vehicles(recorded("vehicles/no-paging")).total == 1
    assert protocol.read_permissions(recorded("permissions/documented")).entries[-1] == "read_charge_records"
    protocol.read_disconnect(recorded("disconnect/documented"))
    with pytest.raises(NotAsPromised):
        protocol.read_user(recorded("disconnect/documented"))
    with pytest.raises(NotAsPromised):
        protocol.read_vehicles(recorded("user/documented"))
    with pytest.raises(NotAsPromised):
        protocol.read_connections(recorded("user/documented"))


def test_attributes_are_upper_case_make_and_what_is_odd_is_none() -> None:
    assert protocol.read_attributes(recorded("attributes/documented")) == Attributes("TESLA", "Model S", 2014)
    assert protocol.read_attributes(recorded("attributes/lower-case-and-nulls")) == Attributes("MINI", None, None)


@pytest.mark.parametrize("make", ["a/../b", "..", "a=b", "B\nMW", "", " ", "x" * 41, 7])
def test_a_make_that_can_name_no_folder_of_the_lake_is_unknown(make: object) -> None:
    assert (
        protocol.read_attributes(Response(status=200, headers={}, body=json.dumps({"make": make}).encode())).make
        is None
    )


@pytest.mark.parametrize("make", ["Land Rover", "Mercedes-Benz", "\u0160koda"])
def test_a_make_of_several_words_or_letters_of_its_language_is_one(make: str) -> None:
    assert (
        protocol.read_attributes(Response(status=200, headers={}, body=json.dumps({"make": make}).encode())).make
        == make.upper()
    )


def test_connections_tell_when_access_was_granted_under_either_name_and_form() -> None:
    granted = datetime(2026, 6, 22, 12, tzinfo=UTC)
    first = protocol.read_connections(recorded("connections/documented"))
    assert first.cursor == "abc"
    last = protocol.read_connections(recorded("connections/older-created-at-and-last-page"))
    assert last.cursor is None
    numbers = protocol.read_connections(recorded("connections/epoch-milliseconds"))
    for page in (first, last, numbers):
        assert [entry.connected_at for entry in page.entries] == [granted]


@pytest.mark.parametrize(("told", "read"), [("soon", None), (1e30, None), (True, None), ("2026-06-22", NOW)])
def test_a_time_of_consent_that_is_no_instant_is_unknown(told: object, read: datetime | None) -> None:
    instant = read_instant(told)
    assert (instant is None) == (read is None)


def test_streams_are_known_by_make_interface_and_name() -> None:
    def names(make: str | None, *interfaces: str) -> list[str]:
        vehicle = Vehicle("v-1", "o-1", make, None, None, None, NOW, interfaces=interfaces)
        return [stream.name for stream in streams_of(vehicle)]

    assert names("tesla", "v2.0") == ["tesla_days", "tesla_billing"]
    assert names("FORD", "v2.0") == names(None, "v2.0") == []
    assert names("FORD", "v3") == names(None, "v3") == ["v3_records"]
    assert names("BMW", "v2.0", "v3") == ["bmw_records", "v3_records"]


def test_a_connect_url_asks_for_charge_records_and_never_for_the_vin() -> None:
    url = consent.authorize_url(application("https://x.example"), "s-1", make="TESLA")
    assert "scope=read_vehicle_info+read_charge_records" in url
    assert "vin" not in url
    assert "secret" not in url
    assert "state=s-1" in url
    assert "make=TESLA" in url


def test_tokens_are_read_and_their_text_shows_none() -> None:
    pair = auth.read_tokens(recorded("token/documented"), NOW)
    assert (pair.expires_at - NOW).total_seconds() == 7200
    assert pair.access not in repr(pair)
    assert pair.refresh not in str(pair)
    assert auth.read_tokens(recorded("token/no-life-told"), NOW).expires_at > NOW


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("invalid-grant", errors.OwnerMustAct),
        ("invalid-client", errors.ApplicationMustAct),
        ("empty-401", errors.ApplicationMustAct),
        ("invalid-request", errors.OurBug),
        ("html-502", errors.RetryNow),
        ("success-without-refresh-token", errors.RetryNow),
        ("success-that-is-a-list", errors.RetryNow),
    ],
)
def test_a_refused_token_request_says_whose_move_is_next(name: str, kind: type[errors.CollectError]) -> None:
    with pytest.raises(errors.CollectError) as caught:
        auth.read_tokens(recorded(f"token/{name}"), NOW)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("access_denied", errors.OwnerMustAct),
        ("invalid_subscription", errors.OwnerMustAct),
        ("vehicle_incompatible", errors.OwnerMustAct),
        ("no_vehicles", errors.OwnerMustAct),
        ("configuration_error", errors.ApplicationMustAct),
        ("server_error", errors.RetryLater),
        ("something_new", errors.OwnerMustAct),
    ],
)
def test_each_error_of_connect_is_explained_in_a_sentence(name: str, kind: type[errors.CollectError]) -> None:
    url = f"http://127.0.0.1/back?error={name}&error_description=x&vin=WBY1Z2C54FV556566&state=s"
    with pytest.raises(errors.CollectError) as caught:
        consent.read_redirect(url, "s")
    assert type(caught.value) is kind
    assert caught.value.what_to_do.endswith(".")
    assert "WBY1Z2C54FV556566" not in str(caught.value)


def test_a_redirect_of_another_state_gives_no_code() -> None:
    assert consent.read_redirect("http://127.0.0.1/back?code=c-1&state=s", "s") == "c-1"
    for query in ("code=c-1&state=other", "code=c-1", "state=s", "code=&state=s"):
        with pytest.raises(errors.OurBug):
            consent.read_redirect(f"http://127.0.0.1/back?{query}", "s")


def test_a_vehicle_that_does_not_fit_is_told_by_what_it_is_and_never_by_its_vin() -> None:
    vehicle = "vin=WBY1Z2C54FV556566&make=BMW&model=i3+WBY1Z2C54FV556566&year=2014"
    with pytest.raises(errors.OwnerMustAct) as caught:
        consent.read_redirect(f"http://127.0.0.1/back?error=vehicle_incompatible&{vehicle}&state=s", "s")
    assert "vehicle_incompatible (2014 BMW i3 …)" in str(caught.value)
