"""When the next frame or block of a simulated sensor is due: in real time or as fast as can be.

With a clock, moments lie on a grid from the clock's time at `start`; whoever
comes too late skips what was missed, as a live device would drop it. Without one,
every moment follows the last and nothing waits. Used from one worker thread.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Pace:
    """Hands out (index, t) of the next moment; `t` is in the clock's seconds.

    `now` reads a monotonic clock and `sleep` blocks; `now` None runs free from 0.
    From `patience` seconds late on what was missed is skipped, by default one period.
    """

    def __init__(
        self,
        period: float,
        now: Callable[[], float] | None,
        sleep: Callable[[float], None] = time.sleep,
        *,
        patience: float | None = None,
    ) -> None:
        self._period = period
        self._now = now
        self._sleep = sleep
        self._patience = period if patience is None else patience
        self._origin: float | None = None
        self._index = -1

    def start(self) -> None:
        """The grid begins now; indices go on where they were."""
        self._origin = None

    def wait(self) -> tuple[int, float]:
        """Block until the next moment of the grid is over the horizon; its index and time."""
        self._index += 1
        if self._now is None:
            return self._index, self._index * self._period
        now = self._now()
        if self._origin is None:
            self._origin = now - self._index * self._period
        due = self._origin + self._index * self._period
        if now - due > self._patience:
            self._index = math.floor((now - self._origin) / self._period)
            due = self._origin + self._index * self._period
        if due > now:
            self._sleep(due - now)
        return self._index, due
