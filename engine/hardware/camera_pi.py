"""The camera on a Raspberry Pi's ribbon cable, by libcamera through the optional picamera2.

Gives the newest frame with the middle of its exposure as its time. The picture
is copied once, from libcamera's buffer into ours, and libcamera's is given back
at once. It does not reconnect, the camera loop does; it decides nothing.
"""

from __future__ import annotations

import importlib
import math
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from engine.hardware.camera_buffers import RING, OneReader
from engine.ports import Frame, Image, SourceFailed

SOURCE = re.compile(r"picamera2?(?::(\d))?\Z", re.IGNORECASE)
WAIT = 3.0
"""Seconds without a frame after which the camera counts as lost."""
OLDEST = 2.0
"""Seconds: an older time stamp is of another clock, and tells nothing."""
REMEDY = "sudo apt install python3-picamera2, and see the camera part of docs/install.md"


def is_pi_camera(source: str) -> bool:
    """`picamera`, or `picamera:1` for the second connector."""
    return SOURCE.match(source) is not None


class PiCamera:
    """A `ports.Camera`."""

    live = True
    paced = True

    def __init__(
        self,
        source: str = "picamera",
        width: int = 640,
        height: int = 480,
        fps: float = 10.0,
        *,
        now: Callable[[], float] = time.monotonic,
        boot: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        """`now` and `boot` are the two clocks that libcamera's time stamps may be of."""
        found = SOURCE.match(source)
        if found is None:
            raise ValueError(f"not a camera on the ribbon cable: {source}")
        self.name = source
        self._number = int(found.group(1) or 0)
        self.width, self.height, self.fps = width, height, fps
        self._now, self._boot = now, boot
        self._camera: Any = None
        self._mapped: Any = None
        self._buffers: list[Image] = [np.zeros((0, 0, 3), np.uint8)] * RING
        self._next = 0
        self._reader = OneReader(self._let_go)

    def open(self) -> None:
        """Raises SourceFailed with what to check."""
        self.close()
        try:
            library = importlib.import_module("picamera2")
        except (ImportError, OSError) as error:
            what = "is not installed" if isinstance(error, ModuleNotFoundError) else "does not load"
            raise SourceFailed(f"camera {self.name}: picamera2 {what}; {REMEDY}") from None
        self._mapped = library.MappedArray
        try:
            self._camera = library.Picamera2(self._number)
            # libcamera's name for bytes in the order blue, green, red.
            settings = self._camera.create_video_configuration(
                main={"size": (self.width, self.height), "format": "RGB888"},
                controls={"FrameRate": self.fps},
                queue=False,
            )
            self._camera.configure(settings)
            self._camera.start()
        except (RuntimeError, IndexError, ValueError, OSError) as error:
            self._let_go()
            raise SourceFailed(
                f"camera {self.name}: cannot be opened ({type(error).__name__}); check its cable, "
                "`rpicam-hello --list-cameras`, and that nothing else uses it"
            ) from None
        self._reader.opened()

    def read(self) -> Frame:
        """The newest frame. Raises SourceFailed when the camera is lost."""
        with self._reader:
            try:
                request = self._camera.capture_request(wait=WAIT)
                try:
                    t = self._exposed(request.get_metadata())
                    with self._mapped(request, "main") as mapped:
                        pixels = self._copied(mapped.array)
                finally:
                    request.release()
            except (RuntimeError, TimeoutError, OSError, AttributeError) as error:
                raise SourceFailed(
                    f"camera {self.name}: lost ({type(error).__name__}); check its cable"
                ) from None
        self.height, self.width = pixels.shape[:2]
        return Frame(t, pixels)

    def _copied(self, source: Image) -> Image:
        wanted = (*source.shape[:2], 3)
        if self._buffers[self._next].shape != wanted:
            self._buffers[self._next].fill(0)
            self._buffers[self._next] = np.zeros(wanted, np.uint8)
        own = self._buffers[self._next]
        np.copyto(own, source[..., :3])
        self._next = (self._next + 1) % len(self._buffers)
        return own

    def _exposed(self, told: Mapping[str, Any]) -> float:
        """The middle of the exposure on our clock: the sensor tells when read-out began."""
        now = self._now()
        stamp, exposure = told.get("SensorTimestamp"), told.get("ExposureTime", 0)
        if not isinstance(stamp, int | float) or not math.isfinite(stamp):
            return now
        half = exposure / 2e6 if isinstance(exposure, int | float) else 0.0
        # Both stand still at different times; the right one makes the frame a little old.
        ages = (now - stamp / 1e9, self._boot() - stamp / 1e9)
        age = min((a for a in ages if 0.0 <= a <= OLDEST), default=0.0)
        return now - age - half

    def buffers(self) -> tuple[Image, ...]:
        """All of ours, for tests that look for remains of a picture."""
        return tuple(self._buffers)

    def close(self) -> None:
        self._reader.close()

    def _let_go(self) -> None:
        camera, self._camera = self._camera, None
        for buffer in self._buffers:
            buffer.fill(0)
        if camera is None:
            return
        # A frame that never came is still asked for, and `stop` would wait behind that for ever.
        flush = getattr(camera, "cancel_all_and_flush", None)
        for end in (flush, camera.stop, camera.close):
            with suppress(RuntimeError, OSError):  # it was lost: closing it is what is left
                if end is not None:
                    end()
