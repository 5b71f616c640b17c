"""What is worth telling others once: who came, who left, what was heard and felt.

Read off the state before and after an event; it decides nothing and changes
nothing. Closing the shutter forgets everybody, which is nobody's leaving. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from engine.core.angles import wrap
from engine.core.fusion import Person
from engine.core.state import State
from engine.core.types import (
    ContactFelt,
    Event,
    Happened,
    ShutterState,
    SoundHeard,
    SoundKind,
    ViewerChanged,
    VoiceHeard,
)

SPEECH_AGAIN = 10.0  # s of silence after which speech is news again

KINDS: dict[str, tuple[str, ...]] = {
    "person": ("came", "left"),
    "pet": ("cat", "dog"),
    "sound": ("speech", "smoke_alarm", "co_alarm", "crash"),
    "wake_word": ("heard",),
    "contact": ("push", "bump", "stall"),
    "viewer": ("came", "went"),
}
"""Every key of `Happened` and the kinds it has: what others may rely on."""


def between(before: State, after: State, event: Event) -> tuple[Happened, ...]:
    """What happened in the step from `before` to `after` by `event`."""
    told = TOLD_BY.get(type(event))
    own = tuple(told(before, event)) if told else ()
    if after.people is before.people or after.shutter is not ShutterState.OPEN:
        return own
    return (*_people(before, after), *_pets(before, after), *own)


def _people(before: State, after: State) -> Iterable[Happened]:
    were, are = _confirmed(before), _confirmed(after)
    if were.keys() == are.keys():
        return
    for person in (are[key] for key in are.keys() - were.keys()):
        yield Happened(after.now, "person", "came", wrap(person.track.bearing))
    for person in (were[key] for key in were.keys() - are.keys()):
        yield Happened(after.now, "person", "left", wrap(person.track.bearing))


def _confirmed(state: State) -> dict[int, Person]:
    return {person.id: person for person in state.people.persons if person.confirmed}


def _pets(before: State, after: State) -> Iterable[Happened]:
    were = {pet.label for pet in before.people.pets}
    for pet in after.people.pets:
        if pet.label not in were:
            were.add(pet.label)
            yield Happened(after.now, "pet", pet.label.value, pet.bearing)


def _voice(before: State, event: VoiceHeard) -> Iterable[Happened]:
    direct = [d.bearing for d in event.directions if d.kind is SoundKind.DIRECT]
    if before.muted or not direct:
        return
    # A wake word that names no single direction is heard all the same.
    bearing = None if event.ambiguous else direct[0]
    if event.wake_word is not None:
        yield Happened(event.t, "wake_word", "heard", bearing)
    elif not before.sounds or event.t - before.sounds[0].t > SPEECH_AGAIN:
        yield Happened(event.t, "sound", "speech", bearing)


def _sound(before: State, event: SoundHeard) -> Iterable[Happened]:
    if not before.muted and event.kind in KINDS["sound"]:
        yield Happened(event.t, "sound", event.kind, event.bearing)


def _contact(_: State, event: ContactFelt) -> Iterable[Happened]:
    yield Happened(event.t, "contact", event.kind, wrap(event.heading))


def _viewer(before: State, event: ViewerChanged) -> Iterable[Happened]:
    if event.viewers != before.viewers:
        kind = "came" if event.viewers > before.viewers else "went"
        yield Happened(event.t, "viewer", kind)


Teller = Callable[[State, Event], Iterable[Happened]]
TOLD_BY: dict[type, Teller] = {
    kind: cast("Teller", teller)
    for kind, teller in (
        (VoiceHeard, _voice),
        (SoundHeard, _sound),
        (ContactFelt, _contact),
        (ViewerChanged, _viewer),
    )
}
