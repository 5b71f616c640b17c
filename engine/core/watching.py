"""Armed: what intruders and sounds lead to, the alarm and what the owner is told.

Keeps the alarm going, groups what belongs together into visits, and asks for a
look at what sounds. Who is an intruder is judged by `intruders`, what may go
out to a phone by `alerts.rules`; where the head turns is `deciding`'s affair.
Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.core import alarm as alarms
from engine.core import intruders
from engine.core.alarm import Trigger
from engine.core.angles import difference, wrap
from engine.core.intruders import Evidence
from engine.core.places import Places, Sense
from engine.core.types import (
    Action,
    AlarmState,
    Alert,
    AlertKind,
    Keep,
    SoundKind,
    VoiceHeard,
)

if TYPE_CHECKING:
    from engine.core.state import State

CLEARLY = 0.7  # confidence in a direction that the motor's noise does not reach
LISTEN_FOR = 2.0  # s
LOOK_LONGEST, LOOK_FOR = 12.0, 4.0  # s to get there and stay at the most; and once there
LOOK_AGAIN, LOOK_WIDE = 120.0, 20.0  # s in which nothing within so many deg is looked at again


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


# --------------------------------------------------------------------- alerts


def watch(state: State) -> tuple[State, tuple[Action, ...]]:
    """Armed: the alarm a moment later, and the alerts that are due."""
    before = state.alarm
    alarm = alarms.tick(before, state.now, state.settings.away)
    state, actions = _intrusion(replace(state, alarm=alarm))
    owed = state.watch.owed
    if before.state is not AlarmState.PENDING or alarm.state is AlarmState.PENDING or actions:
        return state, actions
    if owed is not None:
        told = replace(state.watch.told[AlertKind.PERSON], told=state.now)
        watch = {**state.watch.told, AlertKind.PERSON: told}
        return replace(state, watch=replace(state.watch, owed=None, told=watch)), (owed,)
    # A restart took who it was, not that there was somebody.
    return notice(state, AlertKind.PERSON, "somebody was there before a restart", 1.0)


def _intrusion(state: State) -> tuple[State, tuple[Action, ...]]:
    if state.alarm.state is AlarmState.ARMING:
        return state, ()
    seen = [p for p in state.people.persons if intruders.is_intruder(state, p)]
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
    return intruders.remember_told(state, seen), alerts


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
    looked = intruders.recent(state.watch.looked, state.now, LOOK_AGAIN)
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
    state = intruders.hear(state, event)
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
