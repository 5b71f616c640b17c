"""The companion app's channel, over real loopback connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from alerts.actions import BUTTONS, action, pressed
from alerts.channel import Channel, Undelivered
from alerts.home_assistant import Home, HomeAssistantPhone, Presses, message
from alerts.notice import Notice, Parcel, Urgency
from engine.bench.push_servers import TOKEN, Companion, until

NOTICE = Notice("heliotrope-x-1", "person", "A person", "near the sofa", at=1000.0)
LINK = "https://home.example/look/abc"


@pytest.fixture
async def companion() -> AsyncIterator[Companion]:
    async with Companion() as server:
        yield server


@pytest.fixture
async def phone(companion: Companion) -> AsyncIterator[HomeAssistantPhone]:
    found = HomeAssistantPhone(Home(companion.url, TOKEN), "mobile_app_phone", lambda: LINK)
    yield found
    await found.close()


async def test_the_phone_is_called_with_tag_link_and_buttons(
    companion: Companion, phone: HomeAssistantPhone
) -> None:
    assert isinstance(phone, Channel)
    await phone.send(Parcel(NOTICE))
    ((service, data),) = companion.calls
    assert service == "notify.mobile_app_phone"
    assert (data["title"], data["message"]) == ("A person", "near the sofa")
    extra = data["data"]
    assert extra["tag"] == NOTICE.tag
    assert extra["url"] == extra["clickAction"] == LINK
    titles = [button["title"] for button in extra["actions"]]
    assert titles == ["Look now", "Snooze", "Siren", "It's fine"]


def test_without_a_link_nothing_pretends_to_open() -> None:
    data = message(Parcel(NOTICE))["data"]
    assert isinstance(data, dict)
    assert "url" not in data
    assert [b["title"] for b in data["actions"]] == ["Snooze", "Siren", "It's fine"]


@pytest.mark.parametrize(
    ("urgency", "level", "channel"),
    [
        (Urgency.NORMAL, "active", "Heliotrope"),
        (Urgency.TIME_SENSITIVE, "time-sensitive", "Heliotrope"),
        (Urgency.CRITICAL, "critical", "alarm_stream"),
    ],
)
def test_each_platform_gets_its_own_flag(urgency: Urgency, level: str, channel: str) -> None:
    data = message(Parcel(replace(NOTICE, urgency=urgency)))["data"]
    assert isinstance(data, dict)
    assert data["push"]["interruption-level"] == level
    assert data["channel"] == channel
    assert ("sound" in data["push"]) == (urgency is Urgency.CRITICAL)


def test_an_update_makes_no_sound() -> None:
    data = message(Parcel(replace(NOTICE, urgency=Urgency.CRITICAL), revision=2))["data"]
    assert isinstance(data, dict)
    assert data["push"] == {"interruption-level": "passive", "sound": "none"}
    assert data["alert_once"] is True


@pytest.mark.parametrize(
    ("token", "service", "words"),
    [("wrong", "mobile_app_phone", "token"), (TOKEN, "mobile_app_nobody", "phones")],
)
async def test_a_refusal_says_what_to_correct(
    companion: Companion, token: str, service: str, words: str
) -> None:
    phone = HomeAssistantPhone(Home(companion.url, token), service)
    with pytest.raises(Undelivered, match=words) as refused:
        await phone.send(Parcel(NOTICE))
    assert token not in str(refused.value)
    await phone.close()


async def test_a_home_that_is_down_is_undelivered(
    companion: Companion, phone: HomeAssistantPhone
) -> None:
    companion.down = True
    with pytest.raises(Undelivered, match="502"):
        await phone.send(Parcel(NOTICE))
    await companion.stop()
    with pytest.raises(Undelivered, match="does not answer"):
        await phone.send(Parcel(NOTICE))
    companion.down = False
    await companion.start()
    await phone.send(Parcel(NOTICE))


def test_every_button_with_a_deed_comes_back_as_its_command() -> None:
    for name, button in BUTTONS.items():
        wanted = (button.command, NOTICE.tag) if button.command else ("", "")
        assert pressed(action(name, NOTICE.tag)) == wanted
    assert pressed("SOMEBODY_ELSES") == ("", "")
    assert pressed("HELIOTROPE_NOTHING_tag") == ("", "")


async def test_presses_of_ours_arrive_also_after_home_assistant_was_away(
    companion: Companion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.home_assistant.FIRST_PAUSE", 0.01)
    heard: list[tuple[str, str]] = []

    async def press(command: str, tag: str) -> None:
        heard.append((command, tag))

    home = Home(companion.url, TOKEN)
    presses = Presses(home, lambda tag: tag.startswith("heliotrope-x-"), press)
    task = asyncio.create_task(presses.run())
    await until(lambda: companion.listeners)
    await companion.press(action("SNOOZE", NOTICE.tag))
    await companion.press(action("SNOOZE", "heliotrope-other-1"))
    await companion.press("SOMETHING_ELSE")
    await until(lambda: heard)
    await companion.stop()
    await companion.start()
    await until(lambda: companion.listeners)
    await companion.press(action("FINE", NOTICE.tag))
    await until(lambda: len(heard) == 2)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert heard == [("snooze", NOTICE.tag), ("dismiss", NOTICE.tag)]
