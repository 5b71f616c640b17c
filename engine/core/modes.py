"""The modes and what moves between them, as one table.

A trigger that the table does not list for a mode changes nothing. `manual`
and `paused` remember the mode they interrupted; `away` ends in the mode it
began from, a pause or a hold included. The shutter is no mode: it stands
above all of them. Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.core.types import FollowPolicy, Mode


class Trigger(StrEnum):
    """What can change the mode."""

    PUSHED = "pushed"
    ASKED = "asked"  # a heading was commanded
    HOLD_OVER = "hold_over"
    PAUSE = "pause"
    RESUME = "resume"
    ARM = "arm"
    DISARM = "disarm"
    SET_FOLLOW = "set_follow"
    SET_MANUAL = "set_manual"
    SET_CALL = "set_call"


RETURN = None  # go back to the mode that was interrupted

TRANSITIONS: dict[tuple[Mode, Trigger], Mode | None] = {
    (Mode.FOLLOW, Trigger.PUSHED): Mode.MANUAL,
    (Mode.FOLLOW, Trigger.ASKED): Mode.MANUAL,
    (Mode.FOLLOW, Trigger.PAUSE): Mode.PAUSED,
    (Mode.FOLLOW, Trigger.ARM): Mode.AWAY,
    (Mode.FOLLOW, Trigger.SET_MANUAL): Mode.MANUAL,
    (Mode.FOLLOW, Trigger.SET_CALL): Mode.CALL,
    (Mode.CALL, Trigger.PUSHED): Mode.MANUAL,
    (Mode.CALL, Trigger.ASKED): Mode.MANUAL,
    (Mode.CALL, Trigger.PAUSE): Mode.PAUSED,
    (Mode.CALL, Trigger.ARM): Mode.AWAY,
    (Mode.CALL, Trigger.SET_FOLLOW): Mode.FOLLOW,
    (Mode.CALL, Trigger.SET_MANUAL): Mode.MANUAL,
    (Mode.MANUAL, Trigger.PUSHED): Mode.MANUAL,
    (Mode.MANUAL, Trigger.ASKED): Mode.MANUAL,
    (Mode.MANUAL, Trigger.HOLD_OVER): RETURN,
    (Mode.MANUAL, Trigger.RESUME): RETURN,
    (Mode.MANUAL, Trigger.PAUSE): Mode.PAUSED,
    (Mode.MANUAL, Trigger.ARM): Mode.AWAY,
    (Mode.MANUAL, Trigger.SET_FOLLOW): Mode.FOLLOW,
    (Mode.MANUAL, Trigger.SET_MANUAL): Mode.MANUAL,
    (Mode.MANUAL, Trigger.SET_CALL): Mode.CALL,
    (Mode.PAUSED, Trigger.RESUME): RETURN,
    (Mode.PAUSED, Trigger.ARM): Mode.AWAY,
    (Mode.PAUSED, Trigger.SET_FOLLOW): Mode.FOLLOW,
    (Mode.PAUSED, Trigger.SET_MANUAL): Mode.MANUAL,
    (Mode.PAUSED, Trigger.SET_CALL): Mode.CALL,
    (Mode.AWAY, Trigger.DISARM): RETURN,
    # An owner who looks in may turn the head; a hand on the device while away
    # is no reason to stop watching.
    (Mode.AWAY, Trigger.ASKED): Mode.AWAY,
    (Mode.AWAY, Trigger.PUSHED): Mode.AWAY,
}


@dataclass(frozen=True, slots=True)
class ModeState:
    """The mode, the one to return to, until when a hold lasts, and the follow policy.

    `armed_from` is what `away` began from; None in any other mode.
    """

    mode: Mode = Mode.FOLLOW
    before: Mode = Mode.FOLLOW
    hold_until: float = -math.inf
    policy: FollowPolicy = FollowPolicy.ALL
    activity: str | None = None
    armed_from: ModeState | None = None


def advance(
    state: ModeState, trigger: Trigger, hold_until: float = math.inf
) -> tuple[ModeState, bool]:
    """The state after `trigger`, and whether the table allowed it.

    `hold_until` is when an interruption by hand or by request ends; `inf`
    lets it last until somebody says otherwise.
    """
    key = (state.mode, trigger)
    if key not in TRANSITIONS:
        return state, False
    target = TRANSITIONS[key]
    if trigger is Trigger.ARM:
        return replace(state, mode=Mode.AWAY, hold_until=hold_until, armed_from=state), True
    if trigger is Trigger.DISARM:
        # Not its policy and activity: those may have been changed since.
        was = state.armed_from or ModeState()
        before, hold_until = was.before, was.hold_until
        return ModeState(was.mode, before, hold_until, state.policy, state.activity), True
    if target is RETURN:
        mode, before = state.before, Mode.FOLLOW
    else:
        mode = target
        # An interruption of an interruption returns to what was first interrupted.
        resting = state.mode in (Mode.FOLLOW, Mode.CALL)
        before = state.mode if resting and mode is not state.mode else state.before
    return replace(state, mode=mode, before=before, hold_until=hold_until), True


def follows(state: ModeState, chosen: tuple[str, ...], summoned: bool) -> bool:
    """Whether the head may turn to people now; `summoned`: by wake word or request."""
    if state.mode is Mode.CALL:
        return True
    if state.mode is not Mode.FOLLOW:
        return False
    return {
        FollowPolicy.ALL: True,
        FollowPolicy.CHOSEN: summoned or (state.activity in chosen),
        FollowPolicy.ON_REQUEST: summoned,
        FollowPolicy.OFF: False,
    }[state.policy]
