"""Who counts as an intruder, by the evidence that frames and voices bring while armed.

Counts looks at whoever is seen, with fewer for those taken in motion, and knows
what is no proof: pets, pictures on the wall, loudspeakers with a screen, what
flickers. Asks for a second look. What an intruder leads to, the alarm and the
alerts, is `watching`'s affair. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.core import stillness
from engine.core.angles import clamp, difference, near
from engine.core.fusion import Person
from engine.core.places import PASSING_FOR, Full, Origin, Place, Places, Sense
from engine.core.types import Label, PeopleSeen, Sighting, SoundKind, VoiceHeard

if TYPE_CHECKING:
    from engine.core.state import State

SEEN_NOW = 1.0  # s since the last sighting
STANDING = 8.0  # deg/s of the head below which a picture is as sharp as at rest
LOOKS = 3.0  # clear sightings by a head at rest that make somebody an intruder
IN_MOTION = 0.4  # of such a sighting that one by a turning head counts for: it follows who walks
FAINT, CLEAR = 0.35, 0.7  # scores of a sighting that counts for nothing, and for a whole one
MISSED = 0.6  # of a look that a frame takes back which should have shown them and did not
MOST_LOOKS = 16.0  # that are counted: what was seen for hours must not count for what comes after
LEAP = 12.0  # deg between two sightings that nobody goes
LOOKS_AT_PET = 12.0  # the same where a cat or a dog was seen: it may be nothing but that
LOOKS_AT_FLICKER = 12.0  # and where something comes and goes without ever moving
FRAMES_OF_FLICKER = 30  # frames after which that is known of a place
SURE = 0.6  # confidence in somebody, from 0 to 1, that a call to a phone is worth
PET_NEAR = 10.0  # deg
PET_REMEMBERED = 5.0  # s
GLIMPSED = 0.6  # s that somebody not yet believed in is waited for
STILL_LIFE = 8.0  # deg: whoever moves less, all the time, may be a picture or on a screen
STILL_LIFE_ROOM = 4.0  # deg beyond, in which the same is taken for the same
STILL_FOR = 60.0  # s without a move after which the head need not stay for them
MACHINE_WIDE = 12.0  # deg to either side of a loudspeaker that its screen takes
MACHINE_REMEMBERED = 1800.0  # s
OF_THEM = 6.0  # deg between somebody and the sighting that is theirs
EDGE = 6.0  # deg at the picture's edges where not being seen says nothing
MOST_PETS, MOST_MACHINES = 64, 32


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one person since `since`: looks at them, and between which bearings.

    A sharp look counts for one, one by a turning head for `IN_MOTION` of it. `last` is
    where they were at the newest. `told` says that an alert was about them.
    """

    since: float
    low: float
    high: float
    looks: float = 0.0
    told: bool = False
    last: float | None = None


def observe(state: State, event: PeopleSeen) -> State:
    """The evidence after a frame that `state.people` has taken in already."""
    before = state.watch
    pets = recent(before.pets, event.t, PET_REMEMBERED)
    pets += [(event.t, s.bearing) for s in event.sightings if s.label is not Label.PERSON]
    still = abs(state.velocity) < STANDING
    evidence = {
        p.id: _looked(before.evidence.get(p.id), p, event, still)
        for p in state.people.persons
        if p.ever_seen
    }
    gone = [e for i, e in before.evidence.items() if i not in evidence]
    stayed = [e for e in evidence.values() if event.t - e.since >= STILL_FOR]
    places = state.places
    for known in (*gone, *stayed):
        if known.told and known.high - known.low <= STILL_LIFE:
            places = _learned(places, known, event.t)
    watch = replace(before, evidence=evidence, pets=tuple(pets[-MOST_PETS:]))
    return replace(state, watch=watch, places=places)


def hear(state: State, event: VoiceHeard) -> State:
    """What talks by itself is remembered: whoever is seen there may be on its screen."""
    machines = recent(state.watch.machines, event.t, MACHINE_REMEMBERED)
    machines += [(event.t, d.bearing) for d in event.directions if d.kind is SoundKind.MACHINE]
    return replace(state, watch=replace(state.watch, machines=tuple(machines[-MOST_MACHINES:])))


def remember_told(state: State, persons: Iterable[Person]) -> State:
    """The evidence once an alert was about them."""
    told = {p.id: replace(_evidence(state, p), told=True) for p in persons}
    evidence = {**state.watch.evidence, **told}
    return replace(state, watch=replace(state.watch, evidence=evidence))


def recent(
    noticed: tuple[tuple[float, float], ...], now: float, memory: float
) -> list[tuple[float, float]]:
    """Of moments and bearings, those of the last `memory` seconds."""
    return [(t, bearing) for t, bearing in noticed if now - t <= memory]


def _learned(places: Places, known: Evidence, now: float) -> Places:
    """The store with where somebody was told of who never moved, for a while."""
    middle = (known.low + known.high) / 2.0
    if any(_keeps_to(known, p) for p in places.items if p.concerns(Sense.SEEN)):
        return places
    width = known.high - known.low + 2.0 * STILL_LIFE_ROOM
    until = now + PASSING_FOR
    try:
        return places.with_(Place(middle, Sense.SEEN, Origin.LEARNED, width=width, until=until))
    except Full:
        return places  # it will be told of again: better than to silence what the owner named


def _looked(before: Evidence | None, person: Person, event: PeopleSeen, still: bool) -> Evidence:
    bearing = person.track.bearing
    known = before or Evidence(event.t, bearing, bearing)
    if person.last_seen != event.t:
        missed = MISSED if still and event.usable and _should_show(person, event) else 0.0
        return replace(known, looks=max(0.0, known.looks - missed))
    if known.last is not None and abs(difference(bearing, known.last)) > LEAP:
        # Taken for the same, but nobody is there that fast: what was there proves nothing here.
        known = Evidence(event.t, bearing, bearing, told=known.told)
    score = max(
        (s.score for s in event.sightings if s.label is Label.PERSON and _is_of(s, person)),
        default=CLEAR,
    )
    worth = clamp((score - FAINT) / (CLEAR - FAINT), 0.0, 1.0)
    sharp = still and event.usable
    looks = min(known.looks + worth * (1.0 if sharp else IN_MOTION), MOST_LOOKS)
    if not sharp:
        return replace(known, looks=looks, last=bearing)
    there = near(bearing, known.low)
    low, high = min(known.low, there), max(known.high, there)
    return replace(known, looks=looks, low=low, high=high, last=bearing)


def _is_of(sighting: Sighting, person: Person) -> bool:
    return abs(difference(sighting.bearing, person.track.bearing)) <= OF_THEM


def _should_show(person: Person, event: PeopleSeen) -> bool:
    low, high = event.view
    middle, half = (low + high) / 2.0, (high - low) / 2.0 - EDGE
    return abs(difference(person.track.bearing, middle)) <= half


def _keeps_to(known: Evidence, place: Place) -> bool:
    half = place.width / 2.0
    low, high = near(known.low, place.bearing), near(known.high, place.bearing)
    return place.bearing - half <= low and high <= place.bearing + half


def _evidence(state: State, person: Person) -> Evidence:
    bearing = person.track.bearing
    return state.watch.evidence.get(person.id) or Evidence(state.now, bearing, bearing)


def is_scenery(state: State, person: Person) -> bool:
    """Whether they keep to where a picture hangs or something talks by itself.

    What hangs somewhere is known by the store of places, what talks by hearing.
    Whoever leaves such a place is somebody.
    """
    known = _evidence(state, person)
    learned = (p for p in state.places.items if p.origin is Origin.LEARNED)
    if any(_keeps_to(known, p) for p in learned if p.sense is Sense.SEEN):
        return True
    return any(
        abs(difference(known.low, b)) <= MACHINE_WIDE
        and abs(difference(known.high, b)) <= MACHINE_WIDE
        for _, b in state.watch.machines
    )


def _flickers(state: State, person: Person) -> bool:
    """Whether what is seen there comes and goes, is faint, and was never seen to live."""
    known = _evidence(state, person)
    middle = (known.low + known.high) / 2.0
    return (
        any(
            abs(difference(s.bearing, middle)) <= stillness.GATE
            and s.frames >= FRAMES_OF_FLICKER
            and s.hits < stillness.FLICKERING * s.frames
            and s.score < stillness.FAINT
            and not s.alive(state.now)
            for s in state.watched.stills
        )
        and known.high - known.low <= STILL_LIFE
    )


def is_intruder(state: State, person: Person) -> bool:
    """Whether they were seen now, often and sharply enough to call somebody for it."""
    beside_pet = any(
        abs(difference(b, person.track.bearing)) <= PET_NEAR for _, b in state.watch.pets
    )
    needed = LOOKS_AT_PET if beside_pet else LOOKS
    if _flickers(state, person):
        needed = max(needed, LOOKS_AT_FLICKER)
    return (
        person.confirmed
        and state.now - person.last_seen <= SEEN_NOW
        and person.confidence >= max(SURE, state.settings.attention.min_confidence)
        and _evidence(state, person).looks >= needed
        and not is_scenery(state, person)
    )


def glimpsed(state: State) -> Person | None:
    """Somebody who needs a second look: seen just now, and not sure enough to be told of."""
    found = [
        p
        for p in state.people.persons
        if p.ever_seen
        and state.now - p.last_seen <= GLIMPSED
        and not is_intruder(state, p)
        and not is_scenery(state, p)
    ]
    return max(found, key=lambda p: (p.confidence, -p.id), default=None)
