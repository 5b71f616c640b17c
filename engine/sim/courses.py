"""How bodies move over the floor: lines, arcs and pauses with human accelerations.

A `Path` is built once and then answers where somebody is at any moment; it is
deterministic and knows nothing of seeds, rooms or the device's decisions.
Metres, seconds, degrees; the device stands at the origin.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass, field

from engine.core.angles import near

# Somebody who starts or stops walking takes about one step for it (0.5 to 0.7 s at 1.2 m/s).
WALKING_ACCELERATION = 2.0  # m/s2


@dataclass(frozen=True, slots=True)
class Pose:
    """A place on the floor; `direction` is that of travel in degrees, None at rest."""

    x: float
    y: float
    direction: float | None
    speed: float


def polar(bearing: float, distance: float) -> tuple[float, float]:
    """The floor point at `bearing` degrees and `distance` metres from the device."""
    angle = math.radians(bearing)
    return distance * math.cos(angle), distance * math.sin(angle)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """One piece of a path: a line, an arc round the device, or a pause of no length.

    An arc's target is (unwrapped bearing, distance), and `bearing` where it starts.
    Speed along it is a trapezoid: `ramp` seconds up, cruise at `speed`, `ramp` down.
    """

    start: float
    end: float
    origin: tuple[float, float]
    target: tuple[float, float]
    arc: bool
    length: float
    speed: float
    ramp: float
    bearing: float

    def at(self, t: float) -> Pose:
        if self.length == 0.0 or t <= self.start:
            return Pose(*self.origin, None, 0.0)
        if t >= self.end:
            return Pose(*(polar(*self.target) if self.arc else self.target), None, 0.0)
        gone, speed = self._progress(t - self.start)
        share = gone / self.length
        if not self.arc:
            (x0, y0), (x1, y1) = self.origin, self.target
            direction = math.degrees(math.atan2(y1 - y0, x1 - x0))
            return Pose(x0 + share * (x1 - x0), y0 + share * (y1 - y0), direction, speed)
        radius0 = math.hypot(*self.origin)
        turn = self.target[0] - self.bearing
        bearing = self.bearing + share * turn
        radius = radius0 + share * (self.target[1] - radius0)
        return Pose(*polar(bearing, radius), bearing + math.copysign(90.0, turn), speed)

    def _progress(self, t: float) -> tuple[float, float]:
        """Distance gone and speed, `t` seconds into the stretch."""
        total, rate = self.end - self.start, self.speed / self.ramp
        if t < self.ramp:
            return 0.5 * rate * t * t, rate * t
        if t > total - self.ramp:
            left = total - t
            return self.length - 0.5 * rate * left * left, rate * left
        return self.speed * (t - 0.5 * self.ramp), self.speed


@dataclass(slots=True)
class Path:
    """A course built piece by piece: `Path(x, y).walk_to(...).stay(...)`.

    Before its first moment the body stands at its origin, after its last at its end.
    """

    x: float
    y: float
    start: float = 0.0
    bearing: float = field(init=False)
    _stretches: list[_Stretch] = field(default_factory=list, init=False)
    _starts: list[float] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.bearing = math.degrees(math.atan2(self.y, self.x))

    @property
    def end(self) -> float:
        return self._stretches[-1].end if self._stretches else self.start

    def walk_to(
        self,
        x: float,
        y: float,
        speed: float,
        *,
        acceleration: float = WALKING_ACCELERATION,
    ) -> Path:
        """Walk in a straight line at `speed` m/s, starting and ending at rest."""
        length = math.hypot(x - self.x, y - self.y)
        self._add((x, y), False, length, speed, acceleration)
        self.x, self.y = x, y
        self.bearing = near(math.degrees(math.atan2(y, x)), self.bearing)
        return self

    def arc_to(
        self,
        bearing: float,
        distance: float,
        speed: float,
        *,
        acceleration: float = WALKING_ACCELERATION,
    ) -> Path:
        """Walk round the device to `bearing`, the way numbers run from the present one.

        Bearings are not wrapped: 200 from 170 goes on by 30, -160 from 170 goes back by 330.
        """
        radius = math.hypot(self.x, self.y)
        along = math.radians(abs(bearing - self.bearing)) * 0.5 * (radius + distance)
        along = max(along, abs(distance - radius))
        self._add((bearing, distance), True, along, speed, acceleration)
        self.x, self.y = polar(bearing, distance)
        self.bearing = bearing
        return self

    def stay(self, seconds: float) -> Path:
        here = (self.x, self.y)
        self._append(
            _Stretch(self.end, self.end + seconds, here, here, False, 0.0, 0.0, 0.0, self.bearing)
        )
        return self

    def at(self, t: float) -> Pose:
        if not self._stretches:
            return Pose(self.x, self.y, None, 0.0)
        return self._stretches[max(0, bisect.bisect_right(self._starts, t) - 1)].at(t)

    def _add(
        self,
        target: tuple[float, float],
        arc: bool,
        length: float,
        speed: float,
        acceleration: float,
    ) -> None:
        if length < 1e-6:
            return
        # A short way never reaches the wanted speed: a triangle instead of a trapezoid.
        peak = min(speed, math.sqrt(length * acceleration))
        ramp = peak / acceleration
        seconds = length / peak + ramp
        self._append(
            _Stretch(
                start=self.end,
                end=self.end + seconds,
                origin=(self.x, self.y),
                target=target,
                arc=arc,
                length=length,
                speed=peak,
                ramp=ramp,
                bearing=self.bearing,
            )
        )

    def _append(self, stretch: _Stretch) -> None:
        self._stretches.append(stretch)
        self._starts.append(stretch.start)


@dataclass(frozen=True, slots=True)
class Sway:
    """The small restlessness of anybody who stands: a sum of slow sines per axis of the floor.

    Postural sway is of the order of a centimetre below 1 Hz; shifting weight adds some.
    `parts` holds (amplitude m, frequency Hz, phase rad) for x and for y in turn.
    """

    parts: tuple[tuple[float, float, float], ...] = ()

    def at(self, t: float) -> tuple[float, float]:
        values = [0.0, 0.0]
        for index, (amplitude, frequency, phase) in enumerate(self.parts):
            values[index % 2] += amplitude * math.sin(2.0 * math.pi * frequency * t + phase)
        return values[0], values[1]
