"""People out of sightings.

One `Person` per human: sightings (here) and voices (`voices`) are associated with people by
bearing (gated, nearest first, the tracker's id as a hint), and a belief that
somebody is there grows with every hit and shrinks with every frame that
should have shown them and did not. A direction that was only heard is a
person only until a usable look at it finds nobody: then it is a television
or an echo, and a place (`places`) where voices count for nothing for a while. Pure.

Association is greedy global nearest neighbour (Blackman and Popoli, "Design
and Analysis of Modern Tracking Systems", section 6.4), which for the handful
of people in a living room is as good as the optimal assignment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from engine.core import tracks
from engine.core.angles import difference
from engine.core.places import Full, Origin, Place, Places, Sense
from engine.core.settings import AttentionSettings, TrackingSettings
from engine.core.tracks import BearingTrack, RangeTrack
from engine.core.types import Label, PeopleSeen, PetView, Sighting

HIT_GAIN = 0.45  # how far one full-score sighting moves the confidence towards 1
CONFIRMING = 0.45  # the confidence that sightings must add up to
MISS_FACTOR = 0.86  # what one frame without the person leaves of it
ENGAGEMENT_GAIN = 0.3
ENGAGEMENT_LASTS = 3.0  # s without a reading after which nobody knows whether they face the device
SPEAKING_FOR = 1.2  # s that a person counts as speaking after a decision of hearing
HINT_GATE = 2.0  # how much further the tracker's id lets a sighting lie
STRANGE_GATE = 0.6  # how much nearer one without their id must lie
HINT_LIVES = 1.0  # s
HINT_BONUS = 3.0  # sigma
DEFAULT_DISTANCE = 2.0
FASTEST_RUN = 2.7  # m/s that anybody runs indoors
NEAREST_WALK = 1.4  # m: whoever is nearer sits or stands at the device and does not walk past
REUNITE_AFTER = 0.25  # s without a sighting after which somebody may come back as a newcomer
REUNITE_HITS = 2  # sightings of the newcomer that are enough to recognise them
REUNITE_WITHIN = 6.0  # s
REUNITE_NEAR = 8.0  # deg
REUNITE_SPEED = 60.0  # deg/s
MAX_FRAME_GAP = 0.5  # s that one frame without somebody counts at most
HEARD_WIDTH = 24.0  # deg of a place where a voice was heard and nobody seen


@dataclass(frozen=True, slots=True)
class Person:
    """One human, or a voice that may become one. `hits` are sightings since the start.

    `hint` is the eye's id for them, `stranger` another that their last sighting had.
    `missed_for` adds up the seconds in which usable frames should have shown them;
    `engagement_read` is when a face of theirs was last read;
    `origin` is where they were first seen, `roamed` how far from there they have been.
    """

    id: int
    track: BearingTrack
    range: RangeTrack | None
    confidence: float
    hits: int
    first_hit: float
    last_seen: float
    last_heard: float
    voices: int
    confirmed: bool
    engagement: float | None = None
    engagement_read: float = -math.inf
    hint: int | None = None
    stranger: int | None = None
    missed_for: float = 0.0
    origin: float = 0.0
    roamed: float = 0.0

    @property
    def ever_seen(self) -> bool:
        return self.hits > 0

    @property
    def distance(self) -> float | None:
        return self.range.distance if self.range else None

    def speaking(self, now: float) -> bool:
        return now - self.last_heard <= SPEAKING_FOR


@dataclass(frozen=True, slots=True)
class People:
    """Everybody believed in."""

    persons: tuple[Person, ...] = ()
    pets: tuple[PetView, ...] = ()
    next_id: int = 1
    last_frame: float = -math.inf


NEVER = -math.inf


def swerve(person: Person, settings: TrackingSettings) -> float:
    """The acceleration a person at this distance can have, as one sigma in deg/s2."""
    distance = max(person.distance or DEFAULT_DISTANCE, NEAREST_WALK)
    return math.degrees(settings.walking_acceleration / distance)


def _fastest(person: Person) -> float:
    """The rate in deg/s at which a run looks from this distance."""
    distance = max(person.distance or DEFAULT_DISTANCE, NEAREST_WALK)
    return min(math.degrees(FASTEST_RUN / distance), tracks.MAX_RATE)


# ------------------------------------------------------------------- sightings


def see(people: People, event: PeopleSeen, settings: TrackingSettings) -> People:
    """The beliefs after one frame."""
    pets = tuple(
        PetView(s.label, s.bearing, s.distance)
        for s in event.sightings
        if s.label is not Label.PERSON
    )
    sightings = [s for s in event.sightings if s.label is Label.PERSON]
    ahead = [
        tracks.predict(p.track, event.t, swerve(p, settings), settings.coast)
        for p in people.persons
    ]
    pairs = _assign(people.persons, ahead, sightings, settings.gate, event.t)
    elapsed = min(max(event.t - people.last_frame, 0.0), MAX_FRAME_GAP)
    persons: list[Person] = []
    for index, person in enumerate(people.persons):
        chosen = pairs.get(index)
        if chosen is not None:
            persons.append(_hit(person, sightings[chosen], event.t, settings))
        elif event.usable:
            persons.append(_missed(person, ahead[index], event, elapsed, settings))
        else:
            persons.append(person)
    taken = set(pairs.values())
    next_id = people.next_id
    for index, sighting in enumerate(sightings):
        if index in taken or _crowds(sighting, persons):
            continue
        persons.append(_newcomer(next_id, sighting, event.t))
        next_id += 1
    return replace(
        people,
        persons=_reunited(persons, event.t),
        pets=pets if event.usable else people.pets,
        next_id=next_id,
        last_frame=max(event.t, people.last_frame),
    )


def _assign(
    persons: tuple[Person, ...],
    ahead: list[BearingTrack],
    sightings: list[Sighting],
    gate: float,
    t: float,
) -> dict[int, int]:
    """Index of person -> index of sighting; nearest pairs first, inside the gate."""
    candidates: list[tuple[float, int, int]] = []
    for i, person in enumerate(persons):
        for j, sighting in enumerate(sightings):
            cost = tracks.deviation(ahead[i], sighting.bearing, sighting.bearing_std)
            hinted = sighting.track is not None and sighting.track == person.hint
            strange = _hinted_otherwise(person, sighting, t)
            if cost <= gate * (HINT_GATE if hinted else STRANGE_GATE if strange else 1.0):
                # A confirmed person goes before a newcomer.
                bonus = (HINT_BONUS if hinted else 0.0) + (0.5 if person.confirmed else 0.0)
                candidates.append((cost - bonus, i, j))
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for _, i, j in sorted(candidates):
        if i not in pairs and j not in used:
            pairs[i] = j
            used.add(j)
    return pairs


def _hinted_otherwise(person: Person, sighting: Sighting, t: float) -> bool:
    """Whether the eye calls the sighting somebody else.

    Its short-term id is a hint only, but a good one: somebody whose id still
    lives is rarely seen under another.
    """
    alive = person.hint is not None and t - person.last_seen <= HINT_LIVES
    return alive and sighting.track != person.hint


def _hit(person: Person, sighting: Sighting, t: float, settings: TrackingSettings) -> Person:
    # Another id than the one that lives is more often something else beside them.
    strange = _hinted_otherwise(person, sighting, t)
    std = sighting.bearing_std * (tracks.DISTRUST if strange else 1.0)
    kept = sighting.track is None or (strange and sighting.track != person.stranger)
    # A voice places somebody within several degrees; the first look decides.
    if person.ever_seen:
        track = tracks.update(
            person.track,
            t,
            sighting.bearing,
            std,
            swerve(person, settings),
            settings.coast,
            trusted=sighting.track is not None and sighting.track == person.hint,
            fastest=_fastest(person),
        )
    else:
        track = tracks.begin(t, sighting.bearing, sighting.bearing_std)
    origin = person.origin if person.ever_seen else sighting.bearing
    fresh = person.hits == 0 or t - person.first_hit <= settings.confirm_within
    hits = person.hits + 1 if fresh or person.confirmed else 1
    engagement, read = person.engagement, person.engagement_read
    if sighting.engagement is None:
        engagement = engagement if t - read <= ENGAGEMENT_LASTS else None
    else:
        read = t
        before = engagement if engagement is not None else sighting.engagement
        engagement = before + ENGAGEMENT_GAIN * (sighting.engagement - before)
    confidence = person.confidence + HIT_GAIN * sighting.score * (1.0 - person.confidence)
    return replace(
        person,
        track=track,
        range=tracks.measure_distance(person.range, t, sighting.distance, sighting.distance_std),
        confidence=confidence,
        hits=hits,
        first_hit=person.first_hit if hits > 1 else t,
        last_seen=max(t, person.last_seen),
        confirmed=person.confirmed
        or (hits >= settings.confirm_sightings and confidence >= CONFIRMING),
        engagement=engagement,
        engagement_read=read,
        hint=person.hint if kept else sighting.track,
        stranger=sighting.track if strange else None,
        missed_for=0.0,
        origin=origin,
        roamed=max(person.roamed, abs(difference(track.bearing, origin))),
    )


def _missed(
    person: Person,
    ahead: BearingTrack,
    event: PeopleSeen,
    elapsed: float,
    settings: TrackingSettings,
) -> Person:
    """A usable frame without the person counts only where it should have shown them."""
    low, high = event.view
    middle = (low + high) / 2.0
    inside = abs(difference(ahead.bearing, middle)) <= (high - low) / 2.0 - settings.view_margin
    if not inside:
        return person
    return replace(
        person,
        confidence=person.confidence * MISS_FACTOR,
        missed_for=person.missed_for + elapsed,
    )


def _reunited(persons: list[Person], t: float) -> tuple[Person, ...]:
    """Newcomers who are somebody known: one human keeps one id.

    Somebody who swerves while out of sight comes back as a newcomer. Where a
    known person vanished before the newcomer came, and could have walked
    there since, the newcomer takes over their id.
    """
    lost = [p for p in persons if p.confirmed and p.ever_seen and t - p.last_seen > REUNITE_AFTER]
    if not lost:
        return tuple(persons)
    kept = {p.id: p for p in persons}
    for newcomer in persons:
        if newcomer.hits < REUNITE_HITS or newcomer.last_seen < t:
            continue
        for known in sorted(lost, key=lambda p: _apart(p, newcomer)):
            absent = newcomer.first_hit - known.last_seen
            reach = REUNITE_NEAR + max(REUNITE_SPEED, _fastest(known)) * absent
            vanished = 0.0 < absent <= REUNITE_WITHIN and known.id in kept
            if known.id != newcomer.id and vanished and _apart(known, newcomer) <= reach:
                del kept[newcomer.id]
                lost.remove(known)  # one human is one of two newcomers
                kept[known.id] = replace(
                    newcomer,
                    id=known.id,
                    track=replace(newcomer.track, restless=known.track.restless),
                    hits=known.hits + newcomer.hits,
                    confirmed=True,
                    confidence=max(newcomer.confidence, known.confidence),
                    last_heard=max(newcomer.last_heard, known.last_heard),
                    engagement=(
                        known.engagement if newcomer.engagement is None else newcomer.engagement
                    ),
                    engagement_read=max(newcomer.engagement_read, known.engagement_read),
                )
                break
    return tuple(kept.values())


def _apart(a: Person, b: Person) -> float:
    return abs(difference(a.track.bearing, b.track.bearing))


def _crowds(sighting: Sighting, persons: list[Person]) -> bool:
    """Whether a leftover sighting is a second box on somebody already there."""
    return any(
        p.ever_seen and abs(difference(sighting.bearing, p.track.bearing)) < 3.0 for p in persons
    )


def _newcomer(id_: int, sighting: Sighting, t: float) -> Person:
    return Person(
        id=id_,
        track=tracks.begin(t, sighting.bearing, sighting.bearing_std),
        range=tracks.measure_distance(None, t, sighting.distance, sighting.distance_std),
        confidence=HIT_GAIN * sighting.score,
        hits=1,
        first_hit=t,
        last_seen=t,
        last_heard=NEVER,
        voices=0,
        confirmed=False,
        engagement=sighting.engagement,
        engagement_read=-math.inf if sighting.engagement is None else t,
        hint=sighting.track,
        origin=sighting.bearing,
    )


# -------------------------------------------------------------------- forgetting


def forget(
    people: People,
    places: Places,
    now: float,
    tracking: TrackingSettings,
    attention: AttentionSettings,
) -> tuple[People, Places]:
    """Drop those nobody believes in any more; where a look refuted a voice is a place to know."""
    kept: list[Person] = []
    places = places.current(now)
    for person in people.persons:
        if not person.ever_seen:
            if person.missed_for >= attention.disprove:
                places = _disprove(places, person.track.bearing, now + attention.disproved_for)
            elif now - person.last_heard <= tracking.forget_unseen:
                kept.append(person)
        elif _still_there(person, now, tracking):
            kept.append(person)
    if len(kept) == len(people.persons):
        return people, places
    return replace(people, persons=tuple(kept)), places


def _disprove(places: Places, bearing: float, until: float) -> Places:
    heard = Place(bearing, Sense.HEARD, Origin.LEARNED, width=HEARD_WIDTH, until=until)
    try:
        return places.with_(heard)
    except Full:
        return places  # the owner has named every corner: the voice is asked about again


def _still_there(person: Person, now: float, tracking: TrackingSettings) -> bool:
    unseen = now - max(person.last_seen, person.last_heard)
    if not person.confirmed:
        return unseen <= tracking.confirm_within
    if person.missed_for > tracking.forget_seen:
        return False
    return unseen <= tracking.forget_unseen
