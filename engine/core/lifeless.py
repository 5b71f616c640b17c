"""What looks like a person and is none: sightings at places that are known for it.

What it decides: which sightings are news, and which places become known. Where
the owner has masked a place, or a painting was learned, a sighting makes nobody;
but somebody who is known from elsewhere stays known when they walk in front of
it. `stillness` judges what lives. It makes nobody (`fusion` does), and it keeps
no place (`places` does). Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from engine.core import fusion, stillness, tracks
from engine.core.angles import clamp, difference, near, wrap
from engine.core.fusion import People, Person
from engine.core.places import PASSING_FOR, Full, Origin, Place, Places, Sense
from engine.core.settings import TrackingSettings
from engine.core.stillness import Still
from engine.core.types import Label, PeopleSeen, Sighting

BESIDE = 4.0
"""Degrees within which a sighting may be of somebody who is known, whatever hangs there."""
SIGMAS = 3.0
WALKED = 9.0
"""Degrees that somebody must have gone to have come from elsewhere: more than noise makes."""
SPOKE = 6.0
"""Degrees between a voice and what is seen there that make it theirs."""
WIDTH = 8.0
"""Degrees of a place that was learned: its middle is known well, detections spread."""
AT_REST = 0.3
"""Degrees that the head may turn between two frames that are compared."""
LONGEST_GAP = 1.5
"""Seconds that one frame counts at most."""
PROLONGED = 60.0
"""Seconds by which a place that holds for a while is prolonged at least."""
MOST = 24
"""Things that are watched at a time."""
LOST = 3600.0
"""Seconds without a sighting after which a thing is watched no more."""
EDGE = 4.0
"""Degrees at the picture's edges where not being seen says nothing."""


def credible(
    people: People, places: Places, event: PeopleSeen, settings: TrackingSettings
) -> PeopleSeen:
    """The frame without the sightings that their place refutes; pets are left alone."""
    kept = tuple(
        s
        for s in event.sightings
        if s.label is not Label.PERSON
        or places.refuted(s.bearing, Sense.SEEN, event.t, distance=s.distance) is None
        or any(_may_be(p, s, event.t, settings) for p in people.persons)
    )
    return event if len(kept) == len(event.sightings) else replace(event, sightings=kept)


def _may_be(person: Person, sighting: Sighting, t: float, settings: TrackingSettings) -> bool:
    """Whether it is of somebody who was confirmed before, by eye or by wake word."""
    if not person.confirmed:
        return False
    if sighting.track is not None and sighting.track == person.hint:
        return True
    ahead = tracks.predict(person.track, t, fusion.swerve(person, settings), settings.coast)
    # Whoever stops after a walk is where they were, not where they would have gone on to.
    off = min(abs(difference(sighting.bearing, b)) for b in (ahead.bearing, person.track.bearing))
    return off <= clamp(SIGMAS * ahead.std, BESIDE, 2.0 * BESIDE)


# ---------------------------------------------------------------------- learning


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything that is seen in one place, and the frame before."""

    stills: tuple[Still, ...] = ()
    t: float = -math.inf
    heading: float = 0.0


def watch(
    watched: Watched, people: People, places: Places, event: PeopleSeen
) -> tuple[Watched, People, Places]:
    """What one more frame teaches; `people` as they are after it."""
    dt = min(event.t - watched.t, LONGEST_GAP)
    resting = abs(event.heading - watched.heading) <= AT_REST
    watched = replace(watched, t=max(event.t, watched.t), heading=event.heading)
    if not event.usable or not resting or dt <= 0.0:
        return watched, people, places
    stills = _sighted(watched.stills, event, people, places, dt)
    low, high = event.view
    middle, half = (low + high) / 2.0, (high - low) / 2.0 - EDGE
    kept: list[Still] = []
    for still in _merged(stills):
        if abs(difference(still.bearing, middle)) <= half:
            still = stillness.viewed(still, dt)
            still, people, places = _judged(still, people, places, event.t)
        if event.t - still.last <= LOST or still.alive(event.t):
            kept.append(still)
    if len(kept) > MOST:
        kept = sorted(kept, key=lambda s: (s.alive(event.t), s.hits))[-MOST:]
    return replace(watched, stills=tuple(kept)), people, places


def heard(watched: Watched, bearing: float, t: float) -> Watched:
    """A voice from `bearing`: what is seen there speaks, and lives."""
    stills = tuple(
        s.lives(t, stillness.ALIVE_MOVED) if abs(difference(s.bearing, bearing)) <= SPOKE else s
        for s in watched.stills
    )
    return replace(watched, stills=stills)


def _sighted(
    stills: tuple[Still, ...], event: PeopleSeen, people: People, places: Places, dt: float
) -> list[Still]:
    found = list(stills)
    for place in places.items:
        # What was learned before the last stop is watched, too: it may have been taken down.
        learned = place.origin is Origin.LEARNED and place.sense is Sense.SEEN
        if learned and not any(place.covers(k.bearing) for k in found):
            found.append(Still(place.bearing, event.t, distance=place.distance))
    for s in event.sightings:
        if s.label is not Label.PERSON:
            continue
        index = _same(found, s)
        if index is None:
            found.append(Still(wrap(s.bearing), event.t, distance=s.distance))
            index = len(found) - 1
        still = found[index]
        off = difference(s.bearing, still.bearing)
        still = stillness.sighted(still, event.t, off, s.score, s.distance, s.engagement, s.track)
        if any(_came_here(p, s, event.t) for p in people.persons):
            still = replace(still, dwelt=still.dwelt + dt)
            if still.dwelt >= stillness.DWELL:
                still = still.lives(event.t, stillness.ALIVE_ARRIVED)
        else:
            still = replace(still, dwelt=max(still.dwelt - dt, 0.0))
        found[index] = still
    return found


def _merged(stills: list[Still]) -> list[Still]:
    """Two that have come together are one, of which more is known by the one seen more often."""
    kept: list[Still] = []
    for still in sorted(stills, key=lambda s: -s.hits):
        twin = next(
            (i for i, k in enumerate(kept)
             if abs(difference(k.centre, still.centre)) < stillness.GATE),
            None,
        )  # fmt: skip
        if twin is None:
            kept.append(still)
        else:
            alive = max(kept[twin].alive_until, still.alive_until)
            signs = max(kept[twin].signs, still.signs)
            kept[twin] = replace(kept[twin], alive_until=alive, signs=signs)
    return kept


def _same(stills: list[Still], s: Sighting) -> int | None:
    gate = max(stillness.GATE, min(2.5 * s.bearing_std, 2.0 * stillness.GATE))
    offs = [(abs(difference(s.bearing, k.centre)), i) for i, k in enumerate(stills)]
    best = min(offs, default=(math.inf, 0))
    return best[1] if best[0] <= gate else None


def _came_here(person: Person, s: Sighting, t: float) -> bool:
    """Whether the sighting is of somebody who walked to where they are."""
    return (
        person.confirmed
        and person.roamed >= WALKED
        and person.last_seen >= t
        and abs(near(s.bearing, person.track.bearing) - person.track.bearing) <= BESIDE
    )


def _judged(still: Still, people: People, places: Places, t: float) -> tuple[Still, People, Places]:
    place, places = _learned_at(places, still), _passed(places, still, t)
    moved = place is not None and stillness.has_moved(still, place.bearing)
    if moved or stillness.shows_life(still):
        still = still.lives(t, stillness.ALIVE_MOVED)
    if place is not None and (still.alive(t) or still.absent >= stillness.GONE):
        return still, people, places.without_one(place)
    if place is None and stillness.lifeless(still, t):
        learned = Place(still.bearing, Sense.SEEN, Origin.LEARNED, "", WIDTH, still.distance)
        try:
            places = places.with_(learned)
        except Full:
            return still, people, places
        # Who was made of it goes with it, unless they came from elsewhere.
        left = tuple(
            p
            for p in people.persons
            if p.roamed >= WALKED or not p.ever_seen or not learned.covers(p.track.bearing)
        )
        people = replace(people, persons=left)
    return still, people, places


def _passed(places: Places, still: Still, t: float) -> Places:
    """With what holds for a while prolonged where it was just seen, and ended where it is gone."""
    found = [p for p in places.items if p.passing and p.covers(still.bearing)]
    if found and still.absent >= stillness.GONE:
        return Places(tuple(p for p in places.items if p not in found))
    due = [p for p in found if still.last >= t and (p.until or t) < t + PASSING_FOR - PROLONGED]
    longer = {p.id: replace(p, until=t + PASSING_FOR) for p in due}
    return Places(tuple(longer.get(p.id, p) for p in places.items)) if longer else places


def _learned_at(places: Places, still: Still) -> Place | None:
    """Where it hangs for good; what holds for a while ends by itself.

    Such a place was found by few looks of a head that turns. Its middle is too rough, and what
    is seen there from one heading and another differs too much, to tell a life from a picture.
    """
    for place in places.items:
        seen = place.origin is Origin.LEARNED and place.sense is Sense.SEEN
        if seen and not place.passing and place.covers(still.bearing):
            return place
    return None
