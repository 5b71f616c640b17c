"""How many frames a second are looked at, and why.

Nobody there and nothing moving: one look a second. Somebody there: enough to
follow them, more while they walk, something moves or the head turns. Never
more than the processor's share allows, and less when the board is warm; under
either, each look is at a smaller picture first. Told of looks, motion and
warmth with their times; holds no clock and no camera.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from engine.core.types import PeopleSeen, Sighting

IDLE = 1.0
"""Full looks a second while nobody is there."""
STILL = 5.0
"""While somebody is there who does not move."""
BUSY_FOR = 3.0
"""Seconds after the last person or motion until it is quiet."""
WALKING_FOR = 2.0
"""Seconds after the last step, or turn of the head."""
STEP = 8.0
"""deg/s at which a person walks rather than sways."""
TURNS = 3.0
"""deg/s of the head from which the picture changes by itself."""
GAP = 1.0
"""Seconds between two sightings of a track after which they tell no speed."""
WARM, HOT = 75.0, 80.0
"""Degrees Celsius. A Raspberry Pi 5 slows itself down from 80 on."""
WARM_MOST, HOT_MOST = 5.0, 2.0
TRY_AGAIN = 10.0
"""Seconds after which the usual size is tried again by one look."""
COOLED = 3.0
"""Degrees below a limit that end it, so that it does not come and go."""
LEAST = 0.5
"""Whatever the pressure: a person who enters is seen within two seconds."""
_MEMORY = 0.1


class Why(StrEnum):
    """Reasons for the present rate, stable: automations match on them."""

    SHUTTER = "shutter"
    NOBODY = "nobody is there"
    DARK = "too dark to see"
    STILL = "somebody is there"
    MOTION = "something moves"
    BUDGET = "processor"
    WARM = "too warm"


@dataclass(frozen=True, slots=True)
class FrameRateSettings:
    """`most` looks a second; `budget`, the share of one core that looking may take."""

    most: float = 10.0
    budget: float = 0.8


class FrameRate:
    """`at` gives looks a second and the reason."""

    def __init__(
        self,
        settings: FrameRateSettings | None = None,
        scenery: Callable[[Sighting, float], bool] = lambda _sighting, _t: False,
    ) -> None:
        """`scenery` says whether a place is known to show what only looks like somebody."""
        self._settings = settings or FrameRateSettings()
        self._scenery = scenery
        self._lively: set[int] = set()
        self._busy_until = self._walking_until = float("-inf")
        self._cost = {False: 0.0, True: 0.0}
        """Seconds of processor time of a look, by whether it was a small one."""
        self._usual_at = float("-inf")
        self._limit = float("inf")
        self.dark = False
        """Whether the picture has been black for a while."""
        self._before: dict[int, Sighting] = {}
        self._before_t = float("-inf")

    def looked(
        self, people: PeopleSeen, cost: float, heading_rate: float = 0.0, *, small: bool = False
    ) -> None:
        """A full look, which took `cost` seconds of processor time; `small`: as `small` says."""
        before = self._cost[small]
        self._cost[small] = cost if before == 0.0 else before + _MEMORY * (cost - before)
        if not small:
            self._usual_at = people.t
        somebody = [s for s in people.sightings if self._is_somebody(s, people.t)]
        # Who came from elsewhere is somebody in front of the painting, too.
        self._lively = {s.track for s in somebody if s.track is not None}
        if somebody:
            self._busy_until = people.t + BUSY_FOR
        tracks = {s.track: s for s in somebody if s.track is not None}
        apart = people.t - self._before_t
        walks = 0.0 < apart <= GAP and any(
            abs(now.bearing - self._before[track].bearing) > STEP * apart + now.bearing_std
            for track, now in tracks.items()
            if track in self._before
        )
        if walks or (somebody and abs(heading_rate) > TURNS):
            self._walking_until = people.t + WALKING_FOR
        self._before, self._before_t = tracks, people.t

    def _is_somebody(self, sighting: Sighting, t: float) -> bool:
        return sighting.track in self._lively or not self._scenery(sighting, t)

    def moved(self, t: float) -> None:
        """Something moved in the picture."""
        self._busy_until = max(self._busy_until, t + BUSY_FOR)
        self._walking_until = max(self._walking_until, t + WALKING_FOR)

    def warmth(self, celsius: float | None) -> None:
        """The board's temperature; None where it has no sensor."""
        if celsius is None:
            return
        slack = COOLED if self._limit < float("inf") else 0.0
        if celsius >= HOT - (COOLED if self._limit == HOT_MOST else 0.0):
            self._limit = HOT_MOST
        elif celsius >= WARM - slack:
            self._limit = WARM_MOST
        else:
            self._limit = float("inf")

    def quiet(self, t: float) -> bool:
        """Whether a cheap test for motion is enough for now."""
        return t >= self._busy_until

    def small(self, t: float) -> bool:
        """Whether looks at time `t` are at the smaller size: the usual one would be too slow.

        The usual size is tried now and then, for what it costs changes with what is to be seen.
        """
        wanted, _ = self._wanted(t)
        slow = wanted * self._cost[False] > self._settings.budget
        return wanted > self._limit or (slow and 0.0 <= t - self._usual_at < TRY_AGAIN)

    def _wanted(self, t: float) -> tuple[float, Why]:
        if self.quiet(t):
            return IDLE, Why.DARK if self.dark else Why.NOBODY
        if t >= self._walking_until:
            return STILL, Why.STILL
        return self._settings.most, Why.MOTION

    def at(self, t: float) -> tuple[float, Why]:
        """Looks a second at time `t`, and why so many or so few."""
        wanted = self._wanted(t)
        cost = (self._cost[True] if self.small(t) else 0.0) or self._cost[False]
        share = self._settings.budget / cost if cost > 0.0 else float("inf")
        limits = (
            wanted,
            (self._settings.most, wanted[1]),
            (max(share, LEAST), Why.BUDGET),
            (self._limit, Why.WARM),
        )
        return min(limits, key=lambda limit: limit[0])

    def forget(self) -> None:
        """The shutter closed, or the source is another."""
        self._lively = set()
        self._busy_until = self._walking_until = float("-inf")
        self._before, self._before_t = {}, float("-inf")
