"""The motion profile: how the head gets from where it is to where it should be.

Time-optimal and jerk-limited. Every plan is two changes of velocity with a
cruise between them (state -> peak velocity -> rest), each change being the
fastest one that the bounds on acceleration and jerk allow, so a new target
may arrive at any moment and no bound is broken by it: acceleration never
jumps. The moving-average filter over a trapezoid keeps the same bounds but
stops v*T/4 later than it could, which would count as overshoot here.

Pure: no clock, no I/O. One `step` is one sample of a fixed period.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from engine.core.angles import clamp
from engine.core.settings import MotionSettings
from engine.core.types import Pace

_POSITION_TOLERANCE = 1e-12  # degrees; what double precision leaves of a sum of seven segments

_Pieces = list[tuple[float, float]]  # (seconds, jerk) one after another


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of normal motion: deg/s, deg/s2, deg/s3, all positive."""

    velocity: float
    acceleration: float
    jerk: float


@dataclass(frozen=True, slots=True)
class Setpoint:
    """Where the head should be at one sample: deg, deg/s, deg/s2."""

    heading: float
    velocity: float
    acceleration: float


@dataclass(frozen=True, slots=True)
class _Segment:
    """Constant jerk for `seconds`, from the state (p, v, a) at its start."""

    seconds: float
    p: float
    v: float
    a: float
    j: float

    def at(self, t: float) -> Setpoint:
        v = self.v + t * (self.a + t * self.j / 2.0)
        p = self.p + t * (self.v + t * (self.a / 2.0 + t * self.j / 6.0))
        return Setpoint(p, v, self.a + t * self.j)


def limits_of(settings: MotionSettings, scale: float = 1.0) -> Limits:
    """The bounds at `scale` of the full ones; jerk is 2a/T with T = `smoothing`."""
    acceleration = settings.max_acceleration * scale
    jerk = 2.0 * acceleration / settings.smoothing
    return Limits(settings.max_velocity * scale, acceleration, jerk)


def _change(v0: float, a0: float, v1: float, limits: Limits) -> _Pieces:
    """The fastest way from (v0, a0) to (v1, 0) as (seconds, jerk) pairs.

    An `a0` beyond the limit (the limits have just shrunk) is led back inside.
    """
    j, top = limits.jerk, limits.acceleration
    d = 1.0 if v1 >= v0 + a0 * abs(a0) / (2.0 * j) else -1.0
    a, dv = d * a0, d * (v1 - v0)
    peak = math.sqrt(max(0.0, j * dv + a * a / 2.0))
    if peak <= top:
        return [(max(0.0, peak - a) / j, d * j), (peak / j, -d * j)]
    rise = (top - a) / j
    hold = (dv - abs(rise) * (top + a) / 2.0) / top - top / (2.0 * j)
    return [(abs(rise), math.copysign(d * j, d * rise)), (max(0.0, hold), 0.0), (top / j, -d * j)]


def _run(p: float, v: float, a: float, pieces: _Pieces) -> float:
    """The position after `pieces` from (p, v, a)."""
    for t, j in pieces:
        p += t * (v + t * (a / 2.0 + t * j / 6.0))
        v += t * (a + t * j / 2.0)
        a += t * j
    return p


def stopping_heading(state: Setpoint, limits: Limits) -> float:
    """Where the shortest stop from `state` ends."""
    pieces = _change(state.velocity, state.acceleration, 0.0, limits)
    return _run(state.heading, state.velocity, state.acceleration, pieces)


def _root(f: Callable[[float], float], low: float, high: float) -> float:
    """A zero of `f`, whose signs at `low` and `high` differ (Chandrupatla 1997)."""
    a, b = high, low
    fa, fb = f(a), f(b)
    c, fc = a, fa
    share = 0.5
    for _ in range(100):
        x = a + share * (b - a)
        fx = f(x)
        if (fx > 0.0) == (fa > 0.0):
            c, fc = a, fa
        else:
            c, b, fc, fb = b, a, fb, fa
        a, fa = x, fx
        best, error = (a, abs(fa)) if abs(fa) < abs(fb) else (b, abs(fb))
        if error <= _POSITION_TOLERANCE or abs(b - a) <= 1e-15 * abs(best):
            return best
        share = 0.5
        if fa != fb and fc != fb and fc != fa:
            xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
            if phi * phi < xi and (1.0 - phi) * (1.0 - phi) < 1.0 - xi:
                share = fa / (fb - fa) * fc / (fb - fc)
                share += (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
                share = clamp(share, 1e-3, 1.0 - 1e-3)
    return best


def _plan(
    state: Setpoint, target: float, top: float, first: Limits, second: Limits
) -> list[_Segment]:
    """The fastest way to rest at `target`: up to a peak under `first`, down under `second`.

    `top` bounds the cruise. The turn goes whichever way the shortest stop
    under `first` leaves something to travel.
    """
    p, v, a = state.heading, state.velocity, state.acceleration
    d = 1.0 if target >= stopping_heading(state, first) else -1.0

    def through(peak: float) -> _Pieces:
        return _change(v, a, d * peak, first) + _change(d * peak, 0.0, 0.0, second)

    def beyond(peak: float) -> float:
        return d * (_run(p, v, a, through(peak)) - target)

    left = -beyond(top)
    if left >= 0.0:
        up, down = _change(v, a, d * top, first), _change(d * top, 0.0, 0.0, second)
        return _segments(state, [*up, (left / top, 0.0), *down])
    if beyond(0.0) >= 0.0:
        return _segments(state, through(0.0))
    # The velocity that letting the acceleration fade would lead to. A lower peak
    # would brake twice with a pause between, so it is only the last resort.
    faded = d * (v + a * abs(a) / (2.0 * first.jerk))
    if not 0.0 < faded < top:
        return _segments(state, through(_root(beyond, 0.0, top)))
    if beyond(faded) <= 0.0:
        return _segments(state, through(_root(beyond, faded, top)))
    if a * d < 0.0 and first == second:
        return _segments(state, _eased(state, target, d, first))
    return _segments(state, through(_root(beyond, 0.0, faded)))


def _eased(state: Setpoint, target: float, d: float, limits: Limits) -> _Pieces:
    """From a brake that would end before `target`: ease it for a moment, then brake fully."""
    p, v, a = state.heading, state.velocity, state.acceleration

    def pieces(ease: float) -> _Pieces:
        j = d * limits.jerk
        slower = v + ease * (a + ease * j / 2.0)
        return [(ease, j), *_change(slower, a + ease * j, 0.0, limits)]

    def beyond(ease: float) -> float:
        return d * (_run(p, v, a, pieces(ease)) - target)

    return pieces(_root(beyond, 0.0, abs(a) / limits.jerk))


def _segments(state: Setpoint, pieces: _Pieces) -> list[_Segment]:
    segments = []
    for seconds, jerk in pieces:
        if seconds > 0.0:
            segment = _Segment(seconds, state.heading, state.velocity, state.acceleration, jerk)
            segments.append(segment)
            state = segment.at(seconds)
    return segments


class Profile:
    """A head that moves towards a target, one sample at a time.

    Every emitted position lies in `span` (low, high), or between a start
    outside of it and the span; targets are moved to its nearest end. The same
    calls give the same samples.
    """

    def __init__(
        self, heading: float, settings: MotionSettings, span: tuple[float, float], period: float
    ) -> None:
        self._settings = settings
        self._span = span
        self._period = period
        self._full = limits_of(settings)
        self._paces = {
            Pace.GENTLE: limits_of(settings, settings.gentle),
            Pace.NORMAL: limits_of(settings, settings.normal),
            Pace.BRISK: limits_of(settings, settings.brisk),
        }
        self.rest_at(heading)

    def rest_at(self, heading: float) -> None:
        """Forget every motion: the head is at rest at `heading`, wherever that is."""
        self._low, self._high = min(self._span[0], heading), max(self._span[1], heading)
        self._now = Setpoint(heading, 0.0, 0.0)
        self._target = heading
        self._pace: Pace | None = None
        self._segments: list[_Segment] = []
        self._elapsed = 0.0
        self._braking = False
        self._deferred: tuple[float, Pace] | None = None

    @property
    def now(self) -> Setpoint:
        """The sample emitted last."""
        return self._now

    @property
    def target(self) -> float:
        """Where the motion under way ends."""
        return self._target

    @property
    def done(self) -> bool:
        """At rest, with nothing left to do."""
        return not self._segments and self._deferred is None

    def retarget(self, heading: float, pace: Pace = Pace.BRISK) -> None:
        """Turn to `heading` at `pace`, starting from the motion under way.

        While an emergency stop lasts, the new target waits for its end.
        """
        heading = clamp(heading, *self._span)
        if self._braking:
            self._deferred = (heading, pace)
        elif heading != self._target or (pace is not self._pace and self._segments):
            first, second = self._authority(heading, self._paces[pace])
            self._follow(
                _plan(self._now, heading, self._paces[pace].velocity, first, second), heading
            )
            self._pace = pace

    def stop(self) -> None:
        """Come to rest as early as the bounds of normal motion allow."""
        self._deferred = None
        if self._braking or not self._segments:
            return
        pieces = _change(self._now.velocity, self._now.acceleration, 0.0, self._full)
        segments = _segments(self._now, pieces)
        end = segments[-1].at(segments[-1].seconds).heading if segments else self._now.heading
        self._follow(segments, clamp(end, self._low, self._high))
        self._pace = None

    def emergency(self, at: Setpoint | None = None) -> None:
        """Brake at the emergency rate, which knows no bound on jerk.

        `at` is where the head is by now, if that is not the last sample; braking begins there.
        """
        self._deferred = None
        if at is None and (self._braking or not self._segments):
            return
        self._now = at or self._now
        v = self._now.velocity
        rate = self._settings.emergency_deceleration
        self._now = Setpoint(self._now.heading, v, -math.copysign(rate, v))
        segments = _segments(self._now, [(abs(v) / rate, 0.0)])
        end = self._now.heading + v * abs(v) / (2.0 * rate)
        self._follow(segments, clamp(end, self._low, self._high))
        self._pace = None
        self._braking = bool(segments)

    def step(self) -> Setpoint:
        """Advance by one period and return the new sample."""
        if not self._segments and self._deferred is not None:
            waiting, self._deferred = self._deferred, None
            self.retarget(*waiting)
        if not self._segments:
            # A way that is shorter than rounding leaves nothing to plan is gone at once.
            self._now = Setpoint(self._target, 0.0, 0.0)
            return self._now
        self._elapsed += self._period
        while self._segments and self._elapsed >= self._segments[0].seconds:
            self._elapsed -= self._segments.pop(0).seconds
        if self._segments:
            now = self._segments[0].at(self._elapsed)
            # Only rounding can lead outside; the plan itself never does.
            inside = clamp(now.heading, self._low, self._high)
            self._now = Setpoint(inside, now.velocity, now.acceleration)
        else:
            self._now = Setpoint(self._target, 0.0, 0.0)
            self._braking = False
        return self._now

    def _follow(self, segments: list[_Segment], target: float) -> None:
        self._segments, self._target, self._elapsed = segments, target, 0.0

    def _authority(self, target: float, paced: Limits) -> tuple[Limits, Limits]:
        """The limits for getting to the pace's cruise, and for coming down from it.

        The pace's own, unless the motion under way is faster than the pace
        would ever be, or a stop as gentle as that would run past the target
        or out of the range: then the full limits brake, and the pace ends it.
        """
        now, full = self._now, self._full
        v, a = now.velocity, now.acceleration
        ramped = v + a * abs(a) / (2.0 * paced.jerk)
        if max(abs(v), abs(ramped)) > paced.velocity or abs(a) > paced.acceleration:
            return full, paced
        end = stopping_heading(now, paced)
        passes = (target - now.heading) * (target - end) <= 0.0 and end != now.heading
        if passes or not self._low <= end <= self._high:
            return full, paced
        return paced, paced
