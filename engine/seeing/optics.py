"""A lens as it was measured: which way a pixel looks, distortion taken out.

The two models of OpenCV's calib3d: `normal` (pinhole with Brown's five
coefficients k1 k2 p1 p2 k3) and `fisheye` (Kannala and Brandt's k1..k4 over the
angle). It holds numbers and inverts them; measuring is `calibration`'s affair.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Model(StrEnum):
    NORMAL = "normal"
    FISHEYE = "fisheye"


SAME_SHAPE = 0.02
"""Relative difference of width to height within which a picture is only scaled."""
STEPS = 20
"""Iterations that bring either model to well below a hundredth of a pixel."""


@dataclass(frozen=True, slots=True)
class Optics:
    """Focal lengths and centre in pixels of a `width` x `height` picture; `distortion` as above.

    `error` is the mean reprojection error in pixels of the `pictures` it was made from.
    Raises ValueError for what no lens has.
    """

    model: Model
    width: int
    height: int
    focal: tuple[float, float]
    centre: tuple[float, float]
    distortion: tuple[float, ...]
    error: float
    pictures: int

    def __post_init__(self) -> None:
        numbers = (*self.focal, *self.centre, *self.distortion, self.error)
        wanted = 5 if self.model is Model.NORMAL else 4
        if not all(map(math.isfinite, numbers)) or len(self.distortion) != wanted:
            raise ValueError("not the numbers of a lens")
        sides = (self.width, self.height)
        if min(sides) < 8 or max(sides) > 100_000 or min(self.focal) < 1.0:
            raise ValueError("not the size of a picture")
        inside = 0 < self.centre[0] < self.width and 0 < self.centre[1] < self.height
        if not inside:
            raise ValueError("its centre lies outside the picture")

    def fits(self, width: int, height: int) -> bool:
        """Whether pictures of this size are those that were measured, but for their scale."""
        return abs(width * self.height / (height * self.width) - 1.0) <= SAME_SHAPE

    def ray(self, x: float, y: float) -> tuple[float, float, float]:
        """(forward, left, up) of pixel (x, y) of a picture of its own size; unit length."""
        right = (x - self.centre[0]) / self.focal[0]
        down = (y - self.centre[1]) / self.focal[1]
        if self.model is Model.NORMAL:
            right, down = self._undistorted(right, down)
            length = math.sqrt(1.0 + right * right + down * down)
            return 1.0 / length, -right / length, -down / length
        radius = math.hypot(right, down)
        angle = self._angle(radius)
        slope = math.sin(angle) / radius if radius > 0.0 else 0.0
        return math.cos(angle), -right * slope, -down * slope

    def _undistorted(self, right: float, down: float) -> tuple[float, float]:
        """Brown's model turned round by fixed-point iteration, as OpenCV does."""
        k1, k2, p1, p2, k3 = self.distortion
        x, y = right, down
        for _ in range(STEPS):
            r2 = x * x + y * y
            radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
            if radial <= 0.1:
                return right, down  # beyond what was measured: no guess is better
            x_shift = 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)
            y_shift = p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y
            x, y = (right - x_shift) / radial, (down - y_shift) / radial
        return x, y

    def _angle(self, radius: float) -> float:
        """The angle off the axis that lands at `radius`, by Newton's method."""
        k1, k2, k3, k4 = self.distortion
        angle = min(radius, math.pi)
        for _ in range(STEPS):
            a2 = angle * angle
            found = angle * (1.0 + a2 * (k1 + a2 * (k2 + a2 * (k3 + a2 * k4))))
            slope = 1.0 + a2 * (3 * k1 + a2 * (5 * k2 + a2 * (7 * k3 + a2 * 9 * k4)))
            if slope <= 0.05:
                return min(radius, math.pi)
            angle = min(max(angle - (found - radius) / slope, 0.0), math.pi)
        return angle

    @property
    def field_of_view(self) -> float:
        """Degrees from the left to the right edge at mid-height."""
        left, right = (self._azimuth(x) for x in (0.0, float(self.width)))
        return left - right

    def _azimuth(self, x: float) -> float:
        forward, left, _ = self.ray(x, self.centre[1])
        return math.degrees(math.atan2(left, forward))
