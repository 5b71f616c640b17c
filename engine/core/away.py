"""Away: panning the room, and noticing a person in it.

The smallest version that is real: a pan visits headings that cover the range
with overlap and pauses at each; a confirmed person ends it, raises one alert
per visit and is faced while they stay. Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from engine.core.angles import clamp

DWELL = 1.5  # s the head rests at each stop, long enough to confirm a person
OVERLAP = 0.6  # of the field of view from one stop to the next
VISIT_OVER = 60.0  # s without anybody after which the next person is a new visit
UPDATE_EVERY = 10.0  # s between updates of one visit's alert


@dataclass(frozen=True, slots=True)
class Pan:
    """The stops still to come, and since when the head has been resting at the first."""

    stops: tuple[float, ...] = ()
    resting_since: float | None = None

    @property
    def active(self) -> bool:
        return bool(self.stops)


@dataclass(frozen=True, slots=True)
class Visit:
    """The visit under way: its number, when somebody was last seen, when it last alerted."""

    number: int = 0
    last_seen: float = -math.inf
    alerted: float = -math.inf


def plan(low: float, high: float, start: float, view: float) -> Pan:
    """Stops from the nearer end to the other and back to `start`, never far apart."""
    # The picture reaches half a view beyond the end of the range.
    step = OVERLAP * view
    count = max(1, math.ceil((high - low) / step))
    sweep = [low + (high - low) * i / count for i in range(count + 1)]
    if abs(start - high) < abs(start - low):
        sweep.reverse()
    return Pan(stops=(*sweep, clamp(start, low, high)))


def progress(pan: Pan, heading: float, moving: bool, now: float) -> Pan:
    """The pan after looking where the head is: the next stop once it has rested here."""
    if not pan.stops or moving or abs(heading - pan.stops[0]) > 2.0:
        return replace(pan, resting_since=None) if pan.resting_since is not None else pan
    if pan.resting_since is None:
        return replace(pan, resting_since=now)
    if now - pan.resting_since >= DWELL:
        return Pan(stops=pan.stops[1:])
    return pan


def sighted(visit: Visit, now: float) -> tuple[Visit, bool]:
    """The visit after a confirmed person was seen, and whether to alert now."""
    if now - visit.last_seen > VISIT_OVER:
        return Visit(visit.number + 1, now, now), True
    due = now - visit.alerted >= UPDATE_EVERY
    return replace(visit, last_seen=now, alerted=now if due else visit.alerted), due
