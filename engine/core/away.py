"""A pan: the headings from which the whole range is seen, and the rest at each.

Neighbouring stops have a share of the picture in common, so that nobody falls
between two, and the head rests long enough at each for somebody to be seen
sharply more than once. Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from engine.core.angles import clamp

ARRIVED = 2.0  # deg


@dataclass(frozen=True, slots=True)
class Pan:
    """The stops still to come, and since when the head has been resting at the first."""

    stops: tuple[float, ...] = ()
    resting_since: float | None = None

    @property
    def active(self) -> bool:
        return bool(self.stops)


def plan(low: float, high: float, start: float, view: float, overlap: float) -> Pan:
    """Stops from the nearer end to the other and back to `start`, never far apart."""
    # The picture reaches half a view beyond the end of the range.
    step = (1.0 - overlap) * view
    count = max(1, math.ceil((high - low) / step))
    sweep = [low + (high - low) * i / count for i in range(count + 1)]
    if abs(start - high) < abs(start - low):
        sweep.reverse()
    return Pan(stops=(*sweep, clamp(start, low, high)))


def progress(pan: Pan, heading: float, moving: bool, now: float, dwell: float) -> Pan:
    """The pan after looking where the head is: the next stop once it has rested here."""
    if not pan.stops or moving or abs(heading - pan.stops[0]) > ARRIVED:
        return replace(pan, resting_since=None) if pan.resting_since is not None else pan
    if pan.resting_since is None:
        return replace(pan, resting_since=now)
    if now - pan.resting_since >= dwell:
        return Pan(stops=pan.stops[1:])
    return pan
