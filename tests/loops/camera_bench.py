"""A camera loop on a clock that stands still until it is told, and what the brain is given."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import numpy as np

from engine.core.types import (
    Event,
    Health,
    Label,
    Measured,
    PeopleSeen,
    Sighting,
)
from engine.loops.camera import CameraLoop, Pacing
from engine.loops.gate import Gate
from engine.ports import Image, PictureSink
from engine.seeing.fakes import FakeCamera, FakeEye
from engine.sim.clock import ManualClock

SOMEBODY = Sighting(10.0, 1.0, 0.9, Label.PERSON)
LIVE = Pacing(live=True)


def picture() -> Image:
    return np.full((48, 64, 3), 90, np.uint8)


def pictures(count: int) -> list[Image | Exception]:
    return [picture() for _ in range(count)]


class Bench:
    """A loop with its surroundings; `events` is what the brain would be given."""

    def __init__(
        self,
        camera: FakeCamera,
        eye: FakeEye | None = None,
        pacing: Pacing | None = None,
        heading_at: Callable[[float], float] = lambda _: 0.0,
        sinks: Sequence[PictureSink] = (),
    ) -> None:
        self.camera, self.eye = camera, eye or FakeEye([SOMEBODY])
        self.clock, self.gate = ManualClock(), Gate(allowed=True)
        self.events: list[Event] = []
        pacing = pacing or Pacing(live=False, paced=False)
        self.loop = CameraLoop(
            camera,
            self.eye,
            self.events.append,
            self.clock,
            self.gate,
            heading_at,
            pacing,
            sinks=sinks,
        )

    @property
    def seen(self) -> list[PeopleSeen]:
        return [e for e in self.events if isinstance(e, PeopleSeen)]

    @property
    def health(self) -> list[tuple[bool, str]]:
        return [(e.ok, e.detail) for e in self.events if isinstance(e, Health)]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.loop.run())
        try:
            yield task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def until(self, done: Callable[[], bool], step: float = 0.05) -> None:
        """Advance until `done`; worker threads need real moments in between."""
        for _ in range(4000):
            if done():
                return
            await asyncio.sleep(0.001)
            await self.clock.advance(step)
        raise AssertionError("it never happened")


def rates(bench: Bench) -> list[tuple[float | None, str]]:
    return [(e.value, e.why) for e in bench.events if isinstance(e, Measured)]
