"""A broker that refuses something: told, survived, and no alert counts as delivered by it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from alerts.channel import Undelivered
from alerts.mqtt_event import MqttEvent
from alerts.notice import Notice, Parcel
from engine.core.types import Command, Reply
from engine.ports import Bus, Message
from integrations import sample
from integrations.hub import Hub
from integrations.mqtt.bus import Broker, MqttBus, Refused
from integrations.mqtt.device import MqttDevice
from integrations.mqtt.fake import FakeBroker
from integrations.mqtt.lenient import LenientBus
from integrations.mqtt.life import CONNECTED, Backoff, stay_connected

ROOT = "heliotrope/abc"
ALERT = f"{ROOT}/event/alert"
PARCEL = Parcel(Notice("tag", "person", "A person", "was seen", 1.0))


class House:
    """A broker in memory, a device that stays connected to it, and what is told of that."""

    def __init__(self, broker: FakeBroker | None = None, patience: float = 0.0) -> None:
        self.broker = broker or FakeBroker()
        self.device = MqttDevice(Broker("", 0), "abc", "Kitchen", patience=patience)
        self.told: list[tuple[bool, str]] = []
        self.connections = 0
        self.hub = Hub(self._deliver)
        self.hub.publish(sample.at(time.monotonic()))

    def _deliver(self, command: Command) -> None:
        self.hub.answer(Reply(command.source, command.id, ok=True, message=""))

    @asynccontextmanager
    async def _connect(self, _: int) -> AsyncIterator[Bus]:
        self.connections += 1
        async with self.broker.connected(self.device.will) as bus:
            yield bus

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        life = asyncio.ensure_future(
            stay_connected(
                self._connect,
                lambda bus, tell: self.device.session(bus, self.hub.states, self.hub.submit, tell),
                backoff=Backoff(lambda: -1.0),  # no wait at all
                told=lambda ok, detail: self.told.append((ok, detail)),
            )
        )
        await settle()
        try:
            yield
        finally:
            life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await life


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_an_alert_that_the_broker_refused_is_undelivered_and_a_problem() -> None:
    house = House()
    house.broker.refused.append(ALERT)
    async with house.up():
        with pytest.raises(Undelivered, match=r"event/alert.*Not authorized"):
            await MqttEvent(house.device.tell).send(PARCEL)
        ok, detail = house.told[-1]
        assert not ok
        assert ALERT in detail
        assert "access list" in detail
        # Once the access list is mended, the next attempt arrives and the problem is over.
        house.broker.refused.clear()
        async with house.broker.connected() as phone:
            await phone.subscribe(ALERT)
            await MqttEvent(house.device.tell).send(PARCEL)
        assert house.told[-1] == (True, CONNECTED)


async def test_an_alert_that_nobody_listens_to_is_undelivered() -> None:
    house = House()
    async with house.up():
        with pytest.raises(Undelivered, match="nobody on the broker listens"):
            await MqttEvent(house.device.tell).send(PARCEL)
        async with house.broker.connected() as phone:
            await phone.subscribe("#")
            await MqttEvent(house.device.tell).send(PARCEL)
    assert house.told == [(True, CONNECTED)]


@pytest.mark.parametrize("topic", [f"{ROOT}/state/alarm", f"{ROOT}/instance", f"{ROOT}/command"])
async def test_what_else_is_refused_ends_no_session_and_is_told_once(topic: str) -> None:
    house = House()
    house.broker.refused.append(topic)
    async with house.up():
        assert house.broker.retained[f"{ROOT}/availability"].payload == b"online"
        assert f"{ROOT}/state/mode" in house.broker.retained
        house.hub.publish(sample.at(time.monotonic()))
        await settle()
        assert house.connections == 1
    assert [ok for ok, _ in house.told if not ok] == [False]
    assert not house.told[-1][0]
    assert topic in house.told[-1][1]


async def test_one_refusal_after_another_is_told_until_none_is_left() -> None:
    told: list[tuple[bool, str]] = []
    broker = FakeBroker()
    broker.refused += ["a", "b"]
    async with broker.connected() as below:
        bus = LenientBus(below, lambda ok, detail: told.append((ok, detail)))
        for topic in ("a", "b", "c"):
            await bus.publish(Message(topic, b""), qos=1)
        broker.refused.clear()
        for topic in ("c", "a", "b"):
            await bus.publish(Message(topic, b""), qos=1)
    names = [detail.removeprefix("the broker does not take ")[:1] for _, detail in told]
    assert [ok for ok, _ in told] == [False, False, False, True]
    assert names[:3] == ["a", "a", "b"]


async def test_a_copy_of_the_device_is_never_told_to_be_connected() -> None:
    original = House()
    copy = House(original.broker, patience=60.0)
    async with original.up(), copy.up():
        async with asyncio.timeout(60):
            while copy.connections < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert [ok for ok, _ in copy.told] == [False]
        assert "another instance" in copy.told[0][1]
        assert original.told == [(True, CONNECTED)]


@pytest.mark.parametrize("codes", [(0x80,), [ReasonCode(PacketTypes.SUBACK, "Not authorized")]])
async def test_a_subscription_that_the_broker_refused_is_none(codes: object) -> None:
    class Client:
        async def subscribe(self, _topic: str, qos: int) -> object:
            assert qos == 1
            return codes

    with pytest.raises(Refused, match="does not give secret"):
        await MqttBus(Client()).subscribe("secret")  # type: ignore[arg-type]
