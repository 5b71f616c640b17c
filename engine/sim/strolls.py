"""How a simulated person spends some minutes: walks with round corners, rests, turns.

A `Stroll` lays a polyline over the floor and lets a `courses.Path` run along
its length, so that accelerations are the same as everywhere in the simulator;
it adds what a picture needs and a bearing does not: which way the body faces,
and whether it sits. Metres, seconds, degrees; no room and no random number.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.core.angles import difference, wrap
from engine.sim.courses import Path
from engine.sim.world import Posture

Point = tuple[float, float]

# People turn on the spot at roughly this rate when they mean to (deg/s).
TURN_RATE = 200.0
# Whoever walks looks along the way from this far behind to this far ahead (m).
LOOK = 0.25


def ease(s: float) -> float:
    """The minimum-jerk blend from 0 to 1 (Flash and Hogan, 1985), clamped outside [0, 1]."""
    s = min(1.0, max(0.0, s))
    return s * s * s * (10.0 - 15.0 * s + 6.0 * s * s)


def course(a: Point, b: Point = (0.0, 0.0)) -> float:
    """The world direction in degrees from `a` to `b`, by default to the device."""
    return math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))


def rounded(points: Sequence[Point], passes: int = 3) -> list[Point]:
    """The same polyline with its corners cut (Chaikin, 1974); the ends stay."""
    line = list(points)
    for _ in range(passes):
        if len(line) < 3:
            break
        cut: list[Point] = [line[0]]
        for (ax, ay), (bx, by) in pairwise(line):
            cut.append((0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by))
            cut.append((0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by))
        cut.append(line[-1])
        line = cut
    return line


@dataclass(frozen=True, slots=True)
class Stance:
    """A body's state: metres, degrees, m/s; `walked` is metres since the start (its gait)."""

    x: float
    y: float
    facing: float
    speed: float
    walked: float
    posture: Posture


@dataclass(frozen=True, slots=True)
class _Turn:
    """From `t` on the body turns from where it faced to `facing`; None: it follows the walk."""

    t: float
    facing: float | None
    posture: Posture = Posture.STANDING


class Stroll:
    """Built piece by piece: `Stroll(t, (x, y)).walk(a, b, speed=1).rest(5, facing=90)`."""

    def __init__(self, t: float, at: Point, facing: float = 0.0) -> None:
        self._line: list[Point] = [at]
        self._lengths: list[float] = [0.0]
        self._path = Path(0.0, 0.0, start=t)
        self._turns: list[_Turn] = [_Turn(t, facing)]

    @property
    def end(self) -> float:
        return self._path.end

    @property
    def start(self) -> float:
        return self._turns[0].t

    @property
    def here(self) -> Point:
        """Where the stroll has led so far."""
        return self._line[-1]

    def walk(self, *points: Point, speed: float) -> Stroll:
        """Through `points` to the last of them, at a cruising speed in m/s."""
        line = rounded([self.here, *points])
        for a, b in pairwise(line):
            if math.dist(a, b) > 1e-9:
                self._line.append(b)
                self._lengths.append(self._lengths[-1] + math.dist(a, b))
        self._turns.append(_Turn(self.end, None))
        self._path.walk_to(self._lengths[-1], 0.0, speed)
        return self

    def rest(
        self, seconds: float, facing: float | None = None, posture: Posture = Posture.STANDING
    ) -> Stroll:
        """Stay, turning to `facing` in world degrees where it is given."""
        goal = self._facing(self.end) if facing is None else facing
        self._turns.append(_Turn(self.end, goal, posture))
        self._path.stay(seconds)
        return self

    def at(self, t: float) -> Stance:
        pose = self._path.at(t)
        x, y, _ = self._along(pose.x)
        index = max(0, bisect.bisect_right(self._turns, t, key=lambda turn: turn.t) - 1)
        posture = self._turns[index].posture
        return Stance(x, y, self._facing(t), pose.speed, pose.x, posture)

    def _along(self, length: float) -> tuple[float, float, float]:
        """(x, y, course) after some metres of the way."""
        if len(self._line) == 1:
            return (*self._line[0], 0.0)
        index = min(len(self._line) - 1, max(1, bisect.bisect_left(self._lengths, length)))
        a, b = self._line[index - 1], self._line[index]
        low, high = self._lengths[index - 1], self._lengths[index]
        u = min(1.0, max(0.0, (length - low) / (high - low)))
        return a[0] + (b[0] - a[0]) * u, a[1] + (b[1] - a[1]) * u, course(a, b)

    def _goal(self, index: int, t: float) -> float:
        turn = self._turns[index]
        if turn.facing is not None:
            return turn.facing
        gone = self._path.at(t).x
        behind, ahead = self._along(gone - LOOK), self._along(gone + LOOK)
        return course(behind[:2], ahead[:2])

    def _facing(self, t: float) -> float:
        """The body turns into a piece at its start, from where it faced before."""
        index = max(0, bisect.bisect_right(self._turns, t, key=lambda turn: turn.t) - 1)
        goal = self._goal(index, t)
        if index == 0:
            return wrap(goal)
        start = self._turns[index].t
        before = self._goal(index - 1, start - 1e-6)
        turn = difference(self._goal(index, start + 1e-6), before)
        # The quintic's peak rate is 1.875 times its mean.
        duration = max(0.05, 1.875 * abs(turn) / TURN_RATE)
        return wrap(goal - turn * (1.0 - ease((t - start) / duration)))
