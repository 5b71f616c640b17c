"""Looking for somebody who walked out of sight.

Cameras miss people, most of all those who start to move. Whoever was walking
when they were last seen is looked for: first where they were heading, then on
the other side, a short look each, once for every loss. Whoever stood still and
vanished is waited for: something passed between. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.core.angles import near
from engine.core.fusion import Person
from engine.core.tracks import RESTLESS

LOOK = 0.7  # s that each look lasts
LOST_AFTER = 0.4  # s of usable frames that should have shown them
WALKED = 16.0  # deg/s when last seen
STEP = 0.38  # of the field of view: where they were stays in the picture of the first look
RUNNER_LOST, RUNNER_LOOK = 0.3, 0.2  # s: who runs is far away soon
RUNNER_WALKED = 4.0  # deg/s, enough to tell the side
WALKER, RUNNER = (1, -1.5), (2, 4, 6, -2, -4)  # steps to look at, in turn
OVERSHOT = 1.5  # who walks on may walk faster than they seemed to
INSIDE = 0.25  # of the view, to either side of its middle
RECENT = 1.5  # s since they were last seen: a lens that was covered longer tells nothing
KNOWN = 8  # sightings that make somebody worth looking for
ARRIVED = 3.0  # deg


@dataclass(frozen=True, slots=True)
class Search:
    """`stops` are bearings still to look at; `person` and `lost_at` tell whose loss it is."""

    person: int = 0
    lost_at: float = 0.0
    stops: tuple[float, ...] = ()
    resting_since: float | None = None
    look: float = LOOK

    @property
    def active(self) -> bool:
        return bool(self.stops)


def begin(before: Search, person: Person, heading: float, view: float, now: float) -> Search:
    """A search for `person` if they were lost while walking and were not searched for yet."""
    runs = person.track.restless >= RESTLESS
    same = before.person == person.id and before.lost_at == person.last_seen
    lost = person.missed_for >= (RUNNER_LOST if runs else LOST_AFTER) and person.hits >= KNOWN
    recent = now - person.last_seen <= RECENT
    if (
        same
        or not (lost and recent)
        or abs(person.track.rate) < (RUNNER_WALKED if runs else WALKED)
    ):
        return before
    walked = person.track.rate * (now - person.last_seen)
    if (
        not runs
        and abs(near(person.track.bearing + OVERSHOT * walked, heading) - heading) < INSIDE * view
    ):
        # Nobody walks out of the middle of the picture: the detector lost them, not the camera.
        return before
    step = STEP * view if person.track.rate > 0.0 else -STEP * view
    # Who runs is far by the time the head gets there: it sweeps after them.
    steps = RUNNER if runs else WALKER
    here = person.track.bearing
    stops = tuple(here + k * step for k in steps)
    return Search(person.id, person.last_seen, stops, look=RUNNER_LOOK if runs else LOOK)


def progress(
    search: Search, persons: tuple[Person, ...], aim: float | None, heading: float, now: float
) -> Search:
    """The search one moment later: over as soon as anybody shows.

    `aim` is the heading for the stop under way, None where the range has none.
    """
    if any(p.confirmed and p.last_seen > search.lost_at for p in persons):
        return replace(search, stops=(), resting_since=None)
    if aim is None:
        return replace(search, stops=search.stops[1:], resting_since=None)
    if abs(heading - aim) > ARRIVED:
        return replace(search, resting_since=None)
    if search.resting_since is None:
        return replace(search, resting_since=now)
    if now - search.resting_since >= search.look:
        return replace(search, stops=search.stops[1:], resting_since=None)
    return search
