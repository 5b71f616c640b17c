"""Which camera a `camera.source` means: a device, a stream, a recording, a folder of pictures.

The simulated camera is not here: only the composition root knows of it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.hardware.camera_device import CameraDevice, redacted
from engine.hardware.camera_file import CameraFile
from engine.hardware.camera_folder import PICTURES, CameraFolder
from engine.hardware.camera_pi import PiCamera, is_pi_camera
from engine.paths import expanded, is_there
from engine.ports import SourceFailed

URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
DEVICE = re.compile(r"^(\d{1,2}|/dev/.+)$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a live device is asked for; recordings keep their own size and rate."""

    width: int = 640
    height: int = 480
    fps: float = 10.0


def is_recording(source: str) -> bool:
    """Whether `source` ends by itself: a file or a folder, not a device or a URL."""
    return not (URL.match(source) or DEVICE.match(source) or is_pi_camera(source))


def open_camera(
    source: str,
    wanted: Wanted | None = None,
    *,
    paced: bool = True,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> CameraFile | CameraFolder | CameraDevice | PiCamera:
    """The driver for `source`, not yet opened: `open()` says what is wrong with it.

    `source` is a device ("0", "/dev/video0"), `picamera`, a URL, a video file, a picture or
    a folder of pictures. `paced` False gives a recording's frames as fast as
    they are read, `t` counting from 0. Raises SourceFailed for no such file.
    """
    wanted = wanted or Wanted()
    if is_pi_camera(source):
        return PiCamera(source, wanted.width, wanted.height, wanted.fps, now=now)
    if not is_recording(source):
        return CameraDevice(source, wanted.width, wanted.height, wanted.fps, now=now)
    path = expanded(source)
    if not is_there(path):
        raise SourceFailed(f"{redacted(source)}: no such file or folder; check camera.source")
    if os.path.isdir(path) or path.suffix.lower() in PICTURES:
        return CameraFolder(path, wanted.fps, paced=paced, now=now, sleep=sleep)
    return CameraFile(path, paced=paced, now=now, sleep=sleep)
