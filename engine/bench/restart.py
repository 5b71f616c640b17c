"""The whole engine, armed, killed and started again: `script/measure restart`.

`heliotrope run` as a process of its own with the real detector and an ntfy server on
loopback, and with neither a broker nor Home Assistant. Its camera is a recording of the
simulated room: somebody comes in, or sits there from the first frame. Timed: from the
first word of somebody to the server, and from the notice to the server. It is killed
(SIGKILL) when somebody is in view and nothing is committed yet, and started again with
somebody in view: from that start to the alert at the server. And it is killed after a
server took an alert without answering: what comes again must be the same notification.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import cv2

from engine.bench.outbox_world import committed
from engine.bench.push_servers import Ntfy, until
from engine.loops.camera import RATE
from engine.sim.camera import SimulatedCamera
from engine.sim.living_room import LivingRoom
from integrations.http.scopes import Scope
from integrations.http.tokens import TokenStore

SEED = 3
"""Of the room: somebody comes through the door two seconds after its start, and sits down in
view by the eighth, for at least half a minute."""
ENTERS, SITS = "enters", "sits"
CLIPS = {ENTERS: (0.0, 40.0, 20.0), SITS: (8.0, 45.0, 0.0)}
"""Seconds of the room's time that a recording shows, and for how long its first picture stands
before them: an engine that starts is not what an entry is timed on."""
FPS = 10.0
ROUNDS = 10
PATIENCE = 120.0  # s; a guard against what hangs, not a measure
ARM = {"name": "arm", "arguments": {"mode": "away", "delay": 0}}

Progress = Callable[[str], None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def record(file: Path, start: float, end: float, lead: float) -> None:
    """What a camera of the room sees in this time, as a video."""
    clock = [start]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    camera = SimulatedCamera(
        LivingRoom(SEED), lambda _: 0.0, fps=FPS, now=lambda: clock[0], sleep=sleep, seed=SEED
    )
    size = (camera.width, camera.height)
    video = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), FPS, size)
    camera.open()
    try:
        while clock[0] < end:
            frame = camera.read()
            for _ in range(1 + round(lead * FPS)):
                video.write(frame.pixels)
            lead = 0.0
            frame.wipe()
    finally:
        camera.close()
        video.release()


@dataclass
class Engine:
    """One life of the engine on the state directory `state`."""

    state: Path
    ntfy: int
    token: str
    camera: str = "none"
    more: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None
    began: float = 0.0

    async def run(self) -> None:
        own = {
            "HELIOTROPE_STATE_DIR": str(self.state),
            "HELIOTROPE_HTTP__PORT": str(self.port),
            "HELIOTROPE_MQTT__ENABLED": "false",
            "HELIOTROPE_ALERTS__CHANNELS": '["apprise"]',
            "HELIOTROPE_ALERTS__APPRISE": json.dumps([f"ntfy://127.0.0.1:{self.ntfy}/alerts"]),
            "HELIOTROPE_CAMERA__SOURCE": self.camera,
            "HELIOTROPE_MICROPHONES__SOURCE": "none",
            "HELIOTROPE_LOG__LEVEL": "warning",
        }
        clean = {k: v for k, v in os.environ.items() if not k.startswith("HELIOTROPE_")}
        self.began = time.monotonic()
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "engine", "run", "--quiet"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=clean | own | self.more,
        )

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def snapshots(self) -> AsyncGenerator[dict[str, Any], None]:
        """What the page sees, from as soon as it can be asked."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"http://127.0.0.1:{self.port}/events") as stream:
                        async for line in stream.content:
                            if line.startswith(b"data: "):
                                yield json.loads(line[6:])
                assert self.process is not None
                if self.process.returncode is not None:
                    raise RuntimeError("the engine ended by itself")
                await asyncio.sleep(0.02)

    async def see(self, what: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            async with contextlib.aclosing(self.snapshots()) as snapshots:
                async for snapshot in snapshots:
                    if what(snapshot):
                        return snapshot
        raise AssertionError

    async def command(self, body: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"http://127.0.0.1:{self.port}/command", json=body) as answer,
        ):
            if answer.status != 200:
                raise RuntimeError(await answer.text())

    def cpu(self) -> float:
        """Processor seconds that it has used, which others on the computer do not change."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.asynccontextmanager
async def alive(engine: Engine) -> AsyncIterator[Engine]:
    await engine.run()
    try:
        yield engine
    finally:
        await engine.kill()


@dataclass
class Bench:
    """A folder, a server, and a state directory of an armed device to begin each round with."""

    folder: Path
    ntfy: Ntfy
    token: str = ""
    rounds: int = 0

    @property
    def armed(self) -> Path:
        return self.folder / "armed"

    async def prepare(self) -> None:
        """Arm a device as its owner does, and end it in an orderly way."""
        self.armed.mkdir()
        self.token = TokenStore(self.armed).make("bench", Scope.ADMIN)
        for name, spans in CLIPS.items():
            record(self.clip(name), *spans)
        async with alive(Engine(self.armed, self.ntfy.port, self.token)) as engine:
            await engine.see(lambda _: True)
            await engine.command(ARM)
            await engine.see(lambda shown: shown["alarm"] == "armed_away")
            assert engine.process is not None
            engine.process.terminate()
            await engine.process.wait()

    def clip(self, name: str) -> Path:
        return self.folder / f"{name}.avi"

    def fresh(self, clip: str = SITS) -> Engine:
        self.rounds += 1
        state = self.folder / f"state-{self.rounds}"
        shutil.copytree(self.armed, state)
        return self.again(state, clip)

    def again(self, state: Path, clip: str = SITS) -> Engine:
        return Engine(state, self.ntfy.port, self.token, str(self.clip(clip)))

    async def arrives(self, before: int = 0) -> float:
        """When the server had one more message than `before`."""
        await until(lambda: len(self.ntfy.messages) > before, PATIENCE)
        return self.ntfy.times[before]


@contextlib.asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    with tempfile.TemporaryDirectory() as folder:
        async with Ntfy() as ntfy:
            made = Bench(Path(folder), ntfy)
            await made.prepare()
            yield made


async def entry(made: Bench) -> dict[str, float]:
    """Somebody comes in before an armed device: seconds to the server."""
    made.ntfy.messages.clear()
    made.ntfy.times.clear()
    async with alive(made.fresh(ENTERS)) as engine:
        seen = await engine.see(lambda shown: shown["people"])
        noticed = time.monotonic()
        assert seen["alarm"] != "disarmed"
        arrived = await made.arrives()
        (told,) = committed(engine.state)
        # Both clocks are this computer's: what was noticed carries the wall's time.
        age = time.time() - told.notice.at - (time.monotonic() - arrived)
    return {
        "first_seen_to_server_s": max(0.0, arrived - noticed),
        "noticed_to_server_s": age,
    }


async def killed_before_the_commit(made: Bench) -> dict[str, Any] | None:
    """Killed with somebody in view; None where the alert was committed by then."""
    made.ntfy.messages.clear()
    made.ntfy.times.clear()
    first = made.fresh()
    async with alive(first):
        # From the first picture on somebody is in it; sure of it the engine is some looks later.
        await first.see(lambda shown: RATE in shown["measures"])
        await first.kill()
    if committed(first.state):
        return None
    assert made.ntfy.messages == []
    second = made.again(first.state)
    async with alive(second):
        await second.see(lambda shown: shown["people"])
        seen, cpu = time.monotonic(), second.cpu()
        arrived = await made.arrives()
        return {
            "start_to_server_s": arrived - second.began,
            "start_to_seen_s": seen - second.began,
            "processor_s_until_seen": cpu,
        }


async def killed_before_the_answer(made: Bench) -> dict[str, Any]:
    """The server took it and never said so: what a phone shows after it came again."""
    made.ntfy.messages.clear()
    made.ntfy.times.clear()
    first = made.fresh()
    made.ntfy.mute = True
    try:
        async with alive(first):
            await made.arrives()
            await first.kill()
    finally:
        made.ntfy.mute = False
    async with alive(made.again(first.state)):
        await made.arrives(1)
    return {
        "deliveries": len(made.ntfy.messages),
        "names": len({message["sequence_id"] for message in made.ntfy.messages}),
        "shown": len(made.ntfy.shown),
    }


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    def of(key: str) -> dict[str, float]:
        values = sorted(entry[key] for entry in found)
        return {"median": round(statistics.median(values), 3), "max": round(values[-1], 3)}

    return {"n": len(found), **{key: of(key) for key in found[0]}} if found else {"n": 0}


async def _measure(rounds: int, progress: Progress) -> dict[str, Any]:
    async with bench() as made:
        entries, restarts, repeats = [], [], []
        committed = 0
        for n in range(rounds):
            progress(f"entry {n + 1} of {rounds}")
            entries.append(await entry(made))
            progress(f"kill {n + 1} of {rounds}")
            found = await killed_before_the_commit(made)
            committed += found is None
            restarts += [found] if found else []
        for n in range(max(1, rounds // 4)):
            progress(f"repeat {n + 1}")
            repeats.append(await killed_before_the_answer(made))
    return {
        "entry": summary(entries),
        "restart_after_a_kill_before_the_commit": summary(restarts),
        "committed_before_the_kill": committed,
        "killed_before_the_answer": summary(repeats),
        "load": [round(value, 1) for value in os.getloadavg()],
    }


def measure(_data: Path | None, progress: Progress) -> dict[str, Any]:
    return asyncio.run(_measure(ROUNDS, progress))
