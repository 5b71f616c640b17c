"""The page through Home Assistant's Ingress: one address needs no link, and nobody else has it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from page_site import Site

from integrations import sample

INGRESS = "127.0.0.2"
OUTSIDE = {"Host": "home.example:8123", "X-Ingress-Path": "/api/hassio_ingress/abc"}


@pytest.fixture
async def page() -> AsyncIterator[Site]:
    async with Site(ingress_from=INGRESS) as made:
        made.hub.publish(sample.at(1.0))
        yield made


def coming_from(address: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0)))


async def test_ingress_needs_no_link_and_may_be_any_host(page: Site) -> None:
    async with coming_from(INGRESS) as session:
        for path in ("/", "/static/app.js", "/about"):
            async with session.get(page.url + path, headers=OUTSIDE) as answer:
                assert answer.status == 200
                assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
                assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]


async def test_a_command_through_ingress_reaches_the_engine(page: Site) -> None:
    async with coming_from(INGRESS) as session:
        body = {"name": "stop"}
        url = f"{page.url}/command"
        async with session.post(url, json=body, headers=OUTSIDE) as answer:
            assert answer.status == 200
        elsewhere = {**OUTSIDE, "Sec-Fetch-Site": "cross-site"}
        async with session.post(url, json=body, headers=elsewhere) as answer:
            assert answer.status == 403
    assert [command.name for command in page.delivered] == ["stop"]


@pytest.mark.parametrize(
    "headers",
    [
        OUTSIDE,
        {"X-Forwarded-For": INGRESS, "X-Ingress-Path": "/x", "X-Real-IP": INGRESS},
        {"Forwarded": f"for={INGRESS}", "X-Remote-User-Id": "1"},
    ],
)
async def test_headers_make_nobody_ingress(page: Site, headers: dict[str, str]) -> None:
    url = f"{page.url}/about"
    async with coming_from("127.0.0.1") as session, session.get(url, headers=headers) as answer:
        assert answer.status in {401, 403}
        assert answer.headers["X-Frame-Options"] == "DENY"


async def test_the_page_loads_everything_relative_to_where_it_is(page: Site) -> None:
    async with coming_from(INGRESS) as session:
        async with session.get(page.url, headers=OUTSIDE) as answer:
            html = await answer.text()
        assert 'href="/' not in html
        assert 'src="/' not in html
        for script in ("app.js", "live.js", "panel.js", "room.js"):
            async with session.get(f"{page.url}/static/{script}") as answer:
                assert 'fetch("/' not in await answer.text()
