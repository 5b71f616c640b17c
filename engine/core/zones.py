"""The three zones around the heading, and what they ask of the head.

Inside the dead zone the head stays. In the holding zone it turns once the
person has settled. In the motion zone it turns now. The zones narrow with
distance, and a walking person is judged by where they will be by the time
the head could be there. While somebody walks the head trails them by less
than the dead zone, so that it need not come back when they stop; around a
person who works to and fro in one place it aims at the middle of the place.
Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from engine.core.angles import clamp, near
from engine.core.settings import MotionSettings, ZoneSettings
from engine.core.tracks import RESTLESS
from engine.core.types import Reason, Zone

# Above this many times the settled speed a person counts as walking.
WALKING = 1.6
TRAIL = 0.85  # of the dead zone: how far the head trails a walking person
SAME_PLACE = 5.0  # deg a settled person may drift before the waiting starts anew
LOOK_AHEAD_MAX = 35.0  # deg that a prediction may add
RESTLESS_SHARE = 0.25  # of the zones, for somebody who runs about
RESTLESS_SETTLE = 0.1  # of the time to settle, for the same
PLACE_MEMORY = 20.0  # s after which the edges of somebody's place are half forgotten
STROLL, HURRY = 46.0, 64.0  # deg/s
LEFT_BY = 1.5  # deg beyond the dead zone, about the noise of a bearing
CADENCE = 0.05  # s, half the time between two frames at ten a second
SETTING_OUT = 9.0  # deg/s that the first of three measurements of a walk shows
TOO_FAR = 1.5  # times the dead zone: a head that far ahead of a walking person turns back
RETARGET = 1.5  # deg that a new aim must differ by to be worth a new command


@dataclass(frozen=True, slots=True)
class Subject:
    """The person to face, as the zones see them at this moment (bearing unwrapped)."""

    id: int
    bearing: float
    rate: float
    std: float
    distance: float
    restless: float = 0.0
    former: float = 0.0
    earlier: float = 0.0


@dataclass(frozen=True, slots=True)
class Following:
    """What is remembered of the person being followed.

    `anchor` and `settled_since` time the holding zone; `low` and `high` are
    the edges of the place the person works in; `pursuit` is the direction
    (+1, -1) of a pursuit under way, 0 for none.
    """

    person: int
    anchor: float
    settled_since: float
    low: float
    high: float
    seen_at: float
    pursuit: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the zones say: the aim (None: stay), and why."""

    following: Following
    zone: Zone
    aim: float | None
    reason: Reason


def half_widths(settings: ZoneSettings, distance: float) -> tuple[float, float]:
    """Half-widths in degrees of the dead and the holding zone at `distance` metres."""
    span = settings.far - settings.near
    share = clamp((distance - settings.near) / span, 0.0, 1.0) if span > 0.0 else 0.0
    return (
        settings.dead_near + share * (settings.dead_far - settings.dead_near),
        settings.holding_near + share * (settings.holding_far - settings.holding_near),
    )


def begin(subject: Subject, now: float) -> Following:
    """Somebody new to follow: nothing is known of their place yet."""
    return Following(
        person=subject.id,
        anchor=subject.bearing,
        settled_since=now,
        low=subject.bearing,
        high=subject.bearing,
        seen_at=now,
    )


def pick_up(rate: float, motion: MotionSettings) -> float:
    """Seconds until a head at rest has picked up `rate` (deg/s) under the limits."""
    gathering = min(abs(rate), motion.max_velocity) / motion.max_acceleration
    return gathering + motion.smoothing + CADENCE


def run_out(rate: float, motion: MotionSettings) -> float:
    """Seconds of walking that a head needs to stop from `rate` (deg/s).

    A profile always plans to rest at its target; to keep up with a walker the
    target must lie ahead by as much as the braking takes.
    """
    braking = min(abs(rate), motion.max_velocity) / (2.0 * motion.max_acceleration)
    return braking + motion.smoothing / 2.0 + CADENCE


def judge(
    following: Following | None,
    subject: Subject,
    base: float,
    now: float,
    zones: ZoneSettings,
    motion: MotionSettings,
    turning: float = 0.0,
) -> Verdict:
    """The verdict on `subject` for a head that rests, or will come to rest, at `base`.

    `turning` is the way that it still has to get there (deg, 0 at rest).
    """
    before = following if following and following.person == subject.id else begin(subject, now)
    memory = _remember(before, subject, now, zones)
    dead, holding = half_widths(zones, subject.distance)
    settle = zones.settle
    if subject.restless >= RESTLESS:
        # Who runs about runs again soon, and there is no time to lose then.
        dead, holding = dead * RESTLESS_SHARE, holding * RESTLESS_SHARE
        settle *= RESTLESS_SETTLE
    bearing = near(subject.bearing, base)
    walking = _walks(subject, zones)
    offset = bearing - base
    critical = offset
    if walking:
        critical = _critical(offset, subject.rate, dead, motion)
    ahead = bearing + subject.rate * run_out(subject.rate, motion)
    if walking and subject.rate * turning > 0.0 and not memory.pursuit:
        # On the way already, and by the time it is there they will have walked on.
        memory = replace(memory, pursuit=1 if subject.rate > 0 else -1)
    if memory.pursuit and walking and subject.rate * memory.pursuit > 0.0:
        return _pursue(memory, ahead, subject.rate, dead, base)
    memory = replace(memory, pursuit=0) if memory.pursuit else memory
    if abs(critical) <= dead:
        # Only time spent outside counts as settling there.
        return Verdict(replace(memory, settled_since=now), Zone.DEAD, None, _staying(dead))
    if abs(critical) <= holding:
        return _hold(memory, bearing, walking, dead, base, now, settle)
    if walking and critical * subject.rate > 0.0:
        started = replace(memory, pursuit=1 if subject.rate > 0 else -1)
        return _pursue(started, ahead, subject.rate, dead, base)
    return _turn(memory, bearing, dead, Reason("motion", "motion: the person is outside the zones"))


def _critical(offset: float, rate: float, dead: float, motion: MotionSettings) -> float:
    """Where a walker counts: where they will be once the head could have picked up their pace.

    At a stroll the head waits until they have really left the dead zone; who
    hurries would be out of the picture by then.
    """
    reach = clamp(rate * pick_up(rate, motion), -LOOK_AHEAD_MAX, LOOK_AHEAD_MAX)
    outward = offset if rate > 0.0 else -offset
    if 0.0 <= outward <= dead * (1.0 - hurry(rate)) + LEFT_BY:
        return offset
    return offset + reach


def _walks(subject: Subject, zones: ZoneSettings) -> bool:
    """Whether the person walks: two measurements must say so, unless they run about anyway."""
    pace = WALKING * zones.settled_speed
    if subject.restless >= RESTLESS:
        return abs(subject.rate) > pace
    twice = abs(subject.rate) > pace and subject.former * subject.rate > pace * pace / 2.0
    return twice and subject.earlier * math.copysign(1.0, subject.rate) > SETTING_OUT


def hurry(rate: float) -> float:
    """How much of a hurry somebody is in, 0 for a stroll to 1 for a run past the device."""
    return clamp((abs(rate) - STROLL) / (HURRY - STROLL), 0.0, 1.0)


def _staying(dead: float) -> Reason:
    return Reason("dead", f"dead zone: the person is within {dead:.0f}° of the heading")


def _remember(memory: Following, subject: Subject, now: float, zones: ZoneSettings) -> Following:
    """Update the settling clock and the edges of the place."""
    bearing = near(subject.bearing, memory.anchor)
    if abs(subject.rate) > WALKING * zones.settled_speed:
        # Walking: the place is left behind, whatever it was.
        return replace(
            memory, anchor=bearing, settled_since=now, low=bearing, high=bearing, seen_at=now
        )
    keep = 0.5 ** ((now - memory.seen_at) / PLACE_MEMORY)
    low, high = near(memory.low, bearing), near(memory.high, bearing)
    low = min(bearing, bearing + (low - bearing) * keep)
    high = max(bearing, bearing + (high - bearing) * keep)
    moved = abs(bearing - memory.anchor) > SAME_PLACE or abs(subject.rate) > zones.settled_speed
    return replace(
        memory,
        anchor=bearing if moved else memory.anchor,
        settled_since=now if moved else memory.settled_since,
        low=low,
        high=high,
        seen_at=now,
    )


def _pursue(memory: Following, ahead: float, rate: float, dead: float, base: float) -> Verdict:
    """Trail a walking person; the aim advances in the direction of the walk, as a rule."""
    # There is no time to spare behind somebody who runs.
    trail = TRAIL * dead * (1.0 - 0.7 * hurry(rate))
    aim = ahead - memory.pursuit * trail
    reason = Reason("pursuit", f"motion: following somebody who walks at {abs(rate):.0f}°/s")
    advance = (aim - base) * memory.pursuit
    wanted = advance > RETARGET or advance < -TOO_FAR * dead
    return Verdict(memory, Zone.MOTION, aim if wanted else None, reason)


def _hold(
    memory: Following,
    bearing: float,
    walking: bool,
    dead: float,
    base: float,
    now: float,
    settle: float,
) -> Verdict:
    settled = now - memory.settled_since
    if walking or settled < settle:
        text = f"holding: settled {max(settled, 0.0):.1f} of {settle:.1f} s"
        return Verdict(memory, Zone.HOLDING, None, Reason("holding", text))
    verdict = _turn(memory, bearing, dead, Reason("settled", "holding: the person has settled"))
    if verdict.aim is None or abs(verdict.aim - base) <= RETARGET:
        return Verdict(verdict.following, Zone.HOLDING, None, _staying(dead))
    return replace(verdict, zone=Zone.HOLDING)


def _turn(memory: Following, bearing: float, dead: float, reason: Reason) -> Verdict:
    """Aim at the middle of the person's place, as far as that leaves them in the dead zone."""
    middle = (near(memory.low, bearing) + near(memory.high, bearing)) / 2.0
    slack = 0.6 * dead
    return Verdict(memory, Zone.MOTION, clamp(middle, bearing - slack, bearing + slack), reason)
