"""One suite over every camera: the fake, videos, folders of pictures, the simulated room's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.hardware.camera import open_camera
from engine.ports import Camera, Image, SourceEnded, SourceFailed
from engine.seeing.fakes import FakeCamera

FRAMES = 5


def picture(seed: int) -> Image:
    blocks = np.random.default_rng(seed).integers(60, 220, (6, 8, 3), np.uint8)
    return np.kron(blocks, np.ones((20, 20, 1), np.uint8)).astype(np.uint8)


def write_video(path: Path, frames: int = FRAMES, fps: float = 10.0) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (160, 120))
    for i in range(frames):
        writer.write(picture(i))
    writer.release()
    return path


def fake(_: Path) -> Camera:
    return FakeCamera([picture(i) for i in range(FRAMES)])


def video(folder: Path) -> Camera:
    return open_camera(str(write_video(folder / "a.mp4")), paced=False)


def pictures(folder: Path) -> Camera:
    for i in range(FRAMES):
        cv2.imwrite(str(folder / f"frame{i}.png"), picture(i))
    return open_camera(str(folder), paced=False)


@pytest.fixture(params=[fake, video, pictures])
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Camera:
    make: Callable[[Path], Camera] = request.param
    return make(tmp_path)


def test_is_a_camera(camera: Camera) -> None:
    assert isinstance(camera, Camera)


def test_gives_its_frames_in_order_of_time_and_then_ends(camera: Camera) -> None:
    camera.open()
    times = []
    for _ in range(FRAMES):
        frame = camera.read()
        assert frame.pixels.shape == (120, 160, 3)
        assert frame.pixels.dtype == np.uint8
        assert frame.pixels.any()
        assert (camera.width, camera.height) == (160, 120)
        times.append(frame.t)
    assert times == pytest.approx([i / 10 for i in range(FRAMES)])
    with pytest.raises(SourceEnded):
        camera.read()
    camera.close()


def test_closing_overwrites_what_was_lent(camera: Camera) -> None:
    camera.open()
    frame = camera.read()
    camera.close()
    assert not frame.pixels.any()
    camera.close()


def test_wiping_a_frame_does_not_harm_the_next(camera: Camera) -> None:
    camera.open()
    for _ in range(3):
        frame = camera.read()
        assert frame.pixels.any()
        frame.wipe()
    camera.close()


@pytest.mark.parametrize("make", [video, pictures])
def test_nothing_is_read_from_a_closed_camera(
    make: Callable[[Path], Camera], tmp_path: Path
) -> None:
    camera = make(tmp_path)
    with pytest.raises(SourceFailed, match="open"):
        camera.read()
    camera.open()
    camera.close()
    with pytest.raises(SourceFailed, match="open"):
        camera.read()


@pytest.mark.parametrize("make", [video, pictures])
def test_a_recording_goes_on_where_it_was_closed(
    make: Callable[[Path], Camera], tmp_path: Path
) -> None:
    camera = make(tmp_path)
    camera.open()
    camera.read()
    camera.close()
    camera.open()
    assert camera.read().t == pytest.approx(0.1)
    camera.close()


def test_closing_during_a_read_throws_the_frame_away(tmp_path: Path) -> None:
    reading, closed = threading.Event(), threading.Event()

    def sleep(_: float) -> None:
        reading.set()
        assert closed.wait(10)

    times = iter([0.0] * 100)
    camera = open_camera(str(write_video(tmp_path / "a.mp4")), now=lambda: next(times), sleep=sleep)
    camera.open()
    camera.read()
    outcome: list[BaseException] = []

    def read() -> None:
        try:
            camera.read()
        except SourceFailed as error:
            outcome.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    assert reading.wait(10)
    camera.close()
    closed.set()
    thread.join(10)
    assert len(outcome) == 1
    assert all(not b.any() for b in camera._ring.buffers())
