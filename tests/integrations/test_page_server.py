"""The page's server over real loopback connections: who may pass, what is answered."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from page_site import Site, TokenSite
from yarl import URL

from engine.errors import UserError
from integrations import sample
from integrations.http.access import FAILURES
from integrations.http.live import MOST_PER_SECOND
from integrations.http.scopes import Scope
from integrations.http.server import PageServer


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site(simulated=True) as running:
        yield running


@pytest.fixture
async def guest(site: Site, browser: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """A browser that opened a link."""
    async with browser.get(site.server.new_link()) as answer:
        assert answer.status == 200
    return browser


@pytest.mark.parametrize("path", ["/", "/events", "/about", "/static/app.js", "/nothing", "/open/"])
async def test_without_a_session_everything_is_closed(
    site: Site, browser: aiohttp.ClientSession, path: str
) -> None:
    async with browser.get(site.url + path) as answer:
        assert answer.status == 401
        assert "link" in await answer.text()
        assert "Set-Cookie" not in answer.headers


async def test_without_a_session_no_command_passes(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    async with site.command(browser, {"name": "stop"}) as answer:
        assert answer.status == 401
    assert site.delivered == []


async def test_the_link_sets_a_strict_cookie_and_leads_to_the_page(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    link = site.server.new_link()
    async with browser.get(link, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert link.rpartition("/")[2] not in cookie
    async with browser.get(site.url) as answer:
        assert "<svg" in await answer.text()


async def test_the_link_works_once(site: Site, guest: aiohttp.ClientSession) -> None:
    link = site.server.new_link()
    async with guest.get(link) as answer:
        assert answer.status == 200
    async with (
        aiohttp.ClientSession() as other,
        other.get(link, allow_redirects=False) as answer,
    ):
        assert answer.status == 401
        assert "no longer works" in await answer.text()
    async with guest.get(link) as answer:  # going back to it in the same browser does no harm
        assert answer.status == 200


async def test_a_used_link_opened_from_another_site_still_arrives(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    # The strict cookie is not sent along then; a request of the page's own brings it.
    async with browser.get(site.url, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.headers["Refresh"] == "0; url=/"
    async with browser.get(site.url, headers={"Sec-Fetch-Site": "same-origin"}) as answer:
        assert "Refresh" not in answer.headers


async def test_guessing_comes_to_an_end_and_the_right_link_still_opens(
    site: Site, guest: aiohttp.ClientSession
) -> None:
    link = site.server.new_link()
    async with aiohttp.ClientSession() as guesser:
        for attempt in range(FAILURES):
            async with guesser.get(f"{site.url}/open/guess{attempt}") as answer:
                assert answer.status == 401
        async with guesser.get(f"{site.url}/open/again") as answer:
            assert answer.status == 429
            assert int(answer.headers["Retry-After"]) > 0
        async with guesser.get(link, allow_redirects=False) as answer:
            assert answer.status == 303
    async with guest.get(site.url) as answer:
        assert answer.status == 200


async def test_health_is_open_and_says_nothing_private(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    async with browser.get(f"{site.url}/health") as answer:
        assert (answer.status, await answer.json()) == (503, {"status": "starting"})
    site.show()
    async with browser.get(f"{site.url}/health") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "ok"})
    site.hub.publish(sample.at(time.monotonic() - 60.0))
    async with browser.get(f"{site.url}/health") as answer:
        assert (answer.status, await answer.json()) == (503, {"status": "stuck"})


async def test_the_state_can_be_asked_for_once_with_the_engines_clock(
    site: Site, guest: aiohttp.ClientSession
) -> None:
    async with guest.get(f"{site.url}/state") as answer:
        assert answer.status == 503
    site.show(heading=12.0)
    async with guest.get(f"{site.url}/state") as answer:
        body = await answer.json()
    assert (answer.status, body["heading"], body["alarm"]) == (200, 12.0, "disarmed")
    assert 0.0 <= body["now"] - body["t"] < 60.0


@pytest.mark.parametrize(("scope", "told"), [("view", False), ("control", False), ("admin", True)])
async def test_only_who_may_disarm_hears_that_there_is_a_code(
    tmp_path: Path, browser: aiohttp.ClientSession, scope: str, told: bool
) -> None:
    async with TokenSite(tmp_path, code_wanted=lambda: True) as site:
        headers = site.bearer(Scope(scope))
        async with browser.get(f"{site.url}/about", headers=headers) as answer:
            about = await answer.json()
    assert about["code"] is told
    assert ("disarm" in about["commands"]) is told


async def test_a_name_that_is_not_ours_is_refused(site: Site, guest: aiohttp.ClientSession) -> None:
    for path in ("/", "/health", "/events"):
        async with guest.get(site.url + path, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/about", "/health", "/nothing"])
async def test_every_answer_forbids_storing_framing_and_foreign_code(
    site: Site, guest: aiohttp.ClientSession, path: str
) -> None:
    async with guest.get(site.url + path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_names_no_other_host(site: Site, guest: aiohttp.ClientSession) -> None:
    for name in site.server._static:
        async with guest.get(f"{site.url}/static/{name}") as answer:
            assert answer.status == 200
            text = (await answer.text()).replace("http://www.w3.org/2000/svg", "")
            assert "http:" not in text
            assert "https:" not in text
            assert "//cdn" not in text


async def test_files_outside_are_out_of_reach(site: Site, guest: aiohttp.ClientSession) -> None:
    for path in ("/static/..%2fserver.py", "/static/server.py", "/static/%2e%2e/access.py"):
        async with guest.get(site.url + path) as answer:
            assert answer.status == 404


async def test_a_command_reaches_the_engine_and_its_answer_comes_back(
    site: Site, guest: aiohttp.ClientSession
) -> None:
    body = {"id": "x1", "name": "turn", "arguments": {"heading": 20}}
    async with site.command(guest, body) as answer:
        assert answer.status == 200
        assert await answer.json() == {"id": "x1", "ok": True, "message": "as you say"}
    assert [(c.name, c.arguments) for c in site.delivered] == [("turn", {"heading": 20.0})]


async def test_what_the_engine_refuses_is_said_so(site: Site, guest: aiohttp.ClientSession) -> None:
    site.ok = False
    async with site.command(guest, {"id": "x1", "name": "stop"}) as answer:
        assert answer.status == 409
        assert await answer.json() == {"id": "x1", "ok": False, "message": "as you say"}


async def test_a_bad_command_is_answered_with_its_id(
    site: Site, guest: aiohttp.ClientSession
) -> None:
    async with site.command(guest, {"id": "x1", "name": "explode"}) as answer:
        assert answer.status == 400
        assert (await answer.json())["id"] == "x1"
    assert site.delivered == []


async def test_other_pages_cannot_send_commands(site: Site, guest: aiohttp.ClientSession) -> None:
    for origin in ("http://evil.example", "null", ""):
        async with site.command(guest, {"name": "stop"}, origin=origin) as answer:
            assert answer.status == 403
    form = guest.post(
        f"{site.url}/command",
        data=b'{"name":"stop"}',
        headers={"Origin": site.url, "Content-Type": "text/plain"},
    )
    async with form as answer:
        assert answer.status == 415
    assert site.delivered == []


async def test_too_large_a_command_is_refused(site: Site, guest: aiohttp.ClientSession) -> None:
    async with site.command(guest, {"name": "x" * 100_000}) as answer:
        assert answer.status in {400, 413}
    assert site.delivered == []


async def test_a_real_shutter_has_no_command(browser: aiohttp.ClientSession) -> None:
    async with Site(simulated=False) as site:
        await (await browser.get(site.server.new_link())).read()
        async with browser.get(f"{site.url}/about") as answer:
            assert "shutter" not in (await answer.json())["commands"]
        body = {"name": "shutter", "arguments": {"state": "closed"}}
        async with site.command(browser, body) as answer:
            assert answer.status == 400
        assert site.delivered == []


async def _next(stream: aiohttp.StreamReader) -> dict[str, object]:
    while True:
        line = await stream.readline()
        assert line, "the stream ended"
        if line.startswith(b"data: "):
            body: dict[str, object] = json.loads(line[6:])
            return body


async def test_events_are_changes_only_the_newest_and_not_too_many(
    site: Site, guest: aiohttp.ClientSession
) -> None:
    site.show(heading=1.0)
    async with guest.get(f"{site.url}/events") as answer:
        assert answer.content_type == "text/event-stream"
        assert (await _next(answer.content))["heading"] == 1.0
        started = time.monotonic()
        for step in range(200):
            site.show(heading=float(step))
            await asyncio.sleep(0.002)
        site.show(heading=999.0)
        received = 0
        while (await _next(answer.content))["heading"] != 999.0:
            received += 1
        assert received <= MOST_PER_SECOND * (time.monotonic() - started) + 1
        same = site.hub.states.value
        assert same is not None
        site.hub.publish(replace(same, t=same.t + 1.0))
        site.hub.publish(replace(same, t=same.t + 2.0, heading=5.0))
        assert (await _next(answer.content))["heading"] == 5.0


async def test_a_browser_that_does_not_read_gets_the_newest_afterwards_and_not_the_past(
    site: Site, guest: aiohttp.ClientSession
) -> None:
    cookie = guest.cookie_jar.filter_cookies(URL(site.url)).output(header="", sep=";").strip()
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", site.server.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=65536)
    host = f"127.0.0.1:{site.server.port}"
    writer.write(f"GET /events HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode())
    # Each snapshot is larger than every buffer on the way.
    long = "x" * 8_000_000
    shown = 0
    for shown in range(30):
        site.show(heading=float(shown), problems=(long,))
        await asyncio.sleep(0.1)
    tail = b""
    headings: list[float] = []
    async with asyncio.timeout(60):
        while not headings or headings[-1] != shown:
            tail = tail[-40:] + await reader.read(65536)
            found = [float(each) for each in re.findall(rb'"heading":([\d.]+),', tail)]
            headings += [each for each in found if each not in headings]
    assert len(headings) <= 3
    writer.close()


async def test_stopping_ends_the_streams_at_once(site: Site, guest: aiohttp.ClientSession) -> None:
    site.show()
    answer = await guest.get(f"{site.url}/events")
    await _next(answer.content)
    async with asyncio.timeout(2.0):
        await site.server.stop()
    with pytest.raises(aiohttp.ClientError):
        async with aiohttp.ClientSession() as other, other.get(f"{site.url}/health"):
            pass
    answer.close()


async def test_a_taken_port_names_itself_and_the_remedy(site: Site) -> None:
    second = PageServer(port=site.server.port)
    with pytest.raises(UserError, match=rf"http.port {site.server.port} is in use.*http.port"):
        await second.start(site.hub.states, site.hub.submit)


async def test_a_host_that_is_not_this_machine_names_itself_and_the_remedy(site: Site) -> None:
    with pytest.raises(UserError, match=r"http.host 192.0.2.1.*127.0.0.1"):
        await PageServer(host="192.0.2.1", port=0).start(site.hub.states, site.hub.submit)
