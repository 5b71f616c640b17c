"""The embedded broker: on loopback, behind its password, gone when it is stopped."""

from __future__ import annotations

import asyncio
import sys
import time

import aiomqtt
import pytest

import integrations
from engine.errors import UserError
from integrations.broker import LOOPBACK, EmbeddedBroker


def client(broker: EmbeddedBroker, **changes: str) -> aiomqtt.Client:
    login = {"username": broker.username, "password": broker.password, **changes}
    return aiomqtt.Client(broker.host, broker.port, timeout=5, **login)


async def test_it_takes_a_free_port_on_loopback_and_a_new_password() -> None:
    async with EmbeddedBroker() as first, EmbeddedBroker() as second:
        assert first.host == LOOPBACK
        assert 0 < first.port != second.port
        assert first.password != second.password


@pytest.mark.parametrize("wrong", [{"password": "x"}, {"username": "x"}, {"password": ""}])
async def test_strangers_are_refused(wrong: dict[str, str]) -> None:
    async with EmbeddedBroker() as broker:
        with pytest.raises(aiomqtt.MqttError):
            async with client(broker, **wrong):
                pass
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client(broker.host, broker.port, timeout=5):
                pass


async def test_it_stops_within_a_second_with_clients_and_silent_ones_connected() -> None:
    broker = EmbeddedBroker()
    await broker.start()
    _, silent = await asyncio.open_connection(broker.host, broker.port)
    async with client(broker):
        started = time.monotonic()
        await broker.stop()
        assert time.monotonic() - started < 1.5
    silent.close()
    await broker.stop()
    with pytest.raises(OSError, match=r"."):
        await asyncio.open_connection(broker.host, broker.port)
    assert len(asyncio.all_tasks()) == 1


async def test_garbage_ends_its_own_connection_only() -> None:
    async with EmbeddedBroker() as broker, client(broker) as good:
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, b"\x10\x02\x00\x00"):
            _, writer = await asyncio.open_connection(broker.host, broker.port)
            writer.write(garbage)
            await writer.drain()
            writer.close()
        await good.subscribe("a")
        await good.publish("a", b"still here", qos=1)
        message = await anext(good.messages)
        assert message.payload == b"still here"


async def test_a_taken_port_names_itself_and_the_remedy() -> None:
    async with EmbeddedBroker() as first:
        with pytest.raises(UserError, match=rf"mqtt.port {first.port}.*0 for any"):
            await EmbeddedBroker(port=first.port).start()


async def test_where_it_is_not_installed_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "integrations.amqtt_parts", None)
    monkeypatch.delattr(integrations, "amqtt_parts", raising=False)
    with pytest.raises(UserError, match=r"heliotrope\[sim\]"):
        await EmbeddedBroker().start()
