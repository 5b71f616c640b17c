"""How long an alert takes from the outbox's disk to the servers that deliver it, all well.

The product's own post office and channels, in this process, one alert after another. Nothing is
killed and nothing fails here.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiomqtt

from alerts.apprise_channel import AppriseChannel
from alerts.home_assistant import Home, HomeAssistantPhone
from alerts.mqtt_event import MqttEvent
from alerts.notice import Notice
from alerts.outbox import Outbox
from alerts.post import PostOffice
from engine.bench.outbox_child import DEVICE, SERVICE, refuse
from engine.bench.outbox_world import World
from engine.bench.push_servers import TOKEN
from engine.core.types import Snapshot
from integrations import sample
from integrations.hub import Latest
from integrations.mqtt.bus import Broker
from integrations.mqtt.device import MqttDevice

Progress = Callable[[str], None]


class Timed(Outbox):
    """Remembers when each notice was on the disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.committed: dict[str, float] = {}

    def put(self, *arguments: Any) -> int:
        revision = super().put(*arguments)
        self.committed[arguments[0].tag] = time.monotonic()
        return revision


async def latency(made: World, count: int, progress: Progress) -> dict[str, Any]:
    """Seconds from the commit to the server that has it, all well, one alert after another."""
    heard: dict[str, float] = {}
    box = Timed(made.folder)
    device = MqttDevice(Broker("127.0.0.1", made.broker.port), DEVICE, "Outbox")
    home = Home(made.companion.url, TOKEN)
    ntfy = f"ntfy://127.0.0.1:{made.ntfy.port}/alerts"
    phone, mqtt = HomeAssistantPhone(home, SERVICE), MqttEvent(device.tell)
    post = PostOffice(box, [phone, mqtt, AppriseChannel(ntfy, 1)])
    await post.open()
    states: Latest[Snapshot] = Latest()
    states.put(sample.at(time.monotonic()))
    tasks = [asyncio.create_task(post.run()), asyncio.create_task(device.run(states, refuse))]
    async with aiomqtt.Client("127.0.0.1", made.broker.port) as client:
        await client.subscribe(f"heliotrope/{DEVICE}/event/alert", qos=1)

        async def listen() -> None:
            async for message in client.messages:
                if isinstance(message.payload, bytes):
                    heard.setdefault(json.loads(message.payload)["tag"], time.monotonic())

        tasks.append(asyncio.create_task(listen()))
        # Connections take their time once; an engine has had them for hours.
        post.post(Notice("first", "person", "A person was seen", "", at=time.time()))
        while "first" not in heard or not made.ntfy.messages:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        for kept in (made.companion.calls, made.companion.times, made.ntfy.messages):
            kept.clear()
        made.ntfy.times.clear()
        heard.clear()
        for n in range(count):
            progress(f"latency, {n + 1} of {count}")
            post.post(Notice(f"latency-{n}", "person", "A person was seen", "", at=time.time()))
            await asyncio.sleep(0.1)
        give_up = time.monotonic() + 30.0
        while len(made.ntfy.messages) < count and time.monotonic() < give_up:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    phones = {
        call[1]["data"]["tag"]: t
        for call, t in zip(made.companion.calls, made.companion.times, strict=True)
    }
    posts = {
        message["tags"][0]: t
        for message, t in zip(made.ntfy.messages, made.ntfy.times, strict=True)
    }
    arrived = {"home_assistant": phones, "mqtt": heard, "ntfy": posts}
    return {
        name: _summary([t - box.committed[tag] for tag, t in times.items()])
        for name, times in arrived.items()
    }


def _summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "n": len(ordered),
        "p50_s": round(statistics.median(ordered), 4),
        "p99_s": round(ordered[int(0.99 * (len(ordered) - 1))], 4),
        "max_s": round(ordered[-1], 4),
    }
