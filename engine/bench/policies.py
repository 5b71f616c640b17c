"""What decides in the benchmark: our brain, and simple policies to compare it with.

A policy has the brain's interface, `start` and `step`, and gets the same
events. The peers obey the shutter, the hand and the commands that stop them as
any product must; what they lack is judgement, and that is what is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from engine.core import brain
from engine.core.angles import clamp, difference, near
from engine.core.settings import CoreSettings
from engine.core.types import (
    Action,
    AxisMoved,
    Command,
    ContactFelt,
    Event,
    Label,
    MoveTo,
    Pace,
    PeopleSeen,
    Release,
    ShutterChanged,
    ShutterState,
    Sighting,
    SoundKind,
    Stop,
    VoiceHeard,
)

Step = tuple[Any, tuple[Action, ...], float]

IDLE = 1.0  # s to the next tick of a peer, which does nothing in it
NOBODY_AFTER = 2.0  # s unseen after which a peer listens to voices
HAND_PAUSE = 10.0  # s a peer leaves the head where a hand turned it
OURS = "heliotrope"


@dataclass(frozen=True, slots=True)
class Policy:
    """A name, and the two functions of the brain."""

    name: str
    start: Callable[[CoreSettings, float, float], Any]
    step: Callable[[Any, Event], Step]


@dataclass(frozen=True, slots=True)
class _Peer:
    """What a peer remembers: `band` is 0 for centring on all there is to see."""

    settings: CoreSettings
    band: float
    now: float
    heading: float
    open: bool = False
    seen: float = -1e9
    bearing: float | None = None
    wait_until: float = -1e9
    target: float | None = None


def centring_step(state: _Peer, event: Event) -> Step:
    """Turn to the nearest person of every frame, to a wake word, or to a voice if nobody shows."""
    state = replace(state, now=max(state.now, event.t))
    actions: tuple[Action, ...] = ()
    match event:
        case AxisMoved():
            state = replace(state, heading=event.heading)
        case ShutterChanged():
            state = replace(state, open=event.state is ShutterState.OPEN, target=None)
            actions = () if state.open else (Stop("shutter", emergency=True),)
        case ContactFelt(kind="push"):
            state = replace(state, wait_until=state.now + HAND_PAUSE, target=None)
            actions = (Release("turned by hand"),)
        case ContactFelt():
            state = replace(state, wait_until=state.now + 1.0, target=None)
            actions = (Stop(event.kind),)
        case Command(name="turn"):
            heading = float(event.arguments.get("heading") or 0.0)
            state = replace(state, wait_until=state.now + HAND_PAUSE, target=heading)
            low, high = state.settings.range
            actions = (MoveTo(clamp(heading, low, high), Pace.NORMAL, "asked"),)
        case PeopleSeen():
            state, actions = _seen(state, event)
        case VoiceHeard():
            state, actions = _heard(state, event)
        case _:
            pass
    return state, actions, state.now + IDLE


def _seen(state: _Peer, event: PeopleSeen) -> tuple[_Peer, tuple[Action, ...]]:
    people = [s for s in event.sightings if s.label is Label.PERSON]
    if not people:
        return state, ()
    chosen = _same(people, state.bearing) if state.band else min(people, key=_apparent_distance)
    state = replace(state, seen=state.now, bearing=chosen.bearing)
    if abs(difference(chosen.bearing, state.heading)) <= state.band:
        return state, ()
    return _turn(state, chosen.bearing, "seen")


def _heard(state: _Peer, event: VoiceHeard) -> tuple[_Peer, tuple[Action, ...]]:
    voices = [d for d in event.directions if d.kind is SoundKind.DIRECT]
    called = event.wake_word is not None
    if not voices or not (called or state.now - state.seen > NOBODY_AFTER):
        return state, ()
    return _turn(state, voices[0].bearing, "heard")


def _turn(state: _Peer, bearing: float, reason: str) -> tuple[_Peer, tuple[Action, ...]]:
    if not state.open or state.now < state.wait_until:
        return state, ()
    low, high = state.settings.range
    direct = near(bearing, state.heading)
    other = direct - 360.0 if direct > high else direct + 360.0 if direct < low else direct
    target = other if low <= other <= high else clamp(direct, low, high)
    if state.target is not None and abs(target - state.target) < 0.5:
        return state, ()
    return replace(state, target=target), (MoveTo(target, Pace.BRISK, reason),)


def _apparent_distance(s: Sighting) -> float:
    """The largest in the picture is the nearest; an unknown distance counts as 3 m."""
    return s.distance if s.distance is not None else 3.0


def _same(people: list[Sighting], bearing: float | None) -> Sighting:
    """The one followed so far: whoever is nearest to where they were last seen."""
    if bearing is None:
        return min(people, key=_apparent_distance)
    return min(people, key=lambda s: abs(difference(s.bearing, bearing)))


def _start(band: float) -> Callable[[CoreSettings, float, float], _Peer]:
    return lambda settings, t, heading: _Peer(settings, band, t, heading)


POLICIES: dict[str, Policy] = {
    OURS: Policy(OURS, brain.start, brain.step),
    "naive": Policy("naive", _start(0.0), centring_step),
    # What pan-tilt trackers do: a fixed band around the middle of the picture, then centre.
    "dead_band": Policy("dead_band", _start(12.0), centring_step),
}
