"""The real clock: seconds of the system's monotonic clock, slept in asyncio."""

from __future__ import annotations

import asyncio
import time


class MonotonicClock:
    def now(self) -> float:
        """Seconds since an arbitrary moment; never goes back, not even when the date is set."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; zero and negative waits let others run once."""
        await asyncio.sleep(max(0.0, seconds))
