"""A bus that goes on where the broker refuses something, and tells people of it.

An access list that forgot one topic must not end the session, nor be passed over
in silence. What must arrive is published with `deliver`, which raises instead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from engine.ports import Bus, Message
from integrations.mqtt.bus import Refused
from integrations.mqtt.life import CONNECTED, Told


class LenientBus:
    """`Bus` over another. `tell` hears of the first thing refused, and when nothing is any more."""

    def __init__(self, bus: Bus, tell: Told) -> None:
        self._bus, self._tell = bus, tell
        self._refused: dict[str, str] = {}

    async def publish(self, message: Message, qos: int = 0) -> bool:
        try:
            return await self._publish(message, qos)
        except Refused:
            return False

    async def deliver(self, message: Message) -> None:
        """Publish so that it arrives. Raises BusLost, Refused also where nobody listens."""
        if not await self._publish(message, 1):
            raise Refused(f"nobody on the broker listens to {message.topic}")

    async def subscribe(self, topic_filter: str) -> None:
        try:
            await self._bus.subscribe(topic_filter)
        except Refused as problem:
            self._refuses(f"read {topic_filter}", problem)
        else:
            self._takes(f"read {topic_filter}")

    def messages(self) -> AsyncIterator[Message]:
        return self._bus.messages()

    async def _publish(self, message: Message, qos: int) -> bool:
        try:
            heard = await self._bus.publish(message, qos)
        except Refused as problem:
            self._refuses(message.topic, problem)
            raise
        if qos:  # without, the broker says nothing either way
            self._takes(message.topic)
        return heard

    def _refuses(self, what: str, problem: Refused) -> None:
        self._refused.setdefault(what, f"{problem}; check its access list")
        self.say()

    def _takes(self, what: str) -> None:
        if self._refused.pop(what, None) is not None:
            self.say()

    def say(self) -> None:
        """Tell that the connection is well, or the first thing that the broker refuses."""
        first = next(iter(self._refused.values()), None)
        self._tell(first is None, first or CONNECTED)
