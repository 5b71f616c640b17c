"""Smooth movement of simulated people and pets: walking, turning, keeping still.

A `Journey` is a list of legs in time; it says where a body is, which way it
faces and whether it walks, at any moment, without state: the same t gives the
same pose. Speeds rise and fall smoothly (a quintic blend in time), bodies
turn along the walk. Nothing here knows the device, a room or a random number.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.angles import difference, wrap

# People turn on the spot at roughly this rate when they mean to (deg/s).
TURN_RATE = 240.0


def ease(s: float) -> float:
    """The minimum-jerk blend from 0 to 1 (Flash and Hogan, 1985), clamped outside [0, 1]."""
    s = min(1.0, max(0.0, s))
    return s * s * s * (10.0 - 15.0 * s + 6.0 * s * s)


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a body is: metres, `facing` in world degrees, `speed` in m/s."""

    x: float
    y: float
    facing: float
    speed: float = 0.0


@dataclass(frozen=True, slots=True)
class Leg:
    """From `start` to `end` (points in metres) between two moments; equal points: a rest.

    A walk faces along itself. A rest faces `facing`, or where the walk before it led
    when that is None. `profile` is "smooth" (starts and stops) or "steady" (constant
    speed, for a walk that is cut into legs).
    """

    t0: float
    t1: float
    start: tuple[float, float]
    end: tuple[float, float]
    facing: float | None = None
    profile: str = "smooth"

    @property
    def length(self) -> float:
        return math.dist(self.start, self.end)

    @property
    def course(self) -> float:
        """World direction of the walk in degrees."""
        return math.degrees(math.atan2(self.end[1] - self.start[1], self.end[0] - self.start[0]))


class Journey:
    """Legs in order of time, joined without gaps; before and after them the body rests.

    Raises ValueError when there is no leg, or legs are out of order.
    """

    def __init__(self, legs: Sequence[Leg], turn_rate: float = TURN_RATE) -> None:
        if not legs:
            raise ValueError("a journey needs at least one leg")
        if any(b.t0 < a.t1 - 1e-9 for a, b in zip(legs[:-1], legs[1:], strict=True)):
            raise ValueError("the legs of a journey must follow each other in time")
        self._legs = tuple(legs)
        self._starts = [leg.t0 for leg in legs]
        self._turn_rate = turn_rate
        self._facings: list[float] = []
        facing = 0.0
        for leg in legs:
            if leg.length > 1e-6:
                facing = leg.course
            elif leg.facing is not None:
                facing = leg.facing
            self._facings.append(facing)

    @property
    def start(self) -> float:
        return self._legs[0].t0

    @property
    def end(self) -> float:
        return self._legs[-1].t1

    def at(self, t: float) -> Pose:
        """The pose at time t in seconds."""
        index = max(0, bisect.bisect_right(self._starts, t) - 1)
        leg = self._legs[index]
        duration = max(1e-9, leg.t1 - leg.t0)
        s = min(1.0, max(0.0, (t - leg.t0) / duration))
        if leg.profile == "steady":
            share, rate = s, 1.0 if 0.0 < s < 1.0 else 0.0
        else:
            share, rate = ease(s), 30.0 * s * s * (1.0 - s) * (1.0 - s)
        x = leg.start[0] + (leg.end[0] - leg.start[0]) * share
        y = leg.start[1] + (leg.end[1] - leg.start[1]) * share
        return Pose(x, y, self._facing(index, t), leg.length / duration * rate)

    def _facing(self, index: int, t: float) -> float:
        """The body turns into a leg at its start, from where the leg before it faced."""
        goal = self._facings[index]
        if index == 0:
            return wrap(goal)
        before = self._facings[index - 1]
        turn = difference(goal, before)
        # The quintic's peak rate is 1.875 times its mean.
        duration = max(0.05, 1.875 * abs(turn) / self._turn_rate)
        return wrap(before + turn * ease((t - self._legs[index].t0) / duration))


class JourneyBuilder:
    """Writes a journey as a person would tell it: stand here, walk there, wait, turn."""

    def __init__(self, t: float, x: float, y: float, facing: float = 0.0) -> None:
        self.t = t
        self.x = x
        self.y = y
        self._legs: list[Leg] = [Leg(t, t, (x, y), (x, y), facing)]

    def walk(self, x: float, y: float, speed: float, profile: str = "smooth") -> JourneyBuilder:
        """To (x, y) at a mean speed in m/s, straight."""
        length = math.dist((self.x, self.y), (x, y))
        if length < 1e-6:
            return self
        t1 = self.t + length / speed
        self._legs.append(Leg(self.t, t1, (self.x, self.y), (x, y), None, profile))
        self.t, self.x, self.y = t1, x, y
        return self

    def rest(self, seconds: float, facing: float | None = None) -> JourneyBuilder:
        """Stay for some seconds, turning to `facing` in world degrees where it is given."""
        here = (self.x, self.y)
        self._legs.append(Leg(self.t, self.t + seconds, here, here, facing))
        self.t += seconds
        return self

    def build(self) -> Journey:
        return Journey(self._legs)


def course_to(x: float, y: float, to_x: float = 0.0, to_y: float = 0.0) -> float:
    """The world direction in degrees from (x, y) to another point, by default the device."""
    return math.degrees(math.atan2(to_y - y, to_x - x))
