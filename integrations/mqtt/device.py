"""A device on a bus: its birth and last will, its states, its commands and their replies.

Reads snapshots and the table of entities, and passes validated commands on.
Bad payloads change nothing, are counted, and are answered on the error topic
with the sender's id. Retained commands are stale ones: they are refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence

from engine.core.types import Command, Happened, Reply, Snapshot
from engine.ports import Bus, Message
from integrations.commands import SIMULATED_ONLY, CommandError, build, parse
from integrations.homeassistant.discovery import announcement, live, status_topic
from integrations.homeassistant.entities import ENTITIES
from integrations.homeassistant.entity import Entity, Platform
from integrations.hub import Feed, Latest, Submit
from integrations.mqtt.bus import Broker, BusLost, client_id, connected
from integrations.mqtt.instance import Instance
from integrations.mqtt.lenient import LenientBus
from integrations.mqtt.life import Told, Versions, stay_connected
from integrations.mqtt.rates import Rates
from integrations.mqtt.topics import OFFLINE, ONLINE, Topics
from integrations.snapshot_json import to_json

_LOG = logging.getLogger(__name__)

CLAIM_SECONDS = 0.5
"""How long another instance of this device has to object."""

GOODBYE_SECONDS = 0.3
END_SECONDS = 0.1
LOOK_AGAIN_SECONDS = 0.1
SOURCE = "mqtt"


class MqttDevice:
    """An `Integration`. `now` is the engine's monotonic clock.

    `session` is one connection's life over any `Bus`; `run` keeps having one
    with `broker`. `refused` counts the payloads that were no commands. `told`
    hears of the broker coming and going, for the engine's `Health`. `happened`
    brings the moments that become events. `patience` is how long another
    instance of this device has to say that it is there.
    """

    def __init__(
        self,
        broker: Broker,
        device_id: str,
        device_name: str,
        *,
        base_topic: str = "heliotrope",
        discovery_prefix: str = "homeassistant",
        entities: Sequence[Entity] = ENTITIES,
        simulated: bool = False,
        now: Callable[[], float] = time.monotonic,
        told: Told = lambda _ok, _detail: None,
        happened: Feed[Happened] | None = None,
        patience: float = CLAIM_SECONDS,
    ) -> None:
        self.broker = broker
        self.topics = Topics(base_topic, device_id)
        self.refused = 0
        self._name = device_name
        self._prefix = discovery_prefix
        self._entities = {entity.key: entity for entity in entities}
        self._simulated = simulated
        self._now = now
        self._told = told
        self._happened = happened or Feed()
        self._instance = Instance(self.topics.instance)
        self._patience = patience
        self._leaving = False
        self._newest: Snapshot | None = None
        self._bus: LenientBus | None = None
        self._showing: set[asyncio.Task[None]] = set()
        self._announce_again = asyncio.Event()

    @property
    def _not_commands(self) -> tuple[str, ...]:
        return (status_topic(self._prefix), self.topics.instance, self.topics.availability)

    @property
    def will(self) -> Message:
        """What the broker says of the device when the connection breaks."""
        return Message(self.topics.availability, OFFLINE, retain=True)

    async def run(self, states: Latest[Snapshot], submit: Submit) -> None:
        """Stay connected until cancelled."""
        identifier = client_id(self.topics.device_id)
        await stay_connected(
            lambda protocol: connected(self.broker, protocol, identifier, self.will),
            lambda bus, tell: self.session(bus, states, submit, tell),
            versions=Versions(self.broker.protocol),
            told=self._told,
        )

    async def session(
        self,
        bus: Bus,
        states: Latest[Snapshot],
        submit: Submit,
        tell: Told = lambda _ok, _detail: None,
    ) -> None:
        """Announce, publish and listen until the bus is lost (BusLost) or this is cancelled.

        `tell` hears that all is well once no other instance has objected, and what the broker
        refuses.
        """
        lenient = LenientBus(bus, tell)
        await self._instance.claim(lenient, self._patience)
        self._leaving = False
        for topic in (
            self.topics.availability,
            self.topics.command,
            self.topics.every_set,
            status_topic(self._prefix),
        ):
            await lenient.subscribe(topic)
        lenient.say()
        self._bus = lenient
        works = (self._send(lenient, states), self._listen(lenient, submit), self._pass_on(lenient))
        tasks = {asyncio.ensure_future(work) for work in works}
        try:
            done, _ = await asyncio.wait(tasks, return_when="FIRST_COMPLETED")
            for task in done:
                task.result()
            raise BusLost("the connection ended")
        except asyncio.CancelledError:
            self._leaving = True
            with contextlib.suppress(BusLost, TimeoutError):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await lenient.publish(self.will, qos=1)
            raise
        finally:
            self._bus = None
            await _end(tasks)

    async def tell(self, key: str, body: Mapping[str, object]) -> None:
        """An event that must arrive; returns once the broker has it. Raises BusLost.

        Refused: the broker does not take it, or has nobody to give it to.
        """
        bus = self._bus
        if bus is None:
            raise BusLost("the broker is not connected")
        await bus.deliver(Message(self.topics.event(key), to_json(body).encode("ascii")))

    def show_alert(self, picture: bytes) -> None:
        """The still of the newest alert, while there is a broker; it keeps none."""
        self._show_picture(Platform.IMAGE, picture)

    def show_now(self, picture: bytes) -> bool:
        """The still of this moment; False where nobody may have it, or there is no broker."""
        return self._show_picture(Platform.CAMERA, picture)

    def _show_picture(self, platform: Platform, picture: bytes) -> bool:
        bus, newest = self._bus, self._newest
        if bus is None or newest is None:
            return False
        shown = False
        for entity in self._entities.values():
            if entity.platform is not platform:
                continue
            if entity.available is not None and entity.available(newest):
                message = Message(self.topics.picture(entity.key), picture)
                showing = asyncio.ensure_future(self._try(bus, message))
                self._showing.add(showing)
                showing.add_done_callback(self._showing.discard)
                shown = True
        return shown

    async def _try(self, bus: Bus, message: Message) -> None:
        with contextlib.suppress(BusLost):
            await bus.publish(message)

    # ------------------------------------------------------------------ states

    async def _send(self, bus: Bus, states: Latest[Snapshot]) -> None:
        version, snapshot = await states.newer()
        while True:
            self._announce_again.clear()
            await self._announce(bus, snapshot)
            announced, available = self._live(snapshot), dict[str, bool]()
            rates = Rates({key: entity.pace for key, entity in self._entities.items()})
            while not self._announce_again.is_set() and self._live(snapshot) == announced:
                self._newest = snapshot
                available = await self._tell_available(bus, snapshot, available)
                values = self._values(snapshot)
                due = rates.due(values, self._now(), snapshot.moving)
                # All on their way before the first is acknowledged.
                await asyncio.gather(*(self._show(bus, key, value) for key, value in due))
                again = LOOK_AGAIN_SECONDS if rates.waits(values) else 1.0
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(again):
                        version, snapshot = await states.newer(version)

    async def _show(self, bus: Bus, key: str, value: str) -> None:
        message = Message(self.topics.state(key), value.encode(), retain=True)
        await bus.publish(message, qos=1 if self._entities[key].pace.urgent else 0)

    async def _announce(self, bus: Bus, snapshot: Snapshot) -> None:
        message = announcement(
            self.topics, self._prefix, self._name, snapshot, tuple(self._entities.values())
        )
        await bus.publish(message, qos=1)
        await bus.publish(Message(self.topics.availability, ONLINE, retain=True), qos=1)

    def _live(self, snapshot: Snapshot) -> Mapping[str, object]:
        return live(snapshot, tuple(self._entities.values()))

    def _values(self, snapshot: Snapshot) -> dict[str, str]:
        return {
            key: entity.value(snapshot)
            for key, entity in self._entities.items()
            if entity.value is not None
        }

    async def _tell_available(
        self, bus: Bus, snapshot: Snapshot, told: dict[str, bool]
    ) -> dict[str, bool]:
        """Say which of the entities that are not always there are there now, where it changed."""
        now = {key: e.available(snapshot) for key, e in self._entities.items() if e.available}
        for key, there in now.items():
            if told.get(key) is not there:
                payload = ONLINE if there else OFFLINE
                await bus.publish(Message(self.topics.available(key), payload, retain=True), qos=1)
                if not there and self._entities[key].platform is Platform.CAMERA:
                    # Whoever showed a still has none any more.
                    await bus.publish(Message(self.topics.picture(key), b""), qos=1)
        return now

    async def _pass_on(self, bus: Bus) -> None:
        """Moments as they come: never retained, so that none comes again."""
        with self._happened.listening() as queue:
            while True:
                happened = await queue.get()
                body: dict[str, object] = {"event_type": happened.kind}
                if happened.bearing is not None:
                    body["bearing"] = round(happened.bearing, 1)
                topic = self.topics.event(happened.key)
                await bus.publish(Message(topic, to_json(body).encode("ascii")), qos=1)

    # ---------------------------------------------------------------- commands

    async def _listen(self, bus: Bus, submit: Submit) -> None:
        async for message in bus.messages():
            if message.topic in self._not_commands:
                await self._hear(bus, message)
                continue
            try:
                command = self._command(message)
            except CommandError as problem:
                self.refused += 1
                _LOG.warning("a message on %.80r is no command: %s", message.topic, problem)
                await self._tell(bus, self.topics.error, problem.id, False, str(problem))
                continue
            reply: Reply = await submit(command)
            topic = self.topics.reply if reply.ok else self.topics.error
            await self._tell(bus, topic, reply.id, reply.ok, reply.message)

    async def _hear(self, bus: Bus, message: Message) -> None:
        """What others say of the home and of this device; what is retained was there before us."""
        if message.retain:
            return
        if message.topic == status_topic(self._prefix):
            if message.payload == ONLINE:
                self._announce_again.set()
        elif message.topic == self.topics.instance:
            objection = self._instance.objection(message)
            if objection is not None:
                await bus.publish(objection, qos=1)
        elif message.payload != ONLINE and not self._leaving:
            # The will of a connection that is no more, or of an instance that was refused.
            await bus.publish(Message(self.topics.availability, ONLINE, retain=True), qos=1)

    def _command(self, message: Message) -> Command:
        if message.retain:
            raise CommandError("a command must not be retained: it would come again")
        key = self.topics.key_of_set(message.topic)
        if key is None:
            command = parse(message.payload, t=self._now(), source=SOURCE)
        else:
            command = self._command_of_entity(key, message.payload)
        if command.name in SIMULATED_ONLY and not self._simulated:
            raise CommandError(f"{command.name} is moved by hand on a real device", command.id)
        return command

    def _command_of_entity(self, key: str, payload: bytes) -> Command:
        entity = self._entities.get(key)
        if entity is None or entity.command is None:
            raise CommandError("there is nothing of that name to set")
        if entity.available and not (self._newest and entity.available(self._newest)):
            raise CommandError(f"{key}: not available")
        if len(payload) > entity.most_bytes:
            raise CommandError(f"{key}: at most {entity.most_bytes} bytes")
        try:
            text = payload.decode("utf-8")
        except UnicodeDecodeError:
            raise CommandError(f"{key}: not valid UTF-8") from None
        name, arguments = entity.command(text)
        return build(name, arguments, t=self._now(), source=SOURCE, id=f"set/{key}")

    async def _tell(self, bus: Bus, topic: str, command_id: str, ok: bool, text: str) -> None:
        body = {"id": command_id, "ok": ok, "message": text}
        await bus.publish(Message(topic, to_json(body).encode("ascii")), qos=0)


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel until they have ended: `asyncio.wait_for`, which aiomqtt uses, may swallow one
    cancellation that comes in the moment of its success (Python 3.11, gh-86296)."""
    while tasks:
        for task in tasks:
            task.cancel()
        done, tasks = await asyncio.wait(tasks, timeout=END_SECONDS)
        for task in done:
            if not task.cancelled():
                task.exception()
