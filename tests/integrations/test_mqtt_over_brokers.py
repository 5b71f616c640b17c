"""The device's life over real connections: reached, lost, reached again, and no trace after."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from engine.core.types import Command, Reply
from engine.ports import Message
from integrations import sample
from integrations.broker import EmbeddedBroker
from integrations.hub import Hub
from integrations.mqtt import bus as bus_module
from integrations.mqtt.bus import Broker, BusLost, LoginRefused, ProtocolRefused, connected
from integrations.mqtt.device import MqttDevice


def login(broker: EmbeddedBroker) -> Broker:
    return Broker(broker.host, broker.port, broker.username, broker.password, broker.protocol)


@asynccontextmanager
async def device(target: Broker, told: list[bool]) -> AsyncIterator[Hub]:
    def deliver(command: Command) -> None:
        hub.answer(Reply(command.source, command.id, ok=True, message=command.name))

    hub = Hub(deliver)
    hub.publish(sample.at(time.monotonic()))
    running = MqttDevice(target, "abc", "Kitchen", told=lambda ok, _: told.append(ok))
    life = asyncio.ensure_future(running.run(hub.states, hub.submit))
    try:
        yield hub
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life


async def hear(broker: EmbeddedBroker, topic: str, payload: bytes) -> None:
    async with connected(login(broker), broker.protocol, "watcher") as watcher:
        await watcher.subscribe(topic)
        async with asyncio.timeout(10):
            async for message in watcher.messages():
                if message.payload == payload:
                    return


AVAILABILITY = "heliotrope/abc/availability"


async def test_it_comes_back_with_the_broker_and_says_goodbye_at_the_end() -> None:
    told: list[bool] = []
    async with EmbeddedBroker() as broker:
        async with device(login(broker), told):
            await hear(broker, AVAILABILITY, b"online")
            await broker.stop()
            again = EmbeddedBroker(broker.port, broker.username, broker.password)
            async with asyncio.timeout(10):
                while told[-1]:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await again.start()
            await hear(again, AVAILABILITY, b"online")
            await hear(again, "heliotrope/abc/state/follow", b"ON")
        await hear(again, AVAILABILITY, b"offline")
        await again.stop()
    assert told == [True, False, True]


async def test_a_command_and_its_reply() -> None:
    async with EmbeddedBroker() as broker, device(login(broker), []):
        await hear(broker, AVAILABILITY, b"online")
        async with connected(login(broker), broker.protocol, "asker") as asker:
            await asker.subscribe("heliotrope/abc/reply")
            body = b'{"id":"1","name":"centre"}'
            await asker.publish(Message("heliotrope/abc/command", body), qos=1)
            async with asyncio.timeout(10):
                reply = await anext(asker.messages())
            assert reply.payload == b'{"id":"1","ok":true,"message":"centre"}'


async def test_small_packets_do_not_wait_for_each_other() -> None:
    async with EmbeddedBroker() as broker, connected(login(broker), 4, "x") as bus:
        connection = bus._client._client.socket()
        assert connection is not None
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_wrong_password_is_named_as_such() -> None:
    async with EmbeddedBroker() as broker:
        with pytest.raises(LoginRefused):
            async with connected(Broker(broker.host, broker.port, "x", "y"), 4, "x"):
                pass


async def test_where_nobody_listens_the_bus_is_lost() -> None:
    broker = EmbeddedBroker()
    await broker.start()
    await broker.stop()
    with pytest.raises(BusLost):
        async with connected(login(broker), 4, "x"):
            pass


@pytest.mark.parametrize("cancelled", [False, True])
async def test_an_attempt_that_came_to_nothing_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch, cancelled: bool
) -> None:
    monkeypatch.setattr(bus_module, "CONNECT_SECONDS", 30.0 if cancelled else 0.2)
    hung_up = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        hung_up.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def attempt() -> None:
        async with connected(Broker("127.0.0.1", port), 5, "x"):
            pass

    trying = asyncio.ensure_future(attempt())
    if cancelled:
        await asyncio.sleep(0.1)
        trying.cancel()
    with pytest.raises(asyncio.CancelledError if cancelled else ProtocolRefused):
        await trying
    async with asyncio.timeout(5):
        await hung_up.wait()
    server.close()
    gc.collect()
