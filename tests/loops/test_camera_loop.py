"""The camera loop: when it reads, when it looks, and what it hands on."""

from __future__ import annotations

import asyncio
import contextlib

import cv2
import numpy as np
import pytest
from camera_bench import LIVE, Bench, pictures, rates

from engine.core.types import (
    Measured,
    PeopleSeen,
    ShutterState,
)
from engine.loops.camera import CameraLoop, Pacing
from engine.loops.gate import Gate
from engine.ports import Frame, SourceFailed
from engine.seeing.eye import Eye
from engine.seeing.fakes import FakeCamera, FakeDetector, FakeEye
from engine.seeing.frame_rate import Why
from engine.seeing.geometry import Lens
from engine.sim.clock import ManualClock


class Album:
    """A sink that wants what a person is in, as it was."""

    def __init__(self) -> None:
        self.means: list[float] = []

    def wants(self, seen: PeopleSeen | None) -> bool:
        return seen is not None and bool(seen.sightings)

    def offer(self, _t: float, data: bytes, _seen: PeopleSeen | None) -> None:
        shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        self.means.append(float(np.mean(shown)))

    def drop(self) -> None:
        self.means.clear()


async def test_a_sink_gets_the_picture_that_was_looked_at_and_zeros_are_left() -> None:
    album, camera = Album(), FakeCamera(pictures(3))
    bench = Bench(camera, sinks=[album])
    await bench.loop.run()
    assert bench.loop.looks == 3
    assert album.means == pytest.approx([90.0] * 3, abs=2.0)
    assert not camera.buffer.any()


async def test_a_recording_is_seen_to_its_end() -> None:
    bench = Bench(FakeCamera(pictures(5)))
    await bench.loop.run()
    assert [p.t for p in bench.seen] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert bench.health == [(True, "")]
    assert bench.camera.closes > 0
    assert not bench.camera.buffer.any()


async def test_the_heading_is_that_of_the_exposure() -> None:
    bench = Bench(FakeCamera(pictures(3)), heading_at=lambda t: 100.0 * t)
    await bench.loop.run()
    assert [p.heading for p in bench.seen] == pytest.approx([0.0, 10.0, 20.0])
    assert [rate for _, _, rate in bench.eye.looks] == pytest.approx([100.0] * 3)


async def test_nothing_is_read_while_the_shutter_is_not_open() -> None:
    bench = Bench(FakeCamera(pictures(100)), pacing=LIVE)
    bench.gate.obey(ShutterState.UNKNOWN)
    async with bench.running():
        await bench.until(lambda: bench.clock.now() > 2.0)
        assert bench.camera.opens == bench.camera.reads == 0
        bench.gate.obey(ShutterState.OPEN)
        await bench.until(lambda: len(bench.seen) > 2)


async def test_closing_acts_at_once_even_in_the_middle_of_a_read() -> None:
    bench = Bench(FakeCamera(pictures(100)), pacing=LIVE)

    def close() -> None:
        if bench.camera.reads == 3:
            bench.gate.obey(ShutterState.CLOSED)

    bench.camera.on_read = close
    async with bench.running() as task:
        await bench.until(lambda: not bench.gate.allowed)
        await bench.until(lambda: bench.clock.now() > 3.0)
        assert not task.done()
        assert bench.camera.reads == 4, "the read under way, and none after it"
        assert len(bench.seen) == 3, "and that one was thrown away"
        assert not bench.camera.buffer.any()
        assert bench.camera.closes > 0
        assert bench.eye.forgotten > 0
        assert (False, "the shutter closed") not in bench.health
        assert bench.loop.rate == (0.0, Why.SHUTTER)
        bench.gate.obey(ShutterState.OPEN)
        await bench.until(lambda: len(bench.seen) > 5)


async def test_with_nobody_there_and_nothing_moving_full_looks_are_rare() -> None:
    bench = Bench(FakeCamera(pictures(200)), FakeEye((), moving=False))
    await bench.loop.run()
    assert bench.loop.frames == 200
    assert 18 <= bench.loop.looks <= 25


async def test_motion_wakes_it() -> None:
    eye = FakeEye((), moving=False)
    bench = Bench(FakeCamera(pictures(60)), eye)
    script = bench.camera

    def wake() -> None:
        eye.moving = script.reads >= 30

    script.on_read = wake
    await bench.loop.run()
    times = [t for t, _, _ in eye.looks]
    assert any(t == pytest.approx(3.0, abs=0.05) for t in times)
    assert sum(t >= 3.0 for t in times) == 30


async def test_no_more_than_the_wanted_rate() -> None:
    camera = FakeCamera(pictures(90), period=1 / 30)
    bench = Bench(camera, pacing=Pacing(max_fps=10.0, live=False, paced=False))
    await bench.loop.run()
    assert 29 <= len(bench.seen) <= 31


async def test_a_camera_that_is_closed_from_another_part_is_not_lost() -> None:
    bench = Bench(FakeCamera(pictures(100)), pacing=LIVE)
    async with bench.running():
        await bench.until(lambda: len(bench.seen) > 2)
        for _ in range(3):
            bench.gate.forbid()
            bench.gate.allow()
        count = len(bench.seen)
        await bench.until(lambda: len(bench.seen) > count + 2)
    assert all(ok for ok, _ in bench.health)


async def test_the_rate_and_its_reason_are_told_until_the_camera_is_closed() -> None:
    bench = Bench(FakeCamera(pictures(100)), FakeEye((), moving=False), pacing=LIVE)
    async with bench.running():
        await bench.until(lambda: bench.loop.looks > 3)
        assert rates(bench)[-1] == (1.0, "nobody is there")
        bench.eye.moving = True
        await bench.until(lambda: rates(bench)[-1] == (10.0, "something moves"))
        bench.gate.forbid()
        await bench.until(lambda: rates(bench)[-1] == (None, ""))
    names = {e.name for e in bench.events if isinstance(e, Measured)}
    assert names == {"frame_rate_hz"}


async def test_a_warm_board_is_looked_after() -> None:
    bench = Bench(FakeCamera(pictures(300)), pacing=LIVE)
    bench.loop = CameraLoop(
        bench.camera,
        bench.eye,
        bench.events.append,
        bench.clock,
        bench.gate,
        pacing=LIVE,
        warmth=lambda: 90.0,
    )
    async with bench.running():
        await bench.until(lambda: bench.clock.now() > 6.0)
    assert rates(bench)[1] == (2.0, "too warm")
    assert bench.loop.looks <= 15
    assert bench.eye.hurry


class Room(FakeCamera):
    """A room on the loop's own clock, in which something comes into the picture at `changed`."""

    def __init__(self, clock: ManualClock, changed: float) -> None:
        super().__init__(())
        self.clock, self.changed = clock, changed
        blocks = np.random.default_rng(1).integers(40, 220, (12, 16, 3), np.uint8)
        self.empty = np.kron(blocks, np.ones((20, 20, 1), np.uint8)).astype(np.uint8)

    def read(self) -> Frame:
        self.reads += 1
        self.buffer = self.empty.copy()
        if self.clock.now() >= self.changed:
            self.buffer[100:180, 140:170] = (20, 240, 30)
        return Frame(self.clock.now(), self.buffer)


@pytest.mark.parametrize("changed", [6.0, 6.07, 6.13, 6.19])
async def test_a_change_in_the_picture_wakes_it_within_200_ms(changed: float) -> None:
    clock = ManualClock()
    detector = FakeDetector()
    eye = Eye(detector, Lens(320, 240, 66.0))
    room = Room(clock, changed)
    looked: list[float] = []
    loop = CameraLoop(
        room,
        eye,
        lambda event: looked.append(event.t) if isinstance(event, PeopleSeen) else None,
        clock,
        Gate(allowed=True),
        pacing=LIVE,
    )
    task = asyncio.create_task(loop.run())
    try:
        for _ in range(4000):
            if looked and looked[-1] >= changed:
                break
            await asyncio.sleep(0.001)
            await clock.advance(0.01)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    before = [t for t in looked if t < changed]
    assert len(before) <= 8, "at rest, about one look a second"
    assert room.reads < 40, "and few reads"
    assert looked[-1] - changed <= 0.2 + 0.011


class Locked(FakeCamera):
    """Gives nothing between `close` and `open`, as real ones do."""

    is_open = False

    def open(self) -> None:
        super().open()
        self.is_open = True

    def close(self) -> None:
        super().close()
        self.is_open = False

    def read(self) -> Frame:
        if not self.is_open:
            raise SourceFailed("the camera is closed; call open() first")
        return super().read()


async def test_a_shutter_that_closes_for_a_moment_ends_nothing_and_all_before_it_is_forgotten() -> (
    None
):
    for live in (True, False):
        bench = Bench(Locked(pictures(60)), pacing=Pacing(live=live))
        async with bench.running() as task:
            await bench.until(lambda bench=bench: len(bench.seen) > 2)  # type: ignore[misc]
            before = bench.eye.forgotten
            bench.gate.forbid()
            bench.gate.allow()
            count = len(bench.seen)
            await bench.until(lambda bench=bench, n=count: len(bench.seen) > n + 2)  # type: ignore[misc]
            assert not task.done()
        assert bench.eye.forgotten > before
        assert all(ok for ok, _ in bench.health)
