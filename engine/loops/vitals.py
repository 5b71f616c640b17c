"""The device's own condition, measured now and then: how late the loop runs, how warm it is.

A loop that is late answers the wake word late, and a board that is hot slows
itself down: both are told before anybody wonders. It changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.core.types import Event, Measured
from engine.ports import Clock

LOOK_EVERY = 0.5  # s between two looks at the loop's lag
TELL_EVERY = 10.0  # s between two reports; each names the worst lag since the one before
ZONES = Path("/sys/class/thermal")


def temperature(zones: Path = ZONES) -> float | None:
    """Degrees Celsius of the warmest thermal zone of the board, None where it has none."""
    readings = []
    try:
        files = list(zones.glob("thermal_zone*/temp"))
    except OSError:  # a folder takes a file to look into, and there may be none left
        return None
    for file in files:
        try:
            readings.append(int(file.read_text("ascii")) / 1000.0)
        except (OSError, ValueError):
            continue
    return max(readings, default=None)


class Vitals:
    """`run` posts `Measured` events for as long as it is not cancelled."""

    def __init__(
        self,
        clock: Clock,
        post: Callable[[Event], None],
        warmth: Callable[[], float | None] = temperature,
    ) -> None:
        self._clock = clock
        self._post = post
        self._warmth = warmth

    async def run(self) -> None:
        worst, told = 0.0, self._clock.now()
        while True:
            before = self._clock.now()
            await self._clock.sleep(LOOK_EVERY)
            now = self._clock.now()
            worst = max(worst, now - before - LOOK_EVERY)
            if now - told >= TELL_EVERY:
                self._post(Measured(now, "loop_lag_ms", 1000.0 * worst))
                self._post(Measured(now, "temperature_c", self._warmth()))
                worst, told = 0.0, now
