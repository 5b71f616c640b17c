"""When a frame of a network stream was taken, as far as that can be known.

A stream's frames carry the camera's time, counted from some moment of its own,
and arrive late by what encoding, network and decoding took, now more and now
less. The frames that came quickest tell how the two clocks lie (the least
difference; as NTP filters its samples, Mills 1991), so that a frame held up
on its way is dated by its camera and not by its arrival. What every frame is
late by, the camera's own delay, no stream tells: it stays in the time. Times
only; it reads no clock.
"""

from __future__ import annotations

import math
from collections import deque

WINDOW = 10.0
"""Seconds of which the quickest frame counts: two clocks drift by less than a millisecond."""
PROVEN = 2.0
"""Seconds over which a stream's time must have kept pace before it is believed."""
ASTRAY = 0.5
"""Seconds from the quickest frame from which the stream has begun anew, or is no clock at all."""
PACE, SLACK = 0.01, 0.02
"""How much faster or slower a clock may go, and seconds by which the quickest frames may differ:
some servers count frames, at a rate that is not theirs."""


class StreamClock:
    """`exposed` once a frame, in order; `forget` when the stream is opened anew."""

    def __init__(self) -> None:
        self._late: deque[tuple[float, float]] = deque()
        self._before = -math.inf
        self._since = math.inf

    def forget(self) -> None:
        self._late.clear()
        self._before, self._since = -math.inf, math.inf

    def exposed(self, arrived: float, stamp: float) -> float:
        """Seconds on the clock of `arrived`; `stamp` is the stream's own time in seconds.

        `arrived` itself where the stream's time says nothing, and until it is proven.
        """
        if not math.isfinite(stamp) or stamp <= self._before:
            self.forget()
            self._before = stamp if math.isfinite(stamp) else -math.inf
            return arrived
        late = arrived - stamp
        if self._late and abs(late - min(d for _, d in self._late)) > ASTRAY:
            self.forget()
        self._before = stamp
        self._since = min(self._since, arrived)
        self._late.append((arrived, late))
        while self._late[0][0] < arrived - WINDOW:
            self._late.popleft()
        if arrived - self._since < PROVEN or not self._keeps_pace(arrived):
            return arrived
        return stamp + min(d for _, d in self._late)

    def _keeps_pace(self, arrived: float) -> bool:
        """Whether the quickest frames of both halves of the window were as quick."""
        middle = (self._late[0][0] + arrived) / 2
        older = min((d for t, d in self._late if t < middle), default=math.inf)
        newer = min((d for t, d in self._late if t >= middle), default=math.inf)
        return abs(newer - older) <= SLACK + PACE * (arrived - self._late[0][0]) / 2
