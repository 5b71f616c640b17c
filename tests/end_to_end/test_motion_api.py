"""The client that docs/motion-api.md shows, as a program of its own against a running device."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from pathlib import Path

import pytest

from engine.core.types import Command, Reply
from integrations import sample
from integrations.broker import EmbeddedBroker
from integrations.hub import Hub
from integrations.mqtt.bus import Broker
from integrations.mqtt.device import MqttDevice

pytestmark = pytest.mark.needs("sim")

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "look_at_the_door.py"


async def run_example(broker: EmbeddedBroker, heading: str) -> tuple[int, str]:
    login = (broker.username, broker.password) if broker.username else ()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(EXAMPLE), broker.host, str(broker.port), "abc", heading, *login),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode().strip()


async def test_the_example_waits_for_a_device_that_comes_later() -> None:
    async def deliver(command: Command) -> Reply:
        return Reply(command.source, command.id, ok=True, message="turning to 40°")

    hub = Hub(lambda _: None)
    hub.publish(sample.at(time.monotonic()))
    async with EmbeddedBroker() as broker:
        target = Broker(broker.host, broker.port, broker.username, broker.password, broker.protocol)
        asking = asyncio.ensure_future(run_example(broker, "40"))
        await asyncio.sleep(1.0)
        life = asyncio.ensure_future(MqttDevice(target, "abc", "K").run(hub.states, deliver))
        try:
            assert await asking == (0, "turning to 40°")
        finally:
            life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await life


async def test_the_example_says_that_no_device_is_there() -> None:
    async with EmbeddedBroker() as broker:
        assert await run_example(broker, "40") == (1, "the device is not there")


async def test_the_example_turns_the_head_and_is_told_of_a_refusal() -> None:
    asked: list[Command] = []

    def deliver(command: Command) -> None:
        asked.append(command)
        ok = command.arguments["heading"] == 40.0
        said = "turning to 40°" if ok else "outside the range"
        hub.answer(Reply(command.source, command.id, ok=ok, message=said))

    hub = Hub(deliver)
    hub.publish(sample.at(time.monotonic()))
    async with EmbeddedBroker() as broker:
        target = Broker(broker.host, broker.port, broker.username, broker.password, broker.protocol)
        life = asyncio.ensure_future(MqttDevice(target, "abc", "K").run(hub.states, hub.submit))
        try:
            assert await run_example(broker, "40") == (0, "turning to 40°")
            assert asked[-1].arguments == {"heading": 40.0, "pace": "gentle"}
            assert await run_example(broker, "300") == (1, "outside the range")
            assert len(asked) == 2
        finally:
            life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await life
