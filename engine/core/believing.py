"""What each kind of event changes in what the brain believes, as one table.

Sightings and voices become people, the shutter and the hands stop the head,
commands are answered. Whether to move is decided elsewhere (`deciding`). Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from engine.core import (
    attention,
    fusion,
    intruders,
    lifeless,
    loudspeakers,
    modes,
    requests,
    search,
    survey,
    voices,
    watching,
)
from engine.core.modes import Trigger
from engine.core.state import Blocked, State
from engine.core.types import (
    NOBODY_LOOKS,
    OPENED,
    SHUT,
    VIEWER,
    Action,
    AxisFault,
    AxisMoved,
    Command,
    ContactFelt,
    Event,
    Health,
    Indicate,
    Measured,
    MicrophoneMuted,
    Mode,
    PeopleSeen,
    Reason,
    Release,
    Reply,
    ShutterChanged,
    ShutterState,
    SoundHeard,
    SoundKind,
    SoundView,
    Stop,
    Tick,
    Touched,
    ViewerChanged,
    VoiceHeard,
    WakeWordResponse,
)

ARRIVED = 0.5  # deg from the target that count as there
START_GRACE = 0.4  # s that the axis loop may take to report a commanded move
BUMP_PAUSE = 1.0
STALL_PAUSE = 3.0
GIVE_UP_AFTER = 3  # stalls in one direction
GIVE_UP_FOR = 30.0
BLOCK_MEMORY = 60.0


def _people_seen(state: State, event: PeopleSeen) -> tuple[State, tuple[Action, ...]]:
    if state.shutter is not ShutterState.OPEN:
        return state, ()  # a frame that was under way when the shutter closed
    tracking = state.settings.tracking
    believed = lifeless.credible(state.people, state.places, event, tracking)
    people = fusion.see(state.people, believed, tracking)
    watched, people, places = lifeless.watch(state.watched, people, state.places, event)
    low, high = event.view
    looking, glances = state.search, state.glances
    if event.usable:
        frame = search.Glance(event.t, low, high)
        looking, glances = search.see(looking, frame), (*glances[1 - search.KEPT :], frame)
    # In one go: a copy of the state is the dearest part of a step.
    state = replace(
        state,
        people=people,
        watched=watched,
        places=places,
        view_width=high - low,
        dark=not event.usable,
        search=looking,
        glances=glances,
    )
    return (intruders.observe(state, believed) if state.alarm.on else state), ()


def _voice_heard(state: State, event: VoiceHeard) -> tuple[State, tuple[Action, ...]]:
    if state.muted:
        return state, ()
    settings, response = state.settings, state.preferences.wake_word_response
    turning = response is WakeWordResponse.TURN
    # A wake word that is not answered by turning is speech like any other.
    voice_only = event if turning else replace(event, wake_word=None)
    state = replace(state, machines=loudspeakers.hear(state.machines, event))
    people, owner = voices.hear(
        state.people,
        state.places,
        voice_only,
        settings.tracking,
        settings.attention,
        state.machines,
    )
    sounds = tuple(
        SoundView(event.t, d.bearing, d.confidence, d.kind, event.wake_word)
        for d in event.directions
    )
    state = replace(state, people=people, sounds=(*sounds, *state.sounds)[:8])
    state, alerts = watching.voice(state, event)
    if state.shutter is not ShutterState.OPEN:
        return replace(state, people=fusion.People(next_id=state.people.next_id)), alerts
    if owner is not None:
        voice = next(d for d in event.directions if d.kind is SoundKind.DIRECT)
        state = replace(state, watched=lifeless.heard(state.watched, voice.bearing, event.t))
    if event.ambiguous:
        return replace(state, ambiguous_until=state.now + 2.0), alerts
    if event.wake_word is None or owner is None or response is WakeWordResponse.OFF:
        return state, alerts
    if turning and state.modes.mode is not Mode.AWAY:
        # Somebody asks: what the head was about to do can wait.
        state = state.at_rest() if state.pan.active or state.search.active else state
        called = attention.summon(owner, state.now, settings.attention)
        state = replace(state, attention=called, to_centre=owner)
    voice = next(d for d in event.directions if d.kind is SoundKind.DIRECT)
    return state, (*alerts, Indicate("listening", voice.bearing))


def _sound_heard(state: State, event: SoundHeard) -> tuple[State, tuple[Action, ...]]:
    if state.muted:
        return state, ()  # a sound that was under way when the mute was pressed
    state, alerts = watching.heard(state, event.kind, event.bearing, event.confidence)
    return state, (*alerts, Indicate(event.kind, event.bearing))


def _axis_moved(state: State, event: AxisMoved) -> tuple[State, tuple[Action, ...]]:
    move = state.move
    if move is not None and not event.moving:
        arrived = abs(event.heading - move.heading) <= ARRIVED
        if arrived or state.now - move.since > START_GRACE:
            move = None
    seen = state.survey
    if seen.active:
        seen = survey.turned(seen, event.heading, event.t)
    return replace(
        state,
        heading=event.heading,
        velocity=event.velocity,
        moving=event.moving,
        move=move,
        survey=seen,
    ), ()


def _touched(state: State, event: Touched) -> tuple[State, tuple[Action, ...]]:
    pause = state.now + state.settings.follow.touch_pause
    state = replace(state, touched=event.pressed, touched_since=state.now)
    if state.modes.mode is not Mode.AWAY:
        state = _calm(state, pause, Reason("touched", "staying: somebody is using the screen"))
    if event.pressed and state.move is not None and state.modes.mode is not Mode.AWAY:
        return replace(state, move=None), (Stop("the screen was touched"),)
    return state, ()


def _contact_felt(state: State, event: ContactFelt) -> tuple[State, tuple[Action, ...]]:
    if event.kind == "push":
        hold = state.now + state.settings.follow.hold
        if state.modes.mode is Mode.MANUAL:
            hold = max(hold, state.modes.hold_until)
        mode_state, _ = modes.advance(state.modes, Trigger.PUSHED, hold)
        state = replace(state.at_rest(), modes=mode_state)
        if state.modes.mode is Mode.AWAY:
            state = _calm(state, hold, Reason("pushed", "staying: the head was turned by hand"))
        return state, (Release("turned by hand"),)
    if state.move is None:
        # A knock at a resting head says nothing about the way to anywhere.
        return state, (Stop(event.kind),)
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
        opened = state.now if state.shut_before else state.opened
        state = replace(state, shutter=event.state, shut_before=False, opened=opened)
        state = _calm(state, quiet, Reason("opened", "staying: the shutter was just opened"))
        return state, (Indicate(OPENED),)
    # Whoever closes the shutter wants to be forgotten, too.
    state = replace(
        state.at_rest(),
        shutter=event.state,
        shut_before=True,
        people=fusion.People(next_id=state.people.next_id),
        watched=lifeless.Watched(),
        attention=attention.Attention(),
        sounds=(),
    )
    state, alerts = watching.covered(state, f"the shutter is {event.state.value}")
    stop = Stop(f"the shutter is {event.state.value}", emergency=True)
    return state, (stop, Indicate(SHUT), *alerts)


def _microphone_muted(state: State, event: MicrophoneMuted) -> tuple[State, tuple[Action, ...]]:
    return replace(state, muted=event.muted, sounds=()), ()


def _viewer_changed(state: State, event: ViewerChanged) -> tuple[State, tuple[Action, ...]]:
    return replace(state, viewers=event.viewers), (
        Indicate(VIEWER if event.viewers else NOBODY_LOOKS),
    )


def _axis_fault(state: State, event: AxisFault) -> tuple[State, tuple[Action, ...]]:
    state = _problem(state, "axis", event.reason or "lost")
    return replace(state.at_rest(), moving=False, velocity=0.0), ()


def _health(state: State, event: Health) -> tuple[State, tuple[Action, ...]]:
    detail = "" if event.ok else event.detail or "not working"
    state = _problem(state, event.part, detail)
    if event.part != "camera" or event.ok or state.shutter is not ShutterState.OPEN:
        return state, ()
    return watching.covered(state, f"the camera sees nothing: {detail}")


def _measured(state: State, event: Measured) -> tuple[State, tuple[Action, ...]]:
    measures = {name: value for name, value in state.measures.items() if name != event.name}
    notes = {name: why for name, why in state.notes.items() if name != event.name}
    if event.value is not None:
        measures[event.name] = event.value
    if event.why:
        notes[event.name] = event.why
    return replace(state, measures=measures, notes=notes), ()


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
        (ViewerChanged, _viewer_changed),
        (AxisFault, _axis_fault),
        (Health, _health),
        (Measured, _measured),
        (Command, _command),
        (Tick, _tick),
    )
}


def believe(state: State, event: Event) -> tuple[State, tuple[Action, ...]]:
    """What `event` changes, and what it calls for at once."""
    return HANDLERS[type(event)](state, event)
