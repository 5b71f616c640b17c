"""What the commands of the motion API do, as one table from name to effect.

Arguments were validated at the edge; what is refused here is refused because
of the state the device is in, and says so. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.core import alarm, attention, away, modes, survey, watching
from engine.core.angles import wrap
from engine.core.modes import Trigger
from engine.core.places import BOTH, USUAL_WIDTH, Origin, Place, Sense
from engine.core.range_of_motion import RangeOfMotion
from engine.core.state import Move, Notice, State
from engine.core.types import (
    Action,
    AlarmState,
    AlertKind,
    Command,
    FollowPolicy,
    Mode,
    MoveTo,
    Pace,
    Reason,
    Release,
    SetRange,
    ShutterState,
    Stop,
    WakeWordResponse,
)

REST_AFTER_OPENING = 2.0
"""Seconds after the shutter was opened in which no command turns the head: a hand is near it."""
UNWATCHED = "nothing watches: there is neither a camera nor a microphone"
SHOWN_FOR = 30.0
"""Seconds that a text stays on the screen where nobody says otherwise."""
NIGHT = "armed for the night: it watches and does not move"


@dataclass(frozen=True, slots=True)
class Answer:
    """The state after a command, what to do, and what to tell whoever asked."""

    state: State
    ok: bool
    message: str
    actions: tuple[Action, ...] = ()


MODE_TRIGGERS = {
    Mode.FOLLOW: Trigger.SET_FOLLOW,
    Mode.MANUAL: Trigger.SET_MANUAL,
    Mode.CALL: Trigger.SET_CALL,
    Mode.PAUSED: Trigger.PAUSE,
}


def answer(state: State, command: Command) -> Answer:
    """Carry out `command`, or say why not."""
    handler = HANDLERS.get(command.name)
    if handler is None:
        return Answer(state, False, f"unknown command {command.name!r}")
    return handler(state, command)


def obstacle(state: State) -> str | None:
    """Why the axis may not be moved at all now, or None."""
    if state.shutter is not ShutterState.OPEN:
        return f"the privacy shutter is {state.shutter.value}"
    if any(part == "axis" for part, _ in state.problems):
        return "the axis has a fault"
    if state.survey.active:
        return "the range of motion is being set up"
    return None


def hindrance(state: State) -> str | None:
    """Why no motion may be started by a command now, or None."""
    if state.now - state.opened < REST_AFTER_OPENING:
        return obstacle(state) or "the shutter was just opened: ask again in two seconds"
    return obstacle(state)


def turn(state: State, heading: float, pace: Pace, text: str) -> tuple[State, tuple[Action, ...]]:
    """Start a move that somebody asked for; it is held for `follow.hold` seconds."""
    target = RangeOfMotion(*state.settings.range).clamp(heading)
    reason = Reason("asked", text)
    mode_state, _ = modes.advance(state.modes, Trigger.ASKED, _hold_until(state))
    move = Move(target, state.now, reason)
    moved = replace(state.at_rest(), modes=mode_state, move=move, reason=reason)
    return moved, (MoveTo(target, pace, reason.code),)


def _hold_until(state: State) -> float:
    """When what was asked for ends; a manual mode without end stays one."""
    if state.modes.mode is Mode.MANUAL and state.modes.hold_until == math.inf:
        return math.inf
    return state.now + state.settings.follow.hold


def _follow(state: State, command: Command) -> Answer:
    policy = FollowPolicy(str(command.arguments["policy"]))
    changed = replace(state, modes=replace(state.modes, policy=policy))
    busy = state.move is not None or state.pan.active or state.search.active
    if policy is FollowPolicy.OFF and busy and state.modes.mode is Mode.FOLLOW:
        return Answer(changed.at_rest(), True, "follow off", (Stop("follow is off"),))
    return Answer(changed, True, f"follow {policy.value}")


def _mode(state: State, command: Command) -> Answer:
    wanted = Mode(str(command.arguments["mode"]))
    if wanted is state.modes.mode:
        return Answer(state, True, f"mode is {wanted.value} already")
    changed, allowed = modes.advance(state.modes, MODE_TRIGGERS[wanted])
    if not allowed:
        return Answer(state, False, f"{wanted.value} is not possible while {state.modes.mode}")
    actions: tuple[Action, ...] = (Stop(f"mode is {wanted.value}"),) if state.move else ()
    return Answer(replace(state.at_rest(), modes=changed), True, f"mode {wanted.value}", actions)


def _turn(state: State, command: Command) -> Answer:
    blocked = hindrance(state)
    if blocked:
        return Answer(state, False, blocked)
    if state.modes.mode is Mode.PAUSED:
        return Answer(state, False, "motion is paused: resume it first")
    heading = float(command.arguments.get("heading") or 0.0)
    reach = RangeOfMotion(*state.settings.range)
    if not reach.contains(heading):
        said = f"{heading:g}° is outside the range {reach.low:g}° to {reach.high:g}°"
        return Answer(state, False, said)
    pace = Pace(str(command.arguments.get("pace") or Pace.NORMAL.value))
    moved, actions = turn(state, heading, pace, f"asked to face {heading:g}°")
    return Answer(moved, True, f"turning to {heading:g}°", actions)


def _stop(state: State, command: Command) -> Answer:
    changed, allowed = modes.advance(state.modes, Trigger.ASKED, _hold_until(state))
    stopped = replace(
        state.at_rest(), modes=changed if allowed else state.modes, survey=survey.Survey()
    )
    return Answer(stopped, True, "stopped", (Stop(f"asked by {command.source}"),))


def _release(state: State, command: Command) -> Answer:
    changed, allowed = modes.advance(state.modes, Trigger.SET_MANUAL)
    if not allowed:
        return Answer(state, False, f"not possible while {state.modes.mode}")
    released = replace(state.at_rest(), modes=changed)
    return Answer(released, True, "released", (Release(f"asked by {command.source}"),))


def _pause(state: State, _: Command) -> Answer:
    changed, allowed = modes.advance(state.modes, Trigger.PAUSE)
    if not allowed:
        return Answer(state, state.modes.mode is Mode.PAUSED, f"mode is {state.modes.mode}")
    return Answer(replace(state.at_rest(), modes=changed), True, "paused", (Stop("paused"),))


def _resume(state: State, _: Command) -> Answer:
    changed, allowed = modes.advance(state.modes, Trigger.RESUME)
    if not allowed:
        return Answer(state, state.modes.mode is Mode.FOLLOW, f"mode is {state.modes.mode}")
    return Answer(replace(state, modes=changed), True, f"mode {changed.mode.value}")


def _arm(state: State, command: Command) -> Answer:
    wanted = str(command.arguments.get("mode") or "away")
    trigger = alarm.Trigger.ARM_NIGHT if wanted == "night" else alarm.Trigger.ARM_AWAY
    delay = command.arguments.get("delay")
    arming = state.alarm.state is AlarmState.ARMING
    # A delay that is asked for while it is arming counts: 0 ends the wait. The same request
    # without one does not begin it anew, or whatever repeats itself would never arm.
    if state.alarm.on and state.alarm.armed_for is alarm.ARMED_FOR[trigger]:
        if not arming:
            return Answer(state, True, "armed already")
        if delay is None:
            return Answer(state, True, "arming already")
    blocked = obstacle(state)
    if blocked:
        return Answer(state, False, blocked)
    armed, allowed = watching.armed(state, trigger, None if delay is None else float(delay))
    if not allowed:
        return Answer(state, False, f"not possible while {state.alarm.state.value}")
    changed, _allowed = modes.advance(armed.modes, Trigger.ARM)
    message = armed.alarm.state.value.replace("_", " ")
    # Not refused: whoever tries the alarm out needs no camera.
    said = message if state.settings.senses else f"{message}, but {UNWATCHED}"
    return Answer(replace(armed.at_rest(), modes=changed), True, said, (Stop(message),))


def _disarm(state: State, _: Command) -> Answer:
    if not state.alarm.on:
        return Answer(state, True, "not armed")
    changed, _allowed = modes.advance(state.modes, Trigger.DISARM)
    disarmed = replace(watching.disarmed(state).at_rest(), modes=changed)
    return Answer(disarmed, True, "disarmed", (Stop("disarmed"),))


def _presence(state: State, command: Command) -> Answer:
    home = command.arguments["home"] == "on"
    said = "somebody is at home" if home else "nobody is at home"
    return Answer(replace(state, someone_home=home), True, said)


def _test_alert(state: State, _: Command) -> Answer:
    told, alerts = watching.notice(state, AlertKind.TEST, "a test", 1.0)
    return Answer(told, True, "alert sent" if alerts else "sent a moment ago", alerts)


def _pan(state: State, _: Command) -> Answer:
    blocked = hindrance(state)
    if blocked:
        return Answer(state, False, blocked)
    if state.modes.mode not in (Mode.AWAY, Mode.FOLLOW, Mode.MANUAL):
        return Answer(state, False, f"not possible while {state.modes.mode}")
    if state.alarm.night:
        return Answer(state, False, NIGHT)
    low, high = state.settings.range
    overlap = state.settings.away.overlap
    planned = away.plan(low, high, state.heading, state.view_width, overlap)
    return Answer(replace(state, pan=planned), True, f"panning over {len(planned.stops)} stops")


def _face_me(state: State, _: Command) -> Answer:
    blocked = hindrance(state)
    if blocked:
        return Answer(state, False, blocked)
    if state.modes.mode is Mode.PAUSED:
        return Answer(state, False, "motion is paused: resume it first")
    if state.modes.policy is FollowPolicy.OFF:
        return Answer(state, False, "follow is off")
    if state.alarm.night:
        return Answer(state, False, NIGHT)
    primary = state.primary()
    if primary is None:
        return Answer(state, False, "nobody is there to face")
    changed, _allowed = modes.advance(state.modes, Trigger.RESUME)
    called = attention.summon(primary.id, state.now, state.settings.attention)
    faced = replace(state, modes=changed, attention=called, to_centre=primary.id)
    return Answer(faced, True, "facing you")


def _activity(state: State, command: Command) -> Answer:
    name = str(command.arguments.get("name") or "")
    changed = replace(state, modes=replace(state.modes, activity=name or None))
    return Answer(changed, True, f"activity {name}" if name else "no activity")


def _pace(state: State, command: Command) -> Answer:
    pace = Pace(str(command.arguments["pace"]))
    changed = replace(state, preferences=replace(state.preferences, pace=pace))
    return Answer(changed, True, f"pace {pace.value}")


def _wake_word(state: State, command: Command) -> Answer:
    response = WakeWordResponse(str(command.arguments["response"]))
    preferences = replace(state.preferences, wake_word_response=response)
    return Answer(replace(state, preferences=preferences), True, f"wake word {response.value}")


def _show(state: State, command: Command) -> Answer:
    text = str(command.arguments.get("text") or "")
    seconds = float(command.arguments.get("seconds") or SHOWN_FOR)
    shown = replace(state, notice=Notice(text, state.now + seconds))
    return Answer(shown, True, f"shown for {seconds:g} s" if text else "the screen is empty")


def _range_setup(state: State, command: Command) -> Answer:
    if not state.settings.turned_by_hand:
        return Answer(state, False, "there is no head that hands could turn")
    if state.armed:
        return Answer(state, False, "not possible while away")
    step = str(command.arguments.get("step") or "start")
    if step == "reset":
        return _new_range(state, limits_of(state), "range of motion: as configured")
    if step == "start":
        if state.survey.active:
            return Answer(state, False, "it is under way already")
        begun = replace(state.at_rest(), survey=survey.begin(state.heading, state.now))
        return Answer(begun, True, begun.survey.text, (Release("range set-up"),))
    if not state.survey.active:
        return Answer(state, False, "no range set-up is under way")
    if step == "cancel":
        return Answer(replace(state, survey=survey.Survey()), True, "the range is as it was")
    found = survey.outcome(state.survey, limits_of(state))
    return range_of(state, found) if found.range else Answer(state, False, found.text)


def limits_of(state: State) -> tuple[float, float]:
    """What a set-up of the range may not go beyond."""
    return state.settings.limits or state.settings.range


def range_of(state: State, found: survey.Outcome) -> Answer:
    """The end of a set-up: its range in force, or everything as it was; told on the screen."""
    if found.range is not None:
        return _new_range(state, found.range, found.text)
    ended = replace(state, survey=survey.Survey())
    return Answer(_told(ended, found.text), False, found.text)


def _new_range(state: State, wanted: tuple[float, float], text: str) -> Answer:
    settings = replace(state.settings, range=wanted, limits=limits_of(state))
    changed = replace(state.at_rest(), settings=settings, survey=survey.Survey())
    said = f"range of motion: {wanted[0]:.0f}° to {wanted[1]:.0f}°"
    return Answer(_told(changed, text), True, said, (Release("range set-up"), SetRange(*wanted)))


def _told(state: State, text: str) -> State:
    return replace(state, notice=Notice(text, state.now + SHOWN_FOR))


def _name_place(state: State, command: Command) -> Answer:
    """The bearing is where the head points, unless the command says another."""
    return _add_place(state, command, Origin.NAME, None)


def _mask_place(state: State, command: Command) -> Answer:
    sense = str(command.arguments.get("sense") or BOTH)
    return _add_place(state, command, Origin.MASK, None if sense == BOTH else Sense(sense))


def _add_place(state: State, command: Command, origin: Origin, sense: Sense | None) -> Answer:
    given = command.arguments
    bearing = wrap(float(given.get("bearing", state.heading) or 0.0))
    name = str(given.get("name") or "")
    width = float(given.get("width") or USUAL_WIDTH)
    try:
        places = state.places.with_(Place(bearing, sense, origin, name, width))
    except ValueError as error:
        return Answer(state, False, str(error))
    what = f"{origin.value} {name}".strip()
    return Answer(replace(state, places=places), True, f"{what} at {bearing:.0f}°")


def _look_at(state: State, command: Command) -> Answer:
    name = str(command.arguments["place"])
    place = next((p for p in state.places.items if p.name == name), None)
    if place is None:
        return Answer(state, False, f"there is no place {name}")
    heading, missing = RangeOfMotion(*state.settings.range).closest(place.bearing, state.heading)
    if missing > state.view_width / 2.0:
        return Answer(state, False, f"{name} is beyond the range of motion")
    return _turn(state, replace(command, arguments={**command.arguments, "heading": heading}))


def _clear_places(state: State, command: Command) -> Answer:
    try:
        left = state.places.without(str(command.arguments["which"]))
    except LookupError as error:
        return Answer(state, False, str(error.args[0]))
    gone = len(state.places.items) - len(left.items)
    return Answer(replace(state, places=left), True, f"{gone} places cleared")


HANDLERS: dict[str, Callable[[State, Command], Answer]] = {
    "follow": _follow,
    "mode": _mode,
    "turn": _turn,
    "centre": lambda state, command: _turn(
        state, replace(command, arguments={"heading": 0.0, "pace": Pace.NORMAL.value})
    ),
    "stop": _stop,
    "release": _release,
    "pause": _pause,
    "resume": _resume,
    "arm": _arm,
    "disarm": _disarm,
    "presence": _presence,
    "test_alert": _test_alert,
    "pan": _pan,
    "face_me": _face_me,
    "activity": _activity,
    "pace": _pace,
    "wake_word": _wake_word,
    "show": _show,
    "range_setup": _range_setup,
    "name_place": _name_place,
    "mask_place": _mask_place,
    "clear_places": _clear_places,
    "look_at": _look_at,
}
