"""The camera loop, with a clock that stands still until it is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

import cv2
import numpy as np
import pytest

from engine.core.types import (
    Event,
    Health,
    Label,
    Measured,
    PeopleSeen,
    ShutterState,
    Sighting,
)
from engine.loops.camera import CameraLoop, Pacing
from engine.loops.gate import Gate
from engine.ports import Frame, Image, PictureSink, SourceFailed, SourceTorn
from engine.seeing.eye import Eye
from engine.seeing.fakes import FakeCamera, FakeDetector, FakeEye
from engine.seeing.frame_rate import Why
from engine.seeing.geometry import Lens
from engine.sim.clock import ManualClock

SOMEBODY = Sighting(10.0, 1.0, 0.9, Label.PERSON)


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


async def test_an_unreadable_recording_fails_at_once() -> None:
    camera = FakeCamera(pictures(1))
    camera.failures = [SourceFailed("clip.mp4: no video")]
    with pytest.raises(SourceFailed, match=r"clip\.mp4"):
        await Bench(camera).loop.run()


async def test_torn_frames_are_counted_and_survived() -> None:
    torn = SourceTorn("frame 1 is damaged")
    bench = Bench(FakeCamera([picture(), torn, picture()]))
    await bench.loop.run()
    assert bench.loop.torn == 1
    assert len(bench.seen) == 2


async def test_a_frame_that_is_no_picture_is_counted_and_survived() -> None:
    class Picky(FakeEye):
        def look(self, frame, heading=0.0, heading_rate=0.0):  # type: ignore[no-untyped-def]
            if frame.pixels.shape[0] < 10:
                raise ValueError("a picture of 5x5 shows nothing")
            return super().look(frame, heading, heading_rate)

    tiny = np.full((5, 5, 3), 9, np.uint8)
    bench = Bench(FakeCamera([picture(), tiny, picture()]), Picky([SOMEBODY]))
    await bench.loop.run()
    assert bench.loop.torn == 1
    assert len(bench.seen) == 2
    assert not bench.camera.buffer.any()


LIVE = Pacing(live=True)


async def test_a_missing_camera_is_reported_and_tried_again() -> None:
    camera = FakeCamera(pictures(1000))
    camera.failures = [SourceFailed("camera 0: unplugged")] * 3
    bench = Bench(camera, pacing=LIVE)
    async with bench.running():
        await bench.until(lambda: bool(bench.seen))
    assert bench.health == [(False, "camera 0: unplugged"), (True, "")]
    assert camera.opens == 4


async def test_pauses_between_attempts_grow() -> None:
    camera = FakeCamera(())
    camera.failures = [SourceFailed("gone")] * 1000
    bench = Bench(camera, pacing=LIVE)
    async with bench.running():
        await bench.until(lambda: bench.clock.now() > 100.0, step=0.25)
    assert 5 <= camera.opens <= 12


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


def rates(bench: Bench) -> list[tuple[float | None, str]]:
    return [(e.value, e.why) for e in bench.events if isinstance(e, Measured)]


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


async def test_a_stream_that_is_at_fault_is_told_of_a_live_camera_only() -> None:
    for live in (True, False):
        bench = Bench(FakeCamera(pictures(50)), pacing=Pacing(live=live, paced=live))
        bench.eye.stream.complaint = "the lens is covered"
        async with bench.running():
            await bench.until(lambda bench=bench: len(bench.seen) > 3)  # type: ignore[misc]
        assert ((False, "the lens is covered") in bench.health) is live


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


async def test_whatever_a_live_camera_raises_it_is_told_and_opened_again() -> None:
    failures: list[Image | Exception] = [cv2.error("geheim"), RuntimeError("geheim"), MemoryError()]
    bench = Bench(FakeCamera([*pictures(2), *failures, *pictures(100)]), pacing=LIVE)
    async with bench.running():
        await bench.until(lambda: len(bench.seen) > 4)
        assert bench.health[-1] == (True, "")
        assert bench.camera.opens == 4
    kinds = [detail for ok, detail in bench.health if not ok]
    assert kinds == [
        f"camera: failed ({name})" for name in ("error", "RuntimeError", "MemoryError")
    ]


async def test_while_a_camera_is_lost_no_rate_is_told_and_nothing_of_it_is_kept() -> None:
    bench = Bench(FakeCamera([*pictures(5), SourceFailed("lost")]), pacing=LIVE)
    bench.camera.failures = []
    async with bench.running():
        await bench.until(lambda: bench.health[-1:] == [(False, "lost")])
        assert rates(bench)[-1] == (None, "")
        assert bench.eye.forgotten > 0


async def test_a_camera_of_which_no_frame_can_be_used_is_told() -> None:
    class Blind(FakeEye):
        def look(self, frame: Frame, heading: float = 0.0, heading_rate: float = 0.0) -> PeopleSeen:
            del heading, heading_rate
            frame.wipe()
            raise ValueError("a picture of 6x6 shows nothing")

    bench = Bench(FakeCamera(pictures(100)), Blind(), pacing=LIVE)
    async with bench.running():
        await bench.until(lambda: bool(bench.health) and not bench.health[-1][0])
    assert "a picture of 6x6 shows nothing" in bench.health[-1][1]
    assert not bench.seen
