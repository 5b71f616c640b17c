"""The decision core: one event in, the next state, actions and a deadline out.

`step` first lets the event change what is believed, then decides about
motion, then publishes what changed. It reads no clock and does no I/O: the
same events give the same actions, so that a recorded run replays exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from engine.core import attention, away, fusion, modes, requests, search, zones
from engine.core.angles import clamp, near
from engine.core.modes import ModeState, Trigger
from engine.core.settings import CoreSettings
from engine.core.state import Blocked, Move, State, snapshot, subject_of
from engine.core.types import (
    Action,
    Alert,
    AxisFault,
    AxisMoved,
    Command,
    ContactFelt,
    Event,
    Health,
    Indicate,
    MicrophoneMuted,
    Mode,
    MoveTo,
    Pace,
    PeopleSeen,
    PresenceChanged,
    Publish,
    Reason,
    Release,
    Reply,
    ShutterChanged,
    ShutterState,
    SoundHeard,
    SoundView,
    Stop,
    Tick,
    Touched,
    ViewerChanged,
    VoiceHeard,
)

PUBLISH_EVERY = 0.1  # s, while something is going on
PUBLISH_IDLE = 1.0
TICK_ACTIVE = 0.1
TICK_IDLE = 1.0
ARRIVED = 0.5  # deg from the target that count as there
START_GRACE = 0.4  # s that the axis loop may take to report a commanded move
SQUARE = 2.5  # deg: nearer than this, somebody who asked to be faced is
SQUARE_HITS = 4  # sightings that tell well enough where they are
ASKED_FOR = Reason("asked", "turning to whoever asked")
LONG_WAY = 180.0  # deg of travel that only a request justifies
BUMP_PAUSE = 1.0
STALL_PAUSE = 3.0
GIVE_UP_AFTER = 3  # stalls in one direction
GIVE_UP_FOR = 30.0
BLOCK_MEMORY = 60.0

Step = tuple[State, tuple[Action, ...], float]

PACES = {"settled": Pace.GENTLE, "motion": Pace.NORMAL, "pursuit": Pace.BRISK}


def start(settings: CoreSettings, t: float, heading: float) -> State:
    """The state of a device that knows nothing yet; the shutter counts as unknown."""
    return State(
        settings=settings,
        now=t,
        heading=heading,
        modes=ModeState(policy=settings.follow.policy),
    )


def step(state: State, event: Event) -> Step:
    """The next state, the actions to take, and when to be called again at the latest."""
    if event.t > state.now:
        state = replace(state, now=event.t)
    before = state
    state, actions = HANDLERS[type(event)](state, event)
    if not isinstance(event, AxisMoved) or state.moving != before.moving:
        state, decided = _decide(state)
        actions = (*actions, *decided)
    return _publish(before, state, actions)


# --------------------------------------------------------- what events change


def _people_seen(state: State, event: PeopleSeen) -> tuple[State, tuple[Action, ...]]:
    if state.shutter is not ShutterState.OPEN:
        return state, ()  # a frame that was under way when the shutter closed
    people = fusion.see(state.people, event, state.settings.tracking)
    low, high = event.view
    return replace(state, people=people, view_width=high - low), ()


def _voice_heard(state: State, event: VoiceHeard) -> tuple[State, tuple[Action, ...]]:
    if state.muted:
        return state, ()
    settings = state.settings
    people, owner = fusion.hear(state.people, event, settings.tracking, settings.attention)
    sounds = tuple(
        SoundView(event.t, d.bearing, d.confidence, d.kind, event.wake_word)
        for d in event.directions
    )
    state = replace(state, people=people, sounds=(*sounds, *state.sounds)[:8])
    if event.ambiguous:
        return replace(state, ambiguous_until=state.now + 2.0), ()
    if event.wake_word is None or owner is None:
        return state, ()
    called = attention.summon(owner, state.now, settings.attention)
    state = replace(state, attention=called, to_centre=owner)
    return state, (Indicate("listening", event.directions[0].bearing),)


def _sound_heard(state: State, event: SoundHeard) -> tuple[State, tuple[Action, ...]]:
    return state, (Indicate(event.kind, event.bearing),)


def _axis_moved(state: State, event: AxisMoved) -> tuple[State, tuple[Action, ...]]:
    move = state.move
    if move is not None and not event.moving:
        arrived = abs(event.heading - move.heading) <= ARRIVED
        if arrived or state.now - move.since > START_GRACE:
            move = None
    return replace(
        state, heading=event.heading, velocity=event.velocity, moving=event.moving, move=move
    ), ()


def _touched(state: State, event: Touched) -> tuple[State, tuple[Action, ...]]:
    pause = state.now + state.settings.follow.touch_pause
    state = replace(state, touched=event.pressed)
    if state.modes.mode is not Mode.AWAY:
        state = _calm(state, pause, Reason("touched", "staying: somebody is using the screen"))
    if event.pressed and state.move is not None and state.modes.mode is Mode.FOLLOW:
        return replace(state, move=None), (Stop("the screen was touched"),)
    return state, ()


def _contact_felt(state: State, event: ContactFelt) -> tuple[State, tuple[Action, ...]]:
    if event.kind == "push":
        hold = state.now + state.settings.follow.hold
        if state.modes.mode is Mode.MANUAL:
            hold = max(hold, state.modes.hold_until)
        mode_state, _ = modes.advance(state.modes, Trigger.PUSHED, hold)
        state = replace(state, modes=mode_state, move=None, following=None, pan=away.Pan())
        return state, (Release("turned by hand"),)
    direction = 0
    if state.move is not None:
        direction = 1 if state.move.heading > event.heading else -1
    recent = state.blocked if state.now - state.blocked.last <= BLOCK_MEMORY else Blocked()
    times = recent.times + 1 if recent.direction == direction else 1
    pause = STALL_PAUSE if event.kind == "stall" else BUMP_PAUSE
    if times >= GIVE_UP_AFTER:
        pause = GIVE_UP_FOR
    blocked = Blocked(direction, state.now + pause, times, state.now)
    return replace(state, blocked=blocked, move=None, following=None), (Stop(event.kind),)


def _shutter_changed(state: State, event: ShutterChanged) -> tuple[State, tuple[Action, ...]]:
    if event.state is ShutterState.OPEN:
        quiet = state.now + state.settings.follow.after_opening
        state = replace(state, shutter=event.state)
        return _calm(state, quiet, Reason("opened", "staying: the shutter was just opened")), ()
    # Whoever closes the shutter wants to be forgotten, too.
    state = replace(
        state,
        shutter=event.state,
        people=fusion.People(next_id=state.people.next_id),
        attention=attention.Attention(),
        following=None,
        move=None,
        pan=away.Pan(),
        sounds=(),
    )
    return state, (Stop(f"the shutter is {event.state.value}", emergency=True),)


def _microphone_muted(state: State, event: MicrophoneMuted) -> tuple[State, tuple[Action, ...]]:
    return replace(state, muted=event.muted, sounds=()), ()


def _presence_changed(state: State, event: PresenceChanged) -> tuple[State, tuple[Action, ...]]:
    return replace(state, someone_home=event.someone_home), ()


def _viewer_changed(state: State, event: ViewerChanged) -> tuple[State, tuple[Action, ...]]:
    return replace(state, viewers=event.viewers), (Indicate("viewer" if event.viewers else "off"),)


def _axis_fault(state: State, event: AxisFault) -> tuple[State, tuple[Action, ...]]:
    state = _problem(state, "axis", event.reason)
    return replace(state, move=None, pan=away.Pan()), ()


def _health(state: State, event: Health) -> tuple[State, tuple[Action, ...]]:
    return _problem(state, event.part, "" if event.ok else event.detail or "not working"), ()


def _command(state: State, command: Command) -> tuple[State, tuple[Action, ...]]:
    answer = requests.answer(state, command)
    reply = Reply(command.source, command.id, answer.ok, answer.message)
    return answer.state, (*answer.actions, reply)


def _tick(state: State, _: Tick) -> tuple[State, tuple[Action, ...]]:
    return state, ()


def _problem(state: State, part: str, detail: str) -> State:
    kept = tuple(p for p in state.problems if p[0] != part)
    return replace(state, problems=(*kept, (part, detail)) if detail else kept)


def _calm(state: State, until: float, reason: Reason) -> State:
    return replace(state, calm_until=max(until, state.calm_until), calm_reason=reason)


Handler = Callable[[State, Event], tuple[State, tuple[Action, ...]]]
HANDLERS: dict[type, Handler] = {
    kind: cast("Handler", handler)
    for kind, handler in (
        (PeopleSeen, _people_seen),
        (VoiceHeard, _voice_heard),
        (SoundHeard, _sound_heard),
        (AxisMoved, _axis_moved),
        (Touched, _touched),
        (ContactFelt, _contact_felt),
        (ShutterChanged, _shutter_changed),
        (MicrophoneMuted, _microphone_muted),
        (PresenceChanged, _presence_changed),
        (ViewerChanged, _viewer_changed),
        (AxisFault, _axis_fault),
        (Health, _health),
        (Command, _command),
        (Tick, _tick),
    )
}


# ------------------------------------------------------------ what to do now


def _decide(state: State) -> tuple[State, tuple[Action, ...]]:
    settings = state.settings
    people = fusion.forget(state.people, state.now, settings.tracking, settings.attention)
    choice = attention.choose(state.attention, people.persons, state.now, settings.attention)
    state = replace(state, people=people, attention=choice)
    if state.modes.mode is Mode.MANUAL and state.now >= state.modes.hold_until:
        mode_state, _ = modes.advance(state.modes, Trigger.HOLD_OVER)
        state = replace(state, modes=mode_state, following=None)
    idle = _idle_reason(state)
    if idle is not None:
        return replace(state, reason=idle, zone=None), ()
    if state.modes.mode is Mode.AWAY:
        return _guard(state)
    if state.pan.active:
        return _continue_pan(state)
    return _follow(state)


def _idle_reason(state: State) -> Reason | None:
    """Why nothing may be started now, or None."""
    blocked = requests.obstacle(state)
    if blocked:
        code = "shutter" if state.shutter is not ShutterState.OPEN else "fault"
        return Reason(code, f"staying: {blocked}")
    if state.modes.mode is Mode.PAUSED:
        return Reason("paused", "staying: motion is paused")
    if state.touched or state.now < state.calm_until:
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
        begun = search.begin(state.search, person, state.view_width, state.now)
        state = replace(state, search=begun)
    if state.search.active:
        state, looked = _search(state)
        if state.search.active:
            return state, looked
    if person is None:
        if state.now < state.ambiguous_until:
            reason = Reason("ambiguous", "staying: voices from two very different directions")
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
    verdict = zones.judge(
        state.following, subject, base, state.now, settings.zones, settings.motion
    )
    state = replace(state, following=verdict.following, zone=verdict.zone, reason=verdict.reason)
    if verdict.aim is None:
        return state, ()
    target, refusal = _reachable(state, verdict.aim, summoned)
    if target is None:
        return replace(state, reason=refusal), ()
    pace = Pace.BRISK if summoned else PACES.get(verdict.reason.code, Pace.NORMAL)
    return _move(state, target, pace, verdict.reason)


def _squarely(
    state: State, person: fusion.Person, subject: zones.Subject, base: float
) -> tuple[float | None, State]:
    """Where to turn for somebody who asked to be faced: to them, not to within a zone.

    An ear is worth a first turn, an eye the second; then the zones count again.
    """
    target, _ = _reachable(state, subject.bearing, asked=True)
    if target is None:
        return None, replace(state, to_centre=None)
    if abs(target - base) > SQUARE:
        return target, replace(state, reason=ASKED_FOR, zone=None, following=None)
    if person.hits >= SQUARE_HITS or abs(subject.rate) > state.settings.zones.settled_speed:
        state = replace(state, to_centre=None)
    return None, state


def _search(state: State) -> tuple[State, tuple[Action, ...]]:
    aim, _ = _reachable(state, state.search.stops[0], asked=False)
    going_on = search.progress(state.search, state.people.persons, aim, state.heading, state.now)
    reason = Reason("search", "searching: looking where the person went")
    state = replace(state, search=going_on, reason=reason, zone=None, following=None)
    if not going_on.active or aim is None or going_on.resting_since is not None:
        return state, ()
    return _move(state, aim, Pace.BRISK, reason)


def _reachable(state: State, bearing: float, asked: bool) -> tuple[float | None, Reason]:
    """The heading inside the range that faces `bearing` best, without the long way round."""
    low, high = state.settings.range
    beyond = Reason("beyond_range", "staying: the person is beyond the range of motion")
    direct = near(bearing, state.heading)
    inside = clamp(direct, low, high)
    if inside == direct and (asked or abs(direct - state.heading) <= LONG_WAY):
        return inside, beyond
    if asked:
        # Asked for: the other way round is right if it leads closer.
        for turn in (-360.0, 360.0):
            if low <= direct + turn <= high:
                return direct + turn, beyond
    # Part of the way helps only if it brings the person into the picture.
    if abs(direct - inside) <= state.view_width / 2.0:
        return inside, beyond
    return None, beyond


def _move(
    state: State, target: float, pace: Pace, reason: Reason
) -> tuple[State, tuple[Action, ...]]:
    base = state.move.heading if state.move else state.heading
    if abs(target - base) < zones.RETARGET:
        return state, ()
    direction = 1 if target > state.heading else -1
    if direction == state.blocked.direction and state.now < state.blocked.until:
        wait = Reason("blocked", "staying: something is in the way")
        return replace(state, reason=wait), ()
    move = Move(target, state.now, reason)
    return replace(state, move=move, reason=reason), (MoveTo(target, pace, reason.code),)


# ------------------------------------------------------------------------ away


def _guard(state: State) -> tuple[State, tuple[Action, ...]]:
    """Armed: alert to whoever is confirmed by sight, and face them; otherwise pan."""
    person = state.primary()
    seen = (
        person is not None
        and person.ever_seen
        and state.now - person.last_seen <= 1.0
        and person.confidence >= state.settings.attention.min_confidence
    )
    if person is None or not seen:
        if state.pan.active:
            return _continue_pan(state)
        return replace(state, reason=Reason("watching", "watching: nobody is there"), zone=None), ()
    visit, due = away.sighted(state.visit, state.now)
    state, actions = _face(replace(state, visit=visit, pan=away.Pan()), person, summoned=False)
    if not due:
        return state, actions
    alert = Alert(
        t=state.now,
        visit=visit.number,
        bearing=person.track.bearing,
        distance=person.distance,
        confidence=person.confidence,
    )
    return state, (*actions, alert)


def _continue_pan(state: State) -> tuple[State, tuple[Action, ...]]:
    pan = away.progress(state.pan, state.heading, state.moving or state.move is not None, state.now)
    state = replace(state, pan=pan, zone=None)
    if not pan.active:
        return replace(state, reason=Reason("watching", "the pan is complete")), ()
    reason = Reason("pan", f"panning: {len(pan.stops)} stops to go")
    state = replace(state, reason=reason)
    if pan.resting_since is not None or state.move is not None:
        return state, ()
    return _move(state, pan.stops[0], Pace.GENTLE, reason)


# ------------------------------------------------------------------ publishing


def _publish(before: State, state: State, actions: tuple[Action, ...]) -> Step:
    active = bool(state.people.persons) or state.moving or state.pan.active
    elapsed = state.now - state.published
    changed = (
        state.reason.code != before.reason.code
        or state.modes is not before.modes
        or state.shutter is not before.shutter
        or state.attention.primary != before.attention.primary
        or state.moving != before.moving
        or state.problems != before.problems
        or state.muted != before.muted
        or state.viewers != before.viewers
    )
    waiting = state.now < state.calm_until or state.modes.mode is Mode.MANUAL
    deadline = state.now + (TICK_ACTIVE if active or waiting else TICK_IDLE)
    if changed or elapsed >= (PUBLISH_EVERY if active or waiting else PUBLISH_IDLE):
        state = replace(state, published=state.now)
        actions = (*actions, Publish(snapshot(state)))
    return state, actions, deadline
