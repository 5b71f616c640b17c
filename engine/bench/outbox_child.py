"""The victim of the outbox's measurement: alerts, channels and a post office, until it is killed.

Raises alerts at random moments (none where it is told to only deliver), and
writes down when it is up and what it raised. Its wall clock is a file's, so
that it can be made to jump. Everything else is the product's own. It is
forked from a process that has imported all of this, so that two hundred lives
cost no more than their work.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from pathlib import Path

from alerts.apprise_channel import AppriseChannel, known
from alerts.channel import Channel
from alerts.home_assistant import Home, HomeAssistantPhone
from alerts.mqtt_event import MqttEvent
from alerts.notice import Notice
from alerts.outbox import Outbox
from alerts.post import PostOffice, Terms
from engine.bench.push_servers import TOKEN
from engine.core.types import Command, Reply, Snapshot
from integrations import sample
from integrations.hub import Latest
from integrations.mqtt.bus import Broker
from integrations.mqtt.device import MqttDevice

SERVICE = "mobile_app_phone"
DEVICE = "outbox"
MEAN_SECONDS = 0.06
"""Between two alerts: far more than any home has, so that a kill hits work under way."""


def jumping(file: Path) -> float:
    """The wall clock as `file` has set it off."""
    try:
        return time.time() + float(file.read_text())
    except (OSError, ValueError):
        return time.time()


async def refuse(command: Command) -> Reply:
    return Reply(command.source, command.id, ok=False, message="not here")


@dataclass(frozen=True, slots=True)
class Life:
    """Where the victim lives and with whom; `run` numbers its alerts, -1 raises none."""

    folder: Path
    mqtt: int
    companion: int
    ntfy: int
    run: int

    @property
    def diary(self) -> Path:
        return self.folder.parent / f"diary-{self.run}"


def warm() -> None:
    """What the first use of Apprise loads, before anything is forked."""
    known("ntfy://127.0.0.1/alerts")


async def live(life: Life) -> None:
    diary = life.diary.open("w", buffering=1)
    clock = life.folder.parent / "clock"
    states: Latest[Snapshot] = Latest()
    states.put(sample.at(time.monotonic()))
    device = MqttDevice(Broker("127.0.0.1", life.mqtt), DEVICE, "Outbox")
    home = Home(f"http://127.0.0.1:{life.companion}", TOKEN)
    channels: list[Channel] = [
        HomeAssistantPhone(home, SERVICE),
        MqttEvent(device.tell),
        AppriseChannel(f"ntfy://127.0.0.1:{life.ntfy}/alerts", 1),
    ]
    post = PostOffice(
        Outbox(life.folder),
        channels,
        terms=Terms(expire=1e9),
        wall=lambda: jumping(clock),
        told=lambda ok, detail: print(f"told {ok} {detail}", file=diary),
    )
    await post.open()
    tasks = [
        asyncio.create_task(post.run()),
        asyncio.create_task(device.run(states, refuse)),
    ]
    print("up", file=diary)
    if life.run < 0:
        await asyncio.gather(*tasks)
    chance = random.Random(life.run)
    for n in range(1_000_000):
        # Every third is an update of the one before: one visit, one tag.
        tag = f"heliotrope-{DEVICE}-{life.run}-{n - (n % 3 == 2)}"
        at = jumping(clock)
        post.post(Notice(tag, "person", "A person was seen", f"number {n}", at=at, bearing=10.0))
        print(f"raised {tag}", file=diary)
        await asyncio.sleep(chance.expovariate(1.0 / MEAN_SECONDS))


def main(life: Life) -> None:
    asyncio.run(live(life))
