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
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from engine.core.types import Event, Health, Measured, PeopleSeen, Sighting
from engine.loops.gate import Gate
from engine.loops.worker import Worker
from engine.ports import Camera, Clock, Frame, PictureSink, SourceEnded, SourceFailed, SourceTorn
from engine.seeing.frame_rate import FrameRate, FrameRateSettings, Why
from engine.seeing.pictures import jpeg
from engine.seeing.stream_watch import StreamWatch

log = logging.getLogger(__name__)

PART = "camera"
Made = TypeVar("Made")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds between attempts to open a missing camera: doubling, with jitter."""
JITTER = 0.3
GATE_POLL = 0.02
"""Seconds between two looks at a closed gate."""
RATE = "frame_rate_hz"
TELL_EVERY = 1.0
"""Seconds between two reports of the rate."""
WARMTH_EVERY = 10.0
RATE_STEP = 0.04
"""Seconds over which the head's own speed is measured."""
TORN_IS_BAD = 10
"""Damaged frames in a row after which people are told."""
FAR_FROM_NOW = 3600.0


class Sight(Protocol):
    """What the loop needs of `engine.seeing.eye.Eye`."""

    stream: StreamWatch
    hurry: bool

    def look(self, frame: Frame, heading: float = ..., heading_rate: float = ...) -> PeopleSeen: ...

    def moved(self, frame: Frame, heading_rate: float = ..., /) -> bool: ...

    def forget(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Pacing:
    """`max_fps` reads while somebody is there; `idle_fps`, cheaply tested for motion, else.

    How many of them are looked at in full is `FrameRate`'s affair; `budget` is
    its share of one core. `live` False is a recording. `paced` False takes its
    frames as fast as they can be looked at, without waiting.
    """

    max_fps: float = 10.0
    idle_fps: float = 5.0
    budget: float = 0.8
    live: bool = True
    paced: bool = True


def ahead(_: float) -> float:
    return 0.0


def nothing_known(_sighting: Sighting, _t: float) -> bool:
    return False


def no_sensor() -> float | None:
    return None


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
        warmth: Callable[[], float | None] = no_sensor,
        sinks: Sequence[PictureSink] = (),
        scenery: Callable[[Sighting, float], bool] = nothing_known,
    ) -> None:
        """`emit`, `heading_at` and `warmth` (degrees Celsius) are called in the loop's thread.

        `scenery` says, of a sighting and a time, whether it is known to be nobody: it is
        told of all the same, but keeps no frame rate up.
        """
        self._camera = camera
        self._eye = eye
        self._emit = emit
        self._clock = clock
        self._gate = gate
        self._heading_at = heading_at
        self._pacing = pacing or Pacing()
        self._health: tuple[bool, str] | None = None
        self._looked = float("-inf")
        self._warmth = warmth
        self._felt = self._told_at = float("-inf")
        self._told: tuple[float, str] | None = None
        settings = FrameRateSettings(self._pacing.max_fps, self._pacing.budget)
        self.frame_rate = FrameRate(settings, scenery)
        self.frames = 0
        """Frames read."""
        self.looks = 0
        """Frames looked at in full."""
        self.torn = 0
        self._now = 0.0
        """Time of the newest frame."""
        self._in_use = False
        self._edge = False
        """Whether the shutter has closed since the camera was opened, however shortly."""
        self._lock = threading.Lock()
        self._worker = Worker(PART)
        self._sinks = tuple(sinks)
        gate.on_forbid(self._close_at_once)
        for sink in self._sinks:
            gate.on_forbid(sink.drop)

    @property
    def rate(self) -> tuple[float, Why]:
        """Full looks a second at present, and why."""
        if not self._gate.allowed:
            return 0.0, Why.SHUTTER
        return self.frame_rate.at(self._now)

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
                except Exception as error:
                    # In the worker: a camera that is lost may take its time to let go.
                    await self._worker.run(self._camera.close)
                    if not self._gate.allowed or self._edge:
                        continue  # closed on purpose, in the middle of a read
                    if not self._pacing.live:
                        raise
                    self._report(ok=False, detail=_in_words(error))
                    self._forget()
                    pause = FIRST_PAUSE if self.frames > before else pause
                    await self._clock.sleep(pause * random.uniform(1 - JITTER, 1 + JITTER))
                    pause = min(2.0 * pause, LONGEST_PAUSE)
        finally:
            # At once, so that a read under way returns; and after it, in case it opened the camera.
            self._camera.close()
            worker, self._worker = self._worker, Worker(PART)
            await worker.stop(self._camera.close)
            self._forget()

    def _forget(self) -> None:
        self._eye.forget()
        self.frame_rate.forget()
        self._tell_rate(None)

    async def _wait_for_gate(self) -> None:
        edge, self._edge = self._edge, False
        if edge or not self._gate.allowed:
            self._forget()
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
        self._edge = True
        with self._lock:
            if self._in_use:
                return
        self._camera.close()

    async def _watch(self) -> None:
        """Frames until something is raised, or the gate closes."""
        damaged = 0
        while self._gate.allowed and not self._edge:
            started = self._clock.now()
            try:
                await self._take(await self._worker.run(self._exclusively, self._camera.read))
            except SourceTorn as error:
                self.torn += 1
                damaged += 1
                if damaged & (damaged - 1) == 0:  # a camera of which all are would fill the log
                    log.warning("%s (%d so far)", error, self.torn)
                if damaged == TORN_IS_BAD:
                    self._report(ok=False, detail=str(error))
                await self._rest(started)
                continue
            damaged = 0
            # A recording may well stand still.
            complaint = self._eye.stream.complaint if self._pacing.live else ""
            self._report(ok=not complaint, detail=complaint)
            await self._rest(started)

    async def _take(self, frame: Frame) -> None:
        """One frame through the eye; overwritten whatever happens. Raises SourceTorn for one that
        nothing can be made of."""
        try:
            self.frames += 1
            self._now = frame.t
            self._feel()
            if not self._gate.allowed:
                return
            people = await self._see(frame) if self._due(frame.t) else None
            await self._lend(frame, people)
            if people is not None and self._gate.allowed:
                self._emit(people)
        except Exception as error:
            said = f"{PART}: a frame that cannot be used: {_in_words(error)}"
            raise SourceTorn(said) from error
        finally:
            frame.wipe()

    async def _see(self, frame: Frame) -> PeopleSeen | None:
        """What is in it; None where it is too early and nothing moves."""
        heading = self._heading_at(frame.t)
        speed = (heading - self._heading_at(frame.t - RATE_STEP)) / RATE_STEP
        if self._early(frame.t):
            if not await self._worker.run(self._eye.moved, frame, speed):
                return None
            self.frame_rate.moved(frame.t)
        # Lent: what was seen decides who may have the picture, and the eye leaves zeros behind.
        small = self._eye.hurry = self.frame_rate.small(frame.t)
        people, cost = await self._worker.run(self._look, frame.lent(), heading, speed)
        self._looked = frame.t
        self.looks += 1
        self.frame_rate.looked(people, cost, speed, small=small)
        return people

    async def _lend(self, frame: Frame, people: PeopleSeen | None) -> None:
        """The picture to whoever may have it, before anybody acts on what was seen in it."""
        wanting = [sink for sink in self._sinks if sink.wants(people)]
        if not wanting or not self._gate.allowed:
            return
        data = await self._worker.run(jpeg, frame.pixels)
        for sink in wanting:
            sink.offer(frame.t, data, people)
        self._drop_if_closed()

    def _drop_if_closed(self) -> None:
        """An edge that came while a picture was being handed over."""
        if not self._gate.allowed:
            for sink in self._sinks:
                sink.drop()

    def _look(self, frame: Frame, heading: float, speed: float) -> tuple[PeopleSeen, float]:
        """What is seen, and the processor time that it took, in the worker's thread."""
        begun = time.thread_time()
        people = self._eye.look(frame, heading, speed)
        return people, time.thread_time() - begun

    def _due(self, t: float) -> bool:
        """Whether a frame of time `t` may be looked at; a little early is on time."""
        fps, why = self.frame_rate.at(t)
        most = fps if why in (Why.BUDGET, Why.WARM) else self._pacing.max_fps
        gap = t - self._looked
        return gap < 0 or gap >= 1.0 / most - 0.3 / self._pacing.max_fps or gap > FAR_FROM_NOW

    def _early(self, t: float) -> bool:
        """Whether only motion makes a full look worth while before it is due."""
        fps, _ = self.frame_rate.at(t)
        return 0.0 <= t - self._looked < 0.9 / fps and fps < self._pacing.max_fps

    def _feel(self) -> None:
        """Warmth now and then, and what the stream looks like."""
        now = self._clock.now()
        if now - self._felt >= WARMTH_EVERY:
            self._felt = now
            self.frame_rate.warmth(self._warmth())
        self.frame_rate.dark = self._eye.stream.dark
        self._tell_rate(self.rate)

    def _tell_rate(self, rate: tuple[float, str] | None) -> None:
        """Post the rate where it has changed; None: the camera is closed."""
        now = self._clock.now()
        if rate == self._told or (rate is not None and now - self._told_at < TELL_EVERY):
            return
        self._told, self._told_at = rate, now
        fps, why = rate if rate is not None else (None, "")
        self._emit(Measured(now, RATE, None if fps is None else round(fps, 1), str(why)))

    async def _rest(self, started: float) -> None:
        """Leave the processor to others until the next frame is due."""
        if not self._pacing.paced:
            await asyncio.sleep(0)
            return
        quiet = self.frame_rate.quiet(self._now)
        watched = any(sink.wants(None) for sink in self._sinks)
        idle = quiet and not watched
        fps = min(self._pacing.idle_fps, self._pacing.max_fps) if idle else self._pacing.max_fps
        await self._clock.sleep(max(started + 1.0 / max(fps, 0.1) - self._clock.now(), 0.0))

    def _report(self, *, ok: bool, detail: str) -> None:
        """Health, when it has changed."""
        if self._health != (ok, detail):
            self._health = (ok, detail)
            self._emit(Health(self._clock.now(), PART, ok, detail))


def _in_words(error: Exception) -> str:
    """What is told of it; of a library's own error its kind alone, for it may hold anything."""
    ours = isinstance(error, SourceFailed | ValueError)
    return str(error) if ours else f"{PART}: failed ({type(error).__name__})"
