"""One suite for every camera: the simulated one, a folder of pictures, a video file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.hardware.camera_file import CameraFile
from engine.hardware.camera_folder import CameraFolder
from engine.ports import Camera, SourceFailed
from engine.sim.camera import SimulatedCamera
from engine.sim.living_room import LivingRoom

WIDTH, HEIGHT = 320, 240


def _picture(number: int) -> np.ndarray:
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    cv2.circle(picture, (40 + 30 * number, 120), 30, (40, 200, 240), -1)
    return picture


def simulated(_folder: Path) -> Camera:
    return SimulatedCamera(LivingRoom(1), lambda t: 10.0 * t, width=WIDTH, height=HEIGHT)


def folder(path: Path) -> Camera:
    for number in range(6):
        cv2.imwrite(str(path / f"{number}.png"), _picture(number))
    return CameraFolder(path, paced=False)


def video(path: Path) -> Camera:
    file = path / "clip.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (WIDTH, HEIGHT))
    for number in range(6):
        writer.write(_picture(number))
    writer.release()
    return CameraFile(file, paced=False)


@pytest.fixture(params=[simulated, folder, video])
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Camera:
    make: Callable[[Path], Camera] = request.param
    return make(tmp_path)


def test_it_is_a_camera(camera: Camera) -> None:
    assert isinstance(camera, Camera)


def test_frames_are_bgr_bytes_of_the_size_it_tells_in_order_of_time(camera: Camera) -> None:
    camera.open()
    times = []
    for _ in range(4):
        frame = camera.read()
        assert frame.pixels.shape == (camera.height, camera.width, 3) == (HEIGHT, WIDTH, 3)
        assert frame.pixels.dtype == np.uint8
        assert frame.pixels.std() > 1.0
        times.append(frame.t)
    camera.close()
    assert times == sorted(set(times))


def test_a_frame_can_be_wiped(camera: Camera) -> None:
    camera.open()
    frame = camera.read()
    frame.wipe()
    assert not frame.pixels.any()
    assert camera.read().pixels.any()
    camera.close()


def test_closing_overwrites_what_was_lent_and_can_be_done_twice(camera: Camera) -> None:
    camera.open()
    frames = [camera.read(), camera.read()]
    camera.close()
    camera.close()
    assert not any(frame.pixels.any() for frame in frames)


def test_a_closed_camera_does_not_read_and_can_be_opened_again(camera: Camera) -> None:
    with pytest.raises(SourceFailed):
        camera.read()
    camera.open()
    first = camera.read().t
    camera.close()
    with pytest.raises(SourceFailed):
        camera.read()
    camera.open()
    assert camera.read().t > first
    camera.close()
