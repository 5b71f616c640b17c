"""A video file as a camera: played in its own time like a live one, or as fast as it is read.

Also reads GIFs. Frames that are late in paced play are skipped, as a live
camera would have lost them. It decides nothing about what is seen.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from engine.hardware.camera_buffers import OneReader, Ring
from engine.ports import Frame, SourceEnded, SourceFailed, SourceTorn

# Files that state no rate, or an absurd one, are played at this.
USUAL_FPS = 10.0
# Undecodable frames in a row after which the rest is given up.
GIVE_UP = 300


class CameraFile:
    """A `ports.Camera`. Closing and opening again goes on where the recording would be by now."""

    live = False

    def __init__(
        self,
        path: Path,
        *,
        paced: bool = True,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.path, self.paced = path, paced
        self.width = self.height = 0
        self.fps = USUAL_FPS
        self.frames = 0
        """What the file's header promises; 0 where it does not say."""
        self.torn = 0
        self._now, self._sleep = now, sleep
        self._capture: cv2.VideoCapture | None = None
        self._ring = Ring()
        self._reader = OneReader(self._let_go)
        self._index = 0
        self._failures = 0
        self._origin: float | None = None

    @property
    def index(self) -> int:
        """Number of the frame given last, from 0; -1 before the first."""
        return self._index - 1

    def open(self) -> None:
        """Raises SourceFailed for a file that is no readable video."""
        self.close()
        # A list of pictures by pattern, a pipe or a URL is not what a path means here.
        capture = cv2.VideoCapture(str(self.path.absolute()), cv2.CAP_FFMPEG)
        width, height = (
            int(capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        if not capture.isOpened() or width < 1 or height < 1:
            capture.release()
            raise SourceFailed(f"{self.path}: not a readable video; convert it to mp4 (H.264)")
        self.width, self.height = width, height
        fps = capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if math.isfinite(fps) and 0.1 <= fps <= 240 else USUAL_FPS
        count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.frames = int(count) if math.isfinite(count) and 0 < count < 1e9 else 0
        self._capture = capture
        self._reader.opened()
        resumed = self._index
        self._index, self._failures = 0, 0
        while self._index < resumed and capture.grab():
            self._index += 1
        if self._origin is None:
            self._origin = self._now() if self.paced else 0.0

    def read(self) -> Frame:
        """The next frame; its buffer is lent until the second call after this one."""
        with self._reader:
            if self.paced:
                self._keep_time()
            return self._decode()

    def _keep_time(self) -> None:
        capture = self._require()
        late = int((self._now() - self._start()) * self.fps + 1e-6) - self._index
        # Never skip the last frame: the end must be met, not jumped over.
        for _ in range(late):
            if not capture.grab():
                break
            self._index += 1
        wait = self._start() + self._index / self.fps - self._now()
        if wait > 0:
            self._sleep(wait)

    def _decode(self) -> Frame:
        capture = self._require()
        pixels = self._ring.fill(capture.read)
        if pixels is None:
            remaining = self.frames - self._index
            # Containers promise a frame or two more than they hold.
            if remaining <= 2 or self._failures >= GIVE_UP:
                raise SourceEnded(f"{self.path}: end")
            self._failures += 1
            self.torn += 1
            self._index += 1
            raise SourceTorn(f"{self.path}: frame {self._index - 1} is damaged")
        self._failures = 0
        t = self._start() + self._index / self.fps
        self._index += 1
        self.height, self.width = pixels.shape[:2]
        return Frame(t, pixels)

    def _require(self) -> cv2.VideoCapture:
        if self._capture is None:
            raise SourceFailed(f"{self.path}: not open; call open() first")
        return self._capture

    def _start(self) -> float:
        return self._origin if self._origin is not None else 0.0

    def close(self) -> None:
        self._reader.close()

    def _let_go(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()
        self._ring.wipe()
