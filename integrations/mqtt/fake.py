"""A broker and its bus in memory, for tests and for trying things out.

Topics, wildcards, retained messages and last wills as MQTT 3.1.1 has them;
no network, no sessions that outlive a connection, no waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from aiomqtt import Topic

from engine.ports import Message
from integrations.mqtt.bus import LONGEST, BusLost, Refused


class FakeBroker:
    """`retained` and `log` (every message published, in order) are there to be looked at.

    `refused` are filters of topics that nobody may write or read, as an access list has them.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.retained: dict[str, Message] = {}
        self.log: list[Message] = []
        self._buses: list[FakeBus] = []

    @asynccontextmanager
    async def connected(self, will: Message | None = None) -> AsyncIterator[FakeBus]:
        """A session; `will` is published where it ends with `FakeBus.lose`."""
        bus = FakeBus(self, will)
        self._buses.append(bus)
        try:
            yield bus
        finally:
            if bus in self._buses:
                self._buses.remove(bus)

    def route(self, message: Message) -> bool:
        """Whether somebody listens."""
        self.log.append(message)
        if message.retain and message.payload:
            self.retained[message.topic] = message
        elif message.retain:
            self.retained.pop(message.topic, None)
        heard = [bus.receive(replace(message, retain=False)) for bus in list(self._buses)]
        return any(heard)

    def refuses(self, topic: str) -> bool:
        return any(Topic(topic).matches(each) for each in self.refused)

    def forget(self, bus: FakeBus) -> None:
        self._buses.remove(bus)


class FakeBus:
    """One connection to a `FakeBroker`."""

    def __init__(self, broker: FakeBroker, will: Message | None = None) -> None:
        self._broker = broker
        self._will = will
        self._filters: list[str] = []
        self._inbox: asyncio.Queue[Message | None] = asyncio.Queue()
        self._lost = False

    def lose(self) -> None:
        """Break the connection as a pulled cable does."""
        self._lost = True
        self._broker.forget(self)
        self._inbox.put_nowait(None)
        if self._will is not None:
            self._broker.route(self._will)

    async def publish(self, message: Message, qos: int = 0) -> bool:
        self._check()
        if self._broker.refuses(message.topic):
            if qos:
                raise Refused(f"the broker does not take {message.topic} (Not authorized)")
            return True
        heard = self._broker.route(message)
        return heard or not qos

    async def subscribe(self, topic_filter: str) -> None:
        self._check()
        if topic_filter in self._broker.refused:
            raise Refused(f"the broker does not give {topic_filter} (Not authorized)")
        self._filters.append(topic_filter)
        for message in self._broker.retained.values():
            if Topic(message.topic).matches(topic_filter):
                self._inbox.put_nowait(message)

    async def messages(self) -> AsyncIterator[Message]:
        while True:
            message = await self._inbox.get()
            if message is None:
                raise BusLost("the connection was lost")
            yield message

    def receive(self, message: Message) -> bool:
        """Whether it has subscribed to that."""
        wanted = any(Topic(message.topic).matches(each) for each in self._filters)
        if wanted:
            self._inbox.put_nowait(replace(message, payload=message.payload[:LONGEST]))
        return wanted

    def _check(self) -> None:
        if self._lost:
            raise BusLost("the connection was lost")
