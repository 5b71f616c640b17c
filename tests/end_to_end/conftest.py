"""Fixtures of real peers: Mosquitto with passwords, Home Assistant connected to it, a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from home_assistant import HomeAssistant
from mosquitto import Broker
from page_browser import ARGUMENTS, PATIENCE, Engine


@pytest.fixture(scope="module")
def broker(
    part: Callable[[str], str | Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """A real Mosquitto on loopback with a password for `home` and one for `device`."""
    mosquitto = str(part("mosquitto"))
    with Broker(tmp_path_factory.mktemp("mosquitto"), mosquitto) as running:
        yield running


@pytest.fixture(scope="module")
def home_assistant(
    part: Callable[[str], str | Path],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[HomeAssistant]:
    """A real Home Assistant, onboarded, its MQTT integration connected to `broker`."""
    hass = Path(part("homeassistant"))
    broker: Broker = request.getfixturevalue("broker")
    home = HomeAssistant(hass, tmp_path_factory.mktemp("homeassistant"), broker)
    home.prepare()
    home.start()
    try:
        asyncio.run(home.onboard())
        yield home
    finally:
        home.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def engine() -> AsyncIterator[Engine]:
    running = Engine()
    await running.start()
    running.show()
    yield running
    await running.server.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(part: Callable[[str], str | Path]) -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        program = await playwright.chromium.launch(
            executable_path=str(part("chromium")), args=ARGUMENTS
        )
        yield program
        await program.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Any, engine: Engine) -> AsyncIterator[Any]:
    """The open page; whatever it complains of fails the test that used it."""
    context = await browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    complaints: list[str] = []
    elsewhere: list[str] = []
    page.on("console", lambda line: complaints.append(line.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: elsewhere.append(request.url))
    await page.goto(engine.server.new_link())
    await page.wait_for_selector("g.person.primary")
    yield page
    await context.close()
    # The browser itself reports a server that is gone and an answer that is a refusal.
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []
    assert [url for url in elsewhere if not url.startswith(engine.server.url)] == []
