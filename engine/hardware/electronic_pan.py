"""An axis without a motor: a crop that moves inside a fixed, wide picture.

For a wall camera or a recording. The camera stands still, so what it sees
needs no heading; only what viewers are shown turns. Position is exact, there
is nothing to touch, and nothing can be braked late. It never copies a frame:
`crop` is a view, or a wrapped join at the seam of a full panorama.
"""

from __future__ import annotations

import math

import numpy as np

from engine.core.angles import clamp, wrap
from engine.ports import AxisAbilities, AxisReading, Image
from engine.seeing.geometry import Lens, Projection

ABILITIES = AxisAbilities(can_sense_contact=False, has_position=True, can_brake=True)


class ElectronicPan:
    """A `ports.Axis`; `range` in degrees bounds the heading as a motor's would."""

    def __init__(self, range: tuple[float, float] = (-175.0, 175.0)) -> None:  # noqa: A002
        if not (math.isfinite(range[0]) and math.isfinite(range[1]) and range[0] <= range[1]):
            raise ValueError(f"not a range: {range}")
        self.abilities = ABILITIES
        self._range = range
        self._heading = clamp(0.0, *range)
        self._velocity = 0.0
        self._energised = False

    def energise(self) -> None:
        self._energised = True
        self._velocity = 0.0

    def command(self, heading: float, velocity: float) -> None:
        """Be there at once; ignored while released or not finite."""
        if not self._energised or not (math.isfinite(heading) and math.isfinite(velocity)):
            return
        self._heading = clamp(heading, *self._range)
        self._velocity = velocity if self._heading == heading else 0.0

    def read(self) -> AxisReading:
        return AxisReading(self._heading, self._velocity, None)

    def release(self) -> None:
        self._energised = False
        self._velocity = 0.0

    def close(self) -> None:
        self.release()


def reach(lens: Lens, field_of_view: float) -> tuple[float, float]:
    """The headings at which a crop of `field_of_view` degrees lies inside the picture."""
    if lens.field_of_view >= 360:
        return -180.0, 180.0
    free = max((lens.field_of_view - field_of_view) / 2, 0.0)
    return -free, free


def crop(pixels: Image, heading: float, field_of_view: float, lens: Lens) -> Image:
    """What a head at `heading` would show: full height, `field_of_view` degrees wide.

    Moved inwards where it would leave the picture. The result shares memory
    with `pixels`, except across the seam of a 360 degree panorama.
    """
    width = pixels.shape[1]
    field_of_view = clamp(field_of_view, 1.0, lens.field_of_view)
    if lens.kind is Projection.PANORAMA and lens.field_of_view >= 360:
        columns = max(round(width * field_of_view / 360), 1)
        first = round((180.0 - wrap(heading)) / 360 * width - columns / 2) % width
        if first + columns <= width:
            return pixels[:, first : first + columns]
        return np.hstack([pixels[:, first:], pixels[:, : first + columns - width]])
    low, high = reach(lens, field_of_view)
    heading = clamp(heading, low, high)
    scale = width / lens.width
    left = lens.column(heading + field_of_view / 2) * scale
    right = lens.column(heading - field_of_view / 2) * scale
    first = int(clamp(round(left), 0, width - 1))
    last = int(clamp(round(right), first + 1, width))
    return pixels[:, first:last]
