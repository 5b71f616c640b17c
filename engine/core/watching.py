"""Armed: who counts as an intruder, and what the owner is told of it.

Keeps the alarm going, gathers evidence for whoever is seen, asks for a second
look where frames were taken in motion, and groups what belongs together into
visits. What may go out to a phone is judged by `alerts.rules`; where the head
turns is `deciding`'s affair. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.core import alarm as alarms
from engine.core import stillness
from engine.core.alarm import Trigger
from engine.core.angles import clamp, difference, near, wrap
from engine.core.fusion import Person
from engine.core.places import PASSING_FOR, Full, Origin, Place, Places, Sense
from engine.core.types import (
    Action,
    AlarmState,
    Alert,
    AlertKind,
    Keep,
    Label,
    PeopleSeen,
    Sighting,
    SoundKind,
    VoiceHeard,
)

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
CLEARLY = 0.7  # confidence in a direction that the motor's noise does not reach
LISTEN_FOR = 2.0  # s
LOOK_LONGEST, LOOK_FOR = 12.0, 4.0  # s to get there and stay at the most; and once there
LOOK_AGAIN, LOOK_WIDE = 120.0, 20.0  # s in which nothing within so many deg is looked at again
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


@dataclass(frozen=True, slots=True)
class Look:
    """Where something was heard, None to listen on the spot; over at `until`.

    `back` is the heading before it, to return to.
    """

    bearing: float | None
    until: float
    back: float
    arrived: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """The visit of one kind of alert: its number, when it was last noticed and last told."""

    visit: int
    noticed: float
    told: float


@dataclass(frozen=True, slots=True)
class Watch:
    """`visits` counts them and is never set back; `told` has the newest of each kind.

    `owed` waits for the entry delay to end. `pets` and `machines` are moments
    and bearings at which some were noticed, `looked` where the head turned to a sound.
    """

    visits: int = 0
    told: Mapping[AlertKind, Told] = field(default_factory=dict)
    owed: Alert | None = None
    evidence: Mapping[int, Evidence] = field(default_factory=dict)
    pets: tuple[tuple[float, float], ...] = ()
    machines: tuple[tuple[float, float], ...] = ()
    look: Look | None = None
    looked: tuple[tuple[float, float], ...] = ()


# ------------------------------------------------------------------- the alarm


def armed(state: State, trigger: Trigger, delay: float | None) -> tuple[State, bool]:
    """The state after somebody armed it; what was learned of the room starts anew."""
    changed, allowed = alarms.advance(state.alarm, trigger, state.now, state.settings.away, delay)
    return replace(_anew(state), alarm=changed), allowed


def disarmed(state: State) -> State:
    changed, _ = alarms.advance(state.alarm, Trigger.DISARM, state.now, state.settings.away)
    return replace(_anew(state), alarm=changed)


def _anew(state: State) -> State:
    """Whoever sat still while nobody should be there may be at home now, or come again."""
    lasting = tuple(p for p in state.places.items if not p.passing)
    places = state.places if len(lasting) == len(state.places.items) else Places(lasting)
    return replace(state, places=places, watch=Watch(visits=state.watch.visits))


def kept(state: State) -> Keep:
    """What a restart must find again."""
    return Keep(state.alarm.state, state.alarm.armed_for, state.watch.visits)


# ------------------------------------------------------------------- evidence


def observe(state: State, event: PeopleSeen) -> State:
    """The evidence after a frame that `state.people` has taken in already."""
    before = state.watch
    pets = _recent(before.pets, event.t, PET_REMEMBERED)
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


def _recent(
    noticed: tuple[tuple[float, float], ...], now: float, memory: float
) -> list[tuple[float, float]]:
    return [(t, bearing) for t, bearing in noticed if now - t <= memory]


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


# --------------------------------------------------------------------- alerts


def watch(state: State) -> tuple[State, tuple[Action, ...]]:
    """Armed: the alarm a moment later, and the alerts that are due."""
    before = state.alarm
    alarm = alarms.tick(before, state.now, state.settings.away)
    state, actions = _intruders(replace(state, alarm=alarm))
    owed = state.watch.owed
    if before.state is not AlarmState.PENDING or alarm.state is AlarmState.PENDING or actions:
        return state, actions
    if owed is not None:
        told = replace(state.watch.told[AlertKind.PERSON], told=state.now)
        watch = {**state.watch.told, AlertKind.PERSON: told}
        return replace(state, watch=replace(state.watch, owed=None, told=watch)), (owed,)
    # A restart took who it was, not that there was somebody.
    return notice(state, AlertKind.PERSON, "somebody was there before a restart", 1.0)


def _intruders(state: State) -> tuple[State, tuple[Action, ...]]:
    if state.alarm.state is AlarmState.ARMING:
        return state, ()
    seen = [p for p in state.people.persons if is_intruder(state, p)]
    if not seen:
        return state, ()
    alarm, _ = alarms.advance(state.alarm, Trigger.INTRUSION, state.now, state.settings.away)
    state = replace(state, alarm=alarm)
    person = max(seen, key=lambda p: (p.confidence, -p.id))
    state, alerts = notice(
        state,
        AlertKind.PERSON,
        "somebody is there",
        person.confidence,
        wrap(person.track.bearing),
        person.distance,
    )
    told = {p.id: replace(_evidence(state, p), told=True) for p in seen}
    evidence = {**state.watch.evidence, **told}
    return replace(state, watch=replace(state.watch, evidence=evidence)), alerts


def notice(
    state: State,
    kind: AlertKind,
    what: str,
    confidence: float,
    bearing: float | None = None,
    distance: float | None = None,
) -> tuple[State, tuple[Action, ...]]:
    """An alert, unless the same visit was told of a moment ago or an entry delay runs."""
    settings, now, watch = state.settings.away, state.now, state.watch
    before = watch.told.get(kind)
    if before is None or now - before.noticed > settings.visit_over:
        before = None
        told = Told(watch.visits + 1, now, -math.inf)
    else:
        told = replace(before, noticed=now)
    watch = replace(watch, visits=max(watch.visits, told.visit))
    place = state.places.named(bearing) or None if bearing is not None else None
    alert = Alert(
        now, told.visit, kind, what, confidence, bearing, place, distance, told.told > -math.inf
    )
    waits = kind is AlertKind.PERSON and state.alarm.state not in alarms.ALERTING
    due = now - told.told >= settings.update_every and not waits
    if due:
        told = replace(told, told=now)
    watch = replace(
        watch, told={**watch.told, kind: told}, owed=alert if waits else None if due else watch.owed
    )
    return replace(state, watch=watch), (alert,) if due else ()


SOUNDS = {
    "smoke_alarm": (AlertKind.SMOKE_ALARM, "a smoke alarm sounds"),
    "co_alarm": (AlertKind.CO_ALARM, "a carbon monoxide alarm sounds"),
    "crash": (AlertKind.CRASH, "something broke or fell"),
    "voice": (AlertKind.VOICE, "a voice was heard"),
}


def heard(
    state: State, sound: str, bearing: float | None, confidence: float
) -> tuple[State, tuple[Action, ...]]:
    """Something sounded: the head is to look there, and the owner may want to know."""
    if not state.alarm.on or not state.settings.away.listen or sound not in SOUNDS:
        return state, ()
    if bearing is not None and state.places.masked(bearing, Sense.HEARD) is not None:
        return state, ()
    if bearing is not None:
        state = _look(state, bearing)
    if state.alarm.state is AlarmState.ARMING:
        return state, ()
    kind, what = SOUNDS[sound]
    return notice(state, kind, what, confidence, bearing)


def _look(state: State, bearing: float) -> State:
    """Turn to a sound once: what goes on sounding must not keep the head from the rest."""
    looked = _recent(state.watch.looked, state.now, LOOK_AGAIN)
    if any(abs(difference(b, bearing)) <= LOOK_WIDE for _, b in looked):
        return state
    before = state.watch.look
    back = before.back if before is not None else state.heading
    look = Look(bearing, state.now + LOOK_LONGEST, back)
    looked.append((state.now, bearing))
    return replace(state, watch=replace(state.watch, look=look, looked=tuple(looked)))


def voice(state: State, event: VoiceHeard) -> tuple[State, tuple[Action, ...]]:
    """A voice while armed: what talks by itself is remembered, anybody else is looked for."""
    if not state.alarm.on:
        return state, ()
    machines = _recent(state.watch.machines, event.t, MACHINE_REMEMBERED)
    machines += [(event.t, d.bearing) for d in event.directions if d.kind is SoundKind.MACHINE]
    state = replace(state, watch=replace(state.watch, machines=tuple(machines[-MOST_MACHINES:])))
    direct = [d for d in event.directions if d.kind is SoundKind.DIRECT]
    if not direct or event.ambiguous:
        return state, ()
    if event.while_moving and direct[0].confidence < CLEARLY:
        # The motor may have spoken: stand still and listen again.
        look = state.watch.look or Look(None, state.now + LISTEN_FOR, state.heading)
        return replace(state, watch=replace(state.watch, look=look)), ()
    return heard(state, "voice", direct[0].bearing, direct[0].confidence)


def covered(state: State, why: str) -> tuple[State, tuple[Action, ...]]:
    """The camera of an armed device sees no more: nobody is watching, and somebody did that."""
    if not state.alarm.on or state.alarm.state is AlarmState.ARMING:
        return state, ()
    return notice(state, AlertKind.COVERED, why, 1.0)
