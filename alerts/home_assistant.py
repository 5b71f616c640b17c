"""Phones through Home Assistant: its companion app's notifications, and the buttons back.

Speaks Home Assistant's own interfaces with a token, through the Supervisor or
at a URL. A notification of the same tag replaces the earlier one; only the
first of a visit makes a sound. The token goes to that address and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp

from alerts.actions import BUTTONS, action, pressed
from alerts.channel import Undelivered
from alerts.notice import Parcel, Urgency

_LOG = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
KEEP_ALIVE_SECONDS = 30.0

SUPERVISOR = "http://supervisor/core"

Link = Callable[[], str]
"""A fresh signed link to the check-in; empty where phones cannot reach the page."""

# What the companion apps make of an urgency: Apple's interruption level, Android's channel.
LEVELS = {
    Urgency.NORMAL: "active",
    Urgency.TIME_SENSITIVE: "time-sensitive",
    Urgency.CRITICAL: "critical",
}


@dataclass(frozen=True, slots=True)
class Home:
    """Where Home Assistant is, and a long-lived token of its."""

    url: str
    token: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def message(parcel: Parcel, link: str = "") -> dict[str, object]:
    """The service data of the notification of `parcel`.

    Keys as the companion app's documentation names them; each platform ignores the other's.
    """
    notice = parcel.notice
    critical = notice.urgency is Urgency.CRITICAL
    data: dict[str, object] = {
        "tag": notice.tag,
        "group": "heliotrope",
        "ttl": 0,
        "priority": "high",
        "channel": "alarm_stream" if critical else "Heliotrope",
        "importance": "default" if notice.urgency is Urgency.NORMAL else "high",
        "alert_once": True,
        "when": int(notice.at),
        "push": _push(parcel),
        "actions": _buttons(notice.tag, link),
    }
    if link:
        data |= {"clickAction": link, "url": link}
    return {"title": parcel.title, "message": parcel.message, "data": data}


def _push(parcel: Parcel) -> dict[str, object]:
    if parcel.revision > 1:
        return {"interruption-level": "passive", "sound": "none"}
    push: dict[str, object] = {"interruption-level": LEVELS[parcel.notice.urgency]}
    if parcel.notice.urgency is Urgency.CRITICAL:
        push["sound"] = {"name": "default", "critical": 1, "volume": 1.0}
    return push


def _buttons(tag: str, link: str) -> list[dict[str, str]]:
    look = [{"action": "URI", "title": BUTTONS["LOOK"].title, "uri": link}] if link else []
    return look + [
        {"action": action(name, tag), "title": button.title}
        for name, button in BUTTONS.items()
        if button.command
    ]


class HomeAssistantPhone:
    """A `Channel`: one notify service, such as `mobile_app_pixel`."""

    replaces = True

    def __init__(self, home: Home, service: str, link: Link = lambda: "") -> None:
        self.name = f"home_assistant:{service}"
        self._home, self._service, self._link = home, service, link
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        return

    async def send(self, parcel: Parcel) -> str:
        await self.call("notify", self._service, message(parcel, self._link()))
        return "accepted by Home Assistant"

    async def call(self, domain: str, service: str, data: dict[str, object]) -> None:
        """One service call. Raises Undelivered."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._home.headers, timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)
            )
        url = f"{self._home.url}/api/services/{domain}/{service}"
        try:
            async with self._session.post(url, json=data) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            what = str(problem) or type(problem).__name__
            raise Undelivered(f"Home Assistant does not answer ({what})") from None
        if status >= 400:
            raise Undelivered(_refusal(status, f"{domain}.{service}"))

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _refusal(status: int, service: str) -> str:
    if status == 401:
        return "Home Assistant refused the token; make a new long-lived one"
    if status in (400, 404):
        return f"Home Assistant has no {service}; check alerts.home_assistant.phones"
    return f"Home Assistant answered {status}"


Pressed = Callable[[str, str], Awaitable[object]]
"""Hears of a pressed button: the command, and the tag of its notification."""


class Presses:
    """Listens for buttons pressed on phones; `run` it as a task, until cancelled.

    Home Assistant lets administrators' tokens listen; with another one the
    buttons work through an automation of the home's own.
    """

    def __init__(self, home: Home, mine: Callable[[str], bool], pressed: Pressed) -> None:
        self._home, self._mine, self._pressed = home, mine, pressed
        self.listening = asyncio.Event()

    async def run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                async with aiohttp.ClientSession() as session:
                    await self._listen(session)
            except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError):
                _LOG.debug("Home Assistant's events are not to be had")
            pause = FIRST_PAUSE if self.listening.is_set() else min(2 * pause, LONGEST_PAUSE)
            self.listening.clear()
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))

    async def _listen(self, session: aiohttp.ClientSession) -> None:
        url = f"{self._home.url}/api/websocket"
        if self._home.url == SUPERVISOR:
            url = f"{SUPERVISOR}/websocket"
        async with session.ws_connect(url, heartbeat=KEEP_ALIVE_SECONDS) as socket:
            await socket.receive_json(timeout=ANSWER_SECONDS)
            await socket.send_json({"type": "auth", "access_token": self._home.token})
            answer = await socket.receive_json(timeout=ANSWER_SECONDS)
            if answer["type"] != "auth_ok":
                _LOG.warning("Home Assistant refused the token; buttons on phones do nothing")
                return
            wanted = {"type": "subscribe_events", "event_type": "mobile_app_notification_action"}
            await socket.send_json({"id": 1, **wanted})
            if not (await socket.receive_json(timeout=ANSWER_SECONDS))["success"]:
                _LOG.warning("only an administrator's token hears the buttons on phones")
                await asyncio.sleep(LONGEST_PAUSE)
                return
            self.listening.set()
            async for received in socket:
                if received.type is aiohttp.WSMsgType.TEXT:
                    await self._hear(received.json())

    async def _hear(self, event: object) -> None:
        """One event; whatever is not a press of ours is none of ours."""
        try:
            command, tag = pressed(str(event["event"]["data"]["action"]))  # type: ignore[index]
        except (KeyError, TypeError):
            return
        if command and self._mine(tag):
            await self._pressed(command, tag)
