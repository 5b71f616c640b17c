"""What must never happen: shutter, range, limits, hands and alarms, from a trace alone.

Pure functions of a `Trace`; `violations` counts what fails a run by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from engine.bench.trace import Trace, index_of

MAX_VELOCITY, MAX_ACCELERATION = 180.0, 360.0
BRAKED_WITHIN = 0.15  # s from the shutter's edge to standstill
STANDING = 2.0  # deg/s under which the head has been stopped, as the axis loop sees it
YIELD_WITHIN = 0.25  # s from a hand's first touch to no torque
RANGE_PLAY = 0.5  # degrees that a servo may swing beyond a set-point at the very end
THROWN_FOR = 1.0  # s that a head without torque goes on after a hand has let go of it


def jerk(trace: Trace) -> float | None:
    """J: the peak jerk of the set-points in normal motion."""
    peak = None
    for a, b, c in _runs(trace):
        value = abs(c[1] - 2.0 * b[1] + a[1]) / trace.period**2
        peak = value if peak is None else max(peak, value)
    return peak


def excursions(trace: Trace) -> float:
    """Samples with the head outside the range, unless a hand put it there and it came no farther.

    A set-point outside counts as well, unless it leads back from where a hand left the head.
    """
    low, high = trace.range
    count, pushed, handled = 0, False, -math.inf
    for s in trace.samples:
        beyond = max(low - s.heading, s.heading - high)
        handled = s.t if s.special else handled
        # A head that is let go of in full swing coasts on without torque.
        thrown = s.setpoint is None and s.t - handled <= THROWN_FOR
        pushed = beyond > 0.0 and (pushed or s.special or thrown)
        told = s.setpoint is not None and not low - 1e-6 <= s.setpoint[0] <= high + 1e-6
        count += (beyond > RANGE_PLAY or told) and not pushed
    return float(count)


def stopping(trace: Trace) -> float | None:
    """The longest time from the shutter's edge to standstill."""
    return max((_stopping(trace, t) for t in trace.closings), default=None)


def _stopping(trace: Trace, closed: float) -> float:
    index = index_of(trace, closed)
    after = trace.samples[index:] if index is not None else []
    last = closed
    for s in after:
        if not s.closed:
            break
        if abs(s.velocity) > STANDING:
            last = s.t + trace.period
    return last - closed


def over_limits(trace: Trace) -> int:
    """Samples whose set-points break the limits of normal motion."""
    fast = sum(
        s.setpoint is not None and not s.special and abs(s.setpoint[1]) > MAX_VELOCITY + 0.01
        for s in trace.samples
    )
    hard = sum(abs(c[1] - b[1]) / trace.period > MAX_ACCELERATION + 0.1 for _, b, c in _runs(trace))
    return fast + hard


def _runs(
    trace: Trace,
) -> Iterator[tuple[tuple[float, float], tuple[float, float], tuple[float, float]]]:
    """Three set-points in a row, all in normal motion."""
    s = trace.samples
    for a, b, c in zip(s, s[1:], s[2:], strict=False):
        if a.setpoint and b.setpoint and c.setpoint and not (a.special or b.special or c.special):
            yield a.setpoint, b.setpoint, c.setpoint


def pushes_felt(trace: Trace) -> float | None:
    """% of the hands on a head under torque that were taken for what they are."""
    told = [p.felt is not None for p in trace.pushes if not p.limp]
    return 100.0 * sum(told) / len(told) if told else None


def yielding(trace: Trace) -> float | None:
    """The slowest yield; a push that was never yielded to counts for its whole length."""
    return max(
        ((p.ends if p.yielded is None else p.yielded) - p.begins for p in trace.pushes),
        default=None,
    )


def fights(trace: Trace) -> float | None:
    return float(sum(p.fought for p in trace.pushes)) if trace.pushes else None


def alerting(trace: Trace) -> float | None:
    """The slowest alert after an entry; one that never came counts as a minute."""
    if not trace.armed or not trace.entries:
        return None
    return max(
        min((a - entry for a in trace.alerts if a >= entry), default=60.0)
        for entry in trace.entries
    )


def false_alerts(trace: Trace) -> float | None:
    if not trace.armed:
        return None
    empty = {index_of(trace, a) for a in trace.alerts}
    return float(sum(i is not None and trace.samples[i].nobody for i in empty))


def violations(trace: Trace) -> float:
    """Motion or frames with the shutter closed, the range left, limits broken, a slow brake."""
    stop = stopping(trace)
    return float(
        (trace.closed_deg > 1e-9)
        + (trace.closed_frames > 0)
        + (excursions(trace) > 0)
        + (over_limits(trace) > 0)
        + (stop is not None and stop > BRAKED_WITHIN)
        + bool(fights(trace))
    )
