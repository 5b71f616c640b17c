"""Whose voice it was: voices become somebody's, or somebody new who was only heard.

A voice goes to whoever stands where it came from. It never moves people who
are seen, and it makes a newcomer only where no look has found a television or
an echo before, and where the owner has masked nothing. Pure.
"""

from __future__ import annotations

from dataclasses import replace

from engine.core import tracks
from engine.core.fusion import HEARD_WIDTH, NEVER, People, Person, swerve
from engine.core.loudspeakers import Loudspeakers, talks
from engine.core.places import Places, Sense
from engine.core.settings import AttentionSettings, TrackingSettings
from engine.core.types import SoundKind, VoiceHeard

MIN_VOICE_STD = 4.0  # deg; hearing's own spread is optimistic in reverberation


def hear(
    people: People,
    places: Places,
    event: VoiceHeard,
    tracking: TrackingSettings,
    attention: AttentionSettings,
    machines: Loudspeakers = (),
) -> tuple[People, int | None]:
    """The beliefs after a voice, and the id of whom it is taken for (None: nobody).

    Only the strongest direction that is neither a reflection nor a machine
    counts, and none where hearing itself refuses to choose. Where `machines`
    talk only people who are seen can be meant, or who say the wake word.
    """
    direct = [d for d in event.directions if d.kind is SoundKind.DIRECT]
    if event.ambiguous or not direct:
        return people, None
    voice = direct[0]
    awake = event.wake_word is not None
    if not awake and voice.confidence < attention.min_confidence / 2.0:
        return people, None
    std = max(voice.spread, MIN_VOICE_STD)
    suspect = not awake and talks(machines, voice.bearing)
    owner = _speaker(people, voice.bearing, std, event.t, tracking, seen=suspect)
    if owner is not None:
        persons = tuple(
            _spoke(p, event.t, voice.bearing, std, voice.confidence, awake, tracking, attention)
            if p.id == owner
            else p
            for p in people.persons
        )
        return replace(people, persons=persons), owner
    if suspect:
        return people, None
    # A rough direction may come from a place beside which it was heard.
    margin = max(3.0 * std - HEARD_WIDTH / 2.0, 0.0)
    if not awake and places.refuted(voice.bearing, Sense.HEARD, event.t, margin):
        return people, None
    newcomer = Person(
        id=people.next_id,
        track=tracks.begin(event.t, voice.bearing, std),
        range=None,
        confidence=max(voice.confidence * 0.5, attention.min_confidence if awake else 0.0),
        hits=0,
        first_hit=event.t,
        last_seen=NEVER,
        last_heard=event.t,
        voices=1,
        confirmed=awake,
    )
    return (
        replace(people, persons=(*people.persons, newcomer), next_id=people.next_id + 1),
        newcomer.id,
    )


def _speaker(
    people: People,
    bearing: float,
    std: float,
    t: float,
    settings: TrackingSettings,
    seen: bool,
) -> int | None:
    """Who it was: the nearest within three sigma, somebody seen before somebody heard.

    `seen` asks for somebody who was seen.
    """
    best: tuple[float, int] | None = None
    for person in people.persons:
        if seen and not person.ever_seen:
            continue
        ahead = tracks.predict(person.track, t, swerve(person, settings), settings.coast)
        cost = tracks.deviation(ahead, bearing, std)
        if cost > 3.0:
            continue
        key = cost + (0.0 if person.ever_seen else 1.0)
        if best is None or key < best[0]:
            best = (key, person.id)
    return best[1] if best else None


def _spoke(
    person: Person,
    t: float,
    bearing: float,
    std: float,
    confidence: float,
    awake: bool,
    tracking: TrackingSettings,
    attention: AttentionSettings,
) -> Person:
    """Seen people only gain a voice; the ear must not drag the eye's bearing about."""
    if person.ever_seen:
        return replace(person, last_heard=t, voices=person.voices + 1)
    voices = person.voices + 1
    grown = person.confidence + 0.5 * confidence * (1.0 - person.confidence)
    return replace(
        person,
        # A voice says where somebody is, and too roughly to say how they move.
        track=replace(tracks.update(person.track, t, bearing, std, 5.0, tracking.coast), rate=0.0),
        last_heard=t,
        voices=voices,
        confidence=max(grown, attention.min_confidence if awake else 0.0),
        confirmed=person.confirmed or awake or voices >= attention.voice_evidence,
    )
