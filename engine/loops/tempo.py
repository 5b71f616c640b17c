"""How far apart the steps of a loop really come, beside what was asked for.

A servo's serial line may be too slow for `axis.rate_hz`, or a processor too
busy. Steps that always come late are no hold-ups, and whoever set the rate
should know. Reads no clock and takes no lock.
"""

from __future__ import annotations

from collections import deque

from engine.loops.trajectory import CATCH_UP

LATE = 1.5  # of the time that a step takes, from which it comes late
_RECENT = 15  # steps that tell what is usual
_LONG = 1.0  # s of steps that tell whether the tempo is kept
_MOST, _FEW = 0.5, 0.2  # shares of them that come late: it is not kept; it is kept again


class Tempo:
    """The gaps between steps that should come every `period` seconds, oldest forgotten.

    `remedy` is what to do where they do not.
    """

    def __init__(self, period: float, remedy: str) -> None:
        self._period = period
        self._recent = deque([period] * _RECENT, _RECENT)
        self._usual = period
        self._seconds = 0.0
        self._steps = self._late = 0
        self._remedy = remedy
        self.problem = ""
        """That most steps of the last second that was watched came late; empty where they did not.
        """

    @property
    def usual(self) -> float:
        """Seconds that a step takes of late: the median, at least `period`.

        No more than a trajectory makes up for: where set-points are given up the motion stumbles,
        which is never as usual.
        """
        return self._usual

    def step(self, gap: float) -> bool:
        """One more step, `gap` seconds after the last. Returns whether `problem` came or went."""
        self._recent.append(gap)
        middle = sorted(self._recent)[_RECENT // 2]
        self._usual = min(max(middle, self._period), CATCH_UP * self._period)
        self._seconds += gap
        self._steps += 1
        self._late += gap > LATE * self._period
        if self._seconds < _LONG:
            return False
        share, took = self._late / self._steps, 1000.0 * self._seconds / self._steps
        self._seconds, self._steps, self._late = 0.0, 0, 0
        slow = share > (_FEW if self.problem else _MOST)
        if slow == bool(self.problem):
            return False
        self.problem = f"cannot be kept, a step takes {took:.0f} ms; {self._remedy}" if slow else ""
        return True
