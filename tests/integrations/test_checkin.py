"""The live view and the door before it, over real loopback connections."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from page_site import TokenSite

from alerts.evidence import EvidenceStore
from alerts.history import Past
from engine.core.types import ShutterState
from integrations.commands import VERBS
from integrations.http.access import FAILURES
from integrations.http.checkin import LiveView
from integrations.http.night import NightPages
from integrations.http.scopes import Scope

HANG = 20.0  # s; a guard
FRAME = b"\xff\xd8" + b"a picture" * 100 + b"\xff\xd9"
STILL = "heliotrope-x-1-17f.jpg"


async def a_night(_start: float, _end: float, _most: int) -> list[Past]:
    return [Past(1000.0, "alert", "person", 12.0, "near the sofa")]


class Site(TokenSite):
    """A site with a night, and with a camera that a test turns by hand."""

    def __init__(self, folder: Path) -> None:
        self.seen: list[tuple[tuple[str, ...], str, bool]] = []
        self.live = LiveView(lambda all_, who, came: self.seen.append((all_, who, came)))
        self.evidence = EvidenceStore(folder, 7.0, 10.0, time.time)
        self.evidence.folder.mkdir()
        (self.evidence.folder / STILL).write_bytes(FRAME)
        night = NightPages(a_night, self.evidence)
        super().__init__(folder, live=self.live, simulated=True, more=night.routes())
        self.turning: asyncio.Task[None] | None = None
        self.offered = 0

    async def turn_camera(self) -> None:
        """Frames as the camera loop gives them: only while somebody wants them."""
        while True:
            if self.live.wants(None):
                self.offered += 1
                self.live.offer(time.monotonic(), FRAME, None)
            await asyncio.sleep(0.01)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path)
    made.show()
    async with made:
        made.turning = asyncio.create_task(made.turn_camera())
        yield made
        made.turning.cancel()


async def until(done: object) -> None:
    async with asyncio.timeout(HANG):
        while not done():  # type: ignore[operator]  # noqa: ASYNC110
            await asyncio.sleep(0.01)


# ---------------------------------------------------------------------- the door


def sample_of(path: str) -> str:
    return path.replace("{file}", "app.js").replace("{name}", STILL)


async def walk(site: Site) -> list[tuple[str, str, Scope | None]]:
    """Method, address and wanted scope of everything that the running server answers."""
    runner = site.server._runner
    assert runner is not None
    assert runner.app is not None
    table = {(route.method, route.path): route.wants for route in site.server.routes()}
    found = []
    for route in runner.app.router.routes():
        assert route.resource is not None
        path = route.resource.canonical
        method = "GET" if route.method == "HEAD" else route.method
        # A KeyError here is a route that the table does not know.
        found.append((route.method, path, table[(method, path)]))
    return found


async def test_every_route_is_closed_to_every_scope_below_its_own(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    walked = set()
    for method, path, wants in await walk(site):
        if wants is None:
            continue
        for held in (None, *Scope):
            headers = {} if held is None else site.bearer(held)
            async with browser.request(
                method, site.url + sample_of(path), headers=headers, allow_redirects=False
            ) as answer:
                passed = answer.status not in (401, 403, 429)
                body = b"" if path in ("/events", "/camera/stream") else await answer.read()
            assert passed == (held is not None and held.covers(wants)), (method, path, held)
            assert passed or (FRAME not in body and b"sofa" not in body), (method, path, held)
            walked.add((path, held))
    assert {path for path, _ in walked} >= {
        *("/", "/night", "/static/{file}", "/about", "/events", "/command"),
        *("/camera/still", "/camera/stream"),
        *("/history", "/history.csv", "/evidence/{name}", "/evidence/delete"),
    }


async def test_what_happened_and_its_pictures_open_to_a_viewer_and_are_deleted_by_an_admin(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    for path, holds in (
        ("/history", b"sofa"),
        ("/history.csv", b"sofa"),
        (f"/evidence/{STILL}", FRAME),
    ):
        async with browser.get(site.url + path, headers=site.bearer(Scope.VIEW)) as answer:
            assert answer.status == 200
            assert holds in await answer.read()
    for scope, there in ((Scope.VIEW, True), (Scope.CONTROL, True), (Scope.ADMIN, False)):
        headers = site.bearer(scope)
        async with browser.post(f"{site.url}/evidence/delete", headers=headers) as answer:
            assert (answer.status == 403) is there
        assert (site.evidence.path(STILL) is not None) is there


ALARM_COMMANDS = ("arm", "disarm")
"""And whatever else undoes the alarm or forgets: not for whoever may only turn the head."""


async def test_every_command_is_closed_to_every_scope_below_its_own(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    least: dict[str, Scope] = {}
    for name in VERBS:
        for held in Scope:
            async with browser.post(
                f"{site.url}/command", json={"name": name}, headers=site.bearer(held)
            ) as answer:
                # 400: let in, and its arguments are missing; refused is refused before that.
                if answer.status != 403:
                    least.setdefault(name, held)
    assert Scope.VIEW not in least.values()
    assert {least[name] for name in ALARM_COMMANDS} == {Scope.ADMIN}
    assert {command.name for command in site.delivered} <= set(VERBS)
    async with browser.get(f"{site.url}/about", headers=site.bearer(Scope.VIEW)) as answer:
        assert (await answer.json())["commands"] == []


async def test_only_health_and_the_ways_in_want_nothing(site: Site) -> None:
    open_ones = {route.path for route in site.server.routes() if route.wants is None}
    assert open_ones == {"/health", "/open/{token}", "/look/{ticket}", "/sign-in"}


@pytest.mark.parametrize("path", ["/open/guess", "/look/guess", "/look/9999999999.x.y"])
async def test_a_link_that_was_guessed_opens_nothing(
    site: Site, browser: aiohttp.ClientSession, path: str
) -> None:
    async with browser.get(site.url + path) as answer:
        assert answer.status == 401
    async with browser.get(f"{site.url}/") as answer:
        assert answer.status == 401


async def test_a_password_looks_and_does_no_more(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    words = base64.b64encode(f"anybody:{site.tokens[Scope.ADMIN]}".encode()).decode()
    login = {"Authorization": f"Basic {words}"}
    async with browser.get(f"{site.url}/camera/still", headers=login) as answer:
        assert (answer.status, await answer.read()) == (200, FRAME)
    async with browser.post(
        f"{site.url}/command", json={"name": "stop"}, headers={**login, **site.here}
    ) as answer:
        assert answer.status == 403
    assert site.delivered == []


async def test_a_program_with_a_token_needs_no_origin_and_a_browser_does(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    body = {"name": "stop"}
    async with browser.post(
        f"{site.url}/command", json=body, headers=site.bearer(Scope.CONTROL)
    ) as answer:
        assert answer.status == 200
    async with browser.get(site.server.new_link()):
        pass
    async with browser.post(f"{site.url}/command", json=body) as answer:
        assert answer.status == 403


async def test_a_token_for_control_turns_and_does_not_disarm(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    for name, arguments, status in (("turn", {"heading": 5}, 200), ("disarm", {}, 403)):
        async with browser.post(
            f"{site.url}/command",
            json={"name": name, "arguments": arguments},
            headers=site.bearer(Scope.CONTROL),
        ) as answer:
            assert answer.status == status
    assert [command.name for command in site.delivered] == ["turn"]


async def test_wrong_tokens_come_to_an_end(site: Site, browser: aiohttp.ClientSession) -> None:
    statuses = []
    for n in range(FAILURES + 1):
        async with browser.get(f"{site.url}/", headers={"Authorization": f"Bearer x{n}"}) as answer:
            statuses.append(answer.status)
    assert statuses == [401] * FAILURES + [429]
    async with browser.get(f"{site.url}/", headers=site.bearer(Scope.VIEW)) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "169.254.169.254"])
async def test_another_name_for_our_address_gets_nothing_of_any_route(
    site: Site, browser: aiohttp.ClientSession, host: str
) -> None:
    headers = {**site.bearer(Scope.ADMIN), "Host": host}
    for method, path, _ in await walk(site):
        async with browser.request(method, site.url + sample_of(path), headers=headers) as answer:
            assert answer.status == 403, (method, path)
    assert site.evidence.path(STILL) is not None
    assert site.delivered == []


async def test_a_notification_s_link_looks_and_turns_for_a_while(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    wall = [2e9]
    site.server.access.wall = lambda: wall[0]
    link = site.server.new_ticket(60.0)
    async with browser.get(link) as answer:
        assert answer.status == 200
        assert answer.url.query_string == "look"
    headers = site.here
    for name, status in (("centre", 200), ("disarm", 403)):
        body = {"name": name}
        async with browser.post(f"{site.url}/command", json=body, headers=headers) as answer:
            assert answer.status == status
    wall[0] += 61.0
    async with browser.get(link, allow_redirects=False) as answer:
        assert answer.status == 401


@pytest.mark.parametrize(("path", "name"), [("/history", "as_json"), ("/history.csv", "as_csv")])
async def test_a_long_night_is_written_out_beside_the_loop(
    site: Site,
    browser: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    name: str,
) -> None:
    wrote: dict[int, int] = {}

    def write(events: list[Past]) -> str:
        wrote[len(events)] = threading.get_ident()
        return "[]"

    monkeypatch.setattr(f"integrations.http.night.{name}", write)
    async with browser.get(site.url + path, headers=site.bearer(Scope.VIEW)) as answer:
        assert answer.status == 200
    assert wrote[1] != threading.get_ident()


# ----------------------------------------------------------------- the live view


async def frames(answer: aiohttp.ClientResponse, count: int) -> None:
    reader = aiohttp.MultipartReader.from_response(answer)
    for _ in range(count):
        part = await reader.next()
        assert isinstance(part, aiohttp.BodyPartReader)
        assert part.headers["Content-Type"] == "image/jpeg"
        assert await part.read() == FRAME


async def test_the_stream_is_mjpeg_and_everybody_can_see_who_looks(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    async with browser.get(f"{site.url}/camera/stream", headers=site.bearer(Scope.VIEW)) as answer:
        assert answer.content_type == "multipart/x-mixed-replace"
        await frames(answer, 3)
        assert site.live.viewers == ("a view",)
    await until(lambda: not site.live.viewers)
    assert site.seen == [(("a view",), "a view", True), ((), "a view", False)]


async def test_without_a_viewer_no_frame_is_wanted(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    await asyncio.sleep(0.1)
    assert site.offered == 0
    async with browser.get(f"{site.url}/camera/still", headers=site.bearer(Scope.VIEW)) as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
    await until(lambda: not site.live.wants(None))
    before = site.offered
    await asyncio.sleep(0.1)
    assert site.offered == before


async def stills(site: Site, browser: aiohttp.ClientSession, count: int) -> None:
    for _ in range(count):
        async with browser.get(
            f"{site.url}/camera/still", headers=site.bearer(Scope.VIEW)
        ) as answer:
            assert answer.status == 200


async def test_stills_that_follow_one_another_are_one_visit(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    await stills(site, browser, 5)
    assert site.seen == [(("a view",), "a view", True)]
    assert site.live.viewers == ("a view",)
    # Only whoever waits for a picture takes a place.
    assert site.live.waiting == 0
    await site.server.stop()
    assert site.seen[1:] == [((), "a view", False)]


async def test_a_visit_of_stills_is_over_a_while_after_the_last(
    site: Site, browser: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.http.checkin.LINGER_SECONDS", 0.01)
    for count in (1, 2):
        await stills(site, browser, 1)
        await until(lambda: not site.live.viewers)
        assert site.seen == [(("a view",), "a view", True), ((), "a view", False)] * count


async def test_the_shutter_ends_a_visit_of_stills_at_once(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    await stills(site, browser, 1)
    edge = threading.Thread(target=site.live.drop)
    edge.start()
    edge.join()
    await until(lambda: not site.live.viewers)
    assert [came for _, _, came in site.seen] == [True, False]


async def test_the_shutter_ends_every_stream_from_its_own_thread(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    async with browser.get(f"{site.url}/camera/stream", headers=site.bearer(Scope.VIEW)) as answer:
        await frames(answer, 1)
        site.show(shutter=ShutterState.CLOSED)
        assert site.turning is not None
        site.turning.cancel()
        edge = threading.Thread(target=site.live.drop)
        edge.start()
        edge.join()
        # The end may be one that cuts a frame: that one is of before.
        with pytest.raises((aiohttp.ClientError, AssertionError, ValueError)):
            async with asyncio.timeout(HANG):
                await frames(answer, 1000)
    assert site.live.viewers == ()
    async with browser.get(f"{site.url}/camera/still", headers=site.bearer(Scope.VIEW)) as answer:
        assert answer.status == 503
        assert "shutter" in await answer.text()


async def test_a_revoked_token_s_stream_ends(site: Site, browser: aiohttp.ClientSession) -> None:
    async with browser.get(f"{site.url}/camera/stream", headers=site.bearer(Scope.VIEW)) as answer:
        await frames(answer, 1)
        site.store.revoke("a view")
        async with asyncio.timeout(HANG):
            await until(lambda: not site.live.viewers)


async def test_a_viewer_who_reads_nothing_costs_nobody_anything(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    site.live.offer(0.0, b"", None)
    async with browser.get(f"{site.url}/camera/stream", headers=site.bearer(Scope.VIEW)) as answer:
        await frames(answer, 1)
        assert answer.connection is not None
        assert answer.connection.transport is not None
        answer.connection.transport.pause_reading()  # type: ignore[attr-defined]
        begun = site.offered
        await until(lambda: site.offered > begun + 20)
        async with browser.get(
            f"{site.url}/camera/stream", headers=site.bearer(Scope.CONTROL)
        ) as other:
            await frames(other, 5)


async def test_a_camera_without_pictures_is_said(
    site: Site, browser: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.http.checkin.FIRST_FRAME_SECONDS", 0.05)
    assert site.turning is not None
    site.turning.cancel()
    for path in ("/camera/still", "/camera/stream"):
        async with browser.get(site.url + path, headers=site.bearer(Scope.VIEW)) as answer:
            assert answer.status == 503
            assert "no picture" in await answer.text()
