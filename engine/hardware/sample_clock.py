"""When a sample was: counted by the device's clock, held against the computer's.

Blocks arrive late by fits and starts; counting is steady but runs off, as no
two crystals agree. Times come from the count, slowly drawn to the arrivals,
and how fast the two clocks part (which is also how fast sound and pictures
would: pictures are stamped by the computer) is told in parts per million.
"""

from __future__ import annotations

from collections import deque

import numpy as np

_DRIFT = 0.01
"""Share by which each block's own time stamp corrects the running count of samples."""
_JUMP = 0.25
"""Seconds between count and time stamp from which samples must have been lost."""
_BIN = 2.0
"""Seconds of which the least late block counts: the others say how busy the computer was."""
_BINS = 300
_FEWEST = 30
"""Bins that tell a drift: a minute."""


class SampleClock:
    """One stream at `rate` samples a second."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._due: float | None = None
        self._bins: deque[tuple[float, float]] = deque(maxlen=_BINS)
        self._first: float | None = None
        self._counted = 0

    def restart(self) -> None:
        """What comes does not join what came."""
        self._due = self._first = None
        self._counted = 0
        self._bins.clear()

    def time(self, stamp: float, count: int) -> float:
        """Seconds at which the first of `count` samples was, `stamp` being when that seemed so."""
        if self._due is not None and abs(stamp - self._due) >= _JUMP:
            self.restart()
        t = stamp if self._due is None else self._due + _DRIFT * (stamp - self._due)
        self._due = t + count / self._rate
        self._note(stamp, count)
        return t

    @property
    def drift_ppm(self) -> float | None:
        """How much faster the computer's clock runs than the device's; None within a minute."""
        if len(self._bins) < _FEWEST:
            return None
        at, late = np.array(self._bins).T
        return float(np.polyfit(at - at[0], late, 1)[0] * 1e6)

    def _note(self, stamp: float, count: int) -> None:
        if self._first is None:
            self._first = stamp
        due = self._first + self._counted / self._rate
        self._counted += count
        if self._bins and due - self._bins[-1][0] < _BIN:
            at, late = self._bins[-1]
            self._bins[-1] = (at, min(late, stamp - due))
        else:
            self._bins.append((due, stamp - due))
