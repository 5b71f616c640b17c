"""What viewers of the live view cost the engine: `script/measure viewers`.

The product's camera loop, encoder, live view and page server, with a camera that gives ten
pictures a second. Nobody looks; one reads all; seven read nothing, as a phone does that has
walked out of reach; and one reads beside them. Told: frames a second that the loop takes
and that the reader gets, pictures encoded, processor time, and by how much the event loop,
on which decisions are made too, comes late. A sleeping eye: seeing is measured elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

from engine.core.types import Command, PeopleSeen, Reply
from engine.hardware.clock import MonotonicClock
from engine.loops.camera import CameraLoop, Pacing
from engine.loops.gate import Gate
from engine.ports import Frame
from engine.seeing.fakes import FakeEye
from integrations import sample
from integrations.http.checkin import LiveView
from integrations.http.scopes import Scope
from integrations.http.server import PageServer
from integrations.http.tokens import TokenStore
from integrations.hub import Hub

SECONDS = 15.0
STUCK = 7
FPS = 10.0
TICK = 0.01  # s between two looks at how late the event loop is

Progress = Callable[[str], None]


class Camera:
    """Pictures that compress badly, at ten a second. A `ports.Camera`."""

    width, height = 640, 480

    def __init__(self) -> None:
        self._random = np.random.default_rng(1)
        self._due = 0.0

    def open(self) -> None:
        self._due = time.monotonic()

    def read(self) -> Frame:
        self._due = max(self._due + 1.0 / FPS, time.monotonic() - 1.0 / FPS)
        time.sleep(max(0.0, self._due - time.monotonic()))
        noise = self._random.integers(0, 255, (self.height, self.width, 3), np.uint8)
        return Frame(time.monotonic(), noise)

    def close(self) -> None:
        pass


class Counted(LiveView):
    """Counts the pictures that were encoded for it."""

    encoded = 0

    def offer(self, t: float, data: bytes, seen: PeopleSeen | None) -> None:
        self.encoded += 1
        super().offer(t, data, seen)


@dataclass
class Site:
    """A camera loop and a page that shows it; `late` are seconds of the event loop's delay."""

    folder: Path
    live: Counted = field(default_factory=Counted)
    late: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hub = Hub(self._refuse)
        self.hub.publish(sample.at(time.monotonic()))
        store = TokenStore(self.folder)
        self.token = store.make("viewers", Scope.VIEW)
        self.server = PageServer(port=0, tokens=store, live=self.live)
        pacing = Pacing(max_fps=FPS, idle_fps=FPS)
        self.loop = CameraLoop(
            Camera(),
            FakeEye([]),
            lambda _: None,
            MonotonicClock(),
            Gate(allowed=True),
            pacing=pacing,
            sinks=[self.live],
        )

    def _refuse(self, command: Command) -> None:
        self.hub.answer(Reply(command.source, command.id, ok=False, message="not here"))

    async def watch(self) -> None:
        """The event loop's delay, and a snapshot now and then as an engine has them."""
        while True:
            due = time.monotonic() + TICK
            await asyncio.sleep(TICK)
            self.late.append(time.monotonic() - due)
            self.hub.publish(replace(sample.at(time.monotonic())))


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    with tempfile.TemporaryDirectory() as folder:
        made = Site(Path(folder))
        await made.server.start(made.hub.states, made.hub.submit)
        tasks = [asyncio.create_task(made.loop.run()), asyncio.create_task(made.watch())]
        try:
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await made.server.stop()


@contextmanager
def stuck(made: Site, count: int) -> Iterator[None]:
    """So many viewers who ask for the stream and never read it."""
    request = (
        "GET /camera/stream HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{made.server.port}\r\n"
        f"Authorization: Bearer {made.token}\r\n\r\n"
    )
    with contextlib.ExitStack() as open_ones:
        for _ in range(count):
            viewer = socket.socket()
            viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            open_ones.enter_context(viewer)
            viewer.connect(("127.0.0.1", made.server.port))
            viewer.sendall(request.encode())
        yield


async def read(made: Site, count: list[int]) -> None:
    """A viewer who takes everything; `count` is of pictures."""
    headers = {"Authorization": f"Bearer {made.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{made.server.url}/camera/stream") as answer,
    ):
        reader = aiohttp.MultipartReader.from_response(answer)
        while (part := await reader.next()) is not None:
            assert isinstance(part, aiohttp.BodyPartReader)
            await part.read()
            count[0] += 1


async def looked_at(seconds: float, silent: int, reads: bool) -> dict[str, Any]:
    """`silent` viewers who read nothing, and one who does if `reads`, for so long."""
    async with site() as made:
        got = [0]
        with stuck(made, silent):
            reading = asyncio.create_task(read(made, got)) if reads else None
            await asyncio.sleep(1.0)
            viewers = len(made.live.viewers)
            made.late.clear()
            frames, encoded, seen = made.loop.frames, made.live.encoded, got[0]
            begun, cpu = time.monotonic(), time.process_time()
            await asyncio.sleep(seconds)
            passed = time.monotonic() - begun
            figures = {
                "viewers": viewers,
                "frames_per_s": round((made.loop.frames - frames) / passed, 2),
                "encoded_per_s": round((made.live.encoded - encoded) / passed, 2),
                "reader_gets_per_s": round((got[0] - seen) / passed, 2) if reads else None,
                "cpu_share": round((time.process_time() - cpu) / passed, 3),
                "event_loop_late_ms": _late(made.late),
            }
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
    return figures


def _late(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "p50": round(1000.0 * ordered[len(ordered) // 2], 2),
        "p99": round(1000.0 * ordered[int(0.99 * (len(ordered) - 1))], 2),
    }


def measure(_data: Path | None, progress: Progress) -> dict[str, Any]:
    """A minute and a bit."""
    figures: dict[str, Any] = {"seconds_each": SECONDS}
    for name, silent, reads in (
        ("nobody", 0, False),
        ("one_who_reads", 0, True),
        ("seven_who_read_nothing", STUCK, False),
        ("one_who_reads_beside_seven", STUCK, True),
    ):
        progress(name)
        figures[name] = asyncio.run(looked_at(SECONDS, silent, reads))
    return figures
