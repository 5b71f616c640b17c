"""The camera loop: frames from the camera to the eye, sightings to the brain.

Reading and seeing happen in a worker thread, one frame at a time, so that the
newest frame is always the one looked at. A live camera that is missing or
lost is reported as Health and tried again with growing pauses; a recording
that ends ends the loop. While the shutter is not open nothing is read and the
camera is closed. Decides nothing about people.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from engine.core.types import Event, Health, PeopleSeen, ShutterState
from engine.loops.worker import Worker
from engine.ports import Camera, Clock, Frame, Shutter, SourceEnded, SourceFailed, SourceTorn

log = logging.getLogger(__name__)

PART = "camera"
Made = TypeVar("Made")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds between attempts to open a missing camera: doubling, with jitter."""
JITTER = 0.3
GATE_POLL = 0.02
"""Seconds between two looks at a closed gate."""
BUSY_FOR = 3.0
"""Seconds at the full rate after somebody was seen or something moved."""
IDLE_LOOK = 1.0
"""Seconds between two full looks while nobody is there."""
RATE_STEP = 0.04
"""Seconds over which the head's own speed is measured."""
TORN_IS_BAD = 10
"""Damaged frames in a row after which people are told."""
FAR_FROM_NOW = 3600.0


class Sight(Protocol):
    """What the loop needs of `engine.seeing.eye.Eye`."""

    def look(self, frame: Frame, heading: float = ..., heading_rate: float = ...) -> PeopleSeen: ...

    def moved(self, frame: Frame, heading_rate: float = ..., /) -> bool: ...

    def forget(self) -> None: ...


class Gate:
    """Whether frames may be read. Edges come from any thread and act at once.

    Starts forbidden unless told otherwise: unknown is not open.
    """

    def __init__(self, allowed: bool = False) -> None:
        self._allowed = allowed
        self._lock = threading.Lock()
        self._on_forbid: list[Callable[[], object]] = []

    @property
    def allowed(self) -> bool:
        return self._allowed

    def on_forbid(self, call: Callable[[], object]) -> None:
        """`call` runs in the thread of the edge; it must not block."""
        self._on_forbid.append(call)

    def allow(self) -> None:
        with self._lock:
            self._allowed = True

    def forbid(self) -> None:
        with self._lock:
            self._allowed = False
        for call in self._on_forbid:
            call()

    def follow(self, shutter: Shutter) -> None:
        """Obey a shutter from now on: OPEN allows, everything else forbids."""
        shutter.listen(self.obey)
        self.obey(shutter.state)

    def obey(self, state: ShutterState) -> None:
        if state is ShutterState.OPEN:
            self.allow()
        else:
            self.forbid()


@dataclass(frozen=True, slots=True)
class Pacing:
    """`max_fps` while somebody is there; `idle_fps` reads, cheaply tested for motion, else.

    `live` False is a recording. `paced` False takes its frames as fast as they
    can be looked at, without waiting.
    """

    max_fps: float = 10.0
    idle_fps: float = 5.0
    live: bool = True
    paced: bool = True


def ahead(_: float) -> float:
    return 0.0


class CameraLoop:
    """`run` it as a task; it returns when a recording has ended."""

    def __init__(
        self,
        camera: Camera,
        eye: Sight,
        emit: Callable[[Event], None],
        clock: Clock,
        gate: Gate,
        heading_at: Callable[[float], float] = ahead,
        pacing: Pacing | None = None,
    ) -> None:
        """`emit` and `heading_at` are called in the event loop's thread."""
        self._camera = camera
        self._eye = eye
        self._emit = emit
        self._clock = clock
        self._gate = gate
        self._heading_at = heading_at
        self._pacing = pacing or Pacing()
        self._health: tuple[bool, str] | None = None
        self._busy_until = 0.0
        self._looked = float("-inf")
        self.frames = 0
        """Frames read."""
        self.looks = 0
        """Frames looked at in full."""
        self.torn = 0
        self._in_use = False
        self._lock = threading.Lock()
        self._worker = Worker(PART)
        gate.on_forbid(self._close_at_once)

    @property
    def rate(self) -> tuple[float, str]:
        """Frames a second at present, and why."""
        if not self._gate.allowed:
            return 0.0, "shutter"
        if self._looked < self._busy_until:
            return self._pacing.max_fps, "somebody is there"
        return self._idle_fps, "nobody is there"

    @property
    def _idle_fps(self) -> float:
        return min(self._pacing.idle_fps, self._pacing.max_fps)

    async def run(self) -> None:
        """Until a recording ends. Raises SourceFailed for a recording that cannot be read."""
        pause = FIRST_PAUSE
        try:
            while True:
                await self._wait_for_gate()
                before = self.frames
                try:
                    await self._open()
                    await self._watch()
                except SourceEnded as end:
                    if self.torn and not self.frames:
                        raise SourceFailed(f"{end}; no picture in it could be read") from None
                    return
                except SourceFailed as error:
                    self._camera.close()
                    if not self._gate.allowed:
                        continue  # closed on purpose, in the middle of a read
                    if not self._pacing.live:
                        raise
                    self._report(ok=False, detail=str(error))
                    pause = FIRST_PAUSE if self.frames > before else pause
                    await self._clock.sleep(pause * random.uniform(1 - JITTER, 1 + JITTER))
                    pause = min(2.0 * pause, LONGEST_PAUSE)
        finally:
            # At once, so that a read under way returns; and after it, in case it opened the camera.
            self._camera.close()
            worker, self._worker = self._worker, Worker(PART)
            await worker.stop(self._camera.close)
            self._eye.forget()

    async def _wait_for_gate(self) -> None:
        if not self._gate.allowed:
            self._eye.forget()
        while not self._gate.allowed:
            await self._clock.sleep(GATE_POLL)

    async def _open(self) -> None:
        await self._worker.run(self._exclusively, self._camera.open)
        self._looked = float("-inf")

    def _exclusively(self, call: Callable[[], Made]) -> Made:
        """Run a blocking call to the camera; a gate that closes meanwhile wins."""
        with self._lock:
            if not self._gate.allowed:
                raise SourceFailed("the shutter is not open")
            self._in_use = True
        try:
            made = call()
        finally:
            with self._lock:
                self._in_use = False
                late = not self._gate.allowed
            if late:
                self._camera.close()
        if late:
            if isinstance(made, Frame):
                made.wipe()
            raise SourceFailed("the shutter closed")
        return made

    def _close_at_once(self) -> None:
        """At the shutter's edge, in its thread. A call under way closes when it returns."""
        with self._lock:
            if self._in_use:
                return
        self._camera.close()

    async def _watch(self) -> None:
        """Frames until something is raised, or the gate closes."""
        damaged = 0
        while self._gate.allowed:
            started = self._clock.now()
            try:
                frame = await self._worker.run(self._exclusively, self._camera.read)
            except SourceTorn as error:
                self.torn += 1
                damaged += 1
                log.warning("%s (%d so far)", error, self.torn)
                if damaged == TORN_IS_BAD:
                    self._report(ok=False, detail=str(error))
                await self._rest(started)
                continue
            damaged = 0
            await self._take(frame)
            self._report(ok=True, detail="")
            await self._rest(started)

    async def _take(self, frame: Frame) -> None:
        """One frame through the eye; overwritten whatever happens."""
        try:
            self.frames += 1
            if not self._gate.allowed or not self._due(frame.t):
                return
            heading = self._heading_at(frame.t)
            rate = (heading - self._heading_at(frame.t - RATE_STEP)) / RATE_STEP
            idle = frame.t >= self._busy_until and frame.t - self._looked < IDLE_LOOK
            if idle and not await self._worker.run(self._eye.moved, frame, rate):
                return
            if idle:
                self._busy_until = frame.t + BUSY_FOR
            people = await self._worker.run(self._eye.look, frame, heading, rate)
            self._looked = frame.t
            self.looks += 1
            if people.sightings:
                self._busy_until = frame.t + BUSY_FOR
            if self._gate.allowed:
                self._emit(people)
        except ValueError as error:
            self.torn += 1
            log.warning("%s: a frame that cannot be used: %s", PART, error)
        finally:
            frame.wipe()

    def _due(self, t: float) -> bool:
        """Whether a frame of time `t` keeps to the rate; half a frame early is on time."""
        gap = t - self._looked
        return gap < 0 or gap >= 0.7 / self._pacing.max_fps or gap > FAR_FROM_NOW

    async def _rest(self, started: float) -> None:
        """Leave the processor to others until the next frame is due."""
        if not self._pacing.paced:
            await asyncio.sleep(0)
            return
        fps, _ = self.rate
        await self._clock.sleep(max(started + 1.0 / max(fps, 0.1) - self._clock.now(), 0.0))

    def _report(self, *, ok: bool, detail: str) -> None:
        """Health, when it has changed."""
        if self._health != (ok, detail):
            self._health = (ok, detail)
            self._emit(Health(self._clock.now(), PART, ok, detail))
