"""A small ring of our own picture buffers for the real cameras, and quiet libraries.

OpenCV decodes into the buffer it is handed where the size agrees; a frame of
another size lands in an array of OpenCV's, which then joins the ring in place
of ours. All of them are overwritten when the camera closes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from engine.ports import Image, SourceFailed

# FFmpeg prints addresses (with passwords) and every damaged packet; what
# matters reaches people as an error of ours.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

RING = 2


class Ring:
    """Buffers for frames that are read one after the other."""

    def __init__(self, size: int = RING) -> None:
        self._buffers: list[Image] = [np.zeros((0, 0, 3), np.uint8)] * size
        self._next = 0

    def fill(self, decode: Callable[..., tuple[bool, Any]]) -> Image | None:
        """Decode into the next buffer; None when there was nothing to decode."""
        held = self._buffers[self._next]
        good, found = decode(held if held.size else None)
        if not good or found is None or found.size == 0:
            return None
        pixels: Image = found
        if pixels is not held:
            held.fill(0)
        self._buffers[self._next] = pixels
        self._next = (self._next + 1) % len(self._buffers)
        return pixels

    def wipe(self) -> None:
        for buffer in self._buffers:
            buffer.fill(0)

    def buffers(self) -> tuple[Image, ...]:
        """All of them, for tests that look for remains of a picture."""
        return tuple(self._buffers)


class OneReader:
    """Lets `close` be called from any thread, also while another one is inside `read`.

    Closing never waits for a blocking read: whichever of the two comes last
    releases the device, and what was read meanwhile is thrown away.
    """

    def __init__(self, release: Callable[[], None]) -> None:
        self._release = release
        self._lock, self._releasing = threading.Lock(), threading.Lock()
        self._reading = False
        self._closed = True

    def opened(self) -> None:
        with self._lock:
            self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._reading:
                return
        self._let_go()

    def _let_go(self) -> None:
        # The shutter's thread may be at it while the loop's opens the camera anew.
        with self._releasing:
            self._release()

    def __enter__(self) -> None:
        with self._lock:
            if self._closed:
                raise SourceFailed("the camera is closed; call open() first")
            self._reading = True

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._reading = False
            late = self._closed
        if late:
            self._let_go()
            raise SourceFailed("the camera was closed while a frame was being read")
