"""The ribbon-cable camera against a stand-in for picamera2 that behaves as its manual says."""

from __future__ import annotations

import sys
import threading
import time
from types import ModuleType, TracebackType
from typing import Any

import numpy as np
import pytest

from engine.hardware.camera import is_recording, open_camera
from engine.hardware.camera_pi import PiCamera, is_pi_camera
from engine.ports import Camera, Image, SourceFailed


class Request:
    def __init__(self, owner: Picamera2, stamp: int, exposure: int) -> None:
        self.owner, self.released = owner, False
        self._told = {"SensorTimestamp": stamp, "ExposureTime": exposure}

    def get_metadata(self) -> dict[str, Any]:
        return self._told

    def release(self) -> None:
        assert not self.released
        self.released = True
        self.owner.out -= 1


class MappedArray:
    def __init__(self, request: Request, stream: str) -> None:
        assert stream == "main"
        self.array: Image = request.owner.memory

    def __enter__(self) -> MappedArray:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.array = np.zeros((0,), np.uint8)  # unmapped


class Picamera2:
    """One at a time, as libcamera has it; frames number themselves by their grey."""

    busy = False
    fail: type[Exception] | None = None
    made: Picamera2 | None = None

    def __init__(self, number: int = 0) -> None:
        if number > 0:
            raise IndexError("list index out of range")
        if Picamera2.busy:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        Picamera2.busy, Picamera2.made = True, self
        self.started, self.out, self.count = False, 0, 0
        self.asked = False
        self.memory: Image = np.zeros((0, 0, 3), np.uint8)

    def create_video_configuration(
        self, main: dict[str, Any], controls: dict[str, float], queue: bool
    ) -> dict[str, Any]:
        assert main["format"] == "RGB888"
        assert not queue, "a queued frame is an old one"
        return main

    def configure(self, settings: dict[str, Any]) -> None:
        width, height = settings["size"]
        # Rows are padded to a multiple of 64 bytes, as the hardware writes them.
        stride = -(-width * 3 // 64) * 64
        self.raw = np.zeros((height, stride), np.uint8)
        self.memory = self.raw[:, : width * 3].reshape(height, width, 3)

    def start(self) -> None:
        self.started = True

    def capture_request(self, wait: float) -> Request:
        assert self.started
        assert wait > 0
        if Picamera2.fail is not None:
            self.asked = True
            raise Picamera2.fail("no frame")
        self.out += 1
        assert self.out == 1, "a request that is not given back starves the camera"
        self.count += 1
        self.raw.fill(10 * self.count)
        return Request(self, time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 30_000_000, 20_000)

    def cancel_all_and_flush(self) -> None:
        self.asked = False

    def stop(self) -> None:
        assert not self.asked, "it waits behind a frame that never comes, for ever"
        self.started = False

    def close(self) -> None:
        Picamera2.busy = False


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("picamera2")
    module.Picamera2, module.MappedArray = Picamera2, MappedArray
    monkeypatch.setitem(sys.modules, "picamera2", module)
    Picamera2.busy, Picamera2.fail, Picamera2.made = False, None, None


def opened(source: str = "picamera") -> PiCamera:
    camera = open_camera(source)
    assert isinstance(camera, PiCamera)
    assert isinstance(camera, Camera)
    camera.open()
    return camera


@pytest.mark.parametrize("source", ["picamera", "picamera2", "picamera:0", "PiCamera"])
def test_its_names_are_live_cameras(source: str) -> None:
    assert is_pi_camera(source)
    assert not is_recording(source)
    opened(source).close()


@pytest.mark.parametrize("source", ["picamera.mp4", "picamera/", "my picamera", "picamera:12"])
def test_files_that_are_called_like_it_are_files(source: str) -> None:
    assert not is_pi_camera(source)
    assert is_recording(source)


def test_frames_are_ours_and_libcameras_are_given_back() -> None:
    camera = opened()
    first, second = camera.read(), camera.read()
    assert first.pixels.shape == (480, 640, 3)
    assert (first.pixels == 10).all()
    assert (second.pixels == 20).all()
    assert Picamera2.made is not None
    assert Picamera2.made.out == 0
    assert not np.shares_memory(first.pixels, Picamera2.made.memory)
    camera.close()


def test_the_time_is_the_middle_of_the_exposure_on_our_clock() -> None:
    camera = opened()
    before = time.monotonic()
    t = camera.read().t
    after = time.monotonic()
    # Read-out began 30 ms ago, after an exposure of 20 ms.
    assert before - 0.041 <= t <= after - 0.039
    camera.close()


@pytest.mark.parametrize("stamp", [0, -5, 10**30, float("nan"), "soon", None])
def test_a_time_stamp_of_no_clock_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, stamp: object
) -> None:
    told = {"SensorTimestamp": stamp, "ExposureTime": "long"}
    monkeypatch.setattr(Request, "get_metadata", lambda _: told)
    camera = opened()
    before = time.monotonic()
    assert before <= camera.read().t <= time.monotonic()
    camera.close()


def test_closing_overwrites_what_was_lent_and_frees_the_camera() -> None:
    camera = opened()
    frames = [camera.read() for _ in range(3)]
    camera.close()
    camera.close()
    assert not any(f.pixels.any() for f in frames)
    assert not any(b.any() for b in camera.buffers())
    assert not Picamera2.busy
    with pytest.raises(SourceFailed, match="open"):
        camera.read()
    camera.open()
    assert camera.read().pixels.any()
    camera.close()


@pytest.mark.parametrize("failure", [RuntimeError, TimeoutError, OSError])
def test_a_lost_camera_is_told_and_opened_again(failure: type[Exception]) -> None:
    camera = opened()
    Picamera2.fail = failure
    with pytest.raises(SourceFailed, match="lost"):
        camera.read()
    Picamera2.fail = None
    camera.open()
    assert camera.read().pixels.any()
    camera.close()


@pytest.mark.parametrize("source", ["picamera:1", "picamera"])
def test_no_such_camera_and_one_in_use_are_told_with_what_to_check(source: str) -> None:
    Picamera2.busy = source == "picamera"
    with pytest.raises(SourceFailed, match="rpicam-hello"):
        open_camera(source).open()


def test_without_the_package_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(SourceFailed, match="apt install python3-picamera2"):
        open_camera("picamera").open()


def test_a_frame_of_another_size_gets_a_buffer_of_its_own() -> None:
    camera = opened()
    camera.read()
    assert Picamera2.made is not None
    Picamera2.made.configure({"size": (320, 240)})
    camera.read()
    frame = camera.read()
    assert frame.pixels.shape == (240, 320, 3)
    assert (camera.width, camera.height) == (320, 240)
    camera.close()


def test_closing_during_a_read_throws_the_frame_away(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, closed = threading.Event(), threading.Event()
    real = Picamera2.capture_request

    def slow(self: Picamera2, wait: float) -> Request:
        reading.set()
        assert closed.wait(10.0)
        return real(self, wait)

    monkeypatch.setattr(Picamera2, "capture_request", slow)
    camera = opened()
    problems: list[SourceFailed] = []

    def read() -> None:
        try:
            camera.read()
        except SourceFailed as error:
            problems.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    assert reading.wait(10.0)
    camera.close()
    closed.set()
    thread.join(10.0)
    assert len(problems) == 1
    assert not any(b.any() for b in camera.buffers())
    assert not Picamera2.busy
