"""Which of the things that are seen never live: paintings, posters, a coat on a stand.

What it decides: where sightings come again and again without any sign of life,
so that the place may be learned, and when a learned place shows life after all.
It must not drop a person who sits still: what was seen to arrive, sways, turns
the head, shifts or speaks is alive, and everything is given the time in which
somebody who lives would have done so. It makes no place and no person. Pure.

The test: bearings are averaged over blocks of some seconds. Of a thing, block
means differ by no more than the noise within blocks explains; a person's do,
because sway and posture change over seconds and minutes, not from frame to
frame (an F ratio of the variances; Snedecor and Cochran, "Statistical Methods",
section 12.3). The same holds for engagement, which is a head that turns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.core.angles import difference

BLOCK = 10.0
"""Seconds of view that one block averages: longer than frames are correlated by a detector's
habits, shorter than a person keeps a posture."""
FEWEST = 6
"""Sightings that make a block's mean worth something; a block waits for them."""
KEPT = 90
"""Blocks that are remembered: a quarter of an hour of view."""
GATE = 2.5
"""Degrees from its mean within which a sighting is of the same thing."""
FLICKERING, FAINT = 0.7, 0.65
"""Share of frames and mean score below which hardly any detector would leave a person in the
open; such a thing is learned sooner."""
LEARN_FAINT, LEARN_STEADY = 180.0, 900.0
"""Seconds in view without a sign of life, for what flickers and for what is seen steadily."""
LIFELESS_SIGMAS, ALIVE_SIGMAS = 1.5, 4.5
"""Where the variance between blocks, over what the noise within them explains, must lie for a
thing and for a life: chance leaves it at 1 with a deviation of sqrt(2 / degrees of freedom)."""
TELLING = 6
"""Blocks from which that ratio says anything."""
STEADY_DEG, STEADY_ENGAGED = 0.12, 0.04
"""Standard deviations of block means that a lamp and a leaning frame make: no life."""
MOVED_DEG = 1.2
"""Degrees off a known place, beyond its noise, that no picture on a wall moves."""
DWELL = 5.0
"""Seconds that somebody who walked must stay at a place to be the one who is seen there."""
ALIVE_ARRIVED, ALIVE_MOVED = 1800.0, 600.0
"""Seconds that somebody is taken for alive after they came, and after any other sign."""
GONE = 600.0
"""Seconds in view without a sighting after which a learned thing was taken down."""


@dataclass(frozen=True, slots=True)
class Block:
    """Mean and variance of the sightings in some seconds; engagement where faces were read."""

    count: int
    bearing: float
    variance: float
    engaged: int
    engagement: float
    engaged_variance: float


@dataclass(frozen=True, slots=True)
class Sums:
    """A block under way: bearings relative to the still's own."""

    viewed: float = 0.0
    n: int = 0
    x: float = 0.0
    xx: float = 0.0
    m: int = 0
    e: float = 0.0
    ee: float = 0.0

    def with_(self, offset: float, engagement: float | None) -> Sums:
        more = replace(self, n=self.n + 1, x=self.x + offset, xx=self.xx + offset * offset)
        if engagement is None:
            return more
        return replace(more, m=self.m + 1, e=self.e + engagement, ee=self.ee + engagement**2)

    def closed(self, bearing: float) -> Block:
        mean, variance = _moments(self.n, self.x, self.xx)
        engaged, wavering = _moments(self.m, self.e, self.ee)
        return Block(self.n, bearing + mean, variance, self.m, engaged, wavering)


def _moments(n: int, total: float, squares: float) -> tuple[float, float]:
    if n < 2:
        return total, 0.0
    return total / n, max((squares - total * total / n) / (n - 1), 0.0)


@dataclass(frozen=True, slots=True)
class Still:
    """One thing at a bearing. `viewed` and `hits` count since the last sign of life.

    `frames` is the number of frames that had it in view; `track` the eye's
    short-term id of the last sighting; `dwelt` for how long somebody who walked
    here has stayed; `absent` the seconds in view since it was last sighted; `signs`
    how often it showed life.
    """

    bearing: float
    last: float
    viewed: float = 0.0
    hits: int = 0
    frames: int = 0
    score: float = 0.0
    distance: float | None = None
    track: int | None = None
    sums: Sums = Sums()
    blocks: tuple[Block, ...] = ()
    dwelt: float = 0.0
    absent: float = 0.0
    alive_until: float = -math.inf
    signs: int = 0

    @property
    def centre(self) -> float:
        """Where it is by the newest evidence, of which one sighting more is little."""
        known = FEWEST if self.blocks else 1
        return self.bearing + self.sums.x / (self.sums.n + known)

    def alive(self, now: float) -> bool:
        return now < self.alive_until

    def lives(self, now: float, lasting: float) -> Still:
        """After a sign of life: the evidence against it counts no more."""
        return replace(
            self,
            viewed=0.0,
            hits=0,
            frames=0,
            sums=Sums(),
            blocks=(),
            alive_until=max(self.alive_until, now + lasting),
            signs=self.signs + 1,
        )


def sighted(
    still: Still, t: float, bearing_off: float, score: float, distance: float | None,
    engagement: float | None, track: int | None,
) -> Still:  # fmt: skip
    """One sighting more, `bearing_off` degrees from the still's bearing."""
    hits = still.hits + 1
    if distance is not None and still.distance is not None:
        distance = still.distance + 0.02 * (distance - still.distance)
    return replace(
        still,
        last=t,
        hits=hits,
        score=still.score + (score - still.score) / hits,
        distance=still.distance if distance is None else distance,
        track=track if track is not None else still.track,
        sums=still.sums.with_(bearing_off, engagement),
        absent=0.0,
    )


def viewed(still: Still, dt: float) -> Still:
    """`dt` seconds in view more, whether sighted or not; a full block is closed."""
    sums = replace(still.sums, viewed=still.sums.viewed + dt)
    still = replace(
        still,
        viewed=still.viewed + dt,
        frames=still.frames + 1,
        absent=still.absent + dt,
        sums=sums,
    )
    if sums.viewed < BLOCK or sums.n < FEWEST:
        return still
    blocks = (*still.blocks, sums.closed(still.bearing))[-KEPT:]
    # What one stray sighting began settles where most of them are.
    mean = math.fsum(b.bearing for b in blocks) / len(blocks)
    return replace(still, bearing=mean, blocks=blocks, sums=Sums())


def shows_life(still: Still) -> bool:
    """Whether its blocks say that it moves or turns by itself."""
    return any(
        len(blocks) >= TELLING and _ratio(blocks, harmless) > _limit(blocks, ALIVE_SIGMAS)
        for blocks, harmless in _evidence(still)
    )


def has_moved(still: Still, bearing: float) -> bool:
    """Whether its newest block lies elsewhere than a known place at `bearing`."""
    if not still.blocks:
        return False
    newest = still.blocks[-1]
    return abs(difference(newest.bearing, bearing)) > MOVED_DEG + 4.0 * math.sqrt(
        newest.variance / newest.count
    )


def lifeless(still: Still, now: float) -> bool:
    """Whether it has had its time and shows nothing that lives."""
    faint = still.score < FAINT and still.hits < FLICKERING * still.frames
    # What lived once is given the longer time to do so again, however badly it is seen.
    needed = LEARN_FAINT if faint and not still.signs else LEARN_STEADY
    return (
        not still.alive(now)
        and still.viewed >= needed
        and len(still.blocks) >= 0.6 * needed / BLOCK
        and all(
            _ratio(blocks, harmless) <= _limit(blocks, LIFELESS_SIGMAS)
            for blocks, harmless in _evidence(still)
        )
    )


def _evidence(still: Still) -> tuple[tuple[Sequence[Block], float], ...]:
    """Bearings and faces, each with the deviation that is no life."""
    return (still.blocks, STEADY_DEG), (_faces(still.blocks), STEADY_ENGAGED)


def _limit(blocks: Sequence[Block], sigmas: float) -> float:
    return 1.0 + sigmas * math.sqrt(2.0 / max(len(blocks) - 1, 1))


def _faces(blocks: Sequence[Block]) -> list[Block]:
    """Blocks of engagement in place of bearing, of those in which faces were read."""
    return [
        Block(b.engaged, b.engagement, b.engaged_variance, 0, 0.0, 0.0)
        for b in blocks
        if b.engaged >= FEWEST
    ]


def _ratio(blocks: Sequence[Block], harmless: float) -> float:
    """Variance between block means over what chance explains; 0 for too few to tell."""
    if len(blocks) < TELLING:
        return 0.0
    mean = math.fsum(b.bearing for b in blocks) / len(blocks)
    between = math.fsum((b.bearing - mean) ** 2 for b in blocks) / (len(blocks) - 1)
    chance = math.fsum(b.variance / b.count for b in blocks) / len(blocks)
    return between / (chance + harmless * harmless)
