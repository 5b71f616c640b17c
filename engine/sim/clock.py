"""A clock that stands still until somebody advances it: time for tests and benchmarks.

Sleepers wake in the order of their deadlines, equal ones in the order in
which they went to sleep, each at exactly its own time, however large the step
is. It never looks at the real time.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools

# How often the other tasks may run after a sleeper has woken, before the next
# one is: enough for a woken task to pass its result on through a few queues.
_TURNS = 25


class ManualClock:
    """Virtual seconds, starting at `start`."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced by `seconds`."""
        if seconds <= 0.0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, waking everybody whose time has come. Raises ValueError if < 0."""
        if seconds < 0.0:
            raise ValueError(f"time does not run backwards: {seconds} s")
        end = self._now + seconds
        await _let_others_run()
        while self._sleepers and self._sleepers[0][0] <= end:
            deadline, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, deadline)
            if not future.done():  # a cancelled sleeper is gone
                future.set_result(None)
                await _let_others_run()
        self._now = end
        await _let_others_run()

    @property
    def sleepers(self) -> int:
        """How many tasks are asleep on this clock."""
        return sum(not future.done() for _, _, future in self._sleepers)


async def _let_others_run() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
