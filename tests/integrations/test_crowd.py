"""Too many connections at the page's server: strangers go, whoever was let in stays."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp
import pytest
from page_site import Site

from integrations.http import crowd, door
from integrations.http.crowd import MOST_CONNECTIONS

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site(simulated=True) as running:
        running.show()
        yield running


@asynccontextmanager
async def silent(site: Site, many: int, source: str = "127.0.0.1") -> AsyncIterator[list[Ends]]:
    """Connections from `source` that say nothing, in the order in which they came."""
    ends: list[Ends] = []
    try:
        port, local = site.server.port, (source, 0)
        ends += [
            await asyncio.open_connection("127.0.0.1", port, local_addr=local) for _ in range(many)
        ]
        yield ends
    finally:
        for _, writer in ends:
            writer.close()


async def closed(reader: asyncio.StreamReader, seconds: float = 5.0) -> bool:
    """Whether the other side closes it without a word."""
    try:
        async with asyncio.timeout(seconds):
            return await reader.read(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


async def test_silent_connections_are_counted_and_do_not_keep_others_out(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    async with silent(site, 3 * MOST_CONNECTIONS):
        async with browser.get(site.server.new_link()) as answer:
            assert answer.status == 200
        async with browser.get(f"{site.url}/state") as answer:
            assert answer.status == 200
        assert len(site.server.door.crowd) <= MOST_CONNECTIONS


async def test_who_was_let_in_is_not_thrown_out_by_strangers(
    site: Site, browser: aiohttp.ClientSession
) -> None:
    async with browser.get(site.server.new_link()) as answer:
        assert answer.status == 200
    async with browser.get(f"{site.url}/events") as stream:
        assert (await stream.content.readline()).startswith(b"data: ")
        async with silent(site, 2 * MOST_CONNECTIONS) as ends:
            assert await closed(ends[0][0])
            site.show(heading=33.0)
            async with asyncio.timeout(5.0):
                while b'"heading":33.0' not in await stream.content.readline():
                    pass


async def test_the_address_that_has_the_most_goes_first(site: Site) -> None:
    async with AsyncExitStack() as both:
        few = await both.enter_async_context(silent(site, 2, "127.0.0.2"))
        many = await both.enter_async_context(silent(site, MOST_CONNECTIONS, "127.0.0.3"))
        assert await closed(many[0][0])
        assert await closed(many[1][0])
        assert not any(await asyncio.gather(*(closed(reader, 0.2) for reader, _ in few)))


async def test_where_everybody_was_let_in_the_new_one_has_to_go(
    site: Site, browser: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.server.door.crowd, "_most", 1)
    async with browser.get(site.server.new_link()) as answer:
        assert answer.status == 200
    async with browser.get(f"{site.url}/events") as stream:
        assert (await stream.content.readline()).startswith(b"data: ")
        async with silent(site, 1) as ends:
            assert await closed(ends[0][0])


async def test_being_full_is_told_once_and_names_the_address(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "integrations.http.crowd"):
        async with silent(site, MOST_CONNECTIONS + 5) as ends:
            assert await closed(ends[4][0])
    assert [record.getMessage() for record in caplog.records] == [
        f"the page has {MOST_CONNECTIONS} connections: more are closed, first those of 127.0.0.1"
    ]


@pytest.mark.parametrize("begun", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-"])
async def test_a_head_that_does_not_arrive_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(crowd, "IDLE_SECONDS", 0.2)
    async with Site() as site, silent(site, 1) as [(reader, writer)]:
        writer.write(begun)
        assert await closed(reader)


async def test_a_head_that_drips_is_not_waited_for_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "IDLE_SECONDS", 0.3)

    async def drip(writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            writer.write(b"GET / HTTP/1.1\r\n")
            while True:
                writer.write(b"X: y\r\n")
                await writer.drain()
                await asyncio.sleep(0.02)

    async with Site() as site, silent(site, 1) as [(reader, writer)]:
        dripping = asyncio.create_task(drip(writer))
        assert await closed(reader)
        dripping.cancel()


async def test_a_token_that_does_not_arrive_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "TYPED_SECONDS", 0.1)
    async with silent(site, 1) as [(reader, writer)]:
        writer.write(
            f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{site.server.port}\r\n"
            f"Origin: http://127.0.0.1:{site.server.port}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\n".encode()
        )
        async with asyncio.timeout(5.0):
            assert b"408" in await reader.readline()
