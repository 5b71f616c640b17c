"""Staying connected: one session after another, with patience that grows and never ends.

Decides when to try again and with which version of MQTT. What a session does
is given to it; nothing of that is known here.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from engine.ports import Bus
from integrations.mqtt.bus import BusLost, LoginRefused, ProtocolRefused

_LOG = logging.getLogger(__name__)

MQTT_5, MQTT_3_1_1 = 5, 4

FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0
"""Seconds. Home Assistant is back within ten; a device that waits longer comes late."""
STEADY_SECONDS = 20.0
"""A session that lasted this long was a good one: the next wait starts short again."""

Connect = Callable[[int], AbstractAsyncContextManager[Bus]]
"""Opens a session in the given version of MQTT. Raises BusLost."""

Told = Callable[[bool, str], None]
"""Hears that the broker is well or not, with a sentence for people; once a change."""

Session = Callable[[Bus, Told], Awaitable[None]]
"""Uses a bus until it raises BusLost; tells that all is well once it is, and what is not."""

CONNECTED = "connected"


class Backoff:
    """Waits that double up to a limit, each shortened at random so that a home's
    devices do not all come back in the same instant."""

    def __init__(self, randomly: Callable[[], float] = random.random) -> None:
        self._randomly = randomly
        self._wait = FIRST_WAIT

    def next(self) -> float:
        wait, self._wait = self._wait, min(LONGEST_WAIT, self._wait * 2.0)
        return wait * (0.5 + 0.5 * self._randomly())

    def reset(self) -> None:
        self._wait = FIRST_WAIT


class Versions:
    """Version 5 first, 3.1.1 where that is refused; what once worked is kept to."""

    def __init__(self, only: int | None = None) -> None:
        self.current = only or MQTT_5
        self._settled = only is not None

    def worked(self) -> None:
        self._settled = True

    def refused(self) -> bool:
        """Whether there is another version to try at once."""
        if self._settled:
            return False
        was, self.current = self.current, MQTT_3_1_1 if self.current == MQTT_5 else MQTT_5
        return was == MQTT_5


async def stay_connected(
    connect: Connect,
    session: Session,
    *,
    versions: Versions | None = None,
    backoff: Backoff | None = None,
    told: Told = lambda _ok, _detail: None,
) -> None:
    """Run `session` on one bus after another, until cancelled."""
    versions, backoff = versions or Versions(), backoff or Backoff()
    last_told: tuple[bool, str] | None = None

    def tell(ok: bool, detail: str) -> None:
        nonlocal last_told
        if (ok, detail) != last_told:
            last_told = (ok, detail)
            (_LOG.info if ok else _LOG.warning)("broker: %s", detail)
            told(ok, detail)

    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        try:
            async with connect(versions.current) as bus:
                versions.worked()
                started = loop.time()
                await session(bus, tell)
        except ProtocolRefused as problem:
            if versions.refused():
                continue
            tell(False, f"{problem}; trying again")
        except LoginRefused as problem:
            tell(False, f"{problem}; check mqtt.username and mqtt.password")
        except BusLost as problem:
            tell(False, f"{problem}; trying again")
        if loop.time() - started > STEADY_SECONDS:
            backoff.reset()
        await asyncio.sleep(backoff.next())
