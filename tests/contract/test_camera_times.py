"""The time of a frame is when it was exposed, where the driver knows; else when it arrived."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine.hardware.camera_device import CameraDevice

ARRIVED = 1000.0


class Capture:
    """A stand-in for OpenCV's V4L2 capture: `stamp` is what the driver says, in milliseconds."""

    stamp = 0.0

    def __init__(self, *_: object) -> None:
        self.frames = 0

    def isOpened(self) -> bool:  # noqa: N802  (OpenCV's name)
        return True

    def set(self, *_: object) -> bool:
        return True

    def get(self, key: int) -> float:
        assert key == cv2.CAP_PROP_POS_MSEC
        return Capture.stamp

    def grab(self) -> bool:
        self.frames += 1
        return True

    def retrieve(self, _: object = None) -> tuple[bool, Any]:
        return True, np.full((48, 64, 3), 40 + self.frames, np.uint8)

    def release(self) -> None:
        pass


@pytest.fixture
def read_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[float, str | None], float]:
    """The time of a frame whose driver says so many milliseconds."""
    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    device = tmp_path / "video0"
    device.touch()

    def read(stamp: float, source: str | None = None) -> float:
        Capture.stamp = stamp
        # Each grab takes a while, so that nothing looks as if it had been queued.
        times = iter(ARRIVED + 0.03 * k for k in range(100))
        last = [ARRIVED]

        def now() -> float:
            last[0] = next(times)
            return last[0]

        camera = CameraDevice(source or str(device), now=now)
        camera.open()
        t = camera.read().t
        camera.close()
        return t

    return read


def test_a_drivers_stamp_is_the_time(read_at: Callable[..., float]) -> None:
    assert read_at((ARRIVED - 0.035) * 1000.0) == pytest.approx(ARRIVED - 0.035)


@pytest.mark.parametrize(
    "stamp",
    [0.0, -1.0, (ARRIVED + 50.0) * 1000.0, (ARRIVED - 30.0) * 1000.0, 1.7e12, float("nan")],
    ids=["none", "refused", "ahead", "long ago", "wall clock", "nonsense"],
)
def test_a_stamp_of_another_clock_is_not_believed(
    read_at: Callable[..., float], stamp: float
) -> None:
    assert ARRIVED <= read_at(stamp) <= ARRIVED + 0.1


class Behind(Capture):
    """Five frames wait in a queue, each a while's work to decode; the next is still to come."""

    passed = worked = 0.0

    def grab(self) -> bool:
        self.frames += 1
        queued = self.frames <= 5
        Behind.passed += 0.02 if queued else 0.05
        Behind.worked += 0.018
        return True


def test_frames_that_waited_are_passed_over_however_long_they_take_to_decode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", Behind)
    monkeypatch.setattr(time, "thread_time", lambda: Behind.worked)
    camera = CameraDevice("http://127.0.0.1/stream", now=lambda: Behind.passed)
    camera.open()
    assert camera.read().pixels[0, 0, 0] == 40 + 6
    camera.close()


def test_a_streams_position_is_no_time(read_at: Callable[..., float]) -> None:
    assert read_at((ARRIVED - 0.035) * 1000.0, "rtsp://127.0.0.1/stream") >= ARRIVED
