"""Who is not Smartcar gets nothing: hosts in redirects and cursors, and visitors of the redirect's own server."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from collectors import redirect
from collectors.consent import read_redirect
from collectors.errors import CollectError, OurBug
from collectors.redirect import waiting_for_redirect
from collectors.streams import BMW_RECORDS
from collectors.tokens import TokenPair
from lake.registry import Owner, Vehicle
from tests.collectors.collecting_rig import NOW, new_house, rig, task
from tests.security.conftest import serving

VEHICLE = Vehicle("v-1", "o-1", "BMW", "iX", 2025, "UTC", NOW, ("read_charge_records",))
PAIR = TokenPair(
    access="an-access-token", refresh="a-refresh-token", expires_at=NOW.replace(year=NOW.year + 1), refreshed_at=NOW
)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_another_host_is_not_followed(tmp_path: Path, status: int) -> None:
    visits: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        visits.append(request.headers.get("authorization", ""))
        return web.json_response({"records": []})

    house = new_house(tmp_path)
    house.registry.keep_owner(Owner("o-1", NOW))
    async with serving(elsewhere) as stranger:

        async def moved(_: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": f"{stranger}/v2.0/x"})

        async with serving(moved) as url, rig(house, url) as made:
            made.tokens.keep("o-1", PAIR)
            (outcome,) = await made.collector.collect([task(VEHICLE, BMW_RECORDS)])
            with pytest.raises(CollectError):
                await made.connect.with_code("a-code")
    assert outcome.error is not None
    assert "sends elsewhere" in str(outcome.error)
    assert visits == []


async def test_a_link_in_an_answer_is_only_ever_a_parameter(tmp_path: Path) -> None:
    visits: list[str] = []
    asked: list[tuple[str, str | None]] = []

    async def elsewhere(request: web.Request) -> web.Response:
        visits.append(request.path)
        return web.Response()

    async with serving(elsewhere) as stranger:

        async def paging(request: web.Request) -> web.Response:
            asked.append((request.path, request.query.get("cursor")))
            link = None if request.query.get("cursor") else f"{stranger}/next?limit=1&user_id=2#x"
            return web.json_response({"connections": [], "paging": {"cursor": link, "next": link}, "next": link})

        async with serving(paging) as url, rig(new_house(tmp_path), url) as made:
            assert await made.client.connections() == []
    path = "/v2.0/management/connections"
    assert asked == [(path, None), (path, f"{stranger}/next?limit=1&user_id=2#x")]
    assert visits == []


def belongs(url: str) -> str:
    return read_redirect(url, "s")


# The redirect's own server


@pytest.fixture
def back() -> str:
    return f"http://127.0.0.1:{unused_port()}/callback"


FOREIGN = ("", "?code=c", "?code=c&state=", "?code=c&state=other", "?error=access_denied&state=other",
           "?code=c&state=s%00", "?state=s", "?code=c&state=S", "?code=c&state=s&state=other")  # fmt: skip


@pytest.mark.parametrize("query", FOREIGN)
async def test_a_visitor_without_the_right_state_neither_ends_the_wait_nor_gives_a_code(back: str, query: str) -> None:
    async with waiting_for_redirect(back, belongs) as waiting, aiohttp.ClientSession() as browser:
        async with browser.get(back + query) as answer:
            assert answer.status == 400
        assert not waiting._answer.done()
        async with browser.get(f"{back}?code=the-right-one&state=s") as answer:
            assert "the-right-one" not in await answer.text()
        assert await waiting.answer(5) == "the-right-one"


async def test_what_a_visitor_says_is_not_shown(back: str) -> None:
    script = "<script>alert(1)</script>"
    async with waiting_for_redirect(back, belongs) as waiting, aiohttp.ClientSession() as browser:
        for query in (f"?code={script}&state=other", f"?error={script}&error_description={script}&state=s"):
            async with browser.get(back + query) as answer:
                assert "<script" not in await answer.text()
        with pytest.raises(CollectError) as caught:
            await waiting.answer(5)
    assert "script" not in str(caught.value)


def test_a_sentence_with_markup_would_be_escaped() -> None:
    assert "&lt;b&gt;" in str(redirect._page("<b>", 200).text)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_only_a_browser_that_was_sent_back_is_answered(back: str, method: str) -> None:
    async with waiting_for_redirect(back, belongs) as waiting, aiohttp.ClientSession() as browser:
        async with browser.request(method, f"{back}?code=c&state=s") as answer:
            assert answer.status == 405
        async with browser.get(back.replace("/callback", "/other") + "?code=c&state=s") as answer:
            assert answer.status == 404
        assert not waiting._answer.done()


async def test_it_listens_on_the_loopback_alone(back: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, int]] = []
    start = web.TCPSite.start

    async def noting(site: web.TCPSite) -> None:
        await start(site)
        opened.extend(each.getsockname()[:2] for each in site._server.sockets)

    monkeypatch.setattr(web.TCPSite, "start", noting)
    async with waiting_for_redirect(back, belongs):
        pass
    assert opened == [("127.0.0.1", urlsplit(back).port)]


ELSEWHERE = ("0.0.0.0", "[::]", "192.168.1.2", "app.example", "127.0.0.1.example")  # noqa: S104, they must be refused


@pytest.mark.parametrize("host", ELSEWHERE)
async def test_it_does_not_listen_where_others_could_come(host: str) -> None:
    with pytest.raises(OurBug, match="not on this machine"):
        async with waiting_for_redirect(f"http://{host}:8765/callback", belongs):
            pass
