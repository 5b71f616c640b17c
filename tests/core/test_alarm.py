"""The alarm's table: what arms, waits, triggers and ends; and what a restart makes of it."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import brain
from engine.core.alarm import ALERTING, TRANSITIONS, Alarm, Trigger, advance, restored, tick
from engine.core.settings import AwaySettings, CoreSettings
from engine.core.state import State
from engine.core.types import (
    Action,
    AlarmState,
    AxisFault,
    Command,
    Keep,
    Mode,
    Publish,
    Reply,
    ShutterChanged,
    ShutterState,
    Tick,
)

AWAY, NIGHT = AlarmState.ARMED_AWAY, AlarmState.ARMED_NIGHT
SETTINGS = AwaySettings(exit_delay=30.0, entry_delay=20.0, trigger_time=180.0)
AT_ONCE = AwaySettings(exit_delay=0.0, entry_delay=0.0)


def after(*steps: tuple[float, Trigger | None], settings: AwaySettings = SETTINGS) -> Alarm:
    alarm = Alarm()
    for t, trigger in steps:
        alarm = tick(alarm, t, settings)
        if trigger is not None:
            alarm, _ = advance(alarm, trigger, t, settings)
    return alarm


def test_the_life_of_an_alarm() -> None:
    steps = [
        (0.0, Trigger.ARM_AWAY, AlarmState.ARMING, 30.0),
        (29.9, None, AlarmState.ARMING, 30.0),
        (30.0, None, AWAY, math.inf),
        (100.0, Trigger.INTRUSION, AlarmState.PENDING, 120.0),
        (119.0, Trigger.INTRUSION, AlarmState.PENDING, 120.0),
        (120.0, None, AlarmState.TRIGGERED, 300.0),
        (250.0, Trigger.INTRUSION, AlarmState.TRIGGERED, 430.0),
        (430.0, None, AWAY, math.inf),
        (500.0, Trigger.DISARM, AlarmState.DISARMED, math.inf),
    ]
    alarm = Alarm()
    for t, trigger, state, until in steps:
        alarm = tick(alarm, t, SETTINGS)
        if trigger is not None:
            alarm, _ = advance(alarm, trigger, t, SETTINGS)
        assert (alarm.state, alarm.until) == (state, until), t


def test_disarming_in_the_entry_delay_keeps_it_from_triggering() -> None:
    alarm = after(
        (0.0, Trigger.ARM_AWAY), (40.0, Trigger.INTRUSION), (50.0, Trigger.DISARM), (1e4, None)
    )
    assert alarm.state is AlarmState.DISARMED


def test_nobody_counts_while_people_leave() -> None:
    alarm, allowed = advance(after((0.0, Trigger.ARM_AWAY)), Trigger.INTRUSION, 5.0, SETTINGS)
    assert not allowed
    assert alarm.state is AlarmState.ARMING


def test_a_night_that_triggered_is_a_night_again() -> None:
    alarm = after((0.0, Trigger.ARM_NIGHT), (40.0, Trigger.INTRUSION), (1000.0, None))
    assert (alarm.state, alarm.night) == (NIGHT, True)


def test_delays_of_nothing_are_passed_at_once() -> None:
    assert after((0.0, Trigger.ARM_AWAY), settings=AT_ONCE).state is AWAY
    alarm = after((0.0, Trigger.ARM_AWAY), (1.0, Trigger.INTRUSION), settings=AT_ONCE)
    assert alarm.state is AlarmState.TRIGGERED


def test_a_delay_that_is_given_replaces_the_usual_one() -> None:
    alarm, _ = advance(Alarm(), Trigger.ARM_AWAY, 0.0, SETTINGS, delay=5.0)
    assert alarm.until == 5.0
    alarm, _ = advance(Alarm(), Trigger.ARM_AWAY, 0.0, SETTINGS, delay=0.0)
    assert alarm.state is AWAY


def test_after_a_long_sleep_each_delay_counts_from_its_own_end() -> None:
    pending = after((0.0, Trigger.ARM_AWAY), (40.0, Trigger.INTRUSION))
    asleep = tick(pending, 100.0, SETTINGS)
    assert (asleep.state, asleep.until) == (AlarmState.TRIGGERED, 60.0 + 180.0)
    assert tick(pending, 1e6, SETTINGS).state is AWAY


@pytest.mark.parametrize(("state", "trigger"), list(itertools.product(AlarmState, Trigger)))
def test_what_the_table_does_not_list_changes_nothing(state: AlarmState, trigger: Trigger) -> None:
    alarm = Alarm(state, AWAY, 77.0)
    moved, allowed = advance(alarm, trigger, 10.0, SETTINGS)
    assert allowed is ((state, trigger) in TRANSITIONS)
    assert allowed or moved == alarm


triggers = st.lists(st.tuples(st.floats(0.0, 400.0), st.sampled_from(Trigger)), max_size=12)


@given(triggers)
def test_disarming_always_disarms_and_only_arming_ends_that(
    steps: list[tuple[float, Trigger]],
) -> None:
    now, alarm = 0.0, Alarm()
    for wait, trigger in steps:
        now += wait
        before = alarm = tick(alarm, now, SETTINGS)
        alarm, _ = advance(alarm, trigger, now, SETTINGS)
        if before.state is AlarmState.DISARMED:
            assert alarm.on is (trigger in (Trigger.ARM_AWAY, Trigger.ARM_NIGHT))
        if trigger is Trigger.DISARM:
            assert not alarm.on
        assert alarm.until > now
    assert not tick(advance(alarm, Trigger.DISARM, now, SETTINGS)[0], now + 1e9, SETTINGS).on


@given(triggers, st.sampled_from(AlarmState))
def test_a_restart_leaves_it_armed_exactly_if_it_was(
    steps: list[tuple[float, Trigger]], state: AlarmState
) -> None:
    back = restored(state, NIGHT, 1000.0, SETTINGS)
    assert back.on is (state is not AlarmState.DISARMED)
    assert back.state is not AlarmState.ARMING, "nobody is leaving any more"
    assert tick(back, 1e6, SETTINGS).state is (NIGHT if back.on else AlarmState.DISARMED)


# ------------------------------------------------------------- asked by command


def device(*, shutter: ShutterState = ShutterState.OPEN, away: AwaySettings = SETTINGS) -> State:
    state = brain.start(replace(CoreSettings(), away=away), 0.0, 0.0)
    return brain.step(state, ShutterChanged(0.0, shutter))[0]


def ask(state: State, name: str, t: float = 10.0, **arguments: object) -> tuple[State, Reply]:
    state, actions, _ = brain.step(state, Command(t, name, arguments))  # type: ignore[arg-type]
    return state, reply(actions)


def reply(actions: tuple[Action, ...]) -> Reply:
    (found,) = (a for a in actions if isinstance(a, Reply))
    return found


@pytest.mark.parametrize("shutter", [ShutterState.CLOSED, ShutterState.UNKNOWN])
def test_arming_is_refused_with_the_shutter_as_reason(shutter: ShutterState) -> None:
    state, said = ask(device(shutter=shutter), "arm")
    assert (said.ok, said.message) == (False, f"the privacy shutter is {shutter.value}")
    assert not state.armed


def test_arming_is_refused_where_the_axis_is_not_trusted() -> None:
    state, _, _ = brain.step(device(), AxisFault(1.0, "no answer"))
    state, said = ask(state, "arm")
    assert (said.ok, said.message) == (False, "the axis has a fault")
    assert not state.armed


def test_arming_is_refused_while_the_range_is_set_up() -> None:
    state, _ = ask(device(), "range_setup", step="start")
    _, said = ask(state, "arm")
    assert (said.ok, "being set up" in said.message) == (False, True)


def test_what_is_armed_already_says_so_and_disarming_twice_is_no_error() -> None:
    state, _ = ask(device(), "arm", mode="night", delay=0.0)
    assert ask(state, "arm", mode="night")[1].message == "armed already"
    state, said = ask(state, "disarm")
    assert said.ok
    assert ask(state, "disarm")[1].ok


def test_arming_says_so_where_nothing_watches() -> None:
    state = device()
    blind = replace(state, settings=replace(state.settings, senses=False))
    assert "nothing watches" not in ask(state, "arm")[1].message
    state, said = ask(blind, "arm", delay=0.0)
    assert said.ok
    assert (
        said.message
        == "armed away, but nothing watches: there is neither a camera nor a microphone"
    )
    assert state.armed


def test_a_delay_of_nothing_ends_the_wait_while_it_is_arming() -> None:
    state, _ = ask(device(), "arm", delay=30.0)
    # The same once more does not begin the wait anew.
    state, said = ask(state, "arm", 20.0)
    assert (said.ok, said.message) == (True, "arming already")
    assert state.alarm.until == 40.0
    state, said = ask(state, "arm", 21.0, delay=0.0)
    assert (said.ok, said.message) == (True, "armed away")
    assert state.alarm.state is AlarmState.ARMED_AWAY


def test_disarming_a_paused_device_leaves_it_paused() -> None:
    state, _ = ask(device(), "pause")
    state, _ = ask(state, "arm", delay=0.0)
    assert state.modes.mode is Mode.AWAY
    state, _ = ask(state, "disarm")
    assert state.modes.mode is Mode.PAUSED
    assert ask(state, "resume")[0].modes.mode is Mode.FOLLOW


def test_a_closed_shutter_keeps_nobody_from_disarming() -> None:
    state, _ = ask(device(), "arm", delay=0.0)
    state, _, _ = brain.step(state, ShutterChanged(20.0, ShutterState.CLOSED))
    state, said = ask(state, "disarm", 21.0)
    assert said.ok
    assert state.modes.mode is Mode.FOLLOW


def test_every_change_is_kept_before_anybody_is_told() -> None:
    state = device()
    for t, event in ((10.0, Command(10.0, "arm", {})), (41.0, Tick(41.0))):
        state, actions, _ = brain.step(state, event)
        kinds = [type(a) for a in actions]
        assert kinds.index(Keep) < kinds.index(Publish), t
    assert state.alarm.state is AWAY


def test_those_who_alert_are_armed_or_triggered() -> None:
    assert {AWAY, NIGHT, AlarmState.TRIGGERED} == ALERTING
