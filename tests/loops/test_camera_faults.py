"""What a camera or a recording lacks is told, survived, and nothing of it is kept."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from camera_bench import LIVE, SOMEBODY, Bench, picture, pictures, rates

from engine.core.types import (
    PeopleSeen,
)
from engine.loops.camera import Pacing
from engine.ports import Frame, Image, SourceFailed, SourceTorn
from engine.seeing.fakes import FakeCamera, FakeEye


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


async def test_a_stream_that_is_at_fault_is_told_of_a_live_camera_only() -> None:
    for live in (True, False):
        bench = Bench(FakeCamera(pictures(50)), pacing=Pacing(live=live, paced=live))
        bench.eye.stream.complaint = "the lens is covered"
        async with bench.running():
            await bench.until(lambda bench=bench: len(bench.seen) > 3)  # type: ignore[misc]
        assert ((False, "the lens is covered") in bench.health) is live


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
