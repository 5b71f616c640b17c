"""The decision core: one event in, the next state, actions and a deadline out.

`step` first lets the event change what is believed, then decides about
motion, then publishes what changed. It reads no clock and does no I/O: the
same events give the same actions, so that a recorded run replays exactly.
"""

from __future__ import annotations

from dataclasses import replace

from engine.core import alarm, happenings, modes, watching
from engine.core.believing import believe
from engine.core.deciding import decide
from engine.core.modes import ModeState, Trigger
from engine.core.places import Places
from engine.core.settings import CoreSettings
from engine.core.state import Preferences, State, snapshot
from engine.core.types import (
    Action,
    AxisMoved,
    Event,
    FollowPolicy,
    Keep,
    Mode,
    Publish,
)

PUBLISH_EVERY = 0.1  # s, while something is going on
PUBLISH_IDLE = 1.0
TICK_ACTIVE = 0.1
TICK_IDLE = 1.0

Step = tuple[State, tuple[Action, ...], float]


def start(
    settings: CoreSettings,
    t: float,
    heading: float,
    policy: FollowPolicy | None = None,
    preferences: Preferences = Preferences(),  # noqa: B008 - frozen
    places: Places = Places(),  # noqa: B008 - frozen
    kept: Keep | None = None,
    paused: bool = False,
) -> State:
    """The state of a device that knows nothing yet; the shutter counts as unknown.

    `policy` and `preferences` are what the owner chose before the last stop, `places`
    what was known then; without a policy that of the settings holds. `kept` is the alarm
    at the last stop, however that came: an armed device comes back armed, and a `paused`
    one paused.
    """
    mode = Mode.PAUSED if paused else Mode.FOLLOW
    state = State(
        settings=settings,
        now=t,
        heading=heading,
        modes=ModeState(mode, policy=policy or settings.follow.policy),
        preferences=preferences,
        places=places,
    )
    if kept is None:
        return state
    state = replace(
        state,
        alarm=alarm.restored(kept.alarm, kept.armed_for, t, settings.away),
        watch=watching.Watch(visits=kept.visits),
    )
    away, _ = modes.advance(state.modes, Trigger.ARM)
    return replace(state, modes=away) if state.alarm.on else state


def step(state: State, event: Event) -> Step:
    """The next state, the actions to take, and when to be called again at the latest."""
    if event.t > state.now:
        state = replace(state, now=event.t)
    before = state
    state, actions = believe(state, event)
    if not isinstance(event, AxisMoved) or state.moving != before.moving:
        state, decided = decide(state)
        actions = (*actions, *decided)
    actions = (*actions, *happenings.between(before, state, event))
    if watching.kept(state) != watching.kept(before):
        # First: what is not kept has not happened, and nobody may be told of it.
        actions = (watching.kept(state), *actions)
    return _publish(before, state, actions)


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
        or state.alarm.state is not before.alarm.state
        or state.alarm.armed_for is not before.alarm.armed_for
        or state.someone_home != before.someone_home
        or state.preferences is not before.preferences
        or state.notice is not before.notice
        or state.settings is not before.settings
        or state.survey.active != before.survey.active
        or state.places is not before.places
    )
    waiting = state.now < state.calm_until or state.modes.mode is Mode.MANUAL or state.survey.active
    deadline = state.now + (TICK_ACTIVE if active or waiting else TICK_IDLE)
    if changed or elapsed >= (PUBLISH_EVERY if active or waiting else PUBLISH_IDLE):
        state = replace(state, published=state.now)
        actions = (*actions, Publish(snapshot(state)))
    return state, actions, deadline
