"""Whether a frame shows anything, how sharp it is, and whether something moved in it.

All from a grey thumbnail of 64x48, the only trace of a picture that is kept
until the next one (DESIGN, privacy). A frame that shows nothing must not be
taken for an empty room.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from engine.ports import Image
from engine.seeing.boxes import Box
from engine.seeing.buffers import Workspace

THUMBNAIL = (64, 48)
DARK = 10.0
"""Mean grey level below which nobody could be recognised."""
FLAT = 4.0
"""Standard deviation of grey levels of a covered lens, noise averaged out."""
TORN_SHARE = 0.3
"""A decoder that ran out of data leaves rows of one colour at the bottom."""
MOVED = 14
"""Grey levels by which a pixel must change to have moved, above noise and flicker."""
STIRS, STANDS_OUT = 0.1, 5.0
"""Share of a box that must have moved for somebody in it to move; times what moved elsewhere."""
STEADY_RATE = 20.0
BLUR_RATE = 90.0
"""deg/s: up to the first a frame counts fully; from the second on the least."""
LEAST_TRUST = 0.5


@dataclass(frozen=True, slots=True)
class FrameReport:
    """`problem` is empty, or why the frame is no evidence. `moved` is a share of the picture.

    `frozen`: not one grey level differs from the frame before, which no living camera does.
    """

    problem: str
    moved: float
    sharpness: float
    trust: float
    frozen: bool = False

    @property
    def usable(self) -> bool:
        return not self.problem


class FrameCheck:
    """Compares each frame with the one before; `forget` when the shutter closes."""

    def __init__(self) -> None:
        self.workspace = Workspace()
        self._before: Image | None = None
        self._usual = 0.0
        self._changed: npt.NDArray[np.bool_] = np.zeros(THUMBNAIL[::-1], np.bool_)

    def inspect(self, pixels: Image, heading_rate: float = 0.0) -> FrameReport:
        """Raises nothing for any BGR picture. `heading_rate` in deg/s of the camera itself."""
        with self.workspace.wiped() as scratch:
            small = scratch.array("small", (THUMBNAIL[1], THUMBNAIL[0], 3), np.uint8)
            cv2.resize(pixels, THUMBNAIL, dst=small, interpolation=cv2.INTER_AREA)
            grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        problem = _problem(pixels, grey)
        moved = self._moved(grey)
        frozen = self._before is not None and np.array_equal(grey, self._before)
        sharpness = float(np.abs(np.diff(grey.astype(np.int16), axis=1)).mean())
        trust = self._trust(sharpness, abs(heading_rate))
        if self._before is not None:
            self._before.fill(0)
        self._before = grey
        return FrameReport(problem, moved, sharpness, trust, frozen)

    def forget(self) -> None:
        """Overwrite the thumbnail."""
        if self._before is not None:
            self._before.fill(0)
        self._before = None
        self._changed.fill(0)
        self._usual = 0.0

    def _moved(self, grey: Image) -> float:
        self._changed.fill(0)
        if self._before is None:
            return 1.0
        change = grey.astype(np.int16) - self._before
        # A lamp or a cloud changes everything alike; that is nobody moving.
        change -= np.int16(np.median(change))
        np.greater(np.abs(change), MOVED, out=self._changed)
        return float(self._changed.mean())

    def stirs(self, box: Box, width: int, height: int) -> bool:
        """Whether something moved within `box` of the last frame, and little elsewhere.

        A coat on a stand does not; a camera that shakes makes everything move.
        """
        columns, rows = THUMBNAIL[0] / width, THUMBNAIL[1] / height
        x1, x2 = int(box[0] * columns), math.ceil((box[0] + box[2]) * columns)
        y1, y2 = int(box[1] * rows), math.ceil((box[1] + box[3]) * rows)
        inside = self._changed[max(y1, 0) : y2, max(x1, 0) : x2]
        if inside.size == 0:
            return False
        moved, total = int(inside.sum()), int(self._changed.sum())
        elsewhere = (total - moved) / max(self._changed.size - inside.size, 1)
        return moved / inside.size >= max(STIRS, STANDS_OUT * elsewhere)

    def _trust(self, sharpness: float, rate: float) -> float:
        """How much this frame may count towards something new, LEAST_TRUST to 1."""
        self._usual = max(0.95 * self._usual, sharpness)
        span = (rate - STEADY_RATE) / (BLUR_RATE - STEADY_RATE)
        steady = 1.0 - (1.0 - LEAST_TRUST) * min(max(span, 0.0), 1.0)
        sharp = min(1.0, 1.6 * sharpness / self._usual) if self._usual > 0 else 1.0
        return max(LEAST_TRUST, steady * sharp)


def _problem(pixels: Image, grey: Image) -> str:
    if grey.mean() < DARK and np.percentile(grey, 99) < 4 * DARK:
        return "black"
    if grey.std() < FLAT:
        return "covered"
    rows = pixels[:: max(pixels.shape[0] // 96, 1), :: max(pixels.shape[1] // 64, 1)]
    even = np.all(rows == rows[-1, 0], axis=(1, 2))
    lower = int(np.argmin(even[::-1])) if not even.all() else len(even)
    grey_fill = bool(np.all(np.abs(rows[-1, 0].astype(int) - 128) <= 2))
    green_fill = bool(rows[-1, 0][1] > 100 and rows[-1, 0][0] < 20 and rows[-1, 0][2] < 20)
    if lower / len(even) >= TORN_SHARE and (grey_fill or green_fill):
        return "torn"
    return ""
