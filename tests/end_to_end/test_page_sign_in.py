"""Signing in on a phone, in a real browser: with a token, and out again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from page_browser import PATIENCE, Engine, text, until

from integrations.http.scopes import Scope
from integrations.http.tokens import TokenStore

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.xdist_group("chromium"),
    pytest.mark.asyncio(loop_scope="module"),
]

PHONE = {"width": 390, "height": 844}


@pytest_asyncio.fixture(loop_scope="module")
async def closed(browser: Any, engine: Engine, tmp_path: Path) -> AsyncIterator[Any]:
    """The page of a device with tokens, opened with none."""
    await engine.server.stop()
    engine.tokens = TokenStore(tmp_path)
    engine.server = engine.make()
    await engine.start()
    context = await browser.new_context(viewport=PHONE, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    await page.goto(engine.server.url)
    yield page
    await context.close()


async def enter(page: Any, token: str) -> None:
    await page.get_by_label("token").fill(token)
    await page.get_by_role("button", name="Sign in").click()


async def test_a_token_for_control_turns_the_head_from_a_phone(closed: Any, engine: Engine) -> None:
    assert engine.tokens is not None
    await enter(closed, "helio_guess")
    await until(closed, "h1", "opens nothing")
    await enter(closed, engine.tokens.make("phone", Scope.CONTROL))
    await closed.wait_for_selector("g.person.primary")
    await closed.locator("#look-left").wait_for()
    await closed.click("#centre")
    await engine.asked_for("centre")
    assert await closed.locator("#range_setup").is_hidden()
    assert await closed.locator("#arm-away").is_hidden()
    await closed.click("#leave")
    await until(closed, "h1", "opens with a link")


async def test_who_may_only_look_is_offered_nothing_else(closed: Any, engine: Engine) -> None:
    assert engine.tokens is not None
    await enter(closed, engine.tokens.make("tablet", Scope.VIEW))
    await closed.wait_for_selector("g.person.primary")
    await closed.locator("#look-left").wait_for(state="hidden")
    assert await closed.locator("#controls").is_hidden()
    assert await closed.locator("#look-toggle").is_visible()
    await closed.locator("#room").click(position={"x": 60, "y": 160})
    assert "takes the scope" not in await text(closed, "#said")
    assert engine.asked == []


async def test_a_revoked_token_is_said_and_leads_back(closed: Any, engine: Engine) -> None:
    assert engine.tokens is not None
    await enter(closed, engine.tokens.make("tablet", Scope.CONTROL))
    await closed.wait_for_selector("g.person.primary")
    engine.tokens.revoke("tablet")
    await closed.click("#centre")
    await until(closed, "#connection", "session has ended")
    await closed.reload()
    await until(closed, "h1", "opens with a link")
