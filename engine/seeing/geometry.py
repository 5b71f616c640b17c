"""From pixels to directions and distances, by the lens and where it is mounted.

Azimuth is counter-clockwise positive, so the LEFT half of a picture is
positive; elevation is positive upwards. Three projections: rectilinear (an
ordinary lens), equidistant (fisheye), panorama (equirectangular). Distance
comes from the box against what is known of people's sizes, with an honest
one-sigma. It must not know of frames, tracks or the axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from engine.core.types import Label
from engine.seeing.boxes import Box
from engine.seeing.optics import Optics


class Projection(StrEnum):
    """How a lens maps directions to pixels. AUTO chooses by the field of view."""

    AUTO = "auto"
    RECTILINEAR = "rectilinear"
    EQUIDISTANT = "equidistant"
    PANORAMA = "panorama"


# Beyond this a rectilinear picture would be mostly stretched border.
WIDEST_RECTILINEAR = 120.0
WIDEST_FISHEYE = 240.0


@dataclass(frozen=True, slots=True)
class Lens:
    """`field_of_view` and `tilt` (upwards) in degrees, `mount_height` in metres above the floor.

    Raises ValueError for values that no lens has.
    """

    width: int
    height: int
    field_of_view: float
    projection: Projection = Projection.AUTO
    mount_height: float = 1.0
    tilt: float = 0.0
    optics: Optics | None = None
    """The lens as it was measured; wins over field of view and projection."""

    def __post_init__(self) -> None:
        numbers = (self.field_of_view, self.mount_height, self.tilt)
        if not all(map(math.isfinite, numbers)) or self.width < 1 or self.height < 1:
            raise ValueError(f"not a lens: {self.width}x{self.height}, {numbers}")
        if not 0 < self.field_of_view <= 360:
            raise ValueError(f"a field of view of {self.field_of_view} degrees")
        if self.kind is Projection.RECTILINEAR and self.field_of_view >= 179:
            raise ValueError("a rectilinear lens sees less than 179 degrees")

    @property
    def kind(self) -> Projection:
        """The projection in force."""
        if self.projection is not Projection.AUTO:
            return self.projection
        if self.field_of_view <= WIDEST_RECTILINEAR:
            return Projection.RECTILINEAR
        wide = self.field_of_view <= WIDEST_FISHEYE
        return Projection.EQUIDISTANT if wide else Projection.PANORAMA

    def of(self, width: int, height: int) -> Lens:
        """The same lens with pictures of this size.

        What was measured holds for pictures of its own shape: others are cut from elsewhere.
        """
        optics = self.optics if self.optics and self.optics.fits(width, height) else None
        return replace(self, width=width, height=height, optics=optics)

    @property
    def focal(self) -> float:
        """Pixels a unit of slope (rectilinear) or a radian (the others) at the centre."""
        half = math.radians(self.field_of_view / 2)
        rectilinear = self.kind is Projection.RECTILINEAR
        return self.width / 2 / (math.tan(half) if rectilinear else half)

    def direction(self, x: float, y: float) -> tuple[float, float]:
        """(azimuth, elevation) in degrees of pixel (x, y), tilt taken out."""
        right, down = x - self.width / 2, y - self.height / 2
        if self.optics is not None:
            own = self.optics
            return self._level(*own.ray(x * own.width / self.width, y * own.height / self.height))
        if self.kind is Projection.PANORAMA:
            # A panorama is stitched level: its rows are elevations already.
            return math.degrees(-right / self.focal), math.degrees(-down / self.focal)
        if self.kind is Projection.RECTILINEAR:
            forward, left, up = 1.0, -right / self.focal, -down / self.focal
        else:
            radius = math.hypot(right, down)
            angle = min(radius / self.focal, math.pi)
            slope = math.sin(angle) / radius if radius > 0 else 0.0
            forward, left, up = math.cos(angle), -right * slope, -down * slope
        return self._level(forward, left, up)

    def _level(self, forward: float, left: float, up: float) -> tuple[float, float]:
        """Azimuth and elevation of a ray of the camera, in the room."""
        tilt = math.radians(self.tilt)
        level = forward * math.cos(tilt) - up * math.sin(tilt)
        height = forward * math.sin(tilt) + up * math.cos(tilt)
        azimuth = math.degrees(math.atan2(left, level))
        return azimuth, math.degrees(math.atan2(height, math.hypot(level, left)))

    def azimuth(self, x: float) -> float:
        """Azimuth of column `x` at mid-height, degrees."""
        return self.direction(x, self.height / 2)[0]

    def column(self, azimuth: float) -> float:
        """The column, at mid-height of a level camera, that shows `azimuth` (|azimuth| < 90)."""
        if self.optics is not None:
            return self._measured_column(azimuth)
        angle = math.radians(azimuth)
        reach = math.tan(angle) if self.kind is Projection.RECTILINEAR else angle
        return self.width / 2 - self.focal * reach

    def _measured_column(self, azimuth: float) -> float:
        """By bisection: a measured lens has no formula for the way back."""
        low, high = 0.0, float(self.width)
        for _ in range(40):
            middle = (low + high) / 2.0
            low, high = (middle, high) if self.azimuth(middle) > azimuth else (low, middle)
        return (low + high) / 2.0

    def view(self, heading: float) -> tuple[float, float]:
        """The interval of world bearings in the picture while the camera points at `heading`."""
        if self.optics is not None:
            # A lens is seldom mounted to the pixel: its middle is not the picture's.
            return heading + self.azimuth(self.width), heading + self.azimuth(0)
        half = self.field_of_view / 2
        return heading - half, heading + half


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box is, in degrees and metres relative to the camera, one-sigma each.

    `left`, `right`, `top`, `bottom` are its edges as azimuths and elevations.
    """

    azimuth: float
    azimuth_std: float
    distance: float
    distance_std: float
    left: float
    right: float
    top: float
    bottom: float


def locate(lens: Lens, box: Box, label: Label = Label.PERSON) -> Place:
    """Direction and distance of a detection. Raises nothing for boxes at or over the edge."""
    x, y, width, height = box
    azimuth, _ = lens.direction(x + width / 2, y + height / 4)
    left, right = lens.azimuth(x), lens.azimuth(x + width)
    top = lens.direction(x + width / 2, y)[1]
    bottom = lens.direction(x + width / 2, y + height)[1]
    breadth = abs(left - right)
    cut = _touches(x, x + width, lens.width)
    # A body is not symmetric in its box; one cut by the border still less.
    azimuth_std = 0.5 + breadth * (0.25 if cut else 0.06)
    distance, distance_std = _distance(lens, box, (top, bottom), breadth, label)
    return Place(azimuth, azimuth_std, distance, distance_std, left, right, top, bottom)


def _touches(low: float, high: float, size: int) -> bool:
    margin = max(0.01 * size, 1.0)
    return low <= margin or high >= size - margin


# What is known of those in front of us: height of the top of the head above
# the floor, and where the visible body ends below, in metres with one-sigma.
# Sources: adult stature and sitting height of mixed populations (ISO 7250-2);
# a chair adds 0.45 m; tables and sofas hide what is below the chest or hips.
@dataclass(frozen=True, slots=True)
class _Shape:
    share: float
    top: float
    top_std: float
    bottom: float
    bottom_std: float


_SHAPES = {
    Label.PERSON: (
        _Shape(0.45, 1.68, 0.10, 0.00, 0.08),  # standing, feet in sight
        _Shape(0.15, 1.68, 0.10, 0.80, 0.20),  # standing behind something
        _Shape(0.15, 1.27, 0.08, 0.05, 0.15),  # seated, feet in sight
        _Shape(0.25, 1.27, 0.08, 0.50, 0.20),  # seated, upper body in sight
    ),
    Label.DOG: (_Shape(1.0, 0.55, 0.18, 0.0, 0.1),),
    Label.CAT: (_Shape(0.6, 0.30, 0.08, 0.0, 0.08), _Shape(0.4, 1.0, 0.4, 0.7, 0.4)),
}
_BREADTH = {Label.PERSON: (0.52, 0.17), Label.DOG: (0.6, 0.3), Label.CAT: (0.35, 0.15)}
_DISTANCES: npt.NDArray[np.float64] = np.geomspace(0.35, 9.0, 72)
# Detectors place an edge within some per cent of the box's size.
_EDGE = 0.03


def _distance(
    lens: Lens, box: Box, ends: tuple[float, float], breadth: float, label: Label
) -> tuple[float, float]:
    """Posterior mean and standard deviation over distances, every posture weighed.

    An edge that the picture's border cuts says only that the body goes on
    beyond it, which is what a censored measurement is.
    """
    top, bottom = (math.tan(math.radians(max(-89.0, min(89.0, e)))) for e in ends)
    d = _DISTANCES
    top_z, bottom_z = lens.mount_height + d * top, lens.mount_height + d * bottom
    edge = _EDGE * d * max(top - bottom, 1e-6)
    margin = max(0.01 * lens.height, 1.0)
    cut_top, cut_bottom = box[1] <= margin, box[1] + box[3] >= lens.height - margin
    likelihood = np.zeros_like(d)
    for shape in _SHAPES[label]:
        upper = _agreement(top_z, shape.top, np.hypot(shape.top_std, edge), 1 if cut_top else 0)
        lower_std = np.hypot(shape.bottom_std, edge)
        lower = _agreement(bottom_z, shape.bottom, lower_std, -1 if cut_bottom else 0)
        likelihood += shape.share * upper * lower
    if not _touches(box[0], box[0] + box[2], lens.width):
        wide, wide_std = _BREADTH[label]
        width = 2 * d * math.tan(math.radians(min(breadth, 170.0)) / 2)
        likelihood *= _agreement(width, wide, np.hypot(wide_std, _EDGE * width), 0)
    total = likelihood.sum()
    if total <= 1e-12:
        # Like nobody: a child, a poster, somebody on a ladder.
        return 2.5, 2.5
    weight = likelihood / total
    mean = float(weight @ d)
    return mean, float(math.sqrt(max(float(weight @ (d - mean) ** 2), 0.0)) + 0.03 * mean)


def _agreement(
    found: npt.NDArray[np.float64], expected: float, std: npt.NDArray[np.float64], beyond: int
) -> npt.NDArray[np.float64]:
    """Likelihood of an edge; `beyond` +1 / -1: the true one lies above / below what was found."""
    z = (expected - found) / std
    if beyond:
        # The logistic curve is within 1 % of the normal distribution's integral.
        return np.asarray(1 / (1 + np.exp(np.clip(-1.702 * z * beyond, -50, 50))))
    return np.asarray(np.exp(-0.5 * z**2) / std)
