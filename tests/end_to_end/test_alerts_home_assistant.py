"""An alert through a real Home Assistant to a registered phone, and its button back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from home_assistant import HomeAssistant
from mosquitto import eventually
from test_home_assistant_blueprints import serving

from alerts.home_assistant import Home, HomeAssistantPhone, Presses
from alerts.notice import Notice, Urgency
from alerts.outbox import Outbox
from alerts.post import PostOffice

pytestmark = [pytest.mark.needs("homeassistant"), pytest.mark.xdist_group("homeassistant")]

NOTICE = Notice(
    "heliotrope-x-1", "person", "A person", "near the sofa", at=1000.0, urgency=Urgency.CRITICAL
)


async def test_one_visit_is_one_notification_with_buttons_that_come_back(
    home_assistant: HomeAssistant, tmp_path: Path
) -> None:
    heard: list[tuple[str, str]] = []

    async def press(command: str, tag: str) -> None:
        heard.append((command, tag))

    home = Home(home_assistant.url, home_assistant.token)
    async with serving(home_assistant) as (url, phone):
        await phone.register(f"{url}/push")
        channel = HomeAssistantPhone(home, phone.service, lambda: "https://example.test/look/x")
        post = PostOffice(Outbox(tmp_path), [channel])
        await post.open()
        presses = Presses(home, lambda tag: tag.startswith("heliotrope-x-"), press)
        tasks = [asyncio.create_task(post.run()), asyncio.create_task(presses.run())]
        try:
            post.post(NOTICE)
            await eventually(lambda: phone.pushed)
            post.post(NOTICE)
            await eventually(lambda: len(phone.pushed) == 2)
            first, again = phone.pushed
            assert (first["title"], first["message"]) == (NOTICE.title, NOTICE.message)
            assert first["data"]["tag"] == again["data"]["tag"] == NOTICE.tag
            assert first["data"]["push"]["interruption-level"] == "critical"
            assert again["data"]["push"]["interruption-level"] == "passive"
            assert phone.buttons()[0] == "URI"
            await asyncio.wait_for(presses.listening.wait(), 30)
            await phone.press(phone.buttons()[-1])
            await eventually(lambda: heard)
            assert heard == [("dismiss", NOTICE.tag)]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    box = Outbox(tmp_path)
    box.open()
    assert box.waiting() == []
    box.close()
