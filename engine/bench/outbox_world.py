"""What the outbox's measurement happens in: servers, a disk of its own, and spells of trouble.

A real Mosquitto; the push servers answer as Home Assistant and ntfy do. It starts the victims,
remembers what was seen of their alerts, and lets servers, disk and clock fail at random. When a
victim is killed, and what is made of what was seen, is not decided here.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import random
import shutil
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import aiomqtt

from alerts.outbox import FILE, Entry, Outbox
from engine.bench.outbox_child import DEVICE, SERVICE, Life, main
from engine.bench.push_servers import Companion, Ntfy

DISK = "6m"
"""Of a file system of its own, so that filling it fills nobody else's."""
DAY = 86_400.0


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
