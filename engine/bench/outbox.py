"""The outbox under kills: nothing that was committed may be lost, and every repeat is the same.

A process with the product's own post office raises alerts without pause and
is killed (SIGKILL) at random moments, while broker and push servers go down
for random spells, the disk fills up and the clock jumps. Afterwards all is
put right, and what was committed is compared with what arrived. A real
Mosquitto; the push servers answer as Home Assistant and ntfy do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import aiomqtt

from alerts.apprise_channel import AppriseChannel
from alerts.home_assistant import Home, HomeAssistantPhone
from alerts.mqtt_event import MqttEvent
from alerts.notice import Notice
from alerts.outbox import FILE, Entry, Outbox
from alerts.post import PostOffice
from engine.bench.outbox_child import DEVICE, SERVICE, Life, main, refuse
from engine.bench.push_servers import TOKEN, Companion, Ntfy
from engine.core.types import Snapshot
from integrations import sample
from integrations.hub import Latest
from integrations.mqtt.bus import Broker
from integrations.mqtt.device import MqttDevice

KILLS = 200
DISK = "6m"
"""Of a file system of its own, so that filling it fills nobody else's."""
DURING_START = 0.2
"""Share of the kills that come while the process is still starting."""
DRAIN_SECONDS = 240.0
LATENCY_ALERTS = 200
DAY = 86_400.0

Progress = Callable[[str], None]


def committed(state: Path) -> list[Entry]:
    """What is in the outbox of `state`, from a copy: reading must not mend what a kill left."""
    with tempfile.TemporaryDirectory() as copy:
        for end in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(state / f"{FILE}{end}", copy)
        box = Outbox(Path(copy), reserve=False)
        box.open()
        found = box.entries()
        box.close()
    return found


@dataclass
class Mosquitto:
    """A broker on loopback, which can be killed and started again on its port."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self.process is None:
            program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
            if program is None:
                raise RuntimeError("mosquitto is not installed; apt install mosquitto")
            # Without a configuration it listens on loopback only, and asks for no password.
            self.process = subprocess.Popen(
                [program, "-p", str(self.port)],
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def kill(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()


@dataclass
class World:
    """The servers, the folder of the victim, and what has been seen of its alerts."""

    folder: Path
    broker: Mosquitto
    companion: Companion
    ntfy: Ntfy
    own_disk: bool
    nursery: ForkServerContext
    heard: Counter[str] = field(default_factory=Counter)
    raised: set[str] = field(default_factory=set)
    committed: set[str] = field(default_factory=set)
    told: Counter[str] = field(default_factory=Counter)
    spells: Counter[str] = field(default_factory=Counter)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def start_child(self, run: int) -> BaseProcess:
        life = Life(self.state, self.broker.port, self.companion.port, self.ntfy.port, run)
        child = self.nursery.Process(target=main, args=(life,), daemon=True)
        child.start()
        return child

    def diary(self, run: int) -> list[str]:
        try:
            return (self.folder / f"diary-{run}").read_text().splitlines()
        except FileNotFoundError:
            return []

    def look_at_disk(self) -> None:
        """Remember what is committed."""
        self.committed |= {entry.notice.tag for entry in committed(self.state)}

    def read_diary(self, run: int) -> None:
        """What the victim wrote before it died."""
        for line in self.diary(run):
            kind, _, rest = line.partition(" ")
            if kind == "raised":
                self.raised.add(rest)
            elif kind == "told" and "full" in rest:
                self.told["disk full"] += 1


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def disk() -> Iterator[tuple[Path, bool]]:
    """A folder, and whether it is a small file system of its own."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        state.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(state)]
        own = not subprocess.run(mount, capture_output=True, check=False).returncode
        try:
            yield Path(folder), own
        finally:
            if own:
                subprocess.run(["umount", "-l", str(state)], check=False)


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    with disk() as (folder, own):
        broker = Mosquitto(folder, free_port())
        async with Companion(services=(SERVICE,)) as companion, Ntfy() as ntfy:
            nursery = multiprocessing.get_context("forkserver")
            nursery.set_forkserver_preload(["engine.bench.outbox_nursery"])
            made = World(folder, broker, companion, ntfy, own, nursery)
            broker.start()
            listener = asyncio.create_task(_listen(made))
            try:
                yield made
            finally:
                listener.cancel()
                await asyncio.gather(listener, return_exceptions=True)
                broker.kill()


async def _listen(made: World) -> None:
    """A subscriber that comes back whenever the broker does."""
    while True:
        with contextlib.suppress(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", made.broker.port, timeout=2.0) as client:
                await client.subscribe(f"heliotrope/{DEVICE}/event/alert", qos=1)
                async for message in client.messages:
                    made.heard[str(message.payload)] += 1
        await asyncio.sleep(0.1)


# ------------------------------------------------------------------------ trouble


async def trouble(made: World, chance: random.Random) -> None:
    """Spells of this and that until cancelled; several at once may well be."""
    kinds = [_broker_away, _companion_away, _ntfy_in_trouble, _clock_jumps]
    if made.own_disk:
        kinds.append(_disk_full)
    while True:
        await asyncio.sleep(chance.uniform(0.0, 2.0))
        kind = chance.choice(kinds)
        made.spells[kind.__name__.strip("_")] += 1
        await kind(made, chance.uniform(0.2, 4.0), chance)


async def _broker_away(made: World, seconds: float, _: random.Random) -> None:
    made.broker.kill()
    await asyncio.sleep(seconds)
    made.broker.start()


async def _companion_away(made: World, seconds: float, _: random.Random) -> None:
    await made.companion.stop()
    await asyncio.sleep(seconds)
    await made.companion.start()


async def _ntfy_in_trouble(made: World, seconds: float, _: random.Random) -> None:
    made.ntfy.down = True
    await asyncio.sleep(seconds)
    made.ntfy.down = False


async def _clock_jumps(made: World, _: float, chance: random.Random) -> None:
    jump = chance.choice([-400 * DAY, -DAY, -3600.0, 0.0, 3600.0, DAY, 400 * DAY])
    (made.folder / "clock").write_text(str(jump))


async def _disk_full(made: World, seconds: float, _: random.Random) -> None:
    filler = made.state / "filler"
    try:
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as full:
            while full.write(b"x" * 4096):
                pass
        await asyncio.sleep(seconds)
    finally:
        filler.unlink(missing_ok=True)


# ----------------------------------------------------------------------- measuring


async def kills(made: World, count: int, chance: random.Random, progress: Progress) -> None:
    """Start, let it live for a random while, kill; `count` times."""
    troubled = asyncio.create_task(trouble(made, chance))
    try:
        for run in range(count):
            progress(f"kill {run + 1} of {count}, {len(made.committed)} committed")
            child = made.start_child(run)
            if chance.random() < DURING_START:
                await asyncio.sleep(chance.uniform(0.0, 0.2))
            else:
                while "up" not in made.diary(run) and child.is_alive():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                await asyncio.sleep(chance.uniform(0.0, 1.5))
            child.kill()
            await asyncio.to_thread(child.join)
            made.read_diary(run)
            await asyncio.to_thread(made.look_at_disk)
    finally:
        troubled.cancel()
        await asyncio.gather(troubled, return_exceptions=True)


async def drain(made: World, progress: Progress) -> None:
    """All well again: until nothing waits any more."""
    made.ntfy.down = False
    made.broker.start()
    if made.companion.runner is None:
        await made.companion.start()
    progress("delivering the rest")
    child = made.start_child(-1)
    give_up = time.monotonic() + DRAIN_SECONDS
    try:
        while time.monotonic() < give_up:
            await asyncio.sleep(1.0)
            box = Outbox(made.state, reserve=False)
            box.open()
            waiting = await asyncio.to_thread(box.waiting)
            box.close()
            if not waiting:
                return
    finally:
        child.kill()
        await asyncio.to_thread(child.join)


def judge(made: World) -> dict[str, Any]:
    """What was committed against what arrived, by channel."""
    phone = Counter(data["data"]["tag"] for _, data in made.companion.calls)
    posts = Counter(tag for message in made.ntfy.messages for tag in message["tags"])
    box = Outbox(made.state, reserve=False)
    box.open()
    acknowledged = {
        entry.notice.tag
        for entry in box.entries()
        for delivery in entry.deliveries
        if delivery.channel == "mqtt" and delivery.delivered == entry.revision
    }
    box.close()
    known = made.raised | made.committed
    return {
        "committed": len(made.committed),
        "raised": len(known),
        "lost": {
            "home_assistant": len(made.committed - set(phone)),
            "mqtt": len(made.committed - acknowledged),
            "ntfy": len(made.committed - set(posts)),
        },
        "repeats_with_the_same_tag": sum(
            count - 1
            for count in Counter(
                (data["data"]["tag"], data["message"]) for _, data in made.companion.calls
            ).values()
        ),
        "deliveries": {"home_assistant": phone.total(), "ntfy": posts.total()},
        "repeats_of_a_first_notice_on_ntfy": posts.total() - len(posts),
        "tags_nobody_raised": len((set(phone) | set(posts)) - known),
        "arrived_uncommitted": len((set(phone) | set(posts)) - made.committed),
        "spells": dict(made.spells),
        "times_told_that_the_disk_is_full": made.told["disk full"],
        "disk_of_its_own": made.own_disk,
    }


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


async def _measure(count: int, alerts: int, progress: Progress, seed: int = 1) -> dict[str, Any]:
    async with world() as made:
        figures: dict[str, Any] = {"kills": count}
        if alerts:
            figures["commit_to_server"] = await latency(made, alerts, progress)
        made.companion.calls.clear()
        made.companion.times.clear()
        made.ntfy.messages.clear()
        await kills(made, count, random.Random(seed), progress)
        await drain(made, progress)
        return figures | judge(made)


def measure(_data: Path | None, progress: Progress) -> dict[str, Any]:
    """The whole: 200 kills, and 200 alerts timed."""
    return asyncio.run(_measure(KILLS, LATENCY_ALERTS, progress))


def short(count: int, progress: Progress = lambda _: None) -> dict[str, Any]:
    """A few kills, for a test."""
    return asyncio.run(_measure(count, 0, progress))
