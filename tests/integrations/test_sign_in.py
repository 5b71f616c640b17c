"""Signing in with a token: a session of its scope, on this page only, until one of them ends."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from page_site import TokenSite

from integrations import sample
from integrations.http.access import FAILURES, MOST_SESSIONS
from integrations.http.answers import TOKEN_FIELD
from integrations.http.scopes import Scope

PROXY = "https://cam.example.org"
FORM = "application/x-www-form-urlencoded"
HANG = 20.0  # s; a guard


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[TokenSite]:
    async with TokenSite(tmp_path, public=PROXY) as made:
        made.hub.publish(sample.at(4.9))
        yield made


async def sign_in(site: TokenSite, browser: aiohttp.ClientSession, token: str) -> int:
    """The status of what it leads to."""
    async with browser.post(
        f"{site.url}/sign-in", data={TOKEN_FIELD: token}, headers=site.here
    ) as answer:
        return answer.status


async def about(site: TokenSite, browser: aiohttp.ClientSession) -> tuple[int, str]:
    async with browser.get(f"{site.url}/about") as answer:
        return answer.status, (await answer.json())["scope"] if answer.status == 200 else ""


@pytest.mark.parametrize("scope", Scope)
async def test_a_token_opens_the_page_with_its_scope(
    site: TokenSite, browser: aiohttp.ClientSession, scope: Scope
) -> None:
    assert await sign_in(site, browser, f" {site.tokens[scope]}\n") == 200
    assert await about(site, browser) == (200, str(scope))
    (cookie,) = list(browser.cookie_jar)
    assert (cookie["samesite"], cookie["httponly"]) == ("Strict", True)
    assert site.tokens[scope] not in cookie.value


async def test_the_page_without_a_session_asks_for_a_token(
    site: TokenSite, browser: aiohttp.ClientSession
) -> None:
    async with browser.get(f"{site.url}/") as answer:
        assert answer.status == 401
        assert 'type="password"' in await answer.text()
        # Without a referrer a browser would send the form as of nowhere, and be refused.
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "form-action 'self'" in answer.headers["Content-Security-Policy"]


async def test_a_revoked_token_s_session_is_over(
    site: TokenSite, browser: aiohttp.ClientSession
) -> None:
    assert await sign_in(site, browser, site.tokens[Scope.CONTROL]) == 200
    site.store.revoke("a control")
    assert await about(site, browser) == (401, "")
    site.store.make("a control", Scope.CONTROL)  # the same name, and another token
    assert await about(site, browser) == (401, "")


async def test_signing_out_ends_the_session_and_not_the_token(
    site: TokenSite, browser: aiohttp.ClientSession
) -> None:
    await sign_in(site, browser, site.tokens[Scope.VIEW])
    kept = {cookie.key: cookie.value for cookie in browser.cookie_jar}
    async with browser.post(f"{site.url}/leave", headers=site.here) as answer:
        assert answer.status == 204
    assert await about(site, browser) == (401, "")
    async with browser.get(f"{site.url}/about", cookies=kept) as answer:
        assert answer.status == 401, "the cookie that somebody kept opens nothing"
    assert await sign_in(site, browser, site.tokens[Scope.VIEW]) == 200


async def ended(events: aiohttp.ClientResponse) -> bool:
    """Whether a stream of states is closed by the server."""
    async with asyncio.timeout(HANG):
        while await events.content.read(65536):
            pass
    return True


async def test_a_stream_of_states_ends_with_its_token_and_with_its_session(
    site: TokenSite, browser: aiohttp.ClientSession
) -> None:
    await sign_in(site, browser, site.tokens[Scope.VIEW])
    async with browser.get(f"{site.url}/events") as events:
        await events.content.readline()
        site.store.revoke("a view")
        assert await ended(events)
    await sign_in(site, browser, site.tokens[Scope.CONTROL])
    async with browser.get(f"{site.url}/events") as events:
        await events.content.readline()
        async with browser.post(f"{site.url}/leave", headers=site.here):
            pass
        assert await ended(events)


async def test_whoever_may_only_look_throws_nobody_out(
    site: TokenSite, browser: aiohttp.ClientSession
) -> None:
    async with browser.get(site.server.new_link()):
        pass
    async with aiohttp.ClientSession() as other:
        for _ in range(MOST_SESSIONS + 1):
            assert await sign_in(site, other, site.tokens[Scope.VIEW]) == 401  # keeps no cookie
    assert await about(site, browser) == (200, "admin")


async def test_signing_in_again_ends_what_this_browser_had_before(
    site: TokenSite, browser: aiohttp.ClientSession
) -> None:
    await sign_in(site, browser, site.tokens[Scope.ADMIN])
    kept = {cookie.key: cookie.value for cookie in browser.cookie_jar}
    await sign_in(site, browser, site.tokens[Scope.VIEW])
    assert await about(site, browser) == (200, "view")
    async with aiohttp.ClientSession(cookies=kept) as before:
        assert await about(site, before) == (401, "")


async def test_a_notification_s_link_leaves_this_browser_its_own_session(
    site: TokenSite, browser: aiohttp.ClientSession
) -> None:
    wall, now = [2e9], [1000.0]
    site.server.access.wall, site.server.access.now = lambda: wall[0], lambda: now[0]
    await sign_in(site, browser, site.tokens[Scope.ADMIN])
    async with browser.get(site.server.new_ticket(60.0)) as answer:
        assert answer.status == 200
    assert await about(site, browser) == (200, "admin")
    now[0] += 61.0
    assert await about(site, browser) == (200, "admin")


async def test_a_notification_s_link_lets_a_viewer_turn_the_head_for_a_while(
    site: TokenSite, browser: aiohttp.ClientSession
) -> None:
    now = [1000.0]
    site.server.access.now = lambda: now[0]
    await sign_in(site, browser, site.tokens[Scope.VIEW])
    async with browser.get(site.server.new_ticket(60.0)):
        pass
    assert await about(site, browser) == (200, "control")
    now[0] += 61.0
    assert await about(site, browser) == (200, "view")


async def test_signing_out_and_signing_in_end_a_notification_s_session_too(
    site: TokenSite, browser: aiohttp.ClientSession
) -> None:
    link = site.server.new_ticket(60.0)
    await sign_in(site, browser, site.tokens[Scope.VIEW])
    async with browser.get(link):
        pass
    await sign_in(site, browser, site.tokens[Scope.VIEW])
    assert await about(site, browser) == (200, "view")
    async with browser.get(link):
        pass
    async with browser.post(f"{site.url}/leave", headers=site.here) as answer:
        assert answer.status == 204
    assert await about(site, browser) == (401, "")


async def test_the_head_of_a_page_is_for_whoever_may_have_the_page(
    site: TokenSite, browser: aiohttp.ClientSession
) -> None:
    words = base64.b64encode(f"anybody:{site.tokens[Scope.VIEW]}".encode()).decode()
    login = {"Authorization": f"Basic {words}"}
    for ask in (browser.get, browser.head):
        async with ask(f"{site.url}/state", headers=login) as answer:
            assert answer.status in {200, 503}, "503: the engine has said nothing yet"


async def test_cookies_of_before_a_restart_keep_nobody_from_signing_in(
    site: TokenSite, browser: aiohttp.ClientSession
) -> None:
    name = f"heliotrope_{site.server.port}"
    for _ in range(FAILURES + 2):
        async with browser.get(f"{site.url}/", cookies={name: "of-before"}) as answer:
            assert answer.status == 401
            assert 'type="password"' in await answer.text()
            assert not answer.cookies[name].value


@pytest.mark.parametrize("path", ["/sign-in", "/night"])
async def test_the_form_is_found_from_the_addresses_that_people_keep(
    site: TokenSite, browser: aiohttp.ClientSession, path: str
) -> None:
    async with browser.get(site.url + path) as answer:
        assert 'action="/sign-in"' in await answer.text()


@pytest.mark.parametrize("host", ["cam.example.org", None])
async def test_it_works_behind_the_owner_s_proxy_whatever_that_makes_of_the_host(
    site: TokenSite, browser: aiohttp.ClientSession, host: str | None
) -> None:
    headers = {"Origin": PROXY} | ({"Host": host} if host else {})
    data = {TOKEN_FIELD: site.tokens[Scope.VIEW]}
    async with browser.post(
        f"{site.url}/sign-in", data=data, headers=headers, allow_redirects=False
    ) as answer:
        assert answer.status == 303


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://cam.example.org"])
async def test_no_other_page_signs_anybody_in_or_out(
    site: TokenSite, browser: aiohttp.ClientSession, origin: str | None
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    data = {TOKEN_FIELD: site.tokens[Scope.ADMIN]}
    async with browser.post(f"{site.url}/sign-in", data=data, headers=headers) as answer:
        assert answer.status == 403
    assert not list(browser.cookie_jar)
    await sign_in(site, browser, site.tokens[Scope.VIEW])
    async with browser.post(f"{site.url}/leave", headers=headers) as answer:
        assert answer.status == 403
    assert await about(site, browser) == (200, "view")


async def test_guessing_comes_to_an_end_and_a_right_token_still_opens(
    site: TokenSite, browser: aiohttp.ClientSession
) -> None:
    statuses = [await sign_in(site, browser, f"helio_{n}") for n in range(FAILURES + 1)]
    assert statuses == [401] * FAILURES + [429]
    assert await sign_in(site, browser, site.tokens[Scope.VIEW]) == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FORM),
        (b"token=%ff%fe", FORM),
        (b"\xff\xfe\xfd", FORM),
        (b"token=a&token=b", FORM),
        (b"token=a", f"{FORM}; charset=no-such"),
        (b'{"token": "a"}', "application/json"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
    ],
)
async def test_what_is_no_form_of_ours_opens_nothing(
    site: TokenSite, browser: aiohttp.ClientSession, body: bytes, kind: str
) -> None:
    headers = {**site.here, "Content-Type": kind}
    async with browser.post(f"{site.url}/sign-in", data=body, headers=headers) as answer:
        assert answer.status == 401
    assert not list(browser.cookie_jar)
