"""One suite for every bus: in memory, the embedded broker, and a real Mosquitto in two versions."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from engine.ports import Bus, Message
from integrations.broker import EmbeddedBroker
from integrations.mqtt.bus import (
    LONGEST,
    MOST_PACKET,
    Broker,
    BusLost,
    Refused,
    client_id,
    connected,
)
from integrations.mqtt.fake import FakeBroker

Connect = Callable[..., AbstractAsyncContextManager[Bus]]


@asynccontextmanager
async def fake() -> AsyncIterator[Connect]:
    yield FakeBroker().connected


def real(broker: Broker, protocol: int) -> Connect:
    return lambda will=None: connected(broker, protocol, client_id("test"), will)


@asynccontextmanager
async def embedded() -> AsyncIterator[Connect]:
    async with EmbeddedBroker() as running:
        broker = Broker(running.host, running.port, running.username, running.password)
        yield real(broker, running.protocol)


@asynccontextmanager
async def mosquitto(
    program: str, folder: Path, protocol: int, access: str = ""
) -> AsyncIterator[Connect]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "mosquitto.conf"
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "persistence false"]
    if access:
        (folder / "access").write_text(access)
        lines.append(f"acl_file {folder / 'access'}")
        # Mosquitto gives up root's rights and reads the list after that.
        lines += ["user root"] if os.geteuid() == 0 else []
    config.write_text("\n".join(lines) + "\n")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-c", config], stdout=log, stderr=log)  # noqa: ASYNC220
    try:
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.05)
        yield real(Broker("127.0.0.1", port), protocol)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(
    params=[
        "fake",
        "embedded",
        pytest.param("mosquitto 5", marks=pytest.mark.needs("mosquitto")),
        pytest.param("mosquitto 3.1.1", marks=pytest.mark.needs("mosquitto")),
    ]
)
async def connect(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Connect]:
    if request.param == "fake":
        running = fake()
    elif request.param == "embedded":
        running = embedded()
    else:
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/sbin")
        running = mosquitto(str(program), tmp_path, 5 if request.param.endswith(" 5") else 4)
    async with running as way:
        yield way


@pytest.mark.needs("mosquitto")
async def test_what_an_access_list_forbids_is_refused(tmp_path: Path) -> None:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/sbin")
    access = "topic read fine\ntopic write fine\n"
    async with mosquitto(str(program), tmp_path, 5, access) as way, way() as bus:
        await bus.subscribe("fine")
        assert await bus.publish(Message("fine", b"x"), qos=1)
        with pytest.raises(Refused, match=r"does not take secret \(Not authorized\)"):
            await bus.publish(Message("secret", b"x"), qos=1)
        assert await bus.publish(Message("fine", b"y"), qos=1)
        assert [m.payload for m in await received(bus, 2)] == [b"x", b"y"]


async def test_a_broker_of_mqtt_5_says_whether_somebody_listens(
    connect: Connect, request: pytest.FixtureRequest
) -> None:
    says_so = request.node.callspec.params["connect"] in {"fake", "mosquitto 5"}
    async with connect() as one, connect() as two:
        assert await one.publish(Message("a", b""), qos=1) is not says_so
        assert await one.publish(Message("a", b""), qos=0)
        await two.subscribe("a")
        assert await one.publish(Message("a", b""), qos=1)


async def received(bus: Bus, count: int) -> list[Message]:
    messages: list[Message] = []
    async with asyncio.timeout(10):
        async for message in bus.messages():
            messages.append(message)
            if len(messages) == count:
                break
    return messages


async def test_it_is_a_bus(connect: Connect) -> None:
    async with connect() as bus:
        assert isinstance(bus, Bus)


async def test_a_message_reaches_subscribers_and_only_them(connect: Connect) -> None:
    async with connect() as one, connect() as two:
        await one.subscribe("a/+/c")
        await two.publish(Message("a/b/x", b"not this"), qos=1)
        await two.publish(Message("a/b/c", b"this \x00\xff"), qos=1)
        assert await received(one, 1) == [Message("a/b/c", b"this \x00\xff")]


async def test_many_levels(connect: Connect) -> None:
    async with connect() as bus:
        await bus.subscribe("a/#")
        for topic in ("b", "a/b/c/d", "a"):
            await bus.publish(Message(topic, topic.encode()), qos=1)
        assert {message.topic for message in await received(bus, 2)} == {"a/b/c/d", "a"}


async def test_retained_messages_wait_and_are_marked(connect: Connect) -> None:
    async with connect() as bus:
        await bus.publish(Message("r/1", b"old", retain=True), qos=1)
        await bus.publish(Message("r/1", b"new", retain=True), qos=1)
        await bus.publish(Message("r/2", b"gone", retain=True), qos=1)
        await bus.publish(Message("r/2", b"", retain=True), qos=1)
    async with connect() as late:
        await late.subscribe("r/#")
        assert await received(late, 1) == [Message("r/1", b"new", retain=True)]
        await late.publish(Message("r/1", b"live", retain=True), qos=1)
        assert await received(late, 1) == [Message("r/1", b"live")]


async def test_a_newcomer_gets_only_what_it_asked_for(connect: Connect) -> None:
    async with connect() as one:
        await one.subscribe("r/#")
        await one.publish(Message("r/1", b"for one", retain=True), qos=1)
        async with connect() as two:
            await two.subscribe("x")
            await one.publish(Message("x", b"for two"), qos=1)
            assert await received(two, 1) == [Message("x", b"for two")]


async def test_order_is_kept(connect: Connect) -> None:
    async with connect() as bus:
        await bus.subscribe("n")
        for index in range(50):
            await bus.publish(Message("n", str(index).encode()), qos=1)
        assert [int(m.payload) for m in await received(bus, 50)] == list(range(50))


async def test_of_a_long_payload_only_the_beginning_is_kept(connect: Connect) -> None:
    async with connect() as bus:
        await bus.subscribe("long")
        payload = bytes(range(256)) * 4_000
        await bus.publish(Message("long", payload), qos=1)
        await bus.publish(Message("long", payload[:LONGEST]), qos=1)
        assert [m.payload for m in await received(bus, 2)] == [payload[:LONGEST]] * 2


@pytest.mark.needs("mosquitto")
async def test_a_packet_that_is_an_attack_never_comes(tmp_path: Path) -> None:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/sbin")
    async with mosquitto(str(program), tmp_path, 5) as way, way() as bus, way() as other:
        await bus.subscribe("long")
        await other.publish(Message("long", b"x" * (MOST_PACKET + 1)), qos=1)
        await other.publish(Message("long", b"after it"), qos=1)
        assert [m.payload for m in await received(bus, 1)] == [b"after it"]


async def test_a_clean_end_leaves_no_will(connect: Connect) -> None:
    async with connect() as watcher:
        await watcher.subscribe("w/#")
        async with connect(Message("w/will", b"offline", retain=True)):
            pass
        await watcher.publish(Message("w/end", b""), qos=1)
        assert [message.topic for message in await received(watcher, 1)] == ["w/end"]


@pytest.mark.needs("mosquitto")
async def test_a_real_bus_is_lost_with_its_broker(tmp_path: Path) -> None:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/sbin")
    async with contextlib.AsyncExitStack() as stack:
        running = mosquitto(str(program), tmp_path, 5)
        way = await running.__aenter__()
        bus = await stack.enter_async_context(way())
        reading = asyncio.ensure_future(received(bus, 1))
        await running.__aexit__(None, None, None)
        with pytest.raises(BusLost):
            await reading
        with pytest.raises(BusLost):
            async with way():
                pass
