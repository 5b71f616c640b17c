"""Arithmetic on angles: wrapping, differences, clamping to a range.

Degrees, positive counter-clockwise seen from above. Wrapped values lie in
(-180, 180]. Inside the axis's range bearings are not wrapped: a head that can
turn to 175 deg and a person at -179 deg are 354 deg apart for the motor, so
`difference` (shortest way round) and plain subtraction (the way the motor
must travel) are both needed and must not be mixed up.
"""

from __future__ import annotations

from collections.abc import Sequence


def wrap(angle: float) -> float:
    """`angle` in degrees, brought into (-180, 180]."""
    wrapped = -((180.0 - angle) % 360.0) + 180.0
    # The float modulo may round up to a whole turn for tiny negative inputs.
    return 180.0 if wrapped <= -180.0 else wrapped


def difference(to: float, origin: float) -> float:
    """The shortest turn in degrees that leads from `origin` to `to`, in (-180, 180]."""
    return wrap(to - origin)


def near(angle: float, reference: float) -> float:
    """The representative of `angle` (mod 360) that lies closest to `reference`, unwrapped."""
    return reference + difference(angle, reference)


def clamp(value: float, low: float, high: float) -> float:
    """`value`, moved to the nearest end of [low, high] where it lies outside."""
    return low if value < low else high if value > high else value


def into_range(bearing: float, low: float, high: float, reference: float) -> float | None:
    """A heading inside [low, high] that faces `bearing`, or None where there is none.

    Of several (a range wider than 360 deg has two for some bearings) the one
    closest to `reference` wins, so that the head takes the short way.
    """
    candidates = [c for k in (-1, 0, 1) if low <= (c := wrap(bearing) + 360.0 * k) <= high]
    return min(candidates, key=lambda c: abs(c - reference)) if candidates else None


def interpolate(history: Sequence[tuple[float, float]], t: float) -> float:
    """Linear interpolation of (time, angle) pairs, unwrapped angles, sorted by time.

    Before the first and after the last sample the nearest one counts.
    Raises ValueError for an empty history.
    """
    if not history:
        raise ValueError("an empty history has no angle to interpolate")
    if t <= history[0][0]:
        return history[0][1]
    if t >= history[-1][0]:
        return history[-1][1]
    for (t0, a0), (t1, a1) in zip(reversed(history[:-1]), reversed(history[1:]), strict=True):
        if t >= t0:
            return a0 + (a1 - a0) * (t - t0) / (t1 - t0) if t1 > t0 else a1
    raise AssertionError("unreachable: t lies within the history")
