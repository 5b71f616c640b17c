"""Whether and where to turn, given what is believed; and the reason for people.

The order is the product's: what forbids motion first, then away mode, then a
pan that was asked for, then following. Pure.
"""

from __future__ import annotations

from dataclasses import replace

from engine.core import (
    attention,
    away,
    fusion,
    intruders,
    modes,
    reaching,
    requests,
    search,
    survey,
    watching,
    zones,
)
from engine.core.angles import near
from engine.core.contact import LONGEST_TOUCH
from engine.core.modes import Trigger
from engine.core.range_of_motion import RangeOfMotion
from engine.core.state import Move, State, subject_of
from engine.core.types import (
    Action,
    Mode,
    MoveTo,
    Pace,
    Reason,
    ShutterState,
    Stop,
)

SQUARE = 2.5  # deg: nearer than this, somebody who asked to be faced is
SQUARE_HITS = 4  # sightings that tell well enough where they are
ASKED_FOR = Reason("asked", "turning to whoever asked")
SEEN_NOW = 1.0  # s since the last sighting
IN_THE_WAY = Reason("blocked", "staying: something is in the way")
DARK = Reason("dark", "staying: the camera shows nothing")
SEARCHING = Reason("search", "searching: looking where the person went")
GLANCE = 0.3  # of the view, to either side of its middle, in which a look needs no turn
PACES = {"settled": Pace.GENTLE, "motion": Pace.NORMAL, "pursuit": Pace.BRISK}


def decide(state: State) -> tuple[State, tuple[Action, ...]]:
    """Whom to face, whether to move now, and why (or why not)."""
    settings = state.settings
    people, places = fusion.forget(
        state.people, state.places, state.now, settings.tracking, settings.attention
    )
    faceable = reaching.candidates(state, people.persons)
    choice = attention.choose(state.attention, faceable, state.now, settings.attention)
    state = replace(state, people=people, places=places, attention=choice)
    if state.to_centre is not None and state.to_centre != choice.summoned:
        state = replace(state, to_centre=None)
    if state.modes.mode is Mode.MANUAL and state.now >= state.modes.hold_until:
        mode_state, _ = modes.advance(state.modes, Trigger.HOLD_OVER)
        state = replace(state, modes=mode_state, following=None)
    state, first = _survey(state)
    # Watching over the home needs no motion: nothing that forbids motion silences it.
    state, alerts = watching.watch(state) if state.alarm.on else (state, ())
    alerts = (*first, *alerts)
    idle = _idle_reason(state)
    if idle is not None:
        return replace(state, reason=idle, zone=None), alerts
    if state.modes.mode is Mode.AWAY:
        state, actions = _guard(state)
    elif state.pan.active:
        state, actions = _continue_pan(state)
    else:
        state, actions = _follow(state)
    return state, (*alerts, *actions)


def _survey(state: State) -> tuple[State, tuple[Action, ...]]:
    """A set-up of the range ends once both ends were shown, or once nobody turns the head."""
    if not state.survey.active:
        return state, ()
    found = survey.over(state.survey, requests.limits_of(state), state.now)
    if found is None:
        return state, ()
    ended = requests.range_of(state, found)
    return ended.state, ended.actions


def _idle_reason(state: State) -> Reason | None:
    """Why nothing may be started now, or None."""
    blocked = requests.obstacle(state)
    if state.survey.active:
        return Reason("range_setup", state.survey.text)
    if blocked:
        code = "shutter" if state.shutter is not ShutterState.OPEN else "fault"
        return Reason(code, f"staying: {blocked}")
    if state.modes.mode is Mode.PAUSED:
        return Reason("paused", "staying: motion is paused")
    pressed = state.touched and state.now - state.touched_since < LONGEST_TOUCH
    if (pressed and state.modes.mode is not Mode.AWAY) or state.now < state.calm_until:
        return state.calm_reason
    if state.modes.mode is Mode.MANUAL and not state.pan.active:
        left = state.modes.hold_until - state.now
        until = f" for {left:.0f} s more" if left < 1e6 else ""
        return Reason("manual", f"holding where it was turned to{until}")
    return None


def _follow(state: State) -> tuple[State, tuple[Action, ...]]:
    summoned = state.attention.summoned is not None
    if not modes.follows(state.modes, state.settings.follow.activities, summoned):
        reason = Reason("not_following", f"staying: follow is {state.modes.policy.value}")
        return replace(state, reason=reason, zone=None), ()
    person = state.primary()
    if person is not None and person.ever_seen:
        width, frames = state.view_width, state.glances
        begun = search.begin(state.search, person, state.heading, width, state.now, frames)
        state = replace(state, search=begun)
    if state.search.active:
        state, looked = _search(state)
        if state.search.active or looked:
            return state, looked
    if person is None:
        if state.now < state.ambiguous_until:
            reason = Reason("ambiguous", "staying: voices from two very different directions")
        elif any(p.confirmed for p in state.people.persons):
            reason = reaching.BEYOND
        else:
            reason = Reason("nobody", "staying: nobody is there")
        return replace(state, reason=reason, zone=None, following=None), ()
    return _face(state, person, summoned)


def _face(state: State, person: fusion.Person, summoned: bool) -> tuple[State, tuple[Action, ...]]:
    settings = state.settings
    base = state.move.heading if state.move else state.heading
    subject = subject_of(person, state.now, settings)
    if person.id == state.to_centre:
        squarely, state = _squarely(state, person, subject, base)
        if squarely is not None:
            return _move(state, squarely, Pace.BRISK, ASKED_FOR)
    if state.dark and person.ever_seen:
        # What was foretold of somebody nobody can see is no reason to move, and no time passed.
        return replace(state, reason=DARK, zone=None, following=None), ()
    verdict = zones.judge(
        state.following,
        subject,
        base,
        state.now,
        settings.zones,
        settings.motion,
        base - state.heading if state.move else 0.0,
    )
    state = replace(state, following=verdict.following, zone=verdict.zone, reason=verdict.reason)
    if verdict.aim is None:
        return state, ()
    if summoned:
        target = reaching.asked_for(state, verdict.aim)
    else:
        worth = reaching.is_worth_the_way(state, person, verdict.following)
        target = reaching.heading_for(state, verdict.aim, long_way=worth)
    if target is None or (state.move is None and abs(target - base) < zones.RETARGET):
        return replace(state, reason=reaching.why_not(state, verdict.aim)), ()
    pace = Pace.BRISK if summoned else PACES.get(verdict.reason.code, Pace.NORMAL)
    return _move(state, target, _to_taste(pace, state.preferences.pace), verdict.reason)


def _to_taste(pace: Pace, preferred: Pace) -> Pace:
    """A notch slower or faster than the situation asks for, as the owner prefers."""
    order = (Pace.GENTLE, Pace.NORMAL, Pace.BRISK)
    notch = order.index(pace) + order.index(preferred) - order.index(Pace.NORMAL)
    return order[max(0, min(notch, len(order) - 1))]


def _squarely(
    state: State, person: fusion.Person, subject: zones.Subject, base: float
) -> tuple[float | None, State]:
    """Where to turn for somebody who asked to be faced: to them, not to within a zone.

    An ear is worth a first turn, an eye the second; then the zones count again.
    """
    target = reaching.asked_for(state, subject.bearing)
    if target is None:
        return None, replace(state, to_centre=None)
    if abs(target - base) > (
        SQUARE if person.ever_seen else zones.half_widths(state.settings.zones, subject.distance)[0]
    ):
        return target, replace(state, reason=ASKED_FOR, zone=None, following=None)
    if person.hits >= SQUARE_HITS or abs(subject.rate) > state.settings.zones.settled_speed:
        state = replace(state, to_centre=None)
    return None, state


def _search(state: State) -> tuple[State, tuple[Action, ...]]:
    if search.found(state.search, state.people.persons):
        return replace(state, search=state.search.over()), ()
    state = replace(state, reason=SEARCHING, zone=None, following=None)
    if state.search.looked >= state.search.t:
        return state, ()
    headings = search.headings(*state.settings.range)
    motion = state.settings.motion
    chosen = search.look(state.search, headings, state.heading, state.velocity, motion)
    home = reaching.heading_for(state, state.search.home, long_way=False)
    state = replace(state, search=chosen)
    if not chosen.active and home is not None:
        # Whoever comes back is best seen from where they were.
        return _move(state, home, Pace.NORMAL, SEARCHING)
    if chosen.aim is None:
        return state, ()
    return _move(state, chosen.aim, Pace.BRISK, SEARCHING)


def _is_blocked(state: State, target: float) -> bool:
    """Whether something was in the way of this direction a moment ago."""
    direction = 1 if target > state.heading else -1
    return direction == state.blocked.direction and state.now < state.blocked.until


def _move(
    state: State, target: float, pace: Pace, reason: Reason
) -> tuple[State, tuple[Action, ...]]:
    base = state.move.heading if state.move else state.heading
    target = RangeOfMotion(*state.settings.range).clamp(target)
    if abs(target - base) < zones.RETARGET:
        return state, ()
    if _is_blocked(state, target):
        return replace(state, reason=IN_THE_WAY), ()
    move = Move(target, state.now, reason)
    return replace(state, move=move, reason=reason), (MoveTo(target, pace, reason.code),)


def _guard(state: State) -> tuple[State, tuple[Action, ...]]:
    """Armed: face whoever is in sight, look where somebody may be; otherwise go on with a pan."""
    if state.alarm.night:
        return replace(state, reason=Reason("watching", "watching over the night"), zone=None), ()
    person = state.primary()
    if (
        person is not None
        and state.now - person.last_seen <= SEEN_NOW
        and not intruders.is_scenery(state, person)
    ):
        return _face(replace(state, pan=away.Pan()), person, summoned=False)
    glimpse = intruders.glimpsed(state)
    if glimpse is not None:
        return _look_at(state, glimpse.track.bearing, Reason("glimpse", "looking again: somebody?"))
    if state.watch.look is not None:
        return _look_at_sound(state, state.watch.look)
    if state.pan.active:
        return _continue_pan(state)
    return replace(state, reason=Reason("watching", "watching: nobody is there"), zone=None), ()


def _look_at(state: State, bearing: float, reason: Reason) -> tuple[State, tuple[Action, ...]]:
    """Turn to where the bearing is well in the picture, and rest there."""
    state = replace(state, reason=reason, zone=None)
    target = reaching.heading_for(state, bearing, long_way=True)
    base = state.move.heading if state.move else state.heading
    if target is None or abs(target - base) <= GLANCE * state.view_width:
        if state.move is not None and abs(state.move.heading - state.heading) > SQUARE:
            # On the way elsewhere, and it is in the picture already: stay for a sharp look.
            near_enough = abs(near(bearing, state.heading) - state.heading)
            if near_enough <= GLANCE * state.view_width:
                return replace(state, move=None), (Stop(reason.code),)
        return state, ()
    return _move(state, target, Pace.NORMAL, reason)


def _look_at_sound(state: State, look: watching.Look) -> tuple[State, tuple[Action, ...]]:
    """Turn to a sound, or stand still to hear it again; then the pan goes on."""
    reason = Reason("listening", "listening: something sounded")
    if state.now >= look.until:
        state = replace(state, watch=replace(state.watch, look=None), reason=reason)
        if state.pan.active:
            return state, ()
        return _move(state, look.back, Pace.GENTLE, reason)
    if look.bearing is None:
        if state.move is not None:
            return replace(state, move=None, reason=reason), (Stop(reason.code),)
        return replace(state, reason=reason, zone=None), ()
    state, actions = _look_at(state, look.bearing, reason)
    if not look.arrived and state.move is None and not state.moving:
        until = min(look.until, state.now + watching.LOOK_FOR)
        there = replace(look, arrived=True, until=until)
        state = replace(state, watch=replace(state.watch, look=there))
    return state, actions


def _continue_pan(state: State) -> tuple[State, tuple[Action, ...]]:
    moving, dwell = state.moving or state.move is not None, state.settings.away.dwell
    pan = away.progress(state.pan, state.heading, moving, state.now, dwell)
    state = replace(state, pan=pan, zone=None)
    if not pan.active:
        return replace(state, reason=Reason("watching", "the pan is complete")), ()
    reason = Reason("pan", f"panning: {len(pan.stops)} stops to go")
    state = replace(state, reason=reason)
    if pan.resting_since is not None or state.move is not None:
        return state, ()
    if _is_blocked(state, pan.stops[0]):
        return replace(state, pan=away.Pan(pan.stops[1:]), reason=IN_THE_WAY), ()
    return _move(state, pan.stops[0], Pace.GENTLE, reason)
