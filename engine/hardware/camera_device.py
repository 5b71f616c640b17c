"""A live camera: a V4L2 device, or a stream by RTSP or HTTP.

Gives the newest frame: what queued up while nobody read is thrown away. A V4L2
driver stamps its frames when they are exposed, which is the time that counts
while the head turns; of a stream, see `stream_clock`. It does not reconnect, the
camera loop does; and it never lets a password into a message.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from engine.hardware.camera_buffers import OneReader, Ring
from engine.hardware.stream_clock import StreamClock
from engine.logs import redact
from engine.ports import Frame, Image, SourceFailed, SourceTorn

QUERY = re.compile(r"\?.*$")
OPEN_MS = 5000
READ_MS = 3000
# A frame that is waited for no longer than this had been in a queue. Time in which this thread
# worked does not count: decoding a large picture takes longer than many a wait.
QUEUED = 0.01
MOST_QUEUED = 30
OLDEST = 1.0
"""Seconds: a time stamp older than this is of another clock, and tells nothing."""
# A camera whose picture does not change by a single bit hangs: sensors are noisy.
STUCK_SECONDS = 10.0
BLACK = 20
"""Of 255, what every value of a picture is below in which nothing can be told to stand still."""


def redacted(source: str) -> str:
    """`source` fit for people and logs: no user, no password, no query."""
    # As FFmpeg has it, all up to the last @: a password may have any character in it.
    user, at, rest = source.rpartition("@")
    scheme = f"{user.partition('://')[0]}://" if "://" in user else ""
    return redact(QUERY.sub("?...", f"{scheme}***@{rest}" if at else source))


class CameraDevice:
    """A `ports.Camera`. `source` is an index, a /dev path or a URL."""

    live = True
    paced = True

    def __init__(
        self,
        source: str,
        width: int = 640,
        height: int = 480,
        fps: float = 10.0,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self.name = redacted(source)
        self.width, self.height, self.fps = width, height, fps
        self._now = now
        self._capture: cv2.VideoCapture | None = None
        self._ring = Ring()
        self._reader = OneReader(self._let_go)
        self._digest = 0
        self._changed = 0.0
        self._clock = StreamClock()

    def open(self) -> None:
        """Raises SourceFailed with what to check."""
        self.close()
        url = "://" in self.source
        capture = self._open_url() if url else self._open_device()
        if not capture.isOpened():
            capture.release()
            remedy = "check address, password and network" if url else "check cable and permissions"
            raise SourceFailed(f"camera {self.name}: cannot be opened; {remedy}")
        self._capture = capture
        self._changed = self._now()
        self._reader.opened()

    def _open_url(self) -> cv2.VideoCapture:
        times = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_MS)
        # With threads of its own, decoding a frame from the queue looks like waiting for the
        # camera, so that the queue is never emptied and pictures get ever older.
        limits = (*times, cv2.CAP_PROP_N_THREADS, 1)
        return cv2.VideoCapture(self.source, cv2.CAP_FFMPEG, limits)

    def _open_device(self) -> cv2.VideoCapture:
        path = f"/dev/video{self.source}" if self.source.isdigit() else self.source
        if not Path(path).exists():
            raise SourceFailed(f"camera {path}: no such device; plug it in or set camera.source")
        capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
        for key, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, self.width),
            (cv2.CAP_PROP_FRAME_HEIGHT, self.height),
            (cv2.CAP_PROP_BUFFERSIZE, 1),
        ):
            capture.set(key, value)
        return capture

    def read(self) -> Frame:
        """The newest frame. Raises SourceFailed when the device is lost or stuck."""
        with self._reader:
            capture = self._capture
            if capture is None:
                raise SourceFailed(f"camera {self.name}: not open; call open() first")
            t = self._exposed(capture, self._grab_newest(capture))
            try:
                pixels = self._ring.fill(capture.retrieve)
            except cv2.error as error:
                raise SourceTorn(f"camera {self.name}: a damaged frame ({error.code})") from None
            if pixels is None:
                raise SourceFailed(f"camera {self.name}: lost; check cable, power and network")
            self._watch(pixels.reshape(-1)[:: max(pixels.size // 4096, 1)])
            self.height, self.width = pixels.shape[:2]
            return Frame(t, pixels)

    def _grab_newest(self, capture: cv2.VideoCapture) -> float:
        for _ in range(MOST_QUEUED):
            before, worked = self._now(), time.thread_time()
            if not capture.grab():
                raise SourceFailed(f"camera {self.name}: lost; check cable, power and network")
            t = self._now()
            if t - before - (time.thread_time() - worked) > QUEUED:
                break
        return t

    def _exposed(self, capture: cv2.VideoCapture, arrived: float) -> float:
        """The driver's time stamp where it gives one of our clock, else when the frame arrived."""
        stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
        if "://" in self.source:
            return self._clock.exposed(arrived, stamp)
        # Some drivers stamp by another clock, or with nothing at all.
        return stamp if math.isfinite(stamp) and 0.0 <= arrived - stamp <= OLDEST else arrived

    def _watch(self, sample: Image) -> None:
        digest, now = hash(sample.tobytes()), self._now()
        # In the dark some cameras send nothing but black, which is no fault of theirs.
        if digest != self._digest or sample.max() < BLACK:
            self._digest, self._changed = digest, now
        elif now - self._changed > STUCK_SECONDS:
            raise SourceFailed(f"camera {self.name}: the picture is frozen; it will be reopened")

    def close(self) -> None:
        self._reader.close()

    def _let_go(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()
        self._ring.wipe()
        self._digest = 0
        self._clock.forget()
