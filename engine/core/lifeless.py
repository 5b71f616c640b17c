"""What looks like a person and is none: sightings at places that are known for it.

What it decides: which sightings are news. Where the owner has masked a place, or
a painting was learned, a sighting makes nobody; but somebody who is known from
elsewhere stays known when they walk in front of it. It must not make or drop
people (`fusion`), and it keeps no place (`places`). Pure.
"""

from __future__ import annotations

from dataclasses import replace

from engine.core import tracks
from engine.core.angles import difference
from engine.core.fusion import People, Person
from engine.core.places import Places, Sense
from engine.core.settings import TrackingSettings
from engine.core.types import Label, PeopleSeen, Sighting

BESIDE = 4.0
"""Degrees within which a sighting may be of somebody who is known, whatever hangs there."""
SIGMAS = 3.0


def credible(
    people: People, places: Places, event: PeopleSeen, settings: TrackingSettings
) -> PeopleSeen:
    """The frame without the sightings that their place refutes; pets are left alone."""
    kept = tuple(
        s
        for s in event.sightings
        if s.label is not Label.PERSON
        or places.refuted(s.bearing, Sense.SEEN, event.t) is None
        or any(_may_be(p, s, event.t, settings) for p in people.persons)
    )
    return event if len(kept) == len(event.sightings) else replace(event, sightings=kept)


def _may_be(person: Person, sighting: Sighting, t: float, settings: TrackingSettings) -> bool:
    """Whether it is of somebody who was confirmed before, by eye or by wake word."""
    if not person.confirmed:
        return False
    expected, _ = tracks.coasted(person.track, t, settings.coast)
    off = abs(difference(sighting.bearing, expected))
    hinted = sighting.track is not None and sighting.track == person.hint
    return hinted or off <= max(BESIDE, SIGMAS * person.track.std)
