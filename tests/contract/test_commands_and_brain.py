"""The table of commands outside and the brain inside: whatever one offers, the other answers.

Both are tables that could drift apart; every command that the motion API
takes goes through the edge here and into the brain, in every mode.
"""

import itertools
from dataclasses import replace

import pytest

from engine.core import brain, requests
from engine.core.alarm import Alarm
from engine.core.modes import ModeState
from engine.core.settings import CoreSettings
from engine.core.state import Move, State
from engine.core.types import (
    AlarmState,
    Command,
    FollowPolicy,
    Mode,
    MoveTo,
    Pace,
    PeopleSeen,
    Reason,
    Reply,
    ShutterChanged,
    ShutterState,
    Sighting,
    WakeWordResponse,
)
from integrations.commands import FOR_THE_DESK, SIMULATED_ONLY, VERBS, CommandError, build

NOW = 50.0
CORE = CoreSettings()
FOR_THE_BRAIN = sorted(set(VERBS) - SIMULATED_ONLY - FOR_THE_DESK)

CANDIDATES: dict[str, tuple[object, ...]] = {
    "policy": tuple(p.value for p in FollowPolicy),
    "mode": (*(m.value for m in Mode), "night"),
    "heading": (-360.0, -40.0, 0.0, 40.0, 360.0),
    "pace": tuple(p.value for p in Pace),
    "name": ("", "call", "recipe"),
    "bearing": (-360.0, 0.0, 40.0),
    "width": (2.0, 180.0),
    "sense": ("seen", "heard", "both"),
    "place": ("sofa",),
    "which": ("all", "learned", "masks", "names", "7", "sofa"),
    "response": tuple(r.value for r in WakeWordResponse),
    "text": ("", "Dinner is ready"),
    "seconds": (1.0, 3600.0),
    "step": ("start", "done", "cancel", "reset"),
    "code": ("", "1234"),
    "delay": (0.0, 3600.0),
    "home": ("on", "off"),
}


def every(name: str) -> list[Command]:
    """What the edge lets through of a command: all its arguments, and only the required ones."""
    arguments = VERBS[name].arguments
    found = []
    for optional in (True, False):
        keys = [k for k, a in arguments.items() if optional or a.required]
        for values in itertools.product(*(CANDIDATES[key] for key in keys)):
            given = dict(zip(keys, values, strict=True))
            try:
                found.append(build(name, given, t=NOW, source="page", id="17"))
            except CommandError:
                continue
    assert found, f"no sample of {name} gets through the edge"
    return found


def after_a_while(*bearings: float) -> State:
    """A device with an open shutter that has seen people at `bearings` for a second."""
    state = brain.start(CORE, NOW - 10.0, 0.0)
    state, _, _ = brain.step(state, ShutterChanged(NOW - 10.0, ShutterState.OPEN))
    for k in range(11):
        t = NOW - 1.0 + k * 0.1
        sightings = tuple(Sighting(b, 1.5, 0.8, distance=2.0) for b in bearings)
        state, _, _ = brain.step(state, PeopleSeen(t, sightings, 0.0, (-33.0, 33.0)))
    return state


ALARMS = {m: Alarm(AlarmState.ARMED_AWAY) if m is Mode.AWAY else Alarm() for m in Mode}
EMPTY, PEOPLED = after_a_while(), after_a_while(5.0)
STATES = {
    **{
        f"{mode.value}, {whose}": replace(base, modes=ModeState(mode=mode), alarm=ALARMS[mode])
        for mode in Mode
        for whose, base in (("nobody", EMPTY), ("somebody", PEOPLED))
    },
    "moving": replace(PEOPLED, move=Move(30.0, NOW, Reason("motion", "")), moving=True),
    "shutter closed": replace(EMPTY, shutter=ShutterState.CLOSED),
    "shutter unknown": replace(EMPTY, shutter=ShutterState.UNKNOWN),
    "axis fault": replace(PEOPLED, problems=(("axis", "gone"),)),
    "away, shutter closed": replace(
        EMPTY,
        shutter=ShutterState.CLOSED,
        modes=ModeState(mode=Mode.AWAY),
        alarm=Alarm(AlarmState.ARMED_AWAY),
    ),
}
CASES = [pytest.param(s, n, id=f"{n}: {w}") for w, s in STATES.items() for n in FOR_THE_BRAIN]


def test_the_brain_answers_what_the_api_offers_and_nothing_else() -> None:
    assert set(requests.HANDLERS) == set(FOR_THE_BRAIN)
    assert set(VERBS) >= SIMULATED_ONLY


def test_the_samples_reach_every_argument() -> None:
    keys = {key for name in FOR_THE_BRAIN for key in VERBS[name].arguments}
    assert keys <= set(CANDIDATES)


@pytest.mark.parametrize(("state", "name"), CASES)
def test_every_command_gets_one_reply_with_a_reason(state: State, name: str) -> None:
    for command in every(name):
        _, actions, _ = brain.step(state, command)
        (reply,) = (a for a in actions if isinstance(a, Reply))
        assert (reply.source, reply.id) == ("page", "17")
        assert "unknown command" not in reply.message
        assert reply.message.strip()
        assert "\n" not in reply.message


@pytest.mark.parametrize(("state", "name"), CASES)
def test_a_refusal_changes_nothing_and_does_nothing(state: State, name: str) -> None:
    for command in every(name):
        answer = requests.answer(state, command)
        if not answer.ok:
            assert answer.state == state
            assert answer.actions == ()
            assert answer.message


@pytest.mark.parametrize("name", ["turn", "centre", "pan", "arm"])
@pytest.mark.parametrize("trouble", ["shutter closed", "shutter unknown", "axis fault"])
def test_what_needs_the_axis_is_refused_with_what_is_in_the_way(name: str, trouble: str) -> None:
    what, _, how = trouble.partition(" ")
    command = build(name, {"heading": 20.0} if name == "turn" else {}, t=NOW, source="page")
    answer = requests.answer(STATES[trouble], command)
    assert not answer.ok
    assert what in answer.message
    assert how in answer.message


@pytest.mark.parametrize("name", ["turn", "centre"])
def test_paused_means_no_motion_even_when_asked(name: str) -> None:
    command = build(name, {"heading": 20.0} if name == "turn" else {}, t=NOW, source="page")
    paused = replace(PEOPLED, modes=ModeState(mode=Mode.PAUSED))
    after, actions, _ = brain.step(paused, command)
    assert not any(isinstance(a, MoveTo) for a in actions)
    assert after.modes.mode is Mode.PAUSED
    assert "resume" in requests.answer(paused, command).message


def test_a_heading_beyond_the_range_is_refused_with_the_range() -> None:
    low, high = CORE.range
    for heading in (low - 1.0, high + 1.0):
        command = build("turn", {"heading": heading}, t=NOW, source="page")
        answer = requests.answer(EMPTY, command)
        assert not answer.ok
        assert f"{low:g}" in answer.message
        assert f"{high:g}" in answer.message


def test_there_is_nobody_to_face_where_nobody_is() -> None:
    command = build("face_me", {}, t=NOW, source="page")
    assert not requests.answer(EMPTY, command).ok
    assert requests.answer(PEOPLED, command).ok


@pytest.mark.parametrize("mode", [m for m in Mode if m not in (Mode.AWAY, Mode.FOLLOW)])
def test_a_mode_that_was_asked_for_is_the_mode(mode: Mode) -> None:
    command = build("mode", {"mode": mode.value}, t=NOW, source="page")
    answer = requests.answer(PEOPLED, command)
    assert answer.ok
    assert answer.state.modes.mode is mode
    back = build("mode", {"mode": "follow"}, t=NOW, source="page")
    assert requests.answer(answer.state, back).state.modes.mode is Mode.FOLLOW


def test_armed_only_disarming_brings_the_mode_back() -> None:
    call = replace(PEOPLED, modes=ModeState(mode=Mode.CALL))
    armed = requests.answer(call, build("arm", {}, t=NOW, source="page"))
    assert armed.state.armed
    for name in FOR_THE_BRAIN:
        for command in every(name):
            if name != "disarm":
                assert requests.answer(armed.state, command).state.armed
    disarmed = requests.answer(armed.state, build("disarm", {}, t=NOW, source="page"))
    assert disarmed.state.modes.mode is Mode.CALL


@pytest.mark.parametrize("name", ["stop", "pause", "release"])
def test_what_stops_the_head_drops_the_move_under_way(name: str) -> None:
    answer = requests.answer(STATES["moving"], build(name, {}, t=NOW, source="page"))
    assert answer.ok
    assert answer.state.move is None
    assert len(answer.actions) == 1
