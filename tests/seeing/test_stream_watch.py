"""When bad frames become a fault of the stream."""

from __future__ import annotations

import numpy as np
import pytest

from engine.ports import Frame, Image
from engine.seeing.eye import Eye
from engine.seeing.fakes import FakeDetector
from engine.seeing.frame_check import FrameReport
from engine.seeing.geometry import Lens
from engine.seeing.stream_watch import FEWEST, LASTING, StreamWatch

GOOD = FrameReport("", 0.01, 5.0, 1.0)


def after(watch: StreamWatch, report: FrameReport, seconds: float, start: float = 0.0) -> str:
    for k in range(int(seconds * 10.0) + 1):
        watch.note(start + 0.1 * k, report)
    return watch.complaint


@pytest.mark.parametrize("problem", ["covered", "torn"])
def test_a_lasting_fault_is_told_and_taken_back(problem: str) -> None:
    watch = StreamWatch()
    bad = FrameReport(problem, 0.0, 0.0, 1.0)
    assert after(watch, bad, LASTING - 0.2) == ""
    assert after(watch, bad, 0.5, LASTING) != ""
    watch.note(LASTING + 1.0, GOOD)
    assert watch.complaint == ""


def test_a_picture_that_never_changes_is_a_stuck_stream() -> None:
    watch = StreamWatch()
    assert "does not change" in after(watch, FrameReport("", 0.0, 5.0, 1.0, frozen=True), LASTING)


def test_a_night_is_dark_but_no_fault() -> None:
    watch = StreamWatch()
    assert after(watch, FrameReport("black", 0.0, 0.0, 1.0), LASTING) == ""
    assert watch.dark
    watch.note(LASTING + 1.0, GOOD)
    assert not watch.dark


def test_two_frames_far_apart_are_no_stuck_stream() -> None:
    watch = StreamWatch()
    for k in range(FEWEST - 1):
        watch.note(10.0 * k, FrameReport("", 0.0, 5.0, 1.0, frozen=True))
    assert watch.complaint == ""


def picture(seed: int, noise: float) -> Image:
    room = np.random.default_rng(3).integers(60, 200, (60, 80, 1)).repeat(3, axis=2)
    room = np.kron(room, np.ones((4, 4, 1)))
    room = room + noise * np.random.default_rng(seed).standard_normal(room.shape)
    return np.clip(room, 0, 255).astype(np.uint8)


def test_the_noise_of_a_living_camera_is_enough_and_looking_twice_is_not_stuck() -> None:
    eye = Eye(FakeDetector(), Lens(320, 240, 66.0))
    for k in range(100):
        frame = Frame(0.1 * k, picture(k, noise=2.0))
        eye.moved(frame)
        eye.look(frame)
    assert eye.stream.complaint == ""
    for k in range(100, 200):
        eye.look(Frame(0.1 * k, picture(0, noise=0.0)))
    assert "does not change" in eye.stream.complaint
    eye.forget()
    assert eye.stream.complaint == ""
