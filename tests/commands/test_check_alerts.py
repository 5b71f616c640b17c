"""`heliotrope check` on the ways to a phone: what is wrong with one is said, nothing is sent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web

from engine import checkup_links
from engine.config import AlertChannel, AlertHomeAssistantConfig, AlertsConfig, Config
from engine.errors import UserError
from engine.findings import Outcome

TOKEN = "a-long-lived-token"


@dataclass
class Home:
    """Home Assistant's list of services on loopback, and what it was asked."""

    services: tuple[str, ...] = ("notify", "mobile_app_pixel")
    url: str = ""
    asked: list[str] = field(default_factory=list)
    answer: str = ""

    async def _serve(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return web.Response(status=401)
        if self.answer:
            return web.Response(text=self.answer)
        return web.json_response(
            [
                {"domain": "light", "services": {"turn_on": {}}},
                {"domain": "notify", "services": {name: {} for name in self.services}},
            ]
        )

    async def _start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", self._serve)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner


@pytest.fixture
def home() -> Iterator[Home]:
    # On a loop of its own: the probe brings one, as a command does.
    found, loop = Home(), asyncio.new_event_loop()
    runner = loop.run_until_complete(found._start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield found
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10.0)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10.0)
    loop.close()


def through(home: Home, *phones: str, token: str = TOKEN) -> Config:
    reached = AlertHomeAssistantConfig(home.url, token, phones)
    alerts = AlertsConfig(channels=(AlertChannel.HOME_ASSISTANT,), home_assistant=reached)
    return Config(alerts=alerts)


def test_phones_that_are_there_are_named_and_nothing_is_sent(home: Home) -> None:
    outcome, words = checkup_links.alerts(through(home, "mobile_app_pixel"))
    assert outcome is Outcome.FOUND
    assert "mobile_app_pixel" in words
    assert home.asked == ["GET /api/services"]


def test_a_phone_that_is_not_there_is_told_with_those_that_are(home: Home) -> None:
    with pytest.raises(UserError, match=r"no notify.mobile_app_iphone; .*mobile_app_pixel"):
        checkup_links.alerts(through(home, "mobile_app_iphone"))


def test_a_token_that_is_refused_is_not_shown(home: Home) -> None:
    with pytest.raises(UserError, match=r"alerts.home_assistant.token") as error:
        checkup_links.alerts(through(home, "notify", token="a-wrong-one"))
    assert "a-wrong-one" not in str(error.value)


@pytest.mark.parametrize("answer", ["<html>", "[]x", '{"domain": 1}', '[{"domain": "notify"}]'])
def test_whatever_else_answers_there_is_not_taken_for_it(home: Home, answer: str) -> None:
    home.answer = answer
    with pytest.raises(UserError, match=r"alerts.home_assistant.url"):
        checkup_links.alerts(through(home, "notify"))


def test_nobody_at_the_address(home: Home) -> None:
    nobody = replace(home, url="http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"does not answer at http://127.0.0.1:9"):
        checkup_links.alerts(through(nobody, "notify"))


def test_an_address_that_apprise_does_not_know_is_counted_and_not_shown() -> None:
    pytest.importorskip("apprise")
    addresses = ("ntfy://localhost/a-topic", "nonsense://secret-word")
    alerts = AlertsConfig(channels=(AlertChannel.APPRISE,), apprise=addresses)
    with pytest.raises(UserError, match=r"alerts.apprise: number 2 is no address") as error:
        checkup_links.alerts(Config(alerts=alerts))
    assert "secret-word" not in str(error.value)
    good = replace(alerts, apprise=addresses[:1], fallback=(AlertChannel.MQTT,))
    assert checkup_links.alerts(Config(alerts=good)) == (Outcome.FOUND, "apprise (1), mqtt")


def test_without_a_channel_that_is_in_use_alerts_are_off() -> None:
    none = AlertsConfig(channels=(), fallback=())
    assert checkup_links.alerts(Config(alerts=none))[0] is Outcome.OFF
