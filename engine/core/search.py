"""Looking for somebody who walked out of sight.

Cameras miss people, most of all those who start to move. Whoever was walking
when they were last seen is looked for, once for every loss; whoever stood
still and vanished is waited for: something passed between.

Where they may be is a probability over bearings and ways of going (standing,
walking, running, either way round), as in the theory of optimal search (Koopman,
"Search and Screening", 1946; Stone, "Theory of Optimal Search", 1975): it
spreads as people go, every frame that does not show them takes from what it
covered, and the next look is the one that gains most a second of turning and
looking. It ends when somebody shows, or when they have more likely left. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from engine.core.angles import clamp, near, wrap
from engine.core.fusion import DEFAULT_DISTANCE, NEAREST_WALK, Person
from engine.core.settings import MotionSettings
from engine.core.tracks import RESTLESS

LOST_AFTER = 0.4  # s of usable frames that should have shown them
WALKED = 16.0  # deg/s when last seen
RUNNER_LOST = 0.3  # s: who runs is far away soon
RUNNER_WALKED = 4.0  # deg/s, enough to tell the side
FLED_AFTER, FLED = 0.35, 28.0  # s out of sight, and deg/s
OVERSHOT = 1.5  # who walks on may walk faster than they seemed to
INSIDE = 0.25  # of the view, to either side of its middle
RECENT = 1.5  # s since they were last seen: a lens that was covered longer tells nothing
KNOWN = 8  # sightings that make somebody worth looking for

BINS = 72
BIN = 360.0 / BINS  # deg
WALK, RUN = 1.2, 2.0  # m/s
PLACED = 4.0  # deg, one sigma of where they were last seen
RATED = (30.0, 32.0)  # deg/s, one sigma of how fast they were: a walker, who runs about
SET_OUT, STOP = 0.6, 0.5  # a second: how often who stands sets out, and who goes stops
MISSED = (0.15, 0.4)  # of frames that should show them do not: the first, and those that follow
MARGIN = 4.0  # deg at the picture's edges that show nobody for certain
FACED = 25.0  # deg: the half of the picture that a look is meant for
LOOK = 0.25  # s that a look takes beside the way there
BETTER = 1.4  # times as good must another look be to turn away from the one under way
WORTH = 0.04  # probability below which a look is not worth its noise
LONGEST = 10.0  # s
LEAVES = ((2.2, 0.01), (3.0, 0.1), (math.inf, 0.35))
"""How often in a second somebody leaves the room who was last seen within so many metres."""
KEPT = 20  # frames that are remembered in case somebody turns out to be lost

Mass = tuple[Sequence[float], ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """What one frame covered: world bearings `low` to `high`."""

    t: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Search:
    """`person` and `lost_at` tell whose loss it is; `active` while it goes on.

    `mass` holds a row of `BINS` bearings for every one of `rates` (deg/s), `gone` is
    the probability that nobody is there any more; `aim` is the look under way, chosen at
    `looked`, `home` where they were last seen.
    """

    person: int = 0
    lost_at: float = 0.0
    since: float = 0.0
    t: float = 0.0
    rates: tuple[float, ...] = ()
    mass: Mass = ()
    gone: float = 0.0
    leaves: float = 0.0
    home: float = 0.0
    aim: float | None = None
    looked: float = -math.inf
    active: bool = False

    def over(self) -> Search:
        """The same search, given up."""
        return replace(self, active=False, mass=(), aim=None)


def begin(
    before: Search,
    person: Person,
    heading: float,
    view: float,
    now: float,
    frames: Sequence[Glance] = (),
) -> Search:
    """A search for `person` if they were lost while walking and were not searched for yet.

    `frames` are the last ones without them, oldest first.
    """
    if before.person == person.id and before.lost_at == person.last_seen:
        return before
    runs = person.track.restless >= RESTLESS
    unseen = now - person.last_seen
    missed = person.missed_for >= (RUNNER_LOST if runs else LOST_AFTER)
    walks = abs(person.track.rate) >= (RUNNER_WALKED if runs else WALKED)
    known = person.hits >= KNOWN and unseen <= RECENT
    walked = person.track.rate * unseen
    ahead = near(person.track.bearing + OVERSHOT * walked, heading) - heading
    # Whoever was quick may have left the picture before the head got going.
    left = abs(person.track.rate) >= WALKED and abs(ahead) > view / 2.0
    fled = unseen >= FLED_AFTER and (left or abs(person.track.rate) >= FLED)
    if not (known and ((missed and walks) or fled)):
        return before
    if not runs and abs(ahead) < INSIDE * view:
        # Nobody walks out of the middle of the picture: the detector lost them, not the camera.
        return before
    search = _begun(person, now)
    later = [frame for frame in frames if frame.t > search.t]
    for i, frame in enumerate(later):
        search = see(search, frame, MISSED[min(i, 1)])
    return search


def _begun(person: Person, now: float) -> Search:
    distance = max(person.distance or DEFAULT_DISTANCE, NEAREST_WALK)
    runs = person.track.restless >= RESTLESS
    walk, run = math.degrees(WALK / distance), math.degrees(RUN / distance)
    rates = (0.0, walk, -walk, run, -run)
    quick = 0.25 if runs else 0.1
    priors = (0.3, 0.2, 0.2, quick, quick)
    ways = [
        p * _bell(person.track.rate - r, RATED[runs]) for p, r in zip(priors, rates, strict=True)
    ]
    places = [_bell(wrap(i * BIN - person.track.bearing), PLACED) for i in range(BINS)]
    share = 1.0 / (sum(ways) * sum(places))
    return Search(
        person.id,
        person.last_seen,
        now,
        person.last_seen,
        rates,
        tuple([way * share * place for place in places] for way in ways),
        leaves=next(rate for reach, rate in LEAVES if distance <= reach),
        home=person.track.bearing,
        active=True,
    )


def _bell(x: float, std: float) -> float:
    return math.exp(-0.5 * (x / std) ** 2)


# ------------------------------------------------------------------------ frames


def see(search: Search, frame: Glance, missed: float = MISSED[1]) -> Search:
    """The search after a usable frame that did not show them.

    `missed` is how often it would not have, had they been there.
    """
    dt = frame.t - search.t
    if not search.active or dt <= 0.0:
        return search
    mass = _gone_on(search.mass, search.rates, dt)
    left = search.gone + (1.0 - search.gone) * search.leaves * dt
    stayed = 1.0 - search.leaves * dt
    hidden = [stayed * h for h in _hidden(frame, missed)]
    mass = [[m * h for m, h in zip(row, hidden, strict=True)] for row in mass]
    scale = 1.0 / max(sum(map(sum, mass)) + left, 1e-12)
    whole = tuple([m * scale for m in row] for row in mass)
    return replace(search, t=frame.t, mass=whole, gone=left * scale)


def _gone_on(mass: Mass, rates: Sequence[float], dt: float) -> list[list[float]]:
    """Where everybody is `dt` later: gone on, stopped or set out."""
    stop, go = 1.0 - math.exp(-STOP * dt), 1.0 - math.exp(-SET_OUT * dt)
    rows = [_shifted(row, rate * dt / BIN) for row, rate in zip(mass, rates, strict=True)]
    still, moving = rows[0], rows[1:]
    stay, keep, each = 1.0 - go, 1.0 - stop, go / len(moving)
    stopped = [stop * sum(column) for column in zip(*moving, strict=True)]
    return [
        [stay * s + n for s, n in zip(still, stopped, strict=True)],
        *([keep * m + each * s for m, s in zip(row, still, strict=True)] for row in moving),
    ]


def _shifted(row: Sequence[float], bins: float) -> list[float]:
    """A row turned round by a number of bins, shared between two where it falls between."""
    whole = math.floor(bins)
    part = bins - whole
    nearer, farther = _turned(row, whole), _turned(row, whole + 1)
    return [(1.0 - part) * a + part * b for a, b in zip(nearer, farther, strict=True)]


def _turned(row: Sequence[float], bins: int) -> list[float]:
    k = -bins % BINS
    return [*row[k:], *row[:k]]


def _hidden(frame: Glance, missed: float) -> list[float]:
    """For every bin, the probability that the frame does not show whoever is there."""
    middle = (frame.low + frame.high) / 2.0
    half = (frame.high - frame.low) / 2.0 - MARGIN
    return [missed if abs(wrap(i * BIN - middle)) <= half else 1.0 for i in range(BINS)]


# -------------------------------------------------------------------------- looks


def look(
    search: Search,
    candidates: Sequence[float],
    heading: float,
    velocity: float,
    motion: MotionSettings,
) -> Search:
    """The search with the best of `candidates` (headings) as its aim; over where none is worth it.

    `heading` and `velocity` (deg, deg/s) are the head's own.
    """
    if search.t - search.since > LONGEST or not candidates:
        return search.over()
    gain = _gains(search)
    values = [
        (gain(c, way := travel_time(c - heading, velocity, motion)), way, c) for c in candidates
    ]
    if max(values)[0] < WORTH:
        return search.over()
    best = max(values, key=lambda v: v[0] / (v[1] + LOOK))
    if search.aim is not None:
        kept = min(values, key=lambda v: abs(v[2] - search.aim))  # type: ignore[operator]
        if best[0] / (best[1] + LOOK) < BETTER * kept[0] / (kept[1] + LOOK):
            return replace(search, looked=search.t)
    return replace(search, aim=best[2], looked=search.t)


def _gains(search: Search) -> Callable[[float, float], float]:
    """The probability that a head at `heading` faces them after `way` seconds."""
    sums = [[0.0, *accumulate([*row, *row])] for row in search.mass]
    width = round(2.0 * FACED / BIN)

    def gain(heading: float, way: float) -> float:
        on = math.exp(-STOP * way)
        total = 0.0
        for row, rate in zip(sums, search.rates, strict=True):
            first = round((heading - FACED - rate * way) / BIN) % BINS
            here = row[first + width + 1] - row[first]
            if rate:
                # Some will have stopped, half of the way on average.
                first = round((heading - FACED - rate * way / 2.0) / BIN) % BINS
                here = on * here + (1.0 - on) * (row[first + width + 1] - row[first])
            total += here
        return total

    return gain


def travel_time(way: float, velocity: float, motion: MotionSettings) -> float:
    """About how long a head takes for `way` degrees that turns at `velocity` (deg/s) now."""
    fastest, pull = motion.max_velocity, motion.max_acceleration
    along = velocity if way >= 0.0 else -velocity
    time = 0.0
    distance = abs(way)
    if along < 0.0:
        time, distance = -along / pull, distance + along * along / (2.0 * pull)
        along = 0.0
    # What it has already is as good as a start from farther back.
    start = along * along / (2.0 * pull)
    whole = distance + start
    if whole <= fastest * fastest / pull:
        time += 2.0 * math.sqrt(whole / pull)
    else:
        time += whole / fastest + fastest / pull
    return max(time - along / pull, 0.0) + (motion.smoothing if distance > 1.0 else 0.0)


def headings(low: float, high: float, step: float = 2.0 * BIN) -> list[float]:
    """Headings worth comparing inside a range, both ends among them."""
    count = max(1, math.ceil((high - low) / step))
    return [clamp(low + i * (high - low) / count, low, high) for i in range(count + 1)]


def found(search: Search, persons: tuple[Person, ...]) -> bool:
    """Whether anybody showed since."""
    return any(p.confirmed and p.last_seen > search.lost_at for p in persons)
