"""The alarm on the page, in a real browser: states, delays, arming, disarming with a code."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from engine_home import Home
from page_browser import PATIENCE, Engine, text, until

from engine.core.types import AlarmState, Mode, Reason, ShutterState
from integrations.http.scopes import Scope
from integrations.http.tokens import TokenStore

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.xdist_group("chromium"),
    pytest.mark.asyncio(loop_scope="module"),
]

ARMED = {"mode": Mode.AWAY, "armed": True, "alarm_until": None}
PHONE = {"width": 390, "height": 844}


def begin(engine: Engine, state: AlarmState, seconds: float | None = None) -> None:
    until_ = None if seconds is None else engine.t + 0.1 + seconds
    engine.show(**{**ARMED, "alarm": state, "alarm_until": until_})


async def test_it_arms_for_an_absence_and_for_the_night(page: Any, engine: Engine) -> None:
    await until(page, "#alarm-state", "Disarmed")
    assert await page.locator("#disarm").is_hidden()
    for button, mode in (("#arm-away", "away"), ("#arm-night", "night")):
        engine.asked.clear()
        await page.click(button)
        assert (await engine.asked_for("arm")).arguments == {"mode": mode}


@pytest.mark.parametrize(
    ("state", "seconds", "shown", "left"),
    [
        (AlarmState.ARMING, 23.0, "time to leave", r"Armed in 2[0-3] s"),
        (AlarmState.ARMED_AWAY, None, "^Armed$", None),
        (AlarmState.ARMED_NIGHT, None, "for the night", None),
        (AlarmState.PENDING, 12.0, "Somebody is there", r"raised in (9|1[0-2]) s"),
        (AlarmState.TRIGGERED, 170.0, "^Alarm$", r"again in 2 min [45]\d s"),
    ],
)
async def test_every_state_is_shown_with_the_time_that_is_left(
    page: Any,
    engine: Engine,
    state: AlarmState,
    seconds: float | None,
    shown: str,
    left: str | None,
) -> None:
    begin(engine, state, seconds)
    await until(page, "#alarm-state", shown)
    if left is None:
        assert await page.locator("#alarm-left").is_hidden()
    else:
        await until(page, "#alarm-left", left)
    assert await page.locator("#disarm").is_visible()


async def test_the_delay_counts_without_news_from_the_engine(page: Any, engine: Engine) -> None:
    begin(engine, AlarmState.ARMING, 20.0)
    await until(page, "#alarm-left", "Armed in")
    first = int(re.findall(r"\d+", await text(page, "#alarm-left"))[0])
    await until(page, "#alarm-left", f"Armed in {first - 2} s")


async def test_a_code_is_typed_sent_and_forgotten(page: Any, engine: Engine) -> None:
    engine.code = True
    begin(engine, AlarmState.ARMED_AWAY)  # the page asks anew whether there is a code
    await page.get_by_label("Code").fill("471147114711")
    assert await page.locator("#code").get_attribute("inputmode") == "numeric"
    assert await page.locator("#code").get_attribute("autocomplete") == "off"
    await page.keyboard.press("Enter")
    assert (await engine.asked_for("disarm")).arguments == {"code": "471147114711"}
    assert await page.locator("#code").input_value() == ""
    kept = await page.evaluate("localStorage.length + sessionStorage.length")
    assert kept == 0
    assert "471147114711" not in await page.content()
    assert "471147114711" not in page.url


async def test_without_a_code_none_is_asked_for(page: Any, engine: Engine) -> None:
    begin(engine, AlarmState.ARMED_AWAY)
    await page.locator("#disarm").wait_for()
    assert await page.locator("#code").is_hidden()
    await page.click("#disarm")
    assert (await engine.asked_for("disarm")).arguments == {}


@pytest.mark.parametrize("reason", ["the code is wrong", "too many wrong codes; try again in 29 s"])
async def test_a_refused_code_is_told_with_its_reason(
    page: Any, engine: Engine, reason: str
) -> None:
    engine.code, engine.refuse = True, reason
    begin(engine, AlarmState.PENDING, 30.0)
    await page.get_by_label("Code").fill("1111")
    await page.click("#disarm")
    await until(page, "#alarm-said", reason[1:])
    assert await text(page, "#alarm-state") == "Somebody is there"


async def test_a_code_set_while_the_page_was_open_is_asked_for(page: Any, engine: Engine) -> None:
    begin(engine, AlarmState.ARMED_AWAY)
    await page.locator("#disarm").wait_for()
    engine.refuse = "disarming needs the code"
    await page.click("#disarm")
    await page.get_by_label("Code").wait_for()
    await until(page, "#alarm-said", "needs the code")


async def test_what_stands_in_the_way_of_arming_is_said(page: Any, engine: Engine) -> None:
    engine.show(shutter=ShutterState.CLOSED)
    await until(page, "#alarm-hint", "shutter is closed")
    engine.show(shutter=ShutterState.OPEN, problems=("axis: the motor does not answer",))
    await until(page, "#alarm-hint", "the motor does not answer")
    engine.show(problems=(), reason=Reason("range_setup", "turn the head by hand"))
    await until(page, "#alarm-hint", "being set up")
    engine.refuse = "the privacy shutter is closed"
    await page.click("#arm-away")
    await until(page, "#alarm-said", "The privacy shutter is closed")


async def test_what_is_urgent_is_the_first_on_a_phone(page: Any, engine: Engine) -> None:
    await page.set_viewport_size(PHONE)
    engine.code = True
    begin(engine, AlarmState.PENDING, 30.0)
    await page.locator("#alarm.urgent").wait_for()
    disarm = await page.locator("#disarm").bounding_box()
    room = await page.locator("#room").bounding_box()
    assert disarm["y"] + disarm["height"] < min(room["y"], PHONE["height"])


@pytest_asyncio.fixture(loop_scope="module")
async def looking(browser: Any, engine: Engine, tmp_path: Path) -> AsyncIterator[Any]:
    """The page as somebody sees it whose token may turn the head, and no more."""
    await engine.server.stop()
    engine.tokens = TokenStore(tmp_path)
    token = engine.tokens.make("phone", Scope.CONTROL)
    engine.code, engine.server = True, engine.make()
    await engine.start()
    context = await browser.new_context(extra_http_headers={"Authorization": f"Bearer {token}"})
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    await page.goto(engine.server.url)
    yield page
    await context.close()


async def test_whoever_may_not_arm_sees_the_state_and_no_buttons(
    looking: Any, engine: Engine
) -> None:
    begin(engine, AlarmState.ARMED_AWAY)
    await until(looking, "#alarm-state", "Armed")
    await until(looking, "#alarm-hint", "scope admin")
    for button in ("#disarm", "#arm-away", "#arm-night", "#code"):
        assert await looking.locator(button).is_hidden()


async def test_a_code_that_was_not_sent_is_forgotten_when_the_alarm_changes(
    page: Any, engine: Engine
) -> None:
    engine.code = True
    begin(engine, AlarmState.PENDING, 30.0)
    await page.get_by_label("Code").fill("4711")
    begin(engine, AlarmState.TRIGGERED, 100.0)
    await until(page, "#alarm-state", "^Alarm$")
    assert await page.locator("#code").input_value() == ""


@pytest_asyncio.fixture(loop_scope="module")
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    living = Home(tmp_path / "state")
    await asyncio.to_thread(living.start)
    yield living
    await asyncio.to_thread(living.end, signal.SIGKILL)


@pytest.mark.needs("sim")
async def test_a_real_engine_is_armed_and_disarmed_on_its_page(browser: Any, home: Home) -> None:
    await asyncio.to_thread(home.type, "code", stdin="471147\n")
    context = await browser.new_context(viewport=PHONE)
    context.set_default_timeout(4 * PATIENCE)
    page = await context.new_page()
    await page.goto(home.link)
    await until(page, "#alarm-state", "Disarmed")
    await page.click("#arm-away")
    await until(page, "#alarm-left", r"Armed in [123] s")
    await until(page, "#alarm-state", "^Armed$")
    await page.get_by_label("Code").fill("999999")
    await page.click("#disarm")
    await until(page, "#alarm-said", "The code is wrong")
    assert (await asyncio.to_thread(home.alarm))["alarm"] == "armed_away"
    await page.get_by_label("Code").fill("471147")
    await page.click("#disarm")
    await until(page, "#alarm-state", "Disarmed")
    assert (await asyncio.to_thread(home.alarm))["alarm"] == "disarmed"
    await context.close()
