"""One device, one instance: a copy of a state directory must not speak with the same id.

Two with one id would overwrite each other's states without end. A newcomer
asks on the device's own topic and waits; whoever is there answers, and the
newcomer stays away. Of two that come at once, one goes first by lot.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets

from engine.ports import Bus, Message
from integrations.mqtt.bus import BusLost

_SAID = re.compile(rb"(ask|here) ([0-9a-f]{16})\Z")


class Taken(BusLost):
    """Another instance of this device is on the broker already."""


class Instance:
    """`topic` is where instances of one device meet."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._token = secrets.token_hex(8).encode()

    async def claim(self, bus: Bus, patience: float) -> None:
        """Ask, and wait `patience` seconds for an objection. Raises Taken, BusLost."""
        await bus.subscribe(self._topic)
        await bus.publish(self._say(b"ask"), qos=1)
        if patience <= 0.0:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                async for message in bus.messages():
                    await self._heard_while_asking(bus, message)

    async def _heard_while_asking(self, bus: Bus, message: Message) -> None:
        kind, token = self._other(message)
        if kind == b"here" or (kind == b"ask" and token < self._token):
            raise Taken(
                "another instance of this device is on the broker; if this one is a copy of its "
                "state directory, delete device.id and device.id.copy there"
            )
        if kind == b"ask":
            await bus.publish(self._say(b"here"), qos=1)

    def objection(self, message: Message) -> Message | None:
        """What to answer a newcomer; None where `message` is none."""
        kind, _ = self._other(message)
        return self._say(b"here") if kind == b"ask" else None

    def _other(self, message: Message) -> tuple[bytes, bytes]:
        """What another instance said; empty for anything else."""
        said = _SAID.match(message.payload) if message.topic == self._topic else None
        if said is None or message.retain or said[2] == self._token:
            return b"", b""
        return said[1], said[2]

    def _say(self, kind: bytes) -> Message:
        return Message(self._topic, kind + b" " + self._token)
